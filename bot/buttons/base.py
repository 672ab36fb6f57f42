"""Typed callback data for buttons, at most 64 bytes.

It holds the whole choice, so that a tap on any card works after any restart. It can be forged:
data that does not parse is ignored, and use cases check the rest against the actor.
"""

from dataclasses import dataclass, fields
from datetime import date
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Self

_LIMIT = 64
_LARGEST = 2**52
_LAST_CELL = 2**23
_YEARS = range(2000, 2200)
_DATE_DIGITS = 8

Cell = Annotated[int, "cell"]
"""A quarter-hour by number (``domain.timespan``), up to the year 2200."""


class CallbackData:
    """Base class of callback data, packed as ``tag:field:field``.

    Fields are of type int, str or date; a str may hold anything but a colon.
    """

    tag: ClassVar[str]
    _by_tag: ClassVar[dict[str, type["CallbackData"]]] = {}

    def __init_subclass__(cls, *, tag: str = "") -> None:
        """Register the class under its tag.

        ``dataclass(slots=True)`` creates each class a second time, without the keyword ``tag``.
        """
        cls.tag = tag or cls.tag
        if (known := CallbackData._by_tag.get(cls.tag)) and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"two classes of callback data have the tag {cls.tag}")
        CallbackData._by_tag[cls.tag] = cls

    def pack(self) -> str:
        """Return the callback data; raise ValueError if it is too long."""
        kind: Any = type(self)
        values = (getattr(self, name) for name, _type in _fields(kind))
        data = ":".join((self.tag, *map(_packed, values)))
        if len(data.encode()) > _LIMIT:
            raise ValueError(f"callback data too long: {data}")
        return data

    @classmethod
    def read(cls, data: object) -> Self | None:
        """Parse callback data of this class; return None for anything else."""
        found = read(data)
        return found if isinstance(found, cls) else None


def read(data: object) -> CallbackData | None:
    """Parse callback data of any class; return None if it is not valid."""
    return _read(data) if isinstance(data, str) and len(data) <= _LIMIT else None


# Cached, because several handlers read the data of one tap.
@lru_cache(maxsize=1024)
def _read(data: str) -> CallbackData | None:
    """Parse callback data of at most 64 characters."""
    tag, *values = data.split(":")
    kind: Any = CallbackData._by_tag.get(tag)  # noqa: SLF001  (the registry belongs to this module)
    if kind is None or len(values) != len(_fields(kind)):
        return None
    try:
        fields = zip(_fields(kind), values, strict=True)
        choice: CallbackData = kind(
            *(_parsed(field_type, value) for (_name, field_type), value in fields)
        )
    except ValueError:
        return None
    return choice


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Return the name and type of each field of a class."""
    return tuple((field.name, field.type) for field in fields(kind))


def _packed(value: object) -> str:
    """Return a field's value as text."""
    return value.isoformat().replace("-", "") if isinstance(value, date) else str(value)


def _parsed(kind: Any, text: str) -> object:
    """Parse a field's value; raise ValueError if it is not one of its type."""
    if kind in {int, Cell}:
        if not (text.isascii() and text.isdigit()) or int(text) > (
            _LARGEST if kind is int else _LAST_CELL
        ):
            raise ValueError(text)
        return int(text)
    if kind is date and not (
        len(text) == _DATE_DIGITS and text.isascii() and text.isdigit() and int(text[:4]) in _YEARS
    ):
        raise ValueError(text)
    return date.fromisoformat(text) if kind is date else kind(text)


@dataclass(frozen=True, slots=True)
class Nothing(CallbackData, tag="n"):
    """A button without effect, like a day that cannot be chosen."""
