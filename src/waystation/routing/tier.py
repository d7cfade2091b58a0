"""Which service tier an attempt asks its provider for (contract section 18)."""

from typing import Final

from msgspec.structs import replace

from waystation.operations.chat import ChatRequest
from waystation.routing.plan import PlannedAttempt

_PRICED: Final = ("priority", "flex")


def at_tier(request: ChatRequest, planned: PlannedAttempt) -> ChatRequest:
    """The request as this attempt is to say it: a tier's endpoint is asked for that tier, and the ordinary endpoint of a
    model that has tiers for none, since each is paid for at its own price. Elsewhere what the caller said goes through.
    """
    tier, asked = planned.endpoint.service_tier, request.service_tier
    if tier is None and (asked not in _PRICED or not planned.candidate.model.tier_endpoints):
        return request
    return request if tier == asked else replace(request, service_tier=tier)
