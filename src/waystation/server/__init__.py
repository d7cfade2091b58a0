"""An HTTP/1.1 server of our own: bytes in, a whole request to one handler, its answer out. It knows nothing of the gateway."""
