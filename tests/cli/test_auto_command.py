"""`waystation auto`: what would be chosen, and what a log says of it."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner, Result
from msgspec.structs import replace

from auto_questions import CODE, asking
from waystation.cli import main
from waystation.generations.feedback import Feedback
from waystation.generations.record import GenerationRecord
from waystation.routing.auto.priors import read_facts
from waystation.routing.auto.router import AutoRouter
from waystation.routing.kept import keep
from waystation.routing.select import decide
from waystation.storage.content import SqlFeedbackStore
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate

Run = Callable[..., Result]
NOW = int(time.time() * 1000)


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


def lines(text: str, *arguments: str) -> tuple[list[dict[str, Any]], int]:
    """What `waystation auto` writes for lines of standard input, and its exit status."""
    result = CliRunner().invoke(main, ["auto", "--json", "--all", *arguments, "-"], input=text)
    return [json.loads(line) for line in result.stdout.splitlines()], result.exit_code


def test_each_line_of_standard_input_has_a_line_of_its_own(run: Run) -> None:
    sorting = "Write a Python function that sorts a list"
    conversation = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": sorting}]
    given = [sorting, {"prompt": sorting, "id": "mine"}, {"messages": conversation}]
    found, status = lines("\n\n".join(json.dumps(one) for one in given))
    assert status == 0
    assert [(one.pop("id", None), one.pop("line", None)) for one in found] == [
        (None, 1),
        ("mine", None),
        (None, 5),
    ]
    assert {one["task_type"] for one in found} == {"code:general_impl"}
    assert found[0] == found[1] == json.loads(run("auto", sorting, "--all", "--json").output)


def test_a_line_that_is_no_request_is_told_and_the_rest_goes_on() -> None:
    found, status = lines('[1]\n{"messages": 3}\nnot json\n"Hello"\n')
    assert status == 1
    assert ["error" in one for one in found] == [True, True, True, False]


def test_the_tier_counts_for_lines_that_name_none() -> None:
    plugins = [{"id": "auto-router", "cost_tier": "high"}]
    found, _ = lines(
        json.dumps("Hi") + "\n" + json.dumps({"prompt": "Hi", "plugins": plugins}), "--tier", "max"
    )
    assert [one["cost_tier"] for one in found] == ["max", "high"]


def test_the_need_of_worked_out_tasks_is_above_that_of_told_ones_and_hardly_ever_a_tie() -> None:
    worked = [f"Solve {a}x + {a + 3} = {7 * a} for x." for a in range(2, 12)]
    told = [f"Write {a} friendly lines for a birthday card." for a in range(2, 12)]
    found, _ = lines("\n".join(json.dumps(prompt) for prompt in (*worked, *told)))
    needs = [one["need"] for one in found]
    assert min(needs[:10]) > max(needs[10:])
    assert all(0 < need < 1 for need in needs)
    (pair, _) = lines(
        "\n".join(json.dumps(f"Prove that {word} is irrational.") for word in ("pi", "e", "log 2"))
    )
    assert len({one["need"] for one in pair}) == 3


def test_an_empty_log_is_said(run: Run) -> None:
    result = run("auto", "evaluate")
    assert result.exit_code == 1
    assert "no request to openrouter/auto" in result.output


def fill(data_dir: Path, *records: dict[str, Any], feedback: Sequence[Feedback] = ()) -> None:
    """A log of choices: each ended well at the model chosen, but for the fields given."""
    asked = asking(CODE)
    plan = decide(asked.question(AutoRouter(None, read_facts())(asked, "openrouter/auto", None)))
    usual = GenerationRecord(
        id="gen",
        created_at=NOW,
        key_hash="ab" * 32,
        model=plan.question.candidates[0].model.id,
        requested_model="openrouter/auto",
        dialect="openai_chat",
        strategy="auto",
        router="openrouter/auto",
        route=msgspec.Raw(msgspec.json.encode(keep(plan))),
        finish_reasons=("stop",),
    )
    migrate("", data_dir)

    async def write() -> None:
        engine = open_engine("", data_dir)
        kept = [replace(usual, id=f"gen-{number}", **fields) for number, fields in enumerate(records)]
        await SqlGenerationStore(engine).add([msgspec.json.encode(record) for record in kept])
        for one in feedback:
            await SqlFeedbackStore(engine).add(one)
        await engine.dispose()

    asyncio.run(write())


def test_the_log_is_judged(run: Run, folder: Path) -> None:
    fill(folder / "data", {}, {}, {}, {"finish_reasons": ("error",)})
    judged = json.loads(run("auto", "evaluate", "--json").output)
    assert judged["records"] == 4
    assert judged["logged"]["value"] == 0.75
    assert "doubly robust" in run("auto", "evaluate").output


def test_an_answer_that_somebody_called_bad_is_a_bad_end(run: Run, folder: Path) -> None:
    said = [
        Feedback("gen-0", NOW, "ab" * 32, "incorrect_response"),
        Feedback("gen-1", NOW, "ab" * 32, "billing"),
        Feedback("gen-2", NOW - 40 * 86_400_000, "ab" * 32, "formatting"),
    ]
    fill(folder / "data", {}, {}, {}, {}, feedback=said)
    assert json.loads(run("auto", "evaluate", "--json").output)["logged"]["value"] == 0.75


def test_an_answer_of_a_fallback_is_a_bad_end_of_the_model_chosen(run: Run, folder: Path) -> None:
    fill(folder / "data", {}, {"model": "some/other"})
    assert json.loads(run("auto", "evaluate", "--json").output)["logged"]["value"] == 0.5
