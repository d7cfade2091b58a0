"""The hand-made tables: which section of which source is which provider, how authors are spelled, what never counts."""

import re
import tomllib
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from waystation.catalog.provider_facts import ProviderFacts

PROVIDERS_FILE = Path(__file__).with_name("providers.toml")
NAMES_FILE = Path(__file__).with_name("names.toml")

_PORTKEY = {
    "ai21": "ai21",
    "anthropic": "anthropic",
    "azure-ai": "azure",
    "azure-openai": "azure",
    "bedrock": "amazon-bedrock",
    "byteplus": "byteplus",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "dashscope": "alibaba",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "fireworks-ai": "fireworks-ai",
    "google": "google",
    "groq": "groq",
    "jina": "jina",
    "minimax": "minimax",
    "mistral-ai": "mistral",
    "moonshot": "moonshotai",
    "nebius": "nebius",
    "novita-ai": "novita-ai",
    "openai": "openai",
    "perplexity-ai": "perplexity",
    "together-ai": "togetherai",
    "vertex-ai": "google-vertex",
    "workers-ai": "cloudflare-workers-ai",
    "x-ai": "xai",
    "z-ai": "zai",
}
_RETIRED_HOSTS = {"llama", "lambda", "hyperbolic"}
SLUG_SECTIONS = {"openrouter", "kilo"}
"""Sections whose ids are OpenRouter's slugs. They name models; they are never endpoints."""


class _Maps(Struct):
    author_aliases: dict[str, str]
    author_by_id_regex: list[tuple[str, str]]
    author_own_provider: dict[str, str]
    closed_authors_hyperscalers: list[str]
    key_aliases: dict[str, str]
    litellm_provider_to_tag: dict[str, str]
    genai_prices_provider_to_tag: dict[str, str]
    pi_ai_provider_to_tag: dict[str, str]
    modelsdev_provider_to_display_name: dict[str, str]
    param_profiles: dict[str, tuple[str, ...]]
    reseller_sections_never_endpoints: list[str]


class _ProviderRow(ProviderFacts, frozen=True):
    tags: tuple[str, ...] = ()


class _ProviderRows(Struct):
    providers: tuple[_ProviderRow, ...]


class _Drop(Struct):
    patterns: list[str]


class _Names(Struct):
    keys: dict[str, str]
    drop: _Drop


class Maps:
    """The tables, with our provider slugs in place of the sources' tags."""

    def __init__(self, source_dir: Path) -> None:
        self._maps = msgspec.json.decode((source_dir / "maps.json").read_bytes(), type=_Maps)
        rows = msgspec.convert(
            tomllib.loads(PROVIDERS_FILE.read_text(encoding="utf-8")), _ProviderRows
        ).providers
        self._slugs = {tag: row.slug for row in rows for tag in row.tags}
        self.providers = {row.slug: _facts(row) for row in rows}
        names = msgspec.convert(tomllib.loads(NAMES_FILE.read_text(encoding="utf-8")), _Names)
        self.key_aliases = self._maps.key_aliases | names.keys
        self._dropped = re.compile("|".join(names.drop.patterns))
        self.author_aliases = self._maps.author_aliases
        self.own_provider = {
            author: self._slugs[tag]
            for author, tag in self._maps.author_own_provider.items()
            if tag in self._slugs
        }
        self.hyperscalers = frozenset(
            self._slugs[tag] for tag in self._maps.closed_authors_hyperscalers if tag in self._slugs
        )
        self._authors = [(re.compile(pattern), author) for pattern, author in self._maps.author_by_id_regex]

    def provider(self, source: str, section: str) -> str | None:
        """Our slug for a section of a source; None for resellers, retired hosts, and those without an adapter."""
        if section in _RETIRED_HOSTS or self.is_reseller(section):
            return None
        tables = {
            "litellm": self._maps.litellm_provider_to_tag,
            "genai-prices": self._maps.genai_prices_provider_to_tag,
            "pi-ai": self._maps.pi_ai_provider_to_tag,
            "portkey": _PORTKEY,
        }
        table = tables.get(source.partition("@")[0])
        tag = table.get(section) if table is not None else section
        return self._slugs.get(tag) if tag is not None else None

    def sections(self) -> dict[str, dict[str, str]]:
        """For each kind of refreshable source, its words for the providers we serve and our slugs; no resellers."""
        tables = {
            "modelsdev": {tag: tag for tag in self._slugs},
            "litellm": self._maps.litellm_provider_to_tag,
            "genai-prices": self._maps.genai_prices_provider_to_tag,
        }
        return {
            kind: {
                word: self._slugs[tag]
                for word, tag in sorted(table.items())
                if tag in self._slugs and not self.is_reseller(word)
            }
            for kind, table in tables.items()
        }

    def author(self, org: str, key: str) -> str | None:
        """The author slug of a model, from its organisation if that is one, else from its name."""
        for pattern, author in self._authors:
            if pattern.match(key):
                return author
        return self.author_aliases.get(org, org) or None

    def writes(self, author: str) -> bool:
        """Whether an author makes models under this very name."""
        return any(name == author for _, name in self._authors)

    def dropped(self, native_id: str) -> bool:
        """Whether a native id is something else than a model that we could serve."""
        return self._dropped.search(native_id.lower()) is not None

    @cached_property
    def profiles(self) -> dict[str, tuple[str, ...]]:
        """The parameters each provider's adapter can send, by our slug, and `default`."""
        named = self._maps.param_profiles.items()
        return {
            self._slugs.get(tag, tag): tuple(sorted(words))
            for tag, words in named
            if tag in {*self._slugs, "default"}
        }

    def is_reseller(self, section: str) -> bool:
        """Whether a section is a gateway's: good for names and abilities, never an endpoint."""
        names = self._maps.reseller_sections_never_endpoints
        return section in names or any(name.startswith("*") and section.endswith(name[1:]) for name in names)


def _facts(row: _ProviderRow) -> ProviderFacts:
    plain = {name: getattr(row, name) for name in ProviderFacts.__struct_fields__}
    return ProviderFacts(**plain)
