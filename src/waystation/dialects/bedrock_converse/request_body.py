"""`ChatRequest` -> the body of Converse or ConverseStream. What the model cannot be told is left out and named.

Fields that are the gateway's own affair (routing, plugins, sessions, metadata ...) never leave it and are not named.
"""

import re
from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects.bedrock_converse.draft import Draft
from waystation.dialects.bedrock_converse.families import family_of
from waystation.dialects.bedrock_converse.messages import Voice, automatic_cache_point, render_conversation
from waystation.dialects.bedrock_converse.thinking import add_thinking, nearest_effort
from waystation.dialects.bedrock_converse.tool_config import add_tools
from waystation.dialects.bedrock_converse.tools import render_cache_point
from waystation.dialects.bedrock_converse.wire import NAME, object_of, objects_of
from waystation.operations.chat import ChatRequest
from waystation.operations.plain_tools import plain_tools

_RESERVED: Final = re.compile(r"[^A-Za-z0-9._~-]")
_SAYABLE_EXTRAS: Final = frozenset(
    {
        "guardrailConfig",
        "performanceConfig",
        "promptVariables",
        "requestMetadata",
        "additionalModelResponseFieldPaths",
    }
)
"""Fields of the wire's own, which a client of any dialect may send along."""
_UNSAYABLE: Final = (
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "seed",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "prediction",
    "modalities",
    "audio",
    "image_config",
    "web_search_options",
    "x_search_filter",
    "user",
    "prompt_cache_key",
    "prompt_cache_options",
)
_TIERS: Final = frozenset({"priority", "default", "flex", "reserved"})


def render_request(request: ChatRequest, target: Target) -> RenderedRequest:
    """Path (the model's id escaped), body, and the names of what was dropped."""
    request = plain_tools(request)
    draft = Draft(request, target, family_of(target), request.dialect == NAME)
    voice = Voice(draft.family, draft.same_dialect, draft.dropped)
    system, draft.body["messages"] = render_conversation(request.messages, voice)
    if system:
        draft.body["system"] = system
    draft.more |= object_of((request.extras or {}).get("additionalModelRequestFields"))
    _add_sampling(draft)
    _note_unsayable(draft)
    add_tools(draft)
    _add_reasoning(draft)
    if draft.inference:
        draft.body["inferenceConfig"] = draft.inference
    if draft.more:
        draft.body["additionalModelRequestFields"] = draft.more
    _add_tier(draft)
    _add_cache_points(draft)
    _add_extras(draft)
    verb = "converse-stream" if request.stream else "converse"
    path = f"/model/{_escaped(target.native_id)}/{verb}"
    return RenderedRequest(path, draft.body, list(dict.fromkeys(draft.dropped)), [])


def _escaped(text: str) -> str:
    """One segment of a path, everything but unreserved characters in percent form (RFC 3986 2.3)."""
    return _RESERVED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def _add_sampling(draft: Draft) -> None:
    """`inferenceConfig`, and `top_k` where the family has it."""
    request, inference = draft.request, draft.inference
    if request.max_tokens is not None:
        inference["maxTokens"] = request.max_tokens
    if request.temperature is not None and draft.takes("temperature"):
        inference["temperature"] = min(request.temperature, 1.0)
    if request.temperature is not None and inference.get("temperature") != request.temperature:
        draft.drop("temperature")
    if request.top_p is not None:
        one_only = draft.family.one_of_temperature_and_top_p and "temperature" in inference
        if draft.takes("top_p") and (not one_only or draft.same_dialect):
            inference["topP"] = request.top_p
        else:
            draft.drop("top_p")
    if request.top_k is not None:
        _add_top_k(draft, request.top_k)
    if request.stop:
        stops = [stop for stop in request.stop if stop.strip()] if draft.takes("stop") else []
        if stops:
            inference["stopSequences"] = stops
        if len(stops) < len(request.stop):
            draft.drop("stop")


def _add_top_k(draft: Draft, top_k: int) -> None:
    outer, _, inner = (draft.family.top_k if draft.takes("top_k") else "").partition(".")
    if inner:
        draft.more[outer] = {**object_of(draft.more.get(outer)), inner: top_k}
    elif outer:
        draft.more[outer] = top_k
    else:
        draft.drop("top_k")


def _note_unsayable(draft: Draft) -> None:
    for name in _UNSAYABLE:
        if getattr(draft.request, name) is not None:
            draft.drop(name)
    if draft.request.n not in {None, 1}:
        draft.drop("n")


def _add_reasoning(draft: Draft) -> None:
    options = draft.request.reasoning
    if options is not None:
        for name in ("summary", "context", "mode"):
            if getattr(options, name) is not None:
                draft.drop(f"reasoning.{name}")
        asks = options.effort not in {None, "none"} or options.max_tokens or options.enabled
        # Claude does not think where it has to call a tool; the call is what the caller's program relies on.
        forced = draft.family.name == "claude" and draft.forces_a_tool and not draft.same_dialect
        if asks and (forced or not draft.takes("reasoning", "reasoning_effort", "include_reasoning")):
            draft.drop("reasoning")
        else:
            add_thinking(draft, options)
    verbosity = draft.request.verbosity
    if verbosity is None:
        return
    if draft.family.thinking == "adaptive" and "output_config" not in draft.more:
        # Claude's effort covers the answer too; the reasoning's own effort comes first.
        draft.more["output_config"] = {"effort": nearest_effort(verbosity, draft.family.efforts)}
    else:
        draft.drop("verbosity")


def _add_tier(draft: Draft) -> None:
    tier = draft.request.service_tier
    if tier in _TIERS:
        draft.body["serviceTier"] = {"type": tier}
    elif tier not in {None, "auto"}:
        draft.drop("service_tier")


def _add_cache_points(draft: Draft) -> None:
    """The automatic breakpoint behind the whole prompt; then no more of them than the family takes, the last ones."""
    family, mark = draft.family, draft.request.cache_control
    if mark is not None:
        content = automatic_cache_point(objects_of(draft.body["messages"]))
        if not family.cache_points:
            draft.drop("cache_control")
        elif content is not None:
            content.append(render_cache_point(mark, family, draft.dropped))
    lists = [object_of(draft.body.get("toolConfig")).get("tools"), draft.body.get("system")]
    lists += [turn.get("content") for turn in objects_of(draft.body["messages"])]
    points = sum("cachePoint" in block for blocks in lists for block in objects_of(blocks))
    excess = points - family.cache_points
    if excess <= 0 or draft.same_dialect:
        return
    draft.drop("cache_control")
    for blocks in lists:
        if isinstance(blocks, list):
            for block in [one for one in blocks if "cachePoint" in one][:excess]:
                blocks.remove(block)
                excess -= 1


def _add_extras(draft: Draft) -> None:
    for name, value in (draft.request.extras or {}).items():
        if name == "inferenceConfig" and draft.same_dialect:
            draft.body[name] = {**object_of(value), **draft.inference}
        elif name in _SAYABLE_EXTRAS or (draft.same_dialect and name != "additionalModelRequestFields"):
            draft.body[name] = value
        elif name != "additionalModelRequestFields":
            draft.drop(name)
