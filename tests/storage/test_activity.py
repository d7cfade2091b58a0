"""Sums over time: kept with the records, asked for by range, dimension and filter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from generation_records import DAY as DAY_MS
from generation_records import KEY, NOON, OTHER_KEY, a_record, charged, encoded, under_own_credential
from waystation.generations.activity import DAY, HOUR, Days, Filter, Order, Query
from waystation.operations.usage import Cost
from waystation.storage.activity import SqlActivityStore
from waystation.storage.apps import MOST
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate

NOW = NOON // 1000
MIDNIGHT = NOW - NOW % DAY


class Kept:
    """Generations and the sums over them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.generations = SqlGenerationStore(engine)
        self.activity = SqlActivityStore(engine)

    async def ask(self, *metrics: str, **asked: object) -> list[tuple[object, ...]]:
        """The rows of a query over the last 30 days, flat."""
        fields = {"start": MIDNIGHT - 30 * DAY, "end": NOW + 1} | asked
        found = await self.activity.query(Query(metrics, **fields), NOW)  # type: ignore[arg-type]
        return [
            (*((row.start,) if row.start is not None else ()), *row.dimensions, *row.metrics)
            for row in found.rows
        ]


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    migrate("", tmp_path)
    engine = open_engine("", tmp_path)
    yield Kept(engine)
    await engine.dispose()


async def test_sums_equal_the_records(kept: Kept) -> None:
    await kept.generations.add(
        encoded(
            charged(1, 5),
            charged(2, 7, latency=100, generation_time=1100),
            under_own_credential(3, 9),
            a_record(4, cost=Cost(None, 0, 0, None), status=200),
            a_record(5, usage=None, cost=None, latency=None, status=503, error_type="provider_unavailable"),
        )
    )

    (row,) = await kept.ask(
        "request_count", "error_count", "unpriced_count", "cost", "byok_cost", "total_tokens", "error_rate"
    )

    assert row[:3] == (5, 1, 1)
    assert row[3] == pytest.approx(12e-9)
    assert row[4] == pytest.approx(9e-9)
    assert row[5:] == (4 * 1200, 0.2)


async def test_a_record_that_is_known_adds_nothing(kept: Kept) -> None:
    await kept.generations.add(encoded(charged(1, 5)))
    await kept.generations.add(encoded(charged(1, 5), charged(2, 5)))
    await kept.generations.add(encoded(charged(2, 5)))

    assert await kept.ask("request_count") == [(2,)]


async def test_rates_are_ratios_of_sums(kept: Kept) -> None:
    await kept.generations.add(
        encoded(
            a_record(1, latency=100, generation_time=1000),
            a_record(2, latency=300, generation_time=3000),
            a_record(3, latency=None, usage=None, cost=None, status=502),
        )
    )

    assert await kept.ask("latency", "generation_time", "throughput", "cache_hit_rate") == [
        (200.0, 2000.0, 100.0, 0.1)
    ]


async def test_a_rate_of_nothing_is_nothing(kept: Kept) -> None:
    await kept.generations.add(encoded(a_record(1, latency=None, usage=None, cost=None, status=502)))

    assert await kept.ask("latency", "cache_hit_rate") == [(None, None)]


async def test_rows_are_grouped_by_two_dimensions_and_ordered(kept: Kept) -> None:
    await kept.generations.add(
        encoded(
            *(a_record(number, model="acme/b") for number in range(3)),
            *(a_record(number, model="acme/a", key_hash=OTHER_KEY) for number in range(3, 5)),
            a_record(9, model="acme/a"),
        )
    )

    assert await kept.ask("request_count", dimensions=("model", "api_key_id")) == [
        ("acme/b", KEY, 3),
        ("acme/a", OTHER_KEY, 2),
        ("acme/a", KEY, 1),
    ]
    by_name = Order("model", descending=False)
    assert await kept.ask("request_count", dimensions=("model",), order=by_name) == [
        ("acme/a", 3),
        ("acme/b", 3),
    ]


async def test_an_order_may_be_by_what_is_not_shown(kept: Kept) -> None:
    await kept.generations.add(encoded(charged(1, 5, model="acme/a"), charged(2, 9, model="acme/b")))

    assert await kept.ask("total_tokens", dimensions=("model",), order=Order("cost", descending=True)) == [
        ("acme/b", 1200),
        ("acme/a", 1200),
    ]


@pytest.mark.parametrize(
    ("granularity", "bucket", "step"),
    [
        ("minute", NOW, 60),
        ("hour", NOW - NOW % HOUR, HOUR),
        ("day", MIDNIGHT, DAY),
        ("week", MIDNIGHT - 5 * DAY, 7 * DAY),
    ],
)
async def test_buckets_begin_where_the_calendar_says(
    kept: Kept, granularity: str, bucket: int, step: int
) -> None:
    before = (bucket - 1) * 1000
    await kept.generations.add(encoded(a_record(1), a_record(2), a_record(3, created_at=before)))

    start = NOW - DAY if granularity == "minute" else bucket - step
    rows = await kept.ask("request_count", granularity=granularity, start=start)

    assert rows == [(bucket - step, 1), (bucket, 2)]


async def test_months_begin_on_their_first_day(kept: Kept) -> None:
    first = 1_761_955_200  # 2025-11-01
    await kept.generations.add(
        encoded(a_record(1), a_record(2, created_at=first * 1000), a_record(3, created_at=first * 1000 - 1))
    )

    rows = await kept.ask("request_count", granularity="month", start=first - 31 * DAY)

    assert rows == [(first - 31 * DAY, 1), (first, 2)]


async def test_a_range_counts_its_beginning_and_not_its_end(kept: Kept) -> None:
    moments = [NOW - 7200, NOW - 3600, NOW - 60]
    await kept.generations.add(
        encoded(*(a_record(number, created_at=at * 1000) for number, at in enumerate(moments)))
    )

    assert await kept.ask("request_count", start=NOW - 7200, end=NOW - 60) == [(2,)]
    assert await kept.ask("request_count", start=NOW - 7140, end=NOW - 3540) == [(1,)]
    assert await kept.ask("request_count", start=NOW - 3000, end=NOW - 2000) == []


async def test_a_range_of_old_sums_is_widened_and_says_so(kept: Kept) -> None:
    old = NOW - 10 * DAY
    await kept.generations.add(encoded(a_record(1, created_at=(old - 1800) * 1000), a_record(2)))

    exact = await kept.activity.query(Query(("request_count",), old - 3600, NOW), NOW)
    cut = await kept.activity.query(Query(("request_count",), old - 60, NOW), NOW)

    assert (exact.rows[0].metrics, exact.widened) == ((2,), False)
    assert (cut.rows[0].metrics, cut.widened) == ((2,), True)


@pytest.mark.parametrize(
    ("condition", "counted"),
    [
        (Filter("model", "eq", "acme/a"), 1),
        (Filter("model", "neq", "acme/a"), 2),
        (Filter("model", "in", ("acme/a", "acme/b")), 3),
        (Filter("model", "not_in", ("acme/b",)), 1),
        (Filter("model", "gt", "acme/a"), 2),
        (Filter("model", "lte", "acme/a"), 1),
        (Filter("user", "eq", "user_1"), 1),
        (Filter("user", "not_in", ("user_1",)), 0),
        (Filter("user", "not_in", ("user_1",), include_unset=True), 2),
        (Filter("api_key_id", "eq", 5.0), 0),
    ],
)
async def test_filters(kept: Kept, condition: Filter, counted: int) -> None:
    await kept.generations.add(
        encoded(
            a_record(1, model="acme/a", creator_user_id="user_1"),
            a_record(2, model="acme/b"),
            a_record(3, model="acme/b"),
        )
    )

    assert sum(int(str(row[0])) for row in await kept.ask("request_count", filters=(condition,))) == counted


async def test_an_answer_is_cut_at_its_limit_and_says_so(kept: Kept) -> None:
    await kept.generations.add(encoded(*(a_record(n, model=f"acme/m{n}") for n in range(4))))

    found = await kept.activity.query(
        Query(("request_count",), MIDNIGHT, NOW, ("model",), limit=3, order=Order("model", descending=False)),
        NOW,
    )

    assert [row.dimensions for row in found.rows] == [("acme/m0",), ("acme/m1",), ("acme/m2",)]
    assert found.truncated


async def test_a_group_may_have_a_limit_of_its_own(kept: Kept) -> None:
    await kept.generations.add(
        encoded(
            *(
                a_record(10 * day + model, model=f"acme/m{model}", created_at=NOON - day * DAY_MS)
                for day in range(4)
                for model in range(2)
            )
        )
    )

    rows = await kept.ask("request_count", dimensions=("model",), granularity="day", group_limit=2)

    assert [row[1] for row in rows].count("acme/m0") == 2
    assert len(rows) == 4


async def test_days_by_endpoint(kept: Kept) -> None:
    await kept.generations.add(
        encoded(
            charged(1, 5, workspace_id="w1"),
            charged(2, 6, workspace_id="w2", created_at=NOON - DAY_MS),
            charged(3, 7, key_hash=OTHER_KEY),
            a_record(
                4, provider=None, endpoint_id=None, provider_name=None, usage=None, cost=None, status=400
            ),
        )
    )
    today = NOW // DAY

    newest, older = await kept.activity.days(Days(today - 30, today + 1))

    assert (newest.day, newest.requests, newest.cost, newest.prompt_tokens) == (today, 2, 12, 2000)
    assert (newest.model, newest.endpoint_id, newest.provider_name) == (
        "openai/gpt-4o-mini",
        "openai",
        "OpenAI",
    )
    assert (older.day, older.cost, older.workspace_id) == (today - 1, 6, None)
    split = await kept.activity.days(Days(today, today + 1, by_workspace=True))
    assert sorted((row.workspace_id or "", row.cost) for row in split) == [("", 7), ("w1", 5)]
    assert [row.cost for row in await kept.activity.days(Days(0, today + 1, key_hash=OTHER_KEY))] == [7]
    assert [row.cost for row in await kept.activity.days(Days(0, today + 1, workspace_id="w2"))] == [6]


async def test_what_no_endpoint_served_is_counted_under_no_model(kept: Kept) -> None:
    nothing = {"provider": None, "usage": None, "cost": None, "latency": None, "status": 400}
    await kept.generations.add(encoded(a_record(1, model="whatever/a-client-wrote", **nothing)))

    assert await kept.ask("error_count", dimensions=("model",)) == [(None, 1)]


async def test_no_question_reads_generations_and_each_reads_only_its_range(kept: Kept) -> None:
    await kept.generations.add(encoded(charged(1, 5)))
    asked: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    event.listen(kept.engine.sync_engine, "before_cursor_execute", note)
    await kept.ask("cost", dimensions=("model", "app"), granularity="day")
    await kept.ask("latency", dimensions=("provider",), filters=(Filter("model", "eq", "acme/a"),))
    await kept.activity.days(Days(0, NOW // DAY + 1))
    event.remove(kept.engine.sync_engine, "before_cursor_execute", note)

    async with kept.engine.connect() as connection:
        for statement, parameters in asked:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            steps = [str(row[-1]) for row in plan]
            scans = ("generations", "SCAN activity", "SCAN endpoint_activity")
            assert not any(scan in step for step in steps for scan in scans), steps
            assert any("activity USING PRIMARY KEY (span=?" in step for step in steps), steps


@pytest.mark.parametrize("granularity", [None, "minute", "hour", "day", "week", "month"])
async def test_sums_of_endpoints_are_those_of_all_their_keys_and_apps(
    kept: Kept, granularity: object
) -> None:
    """A question about models is answered from other rows than the same with a filter by key that all keys meet."""
    await kept.generations.add(
        encoded(
            *(
                charged(
                    number,
                    number,
                    key_hash=(KEY, OTHER_KEY)[number % 2],
                    app_title=f"App {number % 5}",
                    model=f"acme/{number % 3}",
                    created_at=NOON - number * 5 * 3_600_000,
                )
                for number in range(120)
            ),
            a_record(900, provider=None, usage=None, cost=None, latency=None, status=400),
        )
    )
    everybody = Filter("api_key_id", "in", (KEY, OTHER_KEY))
    asked = {"granularity": granularity, "end": NOW + 1}

    for dimensions in ((), ("model",), ("endpoint", "provider")):
        few = await kept.ask("request_count", "latency", dimensions=dimensions, **asked)
        many = await kept.ask(
            "request_count", "latency", dimensions=dimensions, filters=(everybody,), **asked
        )
        assert sorted(map(str, few)) == sorted(map(str, many))
        assert sum(int(str(row[-2])) for row in few) == 121


async def test_apps_beyond_the_first_of_a_key_are_summed_as_one(kept: Kept) -> None:
    """Clients choose what they are called, and sums stay: their number is bounded."""
    made = [a_record(number, app_title=f"App {number}", http_referer=None) for number in range(MOST + 20)]
    await kept.generations.add(encoded(*made[:60], a_record(900, key_hash=OTHER_KEY, app_title="One more")))
    await kept.generations.add(encoded(*made[60:], a_record(901, app_title=None, http_referer=None)))
    await SqlGenerationStore(kept.engine).add(
        encoded(a_record(902, app_title="App 3", http_referer=None), a_record(903, app_title="New"))
    )

    rows = {row[0]: row[1] for row in await kept.ask("request_count", dimensions=("app",), limit=500)}

    assert len(rows) == MOST + 3
    assert (rows["App 3"], rows["(other)"], rows[None], rows["One more"]) == (2, 21, 1, 1)


async def test_sums_and_records_are_one_transaction(kept: Kept) -> None:
    async with kept.engine.begin() as connection:
        await connection.execute(text("DROP TABLE activity"))

    with pytest.raises(Exception, match="cannot be reached"):
        await kept.generations.add(encoded(a_record(1)))

    assert await kept.generations.get(a_record(1).id) is None
