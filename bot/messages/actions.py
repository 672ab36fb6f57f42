"""The answer to an update: steps that are kept with the work and carried out after the commit.

The steps are ordered so that one that may be repeated after a crash does no harm: answering and editing come first, the one message that
is new comes last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from bot.messages.screen import Screen


@dataclass(frozen=True)
class Answer:
    """Answer a tap, with a short plain text or none; ``alert`` shows it in a window that has to be closed."""

    query_id: str
    text: str | None = None
    alert: bool = False
    step: Literal["answer"] = "answer"


@dataclass(frozen=True)
class Edit:
    """Show a screen on a message that is there; where it is gone, show it on a new one, unless ``only`` says not to.

    ``before`` is the digest of what a tap said the message shows.
    """

    message_id: int
    screen: Screen
    only: bool = False
    before: str | None = None
    step: Literal["edit"] = "edit"


@dataclass(frozen=True)
class Delete:
    """Take a message away; ``notice_of`` is the reservation it warned of, whose warning is then forgotten."""

    message_id: int
    notice_of: int | None = None
    step: Literal["delete"] = "delete"


@dataclass(frozen=True)
class Send:
    """Show a screen on a new message.

    Its number is kept as the card of the dialogue (``dialogue``), of a reservation (``card_of``), or as the warning below that card
    (``notice_of``).
    """

    screen: Screen
    dialogue: bool = False
    card_of: int | None = None
    notice_of: int | None = None
    reply_to: int | None = None
    step: Literal["send"] = "send"


@dataclass(frozen=True)
class SendQr:
    """Send a picture of a link, to be scanned, with a caption in HTML."""

    link: str
    caption: str
    step: Literal["qr"] = "qr"


@dataclass(frozen=True)
class SetMenu:
    """Give the person's chat the command menu of his roles, in his language."""

    commands: tuple[tuple[str, str], ...]
    step: Literal["menu"] = "menu"


Step = Answer | Edit | Delete | Send | SendQr | SetMenu

_STEPS: TypeAdapter[list[Step]] = TypeAdapter(list[Annotated[Step, Field(discriminator="step")]])


def packed(steps: Sequence[Step]) -> dict[str, Any]:
    """Return steps as plain JSON."""
    return {"steps": _STEPS.dump_python(list(steps), mode="json", warnings="error")}


def unpacked(payload: Any) -> list[Step]:
    """Return steps from plain JSON; raises ValueError for what is none."""
    return _STEPS.validate_python(payload["steps"])
