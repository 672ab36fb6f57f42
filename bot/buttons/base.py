"""Typed callback data for buttons, at most 64 bytes.

It holds the whole choice, so that a tap on any card works after any restart. It can be forged:
data that does not parse is ignored, and use cases check the rest against the actor.
"""

from dataclasses import MISSING, Field, dataclass, fields
from datetime import date
from functools import cache
from string import ascii_lowercase, digits
from types import UnionType
from typing import Annotated, Any, ClassVar, NamedTuple, get_args

_LIMIT = 64
_LARGEST = 2**52
_CELLS_IN_A_QUARTER = 3
_LAST_CELL = 3 * 2**23
_YEARS = range(2000, 2200)
_DATE_DIGITS = 8
_MARK_LENGTH = 9
_DIGITS = digits + ascii_lowercase

Mark = Annotated[str, "mark"]
"""A letter and a short digest, at most nine characters."""
Cell = Annotated[int, "cell"]
"""Five minutes by number (``domain.timespan``), up to the year 2209."""


class _Form(NamedTuple):
    """How data with a tag is written: its class, the base of numbers, and the cells in a Cell."""

    kind: Any
    base: int
    cells: int = 1


class CallbackData:
    """Base class of callback data, packed as ``tag:field:field``.

    Fields are of type int, Cell, str, date or ``int | None``; a str may hold anything but a colon.
    Trailing fields at their default are not packed: a class may get a new field with a default,
    and buttons on people's screens keep working. New classes write numbers in ``base=36``.
    ``old_tag`` is the tag of a class from the time when cells were quarter-hours and numbers
    decimal: data with it is still read.
    """

    tag: ClassVar[str]
    base: ClassVar[int] = 10
    old_tag: ClassVar[str] = ""
    _by_tag: ClassVar[dict[str, _Form]] = {}

    def __init_subclass__(cls, *, tag: str = "", base: int = 0, old_tag: str = "") -> None:
        """Register the class under its tags.

        ``dataclass(slots=True)`` creates each class a second time, without the keywords.
        """
        cls.tag, cls.base, cls.old_tag = tag or cls.tag, base or cls.base, old_tag or cls.old_tag
        if cls.old_tag:
            cls._register(cls.old_tag, _Form(cls, 10, _CELLS_IN_A_QUARTER))
        cls._register(cls.tag, _Form(cls, cls.base))

    @classmethod
    def _register(cls, tag: str, form: _Form) -> None:
        """Read data with this tag as the class; raise TypeError if another class has the tag."""
        known = CallbackData._by_tag.get(tag)
        if known and known.kind.__qualname__ != cls.__qualname__:
            raise TypeError(f"two classes of callback data have the tag {tag}")
        CallbackData._by_tag[tag] = form

    def pack(self) -> str:
        """Return the callback data; raise ValueError if it is too long."""
        kind: Any = type(self)
        described = _fields(kind)
        values = [getattr(self, field.name) for field in described]
        while values and values[-1] == described[len(values) - 1].default:
            values.pop()
        data = ":".join((self.tag, *(_packed(value, self.base) for value in values)))
        if len(data.encode()) > _LIMIT:
            raise ValueError(f"callback data too long: {data}")
        return data


def read(data: object) -> CallbackData | None:
    """Parse callback data of any class; return None if it is not valid."""
    if not isinstance(data, str) or not _can_be_packed(data):
        return None
    tag, *values = data.split(":")
    form = CallbackData._by_tag.get(tag)  # noqa: SLF001  (the registry belongs to this module)
    if form is None or not _required(form.kind) <= len(values) <= len(_fields(form.kind)):
        return None
    described = zip(_fields(form.kind), values, strict=False)
    try:
        choice: CallbackData = form.kind(
            *(_parsed(field.type, value, form) for field, value in described)
        )
    except ValueError:
        return None
    return choice


def _can_be_packed(data: str) -> bool:
    """Return whether callback data may come from a button: short enough, without half characters.

    No database and no digest takes the half of a surrogate pair, which JSON can carry.
    """
    try:
        return len(data) <= _LIMIT and len(data.encode()) <= _LIMIT and "\x00" not in data
    except UnicodeEncodeError:
        return False


@cache
def _fields(kind: Any) -> tuple[Field[Any], ...]:
    """Return the fields of a class."""
    return fields(kind)


def _required(kind: Any) -> int:
    """Return how many fields of a class have no default."""
    return sum(field.default is MISSING for field in _fields(kind))


def _packed(value: object, base: int) -> str:
    """Return a field's value as text."""
    if isinstance(value, date):
        return value.isoformat().replace("-", "")
    return _written(value or 0, base) if isinstance(value, int | None) else str(value)


def _written(number: int, base: int) -> str:
    """Return a number as text, with letters after the digit 9."""
    rest, last = divmod(number, base)
    return (_written(rest, base) if rest else "") + _DIGITS[last]


def _parsed(kind: Any, text: str, form: _Form) -> object:
    """Parse a field's value; raise ValueError if it is not one of its type.

    An optional number is packed as 0 for None.
    """
    if isinstance(kind, UnionType):
        return _parsed(get_args(kind)[0], text, form) or None
    if kind is date:
        return _day(text)
    if kind is Mark and len(text) > _MARK_LENGTH:
        raise ValueError(text)
    if kind in {str, Mark}:
        return text
    if kind is Cell:
        return _number(text, form.base, _LAST_CELL // form.cells) * form.cells
    return _number(text, form.base, _LARGEST)


def _number(text: str, base: int, largest: int) -> int:
    """Parse a number from 0 to the largest."""
    if not set(text) <= set(_DIGITS[:base]) or (number := int(text, base)) > largest:
        raise ValueError(text)
    return number


def _day(text: str) -> date:
    """Parse a day like ``20261125``."""
    if len(text) != _DATE_DIGITS or not set(text) <= set(digits) or int(text[:4]) not in _YEARS:
        raise ValueError(text)
    return date.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Nothing(CallbackData, tag="n"):
    """A button without effect, like a day that cannot be chosen."""
