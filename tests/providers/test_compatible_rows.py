"""The packaged table of OpenAI-compatible providers: every row is well formed, and does to a body what it says."""

from urllib.parse import urlsplit

import msgspec
import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Configuration, Secret
from waystation.providers.compatible import CompatibleProvider, Row, read_rows, rows

ROWS = rows()
ENDPOINT = Endpoint(model_id="acme/m1", provider="acme", tag="acme", native_id="m1")


def test_there_are_at_least_forty() -> None:
    assert len(ROWS) >= 40


@pytest.mark.parametrize("slug", ROWS)
def test_a_slug_is_lower_case_words(slug: str) -> None:
    assert slug == slug.lower()
    assert slug.replace("-", "").isalnum()


@pytest.mark.parametrize(("slug", "row"), ROWS.items())
def test_an_address_is_https_without_a_trailing_slash_or_says_what_it_is_like(slug: str, row: Row) -> None:
    address = row.base_url or row.base_url_like
    parts = urlsplit(address)

    assert parts.scheme == "https"
    assert parts.hostname
    assert not parts.query
    assert not address.endswith(("/", "/chat/completions"))
    assert bool(row.base_url) != bool(row.base_url_like)


@pytest.mark.parametrize(("slug", "row"), ROWS.items())
def test_a_row_names_its_key_variables_once_each(slug: str, row: Row) -> None:
    assert row.key_variables
    assert len(set(row.key_variables)) == len(row.key_variables)


def test_no_two_providers_take_their_key_from_the_same_variable() -> None:
    """A key must never be sent to another company because a variable was set."""
    variables = [variable for row in ROWS.values() for variable in row.key_variables]

    assert len(set(variables)) == len(variables)
    assert "OPENAI_API_KEY" not in variables


def test_names_are_not_repeated() -> None:
    assert len({row.name for row in ROWS.values()}) == len(ROWS)


@pytest.mark.parametrize(("slug", "row"), ROWS.items())
def test_a_rendered_body_leaves_with_the_rows_manners(slug: str, row: Row) -> None:
    provider = CompatibleProvider(slug, row)
    body: JsonObject = {"model": "m1", "messages": [], **dict.fromkeys([*row.drop, *row.rename], 1)}

    amendment = provider.amend_request(body, ENDPOINT)

    assert body["model"] == "m1"
    assert not row.drop & body.keys()
    assert all(new in body and old not in body for old, new in row.rename.items())
    assert {name.partition(".")[0] for name in row.default} <= body.keys()
    assert set(amendment.dropped if amendment else ()) == row.drop


@pytest.mark.parametrize(("slug", "row"), ROWS.items())
def test_a_request_goes_to_the_rows_address_with_the_key(slug: str, row: Row) -> None:
    address = row.base_url or "https://gateway.example/v1"
    provider = CompatibleProvider(slug, row, Configuration((Secret("fake-key"),), base_url=address))

    assert provider.url_for("/chat/completions", ENDPOINT) == address + "/chat/completions"
    assert any("fake-key" in value for _, value in provider.authorize(provider.next_key()))


@pytest.mark.parametrize("slug", ["openrouter", "snowflake"])
def test_some_take_the_reasoning_object_itself(slug: str) -> None:
    assert CompatibleProvider(slug, ROWS[slug]).target(ENDPOINT).nested_reasoning


def test_the_words_for_effort_that_xai_knows() -> None:
    assert CompatibleProvider("xai", ROWS["xai"]).target(ENDPOINT).efforts == (
        "none",
        "low",
        "medium",
        "high",
    )


def test_a_misspelt_field_of_a_row_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="droop"):
        read_rows(b'[acme]\nname = "Acme"\ndroop = ["n"]\n')


def test_a_lower_case_key_variable_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read_rows(b'[acme]\nname = "Acme"\nkey_variables = ["acme_key"]\n')
