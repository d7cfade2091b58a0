"""`waystation explain`: the decision behind a generation, plain when piped and as JSON."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import Result

from routing_questions import endpoint, question
from waystation.generations.record import GenerationRecord, ProviderResponse
from waystation.operations.preferences import ProviderPreferences
from waystation.routing.kept import keep
from waystation.routing.select import decide
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate

Run = Callable[..., Result]
ID = "gen-1780000000-0123456789abcdef0123"


@pytest.fixture
def recorded(folder: Path) -> GenerationRecord:
    """A generation that its second endpoint served; a third one was left out."""
    plan = decide(
        question(
            [endpoint("down"), endpoint("well", "0.000002"), endpoint("never")],
            ProviderPreferences(ignore=("never",)),
        )
    )
    record = GenerationRecord(
        id=ID,
        created_at=1_780_000_000_000,
        key_hash="ab" * 32,
        model="acme/m1",
        requested_model="acme/m1",
        dialect="openai_chat",
        provider="well",
        provider_name="Well",
        endpoint_id="well",
        attempts=(
            ProviderResponse(
                500,
                "Down",
                "down",
                "down",
                latency=12,
                model_permaslug="acme/m1",
                error="temporarily_unavailable",
            ),
            ProviderResponse(200, "Well", "well", "well", latency=340, model_permaslug="acme/m1"),
        ),
        route=msgspec.Raw(msgspec.json.encode(keep(plan))),
    )
    keep_record(folder / "data", record)
    return record


def keep_record(data_dir: Path, record: GenerationRecord) -> None:
    migrate("", data_dir)

    async def work() -> None:
        engine = open_engine("", data_dir)
        await SqlGenerationStore(engine).add([msgspec.json.encode(record)])
        await engine.dispose()

    asyncio.run(work())


def test_it_says_what_was_tried_and_what_was_considered(run: Run, recorded: GenerationRecord) -> None:
    result = run("explain", recorded.id)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["1", "acme/m1", "down", "500", "12", "temporarily_unavailable"] in lines
    assert ["2", "acme/m1", "well", "200", "340"] in lines
    assert ["2", "well", "2"] in lines
    assert ["left", "out", "never", "1", "allowed_providers"] in lines
    assert "acme/m1 at Well" in result.output


def test_as_json_it_is_one_document(run: Run, recorded: GenerationRecord) -> None:
    found = json.loads(run("explain", recorded.id, "--json").output)
    assert [one["error"] for one in found["attempts"]] == ["temporarily_unavailable", None]
    assert [row["tag"] for row in found["route"]["considered"]] == ["down", "well", "never"]


def test_an_unknown_id_is_an_error(run: Run) -> None:
    result = run("explain", "gen-none")
    assert result.exit_code == 1
    assert "no generation gen-none" in result.output


def test_a_generation_without_a_decision_names_its_endpoint(run: Run, folder: Path) -> None:
    record = GenerationRecord(ID, 1_780_000_000_000, "ab" * 32, "acme/none", "acme/none", "openai_chat")
    keep_record(folder / "data", record)
    result = run("explain", ID)
    assert result.exit_code == 0
    assert "nobody" in result.output
