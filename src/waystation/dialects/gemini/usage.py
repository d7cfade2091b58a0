"""`usageMetadata` -> `Usage`. Prompt tokens include cached ones already; thoughts stand beside the candidates' tokens.

What the provider's own tools put into the prompt (`toolUsePromptTokenCount`) is billed as input, and counted so.
"""

from waystation.dialects.gemini.wire import object_of, objects_of, text_of, whole_of
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage


def has_counts(value: JsonObject) -> bool:
    """True where counters were reported: some chunks of a stream name nothing but the kind of traffic."""
    return any(key.endswith("TokenCount") for key in value)


def parse_usage(value: JsonObject, web_searches: int = 0) -> Usage:
    """Every counter a whole number; `web_searches` are counted by the grounding, not by this object."""
    thoughts = whole_of(value.get("thoughtsTokenCount"))
    prompt = (value.get("promptTokensDetails"), value.get("toolUsePromptTokensDetails"))
    completion = (value.get("candidatesTokensDetails"),)
    return Usage(
        prompt_tokens=whole_of(value.get("promptTokenCount"))
        + whole_of(value.get("toolUsePromptTokenCount")),
        completion_tokens=whole_of(value.get("candidatesTokenCount")) + thoughts,
        cached_tokens=whole_of(value.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
        audio_prompt_tokens=_of_modality("AUDIO", prompt),
        video_prompt_tokens=_of_modality("VIDEO", prompt),
        audio_completion_tokens=_of_modality("AUDIO", completion),
        image_completion_tokens=_of_modality("IMAGE", completion),
        web_search_requests=web_searches,
        extras=dict(value),
    )


def service_tier(value: JsonObject) -> str | None:
    """The tier that served: `standard` is what the contract calls `default`."""
    tier = text_of(value.get("serviceTier"))
    return "default" if tier == "standard" else tier


def web_searches(grounding: JsonObject, model: str) -> int:
    """Searches to be paid: each query since Gemini 3, before that each grounded prompt (Google's pricing page)."""
    queries = [query for query in _list(grounding.get("webSearchQueries")) if query]
    if not queries:
        return 0
    return 1 if model.startswith(("gemini-1", "gemini-2")) else len(queries)


def _of_modality(modality: str, details: tuple[object, ...]) -> int:
    return sum(
        whole_of(object_of(item).get("tokenCount"))
        for group in details
        for item in objects_of(group)
        if item.get("modality") == modality
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
