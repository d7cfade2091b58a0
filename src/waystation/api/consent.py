"""The consent page of the OAuth flow, `/auth`: an app sends its user here, the user allows it with a key of his own.

There is no session and no cookie: the key is typed into the form that allows, so that no other page can allow anything
in its user's name. The form is taken only from this page, and goes on only where a code may be sent.
"""

import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from waystation.accounts.keys import KeyRing
from waystation.api.consent_page import code_shown, consent, refusal
from waystation.api.credentials import account_of
from waystation.api.oauth import Authorizations, Wish, check_wish, grant_of, name_of, origin_of
from waystation.api.pages import policy
from waystation.api.roles import Role, needs
from waystation.errors import Forbidden, GatewayError, InvalidRequest

_MOST_FIELDS = 20
AnyRequest = Request[Any, Any, Any]


def consent_routes(authorizations: Authorizations, keys: KeyRing) -> list[HTTPRouteHandler]:
    """The page, and what its form does."""

    @get("/auth", include_in_schema=False, opt=needs(Role.PUBLIC))
    async def ask(request: AnyRequest) -> Response[str]:
        fields = dict(request.query_params.items())
        try:
            return _asking(fields, _wish(fields))
        except GatewayError as error:
            return _answer(refusal(error.message), error.status)

    @post("/auth", include_in_schema=False, opt=needs(Role.PUBLIC), status_code=200)
    async def allow(request: AnyRequest) -> Response[str]:
        try:
            _check_from_here(request)
            fields = _form(await request.body())
            wish = _wish(fields)
        except GatewayError as error:
            return _answer(refusal(error.message), error.status)
        try:
            signer = account_of({b"x-api-key": fields.get("key", "").strip().encode()}, keys)
            code = await authorizations.issue(grant_of(wish, signer), int(time.time() * 1000))
        except GatewayError as error:
            return _asking(fields, wish, error)
        if not wish.callback_url:
            return _answer(code_shown(code))
        return _answer("", 303, {"location": _callback(wish, fields, "code", code)})

    return [ask, allow]


def _wish(fields: dict[str, str]) -> Wish:
    given = {name: value for name, value in fields.items() if value and name in Wish.__struct_fields__}
    try:
        wish = msgspec.convert(given, Wish, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(str(error)) from None
    check_wish(wish)
    return wish


def _asking(fields: dict[str, str], wish: Wish, error: GatewayError | None = None) -> Response[str]:
    asked = {"Key": name_of(wish)}
    if wish.callback_url:
        asked["Goes to"] = origin_of(wish.callback_url)
    if wish.usage_limit_type is not None:
        asked["The limit starts anew"] = wish.usage_limit_type
    if wish.expires_at is not None:
        asked["Expires"] = wish.expires_at
    hidden = {name: value for name, value in fields.items() if name in {*Wish.__struct_fields__, "state"}}
    deny_url = _callback(wish, fields, "error", "access_denied") if wish.callback_url else None
    targets = f"'self' {origin_of(wish.callback_url)}" if wish.callback_url else "'self'"
    page = consent(asked, hidden, deny_url, error.message if error is not None else None)
    return _answer(page, 200 if error is None else error.status, policy(targets))


def _callback(wish: Wish, fields: dict[str, str], name: str, value: str) -> str:
    """The callback with an answer in its query, and the app's `state` where it sent one."""
    url = (
        wish.callback_url
        + ("&" if urlsplit(wish.callback_url).query else "?")
        + f"{name}={quote(value, safe='')}"
    )
    return f"{url}&state={quote(fields['state'], safe='')}" if fields.get("state") else url


def _check_from_here(request: AnyRequest) -> None:
    """Browsers say where a form was; who is no browser has nobody's authority but the key it sends."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_ours = site == "same-origin"
    else:
        is_ours = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not is_ours:
        raise Forbidden("This form was not sent from the gateway's own page.")


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise InvalidRequest("The form cannot be read.") from None


def _answer(page: str, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(
        page, status_code=status, media_type=MediaType.HTML, headers={**policy(), **(headers or {})}
    )
