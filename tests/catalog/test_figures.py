"""The facts that this version ships with: how many, how sound, and the prices of which a mistake would be dear."""

import re
import time
from decimal import Decimal
from pathlib import Path

import pytest

from waystation.catalog.endpoint import OPERATIONS, Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.load import DATA, load, load_packaged
from waystation.catalog.packed import catalog_of, decode_packed, encode_packed
from waystation.catalog.pricing import RATE_NAMES

SPEC_EFFORTS = {"max", "xhigh", "high", "medium", "low", "minimal", "none"}
SPEC_QUANTIZATIONS = {
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
}
SPEC_PARAMETERS = {
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "max_tokens",
    "max_completion_tokens",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "prediction",
    "seed",
    "response_format",
    "structured_outputs",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "include_reasoning",
    "reasoning",
    "reasoning_effort",
    "web_search_options",
    "verbosity",
}
SPEC_INPUTS = {"text", "image", "file", "audio", "video"}
SPEC_OUTPUTS = {"text", "image", "embeddings", "audio", "video", "rerank", "speech", "transcription"}
OPERATION_OUTPUT = {"embeddings": "embeddings", "rerank": "rerank", "images": "image"}
OPERATION_OUTPUT |= {"speech": "speech", "transcription": "transcription"}


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load()


def endpoints(catalog: Catalog) -> list[Endpoint]:
    return [endpoint for model in catalog.models for endpoint in (*model.endpoints, *model.tier_endpoints)]


def endpoint(catalog: Catalog, model_id: str, tag: str) -> Endpoint:
    model = catalog.get(model_id)
    assert model is not None, model_id
    found = [item for item in (*model.endpoints, *model.tier_endpoints) if item.tag == tag]
    assert found, (model_id, tag)
    return found[0]


def test_there_is_as_much_as_was_promised(shipped: Catalog) -> None:
    offered = [item for model in shipped.models for item in model.endpoints]
    assert sum("text" in model.output_modalities for model in shipped.models) >= 400
    assert len(offered) >= 1500
    assert len({item.provider for item in offered}) >= 60


def test_loading_takes_less_than_a_tenth_of_a_second() -> None:
    content = encode_packed(load_packaged())

    def once() -> float:
        begun = time.process_time()
        catalog_of(decode_packed(content))
        return time.process_time() - begun

    assert min(once() for _ in range(5)) < 0.1


def test_every_model_is_offered_by_a_provider_we_know(shipped: Catalog) -> None:
    for model in shipped.models:
        assert model.endpoints, model.id
        assert {item.provider for item in model.endpoints} <= shipped.providers.keys()
        assert {item.model_id for item in model.endpoints} == {model.id}


def test_every_provider_offers_something(shipped: Catalog) -> None:
    assert {item.provider for item in endpoints(shipped)} == set(shipped.providers)


def test_ids_slugs_and_tags_are_unique_and_well_formed(shipped: Catalog) -> None:
    slug = re.compile(r"[a-z0-9][a-z0-9\-]*/[a-z0-9][a-z0-9.\-]*(:free|:thinking)?")
    names = [model.id for model in shipped.models] + [
        model.canonical_slug for model in shipped.models if model.canonical_slug != model.id
    ]
    assert len(names) == len(set(names))
    for model in shipped.models:
        assert slug.fullmatch(model.id), model.id
        tags = [item.tag for item in (*model.endpoints, *model.tier_endpoints)]
        assert len(tags) == len(set(tags)), model.id
        assert all(
            tag == item.provider or tag.startswith(item.provider + "/")
            for item, tag in _tagged(model.endpoints)
        )


def _tagged(items: tuple[Endpoint, ...]) -> list[tuple[Endpoint, str]]:
    return [(item, item.tag) for item in items]


def test_words_are_the_specs_words(shipped: Catalog) -> None:
    for model in shipped.models:
        assert set(model.input_modalities) <= SPEC_INPUTS
        assert set(model.output_modalities) <= SPEC_OUTPUTS
        assert set(model.supported_parameters) <= SPEC_PARAMETERS
        if model.reasoning is not None:
            assert set(model.reasoning.supported_efforts or ()) <= SPEC_EFFORTS
    for item in endpoints(shipped):
        assert item.operation in OPERATIONS
        assert item.quantization in SPEC_QUANTIZATIONS
        assert item.protocol in {None, "openai_chat", "openai_responses", "anthropic_messages"}


def test_what_comes_out_follows_from_the_operation(shipped: Catalog) -> None:
    seen = set()
    for item in endpoints(shipped):
        if item.operation in OPERATION_OUTPUT:
            seen.add(item.operation)
            assert item.output_modalities == (OPERATION_OUTPUT[item.operation],), item
    assert seen == OPERATION_OUTPUT.keys()


def test_limits_do_not_contradict_each_other(shipped: Catalog) -> None:
    for item in endpoints(shipped):
        for limit in (item.max_completion_tokens, item.max_prompt_tokens):
            assert limit is None or (
                limit > 0 and (item.context_length is None or limit <= item.context_length)
            ), item


def test_rates_are_exact_and_a_zero_is_a_gift(shipped: Catalog) -> None:
    for model in shipped.models:
        for item in (*model.endpoints, *model.tier_endpoints):
            rates = [rate for name in RATE_NAMES if (rate := getattr(item.pricing, name)) is not None]
            assert all(rate >= 0 and len(rate.as_tuple().digits) <= 8 for rate in rates), (
                item.model_id,
                item.pricing,
            )
            if item.operation == "chat" and item.pricing.prompt == 0 and not item.pricing.completion:
                assert model.id.endswith(":free") or item.provider == "local", item


def test_free_rows_cost_nothing_and_are_real_rows(shipped: Catalog) -> None:
    free = [model for model in shipped.models if model.id.endswith(":free")]
    assert free
    for model in free:
        assert all(item.pricing.prompt == 0 and item.pricing.completion == 0 for item in model.endpoints)


def test_aliases_lead_to_living_models_and_shadow_none(shipped: Catalog) -> None:
    assert len(shipped.aliases) >= 300
    living = {model.id for model in shipped.models} | {model.canonical_slug for model in shipped.models}
    for alias, target in shipped.aliases.items():
        assert alias not in living
        found = shipped.resolve(alias)
        assert found is not None
        assert (found.model.id, found.strategy) == (target, "alias")
    for gone, successor in shipped.successors.items():
        assert shipped.get(gone) is None
        assert shipped.get(successor) is not None


@pytest.mark.parametrize(
    ("slug", "model_id"),
    [
        ("anthropic/claude-4-sonnet", "anthropic/claude-sonnet-4"),
        ("anthropic/claude-4.5-sonnet", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-4-5-haiku", "anthropic/claude-haiku-4.5"),
        ("Anthropic/Claude-Opus-4-6", "anthropic/claude-opus-4.6"),
        ("openai/gpt-4-1-mini", "openai/gpt-4.1-mini"),
        ("meta/llama-3.3-70b-instruct", "meta-llama/llama-3.3-70b-instruct"),
        ("xai/grok-4.3", "x-ai/grok-4.3"),
        ("mistral/mistral-large-2512", "mistralai/mistral-large-2512"),
        ("zai/glm-4.6", "z-ai/glm-4.6"),
        ("moonshot/kimi-k2.6", "moonshotai/kimi-k2.6"),
    ],
)
def test_old_names_and_word_orders_resolve(shipped: Catalog, slug: str, model_id: str) -> None:
    found = shipped.resolve(slug)
    assert found is not None
    assert (found.model.id, found.strategy) == (model_id, "alias")


def test_bare_names_are_known(shipped: Catalog) -> None:
    assert shipped.bare_name("gpt-4o") == "openai/gpt-4o"
    assert shipped.bare_name("claude-sonnet-4-5") == "anthropic/claude-sonnet-4.5"
    assert shipped.bare_name("gemini-2.5-pro") == "google/gemini-2.5-pro"


@pytest.mark.parametrize(
    "family",
    [
        "~anthropic/claude-opus-latest",
        "~anthropic/claude-sonnet-latest",
        "~openai/gpt-mini-latest",
        "~x-ai/grok-latest",
    ],
)
def test_latest_families_have_a_member(shipped: Catalog, family: str) -> None:
    assert shipped.latest(family) is not None


@pytest.mark.parametrize(
    ("model_id", "tag", "prompt", "completion"),
    [
        ("openai/gpt-4o", "openai", "2.5", "10"),
        ("openai/gpt-4o-mini", "openai", "0.15", "0.6"),
        ("openai/gpt-5", "openai", "1.25", "10"),
        ("openai/o3", "openai", "2", "8"),
        ("anthropic/claude-sonnet-4.5", "anthropic", "3", "15"),
        ("anthropic/claude-haiku-4.5", "anthropic", "1", "5"),
        ("anthropic/claude-opus-4.5", "anthropic", "5", "25"),
        ("google/gemini-2.5-pro", "google-ai-studio", "1.25", "10"),
        ("google/gemini-3.1-pro-preview", "google-ai-studio", "2", "12"),
        ("x-ai/grok-4.3", "xai", "1.25", "2.5"),
        ("mistralai/mistral-large-2512", "mistral", "0.5", "1.5"),
        ("deepseek/deepseek-v4-pro", "deepseek", "1.32", "3.96"),
        ("moonshotai/kimi-k2.6", "moonshotai", "0.95", "4"),
        ("openai/gpt-oss-120b", "groq", "0.15", "0.6"),
    ],
)
def test_first_party_prices(shipped: Catalog, model_id: str, tag: str, prompt: str, completion: str) -> None:
    pricing = endpoint(shipped, model_id, tag).pricing
    assert pricing.prompt is not None
    assert pricing.completion is not None
    assert (pricing.prompt * 1_000_000, pricing.completion * 1_000_000) == (
        Decimal(prompt),
        Decimal(completion),
    )


@pytest.mark.parametrize(
    ("model_id", "tag", "threshold", "rates"),
    [
        ("openai/gpt-5.4", "openai", 272_000, ("5", "22.5")),
        ("openai/gpt-5.5", "openai", 272_000, ("10", "45")),
        ("openai/gpt-5.4", "azure", 272_000, ("5", "22.5")),
        ("google/gemini-2.5-pro", "google-ai-studio", 200_000, ("2.5", "15")),
        ("google/gemini-3.1-pro-preview", "google-ai-studio", 200_000, ("4", "18")),
        ("google/gemini-3.1-pro-preview", "google-vertex", 200_000, ("4", "18")),
        ("anthropic/claude-sonnet-4.5", "anthropic", 200_000, ("6", "22.5")),
        ("x-ai/grok-4.3", "xai", 200_000, ("2.5", "5")),
    ],
)
def test_long_context_tiers(
    shipped: Catalog, model_id: str, tag: str, threshold: int, rates: tuple[str, str]
) -> None:
    (tier,) = endpoint(shipped, model_id, tag).pricing.overrides
    assert tier.prompt is not None
    assert tier.completion is not None
    assert tier.min_prompt_tokens == threshold
    assert (tier.prompt * 1_000_000, tier.completion * 1_000_000) == (Decimal(rates[0]), Decimal(rates[1]))


def test_deepseek_costs_more_at_its_busy_hours(shipped: Catalog) -> None:
    pricing = endpoint(shipped, "deepseek/deepseek-v4-flash", "deepseek").pricing
    assert pricing.at(1000, 200).prompt == pricing.at(1000, 700).prompt
    busy, idle = pricing.at(1000, 200).prompt, pricing.at(1000, 1200).prompt
    assert busy is not None
    assert idle is not None
    assert busy > idle


def test_cache_prices_of_anthropic_are_complete(shipped: Catalog) -> None:
    pricing = endpoint(shipped, "anthropic/claude-sonnet-4.5", "anthropic").pricing
    rates = (pricing.input_cache_read, pricing.input_cache_write, pricing.input_cache_write_1h)
    assert [rate * 1_000_000 for rate in rates if rate is not None] == [
        Decimal("0.3"),
        Decimal("3.75"),
        Decimal(6),
    ]


def test_closed_models_are_sold_by_their_makers_and_hyperscalers_alone(shipped: Catalog) -> None:
    clouds = {"azure", "amazon-bedrock", "google-vertex", "databricks", "snowflake"}
    allowed = {
        "anthropic": clouds | {"anthropic"},
        "x-ai": clouds | {"xai"},
        "perplexity": clouds | {"perplexity"},
    }
    for model in shipped.models:
        if model.author in allowed:
            assert {item.provider for item in model.endpoints} <= allowed[model.author], model.id


def test_models_that_only_speak_responses_say_so(shipped: Catalog) -> None:
    assert endpoint(shipped, "openai/gpt-5-pro", "openai").protocol == "openai_responses"
    assert endpoint(shipped, "openai/gpt-5", "openai").protocol is None
    assert endpoint(shipped, "anthropic/claude-opus-4.6", "google-vertex").protocol == "anthropic_messages"


def test_dialects_of_providers_with_their_own(shipped: Catalog) -> None:
    adapters = {
        slug: facts.adapter for slug, facts in shipped.providers.items() if facts.adapter != "openai_chat"
    }
    assert adapters == {
        "amazon-bedrock": "bedrock_converse",
        "anthropic": "anthropic_messages",
        "cohere": "cohere",
        "google-ai-studio": "gemini",
        "google-vertex": "gemini",
    }


def test_the_embedded_model_is_there(shipped: Catalog) -> None:
    local = endpoint(shipped, "huggingfacetb/smollm2-135m-instruct", "local")
    assert (local.native_id, local.context_length) == ("smollm2-135m-instruct", 2048)
    assert (local.pricing.prompt, local.pricing.completion) == (Decimal(0), Decimal(0))
    assert {
        "tools",
        "tool_choice",
        "structured_outputs",
        "logprobs",
        "min_p",
        "logit_bias",
    } <= local.supported_parameters
    model = shipped.get("huggingfacetb/smollm2-135m-instruct")
    assert model is not None
    assert model.open_weights


def test_the_tree_holds_facts_alone_and_credits_its_sources() -> None:
    for file in [*DATA.glob("*.json"), *DATA.glob("models/**/*.json")]:
        assert '"description"' not in file.read_text(encoding="utf-8"), file
    thanks = Path(DATA / "SOURCES.md").read_text(encoding="utf-8")
    assert all(name in thanks for name in ("models.dev", "litellm", "genai-prices", "portkey", "MIT"))
