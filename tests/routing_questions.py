"""Models, offers and questions for tests of routing, each with just what a test is about."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.catalog.pricing import Pricing
from waystation.catalog.provider_facts import ProviderFacts
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.operations.preferences import ProviderPreferences
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate, Plan, Question
from waystation.routing.prompt import PromptSize
from waystation.routing.select import decide, select
from waystation.routing.standing import EndpointHealth, HealthSnapshot, Quantiles, endpoint_key

HELLO = (Message("user", (Text("Hello"),)),)
NOW = 1_780_000_000.0


def endpoint(tag: str, price: str | None = "0.000001", model: str = "acme/m1", **facts: Any) -> Endpoint:
    """An endpoint whose prompt and completion cost the same, in USD per token."""
    rate = Decimal(price) if price is not None else None
    facts.setdefault("pricing", Pricing(rate, rate))
    return Endpoint(model, tag.partition("/")[0], tag, "m1", **facts)


def model(*endpoints: Endpoint, tiers: Sequence[Endpoint] = (), **facts: Any) -> Model:
    """The model of these endpoints."""
    model_id = (*endpoints, *tiers)[0].model_id if endpoints or tiers else "acme/m1"
    author, _, name = model_id.partition("/")
    return Model(
        model_id, f"{model_id}-1", name, author, endpoints=endpoints, tier_endpoints=tuple(tiers), **facts
    )


def offers(
    *models: Model, order: str = "price", facts: Sequence[ProviderFacts] = (), listed: Sequence[str] = ()
) -> Offers:
    """All of it callable."""
    ranks = {slug: rank for rank, slug in enumerate(listed)}
    return Offers(Catalog(models, facts), lambda _: True, order, ranks, lambda slug: f"set {slug}")


def question(
    endpoints: Sequence[Endpoint] | Model | Sequence[Model],
    wants: ProviderPreferences | None = None,
    *,
    order: str = "price",
    facts: Sequence[ProviderFacts] = (),
    listed: Sequence[str] = (),
    tokens: int = 10,
    candidate: dict[str, Any] | None = None,
    situation: dict[str, Any] | None = None,
    seed: int = 1,
    **fields: Any,
) -> Question:
    """A question about one model or several; `situation` are fields of the question, `fields` those of the request."""
    models = _models(endpoints)
    request = ChatRequest(
        "openai_chat", models[0].id, fields.pop("messages", HELLO), provider=wants, **fields
    )
    return Question(
        request,
        tuple(Candidate(each, **{"strategy": "direct", **(candidate or {})}) for each in models),
        PromptSize(4 * tokens, lambda: tokens),
        offers(*models, order=order, facts=facts, listed=listed),
        seed,
        NOW,
        **(situation or {}),
    )


def plan(*args: Any, **named: Any) -> Plan:
    """The plan of such a question."""
    return select(question(*args, **named))


def tags(decided: Plan) -> list[str]:
    """The attempts' endpoints in order."""
    return [attempt.endpoint.tag for attempt in decided.attempts]


def excluded(*args: Any, **named: Any) -> dict[str, str]:
    """Which endpoints are left out, and why, even where none is left."""
    return {left.tag: left.reason for left in decide(question(*args, **named)).excluded}


def healths(model_id: str = "acme/m1", /, **by_tag: EndpointHealth) -> HealthSnapshot:
    """A snapshot by tag, `_` standing for `/`."""
    known = {endpoint_key(model_id, tag.replace("_", "/")): health for tag, health in by_tag.items()}
    troubled = {
        key: health
        for key, health in known.items()
        if health.demotion or health.unproven or health.cooling_until
    }
    return HealthSnapshot(known, troubled)


def evenly(value: float) -> Quantiles:
    """Percentiles that are all the same."""
    return Quantiles(value, value, value, value)


def _models(given: Sequence[Endpoint] | Model | Sequence[Model]) -> tuple[Model, ...]:
    if isinstance(given, Model):
        return (given,)
    models = tuple(each for each in given if isinstance(each, Model))
    return models or (model(*(each for each in given if isinstance(each, Endpoint))),)
