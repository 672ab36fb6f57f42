"""People who chat with the bot, and what they see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.reservation import Reservation
from simulator.state.chats import Attachment, Message
from simulator.state.entities import Entity
from simulator.state.keyboards import Button, Rows
from simulator.state.people import Person

if TYPE_CHECKING:
    from tests.kit.bot import BotHarness


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as it reads now."""

    message: Message

    @property
    def id(self) -> int:
        return self.message.id

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def html(self) -> str:
        return self.message.html

    @property
    def entities(self) -> list[Entity]:
        return self.message.entities

    @property
    def photo(self) -> Attachment | None:
        return self.message.photo

    @property
    def rows(self) -> Rows:
        return self.message.rows

    @property
    def buttons(self) -> list[Button]:
        return self.message.buttons

    @property
    def labels(self) -> list[str]:
        return self.message.labels

    def __str__(self) -> str:
        """Return the text and, below it, the keyboard: one line a row, ``[Confirm] [Release]``."""
        keyboard = [" ".join(f"[{button.text}]" for button in row) for row in self.rows]
        return "\n".join([self.text, *([""] if keyboard else []), *keyboard])

    def shows(self, *parts: str) -> None:
        """Fail unless the text has every part."""
        missing = [part for part in parts if part not in self.text]
        assert missing == [], f"{missing} not in:\n{self}"

    def hides(self, *parts: str) -> None:
        """Fail if the text has any part."""
        present = [part for part in parts if part in self.text]
        assert present == [], f"{present} in:\n{self}"


class ChatUser:
    """A person who chats with the bot; each act is processed before it returns."""

    def __init__(self, bot: "BotHarness", person: Person) -> None:
        self.bot = bot
        self.person = person

    @property
    def id(self) -> int:
        """The Telegram user id."""
        return self.person.id

    async def sends(self, text: str) -> None:
        """Send a line."""
        self.person.sends(text)
        await self._answered()

    async def opens(self, link: str) -> None:
        """Open a deep link."""
        self.person.opens(link)
        await self._answered()

    async def taps(self, label: str, *, message: Shown | None = None) -> None:
        """Tap a button: one with this label, else the first that starts or ends with it.

        Newer messages are searched first.
        """
        only = message.message if message else None
        shown = [only] if only else list(self.person.chat.newest_first())
        labels = [button.text for m in shown for button in m.buttons]
        loose = next((t for t in labels if t.startswith(label) or t.endswith(label)), label)
        known = any(text == label or text.split(" ", 1)[-1] == label for text in labels)
        self.person.taps(label if known else loose, message=only)
        await self._answered()

    async def taps_data(self, data: str, message: int | None = None) -> None:
        """Tap a forged or very old button."""
        self.person.taps_data(data, message or 1)
        await self._answered()

    async def holds(self, time: str, *, day: str = "25", provider: str | None = None) -> None:
        """Hold a time; name the provider where there are several."""
        await self.sends("/book")
        for label in [provider, day, time]:
            if label:
                await self.taps(label)

    async def books(self, time: str, *, day: str = "25", provider: str | None = None) -> None:
        """Book a time; name the provider where there are several."""
        await self.holds(time, day=day, provider=provider)
        await self.taps("Confirm")

    async def cancels_for_client(self, number: int, *, reason: str | None = None) -> None:
        """As a provider, cancel a client's reservation by its number."""
        await self.sends("/agenda")
        await self.taps_data(f"ar:{number}" if reason else f"ac:{number}", self.last.id)
        if reason:
            await self.sends(reason)
            await self.taps("Cancel and send note")

    async def reservations(self) -> Sequence[Reservation]:
        """Return the person's reservations that take up time, from the database."""
        number = await self.number()
        async with self.bot.app.database.transaction() as uow:
            return list(await uow.queries.bookings(number, self.bot.now))

    async def number(self) -> int:
        """Return the person's number in the database; 0 if they are unknown."""
        async with self.bot.app.database.snapshot() as uow:
            known = await uow.queries.account(self.id)
        return known.id if known else 0

    @property
    def shown(self) -> list[Shown]:
        """The bot's messages as they read now, oldest first."""
        return [Shown(message) for message in self.person.chat.messages if message.sender == "bot"]

    @property
    def last(self) -> Shown:
        """The bot's newest message."""
        return self.shown[-1]

    @property
    def card(self) -> Shown:
        """The bot's newest message that has buttons."""
        return next(message for message in reversed(self.shown) if message.rows)

    @property
    def buttons(self) -> list[str]:
        """The labels on the card, without the dots of a calendar."""
        return [button.text for button in self.card.buttons if button.text != "·"]

    @property
    def toast(self) -> str:
        """The answer to the newest tap; empty if it had no text."""
        return self.person.toasts[-1][0] if self.person.toasts else ""

    def link(self, part: str) -> str:
        """Return the newest link with this part that the bot sent."""
        words = (word for message in reversed(self.shown) for word in message.text.split())
        return next(word for word in words if part in word)

    def sees(self, part: str) -> bool:
        """Tell whether a message, as it reads now, has this part."""
        return any(part in message.text for message in self.shown)

    async def _answered(self) -> None:
        """Let the bot process the act, and the odd event that may accompany it."""
        if self.bot.odd_events:
            self.bot.odd_events.maybe_add_event(self.person)
        await self.bot.answers()
