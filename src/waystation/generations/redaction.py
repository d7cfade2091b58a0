"""What looks like a secret does not get into what is stored. It errs on the side of leaving out."""

import re
from collections.abc import Iterable
from typing import Final

REDACTED: Final = "[redacted]"
LONGEST: Final = 512
"""Characters beyond a cut that are looked at, so that no secret is only half seen."""

SHAPES: Final = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"\b[sp]k-[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic, OpenRouter, ours
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS
    r"\bAIza[0-9A-Za-z_-]{30,}",  # Google
    r"\bya29\.[0-9A-Za-z_-]{20,}",
    r"\b(?:gh[pousr]|github_pat|glpat|hf|gsk|r8|xai|pplx|sk_live|rk_live|xox[abprs])[_-][A-Za-z0-9_-]{16,}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # a signed token
    r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{16,}",
    r"""(?i:\b(?:api[_-]?key|access[_-]?key|secret|password|passwd|auth[_-]?token)\b)["']?\s*[:=]\s*["']?[^\s"',;}]{6,}""",
)


class Redaction:
    """`patterns` are the operator's own; `secrets` are texts that are known to be secret, such as configured keys."""

    def __init__(self, patterns: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        known = [
            re.escape(secret) for secret in sorted(set(secrets), key=len, reverse=True) if len(secret) >= 8
        ]
        whole = [*known, *SHAPES, *patterns]
        self._secret = re.compile("|".join(f"(?:{pattern})" for pattern in whole), re.DOTALL)

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        return self._secret.sub(REDACTED, text)


class Room:
    """How much text may still be kept of one thing. Gives texts redacted, and cut where the room ends."""

    def __init__(self, redact: Redaction, characters: int) -> None:
        self._redact = redact
        self._left = characters

    def fit(self, text: str) -> str:
        """As much of the text as there is room for."""
        seen = self._redact(text[: self._left + LONGEST])
        if len(text) <= self._left + LONGEST and len(seen) <= self._left:
            self._left -= len(seen)
            return seen
        kept, self._left = seen[: self._left], 0
        return f"{kept}... ({len(text) - len(kept)} characters left out)"
