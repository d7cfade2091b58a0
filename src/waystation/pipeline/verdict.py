"""What the failures of all attempts add up to for the caller: contract sections 2.2a, 2.4 and 8.2 step 12."""

from waystation.errors import (
    Availability,
    FailedAttempt,
    GatewayError,
    ModelGone,
    ModelUnavailable,
    Overloaded,
    ProviderError,
    RateLimited,
)
from waystation.exchange import Attempt
from waystation.operations.chat import ChatRequest


def verdict(request: ChatRequest | None, attempts: list[Attempt]) -> GatewayError:
    """The error to report when no attempt is left: the last one decides, the earlier are listed.

    Attempts that were never sent, because the endpoint's wire cannot say the request or its provider is set up wrongly,
    count only where none was.
    """
    failed = [(attempt, attempt.error) for attempt in attempts if isinstance(attempt.error, ProviderError)]
    if not failed:
        return next(attempt.error for attempt in attempts if attempt.error is not None)
    last, error = failed[-1]
    previous = tuple(
        FailedAttempt(attempt.provider_name, failure.code, attempt.status or 0) for attempt, failure in failed
    )
    requested = _requested(request)
    said = _words(last, error, requested[0])
    if said is None:
        error.previous = previous
        return error
    code, text = said
    hints = [failure.retry_after for _, failure in failed if failure.retry_after]
    retry_after = min(hints) if hints and code != "model_unavailable_upstream" else None
    return ModelUnavailable(
        f"{text} Retry after {retry_after} seconds." if retry_after else text,
        status=error.status,
        error_type=error.error_type,
        retry_after=retry_after,
        previous=previous,
        provider_code=error.provider_code,
        availability=Availability(
            code,
            retryable=code != "model_unavailable_upstream",
            requested_models=requested,
            retry_after=retry_after,
            affected_providers=tuple(dict.fromkeys(attempt.provider_name for attempt, _ in failed)),
        ),
    )


def _words(last: Attempt, error: ProviderError, model: str) -> tuple[str, str] | None:
    """Availability code and message; None where the failure is not about the model's availability."""
    match error:
        case RateLimited():
            return "capacity_exhausted", f"All providers for {model} are at capacity."
        case Overloaded():
            return "temporarily_unavailable", f"{error.message} No other provider of {model} could answer."
        case ModelGone():
            text = f"{last.provider_name} does not serve {last.endpoint.model_id} at present."
            return "model_unavailable_upstream", f"{text} The request was not at fault."
        case _:
            return None


def _requested(request: ChatRequest | None) -> tuple[str, ...]:
    names = (request.model, *request.models) if request is not None else ()
    return tuple(dict.fromkeys(name for name in names if name)) or ("the model",)
