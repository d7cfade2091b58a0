"""The hard filter: which models may serve a request at all, and how many each reason left out."""

from collections import Counter
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from waystation.routing.access import EVERYTHING
from waystation.routing.auto.field import Field
from waystation.routing.auto.options import Options
from waystation.routing.eligible import eligible, modalities
from waystation.routing.plan import Candidate, Exclusion
from waystation.routing.routers import Asking

PATTERNS: Final = "model_patterns"
"""The reason of models that the caller's own patterns leave out."""


class Capable(Struct, frozen=True):
    """Places of models in the field; `removed` counts models by the reason that left them out."""

    places: NDArray[np.int64]
    removed: dict[str, int]


def capable(asking: Asking, field: Field, options: Options) -> Capable:
    """The models that pass every filter of the request, and then the caller's patterns."""
    removed: Counter[str] = Counter()
    passing = _passing(asking, field, removed)
    if not asking.request.modalities:
        writing = passing[field.only_text[passing]]
        if len(writing):
            removed["output_modality"] += len(passing) - len(writing)
            passing = writing
    if options.allowed is not None or options.excluded is not None:
        kept = [place for place in passing.tolist() if _named(field.ids[place], options)]
        removed[PATTERNS] += len(passing) - len(kept)
        passing = np.array(kept, np.int64)
    return Capable(passing, {reason: n for reason, n in removed.items() if n})


def _passing(asking: Asking, field: Field, removed: Counter[str]) -> NDArray[np.int64]:
    """One comparison lets all endpoints of most models through; only of the others each endpoint is looked at."""
    request = asking.request
    needed = modalities(request)
    plain = (
        not needed
        and request.provider is None
        and request.response_format is None
        and request.verbosity is None
        and not request.tools
        and not request.modalities
        and asking.access is EVERYTHING
    )
    easily = _roomy(asking, field) if plain else np.zeros(len(field.models), bool)
    question = asking.question(())
    for place in np.flatnonzero(~easily).tolist():
        each = field.models[place]
        excluded: list[Exclusion] = []
        kept = eligible(question, Candidate(each.model, "auto"), each, needed, excluded)
        missing = _missing_ability(asking, kept[0].endpoint.supported_parameters) if kept else None
        if kept and missing is None:
            easily[place] = True
        else:
            removed[missing or (excluded[-1].reason if excluded else "no_endpoints")] += 1
    return np.flatnonzero(easily)


def _roomy(asking: Asking, field: Field) -> NDArray[np.bool_]:
    """The models each of whose endpoints has room for the prompt and the longest answer asked for.

    A prompt's tokens are estimated only where its bytes alone leave a doubt.
    """
    answer = asking.request.max_tokens or 0
    roomy: NDArray[np.bool_] = (field.context >= asking.prompt.bound + answer) & (field.output >= answer)
    if not roomy.all():
        roomy |= (field.context >= asking.prompt.tokens + answer) & (field.output >= answer)
    return roomy


def _missing_ability(asking: Asking, known: frozenset[str]) -> str | None:
    """Unlike a model that was named, one that is chosen must know tools and schemas that the request brings."""
    if asking.request.tools and "tools" not in known:
        return "tools"
    kind = asking.request.response_format
    if kind is not None and kind.kind != "text" and not known & {"response_format", "structured_outputs"}:
        return "response_format"
    return None


def _named(model_id: str, options: Options) -> bool:
    allowed, excluded = options.allowed, options.excluded
    if allowed is not None and not allowed.match(model_id):
        return False
    return excluded is None or not excluded.match(model_id)
