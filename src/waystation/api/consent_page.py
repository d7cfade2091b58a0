"""The consent page as text: plain HTML, no JavaScript, nothing loaded from anywhere. Everything shown is escaped."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
label { display: block; margin: 1rem 0 .25rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }
button { font: inherit; margin-top: 1rem; padding: .5rem 1.5rem; }
code { overflow-wrap: anywhere; }
.problem { border-left: .25rem solid #b00; padding-left: .75rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def policy(form_targets: str = "'self'") -> dict[str, str]:
    """Headers of every page: no script, no frame, no cache, no referrer to others. A browser holds a form's redirect
    against `form-action` too, so the callback's origin is among its targets.
    """
    return {
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_targets}; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }


def consent(
    asked: Mapping[str, str], hidden: Mapping[str, str], deny_url: str | None, problem: str | None
) -> str:
    """The page that asks. `asked` is what the app wants, by its title; `hidden` comes back with the form, `limit` as a field."""
    rows = "".join(f"<dt>{escape(title)}</dt><dd>{escape(text)}</dd>" for title, text in asked.items())
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
        if name != "limit"
    )
    deny = f'<p><a href="{escape(deny_url)}" rel="noreferrer">Deny and go back</a></p>' if deny_url else ""
    wrong = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    limit = escape(hidden.get("limit", ""))
    return _page(
        "An app asks for a key",
        f"""{wrong}<p>If you allow it, the app gets a key of its own for this gateway, and can spend with it.</p>
<dl>{rows}</dl>
<form method="post" action="auth">{kept}
<label for="limit">Most it may spend, in USD (empty: no limit)</label>
<input id="limit" name="limit" type="number" min="0" step="any" value="{limit}">
<label for="key">Your own key: an inference key without a limit, or a management key</label>
<input id="key" name="key" type="password" required autocomplete="current-password" spellcheck="false">
<button type="submit">Allow</button></form>{deny}
<p>Your key stays here: the app is told nothing of it.</p>""",
    )


def code_shown(code: str) -> str:
    """The page for apps without a callback: the user carries the code over."""
    return _page(
        "Allowed",
        f"<p>Give this code to the app within ten minutes. It works once.</p><p><code>{escape(code)}</code></p>",
    )


def refusal(problem: str) -> str:
    """The page where nothing can be asked."""
    return _page("This cannot be asked", f'<p class="problem" role="alert">{escape(problem)}</p>')


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
