"""`model_list`: each deployment becomes a key, an address or a model of a provider's row."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from waystation.catalog.index import Catalog
from waystation.cli.litellm.fragment import Fragment, ModelRow, ProviderRow
from waystation.cli.litellm.names import AUTHORS, COMPATIBLE, PROVIDERS
from waystation.cli.litellm.outcome import Report
from waystation.cli.litellm.values import TIMEOUTS, Values, seconds_of, variable_of

OWN_AUTHOR: Final = "litellm"
"""Author of models that only an alias names."""
CHAT: Final = frozenset({"", "chat", "completion", "responses"})
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_ID = re.compile(r"[^/\s]+/[^/\s]+")

WHY_NOT: Final = {
    "rpm": "limits of one deployment have no counterpart; keys, accounts and models can be limited",
    "tpm": "limits of one deployment have no counterpart; keys, accounts and models can be limited",
    "max_parallel_requests": "limits of one deployment have no counterpart",
    "max_retries": "attempts go on to other keys and endpoints by themselves",
    "num_retries": "attempts go on to other keys and endpoints by themselves",
    "weight": "endpoints are drawn by price and health; a request's `provider.order` fixes them",
    "order": "endpoints are drawn by price and health; a request's `provider.order` fixes them",
    "drop_params": "what an endpoint cannot be told is dropped and noted by itself",
    "api_version": "the provider's own API version is used",
    "organization": "set it as a header of the provider's row",
    "tags": "tags have no counterpart",
}
_HANDLED: Final = frozenset(
    {
        "model",
        "custom_llm_provider",
        "api_key",
        "api_base",
        "base_url",
        "timeout",
        "stream_timeout",
        "extra_headers",
        "aws_region_name",
        "vertex_location",
        "vertex_ai_location",
        "input_cost_per_token",
        "output_cost_per_token",
        "cache_read_input_token_cost",
        "cache_creation_input_token_cost",
    }
)


class Deployment(Struct):
    """One entry of `model_list`."""

    where: str
    alias: str
    provider: str
    native_id: str
    params: Values
    info: Values


class Deployments:
    """Takes deployments into a fragment."""

    def __init__(self, catalog: Catalog, fragment: Fragment, report: Report) -> None:
        self._catalog = catalog
        self._fragment = fragment
        self._report = report
        self._taken: list[tuple[Deployment, ProviderRow]] = []

    def take(self, entries: Iterable[object]) -> None:
        """All entries of `model_list`."""
        for at, entry in enumerate(entries):
            deployment = self._read(at, Values(entry))
            if deployment is not None:
                self._take(deployment)

    def take_alias(self, alias: str, group: str) -> None:
        """`router_settings.model_group_alias`: another name for a group of deployments."""
        where = f"router_settings.model_group_alias.{alias}"
        found = [(one, row) for one, row in self._taken if one.alias == group]
        if not found:
            self._report.dropped(where, f"there is no model_list entry named {group}")
            return
        names = {self._name(one, row, alias) for one, row in found}
        self._report.mapped(where, f"{', '.join(sorted(names))} at {len(found)} endpoint(s)")

    def _read(self, at: int, entry: Values) -> Deployment | None:
        alias, params = entry.text("model_name"), entry.inner("litellm_params")
        where = f"model_list[{at}] ({alias or 'no name'})"
        model = params.text("model")
        if not model:
            self._report.dropped(where, "it has no litellm_params.model")
            return None
        provider, native_id = _split(model, params.text("custom_llm_provider"), self._catalog)
        if provider is None:
            self._report.dropped(where, f"the provider of {model} is not known here")
            return None
        return Deployment(where, alias or model, provider, native_id, params, entry.inner("model_info"))

    def _take(self, one: Deployment) -> None:
        row = self._row(one)
        if row is None:
            return
        self._keys(one, row)
        self._manners(one, row)
        if "*" in one.alias or "*" in one.native_id:
            self._report.mapped(one.where, f"[providers.{row.slug}], all its models")
            return
        mode = one.info.text("mode")
        if mode not in CHAT and self._catalog.by_native(row.slug, one.native_id) is None:
            self._report.dropped(one.where, f"a model of the kind {mode} that the catalogue does not have")
            return
        self._taken.append((one, row))
        name = self._name(one, row, one.alias)
        said = f"{name} at [providers.{row.slug}]"
        unsaid = [key for key in one.params.names() if key not in _HANDLED and not _is_credential(key)]
        whys = {WHY_NOT.get(key, f"{key} has no counterpart in a provider's row") for key in unsaid}
        lost = [f"without {', '.join(sorted(unsaid))}: {'; '.join(sorted(whys))}"] if unsaid else []
        model = row.models.get((name, one.native_id))
        if model is not None and (model.prompt is None or model.completion is None):
            lost.append(
                "its price is not known, so that keys with a limit cannot use it: write prompt and completion"
            )
        if lost:
            self._report.partly(one.where, said, "; ".join(lost))
        else:
            self._report.mapped(one.where, said)

    def _row(self, one: Deployment) -> ProviderRow | None:
        """The provider's row: of a known provider, or of a server of its own where it has an address of its own."""
        base = one.params.text("api_base") or one.params.text("base_url")
        base, said = _without_secrets(base), base
        if base != said.rstrip("/"):
            self._report.partly(
                f"{one.where}: api_base", base, "what may be secret in the address is left out"
            )
        if base.startswith("os.environ/"):
            self._report.dropped(
                one.where, f"its address is in the variable {variable_of(base)}: write it into base_url"
            )
            return None
        if one.provider in COMPATIBLE or (
            base and PROVIDERS[one.provider].slug == "openai" and _is_elsewhere(base)
        ):
            if not base:
                self._report.dropped(one.where, "it has no api_base")
                return None
            row = self._fragment.provider(_slug_of(base))
        else:
            row = self._fragment.provider(PROVIDERS[one.provider].slug)
        if base and row.base_url not in (None, base):
            self._report.dropped(one.where, f"[providers.{row.slug}] has another address already")
            return None
        if base and (row.slug != "openai" or _is_elsewhere(base)):
            row.base_url = base
        return row

    def _keys(self, one: Deployment, row: ProviderRow) -> None:
        key = one.params.text("api_key")
        variable = variable_of(key)
        known = PROVIDERS.get(one.provider)
        if key and variable is None:
            variable = f"{row.slug.upper().replace('-', '_').replace('.', '_')}_API_KEY"
            self._report.partly(
                f"{one.where}: api_key",
                f"env:{variable}",
                "the key itself stands in the file: put it into this variable",
            )
        if not key and known is not None and row.slug == known.slug:
            variable = known.variable
        if variable and variable not in row.variables:
            row.variables.append(variable)
        others = [name for name in one.params.names() if _is_credential(name)]
        if others:
            self._report.partly(
                f"{one.where}: {', '.join(others)}",
                f"[providers.{row.slug}]",
                "such credentials are read from the environment, see the page on providers",
            )

    def _manners(self, one: Deployment, row: ProviderRow) -> None:
        for name in ("aws_region_name", "vertex_location", "vertex_ai_location"):
            region = one.params.text(name)
            if region and not region.startswith("os.environ/"):
                row.region = row.region or region
        for name, key in TIMEOUTS:
            seconds = seconds_of(one.params.get(name))
            if seconds is not None:
                row.timeouts[key] = max(seconds, row.timeouts.get(key, 0.0))
        headers = one.params.inner("extra_headers")
        if headers.names():
            self._report.partly(
                f"{one.where}: extra_headers",
                f"[providers.{row.slug}] headers",
                f"values may be secret: write {', '.join(headers.names())} there by hand",
            )

    def _name(self, one: Deployment, row: ProviderRow, alias: str) -> str:
        """The id under which the model is here; a row is written where the catalogue does not have it so."""
        served = self._catalog.by_native(row.slug, one.native_id)
        meant = self._catalog.resolve(alias) or self._catalog.resolve(self._catalog.bare_name(alias) or "")
        if meant is not None and served is not None and served.model_id == meant.model.id:
            return self._called(alias, meant.model.id)
        name = meant.model.id if meant is not None else alias if _ID.fullmatch(alias) else _own_id(alias)
        known = served.pricing if served is not None else None
        row.models[name, one.native_id] = ModelRow(
            name,
            one.native_id,
            one.info.count("max_input_tokens")
            or one.info.count("max_tokens")
            or (served.context_length if served else None),
            one.info.count("max_output_tokens"),
            _price(one, "input_cost_per_token", known.prompt if known else None),
            _price(one, "output_cost_per_token", known.completion if known else None),
            _price(one, "cache_read_input_token_cost", known.input_cache_read if known else None),
            _price(one, "cache_creation_input_token_cost", known.input_cache_write if known else None),
        )
        return self._called(alias, name)

    def _called(self, alias: str, name: str) -> str:
        """Let clients go on saying the alias."""
        if alias != name and self._catalog.get(alias) is None:
            self._fragment.aliases[alias.lower()] = name
        return name


def _own_id(alias: str) -> str:
    return f"{OWN_AUTHOR}/{re.sub(r'[/ ]+', '-', alias)}"


def _split(model: str, said: str, catalog: Catalog) -> tuple[str | None, str]:
    """LiteLLM's provider of a model string, and the provider's own name of the model."""
    first, slash, rest = model.partition("/")
    if said and (said in PROVIDERS or said in COMPATIBLE):
        return said, rest if first == said else model
    if slash and (first in PROVIDERS or first in COMPATIBLE):
        for way in ("converse/", "invoke/", "responses/"):
            rest = rest.removeprefix(way)
        return first, rest
    for beginning, provider in AUTHORS:
        if model.startswith(beginning):
            return provider, model
    found = next((name for name, known in PROVIDERS.items() if catalog.by_native(known.slug, model)), None)
    return found, model


def _is_elsewhere(base: str) -> bool:
    return urlsplit(base).hostname != "api.openai.com"


def _without_secrets(base: str) -> str:
    """The address without user, password and query."""
    parts = urlsplit(base)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/")


def _slug_of(base: str) -> str:
    """A slug for a server of one's own, from its address."""
    parts = urlsplit(base)
    return _NOT_SLUG.sub("-", parts.netloc.rpartition("@")[2].lower()).strip("-") or "server"


def _is_credential(key: str) -> bool:
    """Credentials other than `api_key`: their values are never looked at."""
    words = (
        "secret",
        "credential",
        "password",
        "access_key",
        "client_id",
        "tenant_id",
        "token",
        "vertex_project",
        "role",
    )
    return key not in _HANDLED and any(word in key for word in words) and not key.endswith("_per_token")


def _price(one: Deployment, name: str, known: Decimal | None) -> str | None:
    """USD per token as a decimal string: as said for the deployment, else as the catalogue has it."""
    said = one.params.get(name)
    said = one.info.get(name) if said is None else said
    try:
        price = known if said is None else Decimal(str(said))
    except InvalidOperation:
        return None
    return None if price is None or not price.is_finite() or price < 0 else f"{price:f}"
