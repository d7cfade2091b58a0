"""One frozen `Settings`, read once: command line, then environment, then file, then defaults. Nobody else reads these."""

from waystation.settings.environment import OTHER_VARIABLES, read_environment, variable_for
from waystation.settings.load import DEFAULT_FILE, load
from waystation.settings.masks import MASK, without_credentials
from waystation.settings.problem import SettingsError
from waystation.settings.shown import Shown, show
from waystation.settings.structs import (
    PRICE_NAMES,
    SECTIONS,
    CatalogSettings,
    CreditSettings,
    KeySettings,
    LimitSettings,
    LocalSettings,
    LoggingSettings,
    MediaSettings,
    ModelSettings,
    ProviderSettings,
    RateSettings,
    RecordSettings,
    RoutingSettings,
    Section,
    ServerSettings,
    Settings,
    SourceKind,
    SourceSettings,
    StorageSettings,
    UpstreamSettings,
)

__all__ = [
    "DEFAULT_FILE",
    "MASK",
    "OTHER_VARIABLES",
    "PRICE_NAMES",
    "SECTIONS",
    "CatalogSettings",
    "CreditSettings",
    "KeySettings",
    "LimitSettings",
    "LocalSettings",
    "LoggingSettings",
    "MediaSettings",
    "ModelSettings",
    "ProviderSettings",
    "RateSettings",
    "RecordSettings",
    "RoutingSettings",
    "Section",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "Shown",
    "SourceKind",
    "SourceSettings",
    "StorageSettings",
    "UpstreamSettings",
    "load",
    "read_environment",
    "show",
    "variable_for",
    "without_credentials",
]
