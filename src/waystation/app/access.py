"""Who comes in: the keys, their rate limits, and the keys that apps are given; their stores and their routes."""

import logging
from collections.abc import Awaitable, Callable

from litestar.handlers import HTTPRouteHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.accounts.bootstrap import FirstKeys, ensure_keys
from waystation.accounts.buckets import MemoryBuckets
from waystation.accounts.keys import KeyRing
from waystation.accounts.limits import Limits
from waystation.accounts.store import refresh
from waystation.api.consent import consent_routes
from waystation.api.keys import Keys, key_routes
from waystation.api.oauth import Authorizations, oauth_routes
from waystation.app.chores import repeat
from waystation.settings import Settings
from waystation.storage.codes import SqlCodeStore
from waystation.storage.keys import SqlKeyStore
from waystation.storage.shared_buckets import SharedBuckets
from waystation.storage.spending import SqlSpending

log = logging.getLogger(__name__)
KEY_REFRESH = 0.4
"""Seconds between two looks at what other processes did to the keys."""


class Access:
    """One for the process. `ring` is what requests are identified with; `limits` what they must stay within."""

    def __init__(self, settings: Settings, engine: AsyncEngine, ring: KeyRing) -> None:
        self._settings = settings
        self._engine = engine
        self._ring = ring
        self._store = SqlKeyStore(engine)
        self._shared = _shared_buckets(settings)
        self.limits = Limits(settings.limits, self._shared or MemoryBuckets())

    async def start(self) -> FirstKeys:
        """Make the keys of the settings, or the first two; from then on the ring knows all."""
        first = await ensure_keys(self._store, self._settings.storage.data_path, self._settings.keys)
        await refresh(self._ring, self._store)
        return first

    def close(self) -> None:
        """Let go of what the workers share."""
        if self._shared is not None:
            self._shared.close()

    def routes(self, flush: Callable[[], Awaitable[None]]) -> list[HTTPRouteHandler]:
        """Keys and OAuth. `flush` brings what this process has recorded into the sums of its keys."""
        spending = SqlSpending(self._engine, flush)
        keys = Keys(self._store, self._ring, spending, self.limits, self._settings.keys.prefix)
        authorizations = Authorizations(keys, SqlCodeStore(self._engine))
        return [
            *key_routes(keys),
            *oauth_routes(authorizations),
            *consent_routes(authorizations, self._ring),
        ]

    async def follow_keys(self) -> None:
        """Learn of keys that the command line or another process made, changed or revoked, within half a second or so."""
        await repeat("following the keys", lambda: refresh(self._ring, self._store), KEY_REFRESH)


def _shared_buckets(settings: Settings) -> SharedBuckets | None:
    """What several workers share; where it cannot be made, each counts for itself."""
    if settings.server.workers == 1:
        return None
    try:
        return SharedBuckets(settings.storage.data_path)
    except OSError:
        log.warning("rate limits cannot be shared: each worker has limits of its own", exc_info=True)
        return None
