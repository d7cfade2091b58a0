"""Tokens are fetched once for all who wait, renewed ahead of their end, and a failed renewal does no harm while one serves."""

import asyncio
import json

import pytest

from waystation.errors import BadResponse, ConnectionFailed, CredentialRejected, Overloaded, ProviderError
from waystation.providers.google_vertex.credentials import AuthorizedUser
from waystation.providers.tokens import PAUSE, RENEW_AHEAD, TokenSource

LOGIN = AuthorizedUser("c", "s", "fake-refresh-token", "https://tokens.example/token")


class Office:
    """A token endpoint: hands out numbered tokens for an hour, once its gate is open."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: ProviderError | None = None
        self.status = 200
        self.body: bytes | None = None

    async def post(self, url: str, form: bytes) -> tuple[int, bytes]:
        assert b"refresh_token" in form
        self.asked.append(url)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        granted = {"access_token": f"token-{len(self.asked)}", "expires_in": 3600, "token_type": "Bearer"}
        return self.status, json.dumps(granted).encode() if self.body is None else self.body

    def source(self) -> TokenSource:
        return TokenSource(LOGIN, self.post, lambda: self.now)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_wait_get_the_one_token() -> None:
    office = Office()
    source = office.source()
    office.gate.clear()
    waiting = [asyncio.ensure_future(source.ready()) for _ in range(20)]
    await settled()
    office.gate.set()
    await asyncio.gather(*waiting)

    assert office.asked == ["https://tokens.example/token"]
    assert source.value == "token-1"


async def test_one_who_gives_up_does_not_stop_it_for_the_others() -> None:
    office = Office()
    source = office.source()
    office.gate.clear()
    first, second = asyncio.ensure_future(source.ready()), asyncio.ensure_future(source.ready())
    await settled()
    first.cancel()
    await settled()
    office.gate.set()
    await second

    assert source.value == "token-1"


async def test_a_token_is_renewed_ahead_of_its_end_beside_the_requests() -> None:
    office = Office()
    source = office.source()
    await source.ready()
    office.now += 3600 - RENEW_AHEAD - 1
    await source.ready()
    assert len(office.asked) == 1

    office.gate.clear()
    office.now += 2
    await source.ready()
    await settled()
    assert (len(office.asked), source.value) == (2, "token-1")

    office.gate.set()
    await settled()
    assert source.value == "token-2"


async def test_a_failed_renewal_is_tried_again_and_the_old_token_serves() -> None:
    office = Office()
    source = office.source()
    await source.ready()
    office.failure = ConnectionFailed("unreachable")
    office.now += 3600 - RENEW_AHEAD + 1
    for _ in range(3):
        await source.ready()
        await settled()
    assert (len(office.asked), source.value) == (2, "token-1")

    office.failure = None
    office.now += PAUSE
    await source.ready()
    await settled()
    assert source.value == "token-3"


async def test_without_any_token_the_failure_is_told() -> None:
    office = Office()
    source = office.source()
    office.failure = ConnectionFailed("unreachable")
    with pytest.raises(ConnectionFailed):
        await source.ready()
    office.failure = None
    await source.ready()

    assert source.value == "token-2"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error": "invalid_grant"}', CredentialRejected),
        (401, b"", CredentialRejected),
        (429, b"", Overloaded),
        (503, b"", Overloaded),
        (200, b"<html>", BadResponse),
        (200, b'{"id_token": "x"}', BadResponse),
        (200, b'{"access_token": ""}', BadResponse),
    ],
)
async def test_refusals_are_named(status: int, body: bytes, kind: type[ProviderError]) -> None:
    office = Office()
    office.status, office.body = status, body

    with pytest.raises(kind):
        await office.source().ready()
