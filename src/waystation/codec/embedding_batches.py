"""Inputs in several calls, where a provider takes fewer at once than were asked for, and their answers as one."""

from collections.abc import Sequence

from msgspec.structs import replace

from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage


def split(request: EmbeddingsRequest, most: int) -> tuple[EmbeddingsRequest, ...]:
    """The request as calls of at most `most` inputs, in order."""
    inputs = request.inputs
    if len(inputs) <= most:
        return (request,)
    return tuple(replace(request, inputs=inputs[at : at + most]) for at in range(0, len(inputs), most))


def joined(results: Sequence[EmbeddingsResult]) -> EmbeddingsResult:
    """The answers of these calls, at least one, as one. Usage is unknown where that of any call is."""
    first = results[0]
    if len(results) == 1:
        return first
    usages = [result.usage for result in results if result.usage is not None]
    return replace(
        first,
        vectors=tuple(vector for result in results for vector in result.vectors),
        usage=_total(usages) if len(usages) == len(results) else None,
    )


def _total(usages: Sequence[Usage]) -> Usage:
    costs = [usage.upstream_cost_nano for usage in usages if usage.upstream_cost_nano is not None]
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        audio_prompt_tokens=sum(usage.audio_prompt_tokens for usage in usages),
        video_prompt_tokens=sum(usage.video_prompt_tokens for usage in usages),
        upstream_cost_nano=sum(costs) if len(costs) == len(usages) else None,
        estimated=any(usage.estimated for usage in usages),
        prompt_details_extras=_details(usages),
    )


def _details(usages: Sequence[Usage]) -> JsonObject | None:
    counts: dict[str, int] = {}
    for usage in usages:
        for name, count in (usage.prompt_details_extras or {}).items():
            if isinstance(count, int):
                counts[name] = counts.get(name, 0) + count
    return dict(counts) or None
