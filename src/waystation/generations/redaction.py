"""What looks like a secret does not get into what is stored. It errs on the side of leaving out."""

import re
from collections.abc import Iterable
from typing import Final

REDACTED: Final = "[redacted]"
LONGEST: Final = 512
"""Characters beyond a cut that are looked at, so that no secret is only half seen."""

_PREFIX: Final = "(?:gh[pousr]|github_pat|glpat|hf|gsk|r8|xai|pplx|sk_live|rk_live|xox[abprs])"
_NAME: Final = "(?:api[_-]?key|access[_-]?key|secret|password|passwd|auth[_-]?token)"
SHAPES: Final = (
    (("-----begin",), r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    (("sk-", "pk-"), r"\b[sp]k-[A-Za-z0-9_-]{16,}"),
    (("akia", "asia"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    (("aiza",), r"\bAIza[0-9A-Za-z_-]{30,}"),
    (("ya29.",), r"\bya29\.[0-9A-Za-z_-]{20,}"),
    (
        (
            *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
            *("hf_", "gsk_", "r8_", "xai-", "pplx-", "_live_", "xox"),
        ),
        rf"\b{_PREFIX}[_-][A-Za-z0-9_-]{{16,}}",
    ),
    (("eyj",), r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    (("bearer", "basic"), r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{16,}"),
    (
        ("key", "secret", "passw", "token"),
        rf"""(?i:\b{_NAME}\b)["']?\s*[:=]\s*["']?[^\s"',;}}]{{6,}}""",
    ),
)
"""Shapes of secrets, each with words one of which stands, in lower case, in every text that may hold one: a search for a
word costs a hundredth of a match."""


class Redaction:
    """`patterns` are the operator's own; `secrets` are texts that are known to be secret, such as configured keys."""

    def __init__(self, patterns: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 8}, key=len, reverse=True)
        self._shapes = [(words, re.compile(shape, re.DOTALL)) for words, shape in SHAPES]
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        lowered = text.lower()
        for words, shape in self._shapes:
            if any(word in lowered for word in words):
                text = shape.sub(REDACTED, text)
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text


def keys_of(prefix: str) -> str:
    """The pattern of keys that a gateway makes, whose beginning operators choose."""
    return rf"{re.escape(prefix)}[0-9a-f]{{64}}"


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
