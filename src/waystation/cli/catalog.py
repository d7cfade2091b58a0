"""`waystation catalog`: look models up, and see where their facts come from."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from waystation.cli.catalog_renewal import generate, refresh, rollback
from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import as_text, print_heading, print_json, print_table

if TYPE_CHECKING:
    from waystation.catalog.model import Model
    from waystation.cli.offer import Offer
    from waystation.cli.why import Fact


@click.group(short_help="Look models up, and renew the catalogue.")
def catalog() -> None:
    """The catalogue: which models there are, who serves them, and at what price.

    Its layers, later ones winning: what this version came with, the last refresh, the files of the operator in
    catalog.d/ in the data folder, and the models listed in the configuration.
    """


@catalog.command("list", short_help="List models.")
@configured
@json_option
@click.option(
    "--callable", "only_callable", is_flag=True, help="Only models that requests can be sent to now."
)
@click.option("--provider", metavar="SLUG", help="Only models that this provider serves.")
@click.argument("text", required=False)
def list_models(
    config_path: str | None,
    data_dir: str | None,
    provider: str | None,
    text: str | None,
    *,
    as_json: bool,
    only_callable: bool,
) -> None:
    """List the models whose id contains TEXT, or all of them. Prices are USD per million tokens, the lowest offer.

    \b
    Examples:
      waystation catalog list --callable
      waystation catalog list claude --provider anthropic
      waystation catalog list --json | jq -r .[].id
    """
    from waystation.cli.offer import read_offer

    offer = read_offer(read_settings(config_path, data_dir))
    models = [
        model
        for model in offer.catalog.models
        if (text or "").lower() in model.id.lower()
        and (provider is None or any(endpoint.provider == provider for endpoint in model.endpoints))
        and (not only_callable or offer.callable_endpoints(model))
    ]
    if as_json:
        print_json([_summary(offer, model) for model in models])
        return
    rows = [_row(_summary(offer, model)) for model in models]
    print_table(("model", "context", "prompt", "completion", "endpoints", "callable"), rows)


@catalog.command(short_help="Show all facts of one model.")
@configured
@json_option
@click.option("--why", is_flag=True, help="Show of each fact the layer that it came from.")
@click.argument("model_id", metavar="ID")
def show(config_path: str | None, data_dir: str | None, model_id: str, *, as_json: bool, why: bool) -> None:
    """Show all facts of the model ID, which may be an old name or lack its author.

    \b
    Examples:
      waystation catalog show openai/gpt-4o
      waystation catalog show gpt-4o --why
    """
    from waystation.cli.offer import find, read_offer
    from waystation.cli.why import explain, plain

    offer = read_offer(read_settings(config_path, data_dir))
    model = find(offer, model_id)
    facts = explain(model.id, offer.base, offer.layers)
    if as_json:
        print_json({"model": plain(model), "facts": facts} if why else plain(model))
        return
    _print_facts(facts, why=why)
    _print_endpoints(offer, model)


@catalog.command(short_help="Say how old the catalogue is and what is in it.")
@configured
@json_option
def status(config_path: str | None, data_dir: str | None, *, as_json: bool) -> None:
    """Say when the catalogue was made, from which sources and layers, and what is in it.

    \b
    Examples:
      waystation catalog status
      waystation catalog status --json
    """
    from waystation.cli.checks import age_in_days
    from waystation.cli.offer import read_offer

    offer = read_offer(read_settings(config_path, data_dir))
    models = offer.catalog.models
    endpoints = [endpoint for model in models for endpoint in model.endpoints]
    facts: dict[str, object] = {
        "made": offer.catalog.generated_at,
        "age_days": age_in_days(offer.catalog.generated_at),
        "models": len(models),
        "endpoints": len(endpoints),
        "providers": len({endpoint.provider for endpoint in endpoints}),
        "callable_models": sum(offer.callable_endpoints(model) > 0 for model in models),
        "layers": ["packaged", *(layer.name for layer in offer.layers)],
        "sources": offer.catalog.sources,
    }
    if as_json:
        print_json(facts)
        return
    print_table(
        ("fact", "value"), [(name.replace("_", " "), as_text(value)) for name, value in facts.items()]
    )


for command in (refresh, rollback, generate):
    catalog.add_command(command)


def _summary(offer: "Offer", model: "Model") -> dict[str, object]:
    prices = [endpoint.pricing for endpoint in model.endpoints]
    return {
        "id": model.id,
        "context_length": model.context_length,
        "prompt": _lowest(price.prompt for price in prices),
        "completion": _lowest(price.completion for price in prices),
        "endpoints": len(model.endpoints),
        "callable_endpoints": offer.callable_endpoints(model),
    }


def _row(summary: dict[str, object]) -> tuple[str, ...]:
    names = ("id", "context_length", "prompt", "completion", "endpoints", "callable_endpoints")
    return tuple("?" if summary[name] is None else str(summary[name]) for name in names)


def _lowest(rates: Iterable[Decimal | None]) -> str | None:
    """The lowest known rate in USD per million tokens."""
    return per_million(min((rate for rate in rates if rate is not None), default=None))


def per_million(rate: Decimal | None) -> str | None:
    """USD per token as USD per million, without zeros at the end; None stays unknown."""
    return None if rate is None else f"{(rate * 1_000_000).normalize():f}"


def _print_facts(facts: "list[Fact]", *, why: bool) -> None:
    shown = [fact for fact in facts if why or not fact.field.startswith("endpoints[")]
    columns = ("field", "value", "layer") if why else ("field", "value")
    print_table(columns, [(fact.field, as_text(fact.value), fact.layer)[: len(columns)] for fact in shown])


def _print_endpoints(offer: "Offer", model: "Model") -> None:
    print_heading("Endpoints (USD per million tokens)")
    columns = ("endpoint", "native id", "context", "most output", "prompt", "completion", "callable")
    rows = [
        (
            endpoint.tag,
            endpoint.native_id,
            str(endpoint.context_length or "?"),
            str(endpoint.max_completion_tokens or "?"),
            per_million(endpoint.pricing.prompt) or "?",
            per_million(endpoint.pricing.completion) or "?",
            offer.why_not(endpoint.provider) or "yes",
        )
        for endpoint in model.endpoints
    ]
    print_table(columns, rows)
