"""`HealthStore` as one file in the data folder. What a process learnt of endpoints is a help to the next one, never a duty:
a file that cannot be read or written costs nothing but that help.

Several workers write the same file. They tell each other what they learn, so it is no matter which was the last.
"""

import asyncio
import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from waystation.routing.health import SavedHealth

FILE_NAME: Final = "health.msgpack"
log = logging.getLogger(__name__)


class FileHealthStore:
    """Keeps health in `health.msgpack`, replaced whole."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    async def load(self) -> SavedHealth | None:
        """What was saved last; None where nothing was, or it cannot be read."""
        try:
            data = await asyncio.to_thread(self._path.read_bytes)
            return msgspec.msgpack.decode(data, type=SavedHealth)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
            log.warning("the endpoints' health cannot be read and is learnt anew: %s", error)
            return None

    async def save(self, health: SavedHealth) -> None:
        """Keep this in place of what was saved before."""
        data = msgspec.msgpack.encode(health)
        try:
            await asyncio.to_thread(self._replace, data)
        except OSError as error:
            log.warning("the endpoints' health cannot be saved: %s", error)

    def _replace(self, data: bytes) -> None:
        written = self._path.with_suffix(f".{os.getpid()}.tmp")
        written.write_bytes(data)
        written.replace(self._path)
