"""The balance from the command line, and charges found again."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from click.testing import Result

from generation_records import NOON, a_record, encoded
from waystation.catalog.pricing import Pricing
from waystation.credits.cost import Tariff
from waystation.operations.usage import Cost, Usage
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate

Run = Callable[..., Result]


def shown(run: Run) -> dict[str, str]:
    facts: dict[str, str] = json.loads(run("credits", "show", "--json").output)
    return facts


def test_what_is_added_and_corrected_is_the_balance(run: Run) -> None:
    added = run("credits", "add", "12.5", "--note", "invoice 7")
    run("credits", "adjust", "-2.25")

    assert "The balance is 12.500000000 USD" in added.output
    assert shown(run) == {
        "credited": "10.250000000",
        "charged": "0.000000000",
        "balance": "10.250000000",
        "mode": "unlimited",
    }
    rows = json.loads(run("credits", "ledger", "--json").output)
    assert [(row["kind"], row["USD"], row["note"]) for row in rows] == [
        ("adjustment", "-2.250000000", ""),
        ("purchase", "12.500000000", "invoice 7"),
    ]


def test_a_reference_moves_once(run: Run) -> None:
    for _ in range(2):
        assert run("credits", "add", "5", "--reference", "r1").exit_code == 0

    other = run("credits", "add", "6", "--reference", "r1")

    assert shown(run)["balance"] == "5.000000000"
    assert (other.exit_code, "belongs to another movement" in other.output) == (1, True)


def test_what_is_no_amount_is_refused(run: Run) -> None:
    for amount in ("0", "x", "NaN", "1e12", "0.0000000001"):
        assert run("credits", "add", amount).exit_code == 2
    assert run("credits", "add", "-5").exit_code == 2
    assert shown(run)["balance"] == "0.000000000"


def test_charges_that_differ_are_found(run: Run, tmp_path: Path) -> None:
    data_dir = tmp_path / "records"
    right = a_record(1, created_at=NOON)
    wrong = a_record(2, created_at=NOON, cost=Cost(5, 5, 0))
    later = a_record(3, created_at=NOON + 86_400_000, cost=Cost(6, 6, 0))
    data_dir.mkdir()
    asyncio.run(keep(data_dir, encoded(right, wrong, later)))

    result = run("generations", "recompute", "--to", "2025-11-23", "--json", "--data-dir", str(data_dir))

    findings = json.loads(result.output)
    assert result.exit_code == 1
    assert right.cost is not None
    assert (findings["records"], findings["differing"]) == (2, 1)
    (one,) = findings["differences"]
    assert one == {"id": wrong.id, "model": wrong.model, "charged": 5, "found": right.cost.total}
    assert "2 differ" in run("generations", "recompute", "--data-dir", str(data_dir)).output


def test_a_charge_for_pictures_is_found_again(run: Run, tmp_path: Path) -> None:
    tariff = Tariff(Pricing(Decimal("0.000001"), Decimal("0.00001"), image_output=Decimal("0.04")))
    usage = Usage(prompt_tokens=10, completion_tokens=810, image_completion_tokens=800)
    drawn = a_record(
        1,
        created_at=NOON,
        usage=usage,
        pricing=tariff.snapshot,
        cost=tariff.price(usage, images=2),
        num_media_completion=2,
    )
    asyncio.run(keep(tmp_path, encoded(drawn)))

    found = json.loads(run("generations", "recompute", "--json", "--data-dir", str(tmp_path)).output)

    assert (found["records"], found["differing"], found["charged"]) == (1, 0, 80_110_000)


def test_no_charges_are_right(run: Run) -> None:
    result = run("generations", "recompute")

    assert (result.exit_code, result.output.startswith("0 charges, 0 differ")) == (0, True)


async def keep(data_dir: Path, payloads: list[bytes]) -> None:
    migrate("", data_dir)
    engine = open_engine("", data_dir)
    await SqlGenerationStore(engine).add(payloads)
    await engine.dispose()
