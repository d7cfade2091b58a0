"""How the control plane says errors: the same envelope as everywhere (contract 2.1), whatever the framework raised."""

import logging
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException

from waystation.codec.error_envelope import error_headers, render_error_envelope
from waystation.errors import GatewayError, InternalError, InvalidRequest, NotFound

log = logging.getLogger(__name__)


def on_gateway_error(_: "Request[Any, Any, Any]", error: GatewayError) -> Response[bytes]:
    """Ours: status and words are already right."""
    headers = {"retry-after": str(error.retry_after)} if error.retry_after is not None else None
    return _answer(error, headers)


def on_framework_error(request: "Request[Any, Any, Any]", error: HTTPException) -> Response[bytes]:
    """The framework's own refusals: no such path, a wrong method, a parameter of the wrong type."""
    if isinstance(error, ValidationException):
        return _answer(InvalidRequest(_validation_text(error)))
    if isinstance(error, MethodNotAllowedException):
        text = f"{request.method} is not allowed here."
        return _answer(GatewayError(text, status=405, error_type="invalid_request"), error.headers)
    if error.status_code == 404:
        return _answer(NotFound(f"No such path: {request.url.path}"))
    kind = "invalid_request" if error.status_code < 500 else "server"
    return _answer(GatewayError(error.detail, status=error.status_code, error_type=kind))


def on_unexpected_error(request: "Request[Any, Any, Any]", error: Exception) -> Response[bytes]:
    """A defect: logged whole, said without detail."""
    log.error("unexpected failure", exc_info=error, extra={"path": request.url.path})
    return _answer(InternalError("Internal error"))


def _answer(error: GatewayError, headers: dict[str, str] | None = None) -> Response[bytes]:
    named = {name.decode(): value.decode() for name, value in error_headers(error)}
    return Response(
        render_error_envelope(error),
        status_code=error.status,
        media_type=MediaType.JSON,
        headers={**(headers or {}), **named},
    )


def _validation_text(error: ValidationException) -> str:
    extra = error.extra if isinstance(error.extra, list) else []
    parts = [
        f"{item['key']}: {item['message']}" if item.get("key") else str(item.get("message"))
        for item in extra
        if isinstance(item, dict)
    ]
    return "; ".join(parts) or error.detail
