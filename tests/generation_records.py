"""Made-up generation records for tests."""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from waystation.catalog.pricing import Pricing
from waystation.credits.cost import Tariff
from waystation.generations.record import GenerationRecord, ProviderResponse
from waystation.operations.usage import Cost, Usage

NOON = 1_763_812_800_000
"""2025-11-22 12:00 UTC, a Saturday, in Unix milliseconds."""
DAY = 86_400_000
KEY = "ab" * 32
OTHER_KEY = "cd" * 32

_TARIFF = Tariff(Pricing(prompt=Decimal("0.00000015"), completion=Decimal("0.0000006")))
_USAGE = Usage(prompt_tokens=1000, completion_tokens=200, cached_tokens=100, reasoning_tokens=50)


def a_record(number: int = 1, **changes: object) -> GenerationRecord:
    """A streamed success; `number` makes its id."""
    record = GenerationRecord(
        id=f"gen-1763812800-{number:020x}",
        created_at=NOON,
        key_hash=KEY,
        model="openai/gpt-4o-mini",
        requested_model="gpt-4o-mini",
        dialect="openai_chat",
        provider="openai",
        provider_name="OpenAI",
        endpoint_id="openai",
        upstream_id="chatcmpl-made-up",
        attempts=(ProviderResponse(200, "OpenAI", "openai", "openai", "chatcmpl-made-up", latency=812),),
        dropped=("top_k",),
        usage=_USAGE,
        pricing=_TARIFF.snapshot,
        cost=_TARIFF.price(_USAGE),
        finish_reasons=("stop",),
        native_finish_reasons=("stop",),
        streamed=True,
        latency=320,
        generation_time=900,
        http_referer="https://app.example/",
        app_title="Exämple\nApp",
        app_categories=("chat",),
    )
    return replace(record, **changes)


def charged(number: int, nano: int, **changes: object) -> GenerationRecord:
    """A record that cost so many nano-dollars."""
    return a_record(number, cost=Cost(nano, nano, 0, None), **changes)


def under_own_credential(number: int, nano: int, **changes: object) -> GenerationRecord:
    """A record whose provider charged so many nano-dollars to the caller's own credential."""
    return a_record(number, cost=Cost(0, nano, 0, nano, is_byok=True), **changes)


def encoded(*records: GenerationRecord) -> list[bytes]:
    """Records as stores take them."""
    return [msgspec.json.encode(record) for record in records]
