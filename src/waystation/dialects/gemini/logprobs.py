"""`logprobsResult` -> log probabilities in the OpenAI shape, which is the neutral one."""

from waystation.dialects.gemini.wire import object_of, objects_of
from waystation.operations.parts import JsonObject


def parse_logprobs(value: object) -> JsonObject | None:
    """`{"content": [...], "refusal": null}`; None where nothing was told."""
    result = object_of(value)
    tops = objects_of(result.get("topCandidates"))
    content: list[JsonObject] = []
    for index, chosen in enumerate(objects_of(result.get("chosenCandidates"))):
        others = objects_of(tops[index].get("candidates")) if index < len(tops) else []
        content.append({**_token(chosen), "top_logprobs": [_token(other) for other in others]})
    return {"content": content, "refusal": None} if content else None


def _token(value: JsonObject) -> JsonObject:
    token, logprob = value.get("token"), value.get("logProbability")
    said = token if isinstance(token, str) else ""
    is_number = isinstance(logprob, (int, float)) and not isinstance(logprob, bool)
    return {"token": said, "logprob": logprob if is_number else 0.0, "bytes": list(said.encode())}
