"""What is read from the log of the auto router's choices, out of a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine

from auto_questions import CODE, FACTS, WEIGHTS, asking
from waystation.app.learning import REACH, Learning
from waystation.errors import Unavailable
from waystation.generations.feedback import Feedback
from waystation.generations.record import GenerationRecord, ProviderResponse
from waystation.routing.auto.outcomes import Experience, Tally
from waystation.routing.auto.router import AutoRouter
from waystation.routing.kept import KeptPlan, keep
from waystation.routing.select import decide
from waystation.storage.content import SqlFeedbackStore
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate
from waystation.storage.routed import SqlRouted

NOW = 1_800_000_000
LAG = 100
BEGAN = NOW - LAG - 10
ASKED = asking(CODE)
PLAN: KeptPlan = keep(decide(ASKED.question(AutoRouter(WEIGHTS, FACTS)(ASKED, "openrouter/auto", None))))
CODER = ("code", "a/coder")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    migrate("", tmp_path)
    engine = open_engine("", tmp_path)
    yield engine
    await engine.dispose()


class Clock:
    """Moved by hand."""

    now = float(NOW)

    def __call__(self) -> float:
        return self.now


async def write(engine: AsyncEngine, *rows: dict[str, Any], began: int = BEGAN, first: int = 0) -> None:
    """Records of choices of `a/coder` that ended well, but for the fields given."""
    records = []
    for number, fields in enumerate(rows, first):
        usual = GenerationRecord(
            id=f"gen-{began:010d}-{number:020x}",
            created_at=began * 1000,
            key_hash="ab" * 32,
            model="a/coder",
            requested_model="auto",
            dialect="openai_chat",
            router="openrouter/auto",
            route=Raw(msgspec.json.encode(PLAN)),
            attempts=(ProviderResponse(200, "First", "first", "first"),),
            finish_reasons=("stop",),
        )
        records.append(msgspec.json.encode(replace(usual, **fields)))
    await SqlGenerationStore(engine).add(records)


def learning(engine: AsyncEngine) -> tuple[Learning, Experience, Clock]:
    experience, clock = Experience(), Clock()
    return Learning(SqlRouted(engine), experience, LAG, clock), experience, clock


def rounded(tally: Tally) -> tuple[float, float, float]:
    return round(tally.good, 2), round(tally.failed, 2), round(tally.blamed, 2)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (1, 0, 0)),
        ({"finish_reasons": ("tool_calls",)}, (1, 0, 0)),
        ({"router": "openrouter/auto-beta"}, (1, 0, 0)),
        ({"finish_reasons": ("error",)}, (0, 1, 0)),
        ({"model": "b/talker"}, (0, 1, 0)),
        ({"status": 502, "finish_reasons": ()}, (0, 1, 0)),
        ({"finish_reasons": ("length",)}, None),
        ({"finish_reasons": ()}, None),
        ({"cancelled": True}, None),
        ({"status": 400, "finish_reasons": ()}, None),
        ({"status": 503, "finish_reasons": (), "attempts": ()}, None),
        ({"router": "openrouter/free"}, None),
        ({"router": None, "metadata": {"x": '"router":"openrouter/auto"'}}, None),
        ({"route": Raw(b"null")}, None),
        ({"route": Raw(b'{"of":"another version"}')}, None),
    ],
)
async def test_each_ending_counts_as_what_it_says_of_the_model_chosen(
    engine: AsyncEngine, fields: dict[str, Any], expected: tuple[float, float, float] | None
) -> None:
    await write(engine, fields)
    learner, experience, _ = learning(engine)
    await learner.learn()
    found = {key: rounded(tally) for key, tally in experience.outcomes.tallies.items()}
    assert found == ({CODER: expected} if expected else {})


async def test_what_routers_placed_is_found_without_reading_all_other_generations(
    engine: AsyncEngine,
) -> None:
    routed = SqlRouted(engine).placed(1, 2)
    async with engine.connect() as connection:
        said = str(routed.compile(engine.sync_engine, compile_kwargs={"literal_binds": True}))
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}")).all()
    assert ["ix_generations_routed" in row[-1] for row in plan] == [True]


async def test_a_model_that_was_not_asked_first_is_not_judged(engine: AsyncEngine) -> None:
    behind = replace(PLAN, rows=(*PLAN.rows[1:], PLAN.rows[0]))
    await write(engine, {"route": Raw(msgspec.json.encode(behind)), "model": "b/talker"})
    learner, experience, _ = learning(engine)
    await learner.learn()
    assert experience.outcomes.tallies == {}


async def test_each_ending_is_counted_once_and_only_when_it_is_over(engine: AsyncEngine) -> None:
    learner, experience, clock = learning(engine)
    await write(engine, {}, {})
    await write(engine, {}, began=NOW - LAG + 5)
    for _ in range(3):
        await learner.learn()
    assert rounded(experience.outcomes.tallies[CODER]) == (2, 0, 0)
    clock.now += 60
    await learner.learn()
    assert rounded(experience.outcomes.tallies[CODER]) == (3, 0, 0)


async def test_what_is_older_than_the_reach_is_left_alone(engine: AsyncEngine) -> None:
    await write(engine, {}, began=NOW - LAG - REACH - 1)
    learner, experience, _ = learning(engine)
    await learner.learn()
    assert experience.outcomes.tallies == {}


async def test_complaints_about_answers_count_against_who_wrote_them(engine: AsyncEngine) -> None:
    await write(engine, {}, {}, {"model": "b/talker"}, {"router": None})
    store, said = SqlFeedbackStore(engine), BEGAN * 1000
    ids = [f"gen-{BEGAN:010d}-{number:020x}" for number in range(4)]
    await store.add(Feedback(ids[0], said, "ab" * 32, "incorrect_response"))
    await store.add(Feedback(ids[1], said, "ab" * 32, "latency"))
    await store.add(Feedback(ids[2], said, "ab" * 32, "formatting"))
    await store.add(Feedback(ids[3], said, "ab" * 32, "formatting"))
    learner, experience, _ = learning(engine)
    await learner.learn()
    assert {key: rounded(tally) for key, tally in experience.outcomes.tallies.items()} == {CODER: (2, 1, 1)}


async def test_what_could_not_be_read_changes_nothing_and_is_read_the_next_time(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    await write(engine, {}, {"finish_reasons": ("error",)})
    (tmp_path / "empty").mkdir()
    broken = open_engine("", tmp_path / "empty")
    learner, experience, _ = learning(broken)
    with pytest.raises(Unavailable):
        await learner.learn()
    assert experience.outcomes.tallies == {}
    await broken.dispose()
    migrate("", tmp_path / "empty")
    again = open_engine("", tmp_path / "empty")
    await write(again, {})
    await again.dispose()
    await learner.learn()
    assert rounded(experience.outcomes.tallies[CODER]) == (1, 0, 0)
    await broken.dispose()


async def test_a_large_log_is_read_in_batches(engine: AsyncEngine) -> None:
    await write(engine, *({} for _ in range(450)))
    learner, experience, _ = learning(engine)
    await learner.learn()
    assert rounded(experience.outcomes.tallies[CODER])[0] == pytest.approx(450, abs=0.5)
