"""Telegram's HTML: converts a text with tags to plain text and entities, or raises a refusal."""

import re
from dataclasses import dataclass, field

from simulator.refusals import Refusal, bad_request
from simulator.state.entities import Entity, utf16_length

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_NAMED_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(
    r"&(?:#x(?P<hex>[0-9a-fA-F]{1,7})|#(?P<decimal>[0-9]{1,8})|(?P<name>lt|gt|amp|quot)(?![A-Za-z]));?"
)
_SPACE = " \t\r\n\0\v"
_TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
_MAX_ID = 2**63
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = "check for unmatched surrogate code units"


@dataclass(slots=True)
class _Open:
    """An open tag: its name, its attributes and its position in the plain text."""

    name: str
    attributes: dict[str, str]
    offset: int
    position: int


@dataclass(slots=True)
class _Reader:
    """A single-pass parser that builds the plain text and the entities."""

    source: str
    at: int = 0
    plain: list[str] = field(default_factory=list)
    length: int = 0
    entities: list[Entity] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)

    def read(self) -> None:
        """Parse the whole source."""
        while self.at < len(self.source):
            if self.source[self.at] != "<":
                self._put(self._character())
            elif self.source[self.at + 1 : self.at + 2] == "/":
                self._end_tag()
            else:
                self._start_tag()
        if self.stack:
            raise _parse_refusal(
                f'Can\'t find end tag corresponding to start tag "{self.stack[-1].name}"'
            )

    def _put(self, character: str) -> None:
        self.plain.append(character)
        self.length += utf16_length(character)

    def _character(self) -> str:
        match = _CHARACTER.match(self.source, self.at)
        decoded = _decoded(match) if match else None
        self.at = match.end() if match and decoded is not None else self.at + 1
        return decoded if decoded is not None else self.source[self.at - 1]

    def _start_tag(self) -> None:
        begin = self.at
        self.at += 1
        name = self._until(_SPACE + ">").lower()
        if self.at >= len(self.source):
            raise _parse_refusal(f"Unclosed start tag at byte offset {self._byte(begin)}")
        if name not in TAGS:
            raise _parse_refusal(
                f'Unsupported start tag "{name}" at byte offset {self._byte(begin)}'
            )
        attributes = self._attributes(name, begin)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _parse_refusal(
                f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}'
            )
        self.stack.append(_Open(name, attributes, self.length, len(self.plain)))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._skip_space()
            if self._next() == ">":
                self.at += 1
                return attributes
            name = self._until(_SPACE + "=>")
            if not name:
                if self._next() == "":
                    raise _parse_refusal(
                        f'Unclosed start tag "{tag}" at byte offset {self._byte(begin)}'
                    )
                raise _parse_refusal(
                    f'Empty attribute name in the tag "{tag}" at byte offset {self._byte(begin)}'
                )
            attributes[name.lower()] = self._value(tag, begin)

    def _value(self, tag: str, begin: int) -> str:
        self._skip_space()
        if self._next() != "=":
            return ""
        self.at += 1
        self._skip_space()
        quote = self._next()
        if quote == "":
            raise _parse_refusal(f'Unclosed start tag "{tag}" at byte offset {self._byte(begin)}')
        value = self._quoted(quote) if quote in "'\"" else self._name_token()
        if self._next() == "":
            raise _parse_refusal(f"Unclosed start tag at byte offset {self._byte(begin)}")
        return value

    def _name_token(self) -> str:
        begin = self.at
        match = re.compile(r"[A-Za-z0-9.-]*").match(self.source, self.at)
        self.at = match.end() if match else self.at
        if self._next() not in (*_SPACE, ">"):
            raise _parse_refusal(f"Unexpected end of name token at byte offset {self._byte(begin)}")
        return self.source[begin : self.at].lower()

    def _quoted(self, quote: str) -> str:
        self.at += 1
        value = []
        while self._next() not in (quote, ""):
            value.append(self._character())
        self.at += 1
        return "".join(value)

    def _end_tag(self) -> None:
        begin = self.at
        if not self.stack:
            raise _parse_refusal(f"Unexpected end tag at byte offset {self._byte(begin)}")
        self.at += 2
        name = self._until(_SPACE + ">").lower()
        self._skip_space()
        if self._next() != ">":
            raise _parse_refusal(f"Unclosed end tag at byte offset {self._byte(begin)}")
        self.at += 1
        tag = self.stack.pop()
        if name and name != tag.name:
            offset = self._byte(begin)
            raise _parse_refusal(
                f"Unmatched end tag at byte offset {offset}, "
                f'expected "</{tag.name}>", found "</{name}>"'
            )
        if self.length > tag.offset:
            self._close(tag)

    def _close(self, tag: _Open) -> None:
        entity: Entity = {
            "type": TAGS[tag.name],
            "offset": tag.offset,
            "length": self.length - tag.offset,
        }
        if tag.name in ("pre", "code") and self._merge_language(tag, entity):
            return
        details = _details(tag, "".join(self.plain[tag.position :]))
        if details is not None:
            self.entities.append(entity | details)

    def _merge_language(self, tag: _Open, entity: Entity) -> bool:
        """Merge the two tags that express a `pre` with a language, in either order."""
        last = self.entities[-1] if self.entities else {}
        if (last.get("offset"), last.get("length")) != (entity["offset"], entity["length"]):
            return False
        language = (
            tag.attributes.get("class", "").removeprefix("language-")
            if tag.name == "code"
            else last.get("language", "")
        )
        if {tag.name, last["type"]} != {"pre", "code"} or not language:
            return False
        self.entities[-1] = entity | {"type": "pre", "language": language}
        return True

    def _until(self, stops: str) -> str:
        begin = self.at
        while self.at < len(self.source) and self.source[self.at] not in stops:
            self.at += 1
        return self.source[begin : self.at]

    def _skip_space(self) -> None:
        while self._next() and self._next() in _SPACE:
            self.at += 1

    def _next(self) -> str:
        return self.source[self.at : self.at + 1]

    def _byte(self, position: int) -> int:
        return len(self.source[:position].encode())


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Return plain text and entities of Telegram's HTML; raise Telegram's refusal on any error."""
    reader = _Reader(source)
    reader.read()
    for entity in reader.entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return "".join(reader.plain), reader.entities


def _parse_refusal(why: str) -> Refusal:
    return bad_request(f"can't parse entities: {why}")


def _decoded(match: re.Match[str]) -> str | None:
    if match["name"]:
        return _NAMED_CHARACTERS[match["name"]]
    code = int(match["hex"], 16) if match["hex"] else int(match["decimal"])
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004  (the surrogate range in Unicode)
        raise bad_request(
            f"text contains invalid Unicode characters after decoding HTML entities, {_SURROGATES}"
        )
    return None if code == 0 or code >= _LAST_CHARACTER else chr(code)


def _details(tag: _Open, inside: str) -> Entity | None:
    """Return the fields of an entity besides its position, or None if the tag makes no entity."""
    if tag.name == "a":
        return _link(tag.attributes.get("href") or inside)
    if tag.name == "tg-emoji":
        return {"custom_emoji_id": _emoji_id(tag.attributes.get("emoji-id", ""))}
    if tag.name == "tg-time":
        return _time(tag.attributes)
    if tag.name == "code" and tag.attributes.get("class", "").startswith("language-"):
        return {"language": tag.attributes["class"].removeprefix("language-")}
    return (
        {"type": "expandable_blockquote"}
        if tag.name == "blockquote" and "expandable" in tag.attributes
        else {}
    )


def _link(href: str) -> Entity | None:
    user = re.fullmatch(r"tg://user\?id=(\d+)", href)
    if user:
        return {"type": "text_mention", "user_id": int(user[1])}
    if re.match(r"(?i)(https?|tg|ton|tonsite)://\S", href):
        return {"url": href}
    # Telegram adds the protocol to a bare host and silently drops a link it cannot parse.
    return (
        {"url": f"http://{href}/" if "/" not in href else f"http://{href}"}
        if re.match(r"[\w-]+(\.[\w-]+)+(/\S*)?$", href)
        else None
    )


def _emoji_id(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*", value) or int(value) >= _MAX_ID:
        raise _parse_refusal("Invalid custom emoji identifier specified")
    return value


def _time(attributes: dict[str, str]) -> Entity:
    if not re.fullmatch(r"-?\d{1,12}", attributes.get("unix", "")):
        raise _parse_refusal("Invalid Unix time specified")
    time_format = attributes.get("format", "")
    if not _TIME_FORMAT.fullmatch(time_format):
        raise _parse_refusal("Invalid date-time format specified")
    details: Entity = {"unix_time": int(attributes["unix"])}
    return details | {"date_time_format": time_format} if time_format else details
