"""The embedded model as a provider: its address appears when its process does, and a forced tool call is translated back.

Knows nothing of how the process is kept (`engine`) nor of what its server refuses (`tools`).
"""

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Configuration, Provider, Secret
from waystation.providers.local import weights
from waystation.providers.local.answer import ToolCallEvents, with_tool_calls
from waystation.providers.local.engine import LocalEngine
from waystation.providers.local.tools import amend_body
from waystation.providers.manners import Manners
from waystation.settings import Settings


class LocalProvider(Provider):
    """One more OpenAI-compatible provider, on loopback, started on first use. Its key is made at each start."""

    slug = "local"
    name = "Local"
    needs_key = False
    needs_preparation = True
    manners = Manners(
        rename={"repetition_penalty": "repeat_penalty"},
        default={"temperature": 0.2, "top_p": 0.9, "repeat_penalty": 1.1, "max_tokens": 1024, "seed": 7},
    )
    """The engine's own word; and, where the caller says nothing, what keeps a model so small from rambling and has it give
    the same question the same answer."""

    def __init__(self, configuration: Configuration | None = None, engine: LocalEngine | None = None) -> None:
        super().__init__(configuration)
        report = (configuration or Configuration()).report
        self.engine = engine or LocalEngine(report=lambda message, percent=None: report(message))  # noqa: ARG005
        self._elsewhere = bool(self.base_url)
        self._installed = False

    @classmethod
    def enabled_by(cls, settings: Settings) -> bool:
        """`[local] enabled`."""
        return settings.local.enabled

    @property
    def missing(self) -> str | None:
        """As for every provider; and weights and engine have to be installed."""
        if not self.enabled:
            return "set `enabled = true` in [local]"
        if not self._elsewhere and not self._is_installed():
            return f"run `{weights.INSTALL_COMMAND}`"
        return None

    async def prepare(self) -> None:
        """Start the process where it is not running, and learn its address and key."""
        if not self._elsewhere:
            self.base_url, key = await self.engine.base_url()
            self._keys = (Secret(key),)

    async def aclose(self) -> None:
        """End the process."""
        await self.engine.stop()

    def amend_request(self, body: JsonObject, endpoint: Endpoint) -> Amendment | None:
        """Say a forced tool call as a JSON schema; tools that the model may use cannot be said."""
        noted = super().amend_request(body, endpoint)
        amended = amend_body(body)
        body.clear()
        body.update(amended.body)
        dropped = (*(noted.dropped if noted else ()), *amended.dropped)
        if amended.tool_answer:
            return Amendment(dropped, with_tool_calls, ToolCallEvents().amend)
        return Amendment(dropped) if dropped else None

    def _is_installed(self) -> bool:
        """Once found, it is not looked for again: this is asked for every request."""
        self._installed = self._installed or weights.status().ready
        return self._installed


PROVIDER = LocalProvider
