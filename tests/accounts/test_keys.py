import hashlib

import pytest
from msgspec.structs import replace

from waystation.accounts.keys import Account, KeyChanges, KeyRing, account_of, hash_key, make_key, mask
from waystation.accounts.store import refresh
from waystation.errors import Unavailable
from waystation.storage.memory import MemoryKeyStore

RAW = "sk-ws-v1-" + "0123456789abcdef" * 4


def an_account(raw: str = RAW) -> Account:
    return account_of(raw, name="Test", is_management=False, created_at=1000, prefix="sk-ws-v1-")


def test_a_new_key_is_its_prefix_and_64_hex_digits() -> None:
    key = make_key("sk-ws-v1-")

    assert key.startswith("sk-ws-v1-")
    assert len(bytes.fromhex(key.removeprefix("sk-ws-v1-"))) == 32
    assert make_key("sk-ws-v1-") != key


def test_the_hash_is_sha_256_of_the_whole_key() -> None:
    assert hash_key(RAW) == hash_key(RAW.encode()) == hashlib.sha256(RAW.encode()).hexdigest()


def test_a_label_shows_the_beginning_and_the_end() -> None:
    assert mask(RAW, "sk-ws-v1-") == "sk-ws-v1-012...def"


@pytest.mark.parametrize("raw", ["", "a", "secret", "short-secret", "a-longer-secret"])
def test_the_label_of_a_short_key_gives_little_of_it_away(raw: str) -> None:
    shown = mask(raw).replace("...", "")

    assert len(shown) <= 3 + len(raw) // 4


def test_an_account_holds_nothing_of_the_key_but_its_label() -> None:
    assert RAW[12:-3] not in repr(an_account())


def test_a_key_is_found_by_what_the_client_sends() -> None:
    ring = KeyRing()
    ring.replace([an_account()])

    assert ring.find(RAW.encode()) == an_account()
    assert ring.find(RAW[:-1].encode()) is None
    assert ring.find(b"\xff\x00") is None
    assert len(ring) == 1


def test_a_disabled_key_is_not_found() -> None:
    ring = KeyRing()
    ring.replace([replace(an_account(), disabled=True)])

    assert ring.find(RAW.encode()) is None


def test_a_key_is_valid_until_the_moment_it_expires() -> None:
    now = 9.999
    ring = KeyRing(clock=lambda: now)
    ring.replace([replace(an_account(), expires_at=10_000)])

    assert ring.find(RAW.encode()) is not None
    now = 10.0
    assert ring.find(RAW.encode()) is None


def test_before_the_keys_are_known_nobody_is_turned_away_as_unauthenticated() -> None:
    with pytest.raises(Unavailable):
        KeyRing().find(RAW.encode())


def test_a_ring_learns_what_changed_and_keeps_the_rest() -> None:
    ring = KeyRing()
    ring.apply(KeyChanges(3, (an_account(), an_account("second"), an_account("third")), whole=True))

    ring.apply(
        KeyChanges(
            5, (replace(an_account("second"), disabled=True), an_account("fourth")), (hash_key("third"),)
        )
    )

    known = [raw for raw in (RAW, "second", "third", "fourth") if ring.find(raw.encode()) is not None]
    assert known == [RAW, "fourth"]
    assert ring.revision == 5


def test_what_was_read_earlier_and_arrives_later_changes_nothing() -> None:
    ring = KeyRing()
    ring.apply(KeyChanges(1, whole=True))
    ring.apply(KeyChanges(3, (), (hash_key(RAW),)))

    ring.apply(KeyChanges(2, (an_account(),)))

    assert ring.find(RAW.encode()) is None
    assert ring.revision == 3


async def test_a_store_that_fails_leaves_the_keys_as_they_were() -> None:
    class Unreachable(MemoryKeyStore):
        async def changes(self, since: int | None) -> KeyChanges:  # noqa: ARG002 - it fails whatever is asked
            raise Unavailable("The database cannot be reached.")

    ring = KeyRing()
    ring.replace([an_account()])

    with pytest.raises(Unavailable):
        await refresh(ring, Unreachable())
    assert ring.find(RAW.encode()) == an_account()


def test_a_key_that_an_app_was_given_is_valid_only_as_long_as_the_one_that_allowed_it() -> None:
    ring = KeyRing()
    child = replace(an_account("child"), parent_hash=hash_key(RAW))
    ring.apply(KeyChanges(1, (an_account(), child), whole=True))
    assert ring.find(b"child") == child

    ring.apply(KeyChanges(2, (replace(an_account(), disabled=True),)))
    assert ring.find(b"child") is None
    ring.apply(KeyChanges(3, (an_account(),)))
    assert ring.find(b"child") == child
    ring.apply(KeyChanges(4, (), (hash_key(RAW),)))
    assert ring.find(b"child") is None
