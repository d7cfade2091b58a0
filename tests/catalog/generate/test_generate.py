"""The generator over the real source files; these tests need the shared folder."""

import shutil
from pathlib import Path

import msgspec
import pytest

from shared_folder import shared
from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.gates import trusted
from waystation.catalog.generate.lock import Locked, read_lock, renew
from waystation.catalog.generate.maps import Maps
from waystation.catalog.generate.names import SlugBook
from waystation.catalog.generate.offers import offers_of
from waystation.catalog.generate.run import Report, generate
from waystation.catalog.load import DATA
from waystation.catalog.tree import TreeModel


@pytest.fixture(scope="module")
def sources() -> Path:
    return shared("data", "catalog")


@pytest.fixture(scope="module")
def again(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("facts")
    shutil.copy(DATA / "slugs.lock.json", folder)
    return folder, generate(sources, folder)


def files(folder: Path) -> dict[str, bytes]:
    found = [*folder.glob("*.json"), *folder.glob("*.md"), *folder.glob("models/*.json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_the_committed_facts_are_what_the_generator_makes_byte_for_byte(again: tuple[Path, Report]) -> None:
    made, committed = files(again[0]), files(DATA)
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []


def test_resellers_and_strangers_were_refused_with_a_reason(again: tuple[Path, Report]) -> None:
    reasons = {(refusal.slug, refusal.provider): refusal.reason for refusal in again[1].refused}
    assert reasons["anthropic/claude-opus-4.6", "venice"] == "resold"
    assert set(reasons.values()) == {"resold", "one host only, on no list", "rate far off the median"}


def test_both_sections_of_vertex_are_one_provider(sources: Path) -> None:
    maps = Maps(sources)
    assert maps.provider("models.dev@july", "google-vertex-anthropic") == "google-vertex"
    assert maps.provider("models.dev@july", "google-vertex") == "google-vertex"


@pytest.mark.parametrize(
    "section", ["openrouter", "kilo", "zai-coding-plan", "llama", "lambda", "somebody-new"]
)
def test_resellers_retired_hosts_and_strangers_are_no_providers(sources: Path, section: str) -> None:
    assert Maps(sources).provider("models.dev@august", section) is None


def host_row(native_id: str, section: str = "deepinfra") -> Claim:
    return Claim(source="models.dev@august", section=section, native_id=native_id)


@pytest.mark.parametrize(
    ("rows", "is_trusted"),
    [
        ([host_row("zai-org/GLM-99")], False),
        ([host_row("zai-org/GLM-99"), host_row("glm-99", "novita-ai")], True),
        ([host_row("glm-99", "zai")], True),
        ([host_row("zai-org/GLM-99"), host_row("z-ai/glm-99", "openrouter")], True),
        ([host_row("zai-org/GLM-99"), host_row("glm-99", "vercel")], True),
    ],
)
def test_a_model_needs_more_than_the_word_of_one_strange_host(
    sources: Path, rows: list[Claim], *, is_trusted: bool
) -> None:
    maps = Maps(sources)
    book = SlugBook(maps, rows, {})
    offers = offers_of(rows, book, maps, "2026-11-22")
    assert {offer.slug for offer in offers} == {"z-ai/glm-99"}
    assert trusted("z-ai/glm-99", offers, book) is is_trusted


def retiring(day: str, *sources: str, section: str = "openai", native_id: str = "gpt-99") -> list[Claim]:
    dated = Claim(source="litellm", section=section, native_id=native_id, retires=day)
    return [dated, *(Claim(source=source, section=section, native_id=native_id) for source in sources)]


@pytest.mark.parametrize(
    ("rows", "providers"),
    [
        (retiring("2026-10-23"), set()),
        (retiring("2999-01-01"), {"openai"}),
        (retiring("2026-10-23", "pi-ai"), {"openai"}),
        (retiring("2026-11-20", "pi-ai"), set()),
        (retiring("2026-10-23", section="azure"), set()),
        (retiring("2026-10-23", section="azure") + retiring("2999-01-01"), {"azure", "openai"}),
    ],
)
def test_a_makers_date_retires_a_model_and_a_hosts_date_only_what_the_maker_gave_up(
    sources: Path, rows: list[Claim], providers: set[str]
) -> None:
    maps = Maps(sources)
    book = SlugBook(maps, rows, {})
    assert {offer.provider for offer in offers_of(rows, book, maps, "2026-11-22")} == providers


def test_known_slugs_are_reproduced(again: tuple[Path, Report]) -> None:
    listed = msgspec.json.decode((again[0] / "slugs.lock.json").read_bytes(), type=dict[str, Locked])
    derived = {"anthropic/claude-opus-4.1", "openai/gpt-5.5", "deepseek/deepseek-v4-flash", "z-ai/glm-5"}
    derived |= {
        "minimax/minimax-m3",
        "moonshotai/kimi-k2-thinking",
        "google/gemma-3-27b-it",
        "openai/gpt-4.1",
    }
    assert derived <= listed.keys()


def test_the_lock_adds_and_marks_and_never_renames() -> None:
    old = {"acme/old": Locked("2025-01-01", ("old",)), "acme/gone": Locked("2025-01-01", ("gone",))}
    models = [TreeModel(id="acme/old", name="Old"), TreeModel(id="acme/new", name="New")]
    keys = {"old": "acme/old", "new": "acme/new", "new-20260101": "acme/new", "gone": "acme/gone"}
    renewed = renew(old, models, keys, "2026-11-22")
    assert renewed["acme/old"] == Locked("2025-01-01", ("old",))
    assert renewed["acme/new"] == Locked("2026-11-22", ("new", "new-20260101"))
    assert renewed["acme/gone"] == Locked("2025-01-01", ("gone",), "2026-11-22")
    assert renew(renewed, models, keys, "2027-01-01") == renewed


def test_a_locked_slug_keeps_its_name_whatever_the_lists_say(sources: Path, tmp_path: Path) -> None:
    lock = {"openai/gpt-renamed": {"first_seen": "2026-01-01", "keys": ["gpt-4o"]}}
    (tmp_path / "slugs.lock.json").write_bytes(msgspec.json.encode(lock))
    generate(sources, tmp_path)
    kept = read_lock(tmp_path / "slugs.lock.json")
    assert kept["openai/gpt-renamed"].retired is None
    assert "gpt-4o" in kept["openai/gpt-renamed"].keys
    text = (tmp_path / "models" / "openai.json").read_text(encoding="utf-8")
    assert '"id": "openai/gpt-renamed"' in text
    assert '"id": "openai/gpt-4o"' not in text
