"""Ends a process whose event loop stands still: it answers nobody, and PostgreSQL would keep its locks for as long as it lives."""

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.observability.heartbeat import Heartbeat

log = logging.getLogger(__name__)

_BEAT_SECONDS = 1.0
_STILL_SECONDS = 60.0


@asynccontextmanager
async def watched(
    *, still: float = _STILL_SECONDS, dies: Callable[[], None] | None = None
) -> AsyncIterator[None]:
    """Watch this loop during a block from a thread; where it has stood still for so many seconds, the process ``dies``."""
    pulse, ended = Heartbeat(), threading.Event()
    pulse.beat()
    watching = threading.Thread(
        target=_watch, args=(pulse, still, ended, dies or _die), name="watchdog", daemon=True
    )
    beating = asyncio.create_task(_beats(pulse, min(_BEAT_SECONDS, still / 4)))
    watching.start()
    try:
        yield
    finally:
        ended.set()
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _beats(pulse: Heartbeat, every: float) -> None:
    """Beat every so many seconds for as long as the loop runs, until cancelled."""
    while True:
        pulse.beat()
        await asyncio.sleep(every)


def _watch(
    pulse: Heartbeat, still: float, ended: threading.Event, dies: Callable[[], None]
) -> None:
    """Look now and then until the block has ended. Where the whole process stood still, its loop is given time to beat again."""
    suspicious = False
    while not ended.wait(still / 4):
        stands = (pulse.age or 0) > still
        if stands and suspicious:
            dies()
            return
        suspicious = stands


def _die() -> None:
    """Show where every thread is, and end on the spot; whoever keeps the bot running starts it again, and others take over meanwhile."""
    log.critical("the event loop stands still; the bot ends, to be started again")
    faulthandler.dump_traceback(file=sys.stderr)
    os._exit(1)
