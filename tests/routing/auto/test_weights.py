"""The packed file: what is packed comes back, what is damaged is refused."""

from pathlib import Path

import numpy as np
import pytest

from auto_questions import WEIGHTS
from waystation.routing.auto.weights import MAGIC, PACKED, BadWeights, load, pack


def test_weights_come_back_as_they_were_packed(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(pack(WEIGHTS))
    again = load(path)
    assert again.header == WEIGHTS.header
    assert np.array_equal(again.table, WEIGHTS.table)
    assert np.array_equal(again.idf, WEIGHTS.idf)
    assert np.array_equal(again.dense, WEIGHTS.dense)


def test_packing_is_repeatable_and_the_package_stays_small() -> None:
    assert pack(WEIGHTS) == pack(WEIGHTS)
    assert PACKED.stat().st_size < 5_000_000


@pytest.mark.parametrize("content", [b"", b"something else", MAGIC, MAGIC + b"\x00" * 99])
def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(BadWeights):
        load(path)


def test_one_wrong_byte_is_noticed(tmp_path: Path) -> None:
    content = bytearray(PACKED.read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(BadWeights, match="damaged"):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadWeights):
        load(tmp_path / "nothing.bin")
