"""One update, one unit: what the handlers find, and what they leave to be committed and then told."""

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.messages.actions import Delete, Edit, Send, Step
from bot.messages.screen import Screen
from bot.ports import BotUnitOfWork
from domain.client import Client, Contact
from domain.operations.dialogue import Dialogue


@dataclass(slots=True)
class UpdateRequest:
    """The work of one update.

    ``left`` tells that a command has just taken the person out of a dialogue. ``tapped`` is the message whose button was tapped, None for
    a typed update, and ``before`` the digest of what it shows. ``steps`` are carried out after the commit.
    """

    uow: BotUnitOfWork
    now: datetime
    contact: Contact
    person: Client
    dialogue: Dialogue
    left: bool = False
    tapped: int | None = None
    before: str | None = None
    steps: list[Step] = field(default_factory=list)
    answer: tuple[str, bool] | None = None
    error: BaseException | None = None

    def show(self, screen: Screen, *, card_of: int | None = None) -> None:
        """Show a screen on the tapped message, or on a new message if the update is not a tap.

        The message becomes the dialogue's card. ``card_of`` is the reservation whose card the new
        message becomes.
        """
        if self.tapped is None:
            self.show_below(screen, card_of=card_of)
            return
        self.steps.append(Edit(self.tapped, screen, before=self.before))
        self.dialogue = replace(self.dialogue, card_message_id=self.tapped)

    def show_below(self, screen: Screen, *, card_of: int | None = None) -> None:
        """Show a screen on a new message, which replaces the dialogue's card."""
        if self.dialogue.card_message_id is not None:
            self.steps.append(Delete(self.dialogue.card_message_id))
            self.dialogue = replace(self.dialogue, card_message_id=None)
        self.steps.append(Send(screen, dialogue=True, card_of=card_of))

    def send(self, screen: Screen) -> None:
        """Show a screen on a new message of its own, below what is there."""
        self.steps.append(Send(screen))

    def stand(self, flow: str, state: str) -> None:
        """Take a place in a dialogue; what was kept with another one is forgotten, its card is not."""
        kept = (
            self.dialogue
            if flow == self.dialogue.flow
            else Dialogue(card_message_id=self.dialogue.card_message_id)
        )
        self.dialogue = replace(kept, flow=flow, state=state)

    def remember(self, **data: object) -> None:
        """Keep plain values with the dialogue."""
        self.dialogue = replace(self.dialogue, data={**self.dialogue.data, **data})

    def forget(self) -> None:
        """Drop the values kept with the dialogue."""
        self.dialogue = replace(self.dialogue, data={})

    def let_go(self) -> None:
        """Stay in the dialogue without its card, which is to stay as it is, such as one that can still be undone."""
        self.dialogue = replace(self.dialogue, card_message_id=None)

    def leave(self) -> None:
        """Leave whatever dialogue the person is in; its card stays as it is."""
        self.dialogue = Dialogue()


CURRENT_REQUEST: ContextVar[UpdateRequest] = ContextVar("unit")
