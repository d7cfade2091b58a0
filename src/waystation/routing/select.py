"""The routing decision: a pure function of a `Question`. Equal questions have equal plans.

It knows nothing of clocks, sockets or who a provider is: what is callable, how endpoints are doing, where the conversation
was and what the account allows arrive as snapshots, chance as a seed. Steps are numbered as in contract section 8.2.
"""

from collections.abc import Mapping

from waystation.routing.eligible import eligible, modalities
from waystation.routing.follow import follow
from waystation.routing.offers import Offer
from waystation.routing.order import Rule, is_global, thresholds
from waystation.routing.own_keys import with_own_keys
from waystation.routing.plan import Candidate, Exclusion, Plan, PlannedAttempt, Question
from waystation.routing.standing import endpoint_key
from waystation.routing.unavailable import unavailable


def select(question: Question) -> Plan:
    """The attempts to make, in order; `ModelUnavailable` where none is left."""
    plan = decide(question)
    if not plan.attempts:
        raise unavailable(question, plan.excluded)
    return plan


def decide(question: Question) -> Plan:
    """The plan, which may be without attempts: then its exclusions say why."""
    wants = question.request.provider
    excluded: list[Exclusion] = []
    attempts = _ordered(question, excluded)  # steps 1 to 7
    if len(attempts) > 1:
        meets = thresholds(wants)
        if meets is not None:  # step 8
            health = question.health
            attempts.sort(
                key=lambda a: not meets(health.of(endpoint_key(a.endpoint.model_id, a.endpoint.tag)))
            )
    sticky = None
    if question.pins:  # step 9
        attempts, sticky = follow(attempts, question)
    if wants is not None and wants.allow_fallbacks is False:  # step 10
        attempts = _without_fallbacks(attempts, question, excluded)
    return Plan(tuple(attempts), question, tuple(excluded), sticky)


def _ordered(question: Question, excluded: list[Exclusion]) -> list[PlannedAttempt]:
    candidates, offers = question.candidates, question.offers
    needed = modalities(question.request)
    if len(candidates) == 1:
        return _in_order(question, candidates[0], needed, excluded)
    if not is_global(question.request):
        return [a for candidate in candidates for a in _in_order(question, candidate, needed, excluded)]
    together: list[Offer] = []
    for candidate in candidates:
        together += eligible(question, candidate, offers.of(candidate.model), needed, excluded)
    groups = tuple(offers.of(candidate.model) for candidate in candidates)
    by_model = {candidate.model.id: candidate for candidate in candidates}
    ranked = Rule(question, groups, candidates[0]).ranked(together)
    return _attempts(question, by_model, ranked)


def _in_order(
    question: Question, candidate: Candidate, needed: frozenset[str], excluded: list[Exclusion]
) -> list[PlannedAttempt]:
    offers = question.offers.of(candidate.model)
    kept = eligible(question, candidate, offers, needed, excluded)
    if len(kept) > 1:
        kept = Rule(question, (offers,), candidate).ranked(kept)
    if question.access.own_keys:
        return _attempts(question, {candidate.model.id: candidate}, kept)
    return [PlannedAttempt(candidate, offer.endpoint) for offer in kept]


def _attempts(
    question: Question, candidates: Mapping[str, Candidate], ranked: list[Offer]
) -> list[PlannedAttempt]:
    """A group's attempts; those with the caller's own keys come first, or last (step 5)."""
    return [
        PlannedAttempt(candidates[offer.endpoint.model_id], offer.endpoint, key)
        for offer, key in with_own_keys(ranked, question.access.own_keys)
    ]


def _without_fallbacks(
    attempts: list[PlannedAttempt], question: Question, excluded: list[Exclusion]
) -> list[PlannedAttempt]:
    """What the caller listed, or the first alone."""
    wants = question.request.provider
    kept = attempts[:1]
    if wants is not None and wants.order:
        names = {name.lower() for name in wants.order}
        listed = [a for a in attempts if not names.isdisjoint(_names(question, a))]
        kept = listed or kept
    elif wants is not None and wants.only:
        kept = attempts
    stay = {id(attempt) for attempt in kept}
    excluded += [
        Exclusion(a.endpoint.tag, a.endpoint.model_id, "fallbacks_off") for a in attempts if id(a) not in stay
    ]
    return kept


def _names(question: Question, attempt: PlannedAttempt) -> frozenset[str]:
    offers = question.offers.of(attempt.candidate.model)
    return next(o.names for o in (*offers.base, *offers.tiers) if o.endpoint is attempt.endpoint)
