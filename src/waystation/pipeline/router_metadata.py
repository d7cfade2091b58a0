"""What a caller who asks for it is told of the routing of its request: spec `OpenRouterMetadata`, contract section 19.

Asked for by `X-OpenRouter-Metadata: enabled`. Every key is there, whatever came of the request.
"""

from collections.abc import Callable

from waystation.errors import TooManyRequests, Unauthenticated
from waystation.exchange import Exchange
from waystation.operations.parts import JsonObject
from waystation.routing.plan import PlannedAttempt


class RouterMetadata:
    """Tells it. `provider_name` gives a provider's display name."""

    def __init__(self, provider_name: Callable[[str], str]) -> None:
        self._provider_name = provider_name

    def of(self, exchange: Exchange) -> JsonObject | None:
        """None where no request was understood, or routing had no part in its refusal (key, the gateway's own rate limits)."""
        request = exchange.request
        if request is None or isinstance(exchange.error, Unauthenticated | TooManyRequests):
            return None
        planned = exchange.plan.attempts if exchange.plan is not None else ()
        left_out = len(exchange.plan.excluded) if exchange.plan is not None else 0
        tried = [
            {
                "provider": attempt.provider_name,
                "model": attempt.endpoint.model_id,
                "status": attempt.status or 0,
            }
            for attempt in exchange.attempts
        ]
        return {
            "requested": request.model or next(iter(request.models), ""),
            "strategy": exchange.strategy,
            "region": None,
            "summary": self._summary(exchange, planned),
            "attempt": len(tried),
            "is_byok": exchange.cost is not None and exchange.cost.is_byok,
            "endpoints": {
                "total": len(planned) + left_out,
                "available": [self._available(one, exchange) for one in planned],
            },
            "params": {},
            "attempts": tried,
            "pipeline": _stages(exchange),
        }

    def _available(self, planned: PlannedAttempt, exchange: Exchange) -> JsonObject:
        return {
            "provider": self._provider_name(planned.endpoint.provider),
            "model": planned.endpoint.model_id,
            "selected": planned.endpoint is exchange.endpoint,
        }

    def _summary(self, exchange: Exchange, planned: tuple[PlannedAttempt, ...]) -> str:
        chosen = exchange.provider_name if exchange.endpoint is not None else None
        return f"available={len(planned)}" + (f", selected={chosen}" if chosen else "")


def _stages(exchange: Exchange) -> list[JsonObject]:
    """What a router did; named by its plugin (contract 15)."""
    candidates = exchange.plan.question.candidates if exchange.plan is not None else ()
    stages = (candidate.stage for candidate in candidates)
    return [
        {"type": "plugin", "name": stage.name, "data": stage.data} for stage in stages if stage is not None
    ]
