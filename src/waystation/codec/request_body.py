"""A client's body as a JSON object, and the fields that the gateway adds to every wire that clients speak (contract sections 8, 9, 14, 25)."""

from typing import Annotated, Any, Final, Literal, TypeVar

from msgspec import DecodeError, Meta, Struct, ValidationError, convert, json

from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import ModelNames, Name, ProviderPreferences

_LARGE: Final = 2**20
_MOST_OBJECTS: Final = 500_000
"""An empty object takes 3 bytes of a body and 64 of memory."""
_DECODE: Final = json.Decoder().decode
_ShortText = Annotated[str, Meta(max_length=256)]


class GatewayFields(Struct):
    """What a request of any wire may say to the gateway itself. All else in the body is the wire's own."""

    models: ModelNames | None = None
    provider: ProviderPreferences | None = None
    plugins: list[JsonObject] | None = None
    preset: Name | None = None
    route: Literal["fallback", "sort"] | None = None
    session_id: _ShortText | None = None
    trace: JsonObject | None = None
    user: _ShortText | None = None
    stop_server_tools_when: list[JsonObject] | None = None
    max_tool_calls: Annotated[int, Meta(ge=1, le=30)] | None = None
    debug: JsonObject | None = None


GATEWAY_KEYS: Final = frozenset(GatewayFields.__struct_fields__)
_LISTS: Final = frozenset({"models", "plugins", "stop_server_tools_when"})


Wire = TypeVar("Wire", bound=GatewayFields)


def checked(body: JsonObject, shape: type[Wire]) -> Wire:
    """The body as a wire's struct says it; `InvalidRequest` names the field that is wrong. Unknown keys are no error."""
    try:
        return convert(body, shape)
    except ValidationError as error:
        raise InvalidRequest(describe(error)) from None
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None


def gateway_fields(body: JsonObject, told: GatewayFields) -> dict[str, Any]:
    """Those fields as arguments of `ChatRequest`, what was not said left out."""
    if body.keys().isdisjoint(GATEWAY_KEYS):
        return {}
    found: dict[str, Any] = {}
    for name in GATEWAY_KEYS:
        value = getattr(told, name)
        if value is None or name == "debug":
            continue
        found[name] = tuple(value) if name in _LISTS else value
    if told.debug is not None and told.debug.get("echo_upstream_body") is True:
        found["echo_upstream_body"] = True
    return found


def decode_object(body: bytes) -> JsonObject:
    """The body as a JSON object, or `InvalidRequest`. One that is small on the wire and huge in memory is refused unread."""
    if len(body) > _LARGE and body.count(b"{") + body.count(b"[") > _MOST_OBJECTS:
        raise InvalidRequest(f"The request body holds more than {_MOST_OBJECTS} objects and lists.")
    try:
        value = _DECODE(body)
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None
    except (DecodeError, UnicodeDecodeError):
        raise InvalidRequest("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    return value


def describe(error: ValidationError, where: str = "") -> str:
    """A validation error as `field: what is wrong with it`."""
    text, _, place = str(error).partition(" - at ")
    path = (where + place.removeprefix("`key` in ").strip("`").removeprefix("$")).lstrip(".")
    if text.startswith("Object missing required field `"):
        path, text = f"{path}.{text.split('`')[1]}".lstrip("."), "is required"
    text = text[:1].lower() + text[1:]
    return f"{path}: {text}." if path else f"{text[:1].upper()}{text[1:]}."
