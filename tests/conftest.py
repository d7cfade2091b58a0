"""No test reaches a socket outside loopback: an audit hook refuses what would."""

import sys
from ipaddress import ip_address

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
