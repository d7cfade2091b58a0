"""Cross-origin answers for browser clients: any configured origin, never with credentials (cookies play no part here)."""

from collections.abc import Mapping

from waystation.server.answer import Answer
from waystation.server.request import Headers, Request

ALLOWED = (
    b"authorization, content-type, x-api-key, http-referer, x-title, x-openrouter-title, x-openrouter-categories, "
    b"x-openrouter-metadata, x-session-id, x-waystation-route-seed, anthropic-version, anthropic-beta, "
    b"x-anthropic-beta, anthropic-dangerous-direct-browser-access, x-goog-api-key, x-goog-api-client, x-stainless-lang, "
    b"x-stainless-package-version, x-stainless-os, x-stainless-arch, x-stainless-runtime, "
    b"x-stainless-runtime-version, x-stainless-retry-count, x-stainless-timeout, x-stainless-helper-method"
)
EXPOSED = b"x-generation-id, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset"


class Cors:
    """Which origins may read our answers; `*` allows all."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any = "*" in origins
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, headers: Mapping[bytes, bytes]) -> Headers:
        """What an answer to a request with these headers says; nothing to requests that come from no browser page."""
        origin = headers.get(b"origin")
        if origin is None:
            return ()
        if self._any:
            return ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED))
        if origin in self._origins:
            return (
                (b"access-control-allow-origin", origin),
                (b"vary", b"origin"),
                (b"access-control-expose-headers", EXPOSED),
            )
        return ()

    def preflight(self, request: Request, answer: Answer) -> None:
        """Answer an OPTIONS request."""
        asked = request.headers.get(b"access-control-request-headers")
        named = (
            *self.headers(request.headers),
            (b"access-control-allow-methods", b"GET, POST, PATCH, PUT, DELETE, OPTIONS"),
            (b"access-control-allow-headers", asked or ALLOWED),
            (b"access-control-max-age", b"86400"),
        )
        answer.reply(204, b"", named, b"")
