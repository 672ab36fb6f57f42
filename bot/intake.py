"""What both ways of receiving updates share: each chat's updates go in one at a time, and each try to work one is a fresh one."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from typing import Any

from telegram import Update
from telegram.ext import Application

from bot.reading import Raw, read
from bot.receipt import received
from bot.turns import Turns
from domain.again import again_on_conflict

Received = Application[Any, Any, Any, Any, Any, Any]

log = logging.getLogger(__name__)

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0


class Intake:
    """Hands updates to the application.

    A chat waits for its turn here, before the update processor with its limited number of places: so one person's flood takes one of them.
    """

    def __init__(self, application: Received) -> None:
        self._application = application
        self._turns = Turns()

    def read(self, raw: Raw) -> Update:
        """Return an update, or, where the library cannot read it, an empty one of its number, which nobody will work."""
        try:
            return read(raw, self._application.bot)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one update concerns no other)
            # Its kind is enough: its words and its trace may hold what a person wrote.
            log.error("update %s cannot be read and was set aside: %s", raw["update_id"], type(error).__name__)  # noqa: TRY400
            return Update(raw["update_id"])

    async def once(self, update: Update) -> None:
        """Have an update worked in its chat's turn; returns once that is committed, and raises whatever kept it from being so."""
        with received(update):
            async with self._turn(update):
                await self._tried(update)

    async def until_committed(self, update: Update) -> None:
        """Have an update worked, again and again until it is committed or set aside; what came later in its chat waits."""
        wait = _FIRST_WAIT
        with received(update):
            async with self._turn(update):
                while not await self._succeeded(update):
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, _LONGEST_WAIT)

    def _turn(self, update: Update) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of an update's chat."""
        chat = update.effective_chat or update.effective_user
        return self._turns.of(chat.id if chat else 0)

    async def _succeeded(self, update: Update) -> bool:
        """Try to have an update worked and tell whether that is committed."""
        try:
            await self._tried(update)
        except Exception as error:  # noqa: BLE001  (whatever kept it from being committed may be over soon)
            log.warning("update %s will be tried again: %s", update.update_id, error)
            return False
        return True

    async def _tried(self, update: Update) -> None:
        """Have an update worked, and again at once where its transaction met another's."""
        await again_on_conflict(lambda: self._worked(update))

    async def _worked(self, update: Update) -> None:
        """Have an update worked by handlers that have not begun yet."""
        handlers = self._application.process_update(update)
        try:
            await self._application.update_processor.process_update(update, handlers)
        finally:
            # Where it was cancelled before the handlers began, nobody will ever await them.
            handlers.close()
