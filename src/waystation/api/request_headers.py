"""The request's headers as the data plane has them, for control-plane handlers."""

from typing import Any

from litestar import Request


def headers_of(request: "Request[Any, Any, Any]") -> dict[bytes, bytes]:
    """Header names in lower case; the first value of a repeated one counts."""
    return dict(reversed(list(request.scope["headers"])))
