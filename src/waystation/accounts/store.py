"""What accounts need of a database. `storage` implements it; nothing here knows how."""

from typing import Protocol

from msgspec import UNSET, Struct, UnsetType

from waystation.accounts.keys import Account, KeyChanges, KeyRing, LimitReset


class KeyEdit(Struct, frozen=True, omit_defaults=True):
    """What to change of an account; unset is left as it is. The fields are those of `Account`."""

    name: str | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    limit: int | UnsetType | None = UNSET
    limit_reset: LimitReset | UnsetType | None = UNSET
    include_byok_in_limit: bool | UnsetType = UNSET
    updated_at: int | UnsetType | None = UNSET


class KeyStore(Protocol):
    """Where accounts are kept. Every method raises `Unavailable` where the store cannot be reached."""

    async def all(self) -> list[Account]:
        """Every account, disabled and expired ones too, oldest first."""
        ...

    async def page(
        self,
        workspace_id: str | None,
        *,
        include_disabled: bool = False,
        expired_by: int | None = None,
        offset: int = 0,
        count: int,
    ) -> list[Account]:
        """Inference keys of a workspace (None: the default one), newest first, `count` of them after `offset`.

        Those that expired by `expired_by` (Unix milliseconds) are left out.
        """
        ...

    async def get(self, key_hash: str) -> Account | None:
        """The account of this hash."""
        ...

    async def add(self, account: Account) -> None:
        """Keep the account, in place of an earlier one of the same hash."""
        ...

    async def given(self, parent_hash: str, at: int) -> int:
        """How many keys this one has let apps have that have not expired `at` (Unix milliseconds), disabled ones too."""
        ...

    async def give(self, account: Account, most: int) -> bool:
        """Keep a new key that its parent lets an app have, unless there are `most` of that parent; whether it was kept."""
        ...

    async def update(self, key_hash: str, edit: KeyEdit) -> Account | None:
        """Change one account and nothing else of it than the edit says; as it is now, None where there is none."""
        ...

    async def revoke(self, key_hash: str) -> bool:
        """Forget the key for good; False where there was none."""
        ...

    async def changes(self, since: int | None) -> KeyChanges:
        """What happened after the revision `since`; all accounts for None, or where that is too long ago."""
        ...


async def refresh(keys: KeyRing, store: KeyStore) -> None:
    """Let the ring learn what changed in the store; raises `Unavailable`, and leaves the ring alone, where it cannot be read."""
    keys.apply(await store.changes(keys.revision))
