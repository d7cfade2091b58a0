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
    """The error to report when no attempt is left: the last one decides, the earlier are listed."""
    failed = [attempt for attempt in attempts if isinstance(attempt.error, ProviderError)]
    last = failed[-1]
    error = last.error
    if not isinstance(error, ProviderError):  # pragma: no cover - filtered above; tells the type checker
        raise TypeError
    previous = tuple(_line(attempt) for attempt in failed)
    requested = _requested(request)
    hints = [attempt.error.retry_after for attempt in failed if attempt.error and attempt.error.retry_after]
    retry_after = min(hints) if hints else None
    providers = tuple(dict.fromkeys(attempt.provider_name for attempt in failed))
    if isinstance(error, RateLimited):
        text = f"All providers for {requested[0]} are at capacity."
        return _unavailable(text, error, "capacity_exhausted", requested, providers, previous, retry_after)
    if isinstance(error, Overloaded):
        text = f"{error.message} No other provider of {requested[0]} could answer."
        return _unavailable(
            text, error, "temporarily_unavailable", requested, providers, previous, retry_after
        )
    if isinstance(error, ModelGone):
        text = f"{last.provider_name} does not serve {last.endpoint.model_id} at present; your request was not at fault."
        return _unavailable(text, error, "model_unavailable_upstream", requested, providers, previous, None)
    error.previous = previous
    return error


def _unavailable(
    text: str,
    error: ProviderError,
    code: str,
    requested: tuple[str, ...],
    providers: tuple[str, ...],
    previous: tuple[FailedAttempt, ...],
    retry_after: int | None,
) -> ModelUnavailable:
    retryable = code != "model_unavailable_upstream"
    if retry_after:
        text = f"{text} Retry after {retry_after} seconds."
    return ModelUnavailable(
        text,
        status=error.status,
        error_type=error.error_type,
        retry_after=retry_after,
        previous=previous,
        provider_code=error.provider_code,
        availability=Availability(
            code, retryable, requested, retry_after=retry_after, affected_providers=providers
        ),
    )


def _line(attempt: Attempt) -> FailedAttempt:
    code = attempt.error.code if isinstance(attempt.error, ProviderError) else "error"
    return FailedAttempt(attempt.provider_name, code, attempt.status or 0)


def _requested(request: ChatRequest | None) -> tuple[str, ...]:
    if request is None:
        return ("the model",)
    return tuple(dict.fromkeys(name for name in (request.model, *request.models) if name)) or ("the model",)
