"""OpenAI: what its chat completions refuse, by family of models. Which models exist is the catalogue's to say.

Source: OpenAI's API reference of `chat/completions` and its guides to reasoning and search models.
"""

import re

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Provider
from waystation.providers.manners import Manners

_REASONING = re.compile(r"(o\d|gpt-([5-9]|\d\d))(?!.*(chat|search))")
_O_SERIES = re.compile(r"o\d")
_EFFORT_NONE = re.compile(r"gpt-(5\.[1-9]|[6-9]|\d\d)")
_SEARCH = re.compile(r".*-search-(preview|api)")

_SAMPLING = (
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
)


class OpenAI(Provider):
    """`max_completion_tokens` throughout; reasoning and search models without sampling parameters."""

    slug = "openai"
    name = "OpenAI"
    base_url = "https://api.openai.com/v1"
    key_variables: tuple[str, ...] = ("OPENAI_API_KEY",)
    manners = Manners(
        drop=frozenset({"top_k", "top_a", "min_p", "repetition_penalty"}),
        max_tokens_field="max_completion_tokens",
        reasoning_field="",
        developer_role=True,
    )

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """Take out what this family of models answers with an error."""
        dropped = self._verbs.apply(body)
        if not body.get("tools"):
            body.pop("parallel_tool_calls", None)
        refused = _refused(self.family_of(endpoint), body)
        dropped += [name for name in refused if body.pop(name, None) is not None]
        return Amendment(tuple(dropped)) if dropped else None

    def family_of(self, endpoint: Endpoint) -> str:
        """OpenAI's own name of the model."""
        return endpoint.native_id


def _refused(native_id: str, body: JsonObject) -> tuple[str, ...]:
    if _SEARCH.match(native_id):
        return (*_SAMPLING, "n", "seed", "stop", "parallel_tool_calls")
    if not _REASONING.match(native_id):
        return ()
    if _O_SERIES.match(native_id):
        return (*_SAMPLING, "stop", "parallel_tool_calls")
    if body.get("reasoning_effort") == "none" and _EFFORT_NONE.match(native_id):
        return ()
    return (*_SAMPLING, "stop")


PROVIDER = OpenAI
