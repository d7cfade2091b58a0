"""A routing decision: what was asked of routing, the attempts to make in order, and what was left out and why.

A `Plan` keeps its `Question`, so that it is explained (`explain.explain`) only when somebody asks.
"""

from collections.abc import Mapping

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.model import Model
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import OrderBy
from waystation.routing.access import EVERYTHING, Access
from waystation.routing.offers import Offers
from waystation.routing.prompt import PromptSize
from waystation.routing.standing import ALL_WELL, HealthSnapshot
from waystation.routing.sticky import NO_PINS, Pin, StickyUse


class RouterStage(Struct, frozen=True):
    """What a router that reads the request tells of its choice: a stage of router metadata, named like its plugin."""

    name: str
    data: JsonObject


class Candidate(Struct, frozen=True):
    """A model that the request may be served by; `strategy` says how its name was understood (contract 19).

    `requested` is the name as the caller wrote it, so a router's slug for what a router picked; "" for the model's id.
    `sort` and `tier` are what a variant asks for: `:nitro` throughput and `priority`, `:floor` price and `flex`.
    `free_only`: by an endpoint that costs nothing. `stage` is on the first of those that a router chose. `task` is what a
    router took the request for, remembered with the session; `leaves`: it decided that the session leaves its model.
    """

    model: Model
    strategy: str
    requested: str = ""
    sort: OrderBy | None = None
    tier: str | None = None
    free_only: bool = False
    stage: RouterStage | None = None
    task: str = ""
    leaves: bool = False

    @property
    def asked_model(self) -> str:
        """The model's part in the key of a sticky session."""
        return self.requested or self.model.id


class Exclusion(Struct, frozen=True):
    """An endpoint that was considered and left out; `reason` is a word of `excluded_by` (contract 2.4) or ours:
    `modality`, `tier`, `distillable`, `free_only`, `preferred_parameters`, `fallbacks_off`."""

    tag: str
    model_id: str
    reason: str


class PlannedAttempt(Struct, frozen=True):
    """One endpoint to try, for one candidate; `own_key` is the id of the caller's own credential, None as long as accounts have none."""

    candidate: Candidate
    endpoint: Endpoint
    own_key: str | None = None


class Question(Struct, frozen=True):
    """Everything a decision depends on: equal questions have equal plans. `now` is Unix seconds.

    `seed` (any integer) fixes the draw, `X-Waystation-Route-Seed` sets it. `pins` are those of `StickySessions.pins`.
    """

    request: ChatRequest
    candidates: tuple[Candidate, ...]
    prompt: PromptSize
    offers: Offers
    seed: int
    now: float
    health: HealthSnapshot = ALL_WELL
    pins: Mapping[str, Pin] = NO_PINS
    access: Access = EVERYTHING


class Plan(Struct, frozen=True):
    """Attempts in order; empty only from `decide`. `sticky` tells of a conversation's pin, None where it has none."""

    attempts: tuple[PlannedAttempt, ...]
    question: Question
    excluded: tuple[Exclusion, ...] = ()
    sticky: StickyUse | None = None
