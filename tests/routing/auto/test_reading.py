"""What the trained weights say of prompts."""

import pytest

from auto_questions import WEIGHTS
from waystation.operations.chat import ChatRequest, Message, ResponseFormat, Tool
from waystation.operations.parts import Text
from waystation.routing.auto.asked import asked
from waystation.routing.auto.grams import LONGEST, grams, grams_of
from waystation.routing.auto.reading import essence, read
from waystation.routing.auto.router import UNREAD, read_request

NEUTRAL = (
    "The evening was mild and somebody had left a chair on the pavement. A cat lay on it and watched the street. "
    "In the shop next door the lights went out one after another, and the owner carried the flowers inside. "
) * 5


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Write a Python function that merges two sorted lists.", "code:general_impl"),
        ("Traduis en anglais : Il pleut depuis trois jours.", "translation"),
        ("Solve 3x + 4 = 19 for x.", "math"),
        ("请总结下面这篇文章的要点。", "summarization"),
        ("Hallo, wie geht es dir?", "conversational_reply"),
        ("Напиши Dockerfile для приложения на Go.", "code:devops_config"),
    ],
)
def test_a_plain_request_is_told_in_any_language(text: str, tag: str) -> None:
    assert read(text, WEIGHTS).tag == tag


@pytest.mark.parametrize("text", ["", " ", "\n\n", "?", "\ud800", "a", "0" * 9000, "\x00", "😀" * 3])
def test_any_text_is_read(text: str) -> None:
    reading = read(text, WEIGHTS)
    assert 0 <= reading.difficulty <= 1
    assert 0 <= reading.confidence <= 1


def test_the_same_text_is_read_alike() -> None:
    assert read("Explain tides.", WEIGHTS) == read("Explain tides.", WEIGHTS)


@pytest.mark.parametrize(
    "text", ["Prove that there are infinitely many primes.", "Write a haiku about snow."]
)
def test_padding_moves_neither_task_nor_difficulty(text: str) -> None:
    for padded in (f"{text}\n\n{NEUTRAL}", f"{NEUTRAL}\n\n{text}"):
        assert essence(padded, WEIGHTS) == text
        assert read(padded, WEIGHTS) == read(text, WEIGHTS)


def test_a_text_that_asks_nothing_is_kept_whole() -> None:
    assert essence(f"{NEUTRAL}\n\n{NEUTRAL}", WEIGHTS)


def test_proofs_are_harder_than_greetings() -> None:
    proof = "Let G be a finite group of order p^3. Prove that its centre is not trivial and find its order."
    assert read(proof, WEIGHTS).difficulty > read("What is the capital of France?", WEIGHTS).difficulty


def test_no_more_is_measured_of_a_long_text_than_of_one_at_the_limit() -> None:
    assert len(grams("word " * 100_000)[0]) <= 4 * LONGEST


def test_the_structure_of_a_request_is_read_too() -> None:
    plain = ChatRequest("openai_chat", "auto", (Message("user", (Text("The lamp costs 12 EUR."),)),))
    schema = ChatRequest(
        "openai_chat",
        "auto",
        plain.messages,
        response_format=ResponseFormat("json_schema"),
        tools=(Tool("f"),),
    )
    assert read_request(asked(plain), WEIGHTS).rule is None
    assert read_request(asked(schema), WEIGHTS).rule == "tools"


def test_a_system_prompt_says_the_task_where_the_user_does_not() -> None:
    system = "Translate everything the user writes into German: keep names, return only the translation."
    messages = (Message("system", (Text(system),)), Message("user", (Text("the 5 o'clock one"),)))
    assert read_request(asked(ChatRequest("openai_chat", "auto", messages)), WEIGHTS).tag == "translation"


def test_a_system_prompt_that_says_how_to_behave_moves_nothing() -> None:
    system = "You are a kind assistant. Be brief, be honest, and never make anything up. " * 50
    for text in ("the 5 o'clock one", "Solve 3x + 4 = 19 for x."):
        messages = (Message("system", (Text(system),)), Message("user", (Text(text),)))
        alone = ChatRequest("openai_chat", "auto", messages[1:])
        assert read_request(asked(ChatRequest("openai_chat", "auto", messages)), WEIGHTS) == read_request(
            asked(alone), WEIGHTS
        )


def test_a_request_without_words_is_unread_or_read_without_error() -> None:
    reading = read_request(asked(ChatRequest("openai_chat", "auto", ())), WEIGHTS)
    assert 0 <= reading.difficulty <= 1
    assert UNREAD.difficulty == 0.5


def test_texts_hashed_together_are_hashed_as_each_alone() -> None:
    texts = ["Write a haiku.", "", "写一首诗 about tea", "x", "  two  spaces 12,345 ", "?!"]
    for together, text in zip(grams_of(texts), texts, strict=True):
        alone = grams(text)
        assert together[0].tolist() == alone[0].tolist()
        assert together[1].tolist() == alone[1].tolist()
        assert together[2] == alone[2]
