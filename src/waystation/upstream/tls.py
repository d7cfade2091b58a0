"""Trust toward providers: one TLS context per client, with certifi's authorities unless told otherwise."""

import ssl

import certifi

from waystation.errors import InternalError
from waystation.upstream.limits import ClientSettings


def tls_context(settings: ClientSettings) -> ssl.SSLContext:
    """A context that verifies chain and host name (unless `verify` is off) and offers HTTP/1.1 only. Takes some 20 ms."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or certifi.where())
    except (OSError, ssl.SSLError):
        raise InternalError("The bundle of trusted certificates cannot be read.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever the machine's own configuration says
    context.set_alpn_protocols(["http/1.1"])
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
