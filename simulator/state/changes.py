"""News of what changes in the simulated Telegram, for those who show it live."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.state.chats import Account, Message, Tap


@dataclass(frozen=True, slots=True)
class Written:
    """A message has appeared in a chat."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """A message reads otherwise, or has other buttons."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages have gone from a chat; both are numbers."""

    chat_id: int
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Acted:
    """The bot shows an action, such as `typing`, in a chat."""

    chat_id: int
    action: str


@dataclass(frozen=True, slots=True)
class Tapped:
    """Somebody has tapped a button."""

    tap: Tap


@dataclass(frozen=True, slots=True)
class Answered:
    """A tap was answered, with a text to show (an alert has to be closed) or with an empty one."""

    tap: Tap
    text: str
    alert: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody has started, blocked or unblocked the bot."""

    account: Account


@dataclass(frozen=True, slots=True)
class Profiled:
    """The bot says something else about itself: name, description, commands."""


Change = Written | Edited | Deleted | Acted | Tapped | Answered | Standing | Profiled
Listener = Callable[[Change], None]


@dataclass(slots=True)
class News:
    """Those who want to hear of changes; they are called at once and in order."""

    listeners: list[Listener] = field(default_factory=list)

    def tell(self, change: Change) -> None:
        """Call every listener."""
        for listener in self.listeners:
            listener(change)
