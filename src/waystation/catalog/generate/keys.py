"""Turns the many spellings of one model into one key: `accounts/fireworks/models/glm-5p2` and `zai-org/GLM-5.2-FP8` alike.

A key has no author, no dots, no quantization; dates and speed words come off step by step, most specific form first.
"""

import re

from msgspec import Struct

_WRAPPERS = (
    re.compile(r"^accounts/[^/]+/(models|routers)/"),
    re.compile(r"^.*/models/"),
    re.compile(r"^(hf:|@cf/|@hf/|models/|publishers/[^/]+/models/)"),
)
_REGION = re.compile(r"^(us|eu|apac|global|au|jp|ca|us-gov|in)\.(?=[a-z0-9]+\.)")
_VENDOR = re.compile(
    r"^(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|qwen|openai|google|moonshot|moonshotai|minimax|nvidia|zai|writer|xai"
    r"|stability|us)\.(?=[a-z])"
)
_HOST = re.compile(
    r"^(databricks|alibaba|anthropic|openai|snowflake|fw)-(?=(claude|gpt|o\d|qwen|gemini|llama|deepseek|gemma|glm|kimi))"
)
_REVISION = re.compile(r"(-v\d+:\d+(:\w+)?|-\d:0|:\d+|-v1)$")
_QUANTIZATION = re.compile(
    r"[-_](nvfp4|mxfp4|mxfp8|fp8|fp4|bf16|fp16|int4|int8|awq|gptq)([-_](dynamic|autoround|mixed[-_]ar|tput|fast))?(?=$|[-_](tee|no|fast|turbo|sm)\b)"
)
_SPEED = re.compile(
    r"-(turbo|fast|tput|highspeed|high-speed|high-throughput|lightning|flex|ultraspeed|cheaper|original|throughput)$"
)
_FILLER = re.compile(r"-(instruct|it|tee|maas|hf|versatile|instant|lora)(?=-|$)")
_DATE = re.compile(r"-(20\d{6}|20\d\d-\d\d-\d\d|\d\d-20\d\d|2[3-6]\d{4})$")
_LOOSE = re.compile(r"-(latest|preview|default|\d{3}|beta)$")
_SPLIT_FAMILY = re.compile(r"\b(llama|gemma|glm|hermes|phi|granite|mimo|nova)(-?v)?(?=\d)")
_CLAUDE = re.compile(r"^claude-(\d+(?:-\d+)?)-([a-z]+)(?=-|$)")
_VARIANTS = frozenset({"free", "thinking", "batch", "extended"})


class Spelling(Struct, frozen=True):
    """One native id taken apart. `forms` are candidate keys, most specific first; `word` is the cleaned original name."""

    org: str
    word: str
    forms: tuple[str, ...]
    quantization: str | None
    speed: str | None
    region: str | None
    variant: str | None


def spell(native_id: str) -> Spelling:
    """Take a native id or a slug apart."""
    name, variant = _variant(native_id.lower())
    for wrapper in _WRAPPERS:
        name = wrapper.sub("", name)
    region = _REGION.match(name)
    name = _REGION.sub("", name)
    vendor = _VENDOR.match(name)
    name = _VENDOR.sub("", name)
    org, _, name = name.rpartition("/")
    org = org.rpartition("/")[2] or (vendor[1] if vendor else "")
    name = re.sub(r"@(default|latest|\d{3})$", "", name).replace("@", "-").replace("--", "-")
    if vendor or ":" in name:
        name = _REVISION.sub("", name)
    name = _HOST.sub("", name)
    quantization = _QUANTIZATION.search(name)
    name = _QUANTIZATION.sub("", name)
    name = re.sub(r"-tee$", "", name)
    return Spelling(
        org=org,
        word=name,
        forms=_forms(name, vendor[1] if vendor else ""),
        quantization=quantization[1] if quantization else None,
        speed=speed[1] if (speed := _SPEED.search(name)) else None,
        region=region[1] if region else None,
        variant=variant,
    )


def key_of(name: str) -> str:
    """The most specific key of a name, without its author."""
    return spell(name).forms[0]


def _variant(name: str) -> tuple[str, str | None]:
    base, colon, word = name.rpartition(":")
    return (base, word) if colon and word in _VARIANTS else (name, None)


def _forms(name: str, vendor: str) -> tuple[str, ...]:
    key = _fold(name)
    if vendor == "deepseek" and not key.startswith("deepseek"):
        key = f"deepseek-{key}"
    forms = [key]
    for pattern in (_DATE, _LOOSE, _SPEED):
        forms += [shorter for form in list(forms) if (shorter := pattern.sub("", form)) != form]
    return tuple(dict.fromkeys(forms))


def _fold(name: str) -> str:
    name = re.sub(r"(?<=\d)p(?=\d)", ".", name)
    name = re.sub(r"[._ ]", "-", name).strip("-")
    name = _FILLER.sub("", name)
    name = re.sub(r"^(meta-|nvidia-)(?=llama|nemotron)", "", name)
    name = _SPLIT_FAMILY.sub(r"\1-", name)
    name = re.sub(r"\b(llama|mistral|mixtral|claude|recraft)-?v(?=\d)", r"\1-", name)
    name = re.sub(r"^qwen-(?=\d)", "qwen", name)
    return _CLAUDE.sub(r"claude-\2-\1", name)
