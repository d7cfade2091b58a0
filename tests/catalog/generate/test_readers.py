"""The traps that each source is known to hold, one small file each."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.read_litellm import read_litellm
from waystation.catalog.generate.read_modelsdev import read_modelsdev, read_modelsdev_api
from waystation.catalog.generate.read_prices import (
    read_genai_live,
    read_genai_prices,
    read_model_prices,
    read_pi_ai,
    read_portkey,
)


def saved(folder: Path, facts: object) -> Path:
    path = folder / "source.json"
    path.write_bytes(facts if isinstance(facts, bytes) else msgspec.json.encode(facts))
    return path


def only(claims: list[Claim]) -> Claim:
    (claim,) = claims
    return claim


def modelsdev(folder: Path, row: Mapping[str, object], *, thresholds_known: bool = True) -> Claim:
    facts = {"providers": {"host": {"models": {"m": row}}}}
    return only(
        list(read_modelsdev(saved(folder, facts), "models.dev@july", thresholds_known=thresholds_known))
    )


def litellm(folder: Path, row: Mapping[str, object], key: str = "m") -> list[Claim]:
    return list(
        read_litellm(saved(folder, {key: {"litellm_provider": "openai", "mode": "chat", **row}}), "litellm")
    )


TIERED = {
    "cost": {
        "input": 2.5,
        "output": 15.0,
        "tiers": [{"input": 5.0, "output": 22.5, "tier": {"size": 272000}}],
    },
}


def test_models_dev_prices_are_per_million_and_exact(tmp_path: Path) -> None:
    pricing = modelsdev(tmp_path, {"cost": {"input": 0.1, "output": 0.003625, "cache_read": 0.3}}).pricing
    assert (pricing.prompt, pricing.completion) == (Decimal("0.0000001"), Decimal("0.000000003625"))
    assert pricing.input_cache_read == Decimal("0.0000003")


def test_models_dev_tiers_are_believed_only_where_their_sizes_are_true(tmp_path: Path) -> None:
    (tier,) = modelsdev(tmp_path, TIERED).pricing.overrides
    assert (tier.min_prompt_tokens, tier.prompt) == (272_000, Decimal("0.000005"))
    folded = {
        "cost": {
            "input": 2.5,
            "output": 15.0,
            "tiers": [{"input": 5.0, "output": 22.5, "min_context": 200000}],
        }
    }
    assert modelsdev(tmp_path, folded, thresholds_known=False).pricing.overrides == ()


def test_the_published_api_of_models_dev_is_read_without_its_tiers(tmp_path: Path) -> None:
    path = saved(
        tmp_path, {"host": {"id": "host", "models": {"m": TIERED | {"limit": {"context": 5, "output": 2}}}}}
    )
    claim = only(list(read_modelsdev_api(path, "modelsdev-api")))
    assert (claim.context, claim.writes, claim.pricing.overrides) == (5, 2, ())
    assert claim.pricing.prompt == Decimal("0.0000025")


@pytest.mark.parametrize(
    ("native_id", "outputs", "operation"),
    [
        ("text-embedding-3-small", ["text"], "embeddings"),
        ("rerank-v4", ["text"], "rerank"),
        ("some-image", ["image"], "images"),
        ("some-voice", ["audio"], "speech"),
        ("whisper-large", ["text"], "transcription"),
        ("gemini-flash-image", ["text", "image"], "chat"),
    ],
)
def test_models_dev_operations_follow_names_and_outputs(
    tmp_path: Path, native_id: str, outputs: list[str], operation: str
) -> None:
    facts = {
        "providers": {"host": {"models": {native_id: {"modalities": {"input": ["text"], "output": outputs}}}}}
    }
    claim = only(list(read_modelsdev(saved(tmp_path, facts), "models.dev@july", thresholds_known=True)))
    assert claim.operation == operation


def test_litellm_limits_the_prompt_and_not_the_context(tmp_path: Path) -> None:
    claim = only(litellm(tmp_path, {"max_input_tokens": 272000, "max_output_tokens": 128000}))
    assert (claim.context, claim.reads, claim.writes) == (None, 272000, 128000)


def test_litellm_gives_the_context_as_output_sometimes_and_is_not_believed(tmp_path: Path) -> None:
    assert only(litellm(tmp_path, {"max_input_tokens": 1000000, "max_output_tokens": 1000000})).writes is None


def test_litellm_thresholds_are_in_its_key_names(tmp_path: Path) -> None:
    row = {
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1.5e-05,
        "input_cost_per_token_above_272k_tokens": 5e-06,
        "output_cost_per_token_above_272k_tokens": 2.25e-05,
        "input_cost_per_token_above_272k_tokens_batches": 1e-06,
        "input_cost_per_token_flex": 1.25e-06,
        "output_cost_per_token_flex": 7.5e-06,
    }
    claim = only(litellm(tmp_path, row))
    (tier,) = claim.pricing.overrides
    assert (tier.min_prompt_tokens, tier.prompt, tier.completion) == (
        272_000,
        Decimal("0.000005"),
        Decimal("0.0000225"),
    )
    assert claim.tiers["flex"].prompt == Decimal("0.00000125")


def test_litellm_ranges_become_a_base_and_tiers(tmp_path: Path) -> None:
    ranges = [
        {"range": [0, 256000.0], "input_cost_per_token": 4e-07, "output_cost_per_token": 1.2e-06},
        {"range": [256000.0, 1000000.0], "input_cost_per_token": 1.2e-06, "output_cost_per_token": 3.6e-06},
    ]
    pricing = only(litellm(tmp_path, {"tiered_pricing": ranges})).pricing
    assert pricing.prompt == Decimal("0.0000004")
    assert [(tier.min_prompt_tokens, tier.prompt) for tier in pricing.overrides] == [
        (256_000, Decimal("0.0000012"))
    ]


@pytest.mark.parametrize("key", ["1024-x-1024/gpt-image", "low/1024-x-1024/m", "ft:gpt-4o", "streaming/x"])
def test_litellm_rows_of_one_size_or_tuning_are_no_models(tmp_path: Path, key: str) -> None:
    assert litellm(tmp_path, {}, key) == []


def test_litellm_dust_is_swept(tmp_path: Path) -> None:
    content = b'{"m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3.0000000000000004e-07}}'
    claim = only(list(read_litellm(saved(tmp_path, content), "litellm")))
    assert claim.pricing.prompt == Decimal("0.0000003")


def test_litellm_comments_and_its_sample_are_passed_over(tmp_path: Path) -> None:
    facts = {"sample_spec": {"mode": "one of: chat"}, "comment": "hello", "metadata": [1]}
    assert list(read_litellm(saved(tmp_path, facts), "litellm")) == []


def test_responses_only_models_are_marked(tmp_path: Path) -> None:
    assert (
        only(litellm(tmp_path, {"mode": "responses", "supported_endpoints": ["/v1/responses"]})).protocol
        == "openai_responses"
    )
    both = {"mode": "responses", "supported_endpoints": ["/v1/responses", "/v1/chat/completions"]}
    assert only(litellm(tmp_path, both)).protocol is None


def test_portkey_counts_in_cents(tmp_path: Path) -> None:
    rates = {"request_token": {"price": 0.00025}, "response_token": {"price": 0.001}}
    path = saved(tmp_path, {"openai": {"default": {}, "gpt": {"pricing_config": {"pay_as_you_go": rates}}}})
    pricing = only(list(read_portkey(path, "portkey"))).pricing
    assert (pricing.prompt, pricing.completion) == (Decimal("0.0000025"), Decimal("0.00001"))


GENAI = {
    "prices": [
        {"constraint": None, "prices": {"input_mtok": "0.14", "output_mtok": "0.28"}},
        {"constraint": {"start_date": "2026-09-10"}, "prices": {"input_mtok": "0.15", "output_mtok": "0.6"}},
        {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": "9", "output_mtok": "9"}},
        {
            "constraint": {"start_time": "01:00:00+00:00", "end_time": "04:00:00+00:00"},
            "prices": {"input_mtok": "0.3", "output_mtok": "1.2"},
        },
    ]
}


def test_genai_prices_of_the_day_are_taken_and_hours_become_windows(tmp_path: Path) -> None:
    path = saved(tmp_path, {"deepseek": {"models": {"m": GENAI}}})
    pricing = only(list(read_genai_prices(path, "genai-prices", "2026-11-22"))).pricing
    assert pricing.prompt == Decimal("0.00000015")
    (window,) = pricing.overrides
    assert (window.utc_start, window.utc_end, window.prompt) == (100, 400, Decimal("0.0000003"))


def test_genai_prices_as_they_are_published_are_a_list(tmp_path: Path) -> None:
    path = saved(tmp_path, [{"id": "deepseek", "models": [{"id": "m"} | GENAI]}])
    claim = only(list(read_genai_live(path, "genai-prices", "2026-08-01")))
    assert (claim.section, claim.native_id, claim.pricing.prompt) == ("deepseek", "m", Decimal("0.00000014"))


def test_genai_tiers_have_their_own_starts(tmp_path: Path) -> None:
    prices = {
        "input_mtok": {"base": "2.5", "tiers": [{"start": 272000, "price": "5"}]},
        "output_mtok": {"base": "15", "tiers": [{"start": 272000, "price": "22.5"}]},
        "web_searches_kcount": "10",
    }
    path = saved(tmp_path, {"openai": {"models": {"m": {"prices": prices}}}})
    pricing = only(list(read_genai_prices(path, "genai-prices", "2026-11-22"))).pricing
    assert pricing.web_search == Decimal("0.01")
    assert [(tier.min_prompt_tokens, tier.completion) for tier in pricing.overrides] == [
        (272_000, Decimal("0.0000225"))
    ]


def test_zero_cache_rates_of_pi_ai_mean_none_known(tmp_path: Path) -> None:
    row = {
        "id": "m",
        "name": "M",
        "api": "x",
        "type": "chat",
        "cost": {"input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 0},
        "thinkingLevelMap": {"off": "none", "xhigh": "xhigh", "max": None, "minimal": None},
    }
    claim = only(list(read_pi_ai(saved(tmp_path, {"openai": {"m": row}}), "pi-ai")))
    assert claim.pricing.input_cache_read is None
    assert claim.efforts == ("xhigh", "high", "medium", "low", "none")


def test_model_prices_give_the_latest_period_and_what_was_removed(tmp_path: Path) -> None:
    periods = [{"rates": {"input": 1, "output": 2}, "start": None}, {"rates": {"input": 3, "output": 4}}]
    facts = {"prices": {"lab": {"m": {"standard": periods}}}, "status": {"lab": {"m": "removed"}}}
    claim = only(list(read_model_prices(saved(tmp_path, facts), "model-prices")))
    assert (claim.pricing.prompt, claim.deprecated) == (Decimal("0.000003"), True)
