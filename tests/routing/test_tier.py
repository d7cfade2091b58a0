"""Contract section 18: an attempt asks for the tier that it is charged for."""

import pytest

from routing_questions import HELLO, endpoint, model
from waystation.operations.chat import ChatRequest
from waystation.routing.plan import Candidate, PlannedAttempt
from waystation.routing.tier import at_tier

FLEX = endpoint("a/flex", service_tier="flex")
TIERED, PLAIN = model(endpoint("a"), tiers=[FLEX]), model(endpoint("a"))


@pytest.mark.parametrize(
    ("asked", "served", "of", "said"),
    [
        (None, FLEX, TIERED, "flex"),
        ("flex", FLEX, TIERED, "flex"),
        ("priority", TIERED.endpoints[0], TIERED, None),
        ("default", TIERED.endpoints[0], TIERED, "default"),
        ("auto", TIERED.endpoints[0], TIERED, "auto"),
        ("priority", PLAIN.endpoints[0], PLAIN, "priority"),
        (None, PLAIN.endpoints[0], PLAIN, None),
    ],
)
def test_an_attempt_asks_for_the_tier_of_its_endpoint(
    asked: str | None, served: object, of: object, said: str | None
) -> None:
    request = ChatRequest("openai_chat", "acme/m1", HELLO, service_tier=asked)
    planned = PlannedAttempt(Candidate(of, "direct"), served)  # type: ignore[arg-type]
    assert at_tier(request, planned).service_tier == said
