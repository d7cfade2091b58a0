"""What became of each thing in a LiteLLM configuration: the report of an import. It holds names and reasons, never values
that may be secret."""

from typing import Literal, TypeAlias

from msgspec import Struct

Fate: TypeAlias = Literal["mapped", "partly", "not mapped"]


class Outcome(Struct, frozen=True):
    """One thing, by where it stands; what it became (empty: nothing), and why it is not more."""

    fate: Fate
    where: str
    became: str = ""
    why: str = ""


class Report:
    """Outcomes in the order in which they were found."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def mapped(self, where: str, became: str) -> None:
        """All of it is here too."""
        self.outcomes.append(Outcome("mapped", where, became))

    def partly(self, where: str, became: str, why: str) -> None:
        """It is here, but not as it was."""
        self.outcomes.append(Outcome("partly", where, became, why))

    def dropped(self, where: str, why: str) -> None:
        """It is not here."""
        self.outcomes.append(Outcome("not mapped", where, "", why))

    def count(self, fate: Fate) -> int:
        """How many things met this fate."""
        return sum(outcome.fate == fate for outcome in self.outcomes)
