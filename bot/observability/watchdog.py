"""Ends the process if its event loop stalls: otherwise PostgreSQL would keep its locks."""

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
_STALL_SECONDS = 60.0


@asynccontextmanager
async def watched(
    *, stall_seconds: float = _STALL_SECONDS, on_stall: Callable[[], None] | None = None
) -> AsyncIterator[None]:
    """Watch the event loop from a thread for a block; call ``on_stall`` if it stalls.

    By default, ``on_stall`` ends the process.
    """
    heartbeat, ended = Heartbeat(), threading.Event()
    heartbeat.beat()
    thread = threading.Thread(
        target=_watch,
        args=(heartbeat, stall_seconds, ended, on_stall or _die),
        name="watchdog",
        daemon=True,
    )
    beating = asyncio.create_task(_beat(heartbeat, min(_BEAT_SECONDS, stall_seconds / 4)))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _beat(heartbeat: Heartbeat, interval: float) -> None:
    """Beat at an interval in seconds until cancelled."""
    while True:
        heartbeat.beat()
        await asyncio.sleep(interval)


def _watch(
    heartbeat: Heartbeat,
    stall_seconds: float,
    ended: threading.Event,
    on_stall: Callable[[], None],
) -> None:
    """Call ``on_stall`` if the loop stalls before ``ended`` is set.

    It takes two looks in a row: after the whole process was suspended, the loop gets time to beat.
    """
    suspected = False
    while not ended.wait(stall_seconds / 4):
        stalled = (heartbeat.age or 0) > stall_seconds
        if stalled and suspected:
            on_stall()
            return
        suspected = stalled


def _die() -> None:
    """Dump all stacks and exit at once; a supervisor restarts the bot, other replicas take over."""
    log.critical("the event loop has stalled; exiting, so that the bot is restarted")
    faulthandler.dump_traceback(file=sys.stderr)
    os._exit(1)
