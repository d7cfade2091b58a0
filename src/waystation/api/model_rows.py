"""Catalogue rows in the published shapes: spec `Model`, `PublicEndpoint`, `PublicPricing`. Facts only, no descriptions.

A price that is unknown is "-1", as OpenRouter writes one that varies: both keys are required, and "0" would be a lie.
"""

from decimal import Decimal

import msgspec

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.model import Model
from waystation.catalog.pricing import OVERRIDABLE, RATE_NAMES, Pricing
from waystation.operations.parts import JsonObject
from waystation.routing.figures import Statistics
from waystation.routing.standing import Quantiles

UNKNOWN = "-1"
PARAMETERS = frozenset(
    [
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "top_a",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "max_tokens",
        "max_completion_tokens",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "prediction",
        "seed",
        "response_format",
        "structured_outputs",
        "stop",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "include_reasoning",
        "reasoning",
        "reasoning_effort",
        "web_search_options",
        "verbosity",
    ]
)
"""The words of the spec's `Parameter`; clients validate against them."""
_PUBLIC_RATES = tuple(name for name in RATE_NAMES if name not in ("search_unit", "character", "second"))


def model_row(model: Model, top: Endpoint | None) -> JsonObject:
    """One entry of `GET /models`; `top` is the endpoint that its price and limits are taken from."""
    pricing = top.pricing if top is not None else Pricing()
    row: JsonObject = {
        "id": model.id,
        "canonical_slug": model.canonical_slug,
        "name": model.name,
        "created": model.created or 0,
        "description": "",
        "context_length": model.context_length,
        "hugging_face_id": model.hugging_face_id,
        "architecture": architecture(model),
        "pricing": price_row(pricing),
        "top_provider": {
            "context_length": top.context_length if top is not None else model.context_length,
            "max_completion_tokens": top.max_completion_tokens if top is not None else None,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": [name for name in model.supported_parameters if name in PARAMETERS],
        "default_parameters": _defaults(model),
        "supported_voices": list(model.supported_voices) if model.supported_voices is not None else None,
        "knowledge_cutoff": model.knowledge_cutoff,
        "expiration_date": model.expiration_date,
        "links": {"details": f"/api/v1/models/{model.id}/endpoints"},
    }
    if model.reasoning is not None:
        row["reasoning"] = {"mandatory": model.reasoning.mandatory, **msgspec.to_builtins(model.reasoning)}
    return row


def endpoint_row(
    model: Model,
    endpoint: Endpoint,
    provider_name: str,
    *,
    configured: bool,
    measured: Statistics,
    figures: bool,
) -> JsonObject:
    """One entry of a model's endpoints. Measured figures are null until there are measurements.

    `figures`: latency (ms) and throughput (tokens a second), which only callers with a key are shown (contract 1).
    """
    return {
        "name": f"{provider_name} | {model.canonical_slug}",
        "model_id": model.canonical_slug,
        "model_name": model.name,
        "provider_name": provider_name,
        "tag": endpoint.tag,
        "context_length": endpoint.context_length or model.context_length or 0,
        "max_completion_tokens": endpoint.max_completion_tokens,
        "max_prompt_tokens": endpoint.max_prompt_tokens,
        "quantization": endpoint.quantization,
        "pricing": price_row(endpoint.pricing),
        "supported_parameters": sorted(endpoint.supported_parameters & PARAMETERS),
        "supports_implicit_caching": endpoint.supports_implicit_caching,
        "supports_tool_choice": _tool_choice(endpoint),
        "supports_diarization": False,
        "native_tools": {},
        "service_tier": endpoint.service_tier,
        "status": endpoint.status,
        "latency_last_30m": _percentiles(measured.latency_30m, 1000) if figures else None,
        "throughput_last_30m": _percentiles(measured.throughput_30m, 1) if figures else None,
        "uptime_last_5m": _percent(measured.uptime_5m),
        "uptime_last_30m": _percent(measured.uptime_30m),
        "uptime_last_1d": _percent(measured.uptime_1d),
        "configured": configured,
    }


def _percentiles(quantiles: Quantiles | None, unit: int) -> JsonObject | None:
    if quantiles is None:
        return None
    named = (("p50", quantiles.p50), ("p75", quantiles.p75), ("p90", quantiles.p90), ("p99", quantiles.p99))
    return {name: round(value * unit, 2) for name, value in named}


def _percent(uptime: float | None) -> float | None:
    return None if uptime is None else round(uptime, 2)


def architecture(model: Model) -> JsonObject:
    """What goes in and what comes out."""
    return {
        "modality": f"{'+'.join(model.input_modalities)}->{'+'.join(model.output_modalities)}",
        "input_modalities": list(model.input_modalities),
        "output_modalities": list(model.output_modalities),
        "tokenizer": model.tokenizer,
        "instruct_type": model.instruct_type,
    }


def price_row(pricing: Pricing) -> JsonObject:
    """USD per unit as decimal strings, those that are known; prompt and completion always."""
    row: JsonObject = {"prompt": UNKNOWN, "completion": UNKNOWN}
    for name in _PUBLIC_RATES:
        rate = getattr(pricing, name)
        if rate is not None:
            row[name] = plain(rate)
    if pricing.discount:
        row["discount"] = float(pricing.discount)
    if pricing.overrides:
        row["overrides"] = [
            {
                **{key: value for key in ("min_prompt_tokens", "utc_start", "utc_end")
                   if (value := getattr(override, key)) is not None},
                **{key: plain(rate) for key in OVERRIDABLE if (rate := getattr(override, key)) is not None},
            }
            for override in pricing.overrides
        ]  # fmt: skip
    return row


def _tool_choice(endpoint: Endpoint) -> JsonObject:
    """Which values of `tool_choice` the endpoint takes; a key that newer official SDKs require."""
    tools = "tools" in endpoint.supported_parameters
    chosen = tools and "tool_choice" in endpoint.supported_parameters
    return {"auto": tools, "none": chosen, "required": chosen, "function": chosen}


def plain(rate: Decimal) -> str:
    """A decimal without exponent or trailing zeros: `0.0000025`, `0`."""
    text = format(rate, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _defaults(model: Model) -> JsonObject | None:
    if model.default_parameters is None:
        return None
    values: JsonObject = msgspec.to_builtins(model.default_parameters)
    return values
