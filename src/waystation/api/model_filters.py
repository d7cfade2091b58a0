"""What may be asked of `GET /models`: filters, order, page (contract 21, operation `getModels`)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.model import Model
from waystation.errors import InvalidRequest

PAGE = 500
MAX_PAGE = 1000
SORTS = frozenset(
    [
        "pricing-low-to-high",
        "pricing-high-to-low",
        "context-high-to-low",
        "throughput-high-to-low",
        "latency-low-to-high",
        "most-popular",
        "top-weekly",
        "newest",
        "intelligence-high-to-low",
        "coding-high-to-low",
        "agentic-high-to-low",
        "design-arena-elo-high-to-low",
    ]
)
CATEGORIES = frozenset(
    [
        "programming",
        "roleplay",
        "marketing",
        "marketing/seo",
        "technology",
        "science",
        "translation",
        "legal",
        "finance",
        "health",
        "trivia",
        "academia",
    ]
)
_SECONDS_A_DAY = 86_400


class Listed(Struct, frozen=True):
    """A model with the endpoints that may be shown, best first."""

    model: Model
    endpoints: tuple[Endpoint, ...]

    @property
    def top(self) -> Endpoint | None:
        """The endpoint that the model's price and limits are taken from."""
        return self.endpoints[0] if self.endpoints else None


Filter = Callable[[Listed], bool]


def filters_of(
    query: Mapping[str, str], provider_names: Mapping[str, str], zdr: frozenset[str]
) -> list[Filter]:
    """The filters a query string asks for; `InvalidRequest` names a value that is none."""
    found: list[Filter] = [_modalities(query.get("output_modalities", "text"))]
    if words := query.get("q", "").lower().split():
        found.append(lambda row: all(word in f"{row.model.id} {row.model.name}".lower() for word in words))
    if needed := _list(query, "supported_parameters"):
        found.append(lambda row: needed <= set(row.model.supported_parameters))
    if inputs := _list(query, "input_modalities"):
        found.append(lambda row: inputs <= set(row.model.input_modalities))
    if authors := _list(query, "model_authors"):
        found.append(lambda row: row.model.author in authors)
    if hosts := _list(query, "providers"):
        found.append(lambda row: any(_hosted(endpoint, hosts, provider_names) for endpoint in row.endpoints))
    if architecture := query.get("arch", "").lower():
        found.append(lambda row: architecture in row.model.tokenizer.lower())
    if query.get("zdr") == "true":
        found.append(lambda row: any(endpoint.provider in zdr for endpoint in row.endpoints))
    _check_category(query.get("category"))
    context = _number(query, "context")
    if context is not None:
        if context < 1:
            raise InvalidRequest("context: at least 1 token")
        found.append(lambda row: (row.model.context_length or 0) >= context)
    return found + _price_filters(query) + _age_filters(query)


def ordered(rows: list[Listed], sort: str | None) -> list[Listed]:
    """In the order asked for; rows that lack the figure go last. Figures we do not keep leave the order as it is."""
    if sort is None:
        return rows
    if sort not in SORTS:
        raise InvalidRequest(f"sort: {sort!r} is not one of {', '.join(sorted(SORTS))}")
    keys: dict[str, Callable[[Listed], Decimal | int | None]] = {
        "pricing-low-to-high": _average,
        "pricing-high-to-low": lambda row: _negative(_average(row)),
        "context-high-to-low": lambda row: _negative(row.model.context_length),
        "newest": lambda row: _negative(row.model.created),
    }
    key = keys.get(sort)
    if key is None:
        return rows

    def with_missing_last(row: Listed) -> tuple[bool, Decimal | int]:
        value = key(row)
        return (value is None, value or 0)

    return sorted(rows, key=with_missing_last)


def page(rows: list[Listed], query: Mapping[str, str], path: str) -> tuple[list[Listed], str | None]:
    """The rows of the page asked for, and the relative URL of the next; all rows where no page is asked for."""
    if not query.get("offset") and not query.get("limit"):
        return rows, None
    offset = int(_number(query, "offset") or 0)
    limit = _number(query, "limit")
    size = int(limit) if limit is not None else PAGE
    if offset < 0 or not 1 <= size <= MAX_PAGE:
        raise InvalidRequest(f"limit must be 1 to {MAX_PAGE} and offset at least 0")
    end = offset + size
    if end >= len(rows):
        return rows[offset:], None
    following = urlencode({**query, "offset": end, "limit": size})
    return rows[offset:end], f"{path}?{following}"


def _check_category(category: str | None) -> None:
    """Refuse one that the specification does not have. The catalogue holds no categories, so none narrows the list."""
    if category and category not in CATEGORIES:
        raise InvalidRequest(f"category: {category[:50]!r} is not one of {', '.join(sorted(CATEGORIES))}")


def _modalities(value: str) -> Filter:
    wanted = {word.strip().lower() for word in value.split(",") if word.strip()} or {"text"}
    if "all" in wanted:
        return lambda _: True
    return lambda row: bool(wanted & set(row.model.output_modalities))


def _price_filters(query: Mapping[str, str]) -> list[Filter]:
    found: list[Filter] = []
    for name, rate, least in (
        ("min_price", "prompt", True),
        ("max_price", "prompt", False),
        ("min_output_price", "completion", True),
        ("max_output_price", "completion", False),
    ):
        limit = _number(query, name)
        if limit is not None:
            found.append(_price_filter(rate, limit / 1_000_000, least=least))
    return found


def _price_filter(rate: str, limit: Decimal, *, least: bool) -> Filter:
    def passes(row: Listed) -> bool:
        price = getattr(row.top.pricing, rate) if row.top is not None else None
        return price is not None and (price >= limit if least else price <= limit)

    return passes


def _age_filters(query: Mapping[str, str]) -> list[Filter]:
    now = datetime.now(UTC).timestamp()
    found: list[Filter] = []
    youngest, oldest = _number(query, "min_age_days"), _number(query, "max_age_days")
    if youngest is not None:
        latest = now - float(youngest) * _SECONDS_A_DAY
        found.append(lambda row: row.model.created is not None and row.model.created <= latest)
    if oldest is not None:
        earliest = now - float(oldest) * _SECONDS_A_DAY
        found.append(lambda row: row.model.created is not None and row.model.created >= earliest)
    return found


def _hosted(endpoint: Endpoint, hosts: frozenset[str], names: Mapping[str, str]) -> bool:
    return endpoint.provider in hosts or names.get(endpoint.provider, "").lower() in hosts


def _list(query: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in query.get(name, "").split(",") if word.strip())


def _number(query: Mapping[str, str], name: str) -> Decimal | None:
    text = query.get(name, "")
    if text in ("", "null"):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise InvalidRequest(f"{name}: {text[:50]!r} is not a number") from None
    if not number.is_finite() or abs(number) > Decimal("1e15"):
        raise InvalidRequest(f"{name}: {text[:50]!r} is out of range")
    return number


def _average(row: Listed) -> Decimal | None:
    if row.top is None or row.top.pricing.prompt is None or row.top.pricing.completion is None:
        return None
    return (row.top.pricing.prompt + row.top.pricing.completion) / 2


def _negative(value: Decimal | int | None) -> Decimal | int | None:
    return None if value is None else -value
