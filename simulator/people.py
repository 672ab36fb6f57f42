"""People with a phone in hand: they write, tap, edit, block, and see what the bot shows them."""

from typing import Any

from simulator.changes import Standing, Tapped
from simulator.chats import Account, Chat, Message, Tap
from simulator.entities import deep_link_payload, found_in, is_deep_link_payload
from simulator.keyboards import Button
from simulator.pictures import SMALLEST_PNG, attachment
from simulator.world import World

Update = dict[str, Any]
_LONGEST_TEXT = 4096


class Person:
    """Somebody using the bot; everything done returns the update it caused."""

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._account = account

    def __repr__(self) -> str:
        return f"<Person {self.id} {self._account.names['first_name']}>"

    @property
    def id(self) -> int:
        """Return the Telegram user id, which is also the id of the private chat."""
        return self._account.id

    @property
    def name(self) -> str:
        """Return the name Telegram shows."""
        return " ".join(filter(None, (self._account.names.get("first_name"), self._account.names.get("last_name"))))

    @property
    def language_code(self) -> str | None:
        """Return the language of the person's app."""
        return self._account.language_code

    @property
    def chat(self) -> Chat:
        """Return the private chat with the bot."""
        return self._account.chat

    @property
    def toasts(self) -> list[tuple[str, bool]]:
        """Return the texts shown in answer to taps, each with whether it was an alert to be closed."""
        return self._account.toasts

    def sends(self, text: str) -> Update:
        """Write to the bot in private; somebody who blocked it must unblock it first (RuntimeError).

        A text no phone would send, empty or beyond 4,096 characters, raises ValueError.
        """
        self._start()
        return self._writes(self.chat, text)

    def sends_in(self, group: "Group", text: str) -> Update:
        """Write in a group the bot is in."""
        return self._writes(group.chat, text)

    def sends_photo(self, content: bytes = SMALLEST_PNG, caption: str = "") -> Update:
        """Send a picture to the bot."""
        return self._sends_file("photo", content, "photo.png", caption)

    def sends_sticker(self) -> Update:
        """Send a sticker to the bot."""
        return self._sends_file("sticker", SMALLEST_PNG, "sticker.webp", "")

    def opens(self, link: str) -> Update:
        """Open a deep link to the bot and press Start; a link Telegram would not follow raises ValueError."""
        payload = deep_link_payload(link, self._world.username)
        if payload is None or not is_deep_link_payload(payload):
            raise ValueError(f"{link!r} is no link that starts @{self._world.username}")
        return self.sends(f"/start {payload}".strip())

    def taps(self, label: str, *, message: Message | None = None) -> Update:
        """Tap the button with this label, on the newest message that has one; an emoji before the label may be left out.

        A link to the bot is opened. No such button raises LookupError and lists those there are.
        """
        messages = [message] if message else list(self.chat.newest_first())
        for shown in messages:
            button = _labelled(shown, label)
            if button is not None:
                return self._taps_button(shown, button)
        seen = [shown.labels for shown in messages if shown.rows]
        raise LookupError(f"there is no button {label!r}; the newest keyboards are {seen[:3]}")

    def taps_data(self, data: str, message_id: int, *, label: str = "") -> Update:
        """Send callback data, forged or stale too, as if from a button under the message of this number, be it there or not."""
        message = self.chat.find(message_id)
        shown = message.as_json() if message else {"chat": self.chat.as_json(), "message_id": message_id, "date": 0}
        return self._taps(data, shown, label or data)

    def edits(self, message_id: int, text: str) -> Update:
        """Change an earlier message of one's own; any other raises LookupError."""
        message = self.chat.find(message_id)
        if message is None or message.author["id"] != self.id:
            raise LookupError(f"{self} has no message {message_id} to edit")
        self._world.rewrite(message, _sendable(text), text, found_in(_sendable(text)), message.rows)
        return self._world.updates.add("edited_message", message.as_json())

    def blocks(self) -> Update:
        """Block the bot: it cannot write any more and is told so."""
        self._account.blocked = True
        self._world.news.tell(Standing(self._account))
        return self._membership("member", "kicked")

    def unblocks(self) -> Update:
        """Let the bot write again; it is told so."""
        self._account.blocked = False
        self._world.news.tell(Standing(self._account))
        return self._membership("kicked", "member")

    def _start(self) -> None:
        self._check_not_blocked()
        if not self._account.started:
            self._account.started = True
            self._world.news.tell(Standing(self._account))

    def _check_not_blocked(self) -> None:
        if self._account.blocked:
            raise RuntimeError(f"{self} has blocked the bot and must unblock it first")

    def _writes(self, chat: Chat, text: str) -> Update:
        return self._message(chat, text=_sendable(text), html=text, entities=found_in(_sendable(text)))

    def _message(self, chat: Chat, **content: Any) -> Update:
        return self._world.updates.add("message", self._world.write(chat, self._account.as_json(), **content).as_json())

    def _sends_file(self, kind: Any, content: bytes, name: str, caption: str) -> Update:
        self._start()
        file = self._world.keep(attachment(kind, self._world.next_file_id(kind), name, "image/png", content))
        return self._message(self.chat, attachment=file, text=caption, html=caption, entities=found_in(caption))

    def _taps_button(self, message: Message, button: Button) -> Update:
        if button.url is not None:
            return self.opens(button.url)
        if button.data is None:
            raise LookupError(f"the button {button.text!r} sends nothing to the bot")
        return self._taps(button.data, message.as_json(), button.text)

    def _taps(self, data: str, message: dict[str, Any], label: str) -> Update:
        self._check_not_blocked()
        query_id = str((self.id << 32) + len(self._world.taps) + 1)
        query = {
            "id": query_id,
            "from": self._account.as_json(),
            "message": message,
            "chat_instance": str(message["chat"]["id"] * 7919),
            "data": data,
        }
        update = self._world.updates.add("callback_query", query)
        tap = Tap(query_id, update["update_id"], self._account, label, self._world.now(), message["message_id"], data)
        self._world.taps[query_id] = tap
        self._world.news.tell(Tapped(tap))
        return update

    def _membership(self, before: str, after: str) -> Update:
        def member(status: str) -> dict[str, Any]:
            return {"user": self._world.bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})

        change = {"chat": self.chat.as_json(), "from": self._account.as_json(), "date": int(self._world.now())}
        return self._world.updates.add("my_chat_member", change | {"old_chat_member": member(before), "new_chat_member": member(after)})


class Group:
    """A group chat the bot is a member of."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat

    @property
    def id(self) -> int:
        """Return the chat id, a negative number."""
        return self.chat.id


def _sendable(text: str) -> str:
    trimmed = text.strip()
    if not 0 < len(trimmed) <= _LONGEST_TEXT:
        raise ValueError(f"a phone sends between 1 and {_LONGEST_TEXT} characters at once, not {len(trimmed)}")
    return trimmed


def _labelled(message: Message, label: str) -> Button | None:
    exact = next((button for button in message.buttons if button.text == label), None)
    return exact or next((button for button in message.buttons if _without_emoji(button.text) == label), None)


def _without_emoji(label: str) -> str:
    first, _, rest = label.partition(" ")
    return rest if rest and not any(character.isalnum() for character in first) else label
