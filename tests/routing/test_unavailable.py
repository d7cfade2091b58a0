"""Contract 2.4: what is said when nothing may serve. The two codes of failed attempts are the pipeline's own."""

from typing import Any

import pytest

from routing_questions import HELLO, NOW, endpoint, model, plan, question
from waystation.catalog.index import Catalog
from waystation.catalog.provider_facts import ProviderFacts
from waystation.errors import Availability, ModelUnavailable
from waystation.operations.chat import ChatRequest
from waystation.operations.preferences import MaxPrice, ProviderPreferences
from waystation.routing.access import Access
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate, Question
from waystation.routing.prompt import PromptSize
from waystation.routing.select import select

WANTS = ProviderPreferences


def refusal(*args: Any, **named: Any) -> tuple[ModelUnavailable, Availability]:
    with pytest.raises(ModelUnavailable) as caught:
        plan(*args, **named)
    assert caught.value.availability is not None
    assert not caught.value.availability.retryable
    return caught.value, caught.value.availability


@pytest.mark.parametrize(
    ("fields", "excluded_by", "field"),
    [
        ({"wants": WANTS(only=("b",))}, ("allowed_providers",), "provider.only"),
        ({"wants": WANTS(ignore=("a",))}, ("allowed_providers",), "provider.ignore"),
        ({"wants": WANTS(quantizations=("fp4",))}, ("quantization",), "provider.quantizations"),
        ({"wants": WANTS(max_price=MaxPrice(prompt=0.1))}, ("max_price",), "provider.max_price"),
        (
            {"wants": WANTS(require_parameters=True), "sent": frozenset({"seed"})},
            ("require_parameters",),
            "provider.require_parameters",
        ),
        ({"wants": WANTS(enforce_distillable_text=True)}, (), "provider.enforce_distillable_text"),
        ({"tokens": 5_000}, ("context_length",), "messages"),
        ({"max_tokens": 5_000}, ("context_length",), "max_tokens"),
        ({"modalities": ("audio",)}, (), "messages"),
    ],
)
def test_a_filter_that_leaves_nothing_is_named(
    fields: dict[str, Any], excluded_by: tuple[str, ...], field: str
) -> None:
    error, availability = refusal([endpoint("a", context_length=1_000, max_completion_tokens=100)], **fields)
    assert (error.status, error.error_type) == (404, "not_found")
    assert (availability.code, availability.excluded_by) == ("constraint_filtered", excluded_by)
    assert availability.constraint is not None
    assert availability.constraint.field == field


def test_all_filters_are_told_and_the_constraint_is_the_last_ones() -> None:
    endpoints = [endpoint("a", "0.1"), endpoint("b", quantization="fp8")]
    _, availability = refusal(endpoints, WANTS(ignore=("b",), max_price=MaxPrice(prompt=1)))
    assert availability.excluded_by == ("allowed_providers", "max_price")
    assert availability.constraint is not None
    assert availability.constraint.field == "provider.max_price"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"wants": WANTS(zdr=True)}, "data_policy:zdr"),
        ({"wants": WANTS(data_collection="deny")}, "data_policy:training"),
        ({"situation": {"access": Access(zdr=True)}}, "data_policy:zdr"),
    ],
)
def test_data_policies_have_a_code_of_their_own(fields: dict[str, Any], reason: str) -> None:
    error, availability = refusal([endpoint("a")], **fields)
    assert error.status == 404
    assert (availability.code, availability.excluded_by) == ("privacy_restricted", (reason,))


def test_a_region_is_a_403() -> None:
    facts = [ProviderFacts("a", "A", datacenters=("US",))]
    error, availability = refusal(
        [endpoint("a")], facts=facts, situation={"access": Access(regions=frozenset({"DE"}))}
    )
    assert (error.status, error.error_type) == (403, "permission_denied")
    assert (availability.code, availability.excluded_by) == ("region_restricted", ("data_region",))


def test_a_model_of_another_operation_is_the_wrong_endpoint() -> None:
    error, availability = refusal([endpoint("a", operation="embeddings")])
    assert (error.status, availability.code) == (400, "wrong_endpoint")
    assert availability.constraint is not None


def test_the_requested_models_are_all_named() -> None:
    two = (model(endpoint("a")), model(endpoint("a", model="acme/m2")))
    _, availability = refusal(two, WANTS(only=("b",)))
    assert availability.requested_models == ("acme/m1", "acme/m2")


def nothing_callable(known: dict[str, str], *tags: str, callable_model: str = "") -> Question:
    asked = model(*(endpoint(tag, model="x-ai/g") for tag in tags))
    other = model(endpoint("z", model="x-ai/h"))
    offers = Offers(Catalog([asked, other]), lambda e: e.model_id == callable_model, "price", {}, known.get)
    request = ChatRequest("openai_chat", "x-ai/g", HELLO)
    return Question(request, (Candidate(asked, "direct"),), PromptSize(4, lambda: 1), offers, 1, NOW)


def test_nothing_configured_says_what_to_set_the_authors_own_provider_first() -> None:
    known = {"azure": "set AZURE", "xai": "set XAI"}
    with pytest.raises(ModelUnavailable, match=r"set XAI set AZURE$") as caught:
        select(nothing_callable(known, "amazon", "azure", "xai"))
    availability = caught.value.availability
    assert availability is not None
    assert (caught.value.status, availability.code) == (404, "no_endpoints")
    assert availability.affected_providers == ("amazon", "azure", "xai")


def test_models_of_the_same_author_that_can_be_called_are_offered_instead() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        select(nothing_callable({}, "xai", callable_model="x-ai/h"))
    assert caught.value.availability is not None
    assert caught.value.availability.fallback_models == ("x-ai/h",)


def test_providers_that_nobody_can_configure_are_named() -> None:
    with pytest.raises(ModelUnavailable, match="cannot call its providers yet: xai, amazon, azure"):
        select(nothing_callable({}, "amazon", "azure", "xai"))


def test_a_prompt_whose_bytes_fit_is_not_estimated() -> None:
    def never() -> int:
        raise AssertionError("estimated for nothing")

    assert PromptSize(100, never).fits(100)
    assert not PromptSize(100, lambda: 26).fits(25)
    assert question([endpoint("a")]).prompt.tokens == 10
