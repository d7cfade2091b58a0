"""`usage.cost` of every recording of OpenRouter, found again by our rule under the unit prices that its own `cost_details` imply."""

import json
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any, NamedTuple

from recorded_exchanges import Recording, recordings
from waystation.catalog.pricing import Pricing
from waystation.credits.cost import Tariff
from waystation.credits.money import nano_of
from waystation.dialects.openai_chat.usage import parse_usage as chat_usage
from waystation.dialects.openai_responses.usage import parse_usage as responses_usage
from waystation.operations.usage import Usage

EXACT = Context(prec=50)
PROTOCOLS = ("openai.chat", "openai.responses", "openai.embeddings", "rerank")
MODELS_WITHOUT_PLAIN = {"x-ai/grok-4": 5}
"""Of a model that was only recorded with a cache: how many times dearer output is than plain input."""
NO_USAGE = {
    "openrouter/chat-error-handling-with-openrouter-claude-haiku-4-5-raises-556e1a-0",
    "openrouter/chat-real-error-scenarios-openrouter-claude-haiku-4-5-handle-c70814-0",
    "openrouter/synthetic-402-insufficient-credits",
    "openrouter/synthetic-404-no-endpoints-tool-use",
    "openrouter/synthetic-429-upstream-rate-limit",
    "openrouter/synthetic-stream-error-chunk",
}
NO_DETAILS = {
    "openrouter/test-openrouter-map-messages-reasoning-4ab7d0-0",
    "openrouter/test-openrouter-tool-calling-cf0fd5-0",
    "openrouter/test-openrouter-usage-49d779-0",
    "openrouter/test-openrouter-with-preset-b808ff-0",
    "openrouter/rerank-reranking-with-openrouter-voyageai-rerank-2-5-lite-or-ef4131-0",
}
FEES = {
    "openrouter/test-openrouter-advisor-tool-stream-7e47b0-0",
    "openrouter/test-openrouter-file-annotation-2784ec-0",
}
"""What another model, or reading a file, cost is in `cost` and in no detail of it."""


class Told(NamedTuple):
    """What a recording says of its usage: ours of it, and the amounts in USD."""

    name: str
    model: str
    usage: Usage
    cost: Decimal
    prompt: Decimal
    completion: Decimal
    upstream: Decimal | None


def raw_usages() -> Iterator[tuple[Recording, str, dict[str, Any] | None]]:
    """Every recording with its model and usage, as it came."""
    for protocol in PROTOCOLS:
        for one in recordings(protocol):
            if one.provider == "openrouter":
                bodies = [one.body or {}] if one.stream is None else list(chunks(one.stream))
                found = [(body, usage) for body in bodies if isinstance(usage := usage_of(body), dict)]
                body, usage = found[-1] if found else ({}, None)
                yield one, model_of(body), usage


def model_of(body: dict[str, Any]) -> str:
    return str(body.get("model") or body.get("response", {}).get("model"))


def chunks(stream: bytes) -> Iterator[dict[str, Any]]:
    for line in stream.splitlines():
        if line.startswith(b"data: {"):
            yield json.loads(line[6:], parse_float=Decimal)


def usage_of(body: dict[str, Any]) -> object:
    return body.get("usage") or (body.get("response") or {}).get("usage")


def told() -> tuple[list[Told], list[tuple[str, str]]]:
    """What implies prices, and what does not and why."""
    implied, others = [], []
    for one, model, usage in raw_usages():
        name = one.name
        if usage is None:
            others.append(("no usage", name))
            continue
        details = usage.get("cost_details")
        if not isinstance(details, dict) or usage.get("cost") is None:
            others.append(("no cost_details", name))
            continue
        prompt = details.get("upstream_inference_prompt_cost", details.get("upstream_inference_input_cost"))
        completion = details.get(
            "upstream_inference_completions_cost", details.get("upstream_inference_output_cost")
        )
        parse = responses_usage if "input_tokens" in usage else chat_usage
        amounts = [None if amount is None else Decimal(str(amount)) for amount in (prompt, completion)]
        upstream = details.get("upstream_inference_cost")
        if amounts[0] is None or amounts[1] is None:
            others.append(("no cost_details", name))
            continue
        counted = parse(usage)
        assert counted is not None, name
        implied.append(
            Told(
                name,
                model,
                counted,
                Decimal(str(usage["cost"])),
                amounts[0],
                amounts[1],
                None if upstream is None else Decimal(str(upstream)),
            )
        )
    return implied, others


def priced(one: Told, everything: list[Told]) -> Pricing | None:
    """The unit prices that a recording implies; what it mixes is told apart by others of the same model."""
    usage = one.usage
    if not usage.completion_tokens and one.completion:
        return None
    completion = EXACT.divide(one.completion, Decimal(usage.completion_tokens or 1))
    cached, written = usage.cached_tokens, usage.cache_write_tokens
    fresh = usage.prompt_tokens - cached - written
    search = one.cost - one.prompt - one.completion if usage.web_search_requests else Decimal(0)
    if not cached and not written:
        if not fresh and one.prompt:
            return None
        prompt = EXACT.divide(one.prompt, Decimal(fresh or 1))
        return Pricing(
            prompt=prompt, completion=completion, web_search=search / (usage.web_search_requests or 1)
        )
    prompt = fresh_rate(one, everything)
    if cached + written > usage.prompt_tokens:
        fresh = usage.prompt_tokens - max(cached, written)
    rest = one.prompt - fresh * prompt
    if not cached:
        write = EXACT.divide(rest, Decimal(written))
        return Pricing(prompt=prompt, completion=completion, input_cache_write=write)
    read = read_rate(one, everything, prompt)
    if read is not None and written:
        write = EXACT.divide(rest - cached * read, Decimal(written))
        return Pricing(prompt=prompt, completion=completion, input_cache_read=read, input_cache_write=write)
    read = EXACT.divide(rest, Decimal(cached))
    return Pricing(prompt=prompt, completion=completion, input_cache_read=read)


def fresh_rate(one: Told, everything: list[Told]) -> Decimal:
    """The plain rate, from a recording of the same model without a cache; else by the output's."""
    for other in everything:
        usage = other.usage
        mixed = usage.cached_tokens or usage.cache_write_tokens
        if other.model == one.model and usage.prompt_tokens and not mixed:
            return EXACT.divide(other.prompt, Decimal(usage.prompt_tokens))
    return (
        EXACT.divide(one.completion, Decimal(one.usage.completion_tokens)) / MODELS_WITHOUT_PLAIN[one.model]
    )


def read_rate(one: Told, everything: list[Told], prompt: Decimal) -> Decimal | None:
    """The rate of cached input, from a recording of the same model that wrote nothing; else a tenth of the plain rate."""
    for other in everything:
        usage = other.usage
        if other.model == one.model and usage.cached_tokens and not usage.cache_write_tokens:
            fresh = usage.prompt_tokens - usage.cached_tokens
            return EXACT.divide(other.prompt - fresh * prompt, Decimal(usage.cached_tokens))
    return prompt / 10


def test_the_cost_is_found_again_to_the_nano_dollar() -> None:
    implied, _ = told()
    seen = 0
    for one in implied:
        pricing = priced(one, implied)
        if one.name in FEES:
            continue
        assert pricing is not None, one
        is_byok = one.cost == 0 and one.upstream is not None and one.upstream > 0
        cost = Tariff(pricing).price(one.usage, is_byok=is_byok)
        assert cost.total == nano_of(one.cost), one
        if one.upstream is not None and is_byok:
            assert Tariff(pricing).price(one.usage).total == nano_of(one.upstream), one
        assert (cost.prompt, cost.completion) == (nano_of(one.prompt), nano_of(one.completion)), one
        seen += 1
    assert seen == 72


def test_what_implies_no_unit_prices_is_listed() -> None:
    implied, others = told()

    assert {name for reason, name in others if reason == "no usage"} == NO_USAGE
    assert {name for reason, name in others if reason == "no cost_details"} == NO_DETAILS
    assert {one.name for one in implied} >= FEES
    assert len(implied) + len(others) == 85
