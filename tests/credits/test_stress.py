"""The stress run of `make stress`, small: real workers, streams, clients that leave and a provider that fails."""

from chaos.stress import stress

LIMIT = 20_000_000
"""Two cents: about ten answers."""


def test_forty_clients_on_two_workers_spend_no_more_than_there_is() -> None:
    """A limit and a balance of the same size: both are reserved from."""
    result = stress(2, 40, 1.5, 7, mode="prepaid", limit=LIMIT)

    assert result.charged <= LIMIT
    assert result.charged >= LIMIT // 2
    assert result.told <= result.charged
    assert result.statuses[402] > 0
    assert result.leases == 0
