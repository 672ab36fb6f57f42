"""Who has a phone on the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from simulator.simulator import Simulator
from simulator.state.people import Person

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody with a phone: the person, an IANA time zone, and what they are in the story, such as `provider`.

    A zone nobody knows raises ValueError.
    """

    person: Person
    zone: str
    role: str = ""

    def __post_init__(self) -> None:
        _check_zone(self.zone)


def newcomer(simulator: Simulator, wishes: Mapping[str, Any]) -> DemoPerson:
    """Let somebody join with the `name`, `language` and `zone` of a form; a mistake raises ValueError with a sentence."""
    name, language, zone = (
        str(wishes.get(field) or "").strip() for field in ("name", "language", "zone")
    )
    if not 0 < len(name) <= _LONGEST_NAME:
        raise ValueError(f"A name has between 1 and {_LONGEST_NAME} characters.")
    if not (language.isascii() and language.replace("-", "").isalpha()):
        raise ValueError("A language is a code such as en or de.")
    _check_zone(zone)
    return DemoPerson(simulator.person(name, language_code=language), zone)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        # Among the names of directories and of nothing at all, some raise one, some the other.
        raise ValueError(
            f"There is no time zone {zone!r}: take a name such as Europe/Berlin."
        ) from error
