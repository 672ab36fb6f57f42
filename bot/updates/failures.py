"""Counts the failures of updates, and sets an update aside after a few."""

import logging
from collections import Counter
from collections.abc import Collection
from datetime import datetime

from telegram import Update

from bot.clock import Clock
from bot.messages.actions import Action, Answer, Send
from bot.messages.screen import Screen
from bot.ports import BotUnitOfWork, Database
from bot.ui.texts import best_language, texts_in
from bot.updates.load import load_person
from bot.updates.reply import Reply, store_reply
from bot.updates.update_sender import sender_of
from domain.failures import DatabaseAway, TransactionConflict
from domain.operations.incident import IncidentKind
from domain.text import storable

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
RETRIES_PER_FAILURE = 8
"""After so many conflicts or lost connections, an update counts as failed once.

If the database can record that failure, the update itself is at fault.
"""
_MAX_ERROR_LENGTH = 2000
_MAX_COUNTERS = 1_000


class UpdateFailed(Exception):
    """An update failed because of a bug or an outage; nothing of it was committed."""


class Failures:
    """The failures of updates: counted in the database, or in memory if that fails too."""

    def __init__(self, database: Database, admin_ids: Collection[int], clock: Clock) -> None:
        self._database = database
        self._admin_ids = admin_ids
        self._clock = clock
        self._retries: Counter[int] = Counter()
        self._uncounted: Counter[int] = Counter()

    def may_retry(self, update: Update, error: Exception) -> bool:
        """Return whether an update may be offered again without counting a failure."""
        return isinstance(error, TransactionConflict | DatabaseAway) and not _reaches(
            RETRIES_PER_FAILURE, self._retries, update
        )

    def forget(self, update: Update) -> None:
        """Forget the conflicts and lost connections of an update that was committed."""
        self._retries.pop(update.update_id, None)

    async def count(self, update: Update, error: Exception) -> Reply | None:
        """Count a failure, and set the update aside after a few; return the apology, if any.

        Raises:
            UpdateFailed: the update is to be offered again.
            TransactionConflict, DatabaseAway: so is it, and the failure was not counted.
        """
        log.error("update %s failed", update.update_id, exc_info=error)
        try:
            set_aside, apology = await self._count_in_database(update, error)
        except (TransactionConflict, DatabaseAway):
            raise
        except Exception:
            log.exception(
                "the failure of update %s could not be counted in the database", update.update_id
            )
            set_aside, apology = _reaches(MAX_ATTEMPTS, self._uncounted, update), None
        if not set_aside:
            raise UpdateFailed(f"update {update.update_id}") from error
        return apology

    async def _count_in_database(
        self, update: Update, error: Exception
    ) -> tuple[bool, Reply | None]:
        """Count a failure in the database.

        Returns whether the update is set aside, and the apology to its sender.
        """
        now, number, details = self._clock(), update.update_id, _error_details(error)
        async with self._database.transaction() as uow:
            if not await uow.updates.failed(number, details, now, limit=MAX_ATTEMPTS):
                return False, None
            await uow.updates.begin(number, now)
            await uow.incidents.note(IncidentKind.UPDATE_SET_ASIDE, type(error).__name__, now)
            return True, await self._apologise(uow, update, now)

    async def _apologise(self, uow: BotUnitOfWork, update: Update, now: datetime) -> Reply | None:
        """Put an apology into the outbox; if that fails, the update is set aside without one."""
        try:
            if (sender := sender_of(update)) is None:
                return None
            async with uow.savepoint():
                person = await load_person(uow, sender, self._admin_ids, now)
                t = texts_in(best_language(person.language, person.telegram_language))
                apology = _apology(update, t.plain("error.ours"))
                return await store_reply(uow, sender, person, apology, now)
        except Exception:
            log.exception("the sender of update %s gets no apology", update.update_id)
            return None


async def record_unreadable(uow: BotUnitOfWork, update: Update, reason: str, now: datetime) -> bool:
    """Record an incident for an update that cannot be read; return False if it was done before."""
    is_new = await uow.updates.begin(update.update_id, now)
    if is_new:
        await uow.incidents.note(IncidentKind.UPDATE_SET_ASIDE, reason, now)
    return is_new


def _apology(update: Update, text: str) -> list[Action]:
    """Return the steps that tell a person that the bot failed."""
    if update.callback_query:
        return [Answer(update.callback_query.id, text, alert=True)]
    return [Send(Screen(text))]


def _reaches(limit: int, counts: Counter[int], update: Update) -> bool:
    """Count an update once more; return whether it reaches the limit, and then forget it.

    If many updates are counted, all start from zero.
    """
    if len(counts) > _MAX_COUNTERS:
        counts.clear()
    counts[update.update_id] += 1
    if counts[update.update_id] < limit:
        return False
    del counts[update.update_id]
    return True


def _error_details(error: Exception) -> str:
    """Return an error as a text that the database can store."""
    return storable(f"{type(error).__name__}: {error}"[:_MAX_ERROR_LENGTH])
