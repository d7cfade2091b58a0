"""Ask ten million generations questions: makes a SQLite database of them, then times `/analytics` and `/activity` queries.

    python bench/analytics.py --generations 10000000 --folder /tmp/analytics
    python bench/analytics.py --folder /tmp/analytics            # ask again, without making anything

What it makes looks like a busy gateway's ninety days: keys that each use a few models of a few providers in a few apps,
some far more than others. Inserting goes the way that the gateway's own records go, sums and all.
"""

import argparse
import asyncio
import functools
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec

from waystation.generations.activity import DAY, HOUR, KEPT, Days, Filter, Granularity, Query
from waystation.generations.record import GenerationRecord, ProviderResponse
from waystation.operations.usage import Cost, Usage
from waystation.storage.activity import SqlActivityStore
from waystation.storage.engine import FILE_NAME, open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate
from waystation.storage.retention import SqlRetention

DAYS = 90
BATCH = 4096
REPEATS = 5
KEYS, MODELS, PROVIDERS, APPS = 60, 40, 8, 12


def combinations(draw: random.Random) -> list[bytes]:
    """Records without their id and time: one for each key, model, provider and app that go together."""
    made: list[bytes] = []
    for key in range(KEYS):
        for model in draw.sample(range(MODELS), draw.randint(2, 8)):
            for provider in draw.sample(range(PROVIDERS), draw.choice((1, 1, 2, 3))):
                for app in draw.sample(range(APPS), draw.choice((1, 2, 3))):
                    record = GenerationRecord(
                        id="",
                        created_at=0,
                        key_hash=f"{key:064x}",
                        model=f"acme/model-{model}",
                        requested_model=f"acme/model-{model}",
                        dialect="openai_chat",
                        provider=f"provider-{provider}",
                        provider_name=f"Provider {provider}",
                        endpoint_id=f"provider-{provider}",
                        attempts=(
                            ProviderResponse(200, f"Provider {provider}", f"provider-{provider}", "x"),
                        ),
                        usage=Usage(prompt_tokens=1000, completion_tokens=200, cached_tokens=100),
                        cost=Cost(draw.randint(1_000, 5_000_000), 0, 0, None),
                        finish_reasons=("stop",),
                        native_finish_reasons=("stop",),
                        streamed=True,
                        latency=draw.randint(100, 900),
                        generation_time=draw.randint(1000, 9000),
                        app_title=f"App {app}",
                        user_agent="bench/1.0",
                    )
                    made.append(msgspec.json.encode(record))
    return made


def records(count: int, end: int) -> Iterator[bytes]:
    """So many encoded records, evenly over the days before `end` (Unix seconds), in order."""
    draw = random.Random(1)
    kinds = combinations(draw)
    weights = list(itertools.accumulate(1 / (place + 1) ** 0.7 for place in range(len(kinds))))
    start, step = (end - DAYS * DAY) * 1000, DAYS * DAY * 1000 / count
    for number in range(count):
        at = start + int(number * step)
        (kind,) = draw.choices(kinds, cum_weights=weights)
        head = b'{"id":"gen-%d-%020x","created_at":%d' % (at // 1000, number, at)
        yield head + kind[len(b'{"id":"","created_at":0') :]


async def fill(folder: Path, count: int, end: int) -> None:
    """Insert them, and delete sums that would be too old by then, as a gateway does."""
    engine = open_engine("", folder)
    store, retention = SqlGenerationStore(engine), SqlRetention(engine, 5000)
    began, spent = time.perf_counter(), 0.0
    made = records(count, end)
    inserted = 0
    while batch := list(itertools.islice(made, BATCH)):
        before = time.perf_counter()
        await store.add(batch)
        spent += time.perf_counter() - before
        inserted += len(batch)
        if inserted % (BATCH * 50) == 0:
            now = end - DAYS * DAY + int(inserted / count * DAYS * DAY)
            for span, kept in KEPT.items():
                while await retention.prune_sums(span, now - kept):
                    pass
            rate = inserted / spent
            print(
                f"{inserted:>10,} inserted, {rate:,.0f} a second, {time.perf_counter() - began:.0f} s",
                flush=True,
            )
    await engine.dispose()


def questions(now: int) -> dict[str, Query]:
    """What is asked, by the words it is printed under."""

    def asked(*metrics: str, days: int = 30, by: tuple[str, ...] = (), **more: object) -> Query:
        granularity: Granularity | None = more.pop("granularity", None)  # type: ignore[assignment]
        filters = tuple(more.pop("filters", ()))  # type: ignore[call-overload]
        start = now // DAY * DAY - days * DAY
        return Query(metrics, start, now + 1, by, filters, granularity, limit=1000)

    one = Filter("model", "eq", "acme/model-3")
    return {
        "cost of 90 days": asked("cost", days=90),
        "cost by model, 90 days": asked("cost", "request_count", days=90, by=("model",)),
        "cost by key and model, 90 days": asked("cost", days=90, by=("api_key_id", "model")),
        "requests by day, 90 days": asked("request_count", days=90, granularity="day"),
        "cost by day and model, 30 days": asked("cost", granularity="day", by=("model",)),
        "cost by day and model, 90 days": asked("cost", days=90, granularity="day", by=("model",)),
        "latency by week and provider, 90 days": asked(
            "latency", days=90, granularity="week", by=("provider",)
        ),
        "one model by key, 90 days": asked("cost", days=90, by=("api_key_id",), filters=[one]),
        "requests by hour, 7 days": asked("request_count", days=7, granularity="hour"),
        "throughput by hour and provider, 7 days": asked(
            "throughput", days=7, granularity="hour", by=("provider",)
        ),
        "everything by app, 30 days": asked(
            "request_count", "error_rate", "cost", "total_tokens", "latency", "throughput", by=("app",)
        ),
        "requests by minute, 6 hours": Query(
            ("request_count",), now - 6 * HOUR, now + 1, granularity="minute"
        ),
    }


async def ask(folder: Path, now: int) -> float:
    """Print the best and worst of a few runs of each question; the worst of all, in ms."""
    engine = open_engine("", folder)
    store = SqlActivityStore(engine)
    worst = 0.0
    for words, query in questions(now).items():
        worst = max(worst, await timed(words, functools.partial(store.query, query, now)))
    days = Days(now // DAY - 30, now // DAY)
    worst = max(worst, await timed("/activity, 30 days", functools.partial(store.days, days)))
    await engine.dispose()
    return worst


async def timed(words: str, question: Callable[[], Awaitable[object]]) -> float:
    """Ask a few times; the worst in ms. Processor time is printed beside, for machines that are busy with other things."""
    times, spent = [], []
    for _ in range(REPEATS):
        before, used = time.perf_counter(), time.process_time()
        await question()
        times.append((time.perf_counter() - before) * 1000)
        spent.append((time.process_time() - used) * 1000)
    print(f"{words:44} {min(times):7.1f} to {max(times):7.1f} ms, {min(spent):7.1f} ms of a processor")
    return max(times)


def main() -> None:
    """Fill where asked to, then ask."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--generations", type=int, default=0)
    options = parser.parse_args()
    stamp = options.folder / "end"
    if options.generations:
        options.folder.mkdir(parents=True, exist_ok=True)
        end = int(time.time()) // DAY * DAY + DAY // 2
        migrate("", options.folder)
        asyncio.run(fill(options.folder, options.generations, end))
        stamp.write_text(str(end))
    worst = asyncio.run(ask(options.folder, int(stamp.read_text())))
    size = (options.folder / FILE_NAME).stat().st_size / 1e9
    print(f"the slowest answer took {worst:.0f} ms; the database has {size:.2f} GB")


if __name__ == "__main__":
    main()
