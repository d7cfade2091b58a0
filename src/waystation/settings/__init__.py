"""One frozen `Settings`, read once: command line, then environment, then file, then defaults. Nobody else reads these."""

from waystation.settings.structs import (
    MASK,
    PRICE_NAMES,
    SECTIONS,
    CatalogSettings,
    CreditSettings,
    KeySettings,
    LocalSettings,
    LoggingSettings,
    ModelSettings,
    ProviderSettings,
    RoutingSettings,
    Section,
    ServerSettings,
    Settings,
    StorageSettings,
    UpstreamSettings,
)

__all__ = [
    "MASK",
    "PRICE_NAMES",
    "SECTIONS",
    "CatalogSettings",
    "CreditSettings",
    "KeySettings",
    "LocalSettings",
    "LoggingSettings",
    "ModelSettings",
    "ProviderSettings",
    "RoutingSettings",
    "Section",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "UpstreamSettings",
]
