"""How the gateway logs: one line a settled exchange and whatever is worth an operator's eye, JSON or pretty.

The exchange lines are gathered and written together, since a write for each would cost more than the line. No prompt,
answer, key or address is ever put on a line.
"""

import logging
import sys
import time
from contextlib import suppress
from functools import lru_cache
from typing import TextIO

import msgspec
from msgspec import Struct

_encode = msgspec.json.Encoder().encode
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
FLUSH_BYTES = 64 * 1024


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the extras given, and the exception's kind and place."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        row: dict[str, object] = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        row.update((key, value) for key, value in vars(record).items() if key not in _PLAIN)
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(row, enc_hook=str).decode()


class PrettyFormatter(logging.Formatter):
    """For people: time, level, message, and the extras as `key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        extras = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _PLAIN)
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{clock} {record.levelname.lower():7} {record.getMessage()} {extras}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(level: str, style: str, stream: TextIO | None = None) -> None:
    """Set up the root logger; `style` is json, pretty, or auto (pretty on a terminal)."""
    out = stream or sys.stderr
    pretty = style == "pretty" or (style == "auto" and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(PrettyFormatter() if pretty else JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("aiosqlite", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel("WARNING")


class ExchangeLine(Struct, omit_defaults=True, gc=False):
    """What the log says of one settled exchange. `ms` is the whole time, `error` a word of `error_type`."""

    time: str
    level: str
    message: str
    generation: str
    model: str
    provider: str | None = None
    status: int = 0
    error: str | None = None
    cancelled: bool = False
    attempts: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    ms: int | None = None


class ExchangeLog:
    """One line a settled exchange, buffered. `flush` is called by a timer and at the end."""

    def __init__(self, level: str, style: str, stream: TextIO | None = None) -> None:
        self._out = stream or sys.stderr
        self.on = level in ("debug", "info")
        self._pretty = style == "pretty" or (style == "auto" and self._out.isatty())
        self._lines = bytearray()

    def write(self, line: ExchangeLine) -> None:
        """Keep one line."""
        self._lines += _pretty(line) if self._pretty else _encode(line)
        self._lines += b"\n"
        if len(self._lines) > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is kept; where nobody takes it (a closed pipe, a full disk), it is gone and serving goes on."""
        if self._lines:
            lines, self._lines = self._lines, bytearray()
            with suppress(OSError):
                self._out.write(lines.decode())
                self._out.flush()


def _pretty(line: ExchangeLine) -> bytes:
    fields = {name: getattr(line, name) for name in line.__struct_fields__[2:]}
    text = " ".join(f"{name}={value}" for name, value in fields.items() if value not in (None, False))
    return f"{line.time[11:19]} {line.level:7} {text}".encode()


def timestamp(seconds: float) -> str:
    """Unix seconds as ISO 8601 in UTC, to the millisecond."""
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def _second(whole: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
