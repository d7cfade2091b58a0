"""`waystation report`: sums of a period, for people and for machines."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from generation_records import KEY, OTHER_KEY, a_record, charged, encoded
from waystation.accounts.keys import Account
from waystation.generations.activity import DAY
from waystation.generations.record import GenerationRecord
from waystation.operations.usage import Cost
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.keys import SqlKeyStore
from waystation.storage.migrations import migrate

Run = Callable[..., Result]
TODAY = int(time.time()) // DAY * DAY


@pytest.fixture
def kept(folder: Path) -> Path:
    """Three generations of today, one of the day before yesterday, one of long ago."""
    data = folder / "data"
    asyncio.run(_fill(data))
    return data


async def _fill(data: Path) -> None:
    migrate("", data)
    engine = open_engine("", data)
    now, before = (TODAY + 1) * 1000, (TODAY - 2 * DAY) * 1000
    await SqlKeyStore(engine).add(Account(KEY, "sk-ws-v1-aaa...aaa", "laptop", False, 0))  # noqa: FBT003 - an inference key
    await SqlGenerationStore(engine).add(
        encoded(
            charged(1, 500_000_000, created_at=now, model="acme/big"),
            charged(2, 250_000_000, created_at=now, model="acme/small", key_hash=OTHER_KEY),
            a_record(3, created_at=now, model="acme/small", cost=Cost(None, 0, 0, None)),
            charged(4, 125_000_000, created_at=before, model="acme/small"),
            charged(5, 1_000_000_000, created_at=before - 90 * DAY * 1000, model="acme/old"),
        )
    )
    await engine.dispose()


def lines(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.stdout.splitlines()]


def test_models_by_what_they_cost_and_their_total(kept: Path, run: Run) -> None:
    table = lines(run("report"))

    assert table[0][:3] == ["model", "requests", "errors"]
    assert [(row[0], row[1], row[5], row[7]) for row in table[1:]] == [
        ("acme/big", "1", "0.500000", "0"),
        ("acme/small", "3", "0.375000", "1"),
        ("total", "4", "0.875000", "1"),
    ]


def test_days_and_keys_by_their_names(kept: Path, run: Run) -> None:
    table = lines(run("report", "--by", "day", "--by", "key"))

    assert [(row[1], row[2]) for row in table[1:-1]] == [
        ("laptop", "1"),
        ("laptop", "2"),
        (OTHER_KEY[:12], "1"),
    ]
    assert [row[0] for row in table[1:-1]] == [_day(-2), _day(0), _day(0)]


def test_csv_is_exact_and_has_no_total(kept: Path, run: Run) -> None:
    result = run("report", "--csv", "--by", "provider", "--days", "1")

    heading, *rows = csv.reader(io.StringIO(result.stdout))
    assert heading == [
        "provider",
        "requests",
        "errors",
        "prompt tokens",
        "completion tokens",
        "cost USD",
        "own keys USD",
        "no price",
    ]
    assert rows == [["openai", "3", "0", "3000", "600", "0.75", "0.0", "1"]]


def test_csv_holds_no_formula_that_a_client_wrote(folder: Path, run: Run) -> None:
    data = folder / "data"
    migrate("", data)
    asyncio.run(
        _add(data, a_record(1, created_at=TODAY * 1000, app_title='=HYPERLINK("//elsewhere.example")'))
    )

    _, row = csv.reader(io.StringIO(run("report", "--csv", "--by", "app", "--days", "1").stdout))

    assert row[0] == '\'=HYPERLINK("//elsewhere.example")'


async def _add(data: Path, record: GenerationRecord) -> None:
    engine = open_engine("", data)
    await SqlGenerationStore(engine).add(encoded(record))
    await engine.dispose()


def test_json_has_the_metrics_names(kept: Path, run: Run) -> None:
    rows = json.loads(run("report", "--json", "--by", "month", "--since", "2000-01-01").stdout)

    assert sum(row["request_count"] for row in rows) == 5
    assert sum(row["cost"] for row in rows) == pytest.approx(1.875)
    assert all(len(row["month"]) == 7 for row in rows)


def test_a_period_has_a_beginning_and_an_end(kept: Path, run: Run) -> None:
    result = run("report", "--json", "--since", _day(-2), "--until", _day(-1))

    assert [row["request_count"] for row in json.loads(result.stdout)] == [1]


def test_rows_beyond_the_limit_are_told_of(kept: Path, run: Run) -> None:
    result = run("report", "--limit", "1")

    assert "acme/big" in result.stdout
    assert "acme/small" not in result.stdout
    assert "more than 1 rows" in result.stderr


def test_nothing_recorded_is_an_empty_table(folder: Path, run: Run) -> None:
    assert len(lines(run("report"))) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--csv", "--json"),
        ("--by", "day", "--by", "week"),
        ("--by", "model", "--by", "key", "--by", "app"),
        ("--by", "colour"),
        ("--since", "2026-02-01", "--until", "2026-01-01"),
    ],
)
def test_what_cannot_be_asked_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("report", *arguments)

    assert result.exit_code == 2
    assert result.stdout == ""


def _day(offset: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(TODAY + offset * DAY))
