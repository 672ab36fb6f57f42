"""The request of one update: what handlers read, and what they leave to be committed and sent."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.messages.actions import Action, Delete, Edit, Send
from bot.messages.screen import Screen
from bot.ports import BotUnitOfWork
from domain.operations.dialogue import Dialogue
from domain.person import Contact, Person
from domain.provider import Provider
from domain.reservation import Reservation

LIST_FLOW = "bookings"
"""The name under which an open list is stored, in place of a dialogue."""
_LOOKING = {("agenda", "day")}
"""Flows and states in which a person only looks at something, so that nothing can be stopped."""


@dataclass(slots=True)
class UpdateRequest:
    """The state of one update while it is processed.

    ``open_list`` holds the message of the list of bookings that the next list replaces, if no
    dialogue is open. ``left`` is true if a command has just ended a dialogue. ``tapped`` is the
    message whose button was tapped, None for a typed update, and ``before`` the digest of what it
    shows. ``actions`` are carried out after the commit. ``zone`` and ``heading`` are set while the
    person works for a ``provider``.
    """

    uow: BotUnitOfWork
    now: datetime
    chat: int
    contact: Contact
    person: Person
    dialogue: Dialogue
    open_list: Dialogue | None = None
    left: bool = False
    tapped: int | None = None
    before: str | None = None
    actions: list[Action] = field(default_factory=list)
    answer: tuple[str, bool] | None = None
    error: BaseException | None = None
    provider: Provider | None = None
    zone: ZoneInfo | None = None
    heading: str = ""

    @property
    def in_dialogue(self) -> bool:
        """Whether the person is in a dialogue that they can stop, and not only looking."""
        dialogue = self.dialogue
        return dialogue.flow is not None and (dialogue.flow, dialogue.state) not in _LOOKING

    def work_for(
        self, provider: Provider | None, zone: ZoneInfo | None = None, *, heading: str = ""
    ) -> None:
        """Use a provider's zone from here on, and put the ``heading``, in HTML, above all screens.

        Without a provider, use the person's own zone and no heading.
        """
        self.provider, self.zone, self.heading = provider, zone, heading

    def show(self, screen: Screen, *, card_of: Reservation | None = None) -> None:
        """Show a screen on the tapped message, or on a new message if the update is not a tap.

        The message becomes the dialogue's card. ``card_of`` is the reservation whose card the new
        message becomes.
        """
        if self.tapped is None:
            self.show_below(screen, card_of=card_of)
            return
        self.actions.append(Edit(self.tapped, screen.below(self.heading), before=self.before))
        self.dialogue = replace(self.dialogue, card_message_id=self.tapped)

    def show_below(self, screen: Screen, *, card_of: Reservation | None = None) -> None:
        """Show a screen on a new message, which replaces the dialogue's card."""
        if self.dialogue.card_message_id is not None:
            self.actions.append(Delete(self.dialogue.card_message_id))
            self.dialogue = replace(self.dialogue, card_message_id=None)
        shown = screen.below(self.heading)
        if card_of is None:
            self.actions.append(Send(shown, dialogue=True))
        else:
            self.actions.append(
                Send(shown, dialogue=True, card_of=card_of.id, revision=card_of.revision)
            )

    def show_list(self, screen: Screen) -> None:
        """Show a list on a new message, which replaces the list that is open.

        During a dialogue the list is a plain message, which stays.
        """
        if self.dialogue.flow is not None:
            self.send(screen)
            return
        if self.open_list is not None and self.open_list.card_message_id is not None:
            self.actions.append(Delete(self.open_list.card_message_id))
        self.actions.append(Send(screen, dialogue=True))
        self.open_list = Dialogue(LIST_FLOW)

    def edit_list(self, screen: Screen) -> None:
        """Show a list on the tapped message, which becomes the list that is open."""
        self.show(screen)
        self.open_list = Dialogue(LIST_FLOW, card_message_id=self.tapped)

    def leave_tapped_list(self) -> None:
        """Forget the open list if it was tapped: its message may show something else from now."""
        if self.open_list is not None and self.open_list.card_message_id == self.tapped:
            self.open_list = None

    def send(self, screen: Screen) -> None:
        """Show a screen on a new message that is no card."""
        self.actions.append(Send(screen.below(self.heading)))

    def enter(self, flow: str, state: str, data: Mapping[str, object] | None = None) -> None:
        """Enter a state of a dialogue, with new data or its stored data.

        The data of another dialogue is dropped, its card is not.
        """
        current = (
            self.dialogue
            if flow == self.dialogue.flow
            else Dialogue(card_message_id=self.dialogue.card_message_id)
        )
        kept = current.data if data is None else data
        self.dialogue = replace(current, flow=flow, state=state, data=kept)

    def detach_card(self) -> None:
        """Stay in the dialogue, but leave its card as it is, for example to be undone later."""
        self.dialogue = replace(self.dialogue, card_message_id=None)

    def leave(self) -> None:
        """Leave the dialogue the person is in, if any; its card stays as it is."""
        self.dialogue = Dialogue()


CURRENT_REQUEST: ContextVar[UpdateRequest] = ContextVar("request")
