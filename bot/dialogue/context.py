"""The context of every handler: the update request and the app's services, typed."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from telegram.ext import CallbackContext, ExtBot

from bot.dialogue.request import CURRENT_REQUEST, UpdateRequest
from bot.messages.screen import Screen
from bot.ports import Cards, Updates
from bot.ui.formats import Times
from bot.ui.locale import UserLocale, user_locale
from bot.ui.texts import Texts
from domain.invitation import new_code
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Reservation

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class HandlerSettings:
    """Settings that do not change while the bot runs."""

    policy: BookingPolicy
    venue_zone: ZoneInfo
    admins: frozenset[int]
    username: str = ""
    new_code: Callable[[], str] = new_code


class Context(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], dict[Any, Any]]):
    """The context of one update. It stores nothing: what must last goes into the request."""

    @property
    def services(self) -> HandlerSettings:
        """The services of the app."""
        return self.bot_data["services"]  # type: ignore[no-any-return]

    @property
    def request(self) -> UpdateRequest:
        """The update request: what handlers read, and what they leave to be committed and sent."""
        return CURRENT_REQUEST.get()

    @property
    def uow(self) -> UnitOfWork:
        """The transaction of this update."""
        return self.request.uow

    @property
    def cards(self) -> Cards:
        """The messages that show reservations."""
        return self.request.uow.cards

    @property
    def updates(self) -> Updates:
        """The updates processed before."""
        return self.request.uow.updates

    @property
    def now(self) -> datetime:
        """When processing of this update began."""
        return self.request.now

    @property
    def policy(self) -> BookingPolicy:
        """The booking policy."""
        return self.services.policy

    @property
    def me(self) -> int:
        """The number of the person who sent the update."""
        return self.request.person.id

    @property
    def provider(self) -> Provider:
        """The provider that this update is about; raises ValueError before ``work_for``."""
        if self.request.provider is None:
            raise ValueError("no provider was chosen")
        return self.request.provider

    @property
    def chat(self) -> int:
        """The chat in which the bot answers."""
        return self.request.chat

    @property
    def locale(self) -> UserLocale:
        """The person's language and time zone, which every screen needs."""
        return user_locale(self.request.person, self.services.venue_zone, self.request.zone)

    @property
    def t(self) -> Texts:
        """The texts in this person's language."""
        return self.locale.t

    @property
    def own_locale(self) -> UserLocale:
        """The person's language and their own time zone, not that of a provider."""
        return user_locale(self.request.person, self.services.venue_zone)

    @property
    def zone(self) -> ZoneInfo:
        """The person's time zone, or that of the provider whom they work for right now."""
        return self.request.zone or self.request.person.zone(self.services.venue_zone)

    @property
    def times(self) -> Times:
        """The formats of days and times for this person."""
        return self.locale.times

    @property
    def today(self) -> date:
        """Today's date in that time zone."""
        return self.now.astimezone(self.zone).date()

    async def act(self, usecase: Coroutine[Any, Any, Result]) -> Result:
        """Run a use case in a savepoint: if it refuses, only its own writes are rolled back."""
        try:
            async with self.uow.savepoint():
                return await usecase
        finally:
            # Without a savepoint it was never started, and Python would warn.
            usecase.close()

    def show(self, screen: Screen, *, card_of: Reservation | None = None) -> None:
        """Show a screen on the card; see ``UpdateRequest.show``."""
        self.request.show(screen, card_of=card_of)

    def toast(self, text: str) -> None:
        """Answer the tap with a short plain text that disappears by itself."""
        self.request.answer = (text, False)

    def alert(self, text: str) -> None:
        """Answer the tap with a short plain text in a window that the person has to close."""
        self.request.answer = (text, True)
