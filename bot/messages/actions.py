"""The answer to an update: steps, which are stored with the work and carried out after the commit.

After a crash, steps may be repeated. So they are ordered: answers and edits, which may be repeated
without harm, come first; the one new message comes last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from bot.messages.screen import Screen


@dataclass(frozen=True)
class Answer:
    """Answer a tap, with a short plain text or none; ``alert`` shows it in a dialog box."""

    query_id: str
    text: str | None = None
    alert: bool = False
    step: Literal["answer"] = "answer"


@dataclass(frozen=True)
class Edit:
    """Show a screen on an existing message.

    If the message was deleted, show the screen on a new one, unless ``only`` is set. ``before`` is
    the digest of what the message shows, as the tap reported it.
    """

    message_id: int
    screen: Screen
    only: bool = False
    before: str | None = None
    step: Literal["edit"] = "edit"


@dataclass(frozen=True)
class Delete:
    """Delete a message; ``notice_of`` is the reservation whose warning it was, if it was one."""

    message_id: int
    notice_of: int | None = None
    step: Literal["delete"] = "delete"


@dataclass(frozen=True)
class Send:
    """Show a screen on a new message.

    The message's number is stored as the card of the dialogue (``dialogue``), as the card of a
    reservation (``card_of``) in its state at a ``revision``, or as the warning below that card
    (``notice_of``).
    """

    screen: Screen
    dialogue: bool = False
    card_of: int | None = None
    notice_of: int | None = None
    reply_to: int | None = None
    revision: int | None = None
    step: Literal["send"] = "send"


@dataclass(frozen=True)
class SendQr:
    """Send a link as a QR code, with a caption in HTML."""

    link: str
    caption: str
    step: Literal["qr"] = "qr"


@dataclass(frozen=True)
class SetMenu:
    """Set the command menu of a person's chat, for their roles and in their language."""

    commands: tuple[tuple[str, str], ...]
    step: Literal["menu"] = "menu"


Action = Answer | Edit | Delete | Send | SendQr | SetMenu

_STEPS: TypeAdapter[list[Action]] = TypeAdapter(
    list[Annotated[Action, Field(discriminator="step")]]
)


def answers_tap(actions: Sequence[Action]) -> bool:
    """Return whether the first step answers a tap."""
    return bool(actions) and isinstance(actions[0], Answer)


def to_payload(actions: Sequence[Action]) -> dict[str, Any]:
    """Return steps as plain JSON."""
    return {"steps": _STEPS.dump_python(list(actions), mode="json", warnings="error")}


def from_payload(payload: Any) -> list[Action]:
    """Return the steps in plain JSON; raises ValueError if they are invalid."""
    return _STEPS.validate_python(payload["steps"])
