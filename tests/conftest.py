"""No test reaches a socket outside loopback: an audit hook refuses what would. The run ends with what was read of recorded traffic."""

import sys
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, settings

from recorded_exchanges import COUNTED, SKIPPED

LOOPBACK_NAMES = frozenset({"localhost", "", None})


def _refuse_other_hosts(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address[0]}")
    elif event == "socket.getaddrinfo" and _is_name(arguments[0]) and not _is_loopback(arguments[0]):
        raise AssertionError(f"a test tried to look up {arguments[0]!r}")


def _is_name(host: object) -> bool:
    """Whether looking it up would ask somebody: an address is only taken apart."""
    try:
        ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return True
    return False


def _is_loopback(host: object) -> bool:
    if host in LOOPBACK_NAMES:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return text == "localhost"


sys.addaudithook(_refuse_other_hosts)
settings.register_profile(
    "any machine", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many recordings of each provider and protocol were read, and why others were not."""
    if COUNTED:
        terminalreporter.section("recorded traffic")
    for (provider, protocol), counts in sorted(COUNTED.items()):
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        terminalreporter.write_line(f"{provider:12} {protocol:24} {told}")
    for (provider, protocol, reason), count in sorted(SKIPPED.items()):
        terminalreporter.write_line(f"{provider:12} {protocol:24} {count} {reason}")
