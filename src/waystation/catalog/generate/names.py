"""Which slug a native id belongs to: the lock first, then the slugs that gateways publish, the base model, a derivation."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from msgspec import Struct

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.keys import Spelling, spell
from waystation.catalog.generate.maps import SLUG_SECTIONS, Maps
from waystation.catalog.generate.sources import BY_NAME

_SPELLED_LIKE_SLUGS = (
    "fastrouter",
    "orcarouter",
    "zenmux",
    "vercel",
    "merge-gateway",
    "nano-gpt",
    "poe",
    "llmgateway",
)
"""Gateways whose ids look like slugs: voices on how a name is written, where no slug list knows it."""

_NOT_MODELS = {"openrouter", "switchpoint", "kilo", "kilo-auto", "giga-potato", "stealth"}
_PREVIEWS_ARE_MODELS = {"google"}
_FOREIGN_TUNES = {"openpipe", "unsloth"}


class Naming(Struct, frozen=True):
    """A claim's place: the slug, how it was found (`lock`, `list`, `base`, `derived`), and what its spelling says."""

    slug: str
    how: str
    exact: bool
    spelling: Spelling


class SlugBook:
    """Every slug we know with its keys, built once from all claims; the lock wins, so that a slug is never renamed."""

    def __init__(self, maps: Maps, claims: Sequence[Claim], locked: dict[str, str]) -> None:
        self._maps = maps
        self.listed: set[str] = set()
        self.variants: set[str] = set()
        self._by_key = dict(locked)
        self._how = dict.fromkeys(locked, "lock")
        self._gateways: dict[str, set[str]] = defaultdict(set)
        self._written: dict[str, Counter[str]] = defaultdict(Counter)
        for claim in sorted(claims, key=lambda claim: BY_NAME[claim.source].date, reverse=True):
            self._learn(claim)
        for claim in claims:
            self._learn_from_maker(claim)
        for claim in claims:
            provider = maps.provider(claim.source, claim.section)
            if provider is not None:
                self.place(claim, provider)

    def place(self, claim: Claim, provider: str) -> Naming | None:
        """The slug of a claim of a real host; None where the author cannot be told."""
        spelling = spell(claim.native_id)
        if spelling.org in _FOREIGN_TUNES:
            return None
        forms = self._forms(spelling)
        for position, form in enumerate(forms):
            if form in self._by_key:
                if (
                    self._by_key.setdefault(spelling.forms[position], self._by_key[form])
                    == self._by_key[form]
                ):
                    self._how.setdefault(spelling.forms[position], self._how[form])
                return Naming(self._by_key[form], self._how[form], position == 0, spelling)
        if claim.base_model is not None:
            base = self._maps.key_aliases.get(key := spell(claim.base_model).forms[0], key)
            if base in self._by_key:
                return Naming(self._by_key[base], "base", forms[0] == base, spelling)
        slug = self._derive(forms, spelling, provider)
        return Naming(slug, "derived", exact=True, spelling=spelling) if slug is not None else None

    def gateways_with(self, native_id: str) -> int:
        """How many gateways list a model that is spelled like this one."""
        return len(self._gateways.get(spell(native_id).forms[0], ()))

    def key_slugs(self) -> dict[str, str]:
        """Every key and the slug it stands for."""
        return dict(self._by_key)

    def _learn(self, claim: Claim) -> None:
        if claim.section in SLUG_SECTIONS:
            self._learn_slug(claim.native_id.lower())
        spelling = spell(claim.native_id)
        if spelling.word.endswith("-latest"):
            return
        if self._maps.is_reseller(claim.section) and claim.section not in SLUG_SECTIONS:
            self._gateways[spelling.forms[0]].add(claim.section)
        if claim.section in _SPELLED_LIKE_SLUGS and spelling.variant is None:
            self._written[spelling.forms[0]][spelling.word] += 2
        elif self._maps.provider(claim.source, claim.section) is not None:
            self._written[spelling.forms[-1]][spelling.word] += 1

    def _learn_from_maker(self, claim: Claim) -> None:
        """A maker's own id with a day, or a preview of a maker that numbers them, is a model of its own, not its base."""
        provider = self._maps.provider(claim.source, claim.section)
        if claim.source != "models.dev@august" or provider is None or claim.deprecated:
            return
        spelling = spell(claim.native_id)
        author = self._maps.author(spelling.org, spelling.forms[0])
        if author is None or self._maps.own_provider.get(author) != provider:
            return
        is_preview = author in _PREVIEWS_ARE_MODELS and spelling.word.endswith("-preview")
        if re.search(r"-20\d\d-\d\d-\d\d$", spelling.word) or is_preview:
            slug = f"{author}/{spelling.word}"
            if self._by_key.setdefault(spelling.forms[0], slug) == slug:
                self._how.setdefault(spelling.forms[0], "derived")

    def _forms(self, spelling: Spelling) -> tuple[str, ...]:
        """The candidate keys after the hand-made aliases; a form that has one is final."""
        forms = []
        for form in spelling.forms:
            forms.append(self._maps.key_aliases.get(form, form))
            if form in self._maps.key_aliases:
                break
        return tuple(forms)

    def _learn_slug(self, slug: str) -> None:
        author, slash, name = slug.partition("/")
        if not slash or author.startswith("~") or author in _NOT_MODELS or "/" in name:
            return
        if self._maps.author_aliases.get(author, author) != author and not self._maps.writes(author):
            return
        if ":" in name:
            self.variants.add(slug)
            slug, name = slug.partition(":")[0], name.partition(":")[0]
        else:
            self.listed.add(slug)
        key = spell(name).forms[0]
        if self._by_key.setdefault(key, slug) == slug:
            self._how.setdefault(key, "list")
        plain = self._maps.key_aliases.get(key, key)
        if self._by_key.setdefault(plain, slug) == slug:
            self._how.setdefault(plain, "list")

    def _derive(self, forms: tuple[str, ...], spelling: Spelling, provider: str) -> str | None:
        form = min(forms, key=len) if spelling.speed is None else forms[0]
        owned = [author for author, own in self._maps.own_provider.items() if own == provider]
        author = self._maps.author(spelling.org, form)
        if author is None and len(owned) == 1:
            author = owned[0]
        if author is None or spelling.word.endswith("-latest"):
            return None
        final = form in self._maps.key_aliases.values()
        slug = f"{author}/{self._word(form, spelling) if final else _as_slug(self._word(form, spelling))}"
        self._by_key.setdefault(form, slug)
        self._how.setdefault(form, "derived")
        return self._by_key[form]

    def _word(self, form: str, spelling: Spelling) -> str:
        """How most write the name; a hand-made key that nobody writes stands for itself where it hides no version's dot."""
        written = self._written.get(form)
        if written:
            return max(written.items(), key=lambda item: (item[1], "." in item[0], -len(item[0]), item[0]))[0]
        return form if form not in spelling.forms and not re.search(r"\d-\d", form) else spelling.word


def _as_slug(word: str) -> str:
    """A name as OpenRouter would write it: dotted versions, family before version, no date."""
    word = re.sub(r"-(20\d{6}|20\d\d-\d\d-\d\d|\d\d-20\d\d)$", "", word)
    word = re.sub(r"^claude-(\d+)[.-](\d+)-([a-z]+)$", r"claude-\3-\1.\2", word)
    word = re.sub(r"^(claude-[a-z]+)-(\d+)-(\d{1,2})(?=$|-)", r"\1-\2.\3", word)
    word = re.sub(r"(?<=\d)p(?=\d)", ".", word)
    return re.sub(r"[^a-z0-9.\-]+", "-", word).strip("-")
