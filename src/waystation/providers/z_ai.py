"""Z.AI: GLM models think by a switch; the newer ones know an effort too. The model alone chooses its tools.

Source: Z.AI's chat completion reference and its guide to thinking modes.
"""

import re
from typing import Final

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Provider
from waystation.providers.manners import Manners
from waystation.providers.thinking_models import switch_thinking

_GRADED: Final = re.compile(r"glm-(5\.[2-9]|[6-9]|\d\d)")
_ALWAYS: Final = re.compile(r"glm-5\.3")
"""Models that cannot be told not to think; least effort comes nearest."""


class ZAI(Provider):
    """`thinking` as a switch, kept across turns where the caller keeps it; calls streamed as they are made."""

    slug = "z-ai"
    name = "Z.AI"
    base_url = "https://api.z.ai/api/paas/v4"
    key_variables = ("ZAI_API_KEY", "ZHIPU_API_KEY")
    manners = Manners(reasoning_field="reasoning_content", efforts=("none", "low", "high", "max"))

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """Say thinking as the model knows it; drop any choice of tool but the model's own."""
        dropped = self._verbs.apply(body)
        if body.get("reasoning_effort") == "none" and _ALWAYS.match(endpoint.native_id):
            body["reasoning_effort"] = "low"
        switch_thinking(body, keeps_effort=_GRADED.match(endpoint.native_id) is not None)
        _keep_thoughts(body)
        choice = body.get("tool_choice")
        if choice not in {None, "auto"} if isinstance(choice, str) else choice is not None:
            body.pop("tool_choice")
            if choice == "none":
                body.pop("tools", None)
            else:
                dropped.append("tool_choice")
        if body.get("stream") and body.get("tools"):
            body.setdefault("tool_stream", True)
        return Amendment(tuple(dropped)) if dropped else None


def _keep_thoughts(body: JsonObject) -> None:
    """Earlier reasoning is thrown away there unless the request says not to."""
    messages = body.get("messages")
    kept = isinstance(messages, list) and any(
        isinstance(message, dict) and message.get("reasoning_content") for message in messages
    )
    switch = body.get("thinking", {"type": "enabled"})
    if kept and isinstance(switch, dict) and switch.get("type") == "enabled":
        body["thinking"] = {"clear_thinking": False, **switch}


PROVIDER = ZAI
