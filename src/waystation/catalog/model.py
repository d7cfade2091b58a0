"""What users ask for: `author/name`, its abilities, and the endpoints that serve it. Facts only, no descriptions."""

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint


class Reasoning(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a model's reasoning is steered (spec `ModelReasoning`); efforts of None mean any."""

    mandatory: bool = False
    supported_efforts: tuple[str, ...] | None = None
    default_effort: str | None = None
    default_enabled: bool | None = None
    supports_max_tokens: bool = False


class DefaultParameters(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the model's maker recommends where the caller says nothing (spec `DefaultParameters`)."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None


class Model(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One row of the catalogue. `created` is Unix seconds, dates are `YYYY-MM-DD`; None is unknown.

    `endpoints` are the ordinary offers. `tier_endpoints` (`openai/flex`, `openai/priority`) are only for requests that
    ask for a tier (contract 18). `tokenizer` is a word of the spec's `ModelGroup`.
    """

    id: str
    canonical_slug: str
    name: str
    author: str
    created: int | None = None
    context_length: int | None = None
    hugging_face_id: str | None = None
    input_modalities: tuple[str, ...] = ("text",)
    output_modalities: tuple[str, ...] = ("text",)
    tokenizer: str = "Other"
    instruct_type: str | None = None
    knowledge_cutoff: str | None = None
    expiration_date: str | None = None
    reasoning: Reasoning | None = None
    supported_parameters: tuple[str, ...] = ()
    default_parameters: DefaultParameters | None = None
    supported_voices: tuple[str, ...] | None = None
    open_weights: bool | None = None
    endpoints: tuple[Endpoint, ...] = ()
    tier_endpoints: tuple[Endpoint, ...] = ()
