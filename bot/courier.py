"""Take what the outbox holds to the people it is for: in order for each person, at least once, and never in a transaction."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from bot.clock import Clock
from bot.delivery import Delivery, TryLater, Undeliverable, Unreachable
from bot.news import News
from bot.replies import Answer, Send, Step, unpacked
from bot.storehouse import Storehouse, Work
from bot.turns import Turns
from domain.outbox import REPLY, OutboxRow

log = logging.getLogger(__name__)

BATCH = 100
_SIDE_BY_SIDE = 16
_LONGEST_WAIT = timedelta(minutes=5)
_RENDERINGS = 3


class Courier:
    """Delivers outbox rows and notes what became of each."""

    def __init__(self, storehouse: Storehouse, delivery: Delivery, news: News, turns: Turns, clock: Clock) -> None:
        self._storehouse = storehouse
        self._delivery = delivery
        self._news = news
        self._turns = turns
        self._clock = clock
        self._slots = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def deliver_due(self) -> int:
        """Deliver one batch of what is due and return how many rows it had."""
        async with self._storehouse.transaction() as work:
            rows = await work.outbox.claim(self._clock(), BATCH)
        people = [list(of_one) for _, of_one in groupby(sorted(rows, key=lambda row: row.recipient_id), key=lambda row: row.recipient_id)]
        await asyncio.gather(*map(self._deliver_to_one, people))
        return len(rows)

    async def deliver(self, row: OutboxRow) -> bool:
        """Deliver one row, whose chat's turn the caller has; False where it, and so all behind it, has to wait."""
        try:
            steps = await self._steps(row)
            shown = [(step, await self._delivery.carry_out(row.recipient_id, step)) for step in steps or ()]
        except Unreachable as error:
            await self._give_up(row, str(error))
        except TryLater as error:
            return await self._postpone(row, str(error), error.wait)
        except Undeliverable as error:
            await self._settle(row, "parked", str(error))
            log.error("parked a %s that Telegram refuses: %s", row.kind, error)
        except Exception as error:
            log.exception("could not deliver a %s", row.kind)
            return await self._failed(row, f"{type(error).__name__}: {error}")
        else:
            await self._done(row, "skipped" if steps is None else "sent", shown)
        return True

    async def answer(self, row: OutboxRow) -> None:
        """Answer the tap a reply belongs to at once, where the rest of the reply has to queue behind something older."""
        for step in unpacked(row.payload):
            if isinstance(step, Answer):
                try:
                    await self._delivery.carry_out(row.recipient_id, step)
                except (Unreachable, TryLater, Undeliverable) as error:
                    log.info("tap not answered: %s", error)

    async def _deliver_to_one(self, rows: Sequence[OutboxRow]) -> None:
        """Deliver one person's rows in order, until one has to wait; those behind it were postponed with it."""
        async with self._slots, self._turns.of(rows[0].recipient_id):
            for row in rows:
                if not await self.deliver(row):
                    break

    async def _steps(self, row: OutboxRow) -> Sequence[Step] | None:
        """Return what a row comes to now, or None where it no longer holds."""
        if row.kind == REPLY:
            return unpacked(row.payload)
        async with self._storehouse.snapshot() as work:
            return await self._news.steps(work, row, self._clock())

    async def _done(self, row: OutboxRow, state: str, shown: Sequence[tuple[Step, int | None]]) -> None:
        """Note that a row is dealt with, and which messages show what from now on, in one transaction."""
        async with self._storehouse.transaction() as work:
            for step, message in shown:
                if isinstance(step, Send) and message is not None:
                    await _note_message(work, row.recipient_id, step, message)
            await work.outbox.settle(row, state, self._clock())

    async def _settle(self, row: OutboxRow, state: str, error: str) -> None:
        """Note what became of a row."""
        async with self._storehouse.transaction() as work:
            await work.outbox.settle(row, state, self._clock(), error)

    async def _give_up(self, row: OutboxRow, error: str) -> None:
        """Note that a person cannot be reached: nothing that waits for him will be tried until he writes again."""
        log.info("recipient unreachable: %s", error)
        now = self._clock()
        async with self._storehouse.transaction() as work:
            await work.clients.mark_unreachable(row.recipient_id, now)
            await work.outbox.settle(row, "skipped", now, error)
            await work.outbox.skip_all(row.recipient_id, now)

    async def _postpone(self, row: OutboxRow, error: str, wait: timedelta | None) -> bool:
        """Try a row again when Telegram said, or else after a wait that doubles from one second to five minutes."""
        wait = wait or min(timedelta(seconds=2 ** min(row.attempts - 1, 10)), _LONGEST_WAIT)
        log.warning("%s waits %.0f s: %s", row.kind, wait.total_seconds(), error)
        async with self._storehouse.transaction() as work:
            await work.outbox.postpone(row, self._clock() + wait, error)
        return False

    async def _failed(self, row: OutboxRow, error: str) -> bool:
        """Try a row that we ourselves fail to render a few times, then park it for an operator to see."""
        if row.attempts < _RENDERINGS:
            return await self._postpone(row, error, None)
        await self._settle(row, "parked", error)
        return True


async def _note_message(work: Work, chat: int, step: Send, message: int) -> None:
    """Keep the number of a new message with what it shows."""
    if step.dialogue:
        await work.dialogues.show_on(chat, message)
    if step.card_of is not None:
        await work.reservations.show_on(step.card_of, card=message, notice=None)
    if step.notice_of is not None and (reservation := await work.reservations.get(step.notice_of)):
        await work.reservations.show_on(reservation.id, card=reservation.card_message_id, notice=message)
