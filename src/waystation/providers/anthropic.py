"""Anthropic: Claude where it is made. Source: its API reference, "Versions" and "Errors"."""

from waystation.providers.base import Provider


class Anthropic(Provider):
    """The key in a header of its own, and a fixed version of the API."""

    slug = "anthropic"
    name = "Anthropic"
    dialect = "anthropic_messages"
    base_url = "https://api.anthropic.com/v1"
    key_variables = ("ANTHROPIC_API_KEY",)
    auth = "x-api-key"
    headers = (("anthropic-version", "2023-06-01"),)


PROVIDER = Anthropic
