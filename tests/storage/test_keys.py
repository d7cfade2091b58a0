from pathlib import Path

from msgspec.structs import replace

from waystation.accounts.keys import Account
from waystation.accounts.store import KeyEdit
from waystation.storage.engine import open_engine
from waystation.storage.keys import KEPT_CHANGES, SqlKeyStore
from waystation.storage.migrations import migrate

ACCOUNT = Account("0" * 64, "sk-...abc", "Plain", is_management=False, created_at=1000)


async def test_who_missed_more_changes_than_are_kept_is_told_everything(tmp_path: Path) -> None:
    migrate("", tmp_path)
    engine = open_engine("", tmp_path)
    store = SqlKeyStore(engine)
    await store.add(ACCOUNT)
    for number in range(KEPT_CHANGES + 1):
        await store.update(ACCOUNT.key_hash, KeyEdit(name=str(number)))

    missed, followed = await store.changes(0), await store.changes(1)

    assert (missed.whole, followed.whole) == (True, False)
    assert missed.accounts == followed.accounts == (replace(ACCOUNT, name=str(KEPT_CHANGES)),)
    await engine.dispose()
