"""What a caller wants of routing: the `provider` object (contract section 8.1, spec schema `ProviderPreferences`)."""

from msgspec import Struct


class Percentiles(Struct, frozen=True):
    """Cut-offs for the percentiles of a five-minute window."""

    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None


class Sort(Struct, frozen=True):
    """An explicit order of endpoints: by price, throughput, latency or exacto; partition model or none."""

    by: str
    partition: str | None = None


class MaxPrice(Struct, frozen=True):
    """Hard limits: prompt and completion in USD per million tokens, the others in USD each."""

    prompt: float | str | None = None
    completion: float | str | None = None
    request: float | str | None = None
    image: float | str | None = None
    audio: float | str | None = None


class ProviderPreferences(Struct, frozen=True):
    """The `provider` object of a request. Absent means no preference."""

    order: tuple[str, ...] | None = None
    only: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    allow_fallbacks: bool | None = None
    require_parameters: bool | None = None
    data_collection: str | None = None
    zdr: bool | None = None
    enforce_distillable_text: bool | None = None
    quantizations: tuple[str, ...] | None = None
    sort: str | Sort | None = None
    max_price: MaxPrice | None = None
    preferred_min_throughput: float | Percentiles | None = None
    preferred_max_latency: float | Percentiles | None = None
