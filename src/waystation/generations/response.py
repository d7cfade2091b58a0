"""A generation as `GET /generation` shows it: the keys, types and units of spec schema `GenerationResponse`."""

from datetime import UTC, datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from waystation.generations.record import ApiType, GenerationRecord, ProviderResponse
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost, Usage

_NANO = 1_000_000_000
_NO_USAGE = Usage()
_NO_COST = Cost(0, 0, 0, None)


class ProviderResponseData(Struct, frozen=True):
    """Spec `ProviderResponse`; `latency` is milliseconds."""

    status: int | None
    provider_name: str
    endpoint_id: str
    is_byok: bool
    latency: float
    id: str | UnsetType = UNSET
    model_permaslug: str | UnsetType = UNSET
    routed_service_tier: str | UnsetType = UNSET


class GenerationData(Struct, frozen=True, kw_only=True):
    """Spec `GenerationResponse.data`: all keys always, null where we do not know. Durations are ms, money is USD."""

    id: str
    created_at: str
    model: str
    origin: str
    total_cost: float
    usage: float
    is_byok: bool
    data_region: Literal["global"] = "global"
    api_type: ApiType
    app_id: int | None = None
    cache_discount: float | None
    cancelled: bool
    external_user: str | None
    finish_reason: str | None
    native_finish_reason: str | None
    generation_time: int | None
    latency: int | None
    moderation_latency: int | None
    http_referer: str | None
    user_agent: str | None
    provider_name: str | None
    provider_responses: list[ProviderResponseData]
    preset_id: str | None
    router: str | None
    service_tier: str | None
    streamed: bool
    tokens_prompt: int | None
    tokens_completion: int | None
    native_tokens_prompt: int | None
    native_tokens_completion: int | None
    native_tokens_reasoning: int | None
    native_tokens_cached: int | None
    native_tokens_completion_images: int | None
    num_media_prompt: int | None
    num_media_completion: int | None
    num_input_audio_prompt: int | None
    num_search_results: int | None
    num_fetches: int | None
    web_search_engine: str | None
    upstream_id: str | None
    upstream_inference_cost: float | None
    workspace_id: str | None
    request_id: str | None
    session_id: str | None
    response_cache_source_id: str | None
    route: dict[str, object] | UnsetType = UNSET
    """Ours: the routing decision explained, as `POST /route` does it."""
    metadata: dict[str, str] | UnsetType = UNSET
    trace: JsonObject | UnsetType = UNSET
    app_title: str | UnsetType = UNSET
    """Ours, where the request said them."""
    cost_unknown: bool | UnsetType = UNSET
    """Ours, and only there when true: nobody knows what this cost, so the 0 of `total_cost` says nothing."""
    estimated: bool | UnsetType = UNSET
    """Ours, and only there when true: the provider reported no usage, the counters are what was made, as we counted it."""


class GenerationResponse(Struct, frozen=True):
    """The body of `GET /generation`."""

    data: GenerationData


def response_of(record: GenerationRecord) -> GenerationResponse:
    """The body for one record. An unknown cost shows as 0 with `cost_unknown`, since the spec wants a number."""
    usage, cost = record.usage or _NO_USAGE, record.cost or _NO_COST
    known = record.usage is not None
    charged = record.charged / _NANO
    data = GenerationData(
        id=record.id,
        created_at=datetime.fromtimestamp(record.created_at / 1000, UTC).isoformat(timespec="milliseconds"),
        model=record.model,
        origin=record.http_referer or "",
        total_cost=charged,
        usage=charged,
        is_byok=cost.is_byok,
        api_type=record.api_type,
        cache_discount=_usd(record.cache_discount),
        cancelled=record.cancelled,
        external_user=record.user,
        finish_reason=record.finish_reasons[0] if record.finish_reasons else None,
        native_finish_reason=record.native_finish_reasons[0] if record.native_finish_reasons else None,
        generation_time=record.generation_time,
        latency=record.latency,
        moderation_latency=record.moderation_latency,
        http_referer=record.http_referer,
        user_agent=record.user_agent,
        provider_name=record.provider_name,
        provider_responses=[_provider_response(attempt) for attempt in record.attempts],
        preset_id=record.preset_id,
        router=record.router,
        service_tier=record.service_tier,
        streamed=record.streamed,
        tokens_prompt=usage.prompt_tokens if known else None,
        tokens_completion=usage.completion_tokens if known else None,
        native_tokens_prompt=usage.prompt_tokens if known else None,
        native_tokens_completion=usage.completion_tokens if known else None,
        native_tokens_reasoning=usage.reasoning_tokens if known else None,
        native_tokens_cached=usage.cached_tokens if known else None,
        native_tokens_completion_images=usage.image_completion_tokens if known else None,
        num_media_prompt=record.num_media_prompt,
        num_media_completion=record.num_media_completion,
        num_input_audio_prompt=record.num_input_audio_prompt,
        num_search_results=record.num_search_results,
        num_fetches=record.num_fetches or (0 if known else None),
        web_search_engine=record.web_search_engine,
        upstream_id=record.upstream_id,
        upstream_inference_cost=_usd(record.upstream),
        workspace_id=record.workspace_id,
        request_id=record.request_id or record.id.replace("gen-", "req-", 1),
        session_id=record.session_id,
        response_cache_source_id=record.response_cache_source_id,
        metadata=UNSET if record.metadata is None else record.metadata,
        trace=UNSET if record.trace is None else record.trace,
        app_title=UNSET if record.app_title is None else record.app_title,
        cost_unknown=record.cost_unknown or UNSET,
        estimated=record.estimated or UNSET,
    )
    return GenerationResponse(data)


def _provider_response(attempt: ProviderResponse) -> ProviderResponseData:
    return ProviderResponseData(
        attempt.status,
        attempt.provider_name,
        attempt.endpoint_id,
        attempt.is_byok,
        attempt.latency,
        id=UNSET if attempt.id is None else attempt.id,
        model_permaslug=UNSET if attempt.model_permaslug is None else attempt.model_permaslug,
        routed_service_tier=UNSET if attempt.routed_service_tier is None else attempt.routed_service_tier,
    )


def _usd(nano: int | None) -> float | None:
    return None if nano is None else nano / _NANO
