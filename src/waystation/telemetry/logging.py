"""How the gateway logs: one line a settled exchange and whatever is worth an operator's eye, JSON or pretty.

The exchange lines are gathered and written together, since a write for each would cost more than the line. No prompt,
answer, key or address is ever put on a line.
"""

import logging
import sys
import time
from typing import TextIO

import msgspec

_encode = msgspec.json.Encoder().encode
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
FLUSH_BYTES = 64 * 1024


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the extras given, and the exception's kind and place."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        row: dict[str, object] = {
            "time": _timestamp(record.created),
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
    for noisy in ("uvicorn.access", "aiosqlite", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel("WARNING")


class ExchangeLog:
    """One line a settled exchange, buffered. `flush` is called by a timer and at the end."""

    def __init__(self, level: str, style: str, stream: TextIO | None = None) -> None:
        self._out = stream or sys.stderr
        self._on = level in ("debug", "info")
        self._pretty = style == "pretty" or (style == "auto" and self._out.isatty())
        self._lines: list[bytes] = []
        self._size = 0

    def write(self, created: float, fields: dict[str, object]) -> None:
        """Keep one line; `created` is Unix seconds."""
        if not self._on:
            return
        if self._pretty:
            clock = time.strftime("%H:%M:%S", time.localtime(created))
            text = " ".join(f"{key}={value}" for key, value in fields.items() if value is not None)
            line = f"{clock} info    {text}".encode()
        else:
            line = _encode({"time": _timestamp(created), "level": "info", **fields})
        self._lines.append(line)
        self._size += len(line)
        if self._size > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        if self._lines:
            lines, self._lines, self._size = self._lines, [], 0
            self._out.write(b"\n".join(lines).decode() + "\n")
            self._out.flush()


def _timestamp(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"
