"""What a generation consumed, and what that costs.

Usage is normalised by the parsers: `prompt_tokens` includes cached ones, `completion_tokens` includes reasoning.
Cost is money, so it is integers: one USD is 1,000,000,000 nano-dollars.
"""

from msgspec import Struct

from waystation.operations.parts import JsonObject


class Usage(Struct, frozen=True, omit_defaults=True):
    """Token and unit counters of one generation. `extras`: a provider's own counters, kept for the same dialect."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    """Those of `cache_write_tokens` that are kept for an hour."""
    reasoning_tokens: int = 0
    audio_prompt_tokens: int = 0
    audio_completion_tokens: int = 0
    image_completion_tokens: int = 0
    video_prompt_tokens: int = 0
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    web_search_requests: int = 0
    search_units: int = 0
    """What rerank is charged by at some providers: one a query and up to 100 documents."""
    charged_prompt_tokens: int | None = None
    """What is charged for, where that is another number than what was read: Cohere leaves out a template of its own."""
    charged_completion_tokens: int | None = None
    upstream_cost_nano: int | None = None
    """What the provider says it charged, where it says so."""
    estimated: bool = False
    """True where the provider reported nothing and the counters are ours."""
    extras: JsonObject | None = None
    prompt_details_extras: JsonObject | None = None
    completion_details_extras: JsonObject | None = None

    @property
    def total_tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


class Cost(Struct, frozen=True, omit_defaults=True):
    """Nano-dollars. `total` is None where a used rate is unknown: never a false zero."""

    total: int | None
    prompt: int
    completion: int
    upstream: int | None = None
    is_byok: bool = False
