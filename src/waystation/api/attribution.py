"""Which app asks, from its headers (contract section 1; OpenRouter's app attribution). Everything is bounded and optional."""

import re

from waystation.errors import InvalidRequest
from waystation.exchange import Attribution

CATEGORIES = frozenset(
    {
        "cli-agent",
        "ide-extension",
        "cloud-agent",
        "programming-app",
        "native-app-builder",
        "creative-writing",
        "video-gen",
        "image-gen",
        "audio-gen",
        "writing-assistant",
        "general-chat",
        "personal-agent",
        "legal",
        "roleplay",
        "game",
    }
)
LIMIT = 512
NAMES = frozenset(
    (
        b"http-referer",
        b"x-openrouter-title",
        b"x-title",
        b"x-openrouter-categories",
        b"x-openrouter-metadata",
        b"x-openrouter-experimental-metadata",
        b"x-session-id",
        b"x-waystation-route-seed",
    )
)


def attribution(headers: dict[bytes, bytes]) -> Attribution:
    """What the headers say; texts are cut at 512 characters, the session at 256, categories at the first two known.

    `InvalidRequest` for a seed that is no integer.
    """
    agent = _text(headers.get(b"user-agent"))
    if headers.keys().isdisjoint(NAMES):
        return Attribution(user_agent=agent)
    title = headers.get(b"x-openrouter-title") or headers.get(b"x-title")
    categories = headers.get(b"x-openrouter-categories")
    wants = headers.get(b"x-openrouter-metadata") or headers.get(b"x-openrouter-experimental-metadata")
    return Attribution(
        http_referer=_text(headers.get(b"http-referer")),
        title=_text(title),
        categories=_known(categories) if categories else (),
        user_agent=agent,
        session_id=_text(headers.get(b"x-session-id"), 256),
        wants_metadata=wants is not None and wants.strip().lower() == b"enabled",
        route_seed=_seed(headers.get(b"x-waystation-route-seed")),
    )


def _known(value: bytes) -> tuple[str, ...]:
    names = (name.strip().lower() for name in value.decode("latin-1").split(","))
    return tuple(name for name in names if name in CATEGORIES)[:2]


def _seed(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(rb"-?\d{1,19}", value.strip()):
        raise InvalidRequest("X-Waystation-Route-Seed: must be an integer.")
    return int(value)


def _text(value: bytes | None, limit: int = LIMIT) -> str | None:
    return value.decode("utf-8", "replace")[:limit] if value else None
