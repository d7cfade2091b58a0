"""Whether a provider's count of an answer can be true. Where it cannot, it counts as none, and our estimate is charged.

More output than the caller allowed must have come: every token of text has a byte. What cannot be seen (reasoning that is
kept back, sound, images) is bounded by what the endpoint gives at most. Input may be several times the endpoint's context,
since what its own tools read in several turns is counted together.
"""

import logging
from typing import Final

from waystation.catalog.endpoint import Endpoint
from waystation.codec.estimate import BYTES_PER_TOKEN, estimate_prompt_tokens
from waystation.operations.chat import ChatRequest
from waystation.operations.usage import Usage

log = logging.getLogger(__name__)
MOST_TOKENS: Final = 1_000_000
"""Of an endpoint whose context nobody knows."""
TURNS: Final = 8
"""Times its context that an endpoint may have read for one answer."""
MARKS: Final = 256
"""Tokens of one choice that stand around its text and calls, and do not come."""
MOST_SEARCHES: Final = 1_000
MOST_COST: Final = 1_000_000 * 1_000_000_000
"""Nano-dollars that a provider may say one answer cost it."""

_LOGGED: Final = 10**18


def exceeds(usage: Usage, request: ChatRequest, endpoint: Endpoint) -> bool:
    """Whether any of it is more than was allowed, so that it is worth a closer look: `is_plausible`."""
    context = endpoint.context_length or MOST_TOKENS
    own = endpoint.max_completion_tokens or context
    read = usage.prompt_tokens + usage.cached_tokens + usage.cache_write_tokens + usage.cache_write_1h_tokens
    return (
        usage.completion_tokens > (own if request.max_tokens is None else request.max_tokens)
        or usage.reasoning_tokens + usage.audio_completion_tokens + usage.image_completion_tokens > own
        or read + usage.audio_prompt_tokens > context
        or usage.web_search_requests > MOST_SEARCHES
        or (usage.upstream_cost_nano is not None and usage.upstream_cost_nano > MOST_COST)
        or (usage.charged_prompt_tokens or 0) > usage.prompt_tokens
        or (usage.charged_completion_tokens or 0) > usage.completion_tokens
    )


def believed(
    usage: Usage | None, request: ChatRequest, endpoint: Endpoint, size: int, generation_id: str
) -> Usage:
    """What the provider counted; our estimate where it counted nothing, or what cannot be true, which is logged.

    `size`: bytes of UTF-8 that came.
    """
    prompt_tokens = estimate_prompt_tokens(request)
    if usage is not None:
        if is_plausible(usage, request, endpoint, prompt_tokens=prompt_tokens, size=size):
            return usage
        log.warning(
            "a provider's count of tokens cannot be true; an estimate is charged",
            extra={
                "generation": generation_id,
                "provider": endpoint.provider,
                "model": endpoint.model_id,
                "prompt_tokens": min(usage.prompt_tokens, _LOGGED),
                "completion_tokens": min(usage.completion_tokens, _LOGGED),
                "bytes": size,
            },
        )
    produced = -(-size // BYTES_PER_TOKEN)
    return Usage(prompt_tokens=prompt_tokens, completion_tokens=produced, estimated=True)


def is_plausible(
    usage: Usage, request: ChatRequest, endpoint: Endpoint, *, prompt_tokens: int, size: int
) -> bool:
    """Whether all of it can be true of an answer of so many bytes to a prompt of about so many tokens."""
    choices = request.n or 1
    unseen = (usage.reasoning_tokens, usage.audio_completion_tokens, usage.image_completion_tokens)
    limit = request.max_tokens or 0
    if not limit or any(unseen) or _may_be_unseen(request, endpoint):
        limit = max(limit, _own(endpoint))
    spoken = (usage.completion_tokens, usage.charged_completion_tokens or 0, *unseen)
    read = (
        usage.prompt_tokens,
        usage.charged_prompt_tokens or 0,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.audio_prompt_tokens,
    )
    return (
        max(spoken) <= max(limit * choices, size) + MARKS * choices
        and max(read) <= TURNS * max(endpoint.context_length or MOST_TOKENS, prompt_tokens)
        and usage.web_search_requests <= MOST_SEARCHES
        and (usage.upstream_cost_nano or 0) <= MOST_COST
    )


def _may_be_unseen(request: ChatRequest, endpoint: Endpoint) -> bool:
    """Whether there may be output that is no text which comes: thoughts, sound, images."""
    return (
        "reasoning" in endpoint.supported_parameters
        or request.modalities is not None
        or len(endpoint.output_modalities) > 1
    )


def _own(endpoint: Endpoint) -> int:
    """The most output of one choice that the endpoint gives."""
    return endpoint.max_completion_tokens or endpoint.context_length or MOST_TOKENS
