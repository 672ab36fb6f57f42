"""How buttons carry a choice: typed, at most 64 bytes, and complete, so that a tap on any card works after any restart.

Callback data can be forged. What does not read as one of these is nobody's; what does is checked by the use case against the actor.
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
"""A quarter-hour by number (``domain.timespan``); the field of a button takes none beyond the year 2200."""


class Callback:
    """The base of all: packs as ``tag:field:field``. Fields are of type int, str or date; a str may hold anything but a colon."""

    tag: ClassVar[str]
    _by_tag: ClassVar[dict[str, type["Callback"]]] = {}

    def __init_subclass__(cls, *, tag: str = "") -> None:
        """Register the kind under its tag; ``dataclass`` makes each class with slots a second time, which then has its tag."""
        cls.tag = tag or cls.tag
        if (known := Callback._by_tag.get(cls.tag)) and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"two kinds of callback data have the tag {cls.tag}")
        Callback._by_tag[cls.tag] = cls

    def pack(self) -> str:
        """Return the callback data; raises ValueError where it would not fit."""
        kind: Any = type(self)
        values = (getattr(self, name) for name, _type in _fields(kind))
        data = ":".join((self.tag, *map(_written, values)))
        if len(data.encode()) > _LIMIT:
            raise ValueError(f"callback data too long: {data}")
        return data

    @classmethod
    def read(cls, data: object) -> Self | None:
        """Return callback data of this very kind, or None for anything else."""
        found = read(data)
        return found if isinstance(found, cls) else None


def read(data: object) -> Callback | None:
    """Return whatever callback data this is, or None for what no button of ours ever carried."""
    return _read(data) if isinstance(data, str) and len(data) <= _LIMIT else None


# Each dialogue asks for its own kinds, so one tap is read many times.
@lru_cache(maxsize=1024)
def _read(data: str) -> Callback | None:
    """Return the callback data of a text."""
    tag, *values = data.split(":")
    kind: Any = Callback._by_tag.get(tag)  # noqa: SLF001  (the two are one thing)
    if kind is None or len(values) != len(_fields(kind)):
        return None
    try:
        fields = zip(_fields(kind), values, strict=True)
        choice: Callback = kind(*(_value(of, value) for (_name, of), value in fields))
    except ValueError:
        return None
    return choice


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Return the name and the type of each field of a kind."""
    return tuple((field.name, field.type) for field in fields(kind))


def _written(value: object) -> str:
    """Return a field as text."""
    return value.isoformat().replace("-", "") if isinstance(value, date) else str(value)


def _value(kind: Any, text: str) -> object:
    """Return a field from text; raises ValueError for what it cannot be."""
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
class Nothing(Callback, tag="n"):
    """A button that is only looked at, such as a day that cannot be chosen."""
