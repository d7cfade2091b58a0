"""Vertex AI as a provider: where each model is served in a project and location, and with which credential.

Gemini is `publishers/google`; Claude is Anthropic's own wire by `rawPredict`; other guests speak OpenAI chat, as managed
models on one address for all, or by `rawPredict` of their publisher. Source: the Vertex AI REST reference.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Configuration, Provider
from waystation.providers.google_vertex.credentials import (
    Credentials,
    UnusableCredentialsError,
    application_default,
    read_credentials,
)
from waystation.providers.key_turns import KeyTurns
from waystation.providers.tokens import TokenClient, TokenSource

ANTHROPIC_VERSION: Final = "vertex-2023-10-16"
_VERSION: Final = "v1beta1"
_PROJECT_VARIABLES: Final = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")
_LOCATION_VARIABLES: Final = ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION")
_API_KEYS: Final = ("AIza", "AQ.")
"""How Google's API keys begin; anything else is a bearer token."""


class GoogleVertex(Provider):
    """`api_key` may be a bearer token, an API key, or a service account's JSON; without it the machine's credentials count."""

    slug = "google-vertex"
    name = "Google"
    dialect = "gemini"
    embeddings_dialect = "vertex_embeddings"
    key_variables = ("VERTEX_ACCESS_TOKEN",)

    def __init__(self, configuration: Configuration | None = None) -> None:
        super().__init__(configuration)
        chosen = configuration or Configuration()
        self._configuration = chosen
        self._client = TokenClient(chosen)
        self._problem: str | None = None
        self._tokens: list[str | TokenSource] = []
        project = self._variable(_PROJECT_VARIABLES)
        try:
            found = self._credentials()
        except UnusableCredentialsError as error:
            self._problem = str(error)
            found = []
        for credential in found:
            if isinstance(credential, str):
                self._tokens.append(credential)
            else:
                project = project or credential.project_id
                self._tokens.append(TokenSource(credential, self._client.post))
        self._sources = [token for token in self._tokens if isinstance(token, TokenSource)]
        self.needs_preparation = bool(self._sources)
        self._project = project
        self.key_turns = KeyTurns(len(self._tokens))
        location = chosen.region or self._variable(_LOCATION_VARIABLES) or "global"
        self.base_url = _base_url(chosen.base_url, project, location)

    @property
    def missing(self) -> str | None:
        """As for every provider; and OAuth tokens need the project they are for."""
        section = f"[providers.{self.slug}]"
        if not self.enabled:
            return f"remove `enabled = false` from {section}"
        if self._problem is not None:
            return self._problem
        if not self._tokens:
            variable = self._unset_variable or self.key_variable
            return f"set GOOGLE_APPLICATION_CREDENTIALS, {variable} or `api_key` in {section}"
        if not self._project and not self._configuration.base_url and not self._has_api_keys():
            return "set GOOGLE_CLOUD_PROJECT"
        return None

    async def prepare(self) -> None:
        """Have a valid token of each credential; waits only where one has none."""
        for source in self._sources:
            await source.ready()

    async def aclose(self) -> None:
        """End renewals and their connections."""
        for source in self._sources:
            await source.aclose()
        await self._client.aclose()

    def key_at(self, position: int) -> str:
        """One of the API keys or of the credentials' tokens."""
        if not self._tokens:
            return ""
        token = self._tokens[position]
        return token if isinstance(token, str) else token.value

    def authorize(self, key: str) -> list[tuple[str, str]]:
        """A bearer token, or an API key in its own header."""
        credential = (
            ("x-goog-api-key", key) if key.startswith(_API_KEYS) else ("authorization", f"Bearer {key}")
        )
        return [*self.headers, credential] if key else list(self.headers)

    def url_for(self, path: str, endpoint: Endpoint | None = None) -> str:
        """Below the project: paths that name their publisher, OpenAI chat, and Gemini's own."""
        if path.startswith("/publishers/"):
            return self.base_url + path
        if endpoint is not None and self.dialect_for(endpoint) != "gemini":
            return f"{self.base_url}/endpoints/openapi{path}"
        return f"{self.base_url}/publishers/google{path}"

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """Guests by `rawPredict` are named in the path: Claude not in the body at all, the others without a version."""
        dropped = tuple(self._verbs.apply(body))
        dialect = self.dialect_for(endpoint)
        if dialect == "anthropic_messages":
            body.pop("model", None)
            body.setdefault("anthropic_version", ANTHROPIC_VERSION)
            return Amendment(dropped, path=_raw_path("anthropic", endpoint, body))
        if dialect == "openai_chat" and "/" not in endpoint.native_id:
            body["model"] = endpoint.native_id.partition("@")[0]
            publisher = endpoint.model_id.partition("/")[0]
            return Amendment(dropped, path=_raw_path(publisher, endpoint, body))
        return Amendment(dropped) if dropped else None

    def _credentials(self) -> Sequence[str | Credentials]:
        said = [key.strip() for key in self.keys]
        if said:
            return [read_credentials(key) if key.startswith("{") else key for key in said]
        default = application_default(self._configuration.environment)
        return [] if default is None else [default]

    def _has_api_keys(self) -> bool:
        return all(isinstance(token, str) and token.startswith(_API_KEYS) for token in self._tokens)

    def _variable(self, names: Sequence[str]) -> str:
        environment = self._configuration.environment
        return next((value for name in names if (value := environment.get(name, "").strip())), "")


def _base_url(said: str | None, project: str, location: str) -> str:
    """Up to where `publishers` begins. A configured address that names a project is taken as it is."""
    host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
    root = said.rstrip("/") if said else f"https://{host}/{_VERSION}"
    if not project or "/projects/" in root:
        return root
    return f"{root}/projects/{quote(project, safe=':')}/locations/{location}"


def _raw_path(publisher: str, endpoint: Endpoint, body: JsonObject) -> str:
    verb = "streamRawPredict" if body.get("stream") else "rawPredict"
    return f"/publishers/{publisher}/models/{quote(endpoint.native_id, safe='@')}:{verb}"


PROVIDER = GoogleVertex
