"""Changes in the simulated Telegram, published to listeners that show them live."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.state.chats import Account, Message, Tap


@dataclass(frozen=True, slots=True)
class Written:
    """A message appeared in a chat."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """A message's text or buttons changed."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages were deleted from a chat."""

    chat_id: int
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Acted:
    """The bot shows an action in a chat, for example `typing`."""

    chat_id: int
    action: str


@dataclass(frozen=True, slots=True)
class Tapped:
    """A person tapped a button."""

    tap: Tap


@dataclass(frozen=True, slots=True)
class Answered:
    """A tap was answered with a text, which may be empty; an alert must be closed by the person."""

    tap: Tap
    text: str
    alert: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A person started, blocked or unblocked the bot."""

    account: Account


@dataclass(frozen=True, slots=True)
class Profiled:
    """The bot changed its name, description or commands."""


Change = Written | Edited | Deleted | Acted | Tapped | Answered | Standing | Profiled
Listener = Callable[[Change], None]


@dataclass(slots=True)
class ChangeFeed:
    """The listeners for changes; they are called immediately and in order."""

    listeners: list[Listener] = field(default_factory=list)

    def publish(self, change: Change) -> None:
        """Call every listener."""
        for listener in self.listeners:
            listener(change)
