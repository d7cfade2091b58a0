"""Reasoning on this wire: the three ways to ask for it, and `reasoning_details` in both directions. Contract section 11."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from waystation.codec.reasoning_effort import EFFORTS, effort_of_budget
from waystation.dialects.openai_chat.wire import WireRequest
from waystation.errors import InvalidRequest
from waystation.operations.chat import ReasoningOptions
from waystation.operations.parts import JsonObject, Opaque, Part, Reasoning

DETAIL: Final = "reasoning_detail"
"""The `Opaque.kind` of a details object whose type we do not know."""
_KINDS: Final[dict[str, Literal["text", "summary", "encrypted", "server_tool_call"]]] = {
    "reasoning.text": "text",
    "reasoning.summary": "summary",
    "reasoning.encrypted": "encrypted",
    "reasoning.server_tool_call": "server_tool_call",
}


def parse_reasoning_options(wire: WireRequest) -> ReasoningOptions | None:
    """`reasoning`, `reasoning_effort` and `include_reasoning` as one; 400 where they contradict each other."""
    said, shorthand = wire.reasoning, wire.reasoning_effort
    if said is None and shorthand is None and wire.include_reasoning is None:
        return None
    effort = said.effort if said else None
    if effort is not None and shorthand is not None and effort != shorthand:
        raise InvalidRequest("reasoning_effort: differs from reasoning.effort.")
    effort = effort or shorthand
    if effort is not None and effort not in EFFORTS:
        field = "reasoning.effort" if said and said.effort else "reasoning_effort"
        raise InvalidRequest(f"{field}: must be one of {', '.join(EFFORTS)}.")
    budget = said.max_tokens if said else None
    if effort is not None and budget is not None:
        raise InvalidRequest("reasoning: only one of effort and max_tokens can be given.")
    exclude = said.exclude if said else None
    if exclude is None and wire.include_reasoning is False:
        exclude = True
    if said is None:
        return ReasoningOptions(effort=effort, exclude=exclude)
    return ReasoningOptions(effort, budget, exclude, said.enabled, said.summary, said.context, said.mode)


def render_reasoning_object(options: ReasoningOptions) -> JsonObject:
    """The `reasoning` object, for a target that takes it."""
    said: JsonObject = {
        "effort": options.effort,
        "max_tokens": options.max_tokens,
        "exclude": options.exclude,
        "enabled": options.enabled,
        "summary": options.summary,
        "context": options.context,
        "mode": options.mode,
    }
    return {key: value for key, value in said.items() if value is not None}


def effort_asked(options: ReasoningOptions, max_tokens: int | None) -> str | None:
    """One effort word for a target that knows nothing else; None where nothing about effort was said."""
    if options.effort is not None:
        return options.effort
    if options.max_tokens is not None:
        return effort_of_budget(options.max_tokens, max_tokens)
    if options.enabled is None:
        return None
    return "medium" if options.enabled else "none"


def parse_details(details: Sequence[object]) -> list[Reasoning | Opaque]:
    """The items of `reasoning_details`, every field kept; what is no object is left out."""
    return [parse_detail(value) for value in details if isinstance(value, dict)]


def parse_detail(value: JsonObject) -> Reasoning | Opaque:
    """One details object; those of an unknown type are kept whole."""
    name = value.get("type")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return Opaque(DETAIL, value)
    text_key = "summary" if kind == "summary" else "text"
    known: dict[str, str] = {}
    rest: JsonObject = {}
    for key, field in value.items():
        if isinstance(field, str) and key in {text_key, "signature", "data", "id", "format"}:
            known[key] = field
        elif key not in {"type", "index"}:
            rest[key] = field
    index = value.get("index")
    if "index" in value and not isinstance(index, int):
        rest["index"] = index
    return Reasoning(
        kind=kind,
        text=known.get(text_key),
        signature=known.get("signature"),
        data=known.get("data"),
        id=known.get("id"),
        origin=known.get("format"),
        index=index if isinstance(index, int) else None,
        extras=rest or None,
    )


def render_detail(reasoning: Reasoning, *, same_dialect: bool = True) -> JsonObject:
    """One item of `reasoning_details`; `format` is `unknown` where the origin is."""
    value: JsonObject = {"type": f"reasoning.{reasoning.kind}"}
    if reasoning.text is not None:
        value["summary" if reasoning.kind == "summary" else "text"] = reasoning.text
    for key, field in (("signature", reasoning.signature), ("data", reasoning.data), ("id", reasoning.id)):
        if field is not None:
            value[key] = field
    if reasoning.extras and same_dialect:
        value |= reasoning.extras
    value.setdefault("format", reasoning.origin or "unknown")
    if reasoning.index is not None:
        value["index"] = reasoning.index
    return value


def reasoning_text(parts: Iterable[Part]) -> str | None:
    """The readable reasoning among these parts: plain text where there is some, else what the details say."""
    found = [part for part in parts if isinstance(part, Reasoning) and part.text]
    plain = [part for part in found if part.plain]
    texts = [part.text or "" for part in (plain or found)]
    return "".join(texts) if texts else None


def render_details(parts: Iterable[Part], *, same_dialect: bool) -> list[JsonObject]:
    """`reasoning_details` of these parts: as they came, or one text item made of plain text."""
    details = [
        part.value if isinstance(part, Opaque) else render_detail(part, same_dialect=same_dialect)
        for part in parts
        if (isinstance(part, Reasoning) and not part.plain)
        or (isinstance(part, Opaque) and part.kind == DETAIL and same_dialect)
    ]
    if details:
        return details
    text = reasoning_text(parts)
    return [plain_detail(text)] if text else []


def plain_detail(text: str) -> JsonObject:
    """The details object for reasoning that came as text alone."""
    return {"type": "reasoning.text", "text": text, "format": "unknown", "index": 0}
