"""The part of the gateway that remembers: the generation log, the stores that answer from it, and what is told of both."""

from collections.abc import Callable

from litestar.handlers import HTTPRouteHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.api.activity import activity_routes
from waystation.api.analytics import analytics_routes
from waystation.api.generations import generation_routes
from waystation.api.health import Check
from waystation.generations.log import GenerationLog
from waystation.settings import Settings
from waystation.storage.activity import SqlActivityStore
from waystation.storage.generations import SqlGenerationStore


class Records:
    """What remains of exchanges, in one process."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self._alone = settings.server.workers == 1
        self._activity = SqlActivityStore(engine)
        self.generations = GenerationLog(SqlGenerationStore(engine), settings.storage.data_path / "journal")

    async def start(self) -> None:
        """Take over what earlier processes left in the journal, and begin to write."""
        await self.generations.start()

    async def close(self) -> None:
        """Write what there is."""
        await self.generations.close()

    def routes(self, canonical: Callable[[str], str]) -> list[HTTPRouteHandler]:
        """Everything that is asked about generations; `canonical` knows the permanent slug of a model."""
        return [
            *generation_routes(self.generations, alone=self._alone),
            *activity_routes(self._activity, self.generations, canonical),
            *analytics_routes(self._activity, self.generations),
        ]

    def check(self) -> Check:
        """Whether every record is safe and on its way."""
        ok = self.generations.health().ok
        return Check("records", ok, None if ok else "records wait for the disk or the database")
