"""A request for Converse while it is being put together."""

from msgspec import Struct, field

from waystation.codec.dialect import Target
from waystation.dialects.bedrock_converse.families import Family
from waystation.dialects.bedrock_converse.wire import object_of
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject


class Draft(Struct):
    """What is asked, of whom, and what of it is said so far.

    `inference` is `inferenceConfig`, `more` is `additionalModelRequestFields`; `dropped` names what could not be said.
    """

    request: ChatRequest
    target: Target
    family: Family
    same_dialect: bool
    body: JsonObject = field(default_factory=dict)
    inference: JsonObject = field(default_factory=dict)
    more: JsonObject = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)

    def drop(self, name: str) -> None:
        """Note what cannot be said, once."""
        if name not in self.dropped:
            self.dropped.append(name)

    def takes(self, *names: str) -> bool:
        """True where the endpoint lists one of these parameters, or lists nothing at all."""
        listed = self.target.supported_parameters
        return not listed or not listed.isdisjoint(names)

    @property
    def forces_a_tool(self) -> bool:
        """True where the model has to call a tool, the client's or ours."""
        choice = object_of(object_of(self.body.get("toolConfig")).get("toolChoice"))
        return not choice.keys().isdisjoint({"any", "tool"})
