import io

from waystation.telemetry.logging import FLUSH_BYTES, ExchangeLine, ExchangeLog, timestamp


def a_line(model: str = "acme/m1") -> ExchangeLine:
    return ExchangeLine(
        "2025-11-22T12:00:00.250Z", "info", "exchange", "gen-1", model, "acme", 200, attempts=1
    )


def test_times_are_utc_to_the_millisecond() -> None:
    assert timestamp(1_763_812_800.25) == "2025-11-22T12:00:00.250Z"
    assert timestamp(1_763_812_801.0) == "2025-11-22T12:00:01.000Z"


def test_lines_are_kept_until_they_are_flushed() -> None:
    out = io.StringIO()
    log = ExchangeLog("info", "json", out)
    log.write(a_line())
    log.write(a_line('quoted "\n" name'))
    assert out.getvalue() == ""

    log.flush()

    first, second = out.getvalue().splitlines()
    assert first.startswith('{"time":"2025-11-22T12:00:00.250Z","level":"info","message":"exchange",')
    assert r"quoted \"\n\" name" in second


def test_many_lines_do_not_wait() -> None:
    out = io.StringIO()
    log = ExchangeLog("info", "json", out)
    log.write(a_line("x" * FLUSH_BYTES))
    assert out.getvalue().endswith("}\n")


def test_people_read_words_instead_of_json() -> None:
    out = io.StringIO()
    log = ExchangeLog("info", "pretty", out)
    log.write(a_line())
    log.flush()
    assert (
        out.getvalue()
        == "12:00:00 info    message=exchange generation=gen-1 model=acme/m1 provider=acme status=200 attempts=1\n"
    )


class Closed(io.StringIO):
    """A log that nobody reads any more."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_a_log_that_takes_nothing_stops_nobody() -> None:
    log = ExchangeLog("info", "json", Closed())
    log.write(a_line("x" * FLUSH_BYTES))
    log.write(a_line())
    log.flush()
