"""A LiteLLM `config.yaml` as a whole: its sections, and what becomes of every key in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from waystation.catalog.index import Catalog
from waystation.cli.litellm.deployments import Deployments
from waystation.cli.litellm.fragment import Fragment
from waystation.cli.litellm.outcome import Report
from waystation.cli.litellm.values import TIMEOUTS, Values, seconds_of, variable_of
from waystation.settings.problem import SettingsError

STRATEGIES: Final = {
    "simple-shuffle": "weighted",
    "latency-based-routing": "latency",
    "cost-based-routing": "price",
    "lowest-cost": "price",
}
FALLBACKS: Final = frozenset(
    {"fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "default_fallbacks"}
)
WHY_NOT: Final = {
    "drop_params": "what an endpoint cannot be told is dropped and noted by itself",
    "num_retries": "attempts go on to other keys and endpoints by themselves",
    "allowed_fails": "health of endpoints is learned from their answers",
    "cooldown_time": "health of endpoints is learned from their answers",
    "enable_pre_call_checks": "a prompt that does not fit an endpoint is not sent there",
    "database_url": "another schema: export keys and spend, and give them with --keys and --spend",
    "store_model_in_db": "models are in the catalogue and in the configuration",
    "cache": "answers are not cached here",
    "cache_params": "answers are not cached here",
    "redis_host": "hosts share nothing but the database",
    "redis_port": "hosts share nothing but the database",
    "redis_password": "hosts share nothing but the database",
    "callbacks": "what is observed here is in /metrics, in the log, and in generation records",
    "success_callback": "what is observed here is in /metrics, in the log, and in generation records",
    "failure_callback": "what is observed here is in /metrics, in the log, and in generation records",
    "set_verbose": "set logging.level",
    "json_logs": "set logging.format",
    "max_budget": "budgets stand on keys: limit and limit_reset",
    "master_key_rotation": "make a new management key",
}
SECTIONS: Final = (
    "model_list",
    "router_settings",
    "litellm_settings",
    "general_settings",
    "environment_variables",
)


def read(path: Path) -> Values:
    """The file; `SettingsError` says where it is no YAML, and quotes nothing of it."""
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise SettingsError(f"{path}:{line}: this is no YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise SettingsError(f"{path}: this is no YAML") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    if not isinstance(loaded, dict) or not loaded.keys() & set(SECTIONS):
        raise SettingsError(f"{path}: this is no LiteLLM configuration: it has none of {', '.join(SECTIONS)}")
    return Values(loaded)


def convert(config: Values, catalog: Catalog, report: Report) -> Fragment:
    """What the configuration becomes; every key of it is in the report."""
    fragment = Fragment()
    deployments = Deployments(catalog, fragment, report)
    deployments.take(config.items("model_list"))
    takers: dict[str, Callable[[Values, str], bool]] = {
        "router_settings": lambda values, key: _router(values, key, deployments, fragment, report),
        "litellm_settings": lambda values, key: _library(values, key, fragment, report),
        "general_settings": lambda values, key: _general(values, key, fragment, report),
        "environment_variables": lambda _, key: _variable(key, report),
    }
    for section, take in takers.items():
        values = config.inner(section)
        for key in values.names():
            if not (_fallbacks(values, section, key, report) or take(values, key)):
                report.dropped(f"{section}.{key}", WHY_NOT.get(key, "it has no counterpart"))
    for name in config.names():
        if name not in SECTIONS:
            report.dropped(name, "this section has no counterpart")
    return fragment


def _fallbacks(values: Values, section: str, key: str, report: Report) -> bool:
    if key not in FALLBACKS:
        return False
    entries = values.items(key)
    chains = [
        (model, others) for entry in entries if isinstance(entry, dict) for model, others in entry.items()
    ]
    if key == "default_fallbacks":
        chains = [("any model", entries)]
    for model, others in chains:
        names = [str(other) for other in others] if isinstance(others, list) else [str(others)]
        asked = ", ".join(f'"{name}"' for name in (model, *names) if name != "any model")
        report.dropped(
            f"{section}.{key}.{model}", f'fallbacks are asked for with the request: "models": [{asked}]'
        )
    return True


def _router(values: Values, key: str, deployments: Deployments, fragment: Fragment, report: Report) -> bool:
    where = f"router_settings.{key}"
    if key == "routing_strategy":
        strategy = values.text(key)
        order = STRATEGIES.get(strategy, "weighted")
        fragment.set("routing", "order", order)
        if strategy in STRATEGIES:
            report.mapped(where, f'routing.order = "{order}"')
        else:
            report.partly(where, f'routing.order = "{order}"', f"{strategy} has no counterpart")
        return True
    if key == "model_group_alias":
        aliases = values.inner(key)
        for alias in aliases.names():
            group = aliases.get(alias)
            deployments.take_alias(alias, str(group.get("model") if isinstance(group, dict) else group))
        return True
    return _timeouts(values, key, where, fragment, report)


def _library(values: Values, key: str, fragment: Fragment, report: Report) -> bool:
    return _timeouts(values, key, f"litellm_settings.{key}", fragment, report)


def _timeouts(values: Values, key: str, where: str, fragment: Fragment, report: Report) -> bool:
    said = "timeout" if key == "request_timeout" else key
    names = [ours for theirs, ours in TIMEOUTS if theirs == said]
    seconds = seconds_of(values.get(key))
    if not names or seconds is None:
        return False
    for name in names:
        fragment.set("upstream", name, seconds)
    report.mapped(where, ", ".join(f"upstream.{name} = {seconds:g}" for name in names))
    return True


def _general(values: Values, key: str, fragment: Fragment, report: Report) -> bool:
    if key != "master_key":
        return False
    variable = variable_of(values.text(key)) or "LITELLM_MASTER_KEY"
    fragment.set("keys", "management_key", f"env:{variable}")
    report.partly(
        "general_settings.master_key",
        f'keys.management_key = "env:{variable}"',
        "it manages, but does not infer; inference needs a key of its own"
        + (
            ""
            if variable_of(values.text(key))
            else ", and the key itself stands in the file: put it into this variable"
        ),
    )
    return True


def _variable(key: str, report: Report) -> bool:
    report.partly(
        f"environment_variables.{key}", f"the variable {key}", "set it where the gateway is started"
    )
    return True
