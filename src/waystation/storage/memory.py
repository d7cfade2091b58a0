"""Stores that forget with the process: for tests, under the same contract as the database's."""

from collections.abc import Sequence

import msgspec

from waystation.accounts.keys import Account, KeyChanges
from waystation.accounts.store import KeyEdit
from waystation.generations.record import GenerationRecord
from waystation.routing.health import SavedHealth

_decode = msgspec.json.Decoder(GenerationRecord).decode


class MemoryKeyStore:
    """Accounts in a dict, and the hash of every change in a list."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._changes: list[str] = []

    async def all(self) -> list[Account]:
        """Every account, oldest first."""
        return sorted(self._accounts.values(), key=lambda account: (account.created_at, account.key_hash))

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
        shown = [
            account
            for account in self._accounts.values()
            if not account.is_management
            and account.workspace_id == workspace_id
            and (include_disabled or not account.disabled)
            and (expired_by is None or account.expires_at is None or account.expires_at > expired_by)
        ]
        shown.sort(key=lambda account: (-account.created_at, account.key_hash))
        return shown[offset : offset + count]

    async def get(self, key_hash: str) -> Account | None:
        """The account of this hash."""
        return self._accounts.get(key_hash)

    async def add(self, account: Account) -> None:
        """Keep the account, in place of an earlier one of the same hash."""
        self._accounts[account.key_hash] = account
        self._changes.append(account.key_hash)

    async def given(self, parent_hash: str, at: int) -> int:
        """How many keys this one has let apps have that have not expired."""
        return sum(
            one.parent_hash == parent_hash and (one.expires_at is None or one.expires_at > at)
            for one in self._accounts.values()
        )

    async def give(self, account: Account, most: int) -> bool:
        """Keep a new key that its parent lets an app have, unless there are `most`."""
        if (
            account.parent_hash is not None
            and await self.given(account.parent_hash, account.created_at) >= most
        ):
            return False
        await self.add(account)
        return True

    async def update(self, key_hash: str, edit: KeyEdit) -> Account | None:
        """Change one account and nothing else of it than the edit says."""
        account = self._accounts.get(key_hash)
        if account is None:
            return None
        changed = msgspec.structs.asdict(edit)
        given = {name: value for name, value in changed.items() if value is not msgspec.UNSET}
        await self.add(msgspec.structs.replace(account, **given))
        return self._accounts[key_hash]

    async def revoke(self, key_hash: str) -> bool:
        """Forget the key for good; False where there was none."""
        if self._accounts.pop(key_hash, None) is None:
            return False
        self._changes.append(key_hash)
        return True

    async def changes(self, since: int | None) -> KeyChanges:
        """What happened after the revision `since`; all accounts for None."""
        last = len(self._changes)
        if since is None or since > last:
            return KeyChanges(last, tuple(await self.all()), whole=True)
        named = set(self._changes[since:])
        changed = tuple(self._accounts[key_hash] for key_hash in named if key_hash in self._accounts)
        return KeyChanges(last, changed, tuple(named - self._accounts.keys()))


class MemoryHealthStore:
    """Health as it was encoded."""

    def __init__(self) -> None:
        self._saved: bytes | None = None

    async def load(self) -> SavedHealth | None:
        """What was saved last."""
        return None if self._saved is None else msgspec.msgpack.decode(self._saved, type=SavedHealth)

    async def save(self, health: SavedHealth) -> None:
        """Keep this instead."""
        self._saved = msgspec.msgpack.encode(health)


class MemoryGenerationStore:
    """Generations in a dict."""

    def __init__(self) -> None:
        self._records: dict[str, GenerationRecord] = {}

    async def add(self, payloads: Sequence[bytes]) -> None:
        """Keep all of them; known ids change nothing."""
        for payload in payloads:
            record = _decode(payload)
            self._records.setdefault(record.id, record)

    async def get(self, generation_id: str) -> GenerationRecord | None:
        """The record of this id."""
        return self._records.get(generation_id)
