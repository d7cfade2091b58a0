"""The trained weights: one packed file, read once, checked before use.

A row of `table` belongs to a bucket of `grams`, a column to one output: the tags, then `HEADS`.
Values are bytes; a column's scale makes numbers of them again.
"""

import hashlib
import zlib
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from waystation.routing.auto.grams import SIZE, Floats
from waystation.routing.auto.tags import TAGS
from waystation.routing.auto.traits import NAMES

PACKED = Path(__file__).parent / "weights.bin"
MAGIC = b"wsauto1\n"
HEADS = ("filler", "puzzle", "hard", "gap", "weak", "strong")
"""After the tags: whether a text asks nothing; whether it is a puzzle; how often models fail at it; by how much strong
models lead middling ones in open questions; and the logits of a middling and of a strong model's success in those that
offer answers. The latter four are relative to the mean of their set."""
FILLER, PUZZLE, HARD, GAP, WEAK, STRONG = (len(TAGS) + place for place in range(len(HEADS)))
OUTPUTS = len(TAGS) + len(HEADS)


class BadWeights(ValueError):
    """The file is missing, damaged, or of another version than this code."""


class Header(Struct, frozen=True):
    """What the weights are: names in the order of the columns, scales, and the calibration of the outputs."""

    version: str
    tags: tuple[str, ...]
    traits: tuple[str, ...]
    scales: tuple[float, ...]
    temperature: float
    success: tuple[float, float]
    """Logits of the mean success of the middling and of the strong models where answers are offered."""
    difficulty: tuple[tuple[float, float], tuple[float, float]]
    """Mean and spread of the raw difficulty, what 0.5 and a step are: of open prompts, and of those that offer answers."""
    need: tuple[float, float]
    """The same of the raw need, of all prompts."""
    data: dict[str, str] = {}


class Weights(Struct, frozen=True):
    """Ready for use. `table` has 2·SIZE rows; `idf` one value a row; `dense` a row for each trait, twice, and the means."""

    header: Header
    table: NDArray[np.int8]
    idf: Floats
    scales: Floats
    dense: Floats
    means: Floats
    spreads: Floats


def pack(weights: Weights) -> bytes:
    """The file's content: magic, checksum, then the compressed header and arrays."""
    header = msgspec.json.encode(weights.header)
    parts = [
        len(header).to_bytes(4, "little"),
        header,
        weights.table.astype("i1").tobytes(),
        np.round(weights.idf * 16).clip(0, 255).astype("u1").tobytes(),
        weights.dense.astype("<f4").tobytes(),
        weights.means.astype("<f4").tobytes(),
        weights.spreads.astype("<f4").tobytes(),
    ]
    body = zlib.compress(b"".join(parts), 6)
    return MAGIC + hashlib.sha256(body).digest() + body


def load(path: Path = PACKED) -> Weights:
    """Read and check; raises `BadWeights` with the reason."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadWeights(f"{path.name}: {error.strerror}") from error
    if content[: len(MAGIC)] != MAGIC:
        raise BadWeights(f"{path.name}: not a file of weights")
    digest, body = content[len(MAGIC) : len(MAGIC) + 32], content[len(MAGIC) + 32 :]
    if hashlib.sha256(body).digest() != digest:
        raise BadWeights(f"{path.name}: damaged")
    try:
        return _unpack(path.name, zlib.decompress(body))
    except (ValueError, zlib.error) as error:
        raise error if isinstance(error, BadWeights) else BadWeights(f"{path.name}: {error}") from error


def _unpack(name: str, raw: bytes) -> Weights:
    length = int.from_bytes(raw[:4], "little")
    try:
        header = msgspec.json.decode(raw[4 : 4 + length], type=Header)
    except msgspec.DecodeError as error:
        raise BadWeights(f"{name}: {error}") from error
    if header.tags != TAGS or header.traits != NAMES:
        raise BadWeights(f"{name}: made for other tags or traits")
    position = 4 + length
    arrays = []
    measures = len(NAMES)
    for kind, shape in (
        ("i1", (2 * SIZE, OUTPUTS)),
        ("u1", (2 * SIZE,)),
        ("<f4", (2 * measures, OUTPUTS)),
        ("<f4", (measures,)),
        ("<f4", (measures,)),
    ):
        count = int(np.prod(shape))
        view = np.frombuffer(raw, kind, count, position).reshape(shape)
        position += view.nbytes
        arrays.append(view.copy())  # aligned
    table, idf, dense, means, spreads = arrays
    weights = Weights(
        header,
        table,
        (idf / np.float32(16)).astype(np.float32),
        np.array(header.scales, np.float32),
        dense,
        means,
        spreads,
    )
    if not (np.isfinite(weights.dense).all() and np.isfinite(weights.scales).all() and np.all(spreads > 0)):
        raise BadWeights(f"{name}: not all numbers are finite")
    return weights
