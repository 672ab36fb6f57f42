"""What the buttons carry: typed, at most 64 bytes, and complete, so that a tap on any card works after any restart.

Callback data can be forged. What does not read as one of these is nobody's; what does is checked by the use case against the actor.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any, ClassVar, Self

_LIMIT = 64
_LARGEST = 2**62
_LAST_CELL = 2**23
_YEARS = range(2000, 2200)

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
        values = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]  # every kind is a dataclass
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
    if not isinstance(data, str) or len(data) > _LIMIT:
        return None
    tag, *values = data.split(":")
    kind: Any = Callback._by_tag.get(tag)  # noqa: SLF001  (the two are one thing)
    if kind is None or len(values) != len(fields(kind)):
        return None
    try:
        return kind(*(_value(field.type, value) for field, value in zip(fields(kind), values, strict=True)))  # type: ignore[no-any-return]
    except ValueError:
        return None


def _written(value: object) -> str:
    """Return a field as text."""
    return value.strftime("%Y%m%d") if isinstance(value, date) else str(value)


def _value(kind: Any, text: str) -> object:
    """Return a field from text; raises ValueError for what it cannot be."""
    if kind in {int, Cell}:
        if not (text.isascii() and text.isdigit()) or int(text) > (_LARGEST if kind is int else _LAST_CELL):
            raise ValueError(text)
        return int(text)
    if kind is date and date.fromisoformat(text).year not in _YEARS:
        raise ValueError(text)
    return date.fromisoformat(text) if kind is date else kind(text)


@dataclass(frozen=True, slots=True)
class Nothing(Callback, tag="n"):
    """A button that is only looked at, such as a day that cannot be chosen."""


# Booking


@dataclass(frozen=True, slots=True)
class ProviderPage(Callback, tag="bp"):
    """Page through the providers."""

    page: int


@dataclass(frozen=True, slots=True)
class ChooseProvider(Callback, tag="bc"):
    """Look at a provider's times; ``moving`` here and below is the hold to be moved, or 0."""

    provider: int
    moving: int


@dataclass(frozen=True, slots=True)
class BookingMonth(Callback, tag="bm"):
    """Look at the month of this day in a provider's calendar."""

    provider: int
    month: date
    moving: int


@dataclass(frozen=True, slots=True)
class BookingDay(Callback, tag="bd"):
    """Look at a day's free times."""

    provider: int
    day: date
    page: int
    moving: int


@dataclass(frozen=True, slots=True)
class PickSlot(Callback, tag="bs"):
    """Hold the slot that starts with this cell."""

    provider: int
    start: Cell
    moving: int


@dataclass(frozen=True, slots=True)
class ConfirmHold(Callback, tag="rc"):
    """Confirm a hold."""

    reservation: int


@dataclass(frozen=True, slots=True)
class ReleaseHold(Callback, tag="rr"):
    """Give a hold back."""

    reservation: int


@dataclass(frozen=True, slots=True)
class OtherTime(Callback, tag="ro"):
    """Choose another time for a hold."""

    reservation: int


@dataclass(frozen=True, slots=True)
class ShowCard(Callback, tag="rs"):
    """Show a reservation's card again."""

    reservation: int


# A client's bookings


@dataclass(frozen=True, slots=True)
class BookingsPage(Callback, tag="lp"):
    """Page through one's coming reservations."""

    page: int


@dataclass(frozen=True, slots=True)
class ShowBooking(Callback, tag="ls"):
    """Look at one of them."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AskCancel(Callback, tag="la"):
    """Ask whether to cancel it."""

    reservation: int


@dataclass(frozen=True, slots=True)
class CancelBooking(Callback, tag="lc"):
    """Cancel it."""

    reservation: int


# A provider's hours


@dataclass(frozen=True, slots=True)
class HoursHome(Callback, tag="hh"):
    """See how hours are posted, and what is posted; ``page`` pages through the posted days."""

    page: int


@dataclass(frozen=True, slots=True)
class NewDraft(Callback, tag="hn"):
    """Begin to choose days in a calendar."""


@dataclass(frozen=True, slots=True)
class DraftMonth(Callback, tag="hm"):
    """Look at another month while choosing days."""

    draft: int
    month: date


@dataclass(frozen=True, slots=True)
class ToggleDay(Callback, tag="ht"):
    """Choose a day, or choose it no longer; ``chosen`` is 1 or 0, what the day is to be, so that a double tap does no more than one."""

    draft: int
    day: date
    chosen: int


@dataclass(frozen=True, slots=True)
class DraftTimes(Callback, tag="hi"):
    """Go on to the start."""

    draft: int


@dataclass(frozen=True, slots=True)
class DraftStart(Callback, tag="hs"):
    """Choose the start, in minutes after midnight, and go on to the end."""

    draft: int
    start: int


@dataclass(frozen=True, slots=True)
class DraftEnd(Callback, tag="he"):
    """Choose the end, and see the preview."""

    draft: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ShowDraft(Callback, tag="hv"):
    """See the preview of a draft, such as one that was suggested."""

    draft: int


@dataclass(frozen=True, slots=True)
class PublishDraft(Callback, tag="hp"):
    """Post a draft."""

    draft: int


@dataclass(frozen=True, slots=True)
class DiscardDraft(Callback, tag="hx"):
    """Drop a draft."""

    draft: int


@dataclass(frozen=True, slots=True)
class UndoDraft(Callback, tag="hu"):
    """Take back what publishing added; ``inside`` says what becomes of reservations (see usecases.remove_availability.Inside)."""

    draft: int
    inside: str


@dataclass(frozen=True, slots=True)
class PostedDay(Callback, tag="hd"):
    """See what is posted on a day."""

    day: date


@dataclass(frozen=True, slots=True)
class RemoveHours(Callback, tag="hr"):
    """Take the hours between two cells away; ``inside`` as above."""

    start: Cell
    end: Cell
    inside: str


# A provider's agenda


@dataclass(frozen=True, slots=True)
class AgendaDay(Callback, tag="ad"):
    """See the reservations of a day."""

    day: date


@dataclass(frozen=True, slots=True)
class AgendaEntry(Callback, tag="ae"):
    """See one reservation."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AskReason(Callback, tag="ar"):
    """Ask for a reason before cancelling for a client."""

    reservation: int


@dataclass(frozen=True, slots=True)
class CancelForClient(Callback, tag="ac"):
    """Cancel without a reason."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AgendaPage(Callback, tag="ap"):
    """Page through the reservations of a full day."""

    day: date
    page: int


# People


@dataclass(frozen=True, slots=True)
class SettingsHome(Callback, tag="sh"):
    """See the settings."""


@dataclass(frozen=True, slots=True)
class ChooseZone(Callback, tag="sz"):
    """Be shown all times in this zone."""

    zone: str


@dataclass(frozen=True, slots=True)
class AskZone(Callback, tag="sa"):
    """See the common zones, or type another."""


@dataclass(frozen=True, slots=True)
class AskLanguage(Callback, tag="sl"):
    """See the languages."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage(Callback, tag="sc"):
    """Speak this language from now on."""

    language: str


@dataclass(frozen=True, slots=True)
class AskName(Callback, tag="sn"):
    """Type another public name."""


@dataclass(frozen=True, slots=True)
class KeepName(Callback, tag="jn"):
    """Keep the name Telegram knows a new provider by."""


@dataclass(frozen=True, slots=True)
class JoinZone(Callback, tag="jz"):
    """Choose a new provider's zone."""

    zone: str


@dataclass(frozen=True, slots=True)
class Open(Callback, tag="go"):
    """Begin what a command of this name would begin."""

    command: str
