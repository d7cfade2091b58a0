"""Moonshot AI: Kimi models sample as the platform says, and want their thoughts back with every call of a tool.

Source: the platform's parameter reference and its guides to thinking models and partial mode.
"""

import re
from typing import Final

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Provider
from waystation.providers.manners import Manners
from waystation.providers.thinking_models import (
    fill_reasoning,
    is_thinking_off,
    mark_prefill,
    switch_thinking,
)

_KIMI: Final = re.compile(r"kimi-")
_SWITCHED: Final = re.compile(r"kimi-k2\.[56]")
"""Those whose thinking can be turned off; they know no effort."""
_GRADED: Final = re.compile(r"kimi-k([3-9]|\d\d)")
_FIXED: Final = ("temperature", "top_p", "n", "frequency_penalty", "presence_penalty")


class Moonshot(Provider):
    """`thinking` as a switch or an effort by model, reasoning in every tool call, `partial` for a prefill."""

    slug = "moonshotai"
    name = "Moonshot AI"
    base_url = "https://api.moonshot.ai/v1"
    key_variables = ("MOONSHOT_API_KEY",)
    manners = Manners(reasoning_field="reasoning_content", efforts=("none", "low", "high", "max"))

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """Take out what Kimi models refuse, and say thinking in the model's way."""
        dropped = self._verbs.apply(body)
        mark_prefill(body, "partial")
        if _KIMI.match(endpoint.native_id):
            dropped += [name for name in _FIXED if body.pop(name, None) is not None]
            _fit_thinking(body, endpoint.native_id, dropped)
            if not is_thinking_off(body):
                fill_reasoning(body)
        return Amendment(tuple(dropped)) if dropped else None


def _fit_thinking(body: JsonObject, native_id: str, dropped: list[str]) -> None:
    if _SWITCHED.match(native_id):
        asked = "reasoning_effort" in body or "thinking" in body
        switch_thinking(body, keeps_effort=False)
        if not asked and body.get("tool_choice", "auto") not in ("auto", "none"):
            # A choice of tool is refused while the model thinks, which it does unless told not to.
            body["thinking"] = {"type": "disabled"}
        return
    effort = body.get("reasoning_effort")
    if effort is not None and (effort == "none" or not _GRADED.match(native_id)):
        del body["reasoning_effort"]
        dropped.append("reasoning")


PROVIDER = Moonshot
