"""`waystation auto`: what the auto router would choose for a prompt and why, and what a log says of its choices."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import is_colourful, print_heading, print_json, print_table

if TYPE_CHECKING:
    from waystation.generations.record import GenerationRecord
    from waystation.operations.chat import ChatRequest
    from waystation.operations.parts import JsonObject
    from waystation.routing.auto.replay import Logged
    from waystation.routing.offers import Offers
    from waystation.settings import Settings

TIERS = ("low", "medium", "high", "xhigh", "max")


class OrPrompt(click.Group):
    """A group whose first word, where it names no command, begins a prompt."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`auto "some prompt"` is `auto choose "some prompt"`."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["choose", *args]
        return super().parse_args(ctx, args)


@click.group(cls=OrPrompt, short_help="Say which model `auto` would choose for a prompt, and why.")
def auto() -> None:
    """The auto router: `waystation auto "some prompt"` says what it would choose. Nobody is called.

    \b
    Examples:
      waystation auto "Write a Rust function that parses a date"
      waystation auto --tier high "Prove that e is irrational"
      waystation auto evaluate
    """


@auto.command(short_help="Choose for a prompt (the word may be left out).")
@configured
@json_option
@click.option("--tier", type=click.Choice(TIERS), default="low", show_default=True, help="The cost tier.")
@click.option("--system", default="", metavar="TEXT", help="The system prompt of the request.")
@click.option("--all", "everything", is_flag=True, help="Choose among the whole catalogue, callable or not.")
@click.argument("prompt")
def choose(
    config_path: str | None,
    data_dir: str | None,
    prompt: str,
    *,
    as_json: bool,
    tier: str,
    system: str,
    everything: bool,
) -> None:
    """Choose a model for PROMPT: its task, how hard it is, how much it needs a strong model, and the best of the tier.

    With - for PROMPT, each line of standard input is one, as a JSON string or as a request to Chat Completions, and one
    line of JSON is written for each.

    \b
    Examples:
      waystation auto choose "evaluate 3 * (4 + 5)"
      waystation auto "Translate to French: good day" --json
      waystation auto --json - < prompts.jsonl
    """
    from waystation.operations.chat import ChatRequest, Message
    from waystation.operations.parts import Text

    choose_for = _chooser(read_settings(config_path, data_dir), everything=everything)
    if prompt == "-":
        _choose_lines(choose_for, tier)
        return
    opening = (Message("system", (Text(system),)),) if system else ()
    request = ChatRequest(
        "openai_chat",
        "openrouter/auto",
        (*opening, Message("user", (Text(prompt),))),
        plugins=({"id": "auto-router", "cost_tier": tier},),
    )
    told = choose_for(request)
    if as_json:
        print_json(told)
    else:
        _print(told)


def _choose_lines(choose_for: "Callable[[ChatRequest], JsonObject]", tier: str) -> None:
    import sys

    import msgspec

    from waystation.cli.auto_lines import chosen_lines

    failed = False
    for told in chosen_lines(sys.stdin.buffer, tier, choose_for):
        failed |= "error" in told
        click.echo(msgspec.json.encode(told))
    if failed:
        raise SystemExit(1)


def _chooser(settings: "Settings", *, everything: bool) -> "Callable[[ChatRequest], JsonObject]":
    """What tells of a request: the models, the first to be tried first, and what the router says of its choice."""
    from waystation.codec.estimate import estimate_prompt_tokens
    from waystation.routing.auto.slugs import routers
    from waystation.routing.prompt import PromptSize
    from waystation.routing.routers import Asking
    from waystation.routing.slug import resolve

    offers, known = _offers(settings, everything=everything), routers(settings.storage.data_path)

    def choose_for(request: "ChatRequest") -> "JsonObject":
        tokens = estimate_prompt_tokens(request)
        found = resolve(Asking(request, PromptSize(tokens, lambda: tokens), offers), known)
        told = found[0].stage.data if found[0].stage is not None else {}
        return {"models": [candidate.model.id for candidate in found], **told}

    return choose_for


@auto.command(short_help="Judge today's choices by the log of yesterday's.")
@configured
@json_option
@click.option("--days", default=30, show_default=True, help="How far back to look.")
def evaluate(config_path: str | None, data_dir: str | None, *, as_json: bool, days: int) -> None:
    """Make the choices of the log again by today's facts, and estimate how they would have ended.

    A good end is an answer of the chosen model that finished by itself and that nobody called bad (POST
    /generation/feedback). What a conversation decided, by its session or a pin, is left out. What is printed: how often the choice is the same, the share of good
    ends in the log, and the estimates for the new choices by inverse propensity and doubly robust, each with its interval.

    \b
    Examples:
      waystation auto evaluate
      waystation auto evaluate --days 7 --json
    """
    import asyncio

    import msgspec

    from waystation.routing.auto.field import Field
    from waystation.routing.auto.replay import judge
    from waystation.routing.auto.slugs import usable_facts

    settings = read_settings(config_path, data_dir)
    log = _log(*asyncio.run(_read(settings, days)))
    if not log:
        raise click.ClickException(f"the log holds no request to openrouter/auto of the last {days} days")
    judged = judge(log, Field(_offers(settings, everything=False), usable_facts(settings.storage.data_path)))
    if as_json:
        print_json(msgspec.to_builtins(judged))
        return
    rows = [("requests", str(judged.records), ""), ("same choice", f"{judged.matched:.1%}", "")]
    for name, one in (
        ("good ends in the log", judged.logged),
        ("inverse propensity", judged.inverse_propensity),
        ("doubly robust", judged.doubly_robust),
    ):
        rows.append((name, f"{one.value:.3f}", f"[{one.low:.3f}, {one.high:.3f}]"))
    print_table(("of the log", "value", "95 %"), rows)


def _offers(settings: "Settings", *, everything: bool) -> "Offers":
    from waystation.cli.offer import read_offer
    from waystation.routing.offers import Offers

    offer = read_offer(settings)
    listed = {slug: rank for rank, slug in enumerate(settings.providers)}
    return Offers(
        offer.catalog,
        lambda endpoint: everything or offer.registry.is_configured(endpoint.provider),
        settings.routing.order,
        listed,
        lambda _: None,
    )


async def _read(settings: "Settings", days: int) -> "tuple[Sequence[GenerationRecord], frozenset[str]]":
    """The records of the router, and the generations whose answers were called bad."""
    import time

    from waystation.storage.charges import SqlCharges
    from waystation.storage.content import SqlFeedbackStore
    from waystation.storage.engine import open_engine
    from waystation.storage.migrations import migrate

    url, data_dir = settings.storage.database_url, settings.storage.data_path
    migrate(url, data_dir)
    engine = open_engine(url, data_dir)
    try:
        now = int(time.time() * 1000)
        start = now - days * 86_400_000
        period = SqlCharges(engine).between(start, now)
        records = [record async for record in period if record.router == "openrouter/auto"]
        return records, await SqlFeedbackStore(engine).blamed(start)
    finally:
        await engine.dispose()


def _log(records: "Sequence[GenerationRecord]", blamed: frozenset[str]) -> "list[Logged]":
    import msgspec

    from waystation.routing.auto.replay import logged_from
    from waystation.routing.kept import KeptPlan

    found = []
    for record in records:
        kept = msgspec.json.decode(record.route, type=KeptPlan | None)
        chosen = next((one for one in kept.candidates if one.stage), None) if kept is not None else None
        if chosen is None or chosen.stage is None or record.cancelled:
            continue
        finished = record.status == 200 and record.finish_reasons in (("stop",), ("tool_calls",))
        good = finished and record.model == chosen.model_id and record.id not in blamed
        one = logged_from(
            chosen.stage.data,
            chosen.model_id,
            outcome=float(good),
            prompt_tokens=record.usage.prompt_tokens if record.usage is not None else 1_000,
            cost=record.charged / 1e9,
        )
        if one is not None:
            found.append(one)
    return found


def _print(told: "JsonObject") -> None:
    colourful = is_colourful()

    def painted(text: str, colour: str) -> str:
        return click.style(text, fg=colour, bold=True) if colourful else text

    models = told["models"]
    if not isinstance(models, list):
        raise TypeError("models: not a list")
    click.echo(f"{painted(models[0], 'green')}, then {', '.join(models[1:]) or 'nobody'}")
    rows = [
        (name.replace("_", " "), painted(_shown(told[name]), colour))
        for name, colour in (
            ("task_type", "cyan"),
            ("confidence", "white"),
            ("difficulty", "yellow"),
            ("need", "yellow"),
            ("cost_tier", "magenta"),
            ("decided_by", "white"),
            ("candidates", "white"),
        )
    ]
    print_table(("what", "is"), rows)
    removed, top = told["removed"], told["top"]
    if isinstance(removed, dict) and removed:
        print_heading("Left out")
        print_table(("because of", "models"), [(reason, str(count)) for reason, count in removed.items()])
    if isinstance(top, list) and top:
        print_heading("Best of the tier")
        print_table(
            ("model", "quality", "expected cost (USD)"),
            [(one["model"], f"{one['quality']:.3f}", _cost(one["cost_usd"])) for one in top],
        )


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _cost(cost: float | None) -> str:
    return "unknown" if cost is None else f"{cost:.6f}"
