"""The buttons of a provider's hours.

``provider`` is None on buttons of the time when no one acted for several.
"""

from dataclasses import dataclass
from datetime import date

from bot.buttons.base import CallbackData, Cell, Mark


@dataclass(frozen=True, slots=True)
class HoursHome(CallbackData, tag="hh"):
    """Show how to post hours, and a page of the posted days."""

    page: int
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class NewDraft(CallbackData, tag="hn"):
    """Start choosing days in a calendar."""

    provider: int | None = None


@dataclass(frozen=True, slots=True)
class DraftMonth(CallbackData, tag="hm"):
    """Show another month while choosing days."""

    draft: int
    month: date


@dataclass(frozen=True, slots=True)
class ToggleDay(CallbackData, tag="ht"):
    """Select or deselect a day.

    ``chosen`` is the wanted state, 1 or 0, so that a double tap has the effect of one.
    """

    draft: int
    day: date
    chosen: int


@dataclass(frozen=True, slots=True)
class DraftTimes(CallbackData, tag="hi"):
    """Continue with the start time."""

    draft: int


@dataclass(frozen=True, slots=True)
class DraftStart(CallbackData, tag="hs"):
    """Choose the start, in minutes after midnight, and continue with the end."""

    draft: int
    start: int


@dataclass(frozen=True, slots=True)
class DraftEnd(CallbackData, tag="he"):
    """Choose the end, in minutes after midnight, and show the preview."""

    draft: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ShowDraft(CallbackData, tag="hv"):
    """Show the preview of a draft, for example of a suggested one."""

    draft: int


@dataclass(frozen=True, slots=True)
class PublishDraft(CallbackData, tag="hp"):
    """Publish a draft."""

    draft: int


@dataclass(frozen=True, slots=True)
class DiscardDraft(CallbackData, tag="hx"):
    """Discard a draft."""

    draft: int


@dataclass(frozen=True, slots=True)
class UndoDraft(CallbackData, tag="hu"):
    """Remove the hours that publishing the draft added.

    ``inside`` says what to do with reservations in them, see ``remove_availability.Inside``.
    """

    draft: int
    inside: Mark


@dataclass(frozen=True, slots=True)
class PostedDay(CallbackData, tag="hd"):
    """Show the posted hours of a day."""

    day: date
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveHours(CallbackData, tag="hc", base=36, old_tag="hr"):
    """Remove the hours between two cells; ``inside`` is as in ``UndoDraft``."""

    start: Cell
    end: Cell
    inside: Mark
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class AskRemoval(CallbackData, tag="ha", base=36, old_tag="hq"):
    """Ask for confirmation before removing the hours between two cells."""

    start: Cell
    end: Cell
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class HoursOf(CallbackData, tag="ho", base=36):
    """Go on for this provider with what was typed before, or with their hours."""

    provider: int
