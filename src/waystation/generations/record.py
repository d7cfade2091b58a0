"""The generation: the durable record of one exchange, complete enough to show it and to recompute its charge.

Knows how nothing is stored or shown: `log` keeps records, `response` renders them for `GET /generation`.
"""

from typing import Literal, TypeAlias

from msgspec import Raw, Struct

from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost, Usage

ApiType: TypeAlias = Literal["completions", "embeddings", "rerank", "tts", "stt", "video", "image"]
"""Spec `GenerationResponse.data.api_type`."""

NO_PRICING = Raw(b"null")
NO_ROUTE = Raw(b"null")


class ProviderResponse(Struct, frozen=True, gc=False, omit_defaults=True):
    """One attempt. `status` None: no answer came. `latency` is milliseconds until its end; `id` is the provider's own."""

    status: int | None
    provider_name: str
    provider: str
    endpoint_id: str
    id: str | None = None
    is_byok: bool = False
    latency: int = 0
    model_permaslug: str | None = None
    routed_service_tier: str | None = None
    error: str | None = None
    """The `code` of the `ProviderError` that ended it."""
    upstream_cost: int | None = None
    """Nano-dollars that its provider charges though it failed, where it said what it used."""


class GenerationRecord(Struct, frozen=True, gc=False, omit_defaults=True):
    """One exchange, settled. Times are Unix milliseconds, durations milliseconds, money nano-dollars.

    `model` is what served it (before that, what was asked for), `latency` the time to the first content,
    `generation_time` the whole. `usage` None: nothing was generated. `pricing` is the served endpoint's rates as JSON
    of decimal strings (`Tariff.snapshot`): `credits.cost.recompute` finds `cost` again from it, `usage` and `created_at`.
    """

    id: str
    created_at: int
    key_hash: str
    model: str
    requested_model: str
    dialect: str
    api_type: ApiType = "completions"
    workspace_id: str | None = None
    creator_user_id: str | None = None
    """Whose key it was, where the key has an owner."""
    request_id: str | None = None

    provider: str | None = None
    provider_name: str | None = None
    endpoint_id: str | None = None
    upstream_id: str | None = None
    service_tier: str | None = None
    strategy: str = "direct"
    router: str | None = None
    route: Raw = NO_ROUTE
    """What was decided among several endpoints (`routing.kept.KeptPlan` as JSON); null where there was just one."""
    preset_id: str | None = None
    attempts: tuple[ProviderResponse, ...] = ()
    dropped: tuple[str, ...] = ()
    """What the caller asked for and the endpoint could not be told."""

    usage: Usage | None = None
    pricing: Raw = NO_PRICING
    cost: Cost | None = None
    """None: never priced, because nothing was generated."""
    cache_discount: int | None = None

    finish_reasons: tuple[str, ...] = ()
    native_finish_reasons: tuple[str | None, ...] = ()
    status: int = 200
    """What the client was answered."""
    error_type: str | None = None
    streamed: bool = False
    cancelled: bool = False
    latency: int | None = None
    generation_time: int | None = None
    moderation_latency: int | None = None

    http_referer: str | None = None
    app_title: str | None = None
    app_categories: tuple[str, ...] = ()
    user_agent: str | None = None
    user: str | None = None
    session_id: str | None = None
    metadata: dict[str, str] | None = None
    trace: JsonObject | None = None

    num_media_prompt: int | None = 0
    num_media_completion: int | None = 0
    num_input_audio_prompt: int | None = 0
    num_search_results: int | None = 0
    """None where nobody counted: there was no request to look at, or no answer."""
    num_fetches: int | None = None
    web_search_engine: str | None = None
    response_cache_source_id: str | None = None

    @property
    def cost_unknown(self) -> bool:
        """Whether something was generated whose price nobody knows."""
        return self.cost is not None and self.cost.total is None

    @property
    def estimated(self) -> bool:
        """Whether the counters are ours because the provider reported none."""
        return self.usage is not None and self.usage.estimated

    @property
    def charged(self) -> int:
        """Nano-dollars on the account's bill; an unknown cost charges nothing until it is known."""
        return (self.cost.total or 0) if self.cost is not None else 0

    @property
    def upstream(self) -> int | None:
        """Nano-dollars that providers charge for all attempts, failed ones too; None where none is known."""
        served = self.cost.upstream if self.cost is not None else None
        failed = [one.upstream_cost for one in self.attempts if one.upstream_cost is not None]
        if served is None and failed and self.cost is not None:
            served = self.cost.total
        return served if not failed else (served or 0) + sum(failed)

    @property
    def byok(self) -> int:
        """Nano-dollars that a provider charged to the caller's own credential."""
        return (self.cost.upstream or 0) if self.cost is not None and self.cost.is_byok else 0
