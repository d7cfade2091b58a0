"""What looks like a secret is left out of what is stored, and long texts are cut."""

import pytest

from waystation.generations.redaction import LONGEST, REDACTED, Redaction, Room, keys_of

BODY = "A1b2C3d4E5f6A1b2C3d4E5f6"


@pytest.mark.parametrize(
    "secret",
    [
        f"sk-{BODY}",
        f"sk-ant-api03-{BODY}",
        f"pk-lf-{BODY}",
        "AKIA" + "ABCDEFGH12345678",
        f"AIza{BODY}{BODY}",
        f"ghp_{BODY}",
        f"github_pat_{BODY}",
        f"xoxb-{BODY}",
        f"hf_{BODY}",
        f"gsk_{BODY}",
        f"eyJ{BODY}.{BODY}.{BODY}",
        f"Bearer {BODY}",
        "password=correcthorse",
        'api_key": "abcdef123',
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIE and no end",
    ],
)
def test_secrets_of_well_known_shapes_are_left_out(secret: str) -> None:
    said = Redaction()(f"before {secret}")

    assert said.startswith("before ")
    assert REDACTED in said
    assert BODY not in said
    assert "correcthorse" not in said
    assert "MIIE" not in said


def test_words_are_left_as_they_are() -> None:
    text = "The task-force asks for a basic plan; its secret is patience. Tokens: 1234, sk-8 skateboards."

    assert Redaction()(text) == text


def test_what_is_configured_and_what_the_operator_names_is_left_out() -> None:
    redact = Redaction([r"patient-\d+"], ["my-own-key-12", "short"])

    assert redact("my-own-key-12 of patient-7, in short") == f"{REDACTED} of {REDACTED}, in short"


def test_keys_of_the_gateway_are_left_out_whatever_they_begin_with() -> None:
    redact = Redaction([keys_of("acme_")])

    assert redact(f"use acme_{'0f' * 32}!") == "use [redacted]!"
    assert redact("acme_com is no key") == "acme_com is no key"


def test_a_text_is_cut_where_the_room_ends_and_the_next_finds_none() -> None:
    room = Room(Redaction(), 10)

    assert room.fit("hello") == "hello"
    assert room.fit("wonderful") == "wonde... (4 characters left out)"
    assert room.fit("more") == "... (4 characters left out)"


@pytest.mark.parametrize("before", range(0, 60, 7))
def test_no_secret_is_cut_in_half(before: int) -> None:
    secret = f"sk-{BODY}"
    said = Room(Redaction(), 40).fit("x" * before + " " + secret + " " + "y" * LONGEST * 2)

    assert not any(secret[:length] in said for length in range(8, len(secret)))
