"""The kernel's word on what a peer has received."""

import fcntl
import os
import socket
import sys

import pytest

from waystation.upstream.send_queue import SendQueue

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs SIOCOUTQ")


def pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def test_what_a_closed_peer_did_not_receive_stays_unacknowledged() -> None:
    client, server = pair()
    with client:
        server.close()
        client.send(b"x" * 500)
        assert client.recv(1) == b""
        assert SendQueue(client.fileno()).unacknowledged() == 500


def test_what_the_peer_has_read_is_acknowledged_with_its_end() -> None:
    client, server = pair()
    with client:
        client.send(b"x" * 500)
        assert len(server.recv(500)) == 500
        server.close()
        assert client.recv(1) == b""
        assert SendQueue(client.fileno()).unacknowledged() == 0


def test_a_descriptor_that_is_closed_or_belongs_to_another_socket_proves_nothing() -> None:
    first, other = pair(), pair()
    descriptor = fcntl.fcntl(first[0], fcntl.F_DUPFD, 500)
    queue = SendQueue(descriptor)
    os.close(descriptor)
    assert queue.unacknowledged() == 0
    os.dup2(other[0].fileno(), descriptor)
    other[1].shutdown(socket.SHUT_RDWR)
    other[0].send(b"x" * 10)
    assert SendQueue(descriptor).unacknowledged() == 10
    assert queue.unacknowledged() == 0
    os.close(descriptor)
    for end in (*first, *other):
        end.close()
