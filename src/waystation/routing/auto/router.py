"""The auto router: reads the request, chooses among what can be called, and tells how. It never fails a request that some
model can serve: whatever goes wrong inside, the default set serves.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from waystation.errors import Availability, Constraint, ModelUnavailable
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import OrderBy
from waystation.routing.auto import rules
from waystation.routing.auto.asked import Asked, asked
from waystation.routing.auto.capable import PATTERNS, Capable, capable
from waystation.routing.auto.choose import PICKED, Choice, choose
from waystation.routing.auto.explore import NONE, Exploration
from waystation.routing.auto.field import Field, Prepared
from waystation.routing.auto.options import Options, options_of
from waystation.routing.auto.outcomes import Experience, Tally
from waystation.routing.auto.priors import Facts
from waystation.routing.auto.reading import Reading, chances, essence, outputs, reading_of
from waystation.routing.auto.session import Stay
from waystation.routing.auto.tags import OTHER
from waystation.routing.auto.weights import Weights
from waystation.routing.plan import Candidate, RouterStage
from waystation.routing.routers import Asking

log = logging.getLogger(__name__)
LIMIT: Final = 0.005
"""CPU seconds that reading and choosing may take; what comes later is given up for the default set. What is read is
clipped, so this is met by a fault only. CPU time, so that a busy machine changes no answer."""
UNREAD: Final = Reading(OTHER, OTHER, 0.0, 0.5, 0.5)
"""What is taken of a prompt that could not be read."""
SYSTEM_SAYS: Final = frozenset(
    {"customer_support", "roleplay_fiction", "classification_tagging", "data:extraction", "translation"}
)
"""Tasks that a system prompt may set for whatever the user says."""
DOUBTFUL: Final = 0.5
"""Confidence below which the system prompt is read as well."""
SURE: Final = 0.7
"""Confidence above which a system prompt's task counts: one that only says how to behave has none."""
BRIEF: Final = 20
"""Characters below which a text may belong to any task."""
PLUGINS: Final = {"openrouter/auto-beta": "auto-beta-router"}


class AutoRouter:
    """A `Router`. `weights` None: they could not be loaded, so nothing is read and prices and facts alone decide.

    `explore` is the share of choices that are explored, `experience` what came of earlier ones.
    """

    def __init__(
        self,
        weights: Weights | None,
        facts: Facts,
        clock: Callable[[], float] = time.thread_time,
        explore: float = 0.0,
        experience: Experience | None = None,
    ) -> None:
        self._weights = weights
        self._fields = Prepared(facts, experience)
        self._clock = clock
        self._explore = explore

    def __call__(self, asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
        """The model chosen and its fallbacks; `ModelUnavailable` where no model can serve the request."""
        plugin = PLUGINS.get(name.partition(":")[0], "auto-router")
        options = options_of(asking.request.plugins, plugin)
        field = self._fields.of(asking.offers)
        able = capable(asking, field, options)
        if not len(able.places):
            raise nothing(name, able)
        stay = _stay(asking, field, name, options)
        reading, choice = self._chosen(asking, field, able, options, stay)
        stage = RouterStage(
            plugin, told(reading, choice, able, self._weights, _tally(field, choice, reading))
        )
        leaves = choice.session is not None and field.ids[choice.places[0]] != choice.session.model
        return tuple(
            Candidate(
                field.models[place].model,
                "auto",
                name,
                sort,
                stage=stage if place == choice.places[0] else None,
                task=reading.family,
                leaves=leaves,
            )
            for place in choice.places
        )

    def _chosen(
        self, asking: Asking, field: Field, able: Capable, options: Options, stay: Stay
    ) -> tuple[Reading, Choice]:
        """The reading and the choice; after any failure, and after `LIMIT`, those that need no reading."""
        began = self._clock()
        try:
            reading = self._read(asking.request)
            if self._clock() - began <= LIMIT:
                return reading, choose(
                    field,
                    able.places,
                    reading,
                    prompt_tokens=asking.prompt.tokens,
                    tier=options.tier,
                    stay=stay,
                    exploration=self._exploration(asking),
                )
        except Exception:
            log.exception("the auto router failed; its default set serves")
        return UNREAD, default_set(field, able.places, options)

    def _exploration(self, asking: Asking) -> Exploration:
        """Only a conversation's opening is explored: later turns would lose the cache and the voice they have."""
        if not self._explore or any(message.role == "assistant" for message in asking.request.messages):
            return NONE
        return Exploration(self._explore, asking.seed)

    def _read(self, request: ChatRequest) -> Reading:
        if self._weights is None:
            return UNREAD
        reading = read_request(asked(request), self._weights)
        return reading if np.isfinite(reading.difficulty + reading.need) else UNREAD


def read_request(prompt: Asked, weights: Weights) -> Reading:
    """Read the user's words, by the request's structure too, and where they leave doubt the system prompt."""
    measured = outputs(essence(prompt.text, weights), weights)
    names = rules.found(prompt)
    likely = rules.weighed(chances(measured.raw, weights), names)
    reading = reading_of(likely, measured, weights, names[0] if names else None)
    if not np.isfinite(reading.confidence):
        return UNREAD
    if len(prompt.text) < BRIEF:
        reading = replace(reading, brief=True)
    if prompt.system and reading.confidence < DOUBTFUL:
        system = outputs(prompt.system, weights)
        said = reading_of(chances(system.raw, weights), measured, weights, "system_prompt")
        if said.tag in SYSTEM_SAYS and said.confidence > SURE:
            return said
    return reading


def default_set(field: Field, places: NDArray[np.int64], options: Options) -> Choice:
    """The best single models by what is known in general, without looking at the prompt."""
    best = places[field.general[places].argsort(kind="stable")[::-1][:PICKED]]
    return Choice(tuple(int(place) for place in best), "default_set", options.tier, ())


def _stay(asking: Asking, field: Field, name: str, options: Options) -> Stay:
    """Where the conversation is, and what its prompt costs less there for being cached."""
    pinned = _pinned(asking.request) if options.pin_model else None
    pin = asking.pins.get(name)
    if pin is None:
        return Stay(pinned)
    tokens = min(pin.cached_tokens, asking.prompt.tokens) if pin.cached_tokens else 0
    return Stay(pinned, pin.model_id, pin.task, field.cached(pin.model_id, pin.tag, tokens))


def _pinned(request: ChatRequest) -> str | None:
    """The model that wrote the latest answer of the conversation, as the caller's own message says."""
    last = next((m for m in reversed(request.messages) if m.role == "assistant"), None)
    named = (last.extras or {}).get("model") if last is not None else None
    return named if isinstance(named, str) else None


def _tally(field: Field, choice: Choice, reading: Reading) -> Tally | None:
    """What came of earlier choices of this model for this family of tasks."""
    return field.outcomes.tallies.get((reading.family, field.ids[choice.places[0]]))


def told(
    reading: Reading,
    choice: Choice,
    able: Capable,
    weights: Weights | None,
    tally: Tally | None,
) -> JsonObject:
    """What the metadata's stage says: enough to see why, and the versions to see it again."""
    return {
        "task_type": reading.tag,
        "confidence": round(reading.confidence, 4),
        "difficulty": round(reading.difficulty, 4),
        "need": reading.need,
        "cost_tier": choice.tier,
        "decided_by": choice.rule,
        "propensity": round(choice.propensity, 6),
        "session": choice.session.told() if choice.session is not None else None,
        "structure": reading.rule,
        "outcomes": tally.told() if tally is not None else None,
        "candidates": len(able.places),
        "removed": able.removed,
        "top": [{"model": one.model, "quality": one.quality, "cost_usd": one.cost} for one in choice.top],
        "version": weights.header.version if weights is not None else None,
    }


def nothing(name: str, able: Capable) -> ModelUnavailable:
    """The error where no model is left (contract 15, step 4)."""
    reasons = tuple(reason for reason in able.removed if reason != PATTERNS)
    message = "No models match your request and model restrictions"
    code = "constraint_filtered" if able.removed else "no_endpoints"
    return ModelUnavailable(
        message,
        availability=Availability(
            code,
            retryable=False,
            requested_models=(name,),
            excluded_by=reasons,
            constraint=Constraint("plugins", message) if able.removed else None,
        ),
    )
