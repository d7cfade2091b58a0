"""What a caller's account allows beyond its request: the sum of account, workspace and guardrail rules, as data."""

from typing import Final

from msgspec import Struct


class Access(Struct, frozen=True):
    """Limits that a request cannot relax. `only` and `models` of None allow all.

    `only` and `ignore` name providers or tags as `provider.only` does; `models` are ids. `regions` are the ISO country codes
    that a provider's every data centre must lie in. The policy flags are contract section 10's toggles.
    """

    only: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    models: frozenset[str] | None = None
    regions: frozenset[str] = frozenset()
    zdr: bool = False
    paid_training: bool = True
    free_training: bool = True


EVERYTHING: Final = Access()
"""No limits: the rule until an account has some."""
