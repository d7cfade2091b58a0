"""The guard in `conftest.py` really guards."""

import socket

import pytest


def test_a_connection_to_another_host_is_refused() -> None:
    with socket.socket() as link, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        link.connect(("192.0.2.1", 80))


def test_a_look_up_of_another_host_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"example\.com"):
        socket.getaddrinfo("example.com", 80)


def test_loopback_is_allowed() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()):
            pass
