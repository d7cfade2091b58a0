"""What a generation costs: a pure function of its usage, the endpoint's pricing and the time (contract section 20).

Units that `Usage` does not count (input images, characters, seconds) are priced with their operations.
"""

import time
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from waystation.catalog.pricing import Pricing
from waystation.credits.rates import Rates
from waystation.operations.usage import Cost, Usage

MAX_TARIFFS = 50_000


class Tariff:
    """A `Pricing` made ready to be used for every request. Immutable but for what it remembers.

    `snapshot` is the pricing as JSON of decimal strings, to be kept on the generation.
    """

    __slots__ = ("_base", "_by_applied", "_timed", "pricing", "snapshot")

    def __init__(self, pricing: Pricing) -> None:
        self.pricing = pricing
        self.snapshot = msgspec.Raw(msgspec.json.encode(pricing))
        self._base = Rates.of(pricing)
        self._by_applied: dict[tuple[bool, ...], Rates] = {}
        self._timed = any(override.utc_start is not None for override in pricing.overrides)

    def price(self, usage: Usage, at: float | None = None, *, is_byok: bool = False, images: int = 0) -> Cost:
        """Cost of one generation at `at` (Unix seconds, None: now) that made `images` images.

        `total` is None where a used rate is unknown, never a false zero. Under the caller's own credential it is 0,
        and `upstream` what the provider charges by its own word, else by its list.
        """
        rates = self._rates(usage.prompt_tokens, at) if self.pricing.overrides else self._base
        prompt, prompt_known = _prompt(usage, rates)
        completion, completion_known = _completion(usage, rates)
        units, units_known = _units(usage, images, rates)
        listed = prompt + completion + units if prompt_known and completion_known and units_known else None
        if rates.scale != 1:
            listed = rates.rounded(listed) if listed is not None else None
            prompt, completion = rates.rounded(prompt), rates.rounded(completion)
        upstream = usage.upstream_cost_nano
        if is_byok:
            return Cost(0, prompt, completion, listed if upstream is None else upstream, is_byok=True)
        return Cost(listed, prompt, completion, upstream)

    def insured(self, usage: Usage, at: float | None = None, *, is_byok: bool = False) -> Cost:
        """Cost of a generation that `is_insured`: only what searches cost; `upstream` says what we bear."""
        cost = self.price(usage, at, is_byok=is_byok)
        borne = cost.total if cost.upstream is None else cost.upstream
        counts = (0, 0, usage.web_search_requests, 0)
        known = _known(counts, self._base.unit_gaps)
        fee = self._base.rounded(counts[2] * self._base.units[2]) if known else None
        return Cost(0 if is_byok else fee, 0, 0, borne, is_byok=is_byok)

    def cache_discount(self, usage: Usage, at: float | None = None) -> int | None:
        """Nano-dollars that prompt caching saved, negative where writing cost more; None where none was involved."""
        if not (usage.cached_tokens or usage.cache_write_tokens or usage.cache_write_1h_tokens):
            return None
        plain = replace(usage, cached_tokens=0, cache_write_tokens=0, cache_write_1h_tokens=0)
        without, actual = self.price(plain, at).total, self.price(usage, at).total
        return None if without is None or actual is None else without - actual

    def _rates(self, prompt_tokens: int, at: float | None) -> Rates:
        clock = _clock(time.time() if at is None else at) if self._timed else 0
        applied = tuple(override.applies(prompt_tokens, clock) for override in self.pricing.overrides)
        rates = self._by_applied.get(applied)
        if rates is None:
            rates = self._by_applied[applied] = Rates.of(self.pricing.at(prompt_tokens, clock))
        return rates


class Tariffs:
    """The tariffs of all endpoints in use, each made once. Bounded: a refreshed catalogue's old prices go in the end."""

    def __init__(self) -> None:
        self._tariffs: dict[int, Tariff] = {}

    def of(self, pricing: Pricing) -> Tariff:
        """The tariff of these prices; found by identity, since a tariff keeps its pricing alive."""
        tariff = self._tariffs.get(id(pricing))
        if tariff is None:
            if len(self._tariffs) >= MAX_TARIFFS:
                self._tariffs.clear()
            tariff = self._tariffs[id(pricing)] = Tariff(pricing)
        return tariff


def price(usage: Usage, pricing: Pricing, at: float) -> Cost:
    """Cost of one generation at `at` (Unix seconds); total None where a used rate is unknown, never a false zero."""
    return Tariff(pricing).price(usage, at)


def is_insured(usage: Usage, finish_reason: str | None) -> bool:
    """Whether the caller is not charged for the model: nothing came and nothing ended it, or it ended in an error."""
    return finish_reason == "error" or (usage.completion_tokens == 0 and finish_reason is None)


def recompute(
    usage: Usage,
    snapshot: bytes | msgspec.Raw,
    at: float,
    finish_reason: str | None,
    *,
    is_byok: bool = False,
    images: int = 0,
) -> Cost:
    """The cost again, from what a generation's record holds; `images` that it made."""
    tariff = Tariff(msgspec.json.decode(snapshot, type=Pricing))
    if is_insured(usage, finish_reason):
        return tariff.insured(usage, at, is_byok=is_byok)
    return tariff.price(usage, at, is_byok=is_byok, images=images)


def _prompt(usage: Usage, rates: Rates) -> tuple[int, bool]:
    """Scaled cost of the input, and whether it is known. `cache_write_tokens` includes the 1-hour ones."""
    fresh, audio = usage.prompt_tokens, usage.audio_prompt_tokens
    if usage.charged_prompt_tokens is not None:
        fresh = usage.charged_prompt_tokens
        return fresh * rates.prompt[0], not fresh or 0 not in rates.prompt_gaps
    cached, written, long = usage.cached_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
    if not (written or long or cached or audio):
        return fresh * rates.prompt[0], not fresh or 0 not in rates.prompt_gaps
    both = cached + written
    if both > fresh:  # Gemini counts what it writes to an explicit cache as read from it, too
        both = max(cached, written)
    written = max(written - long, 0)
    fresh = max(fresh - both, 0)
    audio = min(audio, fresh)
    fresh -= audio
    plain, read, write, write_long, heard = rates.prompt
    cost = fresh * plain + cached * read + written * write + long * write_long + audio * heard
    return cost, not rates.prompt_gaps or _known((fresh, cached, written, long, audio), rates.prompt_gaps)


def _completion(usage: Usage, rates: Rates) -> tuple[int, bool]:
    """Scaled cost of the output, and whether it is known; without tokens of images, which are priced by the image."""
    spoken, images = usage.completion_tokens, usage.image_completion_tokens
    audio, reasoning = usage.audio_completion_tokens, usage.reasoning_tokens
    if usage.charged_completion_tokens is not None:
        spoken, reasoning = usage.charged_completion_tokens, min(reasoning, usage.charged_completion_tokens)
    if not (images or audio or reasoning):
        return spoken * rates.completion[0], not spoken or 0 not in rates.completion_gaps
    spoken = max(spoken - images, 0)
    audio = min(audio, spoken)
    reasoning = min(reasoning, spoken - audio)
    spoken -= audio + reasoning
    plain, thought, said = rates.completion
    cost = spoken * plain + reasoning * thought + audio * said
    return cost, not rates.completion_gaps or _known((spoken, reasoning, audio), rates.completion_gaps)


def _units(usage: Usage, images: int, rates: Rates) -> tuple[int, bool]:
    """Scaled cost of what is not counted in tokens. Image tokens without a count of images leave it unknown."""
    request, image, search, unit = rates.units
    searches, ranked = usage.web_search_requests, usage.search_units
    made = images or usage.image_completion_tokens
    if not made and not searches and not ranked:
        return request, 0 not in rates.unit_gaps
    known = _known((1, made, searches, ranked), rates.unit_gaps) and (images == made or image == 0)
    return request + images * image + searches * search + ranked * unit, known


def _known(counts: tuple[int, ...], gaps: tuple[int, ...]) -> bool:
    """Whether no count stands where no rate is known."""
    used = 0
    for position in gaps:
        used += counts[position]
    return used == 0


def _clock(at: float) -> int:
    """The UTC time as HHMM."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.hour * 100 + moment.minute
