"""The buttons of a provider's hours."""

from dataclasses import dataclass
from datetime import date

from bot.buttons.base import Callback, Cell


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


@dataclass(frozen=True, slots=True)
class AskRemoval(Callback, tag="hq"):
    """Ask whether to take the hours between two cells away."""

    start: Cell
    end: Cell
