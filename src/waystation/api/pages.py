"""How the gateway's few pages look: plain HTML, no JavaScript, nothing loaded from anywhere."""

import base64
import hashlib

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
label { display: block; margin: 1rem 0 .25rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }
button { font: inherit; margin-top: 1rem; padding: .5rem 1.5rem; }
code { overflow-wrap: anywhere; }
dt:target { outline: .15rem solid #b80; outline-offset: .2rem; }
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


def page(title: str, body: str) -> str:
    """A whole page; the body is HTML already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
