"""Which family a model is of, by its name, and what Converse takes for that family. Facts only.

Sources: the Amazon Bedrock user guide (supported models and features, prompt caching, structured outputs, inference
parameters of each provider) and recorded traffic. A model of no known family is taken to be an open one.
"""

import re
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct, structs

from waystation.codec.dialect import Target
from waystation.dialects.bedrock_converse.wire import CLAUDE_FORMAT

Thinking = Literal["", "budget", "adaptive", "nova", "openai", "effort", "config"]


class Family(Struct, frozen=True):
    """What may be said to a family of models. The defaults hold for open models on Bedrock's newer engine."""

    name: str
    thinking: Thinking = ""
    """How reasoning is asked for; "" where it cannot be."""
    efforts: tuple[str, ...] = ("low", "medium", "high")
    """From the lowest to the highest."""
    top_k: str = "top_k"
    """Where `top_k` stands in `additionalModelRequestFields`, dotted; "" for nowhere."""
    can_force_any_tool: bool = True
    can_force_one_tool: bool = True
    has_native_schema: bool = True
    """`outputConfig.textFormat` and `strict` tools."""
    knows_result_status: bool = False
    """`toolResult.status`."""
    reasoning_format: str = ""
    """The `format` of reasoning that this family made opaque and wants back; "" where it wants none back."""
    hides_thinking: bool = False
    """Thinks out of sight unless asked for a summary."""
    cache_points: int = 0
    """How many a request may have; 0 for none at all."""
    caches_tools: bool = False
    caches_for_an_hour: bool = False
    one_of_temperature_and_top_p: bool = False
    can_forbid_parallel_calls: bool = False


_OPEN: Final = Family("open")
_CLAUDE: Final = Family(
    "claude",
    has_native_schema=False,
    knows_result_status=True,
    reasoning_format=CLAUDE_FORMAT,
)
_NOVA: Final = Family(
    "nova", top_k="inferenceConfig.topK", has_native_schema=False, knows_result_status=True, cache_points=4
)
_OPENAI: Final = Family(
    "openai",
    thinking="openai",
    efforts=("low", "medium", "high", "xhigh"),
    top_k="",
    reasoning_format="bedrock-openai-responses-v1",
)
_PLAIN: Final = Family(
    "plain", top_k="", can_force_any_tool=False, can_force_one_tool=False, has_native_schema=False
)
_FAMILIES: Final[tuple[tuple[re.Pattern[str], Family], ...]] = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (r"nova-2", structs.replace(_NOVA, thinking="nova")),
        (r"nova", _NOVA),
        (r"deepseek[./]?(?:deepseek-)?r1", _PLAIN),
        (r"deepseek", structs.replace(_OPEN, thinking="config")),
        (r"gpt-(?:[5-9]|\d\d)", _OPENAI),
        (r"grok", structs.replace(_OPEN, name="xai", top_k="", reasoning_format="bedrock-xai-responses-v1")),
        (r"gpt-oss", structs.replace(_OPEN, thinking="effort")),
        (r"qwen", structs.replace(_OPEN, thinking="config")),
        (
            r"mistral-large-3|ministral|magistral|voxtral|devstral|mistral-large-2512",
            _OPEN,
        ),
        (
            r"mistral|mixtral|pixtral",
            structs.replace(_OPEN, name="mistral", can_force_one_tool=False, has_native_schema=False),
        ),
        (r"cohere", structs.replace(_PLAIN, top_k="k")),
        (r"llama|titan|ai21|jamba|palmyra|writer", _PLAIN),
    )
)
_CLAUDE_VERSION: Final = re.compile(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d)(?!\d))?")


def family_of(target: Target) -> Family:
    """The family of this endpoint's model: by its native id, or by the catalogue's slug where that id tells nothing."""
    return _family(target.native_id.lower(), target.model_id.lower())


@lru_cache(maxsize=512)
def _family(native_id: str, model_id: str) -> Family:
    for name in (native_id, model_id):
        if "claude" in name:
            return _claude(name)
        for pattern, family in _FAMILIES:
            if pattern.search(name):
                return family
    return _OPEN


def _claude(name: str) -> Family:
    found = _CLAUDE_VERSION.search(name)
    version = (int(found[1]), int(found[2] or 0)) if found else (2, 0)
    efforts = (
        ("low", "medium", "high", "max") if version < (4, 7) else ("low", "medium", "high", "xhigh", "max")
    )
    return structs.replace(
        _CLAUDE,
        thinking="adaptive" if version >= (4, 6) else "budget" if version >= (3, 7) else "",
        efforts=efforts,
        hides_thinking=version >= (4, 7),
        has_native_schema=version >= (4, 5),
        can_force_any_tool=version >= (3, 0),
        can_force_one_tool=version >= (3, 0),
        cache_points=4 if version >= (3, 5) else 0,
        caches_tools=True,
        caches_for_an_hour=version >= (4, 5),
        one_of_temperature_and_top_p=version >= (4, 1),
        can_forbid_parallel_calls=version >= (4, 5),
    )
