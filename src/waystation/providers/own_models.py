"""Models that the operator lists under a provider's row, as a layer of the catalogue."""

from waystation.catalog.layers import Json, Layer, Row
from waystation.settings import ModelSettings, Settings

_OPERATIONS = ("embeddings", "rerank")
"""What a model that puts out such a thing is asked for; any other chats."""
LAYER = "configuration"


def own_models(settings: Settings) -> Layer:
    """Every `models` entry of every `[providers.*]` row; prices are exact, those not given stay unknown."""
    rows = tuple(
        _row(slug, model)
        for slug, said in settings.providers.items()
        if said.enabled
        for model in said.models
    )
    return Layer(LAYER, rows)


def _row(slug: str, model: ModelSettings) -> Row:
    pricing: Row = {name: str(price) for name, price in model.prices().items()}
    row: Row = {
        "id": model.id,
        "provider": slug,
        "native_id": model.native_id,
        "input_modalities": _words(model.input_modalities),
        "output_modalities": _words(model.output_modalities),
    }
    optional: Row = {
        "name": model.name,
        "context_length": model.context_length,
        "max_completion_tokens": model.max_completion_tokens,
        "pricing": pricing or None,
        "supported_parameters": _words(model.supported_parameters) if model.supported_parameters else None,
    }
    optional["operation"] = next((word for word in model.output_modalities if word in _OPERATIONS), None)
    return row | {key: value for key, value in optional.items() if value is not None}


def _words(words: tuple[str, ...]) -> Json:
    return list(words)
