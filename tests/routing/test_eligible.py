"""Contract 8.2, steps 2 to 4: which endpoints may serve, one row for each rule."""

from typing import Any

import pytest

from routing_questions import endpoint, excluded, model, plan, tags
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import PriceOverride, Pricing
from waystation.catalog.provider_facts import ProviderFacts
from waystation.operations.chat import Message, ResponseFormat, Tool
from waystation.operations.parts import Image, Text, ToolResult
from waystation.operations.preferences import MaxPrice, ProviderPreferences
from waystation.routing.access import Access

FACTS = (
    ProviderFacts("strict", "Strict AI", trains=False, retains=False, zdr=True, datacenters=("DE", "FR")),
    ProviderFacts("keeps", "Keeps", trains=False, retains=True, datacenters=("DE", "US")),
    ProviderFacts("unknown", "Unknown"),
)
POLICIES = [endpoint("strict"), endpoint("keeps"), endpoint("unknown")]
IMAGE = (Message("user", (Text("Look"), Image("https://example.com/a.png"))),)
IMAGE_RESULT = (Message("tool", (ToolResult("call_1", (Image("https://example.com/a.png"),)),)),)
WANTS = ProviderPreferences


def with_tools(tag: str, *parameters: str) -> Endpoint:
    return endpoint(tag, supported_parameters=frozenset(parameters))


@pytest.mark.parametrize(
    ("wants", "left_out"),
    [
        (WANTS(only=("a",)), {"b": "allowed_providers", "b/fp8": "allowed_providers"}),
        (WANTS(only=("B",)), {"a": "allowed_providers"}),
        (WANTS(only=("b/fp8",)), {"a": "allowed_providers", "b": "allowed_providers"}),
        (WANTS(only=("B AI",)), {"a": "allowed_providers"}),
        (WANTS(ignore=("b",)), {"b": "allowed_providers", "b/fp8": "allowed_providers"}),
        (WANTS(ignore=("b/FP8",)), {"b/fp8": "allowed_providers"}),
        (WANTS(only=("a", "b"), ignore=("a",)), {"a": "allowed_providers"}),
        (WANTS(only=(), ignore=()), {}),
    ],
)
def test_only_and_ignore_name_providers_tags_and_display_names(
    wants: ProviderPreferences, left_out: dict[str, str]
) -> None:
    endpoints = [endpoint("a"), endpoint("b"), endpoint("b/fp8")]
    assert excluded(endpoints, wants, facts=[ProviderFacts("b", "B AI")]) == left_out


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (("fp4",), ["fp4", "mxfp4", "nvfp4"]),
        (("fp8",), ["fp8", "mxfp8"]),
        (("mxfp4",), ["mxfp4"]),
        (("unknown",), ["unknown"]),
        (("int8", "bf16"), ["int8", "bf16"]),
    ],
)
def test_quantizations_match_their_families(asked: tuple[Any, ...], kept: list[str]) -> None:
    formats = (
        "int4",
        "int8",
        "fp4",
        "mxfp4",
        "nvfp4",
        "fp6",
        "fp8",
        "mxfp8",
        "fp16",
        "bf16",
        "fp32",
        "unknown",
    )
    endpoints = [endpoint(name, quantization=name) for name in formats]
    decided = plan(endpoints, WANTS(quantizations=asked), order="listed")
    assert tags(decided) == kept
    assert {left.reason for left in decided.excluded} == {"quantization"}


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (MaxPrice(prompt=1), ["cheap"]),
        (MaxPrice(prompt="3", completion="3.0"), ["cheap", "dear"]),
        (MaxPrice(completion=2.5), ["cheap"]),
        (MaxPrice(image=0.001), ["cheap", "dear", "unknown"]),
        (MaxPrice(request="0"), ["cheap", "unknown"]),
        (MaxPrice(prompt=100), ["cheap", "dear"]),
        (MaxPrice(prompt="1e9999999"), ["cheap", "dear", "unknown"]),
    ],
)
def test_max_price_is_per_million_tokens_and_refuses_unknown_prices(
    limits: MaxPrice, kept: list[str]
) -> None:
    dear = endpoint("dear", "0.000003")
    dear = endpoint(
        "dear", pricing=Pricing(dear.pricing.prompt, dear.pricing.completion, request=Pricing().discount + 1)
    )
    endpoints = [endpoint("cheap"), dear, endpoint("unknown", None)]
    assert tags(plan(endpoints, WANTS(max_price=limits))) == kept


def test_max_price_is_of_the_price_this_prompt_has() -> None:
    base = endpoint("a").pricing
    long = PriceOverride(min_prompt_tokens=100, prompt=base.prompt * 5 if base.prompt else None)
    endpoints = [
        endpoint("a", pricing=Pricing(base.prompt, base.completion, overrides=(long,))),
        endpoint("b"),
    ]
    wants = WANTS(max_price=MaxPrice(prompt=2))
    assert excluded(endpoints, wants, tokens=50) == {}
    assert excluded(endpoints, wants, tokens=500) == {"a": "max_price"}


@pytest.mark.parametrize(
    ("wants", "left_out"),
    [
        (WANTS(data_collection="allow"), {}),
        (WANTS(data_collection="deny"), dict.fromkeys(("keeps", "unknown"), "data_policy:training")),
        (WANTS(zdr=True), dict.fromkeys(("keeps", "unknown"), "data_policy:zdr")),
        (WANTS(zdr=False), {}),
    ],
)
def test_an_unknown_data_policy_is_training_and_retention(
    wants: ProviderPreferences, left_out: dict[str, str]
) -> None:
    assert excluded(POLICIES, wants, facts=FACTS) == left_out


@pytest.mark.parametrize(
    ("access", "left_out"),
    [
        (Access(only=("keeps",)), dict.fromkeys(("strict", "unknown"), "allowed_providers")),
        (Access(ignore=("Strict AI",)), {"strict": "allowed_providers"}),
        (Access(zdr=True), dict.fromkeys(("keeps", "unknown"), "data_policy:zdr")),
        (Access(regions=frozenset({"DE", "FR"})), dict.fromkeys(("keeps", "unknown"), "data_region")),
        (Access(paid_training=False), {"unknown": "data_policy:training"}),
        (Access(free_training=False), {}),
        (
            Access(models=frozenset({"acme/m2"})),
            dict.fromkeys(("strict", "keeps", "unknown"), "allowed_models"),
        ),
        (Access(models=frozenset({"acme/m1"})), {}),
    ],
)
def test_an_account_limits_what_its_requests_cannot_relax(access: Access, left_out: dict[str, str]) -> None:
    wants = WANTS(zdr=False, data_collection="allow")
    assert excluded(POLICIES, wants, facts=FACTS, situation={"access": access}) == left_out


def test_what_is_given_away_may_train_unless_nothing_is_kept() -> None:
    endpoints = [endpoint("strict", "0"), endpoint("keeps", "0"), endpoint("keeps/paid")]
    assert excluded(endpoints, facts=FACTS, situation={"access": Access(free_training=False)}) == {
        "keeps": "data_policy:training"
    }


def test_free_training_is_a_rule_of_its_own() -> None:
    endpoints = [endpoint("a", "0"), endpoint("b")]
    assert excluded(endpoints, situation={"access": Access(free_training=False)}) == {
        "a": "data_policy:training"
    }
    assert excluded(endpoints, situation={"access": Access(paid_training=False)}) == {
        "b": "data_policy:training"
    }


@pytest.mark.parametrize(
    ("open_weights", "left_out"), [(True, {}), (False, {"a": "distillable"}), (None, {"a": "distillable"})]
)
def test_distillable_models_are_those_of_open_weights(open_weights: object, left_out: dict[str, str]) -> None:
    asked = model(endpoint("a"), open_weights=open_weights)
    assert excluded(asked, WANTS(enforce_distillable_text=True)) == left_out


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"messages": IMAGE}, {"a": "modality"}),
        ({"messages": IMAGE_RESULT}, {"a": "modality"}),
        ({"modalities": ("text", "image")}, {"a": "modality"}),
        ({"modalities": ("text",)}, {}),
        ({"tokens": 5_000}, {"a": "context_length"}),
        ({"tokens": 1_000}, {}),
        ({"max_tokens": 101}, {"a": "context_length"}),
        ({"max_tokens": 100}, {}),
    ],
)
def test_what_is_asked_must_be_within_an_endpoints_reach(
    fields: dict[str, Any], left_out: dict[str, str]
) -> None:
    small = endpoint("a", context_length=1_000, max_completion_tokens=100)
    large = endpoint("b", input_modalities=("text", "image"), output_modalities=("text", "image"))
    assert excluded([small, large], **fields) == left_out


def test_a_limit_on_the_prompt_is_one_on_what_fits() -> None:
    endpoints = [
        endpoint("a", context_length=10_000, max_prompt_tokens=100),
        endpoint("b", context_length=10_000),
    ]
    assert excluded(endpoints, tokens=101) == {"a": "context_length"}
    assert excluded(endpoints, tokens=100) == {}


def test_required_parameters_are_those_that_were_sent() -> None:
    endpoints = [with_tools("a", "temperature", "seed"), with_tools("b", "temperature")]
    sent = frozenset({"temperature", "seed"})
    assert excluded(endpoints, WANTS(require_parameters=True), sent=sent) == {"b": "require_parameters"}
    assert excluded(endpoints, WANTS(require_parameters=False), sent=sent) == {}


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"tools": (Tool("f"),)}, "tools"),
        ({"response_format": ResponseFormat("json_object")}, "response_format"),
        ({"verbosity": "low"}, "verbosity"),
    ],
)
def test_endpoints_that_know_a_parameter_are_preferred_where_any_does(
    fields: dict[str, Any], parameter: str
) -> None:
    assert excluded([with_tools("a"), with_tools("b", parameter)], **fields) == {"a": "preferred_parameters"}
    assert excluded([with_tools("a"), with_tools("b")], **fields) == {}, "the parameter is dropped instead"


def test_a_preferred_parameter_never_brings_back_what_a_filter_removed() -> None:
    endpoints = [with_tools("a"), with_tools("b", "tools")]
    assert tags(plan(endpoints, WANTS(ignore=("b",)), tools=(Tool("f"),))) == ["a"]


TIERED = model(
    endpoint("a"),
    endpoint("b", "0.000002"),
    tiers=[
        endpoint("a/flex", "0.0000005", service_tier="flex"),
        endpoint("a/priority", "0.000002", service_tier="priority"),
    ],
)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({}, ["a", "b"]),
        ({"service_tier": "auto"}, ["a", "b"]),
        ({"service_tier": "default"}, ["a", "b"]),
        ({"service_tier": "flex"}, ["a/flex"]),
        ({"service_tier": "priority"}, ["a/priority", "a", "b"]),
        ({"candidate": {"sort": "price", "tier": "flex"}}, ["a/flex", "a", "b"]),
        ({"candidate": {"sort": "price", "tier": "flex"}, "service_tier": "default"}, ["a", "b"]),
        ({"candidate": {"tier": "flex"}, "wants": WANTS(order=("b",))}, ["b", "a"]),
        ({"service_tier": "priority", "wants": WANTS(ignore=("A",))}, ["b"]),
        ({"service_tier": "priority", "wants": WANTS(ignore=("a/priority",))}, ["a", "b"]),
        ({"wants": WANTS(order=("a/flex",))}, ["a/flex", "a", "b"]),
        ({"wants": WANTS(only=("A/Priority",))}, ["a/priority"]),
        ({"wants": WANTS(only=("a",))}, ["a"]),
    ],
)
def test_tier_endpoints_serve_only_those_who_ask(fields: dict[str, Any], kept: list[str]) -> None:
    assert tags(plan(TIERED, **fields)) == kept


def test_flex_falls_back_to_the_ordinary_where_no_such_tier_exists() -> None:
    assert tags(plan([endpoint("a"), endpoint("b")], service_tier="flex")) == ["a", "b"]
