"""The checks of `waystation doctor`: each looks at one thing that serving needs and says what to do about it."""

import http.client
import os
import socket
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from waystation.catalog.index import Catalog
from waystation.errors import Unavailable
from waystation.providers.local import weights
from waystation.providers.registry import Registry
from waystation.settings import Settings, variable_for, without_credentials
from waystation.storage.migrations import state

OLD_CATALOGUE = 45
"""Days after which prices and models are likely to be out of date."""
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


class Check(Struct, frozen=True):
    """One finding: `failed` keeps the gateway from serving, `warning` does not. `next` is what to do."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    next: str | None = None


def check_data_dir(path: Path) -> Check:
    """The data folder can be written to, or made."""
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not existing.is_dir():
        return Check(
            "data folder", "failed", f"{existing} is not a folder", f"Move {existing} away, or {_other_dir()}"
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        return Check(
            "data folder",
            "failed",
            f"{existing} cannot be written to",
            f"Make it writable, or {_other_dir()}",
        )
    return Check(
        "data folder",
        "ok",
        f"{path} is writable" if path.exists() else f"{path} will be made on the first start",
    )


def check_address(host: str, port: int) -> Check:
    """The address is free, or a gateway is serving there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    where = f"{host}:{port}"
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if _is_alive(host, port):
                return Check("address", "ok", f"{where}: a gateway is serving there already")
            remedy = f"Choose another address with --host or --port, or {variable_for(('server', 'port'))}."
            return Check("address", "failed", f"{where}: {error.strerror or error}", remedy)
    return Check("address", "ok", f"{where} is free", 'Run "waystation serve".')


def check_database(url: str, data_dir: Path) -> Check:
    """The database can be read and its schema is current."""
    try:
        found = state(url, data_dir)
    except Unavailable as error:
        return Check(
            "database", "failed", error.message, "Check storage.database_url and the database server."
        )
    if found.is_current:
        return Check("database", "ok", f"{found.where}: revision {found.revision}, current")
    if found.revision is None:
        return Check("database", "ok", f"{found.where} will be made on the first start")
    detail = f"{found.where}: revision {found.revision}, pending: {', '.join(found.pending)}"
    remedy = 'Run "waystation migrate", or leave it to "waystation serve".'
    return Check("database", "warning", detail, remedy)


def check_catalog(catalog: Catalog, registry: Registry, problem: str | None) -> Check:
    """The catalogue can be read and is not old."""
    if problem:
        return Check("catalogue", "failed", problem, "Mend or remove that file.")
    endpoints = [endpoint for model in catalog.models for endpoint in model.endpoints]
    served = {endpoint.model_id for endpoint in endpoints if registry.is_configured(endpoint.provider)}
    days = age_in_days(catalog.generated_at)
    detail = (
        f"{len(catalog.models)} models, {len(endpoints)} endpoints,"
        f" {len({endpoint.provider for endpoint in endpoints})} providers; {len(served)} models can be served now;"
        f" made on {catalog.generated_at[:10] or 'an unknown day'}"
    )
    if days is not None and days > OLD_CATALOGUE:
        return Check(
            "catalogue", "warning", f"{detail}, {days} days ago", 'Run "waystation catalog refresh".'
        )
    return Check("catalogue", "ok", detail)


def check_providers(settings: Settings, registry: Registry) -> Check:
    """At least one provider can be called, and every key that the configuration refers to is there."""
    ready = [provider.slug for provider in registry.configured()]
    if not ready:
        remedy = f'Set OPENAI_API_KEY or another provider\'s variable, or run "{weights.INSTALL_COMMAND}".'
        return Check("providers", "failed", "none can be called", remedy)
    detail = f"{len(ready)} can be called: {', '.join(ready)}"
    if settings.unset:
        names = sorted(set(settings.unset.values()))
        remedy = f"Set {', '.join(names)}, which the configuration refers to."
        return Check("providers", "warning", f"{detail}; not set: {', '.join(names)}", remedy)
    return Check("providers", "ok", detail)


def check_embedded_model(settings: Settings) -> Check:
    """The embedded model is installed, where it is wanted."""
    if not settings.local.enabled:
        return Check("embedded model", "ok", "off (local.enabled is false)")
    found = weights.status()
    if found.ready:
        return Check("embedded model", "ok", found.detail)
    return Check("embedded model", "warning", found.detail, f'Run "{weights.INSTALL_COMMAND}".')


def check_upstream(settings: Settings) -> Check:
    """How providers are reached: proxies and trust."""
    upstream = settings.upstream
    proxies = [f"{name}={settings.environment[name]}" for name in PROXIES if settings.environment.get(name)]
    detail = f"through {without_credentials(', '.join(proxies))}" if proxies else "without a proxy"
    if upstream.ca_file and not Path(upstream.ca_file).is_file():
        return Check("upstream", "failed", f"no file {upstream.ca_file}", "Correct upstream.ca_file.")
    if not upstream.verify:
        return Check(
            "upstream",
            "warning",
            f"{detail}, certificates not verified",
            "Remove `verify = false` from [upstream].",
        )
    return Check(
        "upstream",
        "ok",
        f"{detail}, certificates verified by {upstream.ca_file or 'the bundled authorities'}",
    )


def age_in_days(generated_at: str) -> int | None:
    """Days since a date, ISO 8601; None where it is not known."""
    try:
        return (datetime.now(UTC).date() - date.fromisoformat(generated_at[:10])).days
    except ValueError:
        return None


def _other_dir() -> str:
    return f"choose another with --data-dir or {variable_for(('storage', 'data_dir'))}."


def _is_alive(host: str, port: int) -> bool:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(shown, port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
