import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.accounts.grants import CODE_LIFE, Challenge, Grant
from waystation.storage.codes import SqlCodeStore

GRANT = Grant("App", user_id="user_1", parent_hash="a" * 64, limit=5, challenge=Challenge("c", "S256"))
HASH = "0" * 64


async def test_a_code_is_good_until_it_is_taken_or_expires(engine: AsyncEngine) -> None:
    codes = SqlCodeStore(engine)
    await codes.add(HASH, GRANT, at=1000)

    assert await codes.get(HASH, 1000 + CODE_LIFE - 1) == GRANT
    assert await codes.get(HASH, 1000 + CODE_LIFE) is None
    assert await codes.take(HASH, 1000 + CODE_LIFE) is None
    assert await codes.take(HASH, 1001) == GRANT
    assert await codes.get(HASH, 1001) is None


async def test_codes_that_wait_are_counted_by_the_key_that_allowed_them(engine: AsyncEngine) -> None:
    codes = SqlCodeStore(engine)
    await codes.add("1" * 64, GRANT, at=1000)
    await codes.add("2" * 64, GRANT, at=2000)
    await codes.add("3" * 64, Grant("App", parent_hash="b" * 64), at=2000)
    await codes.add("4" * 64, Grant("a" * 64), at=2000)

    assert await codes.waiting("a" * 64, 2000) == 2
    assert await codes.waiting("a" * 64, 1000 + CODE_LIFE) == 1


async def test_of_many_that_take_a_code_at_once_one_gets_it(engine: AsyncEngine) -> None:
    codes = SqlCodeStore(engine)
    await codes.add(HASH, GRANT, at=1000)

    taken = await asyncio.gather(*(codes.take(HASH, 1001) for _ in range(8)))

    assert [grant for grant in taken if grant is not None] == [GRANT]


async def test_a_new_code_sweeps_out_those_that_expired(engine: AsyncEngine) -> None:
    codes = SqlCodeStore(engine)
    await codes.add(HASH, GRANT, at=1000)
    await codes.add("1" * 64, GRANT, at=1000 + CODE_LIFE)

    assert await codes.get(HASH, 1001) is None
