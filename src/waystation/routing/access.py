"""What a caller's account allows beyond its request: the sum of account, workspace and guardrail rules, as data."""

from typing import Final

from msgspec import Struct


class OwnKey(Struct, frozen=True):
    """A caller's own credential for a provider (contract 26), by its `id`. No account has any yet: nothing keeps them,
    and what is planned with one is not called with it.

    Those of the lowest `sort_order` are tried first, before the operator's own credentials; a fallback after them. `always`:
    the operator's credentials for the provider are never used. `models` are ids, None for all.
    """

    id: str
    provider: str
    sort_order: int = 0
    is_fallback: bool = False
    always: bool = False
    models: frozenset[str] | None = None


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
    own_keys: tuple[OwnKey, ...] = ()


EVERYTHING: Final = Access()
"""No limits: the rule until an account has some."""
