"""Azure: OpenAI's and others' models in an operator's own resource, by the versionless address or by dated ones.

Sources: Azure OpenAI REST reference ("v1" and "data plane inference"), Foundry's Model Inference reference, and the OAuth 2.0
client credentials flow of the Microsoft identity platform.
"""

import re
from typing import Final
from urllib.parse import quote, urlencode

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Configuration
from waystation.providers.openai import OpenAI
from waystation.providers.tokens import TokenClient, TokenSource

_AUTHORITY: Final = "https://login.microsoftonline.com"
_SCOPE: Final = "https://cognitiveservices.azure.com/.default"
_ENDPOINTS: Final = ("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE")
_VERSIONS: Final = ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION", "AZURE_API_VERSION")
_VERSIONLESS: Final = frozenset({"", "v1", "preview", "latest"})
_INFERENCE_VERSION: Final = "2024-05-01-preview"
"""What Foundry's `/models` is asked for where nothing else is said."""
_BEARER: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
"""How a token of Entra looks; anything else is a key of the resource."""


class ClientSecret(Struct, frozen=True):
    """An application's own secret, which Entra gives tokens for."""

    tenant: str
    client_id: str
    secret: str
    authority: str = _AUTHORITY

    def __repr__(self) -> str:
        return f"ClientSecret({self.client_id})"

    @property
    def token_uri(self) -> str:
        """Where the tenant's tokens are given."""
        return f"{self.authority.rstrip('/')}/{quote(self.tenant)}/oauth2/v2.0/token"

    def form(self, now: float) -> bytes:
        """The body of the token request."""
        del now
        return urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self.secret,
                "scope": _SCOPE,
            }
        ).encode()


class Azure(OpenAI):
    """`base_url` is the resource's address, or one that ends in `/openai/v1`, `/models` or `/openai/deployments/NAME`."""

    slug = "azure"
    name = "Azure"
    base_url = ""
    base_url_like = "https://RESOURCE.openai.azure.com"
    key_variables = ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_AD_TOKEN")

    def __init__(self, configuration: Configuration | None = None) -> None:
        chosen = configuration or Configuration()
        super().__init__(chosen)
        self._environment = chosen.environment
        address, _, query = (self.base_url or self._variable(_ENDPOINTS)).partition("?")
        self.base_url = address.rstrip("/")
        self._query = query or self._version_query()
        self._client = TokenClient(chosen)
        secret = None if self.keys else self._client_secret()
        self._source = TokenSource(secret, self._client.post) if secret is not None else None
        self.needs_preparation = self._source is not None
        self.needs_key = self._source is None

    async def prepare(self) -> None:
        """Have a valid token; waits only where there is none."""
        if self._source is not None:
            await self._source.ready()

    async def aclose(self) -> None:
        """End a renewal and its connections."""
        if self._source is not None:
            await self._source.aclose()
        await self._client.aclose()

    def key_at(self, position: int) -> str:
        """One of the keys, or the token."""
        return super().key_at(position) if self._source is None else self._source.value

    def authorize(self, key: str) -> list[tuple[str, str]]:
        """A key of the resource has a header of its own."""
        if self._source is not None or _BEARER.fullmatch(key):
            return [*self.headers, ("authorization", f"Bearer {key}")]
        return [*self.headers, ("api-key", key)] if key else list(self.headers)

    def dialect_for(self, endpoint: Endpoint) -> str:
        """Responses with Azure's own mark on what is sealed."""
        dialect = super().dialect_for(endpoint)
        return "azure_openai_responses" if dialect == "openai_responses" else dialect

    def url_for(self, path: str, endpoint: Endpoint | None = None) -> str:
        """By the shape of the configured address; deployments stand in the path of the dated ones."""
        root = self.base_url
        if root.endswith("/openai/v1"):
            return root + path + (f"?{self._query}" if "=preview" in self._query else "")
        if root.endswith("/models"):
            return f"{root}{path}?{self._query or f'api-version={_INFERENCE_VERSION}'}"
        if "/openai/deployments/" in root:
            return f"{root}{path}?{self._query}"
        if not self._query:
            return f"{root}/openai/v1{path}"
        if endpoint is None or path == "/responses":
            return f"{root}/openai{path}?{self._query}"
        return f"{root}/openai/deployments/{quote(endpoint.native_id, safe='')}{path}?{self._query}"

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """OpenAI's manners for its own models; the others know `max_tokens` only."""
        if endpoint.model_id.startswith("openai/"):
            return super().amend_request(body, endpoint)
        dropped = self._verbs.apply(body)
        if "max_completion_tokens" in body:
            body["max_tokens"] = body.pop("max_completion_tokens")
        return Amendment(tuple(dropped)) if dropped else None

    def family_of(self, endpoint: Endpoint) -> str:
        """By the catalogue's name: a deployment may be called anything."""
        return endpoint.model_id.partition("/")[2]

    def _version_query(self) -> str:
        version = self._variable(_VERSIONS)
        return "" if version in _VERSIONLESS else f"api-version={quote(version)}"

    def _client_secret(self) -> ClientSecret | None:
        tenant, client_id, secret = (
            self._variable((f"AZURE_{name}",)) for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")
        )
        if not (tenant and client_id and secret and self.base_url):
            return None
        return ClientSecret(
            tenant, client_id, secret, self._variable(("AZURE_AUTHORITY_HOST",)) or _AUTHORITY
        )

    def _variable(self, names: tuple[str, ...]) -> str:
        return next((value for name in names if (value := self._environment.get(name, "").strip())), "")


PROVIDER = Azure
