"""What the kernel still holds of what was written to a socket: the evidence that a peer has not received a request."""

import fcntl
import os
import struct
import termios


class SendQueue:
    """The kernel's send queue of one TCP socket, known by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._inode = os.fstat(descriptor).st_ino

    def unacknowledged(self) -> int:
        """Bytes written which the peer's kernel has not acknowledged (Linux SIOCOUTQ); 0 where that cannot be told.

        The inode guards against a descriptor that was closed meanwhile and belongs to another socket: uvloop closes
        before it tells, where TLS ends without its farewell.
        """
        try:
            if os.fstat(self._descriptor).st_ino != self._inode:
                return 0
            return int(struct.unpack("i", fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, bytes(4)))[0])
        except OSError:
            return 0
