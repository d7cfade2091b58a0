"""The consent page as text: plain HTML, no JavaScript, nothing loaded from anywhere. Everything shown is escaped."""

from collections.abc import Mapping
from html import escape

from waystation.api.pages import page


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
    return page(
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
    return page(
        "Allowed",
        f"<p>Give this code to the app within ten minutes. It works once.</p><p><code>{escape(code)}</code></p>",
    )


def refusal(problem: str) -> str:
    """The page where nothing can be asked."""
    return page("This cannot be asked", f'<p class="problem" role="alert">{escape(problem)}</p>')
