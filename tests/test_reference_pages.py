"""Pages of docs/reference say what the code does. `make reference` writes them anew."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import compatibility_grid
import error_tables
import operation_grid
import skin_grid
from spoken_operations import EMBEDDINGS
from waystation.app.outward import OUTWARD

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
PAGES = {
    "compatibility.md": compatibility_grid.page,
    "errors.md": error_tables.page,
    "skins.md": skin_grid.page,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_the_code_does(name: str) -> None:
    page = PAGES[name]()
    if os.environ.get("WRITE_REFERENCE") == "1":
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / name).write_text(page, encoding="utf-8")
    assert (FOLDER / name).read_text(encoding="utf-8") == page, "run `make reference`"


@pytest.mark.parametrize(
    "grid", [compatibility_grid.grid, operation_grid.embeddings_grid, operation_grid.rerank_grid]
)
def test_nothing_is_lost_without_a_note(grid: Callable[[], operation_grid.Grid]) -> None:
    lost = [(name, other) for name, row in grid().items() for other, said in row.items() if said == "LOST"]
    assert lost == []


def test_every_wire_has_its_column() -> None:
    others = {"openai_completions", "azure_openai_responses", "bedrock_openai_responses", "xai_responses"}
    assert {dialect.name for dialect in OUTWARD} == compatibility_grid.MODELS.keys() | others
    assert {dialect.name for dialect in EMBEDDINGS} == operation_grid.MODELS.keys()
