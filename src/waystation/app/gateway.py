"""The composition root: from settings to a gateway that serves. The only place that chooses a store or knows every part."""

import time
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Self

from litestar.handlers import HTTPRouteHandler

from waystation.accounts.bootstrap import FirstKeys
from waystation.accounts.keys import KeyRing
from waystation.accounts.limits import Limits
from waystation.api.control import ControlPlane
from waystation.api.cors import Cors
from waystation.api.credits import credit_routes
from waystation.api.description import description_routes
from waystation.api.error_page import error_page_routes
from waystation.api.health import Check, health_routes
from waystation.api.inference import Entry
from waystation.api.models import Listing, model_routes
from waystation.api.route import planning_routes
from waystation.api.routes import FrontDoor
from waystation.app.access import Access
from waystation.app.address import public_address
from waystation.app.chores import keep_doing, repeat
from waystation.app.endpoint_health import keep_health
from waystation.app.inbound import DESCRIBED, Asked, google_routes, inference_routes
from waystation.app.learning import Learning
from waystation.app.leases import LeaseKeeping
from waystation.app.offering import catalog_and_providers, name_of, offers_of
from waystation.app.outward import EMBEDDINGS, OUTWARD, RERANK
from waystation.app.records import Records
from waystation.app.upstreams import client_settings, media_fetch, persistence_of, timeouts_of
from waystation.credits.bound import Ceilings
from waystation.credits.cost import Tariffs
from waystation.credits.money import nano_of
from waystation.dialects import openai_chat
from waystation.pipeline.answer import Answer
from waystation.pipeline.attempts import Attempts
from waystation.pipeline.count import TokenCount
from waystation.pipeline.dispatch import Dispatch
from waystation.pipeline.observe import Observer
from waystation.pipeline.operations import Calls
from waystation.pipeline.pipeline import Pipeline
from waystation.pipeline.planner import Planner
from waystation.pipeline.reserve import Reserve
from waystation.pipeline.router_metadata import RouterMetadata
from waystation.pipeline.settle import Settlement
from waystation.pipeline.watch import Reason, Watch
from waystation.providers.registry import Registry
from waystation.routing.auto.on_demand import routers_on_demand
from waystation.routing.auto.outcomes import Experience
from waystation.routing.health import Health
from waystation.routing.news import Neighbours
from waystation.routing.sticky import MemoryStickyStore, StickySessions
from waystation.settings import Settings
from waystation.storage.engine import open_engine
from waystation.storage.health import FileHealthStore
from waystation.storage.leases import SqlLeaseStore
from waystation.storage.ledger import SqlLedger
from waystation.storage.routed import SqlRouted
from waystation.telemetry.endpoint_metrics import endpoint_lines
from waystation.telemetry.logging import ExchangeLog
from waystation.telemetry.metrics import Metrics
from waystation.upstream.client import Client

WRITTEN_WITHIN = 60.0
"""Seconds after its end that a generation is taken to be in the database."""
REPORT_INTERVAL = 0.25
"""Seconds between two reports of settled exchanges to the metrics and the log."""


class Gateway:
    """Every part of one process, wired. `async with Gateway(settings) as gateway: serve(gateway.front_door.routes)`."""

    front_door: FrontDoor
    first_keys: FirstKeys

    def __init__(self, settings: Settings, neighbours: Neighbours | None = None) -> None:
        """`neighbours`: the other workers, None where this one is alone."""
        self.settings = settings
        self.watch = Watch()
        self.metrics = Metrics()
        self.keys = KeyRing()
        self.health = Health(remembers=settings.routing.health, shares=neighbours is not None)
        self._neighbours = neighbours
        self.draining = False
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open stores and sockets, and wire the parts."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Flush what is kept and close everything, in the opposite order."""
        await self._stack.aclose()

    def drain(self) -> None:
        """Be not ready any more: what is under way may finish, new inference is told to come again or go elsewhere."""
        self.draining = True
        self.front_door.refuse_inference()

    @property
    def is_busy(self) -> bool:
        """Whether any exchange is under way."""
        return len(self.watch) > 0

    def stop_exchanges(self) -> None:
        """The time for draining is over: end what is still under way, each with an error of its own."""
        self.watch.cancel_all(Reason.SHUTDOWN)

    async def _start(self) -> None:
        settings = self.settings
        data_dir = settings.storage.data_path
        lines = ExchangeLog(settings.logging.level, settings.logging.format)
        engine = open_engine(settings.storage.database_url, data_dir)
        self._stack.push_async_callback(engine.dispose)
        access = Access(settings, engine, self.keys)
        self._stack.callback(access.close)
        self.first_keys = await access.start()
        records = Records(settings, engine)
        generations = records.generations
        prepaid = settings.credits.mode == "prepaid"
        leases = LeaseKeeping(SqlLeaseStore(engine), generations, data_dir, prepaid=prepaid)
        self._stack.push_async_callback(leases.close)
        self._stack.push_async_callback(records.close)
        await records.start()
        await leases.recover()
        client = Client(client_settings(settings))
        self._stack.push_async_callback(client.aclose)
        await keep_health(self.health, FileHealthStore(data_dir), self._neighbours, self._stack)
        catalog, registry = await catalog_and_providers(settings, client)
        self._stack.push_async_callback(registry.aclose)
        tariffs = Tariffs()
        sessions = StickySessions(MemoryStickyStore())
        dialects = {dialect.name: dialect for dialect in OUTWARD}
        media = media_fetch(settings, self._stack)
        dispatch = Dispatch(registry, dialects, client, timeouts_of(settings), media)
        observer = Observer(self.health, sessions)
        contents = records.content_keeper()
        settlement = Settlement(generations, self.metrics, lines, tariffs, observer, contents=contents)
        self._stack.callback(settlement.report)
        spoken = frozenset((*dialects, *EMBEDDINGS, *RERANK))
        experience = Experience()
        planner = Planner(
            offers_of(settings, catalog, registry, spoken),
            self.health,
            sessions,
            routers_on_demand(data_dir, settings.routing.auto_explore, experience),
        )
        attempts = Attempts(registry, dispatch.timeouts_of, persistence_of(settings), observer, access.limits)
        calls = Calls(attempts, dispatch, tariffs)
        pipeline = Pipeline(
            planner,
            Answer(
                attempts,
                dispatch,
                tariffs,
                settings.server.comment_grace,
                keeps_content=contents is not None,
            ),
            settlement,
            self.watch,
            router_metadata=RouterMetadata(lambda slug: name_of(slug, registry, catalog)),
            request_timeout=settings.server.request_timeout,
            reserve=Reserve(leases.reservations, _ceilings(settings)),
            docs_root=public_address(settings),
            limits=access.limits,
        )
        account_handlers = [
            *access.routes(generations.flush),
            *credit_routes(SqlLedger(engine), generations.flush, relaxed=settings.keys.relaxed),
        ]
        self.front_door = self._open_doors(
            Asked.of(pipeline, calls, EMBEDDINGS, RERANK, TokenCount(planner, dispatch, dialects)),
            registry,
            records,
            settlement,
            limits=access.limits,
            account_handlers=account_handlers,
        )

        async def report() -> None:
            settlement.report()

        keep_doing(self._stack, repeat("reporting", report, REPORT_INTERVAL))
        keep_doing(self._stack, leases.keep())
        keep_doing(self._stack, access.follow_keys())
        keep_doing(self._stack, records.prune_forever())
        if settings.routing.auto_learn:
            over = settings.server.request_timeout + WRITTEN_WITHIN
            keep_doing(self._stack, Learning(SqlRouted(engine), experience, over).learn_forever())

    def _open_doors(
        self,
        asked: Asked,
        registry: Registry,
        records: Records,
        settlement: Settlement,
        *,
        limits: Limits,
        account_handlers: list[HTTPRouteHandler],
    ) -> FrontDoor:
        settings, planner = self.settings, asked.pipeline.planner
        cors = Cors(settings.server.cors_origins)
        entry = Entry(self.keys, cors, limits, records.generations.admit)

        def provider_name(slug: str) -> str:
            return name_of(slug, registry, planner.offers.catalog)

        def checks() -> tuple[Check, ...]:
            return (
                Check("serving", not self.draining, "shutting down" if self.draining else None),
                records.check(),
                Check("providers", any(registry.configured()), None),
            )

        def metrics() -> str:
            settlement.report()
            now = time.time()
            return self.metrics.render(
                {"waystation_live_exchanges": ("Exchanges under way.", len(self.watch))} | records.gauges(),
                endpoint_lines(self.health.snapshot(now), now),
            )

        handlers = [
            *health_routes(checks, metrics),
            *model_routes(Listing(lambda: planner.offers, provider_name, self.health), self.keys),
            *records.routes(lambda: planner.offers),
            *planning_routes(planner, openai_chat.DIALECT, asked.pipeline.docs_root),
            *account_handlers,
            *error_page_routes(),
        ]
        handlers += description_routes(handlers, DESCRIBED)
        max_body = settings.server.max_body_mb * 2**20
        return FrontDoor(
            inference_routes(asked, entry),
            google_routes(asked, entry),
            ControlPlane(handlers, self.keys, cors),
            cors,
            max_body,
        )


def _ceilings(settings: Settings) -> Ceilings:
    """How reservations guess what nobody bounds or prices."""
    credit = settings.credits
    request = credit.estimated_request_cost
    return Ceilings(credit.estimated_completion_tokens, nano_of(Decimal(request)) if request else None)
