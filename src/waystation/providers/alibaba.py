"""Alibaba's Model Studio: thinking is a boolean, and open Qwen models think only while they stream.

Source: Model Studio's OpenAI-compatible reference and its guides to deep thinking and partial mode.
"""

import re
from typing import Final

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Provider
from waystation.providers.manners import Manners
from waystation.providers.thinking_models import mark_prefill

_OPEN: Final = re.compile(r"qwen3-\d+(\.\d+)?b(-a\d+b)?$")


class Alibaba(Provider):
    """`enable_thinking` for an effort, `partial` for a prefill."""

    slug = "alibaba"
    name = "Alibaba"
    base_url = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    key_variables = ("DASHSCOPE_API_KEY",)
    manners = Manners(reasoning_field="reasoning_content")

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """The effort as a boolean; off for open models that are asked for a whole answer, which they refuse else."""
        dropped = self._verbs.apply(body)
        effort = body.pop("reasoning_effort", None)
        if effort is not None:
            body.setdefault("enable_thinking", effort != "none")
        if _OPEN.match(endpoint.native_id) and not body.get("stream"):
            if body.get("enable_thinking"):
                dropped.append("reasoning")
            body["enable_thinking"] = False
        mark_prefill(body, "partial")
        return Amendment(tuple(dropped)) if dropped else None


PROVIDER = Alibaba
