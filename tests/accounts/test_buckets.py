"""What every `Buckets` owes, asked of each; and what the table in a file owes beside."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from waystation.accounts.buckets import KEPT, LONGEST, Buckets, Demand, MemoryBuckets, Refused
from waystation.storage import shared_buckets
from waystation.storage.shared_buckets import FILE_NAME, SharedBuckets

NOW = 1_900_000_000.0


def asking(subject: str = "a", limit: int = 3, now: float = NOW, period: float = 60.0) -> Demand:
    share = period / limit
    return Demand(subject, share, share, period, now)


@pytest.fixture(params=["memory", "shared"])
def buckets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Buckets]:
    if request.param == "memory":
        yield MemoryBuckets()
        return
    shared = SharedBuckets(tmp_path)
    yield shared
    shared.close()


def refused(buckets: Buckets, *demands: Demand) -> Refused:
    found = buckets.take(demands)
    assert found is not None
    return found


@pytest.mark.parametrize("limit", [1, 3, 7, 50, 1000])
def test_as_many_as_the_limit_go_through_at_once_and_not_one_more(buckets: Buckets, limit: int) -> None:
    taken = [buckets.take([asking(limit=limit)]) for _ in range(limit + 1)]

    assert taken[:limit] == [None] * limit
    assert taken[limit] is not None


def test_then_one_goes_through_each_time_a_share_of_the_period_has_passed(buckets: Buckets) -> None:
    for _ in range(3):
        buckets.take([asking()])

    assert refused(buckets, asking()).wait == pytest.approx(20, abs=0.1)
    assert refused(buckets, asking(now=NOW + 19.9)).wait == pytest.approx(0.1, abs=0.1)
    assert buckets.take([asking(now=NOW + 20)]) is None
    assert refused(buckets, asking(now=NOW + 20)).wait == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize("back", [30.0, 60.0, 61.0, 7200.0])
def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_two_periods(
    buckets: Buckets, back: float
) -> None:
    for _ in range(3):
        buckets.take([asking(now=NOW + back)])

    assert buckets.take([asking(now=NOW + 81)]) is None
    assert let_in(buckets, NOW + 81) <= 3


def let_in(buckets: Buckets, now: float) -> int:
    return sum(buckets.take([asking(now=now)]) is None for _ in range(10))


def test_in_any_two_periods_no_more_than_three_limits_go_through(buckets: Buckets) -> None:
    moments = [NOW + tick / 10 for tick in range(1200)]

    let_in = [now for now in moments if buckets.take([asking(now=now)]) is None]

    assert len(let_in) == 3 + 3 + 2


def test_what_is_refused_costs_nothing_and_takes_nothing_from_others(buckets: Buckets) -> None:
    for _ in range(100):
        buckets.take([asking("greedy")])

    assert refused(buckets, asking("greedy")).wait == pytest.approx(20, abs=0.1)
    assert buckets.take([asking("modest")]) is None


def test_all_limits_have_room_or_none_is_touched(buckets: Buckets) -> None:
    buckets.take([asking("narrow", limit=1)])

    for _ in range(5):
        assert refused(buckets, asking("wide"), asking("narrow", limit=1)).demand.subject == "narrow"

    assert [buckets.take([asking("wide")]) for _ in range(3)] == [None] * 3


def test_what_was_spent_beyond_the_limit_is_waited_for(buckets: Buckets) -> None:
    looking = Demand("tokens", 0.06, 0.0, 60.0, NOW)
    assert buckets.take([looking, looking]) is None

    buckets.spend("tokens", 90.0, NOW)

    assert refused(buckets, looking).wait == pytest.approx(30, abs=0.1)
    assert buckets.take([looking._replace(now=NOW + 31)]) is None
    assert buckets.empty_at("tokens") == NOW + 90
    assert buckets.empty_at("nobody") == 0


def test_a_process_forgets_who_has_long_been_idle() -> None:
    buckets = MemoryBuckets()
    for number in range(KEPT):
        buckets.take([asking(str(number))])

    later = NOW + LONGEST + 61
    buckets.take([asking("new", now=later)])

    assert buckets.empty_at("0") == 0
    assert buckets.empty_at("new") > later


def test_the_table_outlives_its_process(tmp_path: Path) -> None:
    first = SharedBuckets(tmp_path)
    for _ in range(3):
        first.take([asking()])
    first.close()

    second = SharedBuckets(tmp_path)

    assert second.take([asking()]) is not None
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    second.close()


def test_a_table_of_something_else_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(os.urandom(4096))

    buckets = SharedBuckets(tmp_path)

    assert [buckets.take([asking()]) for _ in range(3)] == [None] * 3
    assert buckets.take([asking()]) is not None
    buckets.close()


def test_a_moment_beyond_all_reason_counts_for_nothing(tmp_path: Path) -> None:
    buckets = SharedBuckets(tmp_path)
    for nonsense in (float("inf"), float("nan"), NOW * 100):
        buckets.spend("a", 1, NOW)
        slot = next(iter(shared_buckets._places(shared_buckets._digest("a"))))
        shared_buckets._SLOT.pack_into(buckets._table, slot, shared_buckets._digest("a"), nonsense)
        assert buckets.take([asking()]) is None
    buckets.close()


def test_a_full_table_gives_the_slots_of_the_idle_away_and_never_mixes_subjects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_buckets, "SLOTS", 8)
    buckets = SharedBuckets(tmp_path)
    for number in range(8):
        assert [buckets.take([asking(f"old {number}")]) for _ in range(3)] == [None] * 3

    assert [buckets.take([asking("one too many")]) for _ in range(3)] == [None] * 3
    assert buckets.take([asking("one too many")]) is not None
    later = NOW + LONGEST + 61
    assert [buckets.take([asking("fresh", now=later)]) for _ in range(3)] == [None] * 3
    assert buckets.take([asking("fresh", now=later)]) is not None
    assert buckets.empty_at("fresh") > later
    buckets.close()


_GREEDY = """
import sys
from pathlib import Path
from waystation.accounts.buckets import Demand
from waystation.storage.shared_buckets import SharedBuckets
buckets = SharedBuckets(Path(sys.argv[1]))
share = 86400 / 500
sys.stdin.readline()
taken = [buckets.take([Demand("a", share, share, 86400.0, 1.9e9), Demand("b", 1e-9, 0.0, 1.0, 1.9e9)]) for _ in range(400)]
print(sum(one is None for one in taken))
"""


def test_processes_that_race_let_in_exactly_the_limit_together(tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[2] / "src"
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", _GREEDY, str(tmp_path)],
            env={"PYTHONPATH": str(source)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in racing:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    counts = [int(process.communicate(timeout=60)[0]) for process in racing]

    assert sum(counts) == 500
