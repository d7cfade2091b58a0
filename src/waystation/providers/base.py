"""What every provider is: an address, its keys, and hooks with ordinary defaults over its dialect.

A provider with manners of its own is one file that sets `PROVIDER` to a subclass; one without is a row of
`compatible.toml`. Nothing here knows a wire format, opens a socket, or chooses between providers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from waystation.catalog.endpoint import Endpoint
from waystation.codec.dialect import Target
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event
from waystation.operations.parts import JsonObject
from waystation.providers.key_turns import KeyTurns
from waystation.providers.manners import Manners, Verbs
from waystation.settings import Settings, UpstreamSettings

Report: TypeAlias = Callable[[str], None]
"""Where a provider tells the operator of long steps, a line each."""
AmendResult: TypeAlias = Callable[[ChatResult], ChatResult]
AmendEvents: TypeAlias = Callable[[list[Event]], list[Event]]


class Amendment(Struct, frozen=True):
    """What a provider did to one request, and what it therefore owes the answer of this attempt.

    `dropped` are names of parameters that could not be sent. `amend_events` holds state: one per attempt, fed the
    events of each read in order.
    """

    dropped: tuple[str, ...] = ()
    amend_result: AmendResult | None = None
    amend_events: AmendEvents | None = None
    path: str | None = None
    """Another path than the dialect's, where the provider serves this endpoint elsewhere."""


class Timeouts(Struct, frozen=True, omit_defaults=True):
    """Deadlines of one attempt in seconds, as `[upstream]` names them; None keeps the general one."""

    connect_timeout: float | None = None
    first_byte_timeout: float | None = None
    answer_timeout: float | None = None
    idle_timeout: float | None = None
    total_timeout: float | None = None


SHORTEST_SECRET = 8
"""Characters: what is shorter is a word, and words are left as they are."""


class Secret:
    """A credential that shows itself only when asked by name, never in a repr, log line or traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The credential itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"


def silent(message: str) -> None:
    """A `Report` for those who do not listen."""


class Configuration(Struct, frozen=True):
    """What the operator said of one provider, keys resolved. None and empty keep the provider's own."""

    keys: tuple[Secret, ...] = ()
    base_url: str | None = None
    dialect: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    timeouts: Timeouts = field(default_factory=Timeouts)
    manners: Manners | None = None
    """The provider's own where None; else these, whole."""
    enabled: bool = True
    unset_variable: str | None = None
    """The variable that the row's `api_key` refers to and that is not set."""
    report: Report = silent
    region: str | None = None
    environment: Mapping[str, str] = {}
    """The snapshot of the environment, for variables other than those of the key."""
    upstream: UpstreamSettings = UpstreamSettings()
    """Whom to trust, for a provider that asks for tokens on its own."""


class Provider:
    """Base class, and the default of every hook. Class attributes are the provider's facts; `Configuration` comes on top."""

    slug: str = ""
    name: str = ""
    dialect: str = "openai_chat"
    embeddings_dialect: str = "openai_embeddings"
    rerank_dialect: str = "rerank"
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    """Environment variables that may hold the key, the usual one first; the first that is set counts."""
    needs_key: bool = True
    needs_preparation: bool = False
    """True where `prepare` must be awaited before each attempt (cheap once it is done)."""
    base_url_like: str = ""
    """What to put into the configuration where `base_url` is empty because every account has its own."""
    auth: str = "bearer"
    """`bearer`, or the name of the header that holds the bare key."""
    headers: tuple[tuple[str, str], ...] = ()
    lists_models: bool = False
    """True where only its own list says what it serves: it is read unless the operator lists models."""
    signs: bool = False
    """True where `sign` must be asked about each request."""
    manners: Manners = Manners()

    def __init__(self, configuration: Configuration | None = None) -> None:
        chosen = configuration or Configuration()
        self.enabled = chosen.enabled
        self.timeouts = chosen.timeouts
        self.base_url = (chosen.base_url or self.base_url).rstrip("/")
        self.dialect = chosen.dialect or self.dialect
        self.headers = tuple((name.lower(), value) for name, value in (*self.headers, *chosen.headers))
        self._header_values = tuple(value for _, value in chosen.headers)
        self.manners = chosen.manners or self.manners
        self._keys = chosen.keys
        self._unset_variable = chosen.unset_variable
        self.key_turns = KeyTurns(len(chosen.keys))
        self._verbs = Verbs(self.manners)
        self._targets: dict[tuple[str, str], tuple[Endpoint, Target]] = {}

    def without_secrets(self, said: bytes) -> bytes:
        """What the provider said, without the credentials that it was asked with, should it repeat them."""
        for secret in (*self.keys, *self._header_values):
            if len(secret) >= SHORTEST_SECRET:
                said = said.replace(secret.encode(), b"[removed]")
        return said

    @classmethod
    def enabled_by(cls, settings: Settings) -> bool:  # noqa: ARG003 - for providers with a switch of their own
        """Whether the settings outside `[providers]` allow this provider."""
        return True

    @classmethod
    def keys_in(cls, environment: Mapping[str, str]) -> tuple[str, ...]:
        """The credentials that the environment holds: the first of the key variables that is set."""
        found = (environment.get(variable, "").strip() for variable in cls.key_variables)
        return next(((key,) for key in found if key), ())

    @property
    def key_variable(self) -> str | None:
        """The environment variable to name when the key is missing; None where no key is needed."""
        return self.key_variables[0] if self.key_variables else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The credentials, in the operator's order. For sending only: never log them."""
        return tuple(secret.reveal() for secret in self._keys)

    @property
    def configured(self) -> bool:
        """Whether requests may be sent: on, with an address, and with a key where one is needed."""
        return self.missing is None

    def next_key(self) -> str:
        """The key whose turn it is; empty where there is none."""
        return self.key_at(self.key_turns.next())

    def key_at(self, position: int) -> str:
        """One of the keys, as `key_turns` counts them; empty where there is none. For sending only: never log it."""
        return self._keys[position].reveal() if self._keys else ""

    async def prepare(self) -> None:
        """Make the provider ready to be called. Only awaited where `needs_preparation`."""

    async def aclose(self) -> None:
        """Let go of what `prepare` made."""

    @property
    def missing(self) -> str | None:
        """What the operator has to do before requests may be sent, as half a sentence; None where nothing."""
        section = f"[providers.{self.slug}]"
        if not self.enabled:
            return f"remove `enabled = false` from {section}"
        if not self.base_url:
            return f"set `base_url` in {section}" + (
                f", like {self.base_url_like}" if self.base_url_like else ""
            )
        if not self._keys and (self.needs_key or self._unset_variable):
            variable = self._unset_variable or self.key_variable
            return f"set {f'{variable} or ' if variable else ''}`api_key` in {section}"
        return None

    def dialect_for(self, endpoint: Endpoint) -> str:
        """The dialect this endpoint speaks."""
        return endpoint.protocol or self.dialect

    def dialect_of(self, endpoint: Endpoint) -> str:
        """The same for an endpoint of any operation that the gateway routes."""
        match endpoint.operation:
            case "embeddings":
                return endpoint.protocol or self.embeddings_dialect
            case "rerank":
                return endpoint.protocol or self.rerank_dialect
            case _:
                return self.dialect_for(endpoint)

    def url_for(self, path: str, endpoint: Endpoint | None = None) -> str:  # noqa: ARG002 - for providers with the model in the path
        """The URL of a dialect's path, which starts with a slash."""
        return self.base_url + path

    def authorize(self, key: str) -> list[tuple[str, str]]:
        """Headers that carry the credential, and the provider's fixed ones; lower-case names."""
        named = list(self.headers)
        if key:
            named.append(("authorization", f"Bearer {key}") if self.auth == "bearer" else (self.auth, key))
        return named

    def sign(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes, key: str
    ) -> list[tuple[str, str]]:
        """Headers that vouch for this very request. Only asked where `signs`; `body` is what will be sent."""
        del method, url, headers, body, key
        return []

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:  # noqa: ARG002 - hooks may ask
        """Change a rendered body in place to the provider's liking; None where nothing is to be noted or undone."""
        dropped = self._verbs.apply(body)
        return Amendment(tuple(dropped)) if dropped else None

    def target(self, endpoint: Endpoint) -> Target:
        """What a dialect needs to know of the endpoint; kept until the catalogue replaces the endpoint."""
        kept = self._targets.get((endpoint.model_id, endpoint.tag))
        if kept is not None and kept[0] is endpoint:
            return kept[1]
        target = Target(
            native_id=endpoint.native_id,
            model_id=endpoint.model_id,
            supported_parameters=endpoint.supported_parameters,
            max_completion_tokens=endpoint.max_completion_tokens,
            reasoning_field=self.manners.reasoning_field,
            nested_reasoning=self.manners.nested_reasoning,
            max_tokens_field=self.manners.max_tokens_field,
            developer_role=self.manners.developer_role,
            efforts=self.manners.efforts,
        )
        self._targets[(endpoint.model_id, endpoint.tag)] = (endpoint, target)
        return target

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.slug} {'configured' if self.configured else 'not configured'}>"
