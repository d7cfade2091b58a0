"""Whether a conversation's pin is followed: what the upstream's cache saves, weighed against a cheaper endpoint."""

from decimal import ROUND_HALF_EVEN, Decimal

from waystation.catalog.endpoint import Endpoint
from waystation.routing.clock import clock_at
from waystation.routing.plan import PlannedAttempt, Question
from waystation.routing.standing import endpoint_key
from waystation.routing.sticky import Pin, StickyUse

_NAMED = frozenset({"direct", "alias", "latest"})
"""Strategies of models that the caller named; the others are routers' picks."""


def follow(
    attempts: list[PlannedAttempt], question: Question
) -> tuple[list[PlannedAttempt], StickyUse | None]:
    """The attempts with a pinned endpoint at the front of its model's, of all where a router picked the model, and what
    came of the pin (contract 8.2, step 9)."""
    wants = question.request.provider
    if wants is not None and wants.order:
        return attempts, None
    found = _pinned(attempts, question)
    if found is None:
        return attempts, None
    place, pin = found
    model_id = attempts[place].candidate.model.id
    was_named = attempts[place].candidate.strategy in _NAMED
    front = next(n for n, a in enumerate(attempts) if a.candidate.model.id == model_id) if was_named else 0
    use = _use(pin, attempts[place], attempts[front], question)
    if not use.followed or front == place:
        return attempts, use
    moved = [*attempts[:front], attempts[place], *attempts[front:place], *attempts[place + 1 :]]
    return moved, use


def _pinned(attempts: list[PlannedAttempt], question: Question) -> tuple[int, Pin] | None:
    for place, attempt in enumerate(attempts):
        pin = question.pins.get(attempt.candidate.asked_model)
        if pin is not None and pin.tag == attempt.endpoint.tag and pin.model_id == attempt.endpoint.model_id:
            return place, pin
    return None


def _use(pin: Pin, pinned: PlannedAttempt, first: PlannedAttempt, question: Question) -> StickyUse:
    stay = _turn_price(pinned.endpoint, question, pin, cached=pin.cached_tokens)
    move = _turn_price(first.endpoint, question, pin, cached=0)
    saving = _nano(move - stay) if stay is not None and move is not None else None
    if pinned.candidate.leaves:
        reason, followed = "left", False
    elif first is pinned:
        reason, followed = "alone", True
        saving = None
    elif _in_trouble(pinned.endpoint, question):
        reason, followed = "unstable", False
    elif pin.explicit:
        reason, followed = "session", True
    else:
        followed = saving is None or saving >= 0
        reason = "cache" if followed else "dearer"
    return StickyUse(pin.model_id, pin.tag, followed, reason, pin.cached_tokens, saving)


def _in_trouble(endpoint: Endpoint, question: Question) -> bool:
    health = question.health.troubled.get(endpoint_key(endpoint.model_id, endpoint.tag))
    return health is not None and health.unstable_until() > question.now


def _turn_price(endpoint: Endpoint, question: Question, pin: Pin, cached: int) -> Decimal | None:
    """USD for this turn: the prompt, part of it from the cache, and an answer as long as the last one."""
    tokens = question.prompt.tokens
    pricing = endpoint.pricing.at(tokens, clock_at(question.now))
    if pricing.prompt is None or pricing.completion is None:
        return None
    cached = min(cached, tokens)
    read = pricing.input_cache_read if pricing.input_cache_read is not None else pricing.prompt
    total = (tokens - cached) * pricing.prompt + cached * read + pin.completion_tokens * pricing.completion
    return total * (1 - pricing.discount)


def _nano(usd: Decimal) -> int:
    return int((usd * 1_000_000_000).to_integral_value(ROUND_HALF_EVEN))
