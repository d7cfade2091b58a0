"""What a generation cost, as the JSON fields beside its counters: `cost`, `cost_details`, `is_byok`. USD, as floats."""

from typing import Final

from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost

_NANO: Final = 1_000_000_000


def cost_fields(cost: Cost | None, prompt: str, completion: str) -> JsonObject:
    """The fields; nothing of the money where it is unknown. `prompt` and `completion`: this wire's names of the two shares."""
    if cost is None:
        return {}
    if cost.total is None:
        return {"is_byok": cost.is_byok}
    return {
        "cost": cost.total / _NANO,
        "cost_details": {
            "upstream_inference_cost": None if cost.upstream is None else cost.upstream / _NANO,
            prompt: cost.prompt / _NANO,
            completion: cost.completion / _NANO,
        },
        "is_byok": cost.is_byok,
    }
