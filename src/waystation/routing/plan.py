"""A routing decision: the endpoints to try, in order, and what was left out and why."""

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.model import Model


class Candidate(Struct, frozen=True):
    """A model that the request may be served by; `strategy` says how its name was understood (contract 19)."""

    model: Model
    strategy: str


class Exclusion(Struct, frozen=True):
    """An endpoint that was considered and left out; `reason` is a word of `excluded_by` (contract 2.4) or ours."""

    tag: str
    model_id: str
    reason: str


class PlannedAttempt(Struct, frozen=True):
    """One endpoint to try, for one candidate."""

    candidate: Candidate
    endpoint: Endpoint


class Plan(Struct, frozen=True):
    """Attempts in order; never empty."""

    attempts: tuple[PlannedAttempt, ...]
    excluded: tuple[Exclusion, ...] = ()
