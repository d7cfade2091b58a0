"""Reasoning of earlier turns -> items. Details with one id are one item; encrypted content travels byte for byte."""

from collections.abc import Sequence

from msgspec import Struct, field

from waystation.operations.parts import JsonObject, Part, Reasoning


class ThoughtGroup(Struct):
    """Details that follow each other and belong to one item."""

    thoughts: list[Reasoning] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether it is text alone, which no provider of this wire takes back."""
        return all(thought.plain for thought in self.thoughts)

    def takes(self, thought: Reasoning) -> bool:
        """Whether this detail belongs here: of the same item, which nothing has sealed yet."""
        first, last = self.thoughts[0], self.thoughts[-1]
        return (
            thought.id == first.id
            and thought.origin == first.origin
            and thought.plain == first.plain
            and last.kind != "encrypted"
        )

    def render(self, origin: str, *, same_dialect: bool) -> JsonObject | None:
        """The item; None for what another maker thought, or what cannot be shown again because nothing sealed it."""
        first, last = self.thoughts[0], self.thoughts[-1]
        is_sealed = last.kind == "encrypted" and last.data is not None
        if first.origin != origin or not (is_sealed or same_dialect):
            return None
        item: JsonObject = {"type": "reasoning"}
        if first.id is not None:
            item["id"] = first.id
        item["summary"] = [
            {"type": "summary_text", "text": thought.text or ""}
            for thought in self.thoughts
            if thought.kind == "summary"
        ]
        texts = [
            {"type": "reasoning_text", "text": thought.text or ""}
            for thought in self.thoughts
            if thought.kind == "text"
        ]
        if texts:
            item["content"] = texts
        if is_sealed:
            item["encrypted_content"] = last.data
        return item | first.extras if same_dialect and first.extras else item


def group_thoughts(parts: Sequence[Part]) -> list[Part | ThoughtGroup]:
    """The parts, with reasoning in groups. Text beside details that say the same is left out."""
    grouped: list[Part | ThoughtGroup] = []
    for part in parts:
        last = grouped[-1] if grouped else None
        if not isinstance(part, Reasoning):
            grouped.append(part)
        elif isinstance(last, ThoughtGroup) and last.takes(part):
            last.thoughts.append(part)
        else:
            grouped.append(ThoughtGroup([part]))
    return grouped
