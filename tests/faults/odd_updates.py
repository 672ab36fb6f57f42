"""Complete updates with one wrong field, generated from python-telegram-bot's classes.

A valid update of each kind is walked along with the classes that the library parses it into. Each
field of each object is left out, duplicated, or given each value in ``odd_values``. Fields that a
class knows and the valid update lacks are added.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import telegram
from telegram import ChatMember, TelegramObject, Update

from tests.faults.api_classes import SOME_DATE, fields_of, full
from tests.faults.odd_values import SECRET, VALUES

Path = tuple[str | int, ...]
Raw = dict[str, Any]

_AT = "\x01odd\x01"
_FEW = ("absent", "null", "empty object", "text", "list", "2**63")
_PLACEHOLDER_ID = 777_777_777


@dataclass(frozen=True, slots=True)
class OddUpdate:
    """One variation of an update of a ``kind``: what is done to the field at ``path``."""

    kind: str
    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {'.'.join(map(str, self.path)) or 'the whole'} {self.what}"

    def as_json(self, update: Raw) -> bytes:
        """Return the JSON of a valid update with this variation."""
        if not self.path:
            return _encoded(VALUES[self.what])
        *above, name = self.path
        changed = json.loads(json.dumps(update))
        holder = changed
        for step in above:
            holder = holder[step]
        if self.what == "absent":
            holder.pop(name, None)
            return _encoded(json.dumps(changed))
        value, twice = self.what.removeprefix("twice, then "), self.what.startswith("twice")
        first = f"{json.dumps(holder[name])}, {json.dumps(name)}: " if twice else ""
        holder[name] = _AT
        return _encoded(json.dumps(changed).replace(json.dumps(_AT), first + VALUES[value]))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def variations(kind: str, update: Raw, *, added: bool = True) -> Iterator[OddUpdate]:
    """Yield all variations of a valid update but its number; ``added`` includes missing fields."""
    for path, cls in _objects(update):
        holder = _at(update, path)
        names = (
            [*holder, *(name for name in fields_of(cls) if name not in holder)]
            if added
            else [*holder]
        )
        for name in names:
            if (*path, name) == ("update_id",):
                continue
            ways = ["absent", "twice, then null", "twice, then text"] if name in holder else []
            yield from (OddUpdate(kind, (*path, name), what) for what in (*ways, *VALUES))


def odd_numbers() -> Iterator[OddUpdate]:
    """Yield variations of an update's number, and values that are not updates."""
    yield from (
        OddUpdate("text", ("update_id",), what) for what in ("absent", "twice, then null", *VALUES)
    )
    yield from (OddUpdate("text", (), what) for what in VALUES)


def _at(update: Any, path: Path) -> Any:
    for step in path:
        update = update[step]
    return update


def _objects(update: Raw) -> Iterator[tuple[Path, type[TelegramObject]]]:
    """Yield the path and class of each object in an update."""
    waiting: list[tuple[Path, type[TelegramObject]]] = [((), Update)]
    while waiting:
        path, cls = waiting.pop(0)
        yield path, cls
        for name, value in _at(update, path).items():
            inner = fields_of(cls).get(name)
            if inner is None:
                continue
            if isinstance(value, dict):
                waiting.append(((*path, name), inner))
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                waiting.append(((*path, name, 0), inner))


def person_of(number: int) -> Raw:
    """Return a person the simulator does not know, with a name to search for."""
    return {
        "id": number,
        "is_bot": False,
        "first_name": f"{SECRET} {number}",
        "last_name": SECRET,
        "username": SECRET,
        "language_code": "en",
    }


def _chat_of(number: int) -> Raw:
    return {
        "id": number,
        "type": "private",
        "first_name": f"{SECRET} {number}",
        "last_name": SECRET,
        "username": SECRET,
    }


def _message(number: int, **content: Any) -> Raw:
    return {
        "message_id": 77,
        "date": SOME_DATE,
        "chat": _chat_of(number),
        "from": person_of(number),
        **content,
    }


def _card(number: int) -> Raw:
    rows = [
        [
            {"text": "Confirm", "callback_data": "rc:1"},
            {"text": SECRET, "url": "https://example.com"},
        ]
    ]
    bot = {"id": 1, "is_bot": True, "first_name": "Slotkeeper", "username": "slotkeeper_bot"}
    return {**_message(number, text=SECRET, reply_markup={"inline_keyboard": rows}), "from": bot}


def _tap(number: int, **more: Any) -> Raw:
    return {
        "callback_query": {
            "id": f"9{number}",
            "from": person_of(number),
            "chat_instance": "9",
            "data": "rc:1",
            **more,
        }
    }


def _member(status: str, cls: type[ChatMember]) -> Raw:
    return {
        **full(cls, 1),
        "user": {"id": 1, "is_bot": True, "first_name": "Slotkeeper", "username": "slotkeeper_bot"},
        "status": status,
    }


def _membership(number: int, before: Raw, after: Raw) -> Raw:
    change = {
        "chat": _chat_of(number),
        "from": person_of(number),
        "date": SOME_DATE,
        "old_chat_member": before,
        "new_chat_member": after,
    }
    return {"my_chat_member": change}


def _in_group(number: int, **content: Any) -> Raw:
    group = {"id": int(f"-100{number}"), "type": "supergroup", "title": SECRET, "username": SECRET}
    command = [{"type": "bot_command", "offset": 0, "length": 5}]
    return {
        "message": {**_message(number, text="/book", entities=command), "chat": group, **content}
    }


def _anonymous(number: int) -> Raw:
    """Return a command of an anonymous group admin."""
    bot = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    group = {"id": int(f"-100{number}"), "type": "supergroup", "title": SECRET}
    return _in_group(number, **{"from": bot, "sender_chat": group})


def _live(number: int) -> Raw:
    place = {
        "latitude": 52.5,
        "longitude": 13.4,
        "horizontal_accuracy": 5.0,
        "live_period": 900,
        "heading": 7,
        "proximity_alert_radius": 9,
    }
    return {"edited_message": _message(number, edit_date=SOME_DATE, location=place)}


def _photo(number: int) -> Raw:
    size = {"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90, "file_size": 5}
    contact = {
        "phone_number": "1",
        "first_name": SECRET,
        "last_name": SECRET,
        "user_id": number,
        "vcard": SECRET,
    }
    mention = {"type": "text_mention", "offset": 0, "length": 5, "user": person_of(number)}
    return {
        "message": _message(
            number, photo=[size], caption=SECRET, caption_entities=[mention], contact=contact
        )
    }


def valid(kind: str, number: int) -> Raw:
    """Return a valid update of a kind from this person, without its number."""
    update: Raw = json.loads(_valid_as_json()[kind].replace(str(_PLACEHOLDER_ID), str(number)))
    return update


@cache
def _valid_as_json() -> dict[str, str]:
    return {kind: json.dumps(update) for kind, update in _valid(_PLACEHOLDER_ID).items()}


def _valid(number: int) -> dict[str, Raw]:
    """Return a valid update of each kind."""
    command = [{"type": "bot_command", "offset": 0, "length": 5}]
    kicked, member = (
        _member("kicked", telegram.ChatMemberBanned),
        _member("member", telegram.ChatMemberMember),
    )
    subscribed = {
        "text": {
            "message": _message(
                number, text=SECRET, entities=[{"type": "bold", "offset": 0, "length": 3}]
            )
        },
        "command": {"message": _message(number, text="/book", entities=command)},
        "edited": {"edited_message": _message(number, text=SECRET, edit_date=SOME_DATE)},
        "tap": _tap(number, message=_card(number)),
        "tap on a message gone": _tap(
            number, message={"message_id": 77, "date": 0, "chat": _chat_of(number)}
        ),
        "tap inline": _tap(number, inline_message_id="9"),
        "photo": _photo(number),
        "live location": _live(number),
        "block": _membership(number, member, kicked),
        "unblock": _membership(number, kicked, member),
        "group": _in_group(number),
        "anonymous": _anonymous(number),
    }
    return subscribed | _every_type(number) | _every_member(number, member)


def _every_type(number: int) -> dict[str, Raw]:
    """Return an update of each type with all possible fields."""
    kinds = fields_of(Update)
    return {
        f"full {name}": {name: _from_person(full(kind), number)}
        for name, kind in kinds.items()
        if kind
    }


def _from_person(content: Raw, number: int) -> Raw:
    """Return an object as from one person, so that odd updates have separate chat locks."""
    for name, value in (
        ("from", person_of(number)),
        ("user", person_of(number)),
        ("chat", _chat_of(number)),
    ):
        if name in content:
            content[name] = value
    return content


def _every_member(number: int, member: Raw) -> dict[str, Raw]:
    """Return a change of membership to each status."""
    statuses = (
        "creator",
        "administrator",
        "member",
        "restricted",
        "left",
        "kicked",
        "unknown status",
    )
    by_status = dict(zip(statuses, _members(), strict=False))
    return {
        f"becomes {status}": _membership(number, member, _member(status, cls))
        for status, cls in by_status.items()
    }


def _members() -> list[type[ChatMember]]:
    names = ("Owner", "Administrator", "Member", "Restricted", "Left", "Banned", "")
    return [getattr(telegram, f"ChatMember{name}") for name in names]


def all_odd_updates() -> list[OddUpdate]:
    """Return all variations; only a few kinds, which cover all classes, get missing fields."""
    found: list[OddUpdate] = []
    for kind, update in _valid(_PLACEHOLDER_ID).items():
        in_depth = not kind.startswith(("full ", "becomes "))
        found += (
            variations(kind, update, added=kind in {"text", "tap", "block"})
            if in_depth
            else _shallow(kind, update)
        )
    return found


def _shallow(kind: str, update: Raw) -> Iterator[OddUpdate]:
    """Yield variations of the outermost object of a full update, and of the whole update."""
    [name] = update
    yield from (OddUpdate(kind, (name,), what) for what in VALUES)
    yield from (OddUpdate(kind, (name, field), what) for field in update[name] for what in _FEW)


def sample(rng: random.Random, size: int) -> list[OddUpdate]:
    """Return random variations, about equally many of each kind."""
    by_kind: dict[str, list[OddUpdate]] = {}
    for odd in all_odd_updates():
        by_kind.setdefault(odd.kind, []).append(odd)
    return [rng.choice(by_kind[kind]) for kind in rng.choices(list(by_kind), k=size)]
