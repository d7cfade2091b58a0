"""DeepSeek: models that think unless told not to, and want their thoughts back with every call of a tool.

Source: DeepSeek's guides to thinking mode, tool calls and chat prefix completion (which has a path of its own).
"""

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

_PREFIX_PATH = "/beta/chat/completions"


class DeepSeek(Provider):
    """`thinking` as a switch beside the effort, reasoning in every tool call, `prefix` for a prefill."""

    slug = "deepseek"
    name = "DeepSeek"
    base_url = "https://api.deepseek.com"
    key_variables = ("DEEPSEEK_API_KEY",)
    manners = Manners(reasoning_field="reasoning_content", efforts=("none", "low", "high", "max"))

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """The effort as a switch too; no call without reasoning."""
        del endpoint
        dropped = self._verbs.apply(body)
        switch_thinking(body, keeps_effort=True)
        if not is_thinking_off(body):
            fill_reasoning(body)
        path = _PREFIX_PATH if mark_prefill(body, "prefix") and self.base_url == type(self).base_url else None
        return Amendment(tuple(dropped), path=path) if dropped or path else None


PROVIDER = DeepSeek
