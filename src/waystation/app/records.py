"""The part of the gateway that remembers: the generation log, the stores that answer from it, and what is told of both."""

import logging
import re
import time
from collections.abc import Callable

from litestar.handlers import HTTPRouteHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.api.activity import activity_routes
from waystation.api.analytics import analytics_routes
from waystation.api.feedback import feedback_routes
from waystation.api.generations import generation_routes
from waystation.api.health import Check
from waystation.app.chores import repeat
from waystation.errors import Unavailable
from waystation.generations import journal
from waystation.generations.content import ContentLog, GenerationContent
from waystation.generations.durable import DurableLog
from waystation.generations.log import GenerationLog
from waystation.generations.redaction import Redaction, keys_of
from waystation.generations.retention import Retention, prune
from waystation.pipeline.content import ContentKeeper
from waystation.routing.offers import Offers
from waystation.settings import Settings
from waystation.storage.activity import SqlActivityStore
from waystation.storage.content import SqlContentStore, SqlFeedbackStore
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.retention import SqlRetention

log = logging.getLogger(__name__)
PRUNE_INTERVAL = 3600.0
"""Seconds between two looks for what is too old."""

_SECRET_NAME = re.compile("KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")

Gauges = dict[str, tuple[str, float]]


class Records:
    """What remains of exchanges, in one process."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self._settings = settings.records
        self._relaxed = settings.keys.relaxed
        self._secrets = _secrets(settings)
        self._own_keys = keys_of(settings.keys.prefix)
        self._feedback = SqlFeedbackStore(engine)
        self._alone = settings.server.workers == 1
        self._directory = settings.storage.data_path / "journal"
        self._activity = SqlActivityStore(engine)
        self._retention = SqlRetention(engine)
        self.generations = GenerationLog(
            SqlGenerationStore(engine),
            self._directory,
            max_journal_bytes=self._settings.journal_max_mb * 2**20,
            strict=self._settings.when_unrecordable == "refuse",
        )
        self.contents: ContentLog = DurableLog(
            SqlContentStore(engine),
            settings.storage.data_path / "content-journal",
            GenerationContent,
            max_pending=1024,
            max_journal_bytes=self._settings.journal_max_mb * 2**20,
        )

    async def start(self) -> None:
        """Take over what earlier processes left in the journal, and begin to write."""
        await self.generations.start()
        await self.contents.start()

    async def close(self) -> None:
        """Write what there is."""
        await self.contents.close()
        await self.generations.close()

    def content_keeper(self) -> ContentKeeper | None:
        """What stores prompts and answers; None where they are not to be stored."""
        kept = self._settings
        if not kept.content:
            return None
        redaction = Redaction([*kept.redact, self._own_keys], self._secrets)
        return ContentKeeper(self.contents, redaction, kept.content_max_kb * 1024)

    async def prune_forever(self) -> None:
        """Delete what is older than it is to be kept, now and then."""
        await repeat("deleting what is too old", self._prune, PRUNE_INTERVAL)

    async def _prune(self) -> None:
        kept = self._settings
        retention = Retention(kept.retention_days, kept.content_retention_days, kept.retention_days)
        try:
            deleted = await prune(self._retention, retention, int(time.time()))
        except Unavailable as error:
            log.warning("what is too old was not deleted: %s", error)
        else:
            if deleted:
                log.info("%d rows were too old and are deleted", deleted)

    def routes(self, offers: Callable[[], Offers]) -> list[HTTPRouteHandler]:
        """Everything that is asked about generations; `offers` are those of now."""

        def canonical(model_id: str) -> str:
            model = offers().catalog.get(model_id)
            return model_id if model is None else model.canonical_slug

        return [
            *generation_routes(self.generations, self.contents, offers, alone=self._alone),
            *feedback_routes(self.generations, self._feedback, alone=self._alone, relaxed=self._relaxed),
            *activity_routes(self._activity, self.generations, canonical),
            *analytics_routes(self._activity, self.generations),
        ]

    def check(self) -> Check:
        """Whether every record is safe and on its way."""
        health = self.generations.health()
        if health.ok:
            return Check("records", ok=True)
        waiting = "the disk" if not health.journal_ok else "the database"
        refused = ", and nothing is served meanwhile" if health.refusing else ""
        return Check("records", ok=False, detail=f"records wait for {waiting}{refused}")

    def gauges(self) -> Gauges:
        """How the log fares, for `/metrics`."""
        health = self.generations.health()
        return {
            "waystation_records_store_up": ("Whether the database takes records.", health.store_ok),
            "waystation_records_journal_up": ("Whether the journal takes records.", health.journal_ok),
            "waystation_records_refusing": ("Whether requests are refused meanwhile.", health.refusing),
            "waystation_records_pending": ("Records in memory, not in the database yet.", health.pending),
            "waystation_records_unjournaled": ("Those of them in no journal.", health.unjournaled),
            "waystation_records_spilled": ("Records in the journal alone.", health.spilled),
            "waystation_records_lost": ("Records that found no room.", health.lost),
            "waystation_records_rejected": ("Records that the database refused.", health.rejected),
            "waystation_records_damaged": ("Unreadable lines of the journal.", health.damaged),
            "waystation_journal_bytes": ("Size of the journal's folder.", journal.size(self._directory)),
        }


def _secrets(settings: Settings) -> list[str]:
    """The keys that are configured, in the file or by variables that sound like it."""
    keys = [settings.keys.api_key, settings.keys.management_key]
    of_rows = (key for row in settings.providers.values() for key in row.api_keys)
    return [
        *keys,
        *of_rows,
        *(text for name, text in settings.environment.items() if _SECRET_NAME.search(name)),
    ]
