"""What can be configured: frozen structs, one for each section of the file. Knows nothing of files or variables.

Every field of a section is a key of the configuration and is described in `docs/configuration.md`; a test compares them.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct
from msgspec.structs import fields, force_setattr

from waystation.settings.masks import MASK, without_credentials

_PRICE = r"^[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?$"
_URL = r"^https?://[^\s/]+"
_MODEL_ID = r"^[^/\s]+/[^/\s]+$"
_SOURCE_NAME = r"^[a-z0-9][a-z0-9._-]*$"
_KEY_PREFIX = r"^[A-Za-z0-9_-]+$"
_KEY_HASH = r"^[0-9a-f]{64}$"

EXPLAINED = {
    _PRICE: 'USD per token or unit as a decimal string, such as "0.0000025"',
    _URL: "a URL that begins with http:// or https://",
    _MODEL_ID: 'a model\'s id, "author/name"',
    _SOURCE_NAME: "lower-case letters, digits, ., - and _",
    _KEY_PREFIX: "letters, digits, - and _ only",
    _KEY_HASH: "the hash of a key, 64 hex digits; `waystation keys list --json` shows it",
}
"""What each pattern asks for, in an operator's words."""

_WEEK = 604800
Seconds = Annotated[float, Meta(gt=0, le=_WEEK)]
Count = Annotated[int, Meta(ge=1)]
Limit = Annotated[int, Meta(ge=0, le=10**12)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Price = Annotated[str, Meta(pattern=_PRICE)]
"""USD per token or unit; a number of TOML would be a binary float."""

SourceKind = Literal[
    "modelsdev-api", "modelsdev-tree", "litellm", "genai-prices", "openrouter-compatible", "catalog"
]
PRICE_NAMES = (
    "prompt",
    "completion",
    "request",
    "image",
    "image_token",
    "image_output",
    "audio",
    "audio_output",
    "input_audio_cache",
    "web_search",
    "internal_reasoning",
    "input_cache_read",
    "input_cache_write",
    "input_cache_write_1h",
    "search_unit",
    "character",
    "second",
)
"""The price fields of `ModelSettings`; the names of the catalogue's rates."""


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every section. `secrets` names the fields that are never shown, in `repr` neither."""

    secrets: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = (f"{field.name}={self._shown(field.name)}" for field in fields(self))
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        return repr(MASK) if value and name in self.secrets else without_credentials(repr(value))


class ServerSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Where the gateway listens and how long it waits. Times are seconds."""

    host: str = "127.0.0.1"
    port: Port = 8787
    public_url: Annotated[str, Meta(pattern=_URL)] | None = None
    workers: Count = 1
    request_timeout: Seconds = 900.0
    max_body_mb: Count = 100
    cors_origins: tuple[str, ...] = ("*",)
    shutdown_grace: Annotated[float, Meta(ge=0, le=_WEEK)] = 30.0
    comment_grace: Seconds = 10.0


class StorageSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Where state is kept. An empty URL means SQLite in `data_dir`, and shared state inside the process."""

    secrets: ClassVar[frozenset[str]] = frozenset({"database_url", "valkey_url"})

    data_dir: Annotated[str, Meta(min_length=1)] = "./data"
    database_url: str = ""
    valkey_url: str = ""

    @property
    def data_path(self) -> Path:
        """`data_dir` as a path; a relative one is relative to the working directory."""
        return Path(self.data_dir).expanduser()


class KeySettings(Section, frozen=True, forbid_unknown_fields=True):
    """Keys that are valid from every start on, empty for none, and the prefix of those the gateway makes.

    `relaxed`: inference keys may ask what credit is left, and give feedback on their own generations.
    """

    secrets: ClassVar[frozenset[str]] = frozenset({"management_key", "api_key"})

    management_key: str = ""
    api_key: str = ""
    prefix: Annotated[str, Meta(pattern=_KEY_PREFIX, max_length=32)] = "sk-ws-v1-"
    relaxed: bool = False


class CreditSettings(Section, frozen=True, forbid_unknown_fields=True):
    """`unlimited` tracks spend and enforces key limits; `prepaid` enforces a balance too.

    The estimates are for reservations: output tokens where neither the caller nor the endpoint bounds them, and USD for
    a request whose price is unknown (empty: such a request is refused to whoever has a bound).
    """

    mode: Literal["unlimited", "prepaid"] = "unlimited"
    estimated_completion_tokens: Count = 4096
    estimated_request_cost: Price | Literal[""] = ""


class RateSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Requests and tokens a minute of one key or model; 0 is no limit, None what all keys or models have."""

    requests: Limit | None = None
    tokens: Limit | None = None


class LimitSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Rate limits, a minute unless the name says a day; 0 is no limit. `keys` is by hash, `models` by id."""

    requests_per_key: Limit = 0
    tokens_per_key: Limit = 0
    requests_per_account: Limit = 0
    tokens_per_account: Limit = 0
    requests_per_model: Limit = 0
    tokens_per_model: Limit = 0
    free_requests_per_minute: Limit = 20
    free_requests_per_day: Limit = 50
    keys: dict[Annotated[str, Meta(pattern=_KEY_HASH)], RateSettings] = {}
    models: dict[Annotated[str, Meta(pattern=_MODEL_ID)], RateSettings] = {}


class RecordSettings(Section, frozen=True, forbid_unknown_fields=True):
    """What remains of exchanges, for how many days (0: for good), and what happens where nothing can be recorded.

    `redact` are regular expressions of what stored prompts and answers must not show, beside what looks like a secret.
    """

    when_unrecordable: Literal["serve", "refuse"] = "serve"
    journal_max_mb: Annotated[int, Meta(ge=8)] = 1024
    retention_days: Annotated[int, Meta(ge=0)] = 0
    content: bool = False
    content_retention_days: Annotated[int, Meta(ge=0)] = 30
    content_max_kb: Count = 256
    redact: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in self.redact:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"no regular expression: {error}") from None


class ModelSettings(Section, frozen=True, forbid_unknown_fields=True):
    """One endpoint that an operator adds. A price of None is unknown; a `native_id` not given is the `id`."""

    id: Annotated[str, Meta(pattern=_MODEL_ID)]
    native_id: str = ""
    name: str | None = None
    context_length: Count | None = None
    max_completion_tokens: Count | None = None
    prompt: Price | None = None
    completion: Price | None = None
    request: Price | None = None
    image: Price | None = None
    image_token: Price | None = None
    image_output: Price | None = None
    audio: Price | None = None
    audio_output: Price | None = None
    input_audio_cache: Price | None = None
    web_search: Price | None = None
    internal_reasoning: Price | None = None
    input_cache_read: Price | None = None
    input_cache_write: Price | None = None
    input_cache_write_1h: Price | None = None
    search_unit: Price | None = None
    character: Price | None = None
    second: Price | None = None
    input_modalities: tuple[str, ...] = ("text",)
    output_modalities: tuple[str, ...] = ("text",)
    supported_parameters: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.native_id:
            force_setattr(self, "native_id", self.id)

    def prices(self) -> dict[str, Decimal]:
        """The known prices by name, in USD per unit."""
        given = ((name, getattr(self, name)) for name in PRICE_NAMES)
        return {name: Decimal(price) for name, price in given if price is not None}


class ProviderSettings(Section, frozen=True, forbid_unknown_fields=True):
    """A provider's row: its key, and whatever differs from what the gateway knows of it. None keeps what is known.

    `rename`, `drop` and `default` act on the fields of the request body, as in a row of the provider table.
    Timeouts are seconds per attempt and stand in for those of `[upstream]`.
    """

    secrets: ClassVar[frozenset[str]] = frozenset({"api_key", "headers"})

    api_key: str | tuple[str, ...] = ""
    base_url: Annotated[str, Meta(pattern=_URL)] | None = None
    dialect: str | None = None
    models: tuple[ModelSettings, ...] = ()
    discover: bool = False
    enabled: bool = True
    headers: dict[str, str] = {}
    region: str | None = None
    connect_timeout: Seconds | None = None
    first_byte_timeout: Seconds | None = None
    answer_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    total_timeout: Seconds | None = None
    reasoning_field: str | None = None
    nested_reasoning: bool | None = None
    rename: dict[str, str] = {}
    drop: tuple[str, ...] = ()
    default: dict[str, object] = {}

    @property
    def api_keys(self) -> tuple[str, ...]:
        """The keys to rotate through, in order; empty where there is none."""
        keys = (self.api_key,) if isinstance(self.api_key, str) else self.api_key
        return tuple(key for key in keys if key)


FIRST_BYTE_SECONDS = 120.0
ANSWER_SECONDS = 600.0


class UpstreamSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Deadlines of one attempt in seconds, and whom to trust. A `ca_file` replaces the bundled authorities.

    `answer_timeout` None: `first_byte_timeout` where that is not its default, else `ANSWER_SECONDS`.
    """

    connect_timeout: Seconds = 5.0
    first_byte_timeout: Seconds = FIRST_BYTE_SECONDS
    answer_timeout: Seconds | None = None
    idle_timeout: Seconds = 60.0
    total_timeout: Seconds = 900.0
    ca_file: str = ""
    verify: bool = True


class MediaSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Whether images and documents given by URL are fetched for providers that take only bytes, and within which limits.

    `allow_networks` may be reached although they are not public.
    """

    fetch: bool = False
    max_mb: Count = 20
    timeout: Seconds = 10.0
    allow_networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in self.allow_networks:
            ip_network(text)


class RoutingSettings(Section, frozen=True, forbid_unknown_fields=True):
    """The order among endpoints where the caller asks for none, and whether outages are remembered.

    `repeats` is how often endpoints whose trouble may pass are asked again when none is left to try; `hedge_after`
    after how many seconds of silence the next endpoint is asked beside the silent one, 0 for never. `auto_explore` is the
    share of `openrouter/auto`'s choices that try a model which is hardly worse, `auto_learn` whether what came of its
    choices counts in later ones.
    """

    order: Literal["weighted", "price", "throughput", "latency", "listed"] = "weighted"
    health: bool = True
    repeats: Annotated[int, Meta(ge=0, le=10)] = 1
    hedge_after: Annotated[float, Meta(ge=0, le=_WEEK)] = 0.0
    auto_explore: Annotated[float, Meta(ge=0, le=0.2)] = 0.0
    auto_learn: bool = True


class SourceSettings(Section, frozen=True, forbid_unknown_fields=True):
    """A place that the catalogue is refreshed from: a URL or the path of a file, and what is there."""

    name: Annotated[str, Meta(pattern=_SOURCE_NAME)]
    kind: SourceKind
    location: Annotated[str, Meta(min_length=1)]
    enabled: bool = True


class CatalogSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Whether and from where the catalogue is refreshed; of two sources that differ, the earlier one counts."""

    refresh_on_start: bool = False
    sources: tuple[SourceSettings, ...] = ()


class LoggingSettings(Section, frozen=True, forbid_unknown_fields=True):
    """How much is logged and how; `auto` is pretty on a terminal and JSON elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "pretty"] = "auto"


class LocalSettings(Section, frozen=True, forbid_unknown_fields=True):
    """Whether the embedded model is offered."""

    enabled: bool = True


class Settings(Struct, frozen=True):
    """Everything that can be configured, read once at the start.

    `environment` is the snapshot of the environment (providers' key variables, proxies). `origins` says of each dotted
    key where its value came from: `default`, `command line`, `waystation.toml:12` or the variable's name. `unset` names
    the variable of every `env:` reference that found nothing. `config_path` is the file that was read, None for none.
    """

    server: ServerSettings = ServerSettings()
    storage: StorageSettings = StorageSettings()
    keys: KeySettings = KeySettings()
    credits: CreditSettings = CreditSettings()
    records: RecordSettings = RecordSettings()
    limits: LimitSettings = LimitSettings()
    providers: dict[str, ProviderSettings] = {}
    upstream: UpstreamSettings = UpstreamSettings()
    media: MediaSettings = MediaSettings()
    routing: RoutingSettings = RoutingSettings()
    catalog: CatalogSettings = CatalogSettings()
    logging: LoggingSettings = LoggingSettings()
    local: LocalSettings = LocalSettings()
    environment: Mapping[str, str] = {}
    origins: Mapping[str, str] = {}
    unset: Mapping[str, str] = {}
    config_path: str | None = None

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in (*SECTIONS, "providers", "config_path"))
        return f"Settings({', '.join(shown)}, environment=<{len(self.environment)} variables>)"


SECTIONS: dict[str, type[Section]] = {
    "server": ServerSettings,
    "storage": StorageSettings,
    "keys": KeySettings,
    "credits": CreditSettings,
    "records": RecordSettings,
    "limits": LimitSettings,
    "upstream": UpstreamSettings,
    "media": MediaSettings,
    "routing": RoutingSettings,
    "catalog": CatalogSettings,
    "logging": LoggingSettings,
    "local": LocalSettings,
}
"""The sections that are one table each; `providers` holds a `ProviderSettings` for each slug."""
