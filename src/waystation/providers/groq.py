"""Groq: refuses fields it does not know, and has words of its own for efforts, tiers and how reasoning is told.

Source: Groq's API reference, its page on OpenAI compatibility, and the request types of its own SDK.
"""

import re
from typing import Final

from msgspec import structs

from waystation.catalog.endpoint import Endpoint
from waystation.codec.dialect import Target
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Provider
from waystation.providers.manners import Manners
from waystation.providers.thinking_models import may_reason

_QWEN: Final = re.compile(r"qwen/")
_TAGGED: Final = re.compile(r"qwen/|deepseek-r1")
"""Models whose reasoning arrives inside the text unless it is asked for apart."""
_GRADES: Final = {"none": "low", "minimal": "low", "xhigh": "high", "max": "high"}
_TIERS: Final = {"auto": "auto", "default": "on_demand", "flex": "flex", "priority": "performance"}


class Groq(Provider):
    """Reasoning apart from the text, names before the words, nothing that it forbids."""

    slug = "groq"
    name = "Groq"
    base_url = "https://api.groq.com/openai/v1"
    key_variables = ("GROQ_API_KEY",)
    manners = Manners(
        drop=frozenset(
            {
                "audio",
                "logit_bias",
                "logprobs",
                "min_p",
                "modalities",
                "prediction",
                "prompt_cache_options",
                "repetition_penalty",
                "top_a",
                "top_k",
                "top_logprobs",
                "verbosity",
                "web_search_options",
            }
        )
    )

    def target(self, endpoint: Endpoint) -> Target:
        """A model that does not reason refuses earlier reasoning."""
        target = super().target(endpoint)
        return target if may_reason(endpoint) else structs.replace(target, reasoning_field="")

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """Say it in Groq's words."""
        dropped = self._verbs.apply(body)
        native_id = endpoint.native_id
        if _TAGGED.match(native_id):
            body.setdefault("reasoning_format", "parsed")
        effort = body.get("reasoning_effort")
        if isinstance(effort, str):
            if _QWEN.match(native_id):
                body["reasoning_effort"] = "none" if effort == "none" else "default"
            else:
                body["reasoning_effort"] = _GRADES.get(effort, effort)
        tier = body.get("service_tier")
        if isinstance(tier, str):
            body["service_tier"] = _TIERS.get(tier, tier)
        _put_names_into_words(body)
        return Amendment(tuple(dropped)) if dropped else None


def _put_names_into_words(body: JsonObject) -> None:
    """A speaker's name is refused as a field: it stands before the words. A tool's name says nothing new."""
    messages = body.get("messages")
    if isinstance(messages, list):
        body["messages"] = [
            _nameless(message) if isinstance(message, dict) else message for message in messages
        ]


def _nameless(message: JsonObject) -> JsonObject:
    if "name" not in message:
        return message
    value = {key: field for key, field in message.items() if key != "name"}
    content, prefix = message.get("content"), f"{message['name']}: "
    if message.get("role") == "tool":
        return value
    if isinstance(content, str) and content:
        value["content"] = prefix + content
    elif isinstance(content, list):
        value["content"] = [{"type": "text", "text": prefix}, *content]
    return value


PROVIDER = Groq
