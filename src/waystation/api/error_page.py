"""The page that an error's `docs_url` leads to. Its words are those of docs/errors.md; a test compares them."""

import re
from html import escape
from typing import Final

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from waystation.api.pages import page, policy
from waystation.api.roles import Role, needs
from waystation.codec.error_envelope import DOCS_PATH

AVAILABILITY: Final = {
    "model_not_found": (400, "no model has this name; `fallback_models` lists close ones"),
    "wrong_endpoint": (400, "the model does something else than what was asked of it"),
    "no_endpoints": (404, "nobody who serves the model is configured; the message says what to set"),
    "model_deprecated": (404, "the model was retired; `fallback_models` names its successor"),
    "model_unavailable_upstream": (404, "the provider says it does not have the model"),
    "privacy_restricted": (404, "every endpoint keeps or learns from prompts, and the request forbids that"),
    "constraint_filtered": (404, "endpoints exist, none meets the request; `excluded_by` says why"),
    "free_variant_ended": (404, "the `:free` variant is gone, the paid model is not"),
    "region_restricted": (403, "the model may not be used from where the request comes from, or has to stay"),
    "capacity_exhausted": (429, 'every provider said "later"'),
    "temporarily_unavailable": (503, "timeouts and failures of every provider"),
}
"""Code -> status and meaning. The codes are the page's anchors."""


def error_page_routes() -> list[HTTPRouteHandler]:
    """`/docs/errors`, for anybody: it tells nothing of this gateway."""

    @get(DOCS_PATH, include_in_schema=False, opt=needs(Role.PUBLIC))
    async def errors() -> Response[str]:
        return Response(_PAGE, media_type=MediaType.HTML, headers=policy())

    return [errors]


def _meanings() -> str:
    terms = (
        f'<dt id="{code}"><code>{code}</code> ({status})</dt><dd>{_html(words)}.</dd>'
        for code, (status, words) in AVAILABILITY.items()
    )
    return f"<p>What <code>availability.code</code> says:</p><dl>{''.join(terms)}</dl>"


def _html(words: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words, quote=False))


_PAGE: Final = page("Why a model could not be served", _meanings())
