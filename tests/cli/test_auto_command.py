"""`waystation auto`: what would be chosen, and what a log says of it."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from click.testing import Result

from auto_questions import CODE, asking
from waystation.generations.record import GenerationRecord
from waystation.routing.auto.priors import read_facts
from waystation.routing.auto.router import AutoRouter
from waystation.routing.kept import keep
from waystation.routing.select import decide
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate

Run = Callable[..., Result]


def test_a_prompt_is_chosen_for_without_naming_the_command(run: Run) -> None:
    told = json.loads(run("auto", "Write a Python function that sorts a list", "--all", "--json").output)
    assert told["task_type"] == "code:general_impl"
    assert len(told["models"]) == 3
    assert told == json.loads(
        run("auto", "choose", "Write a Python function that sorts a list", "--all", "--json").output
    )


def test_a_person_reads_the_task_and_the_best_models(run: Run) -> None:
    output = run("auto", "--all", "--tier", "high", "Translate to German: good day").output
    assert "translation" in output
    assert "Best of the tier" in output


def test_an_empty_log_is_said(run: Run) -> None:
    result = run("auto", "evaluate")
    assert result.exit_code == 1
    assert "no request to openrouter/auto" in result.output


def test_the_log_is_judged(run: Run, folder: Path) -> None:
    asked = asking(CODE)
    plan = decide(asked.question(AutoRouter(None, read_facts())(asked, "openrouter/auto", None)))
    data_dir = folder / "data"
    migrate("", data_dir)

    async def fill() -> None:
        engine = open_engine("", data_dir)
        records = [
            GenerationRecord(
                id=f"gen-{number}",
                created_at=int(time.time() * 1000),
                key_hash="ab" * 32,
                model="a/coder",
                requested_model="openrouter/auto",
                dialect="openai_chat",
                strategy="auto",
                router="openrouter/auto",
                route=msgspec.Raw(msgspec.json.encode(keep(plan))),
                finish_reasons=("stop",) if number else ("error",),
            )
            for number in range(4)
        ]
        await SqlGenerationStore(engine).add([msgspec.json.encode(record) for record in records])
        await engine.dispose()

    asyncio.run(fill())
    judged = json.loads(run("auto", "evaluate", "--json").output)
    assert judged["records"] == 4
    assert judged["logged"]["value"] == 0.75
    assert "doubly robust" in run("auto", "evaluate").output
