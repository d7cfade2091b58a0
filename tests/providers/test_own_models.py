"""What the operator lists, and what a server lists of itself, laid over a catalogue."""

from decimal import Decimal

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.layers import Layer, configured_layer, overlay
from waystation.catalog.model import Model
from waystation.providers.discover import read_models
from waystation.providers.own_models import own_models
from waystation.settings import ModelSettings, ProviderSettings, Settings


def settings(model: ModelSettings, *, enabled: bool = True) -> Settings:
    row = ProviderSettings(base_url="http://10.0.0.5:8000/v1", models=(model,), enabled=enabled)
    return Settings(providers={"mine": row})


def endpoints(layer: Layer, model_id: str, *known: Model) -> tuple[Endpoint, ...]:
    found = overlay(Catalog(known), [layer]).resolve(model_id)
    assert found is not None
    return found.model.endpoints


def test_a_listed_model_is_offered_with_its_exact_prices() -> None:
    model = ModelSettings(
        id="acme/m1",
        native_id="m1",
        context_length=32768,
        prompt="0.0000001",
        input_cache_read="0",
        second="0.1",
    )

    (endpoint,) = endpoints(own_models(settings(model)), "acme/m1")

    assert (endpoint.provider, endpoint.tag, endpoint.native_id) == ("mine", "mine", "m1")
    assert endpoint.context_length == 32768
    assert endpoint.pricing.prompt == Decimal("0.0000001")
    assert endpoint.pricing.input_cache_read == 0
    assert endpoint.pricing.second == Decimal("0.1")
    assert endpoint.pricing.completion is None


def test_a_listed_model_that_is_known_gets_one_more_endpoint() -> None:
    known = Model(
        id="acme/m1",
        canonical_slug="acme/m1",
        name="M1",
        author="acme",
        endpoints=(Endpoint(model_id="acme/m1", provider="groq", tag="groq", native_id="m1"),),
    )

    offered = endpoints(
        own_models(settings(ModelSettings(id="acme/m1", native_id="local-m1"))), "acme/m1", known
    )

    assert {endpoint.tag: endpoint.native_id for endpoint in offered} == {"groq": "m1", "mine": "local-m1"}


def test_a_provider_that_is_off_lists_nothing() -> None:
    assert own_models(settings(ModelSettings(id="acme/m1"), enabled=False)).models == ()


def test_a_discovered_model_is_found_by_its_id_even_with_slashes_and_colons() -> None:
    layer = configured_layer(read_models("mine", b'[{"id":"qwen/qwen3:8b","max_model_len":4096}]').models)

    (endpoint,) = endpoints(layer, "mine/qwen/qwen3:8b")

    assert endpoint.native_id == "qwen/qwen3:8b"
    assert endpoint.context_length == 4096
    assert endpoint.pricing.prompt is None
    assert "tools" in endpoint.supported_parameters


def test_a_discovered_embedding_model_is_no_chat_model() -> None:
    layer = configured_layer(read_models("mine", b'[{"id":"bge","type":"embedding"}]').models)

    assert [endpoint.operation for endpoint in endpoints(layer, "mine/bge")] == ["embeddings"]
