"""The defaults that every provider has."""

from waystation.catalog.endpoint import Endpoint
from waystation.providers.base import Configuration, Provider, Secret
from waystation.providers.manners import Manners


class Acme(Provider):
    slug = "acme"
    name = "Acme"
    base_url = "https://acme.example/v1"
    key_variables = ("ACME_API_KEY",)
    auth = "x-api-key"
    headers = (("X-Version", "1"),)
    manners = Manners(reasoning_field="reasoning_content", max_tokens_field="max_completion_tokens")


def endpoint(native_id: str = "m1") -> Endpoint:
    return Endpoint(
        model_id="acme/m1",
        provider="acme",
        tag="acme",
        native_id=native_id,
        supported_parameters=frozenset({"seed"}),
        max_completion_tokens=100,
    )


def test_a_target_carries_the_endpoints_and_the_providers_facts() -> None:
    target = Acme().target(endpoint())

    assert target.native_id == "m1"
    assert target.supported_parameters == {"seed"}
    assert target.max_completion_tokens == 100
    assert target.reasoning_field == "reasoning_content"
    assert target.max_tokens_field == "max_completion_tokens"


def test_a_target_is_kept_until_the_endpoint_is_replaced() -> None:
    provider, first = Acme(), endpoint()

    assert provider.target(first) is provider.target(first)
    assert provider.target(endpoint("m2")).native_id == "m2"


def test_a_key_goes_into_the_header_the_provider_wants() -> None:
    provider = Acme(Configuration(keys=(Secret("fake"),)))

    assert provider.authorize(provider.next_key()) == [("x-version", "1"), ("x-api-key", "fake")]


def test_the_protocol_of_an_endpoint_is_its_dialect() -> None:
    other = Endpoint(model_id="a/b", provider="acme", tag="acme", native_id="b", protocol="openai_responses")

    assert Acme().dialect_for(other) == "openai_responses"
    assert Acme().dialect_for(endpoint()) == "openai_chat"


def test_a_request_that_nothing_is_done_to_makes_no_amendment() -> None:
    assert Acme().amend_request({"model": "m1"}, endpoint()) is None
