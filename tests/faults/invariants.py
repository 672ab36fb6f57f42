"""What must hold after any fault, checked in the database, Telegram's calls and people's chats.

No use case is called. Each violation is one sentence. The caller passes how many notices and
answers a fault may have repeated.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.buttons.base import read
from bot.buttons.booking import ConfirmHold
from bot.buttons.hours import UndoDraft
from bot.observability.report import findings
from simulator.state.transcript import CallRecord
from storage.maintenance.integrity import SqlIntegrityCheck
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.notifications import count_notifications
from tests.kit.raw_database import rows
from tests.storage.audit import audit

_OF_PROVIDER = """SELECT telegram_id, start_cell
    FROM reservation JOIN acts_for ON acts_for.provider_id = reservation.provider_id
    JOIN person ON person.id = person_id"""
_OF_CLIENT = """SELECT telegram_id, start_cell
    FROM reservation JOIN person ON person.id = client_id"""
# How each notice begins, and a query for those that must have been sent: recipient and first cell.
_DUE_NOTICES = {
    "⌛": f"""{_OF_CLIENT}
        WHERE status = 'expired'""",
    "📅": f"""{_OF_PROVIDER}
        WHERE status = 'confirmed'""",
    "❌": f"""{_OF_CLIENT}
        WHERE status = 'cancelled' AND ended_by = 'provider'""",
}
# A client may cancel before the notice of their booking is sent.
_POSSIBLE_NOTICES = {
    "📅": f"""{_OF_PROVIDER}
        WHERE status = 'cancelled' AND confirmed_at IS NOT NULL"""
}
_CANCELLED = f"""{_OF_PROVIDER}
    WHERE status = 'cancelled' AND ended_by = 'client' AND confirmed_at IS NOT NULL"""
# Bookings whose notice was tried before it was skipped: the try may have arrived.
_UNCERTAIN = f"""{_CANCELLED} AND EXISTS (SELECT 1 FROM outbox
    WHERE subject_id = reservation.id AND kind = 'booking_confirmed'
    AND recipient_id = person.id
    AND state = 'skipped' AND attempts > 1)"""
_CANCELLATION_TEXT = "</b> cancelled:\n"
_NUMBERS = ("reservation", "moving")
_NAME = re.compile(r"Client \d+\.")
_MAY_SEE = """SELECT reservation.id, telegram_id
    FROM reservation JOIN person ON person.id = client_id OR person.id IN (
        SELECT person_id FROM acts_for WHERE acts_for.provider_id = reservation.provider_id)"""
_STAFF = "SELECT telegram_id FROM acts_for JOIN person ON id = person_id"


async def broken_invariants(bot: BotHarness, *people: ChatUser, repeats: int = 0) -> list[str]:
    """Settle the bot, let ``people`` write again, and return all violations."""
    await bot.settles()
    violations = await broken_invariants_now(bot, *people, repeats=repeats)
    for person in people:
        violations += await _check_answers(person)
    return violations + bot.simulator.check_taps()


async def broken_invariants_now(bot: BotHarness, *people: ChatUser, repeats: int = 0) -> list[str]:
    """Return all violations in the current state, without changing anything."""
    url = bot.app.database.url
    violations = audit(url, bot.now)
    violations += _check_outbox(url)
    violations += _check_notices(url, list(bot.simulator.transcript.calls), repeats)
    violations += _check_privacy(bot, url)
    violations += [sentence for person in people for sentence in _check_chat(person, url)]
    return violations + await _check_integrity(bot)


def _check_outbox(url: str) -> Iterator[str]:
    """Report rows that are not sent yet, cannot be sent, or were given up."""
    for state, kind, error in rows(
        url, "SELECT state, kind, error FROM outbox WHERE state NOT IN ('sent', 'skipped')"
    ):
        # A warning waits for its time.
        if state != "due" or kind != "hold_warning":
            yield f"a {kind} is {state}: {error}"
    for number, error in rows(
        url, "SELECT update_id, error FROM failed_update WHERE set_aside = 1"
    ):
        yield f"update {number} was set aside: {error}"


def _check_notices(url: str, calls: list[CallRecord], repeats: int) -> Iterator[str]:
    """Compare due and accepted notices: none is lost or wrong, and repeats are limited."""
    extra = 0
    for opening, query in _DUE_NOTICES.items():
        due, sent = Counter(rows(url, query)), count_notifications(calls, opening)
        possible = {
            *due,
            *(rows(url, _POSSIBLE_NOTICES[opening]) if opening in _POSSIBLE_NOTICES else ()),
        }
        yield from (f"{opening} was not sent for {key}" for key in due - sent)
        yield from (
            f"{opening} was sent for {key}, which is wrong" for key in sent if key not in possible
        )
        extra += sum(max(0, times - max(1, due[key])) for key, times in sent.items())
    yield from _check_cancellations(url, calls, repeats)
    extra += sum(
        (count_notifications(calls, _CANCELLATION_TEXT) - Counter(rows(url, _CANCELLED))).values()
    )
    if extra > repeats:
        yield f"{extra} repeated notices, at most {repeats} expected"


def _check_cancellations(url: str, calls: list[CallRecord], repeats: int) -> Iterator[str]:
    """Check that a cancellation was sent exactly if its booking was announced."""
    cancelled, uncertain = Counter(rows(url, _CANCELLED)), Counter(rows(url, _UNCERTAIN))
    announced = count_notifications(calls, "📅") - Counter(rows(url, _DUE_NOTICES["📅"]))
    sent = count_notifications(calls, _CANCELLATION_TEXT)
    for key in cancelled | sent:
        due = min(cancelled[key], announced[key])
        # If one booking was announced several times, a repeat looks like another announcement.
        if sent[key] < min(due, 1) or due - sent[key] > repeats:
            yield f"{key} was announced and cancelled, but the cancellation was not sent"
        if sent[key] and not due and sent[key] > uncertain[key]:
            yield f"{key} was sent as cancelled, but the booking was never announced"


def _check_privacy(bot: BotHarness, url: str) -> Iterator[str]:
    """Check that a client's name and buttons were shown only to them and their provider."""
    parties: dict[int, set[int]] = {}
    for number, account in rows(url, _MAY_SEE):
        parties.setdefault(number, set()).add(account)
    providers = {account for (account,) in rows(url, _STAFF)}
    names = dict(rows(url, "SELECT name, telegram_id FROM person"))
    # A person who forges a number gets that number back, which reveals nothing.
    forged = {
        (tap.account.id, getattr(read(tap.data), field, 0))
        for tap in bot.simulator.world.taps.values()
        for field in _NUMBERS
    }
    for call in bot.simulator.transcript.calls:
        chat = int(call.params.get("chat_id") or 0) if call.ok else 0
        numbers = (
            {getattr(read(data), "reservation", 0) for data in _buttons_of(call)} if chat else set()
        )
        unexpected = {
            number
            for number in numbers - {0}
            if chat not in parties.get(number, set()) and (chat, number) not in forged
        }
        yield from (
            f"{chat} was shown the reservation {number}, which is not theirs"
            for number in unexpected
        )
        if chat and chat not in providers:
            others = {
                name
                for name in _NAME.findall(call.params.get("text", ""))
                if names.get(name) != chat
            }
            yield from (f"{chat} was shown the name {name}, which is not theirs" for name in others)


def _buttons_of(call: CallRecord) -> list[Any]:
    """Return the data of the buttons that a call showed."""
    markup = call.params.get("reply_markup") or {}
    keyboard = json.loads(markup) if isinstance(markup, str) else markup
    return [
        button.get("callback_data") for row in keyboard.get("inline_keyboard", ()) for button in row
    ]


def _check_chat(person: ChatUser, url: str) -> Iterator[str]:
    """Compare a person's chat with the database: what is shown exists, and what exists is shown."""
    own = f"(SELECT id FROM person WHERE telegram_id = {person.id})"
    statuses = dict(rows(url, f"SELECT id, status FROM reservation WHERE client_id = {own}"))
    shown = dict(_reservations_shown(person))
    for number, promise in shown.items():
        if statuses.get(number) != promise:
            yield f"{person.id} reads that {number} is {promise}, but it is {statuses.get(number)}"
    for number, status in statuses.items():
        if status in {"held", "confirmed"} and number not in shown:
            yield f"{person.id} was never shown {number}, which is {status}"
    drafts = dict(rows(url, "SELECT id, state FROM draft"))
    for choice in _button_data(person):
        if isinstance(choice, UndoDraft) and drafts.get(choice.draft) != "published":
            state = drafts.get(choice.draft)
            yield f"{person.id} reads that hours {choice.draft} are published, but they are {state}"


def _reservations_shown(person: ChatUser) -> Iterator[tuple[int, str]]:
    """Yield each reservation that a message currently shows as held or confirmed."""
    for message in person.shown:
        for choice in (read(button.data) for button in message.buttons):
            if isinstance(choice, ConfirmHold):
                yield choice.reservation, "held"
            elif message.text.startswith("✅ Booked") and (
                number := getattr(choice, "reservation", 0)
            ):
                yield number, "confirmed"


def _button_data(person: ChatUser) -> Iterator[object]:
    """Yield the data of the buttons that a person can tap now."""
    return (read(button.data) for message in person.shown for button in message.buttons)


async def _check_answers(person: ChatUser) -> list[str]:
    """Check that a person who starts over is answered."""
    unanswered = []
    for line in ("/start", "/book"):
        newest = person.last.id if person.shown else 0
        await person.sends(line)
        if not person.shown or person.last.id <= newest:
            unanswered.append(f"{person.id} wrote {line} and was not answered")
    return unanswered


async def _check_integrity(bot: BotHarness) -> list[str]:
    """Run the integrity check at the bot's time."""
    # Over the bot's own connections: a new engine would cost more than the check.
    async with bot.app.database.reader() as executor:
        return list(findings(await SqlIntegrityCheck(executor).run(bot.now)))
