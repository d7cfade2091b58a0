"""What workers tell each other of endpoints, over the sockets that they inherit."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from waystation.app.neighbours import Street
from waystation.routing.health import Health, Outcome, Result
from waystation.routing.news import News
from waystation.routing.windows import Tally

T = 1_780_000_000.0


@pytest.fixture
def street() -> Iterator[Street]:
    with Street(3) as street:
        yield street


async def test_what_one_worker_tells_all_others_hear_and_itself_does_not(street: Street) -> None:
    heard: list[list[News]] = [[], [], []]
    told = [News(f"acme/m{number} a", T, Tally(successes=number)) for number in range(200)]
    arrived = asyncio.Event()

    def listener(worker: int) -> None:
        def hear(news: Sequence[News]) -> None:
            heard[worker] += news
            if len(heard[1]) == len(heard[2]) == len(told):
                arrived.set()

        street.at(worker).listen(hear)

    for worker in range(3):
        listener(worker)
    street.at(0).tell(told)
    await asyncio.wait_for(arrived.wait(), 20)

    assert heard == [[], told, told]
    for worker in range(3):
        street.at(worker).leave()


async def test_a_mailbox_that_nobody_empties_holds_nobody_up(street: Street) -> None:
    told = [News("acme/m a", T, Tally())] * 10_000
    for _ in range(20):
        street.at(0).tell(told)
    street.at(1).listen(lambda _: None)
    street.at(1).leave()


async def test_the_news_of_the_busiest_endpoints_fit(street: Street) -> None:
    everything = dict.fromkeys(range(-100, 100), 1000000)
    busiest = Tally(1, 10**9, 10**9, 10**9, 10**9, 10**9, everything, everything)
    heard: asyncio.Future[Sequence[News]] = asyncio.get_running_loop().create_future()
    street.at(1).listen(heard.set_result)
    street.at(0).tell([News("a" * 256 + " " + "b" * 64, T, busiest)] * 64)
    assert len(await asyncio.wait_for(heard, 20)) == 64
    street.at(1).leave()


async def test_an_outage_is_known_to_the_others_as_soon_as_it_is_told(street: Street) -> None:
    first, second = Health(shares=True), Health(shares=True)
    arrived = asyncio.Event()

    def hear(news: Sequence[News]) -> None:
        second.hear(news)
        arrived.set()

    street.at(1).listen(hear)
    first.observe(Outcome("acme/m", "a", T, Result.FAILURE))
    street.at(0).tell(first.news(T + 0.5))
    await asyncio.wait_for(arrived.wait(), 20)
    street.at(1).leave()

    assert second.snapshot(T + 1).troubled == first.snapshot(T + 1).troubled
    assert second.snapshot(T + 1).troubled["acme/m a"].outage_until == T + 30
    assert second.news(T + 1) == []
