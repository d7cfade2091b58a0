"""How providers are spoken to, out of the settings."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from waystation.app.upstreams import client_settings, media_fetch, timeouts_of
from waystation.settings import MediaSettings, Settings, UpstreamSettings


@pytest.mark.parametrize("spelt", [str.upper, str.lower])
def test_proxies_are_those_of_the_environment_in_either_case(spelt: Callable[[str], str]) -> None:
    said = {
        spelt("HTTP_PROXY"): "http://one.example:3128",
        spelt("HTTPS_PROXY"): "http://two.example:3128",
        spelt("NO_PROXY"): "localhost, .example, ",
    }
    told = client_settings(Settings(environment=said))

    assert (told.http_proxy, told.https_proxy) == ("http://one.example:3128", "http://two.example:3128")
    assert told.no_proxy == ("localhost", ".example")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (UpstreamSettings(), 600),
        (UpstreamSettings(first_byte_timeout=3), 3),
        (UpstreamSettings(first_byte_timeout=3, answer_timeout=90), 90),
        (UpstreamSettings(answer_timeout=90), 90),
    ],
)
def test_who_bounds_the_first_byte_bounds_whole_answers_too_until_they_say_otherwise(
    said: UpstreamSettings, answer: float
) -> None:
    assert timeouts_of(Settings(upstream=said)).answer == answer


async def test_files_are_fetched_only_where_that_is_switched_on() -> None:
    async with AsyncExitStack() as stack:
        assert media_fetch(Settings(), stack) is None
        assert media_fetch(Settings(media=MediaSettings(fetch=True)), stack) is not None
