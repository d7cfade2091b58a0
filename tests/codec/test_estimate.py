"""The estimate: bytes / 4, plus what media cost."""

from waystation.codec.estimate import estimate_prompt_tokens, estimate_text_tokens
from waystation.operations.chat import ChatRequest, Message, ResponseFormat, Tool
from waystation.operations.parts import (
    Audio,
    AudioOutput,
    File,
    Image,
    ImageOutput,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)


def tokens(*parts: Part) -> int:
    return estimate_prompt_tokens(ChatRequest("d", "m", (Message("user", parts),)))


def test_four_bytes_are_a_token() -> None:
    assert estimate_text_tokens("") == 0
    assert estimate_text_tokens("abcd") == 1
    assert estimate_text_tokens("abcde") == 2
    assert estimate_text_tokens("\u4f60\u597d") == 2
    assert tokens(Text("x" * 4_000)) - tokens() == 1_000


def test_a_picture_costs_the_same_however_it_is_sent() -> None:
    assert tokens(Image("https://example.com/a.png")) == tokens(
        Image("data:image/png;base64," + "A" * 100_000)
    )
    assert tokens(Image("u", "low")) < tokens(Image("u"))


def test_every_kind_of_part_costs_something() -> None:
    parts: list[Part] = [
        Text("a"), Image("u"), ImageOutput("u"), Audio("QUJD", "wav"), Video("u"), File("https://f"), File("data:,a"),
        File(file_id="f"), ToolCall("1", "f", "{}"), ToolResult("1", (Text("a"),)), Reasoning(text="a"),
        Reasoning(kind="encrypted", data="a"), Refusal("a"), Opaque("x", {"a": 1}), AudioOutput({"id": "1"}),
    ]  # fmt: skip
    for part in parts:
        assert tokens(part) > tokens(), part


def test_tools_and_schemas_count() -> None:
    plain = ChatRequest("d", "m", (Message("user", (Text("a"),)),))
    tool = Tool("f", "describes", {"type": "object"})
    other = Tool("x", kind="x", value={"type": "x"})
    schema = ResponseFormat("json_schema", "a", {"type": "object"})
    base = estimate_prompt_tokens(plain)
    assert estimate_prompt_tokens(ChatRequest("d", "m", plain.messages, tools=(tool,))) > base
    assert estimate_prompt_tokens(ChatRequest("d", "m", plain.messages, tools=(other,))) > base
    assert estimate_prompt_tokens(ChatRequest("d", "m", plain.messages, response_format=schema)) > base


def test_there_is_no_free_prompt() -> None:
    assert estimate_prompt_tokens(ChatRequest("d", "m", ())) == 1
