"""Accounts, chats and messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from simulator.state.entities import Entity
from simulator.state.keyboards import Button, Rows, markup_json


class Absent(Enum):
    """Marks a field that is left out of the JSON, unlike None, which is sent as null."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
Detail = str | None | Absent


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a message."""

    kind: Literal["document", "photo", "sticker"]
    file_id: str
    name: str
    mime_type: str
    content: bytes
    width: int = 0
    height: int = 0

    @property
    def path(self) -> str:
        """Return the file's URL path below `/file/bot<token>/`."""
        return f"{self.kind}s/{self.file_id}/{self.name}"

    def as_json(self) -> Any:
        """Return the file as a message field; a photo is a list of its sizes."""
        basis = {
            "file_id": self.file_id,
            "file_unique_id": f"u{self.file_id}",
            "file_size": len(self.content),
        }
        if self.kind == "photo":
            return [basis | {"width": self.width, "height": self.height}]
        if self.kind == "sticker":
            return basis | {
                "type": "regular",
                "width": 512,
                "height": 512,
                "is_animated": False,
                "is_video": False,
                "emoji": "👍",
            }
        return basis | {"file_name": self.name, "mime_type": self.mime_type}


@dataclass(slots=True, eq=False)
class Message:
    """A message in its current version; edits change it in place.

    `text` is the plain text or caption and `html` the source. `date` and `edit_date` are Unix
    seconds. `author` is its Bot API user, or None for a message without `from`. `ours` is true for
    a message of the bot under test. `more` holds further fields.
    """

    id: int
    chat: "Chat"
    author: dict[str, Any] | None
    date: int
    text: str = ""
    html: str = ""
    entities: list[Entity] = field(default_factory=list)
    rows: Rows = field(default_factory=list)
    attachment: Attachment | None = None
    reply_to: "Message | None" = None
    protected: bool = False
    silent: bool = False
    edited: int = 0
    edit_date: int | None = None
    ours: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def sender(self) -> Literal["bot", "person"]:
        """Return "bot" for a message of the bot under test, else "person"."""
        return "bot" if self.ours else "person"

    def is_from(self, user_id: int) -> bool:
        """Return whether the user with this id wrote it."""
        return self.author is not None and self.author["id"] == user_id

    @property
    def document(self) -> Attachment | None:
        """Return its document, or None."""
        return self.attachment if self.attachment and self.attachment.kind == "document" else None

    @property
    def photo(self) -> Attachment | None:
        """Return its picture, or None."""
        return self.attachment if self.attachment and self.attachment.kind == "photo" else None

    @property
    def buttons(self) -> list[Button]:
        """Return its buttons, row by row."""
        return [button for row in self.rows for button in row]

    @property
    def labels(self) -> list[str]:
        """Return its button labels, row by row."""
        return [button.text for button in self.buttons]

    def as_json(self, *, with_reply: bool = True) -> dict[str, Any]:
        """Return the message as the Bot API shows it."""
        body: dict[str, Any] = {
            "message_id": self.id,
            "chat": self.chat.as_json(),
            "date": self.date,
        }
        if self.author is not None:
            body["from"] = self.author
        body |= self._content() | self.more
        if self.edit_date is not None:
            body["edit_date"] = self.edit_date
        if self.rows:
            body["reply_markup"] = markup_json(self.rows)
        if self.protected:
            body["has_protected_content"] = True
        if self.reply_to is not None and with_reply:
            body["reply_to_message"] = self.reply_to.as_json(with_reply=False)
        return body

    def _content(self) -> dict[str, Any]:
        text, entities = (
            ("caption", "caption_entities") if self.attachment else ("text", "entities")
        )
        body: dict[str, Any] = {text: self.text} if self.text else {}
        if self.entities:
            body[entities] = self.entities
        if self.attachment:
            body[self.attachment.kind] = self.attachment.as_json()
        return body


@dataclass(slots=True, eq=False)
class Chat:
    """A private chat or a group: its messages, oldest first, and the actions shown."""

    id: int
    about: dict[str, Any]
    messages: list[Message] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)

    @property
    def private(self) -> bool:
        """Return whether it is a private chat."""
        return self.id > 0

    @property
    def last_from_bot(self) -> Message:
        """Return the bot's newest message; raise LookupError if there is none."""
        for message in reversed(self.messages):
            if message.sender == "bot":
                return message
        raise LookupError(f"the bot has sent no message in chat {self.id}")

    def find(self, message_id: int) -> Message | None:
        """Return the message with this number, or None if it does not exist."""
        return next(
            (message for message in reversed(self.messages) if message.id == message_id), None
        )

    def newest_first(self) -> Iterator[Message]:
        """Yield the messages from newest to oldest."""
        return reversed(self.messages)

    def as_json(self) -> dict[str, Any]:
        """Return the chat as the Bot API shows it."""
        return {"id": self.id} | self.about


@dataclass(slots=True, eq=False)
class Account:
    """An account and its relation to the bot.

    `details` holds the names and the language code as they are sent: an absent field is missing
    from it, a null field is None.
    """

    id: int
    details: dict[str, str | None]
    chat: Chat
    is_bot: bool = False
    started: bool = False
    blocked: bool = False
    toasts: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def names(self) -> dict[str, str | None]:
        """Return the names, by field."""
        return {key: value for key, value in self.details.items() if key != "language_code"}

    @property
    def name(self) -> str:
        """Return the displayed name; a deleted account has none."""
        return " ".join(
            filter(None, (self.details.get("first_name"), self.details.get("last_name")))
        )

    @property
    def language_code(self) -> str | None:
        """Return the language of the app."""
        return self.details.get("language_code")

    def change(self, **details: Detail) -> None:
        """Change names or language code; an `ABSENT` field is left out from now on."""
        for key, value in details.items():
            if isinstance(value, Absent):
                self.details.pop(key, None)
            else:
                self.details[key] = value
        self.chat.about = {"type": "private"} | self.names

    def as_json(self) -> dict[str, Any]:
        """Return the account as a Bot API user."""
        return {"id": self.id, "is_bot": self.is_bot} | self.details


@dataclass(slots=True, eq=False)
class Tap:
    """A tap on a button, with its time in Unix seconds and the answers to it."""

    id: str
    update_id: int
    account: Account
    label: str
    at: float
    message_id: int
    data: str
    answers: int = 0
    redelivered: bool = False
    reported: bool = False
