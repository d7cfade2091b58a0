"""`waystation explain`: why a request went where it went."""

from typing import TYPE_CHECKING

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import as_text, print_heading, print_json, print_table

if TYPE_CHECKING:
    from waystation.generations.record import GenerationRecord
    from waystation.routing.explain import Considered, Explanation, HealthShown
    from waystation.routing.offers import Offers
    from waystation.settings import Settings


@click.command(short_help="Say why a request went where it went.")
@configured
@json_option
@click.argument("generation_id", metavar="ID")
def explain(config_path: str | None, data_dir: str | None, generation_id: str, *, as_json: bool) -> None:
    """Say why a request went where it went. ID is the generation's, as X-Generation-Id and the answer's id tell it.

    Shows what was tried and what came of it, and of each endpoint that was considered its price, what was known of its
    health, its chance in the draw, and why it was placed where it was or left out. Prices are USD per million tokens,
    prompt and completion blended three to one. Reads the database, beside a gateway that runs or not.

    \b
    Examples:
      waystation explain gen-1764424800-0a1b2c3d4e5f6a7b8c9d
      waystation explain gen-1764424800-0a1b2c3d4e5f6a7b8c9d --json | jq .route.considered
    """
    settings = read_settings(config_path, data_dir)
    from waystation.api.route import explanation_of, shown

    record = _read(settings, generation_id)
    told = explanation_of(record, _offers(settings))
    if as_json:
        print_json(_facts(record) | {"route": shown(told)})
    else:
        _print(record, told)


def _read(settings: "Settings", generation_id: str) -> "GenerationRecord":
    import asyncio

    from waystation.storage.engine import open_engine
    from waystation.storage.generations import SqlGenerationStore
    from waystation.storage.migrations import migrate

    url, data_dir = settings.storage.database_url, settings.storage.data_path
    migrate(url, data_dir)

    async def work() -> "GenerationRecord | None":
        engine = open_engine(url, data_dir)
        try:
            return await SqlGenerationStore(engine).get(generation_id)
        finally:
            await engine.dispose()

    record = asyncio.run(work())
    if record is None:
        raise click.ClickException(f"there is no generation {generation_id} in the database")
    return record


def _offers(settings: "Settings") -> "Offers":
    """Everything the catalogue knows: what can be called now does not matter to what happened."""
    from waystation.cli.offer import read_offer
    from waystation.routing.offers import Offers

    listed = {slug: rank for rank, slug in enumerate(settings.providers)}
    return Offers(
        read_offer(settings).catalog, lambda _: True, settings.routing.order, listed, lambda _: None
    )


def _facts(record: "GenerationRecord") -> dict[str, object]:
    return {
        "id": record.id,
        "requested_model": record.requested_model,
        "model": record.model,
        "provider": record.provider_name,
        "endpoint": record.endpoint_id,
        "status": record.status,
        "error_type": record.error_type,
        "attempts": [
            {
                "model": attempt.model_permaslug,
                "endpoint": attempt.endpoint_id,
                "status": attempt.status,
                "latency_ms": attempt.latency,
                "error": attempt.error,
            }
            for attempt in record.attempts
        ],
    }


def _print(record: "GenerationRecord", told: "Explanation") -> None:
    served = f"{record.model} at {record.provider_name}"
    if record.endpoint_id is None:
        served = f"nobody ({record.error_type})" if record.error_type else "nobody"
    rows = [
        ("asked for", ", ".join(told.requested)),
        ("answered by", served),
        ("status", str(record.status)),
        ("understood as", record.strategy),
        ("order", told.order),
        ("seed", str(told.seed)),
    ]
    if told.sticky is not None:
        use = "followed" if told.sticky.followed else "not followed"
        rows.append(("conversation", f"last at {told.sticky.tag}, {use} ({told.sticky.reason})"))
    print_table(("generation", record.id), rows)
    print_heading("Attempts")
    print_table(("#", "model", "endpoint", "status", "ms", "error"), _attempt_rows(record))
    print_heading("Endpoints considered")
    several = len({one.model for one in told.considered}) > 1
    placed = [_row(one, with_model=several) for one in told.considered]
    print_table(("place", "endpoint", "price", "chance", "health", "why"), placed)


def _attempt_rows(record: "GenerationRecord") -> list[tuple[str, ...]]:
    return [
        (
            str(place),
            attempt.model_permaslug or "",
            attempt.endpoint_id,
            as_text(attempt.status) if attempt.status is not None else "no answer",
            str(attempt.latency),
            attempt.error or "",
        )
        for place, attempt in enumerate(record.attempts, 1)
    ]


def _row(one: "Considered", *, with_model: bool) -> tuple[str, ...]:
    return (
        str(one.attempt) if one.attempt is not None else "left out",
        f"{one.model} at {one.tag}" if with_model else one.tag,
        "unknown" if one.price is None else f"{one.price:g}",
        "" if one.chance is None else f"{one.chance:.1%}",
        _health(one.health),
        one.excluded_by or "; ".join(one.why),
    )


def _health(health: "HealthShown") -> str:
    """Uptime of half an hour, median time to the first token, median tokens a second: those that are known."""
    known = [] if health.uptime_30m is None else [f"up {health.uptime_30m:.1f} %"]
    known += [] if health.latency is None else [f"{health.latency.p50:.3g} s"]
    known += [] if health.throughput is None else [f"{health.throughput.p50:.3g} tokens/s"]
    return ", ".join(known)
