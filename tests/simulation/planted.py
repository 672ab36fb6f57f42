"""Bugs to plant in a copy of the product, to check that the simulation finds each of them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from simulation.plan import KINDS_OF_TROUBLE

ROOT = Path(__file__).parents[2]
_PACKAGES = ("bot", "domain", "storage", "simulator", "simulation")


@dataclass(frozen=True, slots=True)
class Plant:
    """A bug: the file, the code that is right, and the code to put in its place.

    A ``rare`` one is found by few seeds, so that looking for it takes minutes. Its runs
    have ``options`` on the command line.
    """

    name: str
    file: str
    right: str
    wrong: str
    rare: bool = False
    options: tuple[str, ...] = ()

    def in_copy(self, folder: Path) -> None:
        """Copy the product into a folder, with the bug.

        Raises ValueError if the code to replace is not there exactly once.
        """
        for package in _PACKAGES:
            shutil.copytree(
                ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
            )
        file = folder / self.file
        source = file.read_text()
        if source.count(self.right) != 1:
            raise ValueError(f"{self.name}: the code to replace is not in {self.file} once")
        file.write_text(source.replace(self.right, self.wrong))


PLANTS = (
    Plant(
        "busy cells are not checked",
        "storage/repositories/reservations.py",
        ") != len(rows):",
        ") < 0:",
    ),
    Plant(
        "holds have no limit",
        "domain/usecases/hold_slot.py",
        ">= policy.holds_per_client:",
        ">= 99:",
    ),
    Plant(
        "hours are removed between quarter-hours",
        "domain/usecases/remove_availability.py",
        "    if not all(span.on_grid for span in spans):\n",
        "    if not spans:\n",
    ),
    Plant(
        "a hold is confirmed after it ended",
        "domain/reservation.py",
        "return self.expires_at is not None and now >= self.expires_at",
        "return False",
    ),
    Plant(
        "a hold ends a second late",
        "domain/reservation.py",
        "return self.expires_at is not None and now >= self.expires_at",
        "return self.expires_at is not None and now >= self.expires_at + timedelta(seconds=1)",
        rare=True,
    ),
    Plant(
        "a moved hold has three durations",
        "domain/reservation.py",
        "expires_at=min(now + hold_duration, first + LONGEST_HOLD * hold_duration)",
        "expires_at=now + 3 * hold_duration",
    ),
    Plant(
        "a hold that ended keeps its time until the sweep",
        "domain/usecases/hold_slot.py",
        """    await expire_holds_in_way(
        uow, policy, now, provider_id=provider.id, client_id=client_id, span=slot
    )
""",
        "",
    ),
    Plant(
        "updates are acknowledged before their commit",
        "bot/updates/polling.py",
        "self.offset = min(uncommitted)",
        "self.offset = max(uncommitted) + 1",
    ),
    Plant(
        "a repeated update is processed again",
        "storage/repositories/processed_updates.py",
        "return bool(await self._connection.execute(_BEGIN.on(self._connection), row))",
        "return bool(await self._connection.execute(_BEGIN.on(self._connection), row)) or True",
    ),
    Plant(
        "rows are settled before they are sent",
        "bot/outbox/relay.py",
        "            progress.steps = rendering.actions or ()\n",
        "            progress.steps = rendering.actions or ()\n"
        "            await self._results.settle(row, rendering, [])\n",
    ),
    Plant(
        "replies are sent before their commit",
        "bot/updates/processor.py",
        "            reply = await self._handle(uow, update, sender)\n",
        "            reply = await self._handle(uow, update, sender)\n"
        "            for step in reply.actions if reply else ():\n"
        "                await self._relay._carry_out(reply.row, step, None)\n",
    ),
    Plant(
        "an update does not wait for its chat",
        "bot/runtime/chat_locks.py",
        "        await queue.acquire_for_update()\n",
        "",
    ),
    Plant(
        "newer replies overtake a postponed one",
        "storage/repositories/outbox.py",
        '.where(DUE, outbox.c.chat_id == bindparam("chat"), or_(_ROW, _BEHIND))',
        '.where(DUE, outbox.c.chat_id == bindparam("chat"), _ROW)',
    ),
    Plant(
        "what a message shows is recorded before the edit",
        "bot/outbox/message_sender.py",
        "            return step.message_id\n        parameters",
        "            return step.message_id\n"
        "        await self._record_shown(chat, step.message_id, digest)\n        parameters",
        rare=True,
    ),
    Plant(
        "the card of a hold that ended stays",
        "bot/notifications/for_clients.py",
        "        actions.append(Edit(shown.message_id, screen, only=True))\n",
        "        del screen\n",
    ),
    Plant(
        "notifications that no longer hold are sent",
        "domain/notification.py",
        "return reservation.revision == revision and RULES[kind].still_holds(reservation, now)",
        "return True",
    ),
    Plant(
        "the history forgets who acted",
        "storage/repositories/history.py",
        '"actor_id": each.actor,',
        '"actor_id": None,',
    ),
    Plant(
        "leases of dead processes are kept",
        "bot/jobs/crash_recovery.py",
        "await uow.outbox.release_leases(departed)",
        "await uow.outbox.release_leases(())",
    ),
    Plant(
        "leases of dead processes are kept, and only forks kill",
        "bot/jobs/crash_recovery.py",
        "await uow.outbox.release_leases(departed)",
        "await uow.outbox.release_leases(())",
        rare=True,
        options=("--forks", "40", "--without", *KINDS_OF_TROUBLE),
    ),
    Plant(
        "holds of others are shown",
        "domain/usecases/find_reservation.py",
        "    if reservation is None or reservation.client_id != client_id:\n",
        "    if reservation is None:\n",
        rare=True,
    ),
    Plant(
        "taps without an answer are left waiting",
        "bot/updates/reply.py",
        "    if update.callback_query:\n",
        "    if update.callback_query and request.answer:\n",
    ),
    Plant(
        "a booking is shown as over three days before",
        "bot/features/reservations/card.py",
        "if now < reservation.span.ends_at:",
        "if now < reservation.span.ends_at - timedelta(days=3):",
    ),
    Plant(
        "a card names the time after the one that is held",
        "bot/features/reservations/card.py",
        "slot=locale.times.slot(reservation.span),",
        "slot=locale.times.slot("
        "type(reservation.span)(reservation.span.end, reservation.span.end + 1)),",
    ),
    Plant(
        "a card names the provider's link",
        "bot/features/reservations/card.py",
        "        provider=provider.label,\n",
        "        provider=provider.slug,\n",
    ),
    Plant(
        "a cancelled booking can be cancelled",
        "bot/features/reservations/screens.py",
        "if booking.status is Status.CONFIRMED:",
        "if booking.status is not Status.HELD:",
    ),
    Plant(
        "the list shows everybody's bookings",
        "storage/queries/sql_queries.py",
        """_BOOKINGS = (
    select(reservation)
    .where(
        reservation.c.client_id == bindparam("client"),
""",
        """_BOOKINGS = (
    select(reservation)
    .where(
        reservation.c.client_id != bindparam("client") - 1,
""",
    ),
    Plant(
        "one notification in seven is sent twice",
        "storage/repositories/outbox.py",
        "        else:\n            settled = {\n",
        "        elif row.attempts > 1 or row.id % 7 or state == 'parked':\n"
        "            settled = {\n",
    ),
    Plant(
        "one reply in seven is sent twice",
        "storage/repositories/outbox.py",
        '        if row.kind == REPLY and state != "parked":\n            await',
        '        if row.kind == REPLY and state != "parked":\n'
        "            if row.attempts > 1 or row.id % 7:\n                await",
    ),
    Plant(
        "an alert waits for twenty seconds",
        "bot/outbox/message_sender.py",
        "        text = step.text and textwrap",
        "        if step.alert:\n"
        "            await __import__('asyncio').sleep(20)\n"
        "        text = step.text and textwrap",
    ),
    Plant(
        "what was missed is forgotten",
        "storage/repositories/outbox.py",
        "        if not count:\n            return\n",
        "        return\n",
    ),
    Plant(
        "the night completes no booking",
        "storage/repositories/retention.py",
        "        await self._complete(yesterday, now)\n",
        "",
        rare=True,
    ),
    Plant(
        "a booking is completed as soon as it ends",
        "storage/repositories/retention.py",
        "        await self._complete(yesterday, now)\n",
        "        await self._complete(first_cell_from(now), now)\n",
        rare=True,
    ),
    Plant(
        "the night forgets no update",
        "storage/repositories/retention.py",
        '        await self._execute_long_running(_UPDATES, {"before": now - UPDATES_KEPT})\n',
        "",
        rare=True,
    ),
    Plant(
        "an appointment that has begun is cancelled",
        "domain/reservation.py",
        "        if now >= self.span.starts_at:\n",
        "        if now >= self.span.ends_at:\n",
        rare=True,
    ),
)
