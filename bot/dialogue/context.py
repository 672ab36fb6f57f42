"""What every handler is given: the unit of its update, and the services of the app, typed."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from telegram.ext import CallbackContext, ExtBot

from bot.buttons import Callback
from bot.dialogue.request import CURRENT_REQUEST, UpdateRequest
from bot.messages.screen import Screen
from bot.ports import Updates
from bot.ui.formats import Times
from bot.ui.locale import Reader, reader_for
from bot.ui.texts import Texts
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork

Tapped = TypeVar("Tapped", bound=Callback)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Services:
    """What does not change while the bot runs."""

    policy: BookingPolicy
    venue_zone: ZoneInfo
    admins: frozenset[int]
    username: str = ""


class Context(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], dict[Any, Any]]):
    """The context of one update. Nothing is kept in it: what must last goes into the unit."""

    choice: Callback

    @property
    def services(self) -> Services:
        """The services of the app."""
        return self.bot_data["services"]  # type: ignore[no-any-return]

    @property
    def request(self) -> UpdateRequest:
        """The unit of this update."""
        return CURRENT_REQUEST.get()

    @property
    def uow(self) -> UnitOfWork:
        """The transaction of this update."""
        return self.request.uow

    @property
    def updates(self) -> Updates:
        """What is known of earlier updates."""
        return self.request.uow.updates

    @property
    def now(self) -> datetime:
        """When the work of this update began."""
        return self.request.now

    @property
    def policy(self) -> BookingPolicy:
        """The booking policy."""
        return self.services.policy

    @property
    def me(self) -> int:
        """The Telegram user id of the person who acts."""
        return self.request.person.id

    @property
    def reader(self) -> Reader:
        """How this person reads; what a screen is made for."""
        return reader_for(self.request.person, self.services.venue_zone)

    @property
    def t(self) -> Texts:
        """The texts in this person's language."""
        return self.reader.t

    @property
    def zone(self) -> ZoneInfo:
        """The zone this person reads times in."""
        return self.request.person.zone(self.services.venue_zone)

    @property
    def times(self) -> Times:
        """How this person reads days and times."""
        return self.reader.times

    @property
    def today(self) -> date:
        """The calendar day it is for this person."""
        return self.now.astimezone(self.zone).date()

    def tap(self, kind: type[Tapped]) -> Tapped:
        """Return the choice of the tapped button, which is of this kind."""
        if not isinstance(self.choice, kind):
            raise TypeError(f"expected {kind.__name__}, not {self.choice!r}")
        return self.choice

    async def act(self, usecase: Awaitable[Result]) -> Result:
        """Run a use case, undoing just its own work where it refuses, so that the rest of the unit is still committed."""
        async with self.uow.savepoint():
            return await usecase

    def show(self, screen: Screen, *, card_of: int | None = None) -> None:
        """Show a screen on the card; see ``UpdateRequest.show``."""
        self.request.show(screen, card_of=card_of)

    def say(self, text: str) -> None:
        """Answer the tap with a short plain text."""
        self.request.answer = (text, False)

    def warn(self, text: str) -> None:
        """Answer the tap with a short plain text in a window that has to be closed."""
        self.request.answer = (text, True)
