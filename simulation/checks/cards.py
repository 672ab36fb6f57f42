"""Checks that cards show the state, the time and the provider of their reservations."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection
from typing import Any
from zoneinfo import ZoneInfo

from bot.buttons.base import CallbackData, read
from bot.buttons.booking import ConfirmHold, OtherTime, ReleaseHold, ShowCard
from bot.buttons.bookings import AskCancel, CancelBooking
from simulation.checks.reference_model import CELL
from simulation.people.actor import Actor
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.state.chats import Message

HELD, BOOKED, OVER = "held", "booked", "over"
"""What a card says about its reservation; ``OVER`` is a card of which nothing can be done."""
_ANY = frozenset({HELD, BOOKED, OVER})
_DELIVERY = timedelta(seconds=5)
_CARDS = """SELECT message_id, reservation.id, status, start_cell, expires_at, provider_id
    FROM card JOIN reservation ON reservation.id = reservation_id
    WHERE chat_id = ? AND message_id IS NOT NULL ORDER BY reservation.id"""
_CARD_OF = """SELECT message_id, id, status, start_cell, expires_at, provider_id
    FROM reservation LEFT JOIN card ON reservation_id = id WHERE id = ?"""
_CARD_ON = f"{_CARDS.partition(' ORDER BY')[0]} AND message_id = ?"
_AWAY = "SELECT telegram_id FROM person WHERE unreachable_since IS NOT NULL"
_WAITING = """SELECT chat_id FROM outbox
    WHERE state = 'due' AND (kind <> 'hold_warning' OR due_at <= ?)"""


@dataclass(frozen=True, slots=True)
class _Card:
    """A message that shows a reservation, as the database says."""

    message: int | None
    number: int
    status: str
    start: int
    expires_at: int | None
    provider: int

    def allowed(self, now: int, *, sweep: int = 0) -> Collection[str]:
        """Return the states that it may show.

        A hold that ended less than ``sweep`` microseconds ago may show any.
        """
        begun = self.start * CELL * MICROSECONDS <= now
        if self.status == "completed" or (self.status == "confirmed" and begun):
            return {BOOKED, OVER}
        if self.status == "confirmed":
            return {BOOKED}
        if self.status != "held" or (self.expires_at or 0) + sweep <= now:
            return {OVER}
        return {HELD} if (self.expires_at or 0) > now else _ANY


class Cards:
    """Checks cards when nothing is being sent; keeps earlier names and time zones.

    A card keeps those that were right when it was shown.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._names: dict[int, set[str]] = {}
        self._zones: dict[int, set[str]] = {}

    def read_names(self, database: Connection) -> None:
        """Remember the names of providers, and the time zones of people."""
        for provider, name in database.execute("SELECT id, name FROM provider"):
            self._names.setdefault(provider, set()).add(name)
        for chat, zone in database.execute("SELECT telegram_id, time_zone FROM person"):
            self._zones.setdefault(chat, set()).add(zone or self._stage.setting.zone)

    @property
    def _sweep(self) -> int:
        """How long the bot may take to find a hold that has ended, in microseconds."""
        return (self._stage.setting.sweep + _DELIVERY) // timedelta(microseconds=1)

    def check(
        self, actors: Sequence[Actor], late: Collection[tuple[int, int | None]]
    ) -> Iterator[str]:
        """Yield the cards that do not show their reservations.

        Leaves out the messages that are ``late``, chats with messages to send, and people who
        cannot be reached.
        """
        left_out = {chat for (chat,) in self._stage.rows(_AWAY)} | {
            chat for (chat,) in self._stage.rows(_WAITING, (self._stage.host_now,))
        }
        for actor in actors:
            if (chat := actor.person.id) in left_out:
                continue
            messages = {message.id: message for message in actor.bot_messages}
            for row in self._stage.rows(_CARDS, (chat,)):
                card = _Card(*row)
                message = messages.get(card.message or 0)
                if message is not None and (chat, message.id) not in late:
                    yield from self._check_card(actor, message, card)

    def _check_card(self, actor: Actor, message: Message, card: _Card) -> Iterator[str]:
        """Compare a message with its reservation."""
        choices = [read(button.data) for button in message.buttons]
        shown = shown_state(message.text, choices, card.number)
        who = actor.person.name
        if shown not in card.allowed(self._stage.host_now, sweep=self._sweep):
            yield f"{who} reads that {card.number} is {shown}, which is {card.status}"
        elif is_card(message.text, choices, card.number):
            if not any(name in message.text for name in self._names.get(card.provider, ())):
                yield f"{who} reads another provider on the card of {card.number}"
            starts = {_clock(card.start, zone) for zone in self._zones.get(actor.person.id, ())}
            if not any(start in message.text for start in starts):
                yield f"{who} does not read {sorted(starts)} on the card of {card.number}"


def check_committed(
    database: Connection, chat: int, step: dict[str, Any], now: int
) -> Iterator[str]:
    """Check that the step of a reply shows the state that was committed with it, on a card."""
    if (number := step.get("card_of")) is not None:
        row = database.execute(_CARD_OF, (number,)).fetchone()
    else:
        row = database.execute(_CARD_ON, (chat, step.get("message_id"))).fetchone()
    if row is None:
        return
    card, screen = _Card(*row), step["screen"]
    choices = [read(button["data"]) for line in screen["rows"] for button in line]
    shown = shown_state(screen["text"], choices, card.number)
    if shown not in card.allowed(now):
        yield f"{chat} is shown at {now} that {card.number} is {shown}, which is {card.status}"


def shown_state(text: str, choices: Iterable[CallbackData | None], number: int) -> str:
    """Return what a card with these buttons says about a reservation."""
    known = [*choices]
    if any(
        _is_of(choice, number, ConfirmHold | ReleaseHold | OtherTime | ShowCard) for choice in known
    ):
        return HELD
    if any(getattr(choice, "moving", None) == number for choice in known):
        return HELD
    if text.startswith("✅") or any(
        _is_of(choice, number, AskCancel | CancelBooking) for choice in known
    ):
        return BOOKED
    return OVER


def is_card(text: str, choices: Iterable[CallbackData | None], number: int) -> bool:
    """Return whether a message is the card of a live reservation, which names time and provider."""
    return text.startswith("✅") or any(
        _is_of(choice, number, ConfirmHold | AskCancel) for choice in choices
    )


def _is_of(choice: CallbackData | None, number: int, kinds: Any) -> bool:
    """Return whether a button is of one of these kinds, and of this reservation."""
    return isinstance(choice, kinds) and getattr(choice, "reservation", None) == number


def _clock(cell: int, zone: str) -> str:
    """Return the time of day at which a cell begins."""
    moment = datetime.fromtimestamp(cell * CELL, UTC)
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
