"""One model at one provider: price, limits and abilities. Knows no address and no key; those are the provider's."""

from msgspec import Struct

from waystation.catalog.pricing import Pricing

OPERATIONS = ("chat", "completions", "embeddings", "rerank", "images", "speech", "transcription")


class Endpoint(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One offer. `tag` is unique within the model and is the provider's slug, or `slug/suffix` (contract 8.1).

    `protocol` names the dialect where it is not the provider's default, such as `openai_responses`.
    `supported_parameters` are what may be sent: spec `Parameter` words.
    """

    model_id: str
    provider: str
    tag: str
    native_id: str
    operation: str = "chat"
    protocol: str | None = None
    context_length: int | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    quantization: str = "unknown"
    pricing: Pricing = Pricing()
    supported_parameters: frozenset[str] = frozenset()
    input_modalities: tuple[str, ...] = ("text",)
    output_modalities: tuple[str, ...] = ("text",)
    supports_implicit_caching: bool = False
    service_tier: str | None = None
    status: int = 0
