"""Ends a coroutine on SIGTERM and SIGINT."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


async def run_until_signal(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine; a signal cancels it, so that it can clean up."""
    task = asyncio.ensure_future(coroutine)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        log.info("stopped")
