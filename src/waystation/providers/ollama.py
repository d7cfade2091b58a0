"""Ollama: a server of the operator's own, or the service at ollama.com. Which models it has is its own list's to say.

Off until it is spoken of: by a row, or by one of the variables that Ollama's own programs read.
"""

import re
from typing import Final

from waystation.catalog.endpoint import Endpoint
from waystation.providers.base import Configuration, Provider
from waystation.settings import Settings

PORT: Final = 11434
HOST_VARIABLE: Final = "OLLAMA_HOST"
_PARTS: Final = re.compile(r"(https?://)?(\[[^\]]*\]|[^:/]*)(:\d+)?:?(/(?!/).*)?", re.IGNORECASE)
"""Scheme, host, port and path, each of which may be absent."""
_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "[::]"})
"""Addresses that a server listens at, and no client can call."""


class Ollama(Provider):
    """Its native chat below `/api`; what it speaks of OpenAI's protocols is below `/v1` of the same address."""

    slug = "ollama"
    name = "Ollama"
    dialect = "ollama"
    embeddings_dialect = "ollama_embeddings"
    base_url = f"http://127.0.0.1:{PORT}"
    key_variables = ("OLLAMA_API_KEY",)
    needs_key = False
    lists_models = True

    def __init__(self, configuration: Configuration | None = None) -> None:
        chosen = configuration or Configuration()
        address = address_of(chosen.environment.get(HOST_VARIABLE, ""))
        self._is_told = bool(chosen.base_url or address)
        self.base_url = address or self.base_url
        super().__init__(chosen)
        self.base_url = re.sub(r"/(?:v1|api)$", "", self.base_url)

    @classmethod
    def enabled_by(cls, settings: Settings) -> bool:
        """A row of its own, or an address in the environment."""
        return cls.slug in settings.providers or bool(address_of(settings.environment.get(HOST_VARIABLE, "")))

    @property
    def missing(self) -> str | None:
        """As for every provider; a row without anything in it is enough."""
        if not self.enabled and not self._is_told:
            return f"set {HOST_VARIABLE}, or `base_url` in [providers.{self.slug}]"
        return super().missing

    def url_for(self, path: str, endpoint: Endpoint | None = None) -> str:
        """The list of models has a name of its own; paths of other dialects are below `/v1`."""
        del endpoint
        if path == "/models":
            return f"{self.base_url}/api/tags"
        return self.base_url + (path if path.startswith("/api/") else f"/v1{path}")


def address_of(host: str) -> str:
    """`OLLAMA_HOST` as a URL: host, port, both, or a whole URL; empty where it says nothing, or nothing of the kind."""
    host = host.strip().strip("\"'").rstrip("/")
    told = _PARTS.fullmatch(host)
    if not host or told is None:
        return ""
    scheme, place, port, path = told.groups(default="")
    if place in _EVERYWHERE:
        place = "127.0.0.1"
    return f"{scheme or 'http://'}{place}{port or ('' if scheme else f':{PORT}')}{path}"


PROVIDER = Ollama
