"""Reads what a server says it serves: `GET {base_url}/models`. Its failure is reported, never raised.

Tolerant of shapes: a list under `data` or `models`, or bare; context lengths by the names that servers have for them.
Knows nothing of prices: a server's own list is not where they come from.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from waystation.catalog.layers import ConfiguredModel
from waystation.errors import GatewayError
from waystation.operations.parts import JsonObject
from waystation.providers.base import Provider
from waystation.upstream.client import Client, Timeouts

LONGEST_ANSWER = 16 * 2**20
_DEADLINES = Timeouts(connect=5.0, first_byte=10.0, idle=10.0, total=20.0)
_IDS = ("id", "name", "model")
_CONTEXTS = (
    "context_length",
    "max_model_len",
    "max_context_length",
    "context_window",
    "meta.n_ctx",
    "meta.n_ctx_train",
)
_COMPLETIONS = ("max_completion_tokens", "max_output_tokens")
_OPERATIONS = {
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "rerank": "rerank",
    "reranker": "rerank",
}


class Discovery(Struct, frozen=True):
    """What a provider's own list said; `problem` is for the operator's log, and then `models` is empty."""

    models: tuple[ConfiguredModel, ...] = ()
    problem: str | None = None


async def discover(client: Client, provider: Provider, timeouts: Timeouts = _DEADLINES) -> Discovery:
    """The models of one provider, with ids `<slug>/<its own id>`."""
    try:
        await provider.prepare()
        headers = [("accept", "application/json"), *provider.authorize(provider.next_key())]
        response = await client.send("GET", provider.url_for("/models"), headers, b"", timeouts)
        try:
            body = await response.read(LONGEST_ANSWER)
        finally:
            response.close()
    except GatewayError as error:
        return Discovery(problem=error.message)
    if response.status != 200:
        return Discovery(problem=f"its list of models answered with status {response.status}")
    return read_models(provider.slug, body)


def read_models(slug: str, body: bytes) -> Discovery:
    """The models in the body of a list."""
    try:
        answer: object = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return Discovery(problem="its list of models is not JSON")
    listed = answer
    if isinstance(answer, dict):
        listed = answer.get("data", answer.get("models"))
    if not isinstance(listed, list):
        return Discovery(problem="its list of models has no list in it")
    found = {model.native_id: model for row in listed if (model := _model(slug, row)) is not None}
    return Discovery(models=tuple(found.values()))


def _model(slug: str, row: object) -> ConfiguredModel | None:
    facts: JsonObject = row if isinstance(row, dict) else {"id": row}
    native_id = next((value for key in _IDS if isinstance(value := facts.get(key), str) and value), None)
    if native_id is None:
        return None
    operation = _OPERATIONS.get(str(facts.get("type", "")).lower())
    return ConfiguredModel(
        provider=slug,
        id=f"{slug}/{native_id}",
        native_id=native_id,
        context_length=_count(facts, _CONTEXTS),
        max_completion_tokens=_count(facts, _COMPLETIONS),
        operation=operation,
        output_modalities=(operation,) if operation else None,
    )


def _count(facts: JsonObject, names: Iterable[str]) -> int | None:
    """The first of these fields that is a positive whole number; `outer.inner` looks one level down."""
    for name in names:
        outer, _, inner = name.partition(".")
        value = facts.get(outer)
        if inner:
            value = value.get(inner) if isinstance(value, dict) else None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
