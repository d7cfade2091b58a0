"""What a caller wants of routing: the `provider` object (contract section 8.1, spec schema `ProviderPreferences`)."""

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

OrderBy: TypeAlias = Literal["price", "throughput", "latency", "exacto"]
Quantization: TypeAlias = Literal[
    "int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown"
]
Price: TypeAlias = float | Annotated[str, Meta(pattern=r"^\d+(\.\d+)?([eE][-+]?\d+)?$")] | None
"""A number, or a numeric string (contract 8.1)."""
LONGEST_NAME: Final = 256
Name: TypeAlias = Annotated[str, Meta(max_length=LONGEST_NAME)]
"""What a caller calls a model, a provider or an endpoint: it is kept with the generation, so it has an end."""
ModelNames: TypeAlias = Annotated[list[Name], Meta(max_length=128)]
"""Fallbacks, each of which is planned for."""
ProviderNames: TypeAlias = Annotated[tuple[Name, ...], Meta(max_length=256)]


class Percentiles(Struct, frozen=True):
    """Cut-offs for the percentiles of a five-minute window."""

    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None


class Sort(Struct, frozen=True):
    """An explicit order of endpoints, None for the default; partition `none` makes one group of all models."""

    by: OrderBy | None = None
    partition: Literal["model", "none"] | None = None


class MaxPrice(Struct, frozen=True):
    """Hard limits: prompt and completion in USD per million tokens, the others in USD each."""

    prompt: Price = None
    completion: Price = None
    request: Price = None
    image: Price = None
    audio: Price = None


class ProviderPreferences(Struct, frozen=True):
    """The `provider` object of a request. Absent means no preference."""

    order: ProviderNames | None = None
    only: ProviderNames | None = None
    ignore: ProviderNames | None = None
    allow_fallbacks: bool | None = None
    require_parameters: bool | None = None
    data_collection: Literal["allow", "deny"] | None = None
    zdr: bool | None = None
    enforce_distillable_text: bool | None = None
    quantizations: tuple[Quantization, ...] | None = None
    sort: OrderBy | Sort | None = None
    max_price: MaxPrice | None = None
    preferred_min_throughput: float | Percentiles | None = None
    preferred_max_latency: float | Percentiles | None = None
