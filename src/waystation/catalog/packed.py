"""The one file the gateway loads: every fact in a single typed JSON document. Knows the form, not where files lie."""

import gzip
import zlib

import msgspec
from msgspec import Struct

from waystation.catalog.index import Catalog, LatestFamily
from waystation.catalog.model import Model
from waystation.catalog.provider_facts import ProviderFacts

FORMAT = 1
"""Raised when older files can no longer be read; a file of another format is refused."""


class CatalogError(ValueError):
    """A catalogue file is broken, or says something that makes no sense. The message names the file or layer."""


class Packed(Struct, frozen=True, forbid_unknown_fields=True):
    """The catalogue as data. Dates are `YYYY-MM-DD`; `sources` maps a source's name to the date of its data."""

    format: int
    generated_at: str
    sources: dict[str, str]
    providers: tuple[ProviderFacts, ...]
    models: tuple[Model, ...]
    aliases: dict[str, str]
    author_aliases: dict[str, str]
    latest: tuple[LatestFamily, ...]
    successors: dict[str, str] = {}


_decoder = msgspec.json.Decoder(Packed)
_encoder = msgspec.json.Encoder(order="sorted")


def encode_packed(packed: Packed) -> bytes:
    """Compressed bytes, the same for the same facts on every machine."""
    return gzip.compress(_encoder.encode(packed), compresslevel=9, mtime=0)


def decode_packed(content: bytes) -> Packed:
    """The catalogue in a file's bytes, gzipped or plain JSON; raises `CatalogError` for anything else."""
    try:
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        packed = _decoder.decode(plain)
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CatalogError(f"not a catalogue file: {error}") from error
    if packed.format != FORMAT:
        raise CatalogError(f"catalogue format {packed.format}; this version reads format {FORMAT}")
    return packed


def catalog_of(packed: Packed) -> Catalog:
    """The lookups over a packed catalogue."""
    return Catalog(
        packed.models,
        packed.providers,
        aliases=packed.aliases,
        author_aliases=packed.author_aliases,
        latest=packed.latest,
        successors=packed.successors,
        generated_at=packed.generated_at,
        sources=packed.sources,
    )
