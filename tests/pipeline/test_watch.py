"""The one clock of live exchanges: who is cancelled, for which reason, and who still speaks."""

import asyncio
import time
import weakref
from functools import partial

import pytest

from pipeline.nobody import Nobody
from waystation.pipeline.watch import Reason, Watch, Watched


async def test_a_client_that_hangs_up_as_a_deadline_passes_is_not_forgotten() -> None:
    task = asyncio.ensure_future(asyncio.sleep(9))
    watched = Watched(task, Nobody(), 0)
    watched.cancel(Reason.NO_CONTENT)
    watched.cancel(Reason.GONE)
    watched.cancel(Reason.SHUTDOWN)
    assert (watched.reason, task.cancelling()) == (Reason.GONE, 1)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_exchange_whose_time_is_over_is_not_committed_by_a_comment() -> None:
    spoken: list[str] = []
    task = asyncio.ensure_future(asyncio.sleep(9))
    watched = Watched(task, Nobody(), 0, speak_at=0.0, speak=lambda: spoken.append("comment"))
    watch = Watch()
    watch.enter(watched)
    with pytest.raises(asyncio.CancelledError):
        await task
    watch.leave(watched)
    assert (watched.reason, spoken) == (Reason.DEADLINE, [])


async def test_nothing_holds_an_exchange_that_is_over() -> None:
    task = asyncio.ensure_future(asyncio.sleep(0))
    watched = Watched(task, caller := Nobody(), time.monotonic() + 9)
    watched.speak = partial(watched.cancel, Reason.GONE)
    watch = Watch()
    watch.enter(watched)
    await task
    watch._tick()
    holders = weakref.ref(watched.speak), weakref.ref(caller.gone)
    watch.leave(watched)
    assert [holder() for holder in holders] == [None, None]
    caller.gone()
