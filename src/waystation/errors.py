"""Everything that can go wrong, as one tree. A class knows its status, its `error_type` and whether another attempt may help.

GatewayError
├── RequestError              the client can fix it
│   ├── InvalidRequest        400  malformed or missing field
│   ├── ContextTooLong        400  more tokens than the model takes
│   ├── Unauthenticated       401  no key, or not a valid one
│   ├── InsufficientCredits   402  balance or key limit exhausted
│   ├── Forbidden             403  the key may not do this
│   ├── NotFound              404  no such resource
│   ├── PayloadTooLarge       413  body over the limit
│   ├── Unprocessable         422  well formed, but makes no sense
│   ├── TooManyRequests       429  over a rate limit of the gateway's own
│   └── ModelUnavailable      400 403 404  this model cannot be served; carries an Availability
├── ProviderError             another attempt may help
│   ├── UpstreamRejected      4xx  the provider refused the request
│   ├── CredentialRejected    502  the provider refused the operator's key (401, 402, 403)
│   ├── ModelGone             404  the provider does not have the model
│   ├── RateLimited           429  the provider is at capacity
│   ├── Overloaded            503  5xx, 529
│   ├── TimedOut              503  a deadline of this attempt passed
│   ├── ConnectionFailed      503  refused, reset, unreachable, TLS
│   └── BadResponse           502  malformed, empty, or cut
├── DeadlineExceeded          408  the whole exchange took too long
├── Unavailable               503  the gateway itself cannot serve now (shutting down, store unreachable)
└── InternalError             500  ours to fix; its text never leaves the process

Sources: contract sections 2.2 to 2.4; spec schemas `ApiErrorType` and `BadRequestResponse` ... `ProviderOverloadedResponse`.
The message of every error is written for the caller: no upstream body, secret or address may go into it.
"""

from msgspec import Struct
from msgspec.structs import replace


class Constraint(Struct, frozen=True):
    """Which field of the request made a model unavailable."""

    field: str
    detail: str


class Availability(Struct, frozen=True, omit_defaults=True):
    """Why a model cannot be served (contract 2.4); goes out as `error.availability`."""

    code: str
    retryable: bool
    requested_models: tuple[str, ...]
    retry_after: int | None = None
    affected_providers: tuple[str, ...] = ()
    excluded_by: tuple[str, ...] = ()
    fallback_models: tuple[str, ...] = ()
    constraint: Constraint | None = None
    docs_root: str = ""
    """The gateway's own address, for the link to what the code means; empty where it is not known."""


class FailedAttempt(Struct, frozen=True):
    """One line of `metadata.previous_errors`: provider display name, error code, HTTP status (0: none came)."""

    provider: str
    code: str
    status: int


class GatewayError(Exception):
    """Base of the tree. `status` is what the caller sees, `error_type` a word of the spec's `ApiErrorType`."""

    status = 500
    error_type = "server"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        error_type: str | None = None,
        availability: Availability | None = None,
        retry_after: int | None = None,
        previous: tuple[FailedAttempt, ...] = (),
        provider_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.availability = availability
        self.retry_after = retry_after
        self.previous = previous
        self.provider_code = provider_code
        if status is not None:
            self.status = status
        if error_type is not None:
            self.error_type = error_type

    def link_docs(self, root: str) -> None:
        """Let the link of its availability, if it has one, begin with the gateway's own address."""
        if self.availability is not None:
            self.availability = replace(self.availability, docs_root=root)


class RequestError(GatewayError):
    """The client can fix it; no other attempt helps."""

    status = 400
    error_type = "invalid_request"


class InvalidRequest(RequestError):
    """Malformed JSON, a missing field, a value out of range."""


class ContextTooLong(RequestError):
    """The prompt does not fit the model's context."""

    error_type = "context_length_exceeded"


class Unauthenticated(RequestError):
    """No key, or one that is unknown, disabled or expired."""

    status = 401
    error_type = "authentication"


class InsufficientCredits(RequestError):
    """The account's balance or the key's limit is exhausted."""

    status = 402
    error_type = "payment_required"


class Forbidden(RequestError):
    """The key is valid and may not do this."""

    status = 403
    error_type = "permission_denied"


class NotFound(RequestError):
    """No such resource, or not the caller's."""

    status = 404
    error_type = "not_found"


class PayloadTooLarge(RequestError):
    """The body is over `server.max_body_mb`."""

    status = 413
    error_type = "payload_too_large"


class Unprocessable(RequestError):
    """Well formed, but makes no sense."""

    status = 422
    error_type = "unprocessable"


class TooManyRequests(RequestError):
    """Over a rate limit of the gateway's own: `limit` requests or tokens; `reset` is Unix milliseconds."""

    status = 429
    error_type = "rate_limit_exceeded"

    def __init__(self, message: str, *, limit: int, reset: int, retry_after: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.limit = limit
        self.reset = reset


class ModelUnavailable(RequestError):
    """The model cannot be served; `availability.code` says why. Status by code: contract 2.4."""

    status = 404
    error_type = "not_found"


_ONE_ENDPOINTS_OWN = ("context_length_exceeded", "content_policy_violation")
"""Refusals by a limit or a policy that another endpoint of the same model may not have (contract 8.2, step 11)."""


class ProviderError(GatewayError):
    """A provider failed. `upstream_status` is its HTTP status, None where no answer came."""

    status = 502
    error_type = "provider_unavailable"
    code = "provider_unavailable"
    another_endpoint_may_help = True
    """False for what every endpoint of the same model would refuse alike."""
    may_pass = False
    """True for what the same endpoint may have got over a moment later."""

    def __init__(
        self,
        message: str,
        *,
        upstream_status: int | None = None,
        retry_after: int | None = None,
        provider_code: str | None = None,
        error_type: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            error_type=error_type,
            retry_after=retry_after,
            provider_code=provider_code,
        )
        self.upstream_status = upstream_status
        if error_type in _ONE_ENDPOINTS_OWN:
            self.another_endpoint_may_help = True


class UpstreamRejected(ProviderError):
    """The provider answered 400, 413, 422: most likely the caller's own mistake."""

    status = 400
    error_type = "invalid_request"
    code = "upstream_rejected"
    another_endpoint_may_help = False


class CredentialRejected(ProviderError):
    """401, 402, 403: the operator's credential, so never the caller's fault."""

    code = "credential_rejected"


class ModelGone(ProviderError):
    """404 from the provider for a model that the catalogue lists."""

    status = 404
    error_type = "not_found"
    code = "model_unavailable_upstream"


class RateLimited(ProviderError):
    """429 from the provider."""

    status = 429
    error_type = "rate_limit_exceeded"
    code = "capacity_exhausted"
    may_pass = True


class Overloaded(ProviderError):
    """408, 5xx or 529 from the provider."""

    status = 503
    error_type = "provider_overloaded"
    code = "temporarily_unavailable"
    may_pass = True


class TimedOut(Overloaded):
    """A deadline of this attempt passed: connect, first byte, between bytes, or in total."""

    code = "timeout"
    may_pass = False


class ConnectionFailed(Overloaded):
    """Refused, reset before an answer, unreachable, or a TLS failure."""

    code = "connection_failed"


class BadResponse(ProviderError):
    """The answer was malformed, empty, or cut."""

    code = "bad_response"


class DeadlineExceeded(GatewayError):
    """The whole exchange took longer than `server.request_timeout`."""

    status = 408
    error_type = "timeout"


class Unavailable(GatewayError):
    """The gateway itself cannot serve now. Never used for the caller's mistakes."""

    status = 503
    error_type = "provider_overloaded"


class InternalError(GatewayError):
    """Ours to fix. The caller sees a generic text (contract 2.1)."""
