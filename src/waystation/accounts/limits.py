"""Rate limits (contract section 28): how many requests and tokens a minute a key, an account or a model may have, and
how many of free models an account. Which limits there are is configuration; how full they are is in `buckets`.

An account is everybody with the same `creator_user_id`; keys without one are the operator's own, together. A key that
somebody let an app have counts with the key that allowed it, so that giving keys to apps multiplies nobody's limit.
Tokens are known when an answer ends: they are counted then, and the next request waits until there is room.
"""

import math
import time
from collections.abc import Callable

from msgspec import Struct

from waystation.accounts.buckets import LONGEST, Buckets, Demand
from waystation.accounts.keys import Account
from waystation.errors import TooManyRequests
from waystation.settings import LimitSettings, RateSettings

MINUTE = 60.0
FREE = ":free"
"""How the ids of free models end."""


class Rates(Struct, frozen=True, gc=False):
    """Requests and tokens a minute; 0 is no limit."""

    requests: int = 0
    tokens: int = 0


class FreeRequests(Struct, frozen=True):
    """An account's requests of free models in this UTC day; `limit` -1 is none."""

    limit: int
    used: int

    @property
    def remaining(self) -> int:
        """How many are left."""
        return -1 if self.limit < 0 else max(self.limit - self.used, 0)


class Limits:
    """All rate limits of a gateway. `clock` gives Unix seconds."""

    def __init__(
        self, settings: LimitSettings, buckets: Buckets, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._buckets = buckets
        self._clock = clock
        self._key = Rates(settings.requests_per_key, settings.tokens_per_key)
        self._account = Rates(settings.requests_per_account, settings.tokens_per_account)
        self._model = Rates(settings.requests_per_model, settings.tokens_per_model)
        self._keys = {name: _rates(own, self._key) for name, own in settings.keys.items()}
        self._models = {name: _rates(own, self._model) for name, own in settings.models.items()}
        none = Rates()
        has_free = bool(settings.free_requests_per_minute or settings.free_requests_per_day)
        self.on_keys = self._account != none or self._key != none or bool(self._keys)
        """Whether `admit` has anything to say."""
        self.on_models = self._model != none or bool(self._models) or has_free
        """Whether `admit_model` has anything to say."""
        all_rates = (self._key, self._account, self._model, *self._keys.values(), *self._models.values())
        self.on_tokens = any(rates.tokens for rates in all_rates)
        """Whether tokens are counted."""

    def admit(self, account: Account) -> None:
        """Let a request of this key in; raises `TooManyRequests`."""
        now = self._clock()
        demands: list[Demand] = []
        key_hash = self._counted_with(account)
        _add(demands, f"key {key_hash}", self._keys.get(key_hash, self._key), now)
        _add(demands, f"account {_owner(account)}", self._account, now)
        self._take(demands)

    def admit_model(self, account: Account, model_id: str) -> None:
        """Let a request for this model in; raises `TooManyRequests`."""
        rates, is_free = self._models.get(model_id, self._model), model_id.endswith(FREE)
        if not (is_free or rates.requests or rates.tokens):
            return
        now = self._clock()
        demands: list[Demand] = []
        _add(demands, f"model {model_id}", rates, now)
        if is_free:
            self._add_free(demands, _owner(account), now)
        self._take(demands)

    def spend(self, account: Account, model_id: str, tokens: int) -> None:
        """Count the tokens of an answer."""
        now, key_hash = self._clock(), self._counted_with(account)
        for subject, rates in (
            (f"key {key_hash}", self._keys.get(key_hash, self._key)),
            (f"account {_owner(account)}", self._account),
            (f"model {model_id}", self._models.get(model_id, self._model)),
        ):
            if rates.tokens:
                self._buckets.spend(f"{subject} tokens", tokens * MINUTE / rates.tokens, now)

    def free_requests(self, account: Account) -> FreeRequests:
        """What the account has had of free models today."""
        limit = self._settings.free_requests_per_day
        if not limit:
            return FreeRequests(-1, 0)
        today = _day(self._clock())
        held = self._buckets.empty_at(_free_today(_owner(account), today)) - today
        return FreeRequests(limit, round(max(held, 0.0) * limit / LONGEST))

    def _counted_with(self, account: Account) -> str:
        """The hash of the key whose limit this one is under: its own where it has a row of its own, or nobody gave it."""
        parent = account.parent_hash
        return account.key_hash if parent is None or account.key_hash in self._keys else parent

    def _add_free(self, demands: list[Demand], owner: str, now: float) -> None:
        _add(demands, f"free {owner}", Rates(self._settings.free_requests_per_minute), now)
        limit = self._settings.free_requests_per_day
        if limit:
            today, share = _day(now), LONGEST / limit
            # time stands still at midnight: what was taken comes back with the next day, not bit by bit
            demands.append(Demand(_free_today(owner, today), share, share, LONGEST, today))

    def _take(self, demands: list[Demand]) -> None:
        refused = self._buckets.take(demands) if demands else None
        if refused is None:
            return
        demand, wait = refused
        now = self._clock()
        if demand.period == LONGEST:
            wait = demand.now + LONGEST - now
        limit = round(demand.period / demand.ask)
        raise TooManyRequests(
            f"Rate limit exceeded: {_said(demand, limit)}. Try again in {math.ceil(wait)} s.",
            limit=limit,
            reset=math.ceil((now + wait) * 1000),
            retry_after=max(math.ceil(wait), 1),
        )


def _add(demands: list[Demand], subject: str, rates: Rates, now: float) -> None:
    if rates.requests:
        share = MINUTE / rates.requests
        demands.append(Demand(subject, share, share, MINUTE, now))
    if rates.tokens:
        demands.append(Demand(f"{subject} tokens", MINUTE / rates.tokens, 0.0, MINUTE, now))


def _rates(own: RateSettings, usual: Rates) -> Rates:
    """A key's or model's own limits; what they leave out is as for all."""
    return Rates(
        usual.requests if own.requests is None else own.requests,
        usual.tokens if own.tokens is None else own.tokens,
    )


def _owner(account: Account) -> str:
    return account.creator_user_id or ""


def _day(now: float) -> float:
    """The midnight before, UTC."""
    return now // LONGEST * LONGEST


def _free_today(owner: str, today: float) -> str:
    return f"free {owner} {today:.0f}"


def _said(demand: Demand, limit: int) -> str:
    """The limit in words that name nobody: `60 requests per minute for this key`."""
    whose = demand.subject.split(" ", 1)[0]
    unit = "tokens" if demand.subject.endswith(" tokens") and not demand.cost else "requests"
    each = "day" if demand.period == LONGEST else "minute"
    return f"{limit} {unit} per {each} for {'free models' if whose == 'free' else 'this ' + whose}"
