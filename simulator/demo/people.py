"""The people who have a phone on the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from simulator.simulator import Simulator
from simulator.state.people import Person

_MAX_NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person with a phone, an IANA time zone, and a role in the story like `provider`.

    Raises ValueError for an unknown zone.
    """

    person: Person
    zone: str
    role: str = ""

    def __post_init__(self) -> None:
        _check_zone(self.zone)


def newcomer(simulator: Simulator, wishes: Mapping[str, Any]) -> DemoPerson:
    """Add a person with `name`, `language` and `zone`; raise ValueError on a mistake."""
    name, language, zone = (
        str(wishes.get(field) or "").strip() for field in ("name", "language", "zone")
    )
    if not 0 < len(name) <= _MAX_NAME_LENGTH:
        raise ValueError(f"A name has between 1 and {_MAX_NAME_LENGTH} characters.")
    if not (language.isascii() and language.replace("-", "").isalpha()):
        raise ValueError("A language is a code like en or de.")
    _check_zone(zone)
    return DemoPerson(simulator.person(name, language_code=language), zone)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        # Depending on the name, for example that of a directory, zoneinfo raises one or the other.
        raise ValueError(
            f"There is no time zone {zone!r}: use a name like Europe/Berlin."
        ) from error
