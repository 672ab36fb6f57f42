"""People with phones: they write, tap, edit, block, and see what the bot sends."""

from typing import Any

from simulator.state.changes import Standing, Tapped
from simulator.state.chats import Account, Chat, Detail, Message, Tap
from simulator.state.entities import Entity, deep_link_payload, detected_in, is_deep_link_payload
from simulator.state.groups import Group
from simulator.state.keyboards import Button
from simulator.state.media import SMALLEST_PNG, attachment
from simulator.state.world import World
from simulator.state.writing import Update, exactly, post, typed


class Person:
    """A person who uses the bot; every action returns the update it causes."""

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._account = account

    def __repr__(self) -> str:
        return f"<Person {self.id} {self.name}>"

    @property
    def id(self) -> int:
        """Return the Telegram user id, which is also the id of the private chat."""
        return self._account.id

    @property
    def name(self) -> str:
        """Return the displayed name."""
        return self._account.name

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
        """Return the texts shown in answer to taps, each with whether it was an alert."""
        return self._account.toasts

    def sends(self, text: str) -> Update:
        """Write to the bot in private.

        Raises RuntimeError if the person has blocked the bot, and ValueError for a text that no
        phone sends: empty or over 4,096 characters.
        """
        self._start()
        return self._message(self.chat, **typed(text))

    def sends_exactly(self, text: str) -> Update:
        """Write a text that the official apps do not send, for example only white space."""
        self._start()
        return self._message(self.chat, **exactly(text), more={"text": text})

    def sends_in(self, group: Group, text: str) -> Update:
        """Write in a group that includes the bot."""
        return self._message(group.chat, **typed(text))

    def sends_photo(self, content: bytes = SMALLEST_PNG, caption: str = "") -> Update:
        """Send a picture to the bot."""
        return self._sends_file("photo", content, "photo.png", caption)

    def sends_sticker(self) -> Update:
        """Send a sticker to the bot."""
        return self._sends_file("sticker", SMALLEST_PNG, "sticker.webp", "")

    def sends_location(
        self, latitude: float, longitude: float, *, live_period: int | None = None
    ) -> Update:
        """Send a place, or share a live location for `live_period` seconds."""
        self._start()
        return self._message(
            self.chat, more={"location": _location(latitude, longitude, live_period)}
        )

    def moves(self, message_id: int, latitude: float, longitude: float) -> Update:
        """Move while a live location is shared; Telegram edits the message."""
        live_period = self._own(message_id).more["location"]["live_period"]
        return self._edited(message_id, location=_location(latitude, longitude, live_period))

    def stops_sharing(self, message_id: int) -> Update:
        """End a live location; an ordinary one remains."""
        last = self._own(message_id).more["location"]
        return self._edited(
            message_id, location=_location(last["latitude"], last["longitude"], None)
        )

    def pins(self, message: Message) -> Update:
        """Pin a message of the private chat; the bot receives a service message."""
        return self._message(self.chat, more={"pinned_message": message.as_json(with_reply=False)})

    def sets_timer(self, seconds: int) -> Update:
        """Set the auto-delete timer of the private chat; the bot receives a service message."""
        return self._message(
            self.chat,
            more={"message_auto_delete_timer_changed": {"message_auto_delete_time": seconds}},
        )

    def renames(self, **details: Detail) -> None:
        """Change names or language code: None is sent as null, an `ABSENT` field is left out."""
        self._account.change(**details)

    def opens(self, link: str) -> Update:
        """Open a deep link to the bot and press Start; raise ValueError for any other link."""
        payload = deep_link_payload(link, self._world.username)
        if payload is None or not is_deep_link_payload(payload):
            raise ValueError(f"{link!r} is not a link that starts @{self._world.username}")
        return self.sends(f"/start {payload}".strip())

    def taps(self, label: str, *, message: Message | None = None) -> Update:
        """Tap the newest button with this label; an emoji before the label may be left out.

        A link to the bot is opened. Raises LookupError, listing the existing buttons, if there is
        none.
        """
        messages = [message] if message else list(self.chat.newest_first())
        for shown in messages:
            button = _button_labelled(shown, label)
            if button is not None:
                return self._taps_button(shown, button)
        seen = [shown.labels for shown in messages if shown.rows]
        raise LookupError(f"there is no button {label!r}; the newest keyboards are {seen[:3]}")

    def taps_data(self, data: str, message_id: int, *, label: str = "") -> Update:
        """Send callback data, which may be forged or stale, from any message number."""
        message = self.chat.find(message_id)
        shown = (
            message.as_json()
            if message
            else {"chat": self.chat.as_json(), "message_id": message_id, "date": 0}
        )
        return self._taps(data, shown, label or data)

    def edits(self, message_id: int, text: str, *, entities: list[Entity] | None = None) -> Update:
        """Edit the text, caption or entities of one's own message; else raise LookupError."""
        message = self._own(message_id)
        content = typed(text) | ({} if entities is None else {"entities": entities})
        self._world.rewrite(message, **content, rows=message.rows)
        return self._world.updates.add("edited_message", message.as_json())

    def hides_preview(self, message_id: int) -> Update:
        """Remove the link preview from one's own message; the text stays the same."""
        return self._edited(message_id, link_preview_options={"is_disabled": True})

    def blocks(self) -> Update:
        """Block the bot; it receives an update and can no longer write."""
        self._account.blocked = True
        self._world.changes.publish(Standing(self._account))
        return self._membership("member", "kicked")

    def unblocks(self) -> Update:
        """Unblock the bot; it receives an update."""
        self._account.blocked = False
        self._world.changes.publish(Standing(self._account))
        return self._membership("kicked", "member")

    def _start(self) -> None:
        self._check_not_blocked()
        if not self._account.started:
            self._account.started = True
            self._world.changes.publish(Standing(self._account))

    def _check_not_blocked(self) -> None:
        if self._account.blocked:
            raise RuntimeError(f"{self} has blocked the bot and must unblock it first")

    def _message(self, chat: Chat, **content: Any) -> Update:
        return post(self._world, chat, self._account.as_json(), **content)

    def _own(self, message_id: int) -> Message:
        message = self.chat.find(message_id)
        if message is None or not message.is_from(self.id):
            raise LookupError(f"{self} has no message {message_id} to edit")
        return message

    def _edited(self, message_id: int, **more: Any) -> Update:
        message = self._own(message_id)
        self._world.mark_edited(message, **more)
        return self._world.updates.add("edited_message", message.as_json())

    def _sends_file(self, kind: Any, content: bytes, name: str, caption: str) -> Update:
        self._start()
        file = self._world.keep(
            attachment(kind, self._world.next_file_id(kind), name, "image/png", content)
        )
        return self._message(
            self.chat, attachment=file, text=caption, html=caption, entities=detected_in(caption)
        )

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
        tap = Tap(
            query_id,
            update["update_id"],
            self._account,
            label,
            self._world.now(),
            message["message_id"],
            data,
        )
        self._world.taps[query_id] = tap
        self._world.changes.publish(Tapped(tap))
        return update

    def _membership(self, before: str, after: str) -> Update:
        def member(status: str) -> dict[str, Any]:
            return {"user": self._world.bot, "status": status} | (
                {"until_date": 0} if status == "kicked" else {}
            )

        change = {
            "chat": self.chat.as_json(),
            "from": self._account.as_json(),
            "date": int(self._world.now()),
        }
        return self._world.updates.add(
            "my_chat_member",
            change | {"old_chat_member": member(before), "new_chat_member": member(after)},
        )


def _location(latitude: float, longitude: float, live_period: int | None) -> dict[str, Any]:
    place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    return place | ({"live_period": live_period} if live_period else {})


def _button_labelled(message: Message, label: str) -> Button | None:
    exact = next((button for button in message.buttons if button.text == label), None)
    return exact or next(
        (button for button in message.buttons if _without_emoji(button.text) == label), None
    )


def _without_emoji(label: str) -> str:
    first, _, rest = label.partition(" ")
    return rest if rest and not any(character.isalnum() for character in first) else label
