"""Groups and channels, and people who write in them under another name.

Telegram shows a chat as sender in `sender_chat` and, for older bots, puts one of three special
users in `from`.
"""

from typing import Any

from simulator.state.chats import Chat, Message
from simulator.state.world import World
from simulator.state.writing import Update, post, typed

ANONYMOUS_ADMIN = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL_WRITER = {
    "id": 136817688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}
FORWARDER = {"id": 777000, "is_bot": False, "first_name": "Telegram"}


class Group:
    """A group chat that includes the bot."""

    def __init__(self, world: World, chat: Chat) -> None:
        self._world = world
        self.chat = chat

    @property
    def id(self) -> int:
        """Return the chat id, a negative number."""
        return self.chat.id

    def sends_anonymously(self, text: str, *, title: str = "") -> Update:
        """Send a message as an anonymous admin, with an optional custom title.

        Raises ValueError unless this is a supergroup.
        """
        self._check_supergroup("anonymous admins")
        signed = {"author_signature": title} if title else {}
        more = signed | {"sender_chat": self.chat.as_json()}
        return post(self._world, self.chat, ANONYMOUS_ADMIN, **typed(text), more=more)

    def receives_from(
        self, channel: "Channel", text: str, *, user: dict[str, Any] | None = CHANNEL_WRITER
    ) -> Update:
        """Send a message in the name of a channel; `user` None leaves `from` out."""
        self._check_supergroup("channels that write")
        return post(
            self._world,
            self.chat,
            user,
            **typed(text),
            more={"sender_chat": channel.chat.as_json()},
        )

    def receives_post(self, channel: "Channel", text: str) -> Update:
        """Forward a post of the linked channel, as Telegram does automatically."""
        self._check_supergroup("linked channels")
        original = channel.write(text)
        chat, number = channel.chat.as_json(), original.id
        origin = {"type": "channel", "chat": chat, "message_id": number, "date": original.date}
        older = {
            "forward_from_chat": chat,
            "forward_from_message_id": number,
            "forward_date": original.date,
        }
        more = {"sender_chat": chat, "is_automatic_forward": True, "forward_origin": origin}
        return post(self._world, self.chat, FORWARDER, **typed(text), more=more | older)

    def renames(self, title: str, by: dict[str, Any]) -> Update:
        """Change the title as a user; the bot receives a service message."""
        self.chat.about["title"] = title
        return post(self._world, self.chat, by, more={"new_chat_title": title})

    def _check_supergroup(self, what: str) -> None:
        if self.chat.about["type"] != "supergroup":
            raise ValueError(f"only supergroups have {what}")


class Channel:
    """A channel in which the bot is an admin."""

    def __init__(self, world: World, chat: Chat) -> None:
        self._world = world
        self.chat = chat

    @property
    def id(self) -> int:
        """Return the chat id, a negative number."""
        return self.chat.id

    def write(self, text: str) -> Message:
        """Write a message without an update for the bot; return it."""
        return self._world.write(
            self.chat, None, **typed(text), more={"sender_chat": self.chat.as_json()}
        )

    def posts(self, text: str) -> Update:
        """Write a post; the bot's update has no `from`."""
        return self._world.updates.add("channel_post", self.write(text).as_json())
