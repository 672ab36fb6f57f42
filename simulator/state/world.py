"""All state of the simulated Telegram: one bot, the people and groups, and their messages."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from simulator.faults import Faults, FloodLimits
from simulator.state.changes import Answered, ChangeFeed, Deleted, Edited, Written
from simulator.state.chats import Account, Attachment, Chat, Detail, Message, Tap
from simulator.state.clock import Clock
from simulator.state.entities import Entity
from simulator.state.keyboards import Rows
from simulator.state.transcript import Transcript
from simulator.state.updates import UpdateQueue

# A tap can be answered for about this long, in seconds.
ANSWERABLE = 15
_FIRST_ACCOUNT_ID = 1000
ChatKind = Literal["group", "supergroup", "channel"]


@dataclass(slots=True)
class Poll:
    """A long poll in progress; setting a reason ends it."""

    ended: str | None = None


@dataclass(slots=True)
class Webhook:
    """Where updates are posted; an empty url means nowhere."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    last_error: str = ""
    last_error_date: int = 0


@dataclass(slots=True)
class Profile:
    """What the bot says about itself: values by language, commands by scope and language."""

    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    commands: dict[tuple[str, int, int, str], list[dict[str, str]]] = field(default_factory=dict)
    menu_buttons: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class World:
    """All state of the simulated Telegram; times come from the clock.

    `closing` releases everything that waits. `late` holds calls whose method runs after a delay,
    even if the caller has disconnected.
    """

    token: str
    username: str
    clock: Clock
    chats: dict[int, Chat] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    updates: UpdateQueue = field(default_factory=UpdateQueue)
    transcript: Transcript = field(default_factory=Transcript)
    faults: Faults = field(default_factory=Faults)
    flood_limits: FloodLimits = field(default_factory=FloodLimits)
    taps: dict[str, Tap] = field(default_factory=dict)
    files: dict[str, Attachment] = field(default_factory=dict)
    profile: Profile = field(default_factory=Profile)
    webhook: Webhook = field(default_factory=Webhook)
    changes: ChangeFeed = field(default_factory=ChangeFeed)
    poll: Poll | None = None
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    delayed: set[asyncio.Task[Any]] = field(default_factory=set)
    last_message_id: int = 0

    @property
    def bot_id(self) -> int:
        """Return the bot's user id, the first part of its token."""
        return int(self.token.partition(":")[0])

    @property
    def bot(self) -> dict[str, Any]:
        """Return the bot as a Bot API user."""
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.profile.names.get("", "Slotkeeper"),
            "username": self.username,
        }

    def now(self) -> float:
        """Return the current time in Unix seconds."""
        return self.clock().timestamp()

    def new_account(
        self, account_id: int | None, details: Mapping[str, Detail], *, is_bot: bool = False
    ) -> Account:
        """Create an account with a private chat; raise ValueError if the id is taken."""
        if account_id is None:
            account_id = next(
                number for number in count(_FIRST_ACCOUNT_ID) if number not in self.chats
            )
        if account_id in self.chats:
            raise ValueError(f"there is already a person with id {account_id}")
        chat = Chat(account_id, {})
        account = Account(account_id, {}, chat, is_bot)
        account.change(**details)
        self.chats[account_id], self.accounts[account_id] = chat, account
        return account

    def new_chat(self, kind: ChatKind, title: str, **about: Any) -> Chat:
        """Create a group or channel with the bot; keywords are further fields of the chat."""
        number = 4_000_001 + sum(not chat.private for chat in self.chats.values())
        chat_id = -number if kind == "group" else -1_000_000_000_000 - number
        shown = {"all_members_are_administrators": False} if kind == "group" else {}
        self.chats[chat_id] = Chat(chat_id, {"type": kind, "title": title} | shown | about)
        return self.chats[chat_id]

    def write(self, chat: Chat, author: dict[str, Any] | None, **content: Any) -> Message:
        """Add a message of this author to a chat; keywords are fields of Message."""
        self.last_message_id += 1
        ours = author is not None and author["id"] == self.bot_id
        message = Message(
            id=self.last_message_id,
            chat=chat,
            author=author,
            date=int(self.now()),
            ours=ours,
            **content,
        )
        chat.messages.append(message)
        self.changes.publish(Written(message))
        return message

    def rewrite(
        self, message: Message, text: str, html: str, entities: list[Entity], rows: Rows
    ) -> None:
        """Change a message in place."""
        message.text, message.html, message.entities, message.rows = text, html, entities, rows
        self.mark_edited(message)

    def mark_edited(self, message: Message, **more: Any) -> None:
        """Mark a message as edited; keywords are further changed fields."""
        message.more |= more
        message.edited, message.edit_date = message.edited + 1, int(self.now())
        self.changes.publish(Edited(message))

    def remove(self, chat: Chat, messages: list[Message]) -> None:
        """Delete messages from a chat."""
        gone = {message.id for message in messages}
        chat.messages[:] = [message for message in chat.messages if message.id not in gone]
        self.changes.publish(Deleted(chat.id, tuple(sorted(gone))))

    def show_answer(self, tap: Tap, text: str, *, alert: bool) -> None:
        """Answer a tap and show the person the text, unless it is empty."""
        if text:
            tap.account.toasts.append((text, alert))
        self.changes.publish(Answered(tap, text, alert))

    def keep(self, attachment: Attachment) -> Attachment:
        """Keep a file for download."""
        self.files[attachment.file_id] = attachment
        return attachment

    def next_file_id(self, kind: str) -> str:
        """Return an id for a new file."""
        return f"{kind}-{len(self.files) + 1}"

    def end_poll(self, reason: str) -> None:
        """End the long poll in progress, if there is one."""
        if self.poll is not None:
            self.poll.ended, self.poll = reason, None
            self.updates.wake()

    def report_unanswered_taps(self) -> list[str]:
        """Warn once about each unanswered tap that reached the bot; return the warnings."""
        sentences = []
        for tap in self.taps.values():
            if not tap.answers and not tap.reported and not self.updates.waits(tap.update_id):
                tap.reported = True
                sentences.append(
                    f"the tap on {tap.label!r} by {tap.account.name} was left unanswered"
                )
        self.transcript.warnings.extend(sentences)
        return sentences
