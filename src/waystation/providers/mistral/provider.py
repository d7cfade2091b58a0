"""Mistral: what its chat completions call otherwise, and what they answer with an error (they forbid unknown fields).

Source: Mistral's API reference and the request types of its own SDK; docs/providers.md has what was decided.
"""

import re
from typing import Final

from msgspec import structs

from waystation.catalog.endpoint import Endpoint
from waystation.codec.dialect import Target
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Provider
from waystation.providers.manners import Manners
from waystation.providers.mistral.conversation import fit_messages
from waystation.providers.mistral.echo import EchoInEvents, without_echo
from waystation.providers.thinking_models import may_reason

_GRADED: Final = re.compile(r"mistral-large-(4|latest)")
"""Models with several efforts; the others either think (`high`) or don't (`none`)."""
_GRADES: Final = {"minimal": "low", "xhigh": "high", "max": "high"}
_TIERS: Final = {"auto": "auto", "default": "standard_only"}
_NO_PARAMETERS: Final[JsonObject] = {"type": "object", "properties": {}}


class Mistral(Provider):
    """Short call ids, thinking as chunks of content, `random_seed`, and a trailing assistant turn as `prefix`."""

    slug = "mistral"
    name = "Mistral"
    base_url = "https://api.mistral.ai/v1"
    key_variables = ("MISTRAL_API_KEY",)
    embeddings_dialect = "mistral_embeddings"
    manners = Manners(
        rename={"seed": "random_seed"},
        drop=frozenset(
            {
                "audio",
                "logit_bias",
                "min_p",
                "modalities",
                "prompt_cache_options",
                "top_a",
                "user",
                "verbosity",
                "web_search_options",
            }
        ),
        reasoning_field="content",
    )

    def target(self, endpoint: Endpoint) -> Target:
        """A model that does not reason takes no earlier reasoning either."""
        target = super().target(endpoint)
        return target if may_reason(endpoint) else structs.replace(target, reasoning_field="")

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """Say it in Mistral's words; the answer to a prefill comes back without the prefill."""
        dropped = self._verbs.apply(body)
        body.pop("stream_options", None)  # usage always comes, and the field is not known there
        _fit_choices(body, endpoint.native_id, dropped)
        _fit_tools(body)
        prefix = fit_messages(body, dropped)
        if prefix:
            return Amendment(tuple(dropped), without_echo(prefix), EchoInEvents(prefix).amend)
        return Amendment(tuple(dropped)) if dropped else None


def _fit_choices(body: JsonObject, native_id: str, dropped: list[str]) -> None:
    """Words chosen from a list."""
    if body.get("tool_choice") == "required":
        body["tool_choice"] = "any"
    effort = body.get("reasoning_effort")
    if isinstance(effort, str) and effort != "none":
        body["reasoning_effort"] = _GRADES.get(effort, effort) if _GRADED.match(native_id) else "high"
    tier = body.pop("service_tier", None)
    if isinstance(tier, str) and tier in _TIERS:
        body["service_tier"] = _TIERS[tier]
    elif tier is not None:
        dropped.append("service_tier")


def _fit_tools(body: JsonObject) -> None:
    """Every function says its parameters, if only that it has none."""
    tools = body.get("tools")
    if isinstance(tools, list):
        body["tools"] = [_with_parameters(tool) if isinstance(tool, dict) else tool for tool in tools]


def _with_parameters(tool: JsonObject) -> JsonObject:
    function = tool.get("function")
    if not isinstance(function, dict) or "parameters" in function:
        return tool
    return {**tool, "function": {**function, "parameters": _NO_PARAMETERS}}


PROVIDER = Mistral
