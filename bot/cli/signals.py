"""How something that runs for ever is ended."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


async def until_told(running: Coroutine[Any, Any, None]) -> None:
    """Run something; a signal ends it by cancelling, which gives back what is in hand."""
    work = asyncio.ensure_future(running)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("stopped")
