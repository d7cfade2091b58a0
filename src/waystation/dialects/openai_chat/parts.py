"""The pieces of a message's content, in both directions: `{"type": "text", ...}` and its kin.

A part's unknown keys are kept on it; those of its inner object (`image_url`, `file` ...) under that object's name.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from msgspec import Struct

from waystation.dialects.openai_chat.thinking import parse_thinking
from waystation.dialects.openai_chat.wire import unknown
from waystation.errors import InvalidRequest
from waystation.operations.parts import Audio, File, Image, JsonObject, Opaque, Part, Refusal, Text, Video

Content = str | list[JsonObject] | None


class Voice(Struct):
    """How a target is to be spoken to. `dropped` collects the names of what it could not be told."""

    same_dialect: bool
    cache_marks: bool
    nested_reasoning: bool
    reasoning_field: str
    dropped: list[str]
    developer_role: bool = False

    def drop(self, name: str) -> None:
        """Note, once, what was left out."""
        if name not in self.dropped:
            self.dropped.append(name)


def parse_content(content: Content, where: str) -> tuple[Part, ...]:
    """A message's `content`; `where` names it in errors."""
    if isinstance(content, str):
        return (Text(content),)
    if content is None:
        return ()
    return tuple([_parse_part(value, f"{where}[{index}]") for index, value in enumerate(content)])


def _parse_part(value: JsonObject, where: str) -> Part:
    kind = value.get("type")
    if not isinstance(kind, str):
        raise InvalidRequest(f"{where}.type: must be a string.")
    parse = _PARSERS.get(kind)
    return Opaque(kind, value) if parse is None else parse(value, where)


def _parse_text(value: JsonObject, where: str) -> Text:
    text = _text_of(value, "text", where)
    return Text(text, _cache_control(value, where), unknown(value, _KEYS["text"]))


def _parse_image(value: JsonObject, where: str) -> Image:
    inner = value.get("image_url")
    if isinstance(inner, str):
        inner = {"url": inner}
    inner = _object(inner, f"{where}.image_url")
    return Image(
        _text_of(inner, "url", f"{where}.image_url"),
        _optional_text(inner, "detail", f"{where}.image_url"),
        _cache_control(value, where),
        _extras(value, "image_url", inner, _IMAGE_KEYS),
    )


def _parse_audio(value: JsonObject, where: str) -> Audio:
    inner = _object(value.get("input_audio"), f"{where}.input_audio")
    return Audio(
        _text_of(inner, "data", f"{where}.input_audio"),
        _text_of(inner, "format", f"{where}.input_audio"),
        _cache_control(value, where),
        _extras(value, "input_audio", inner, _AUDIO_KEYS),
    )


def _parse_video(value: JsonObject, where: str) -> Video:
    inner = _object(value.get("video_url"), f"{where}.video_url")
    return Video(
        _text_of(inner, "url", f"{where}.video_url"),
        _cache_control(value, where),
        _extras(value, "video_url", inner, _VIDEO_KEYS),
    )


def _parse_file(value: JsonObject, where: str) -> File:
    inner = _object(value.get("file"), f"{where}.file")
    data = _optional_text(inner, "file_data", f"{where}.file")
    file_id = _optional_text(inner, "file_id", f"{where}.file")
    if data is None and file_id is None:
        raise InvalidRequest(f"{where}.file: needs file_data or file_id.")
    return File(
        data,
        file_id,
        _optional_text(inner, "filename", f"{where}.file"),
        _cache_control(value, where),
        _extras(value, "file", inner, _FILE_KEYS),
    )


def _parse_refusal(value: JsonObject, where: str) -> Refusal:
    return Refusal(_text_of(value, "refusal", where))


def _parse_thinking(value: JsonObject, where: str) -> Part:
    thinking = value.get("thinking")
    if not isinstance(thinking, (str, list)):
        raise InvalidRequest(f"{where}.thinking: must be a list.")
    return parse_thinking(value)


_PARSERS: Final[dict[str, Callable[[JsonObject, str], Part]]] = {
    "text": _parse_text,
    "image_url": _parse_image,
    "input_audio": _parse_audio,
    "video_url": _parse_video,
    "input_video": _parse_video,
    "file": _parse_file,
    "refusal": _parse_refusal,
    "thinking": _parse_thinking,
}
_KEYS: Final = {
    name: frozenset({"type", "cache_control", name})
    for name in ("text", "image_url", "input_audio", "video_url", "file")
}
_IMAGE_KEYS: Final = frozenset({"url", "detail"})
_AUDIO_KEYS: Final = frozenset({"data", "format"})
_VIDEO_KEYS: Final = frozenset({"url"})
_FILE_KEYS: Final = frozenset({"file_data", "file_id", "filename"})


def _extras(value: JsonObject, name: str, inner: JsonObject, keys: frozenset[str]) -> JsonObject | None:
    outer_rest = unknown(value, _KEYS[name])
    inner_rest = unknown(inner, keys)
    return outer_rest if inner_rest is None else {**(outer_rest or {}), name: inner_rest}


def _object(value: object, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where}: must be an object.")
    return value


def _text_of(value: JsonObject, key: str, where: str) -> str:
    text = value.get(key)
    if not isinstance(text, str):
        raise InvalidRequest(f"{where}.{key}: must be a string.")
    return text


def _optional_text(value: JsonObject, key: str, where: str) -> str | None:
    return None if value.get(key) is None else _text_of(value, key, where)


def _cache_control(value: JsonObject, where: str) -> JsonObject | None:
    mark = value.get("cache_control")
    return None if mark is None else _object(mark, f"{where}.cache_control")


def render_content(parts: Sequence[Part], voice: Voice) -> Content:
    """The `content` that these parts make: a string for one plain text, None for nothing."""
    if len(parts) == 1 and (text := plain_text(parts[0])) is not None:
        return text
    rendered = [value for part in parts if (value := _render_part(part, voice)) is not None]
    if not rendered:
        return None
    if len(rendered) == 1 and rendered[0].keys() == _PLAIN_TEXT:
        said = rendered[0]["text"]
        return said if isinstance(said, str) else rendered
    return rendered


_PLAIN_TEXT: Final = {"type", "text"}


def plain_text(part: Part) -> str | None:
    """The text of a part that is text and nothing more."""
    if isinstance(part, Text) and part.cache_control is None and part.extras is None:
        return part.text
    return None


def _render_part(part: Part, voice: Voice) -> JsonObject | None:  # noqa: PLR0911 - one line a kind of part
    match part:
        case Text(text=text):
            return _marked({"type": "text", "text": text}, part.cache_control, part.extras, voice)
        case Image(url=url, detail=detail):
            return _render_inner("image_url", {"url": url, "detail": detail}, part, voice)
        case Audio(data=sound, format=kind):
            return _render_inner("input_audio", {"data": sound, "format": kind}, part, voice)
        case Video(url=url):
            return _render_inner("video_url", {"url": url}, part, voice)
        case File(data=data, file_id=file_id, filename=filename):
            inner = {"filename": filename, "file_data": data, "file_id": file_id}
            return _render_inner("file", inner, part, voice)
        case Opaque(kind=kind, value=value):
            if voice.same_dialect:
                return value
            voice.drop(f"messages.content.{kind}")
            return None
        case _:
            voice.drop(f"messages.content.{type(part).__name__}")
            return None


def _render_inner(
    name: Literal["image_url", "input_audio", "video_url", "file"],
    inner: dict[str, str | None],
    part: Image | Audio | Video | File,
    voice: Voice,
) -> JsonObject:
    said: JsonObject = {key: value for key, value in inner.items() if value is not None}
    extras = part.extras
    if extras is not None and voice.same_dialect and name in extras:
        rest = extras[name]
        said |= rest if isinstance(rest, dict) else {}
        extras = {key: value for key, value in extras.items() if key != name}
    return _marked({"type": name, name: said}, part.cache_control, extras, voice)


def _marked(
    value: JsonObject, cache_control: JsonObject | None, extras: JsonObject | None, voice: Voice
) -> JsonObject:
    if cache_control is not None:
        if voice.cache_marks:
            value["cache_control"] = cache_control
        else:
            voice.drop("cache_control")
    if extras:
        if voice.same_dialect:
            value |= extras
        else:
            for key in extras:
                voice.drop(f"messages.content.{key}")
    return value
