"""The demo's story: who is there, and what to try."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator import Message, Person, Simulator
from simulator.demo import DemoPerson, Step, offers, says

VENUE = "Europe/Berlin"

_A_TIME = r"^\d\d:\d\d$"
_HELD = "Held for you|Für dich reserviert"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is there to begin with: a provider, who is an admin too, and two clients, each with a phone."""

    provider: DemoPerson
    first: DemoPerson
    second: DemoPerson

    def __iter__(self) -> Iterator[DemoPerson]:
        """Go through the phones from left to right."""
        return iter((self.provider, self.first, self.second))


def cast_in(simulator: Simulator) -> Cast:
    """Let everybody join Telegram. All three change to summer time at the same instant, so the steps' times hold all year."""
    return Cast(
        provider=DemoPerson(simulator.person("Dora", language_code="en"), VENUE, "provider"),
        first=DemoPerson(simulator.person("Alice", language_code="en"), "Europe/London", "client"),
        second=DemoPerson(simulator.person("Bernd", language_code="de"), "Europe/Athens", "client"),
    )


def steps_for(cast: Cast) -> list[Step]:
    """Return what to try, in an order that tells the story."""
    dora, alice, bernd = (who.person for who in cast)
    return [
        Step(
            "Dora types the hours she works and gets a preview.",
            offers(dora, "Publish"),
            dora,
            "Mon-Fri 9-17 next week",
        ),
        Step("She taps Publish.", says(dora, "^✅ Published"), dora),
        Step(
            "Alice opens a day: /book, then tap one in the calendar.",
            offers(alice, _A_TIME),
            alice,
            "/book",
        ),
        Step(
            "Bernd opens the same day. His bot speaks German.",
            offers(bernd, _A_TIME),
            bernd,
            "/book",
        ),
        Step("Alice taps 09:15 and holds that time.", says(alice, _HELD), alice),
        Step(
            "Bernd taps the same moment, 11:15 in Athens: too late.",
            says(bernd, "Jemand war schneller"),
            bernd,
        ),
        Step("So Bernd takes another time.", says(bernd, _HELD), bernd),
        Step("Alice taps Confirm, and Dora is told.", says(dora, "New booking"), alice),
        Step(
            "Bernd does nothing. Skip 5 minutes five times: he is warned.",
            says(bernd, "Noch .* Minute"),
            bernd,
        ),
        Step(
            "Skip 5 more: his hold ends, and he is told.",
            says(bernd, "Deine Reservierung ist abgelaufen"),
            bernd,
        ),
        Step(
            "Dora looks at who comes: /agenda, then the day.",
            says(dora, r"(?s)^🗓.*Alice"),
            dora,
            "/agenda",
        ),
        Step(
            "Alice cancels her booking, and Dora is told.",
            says(dora, "cancelled"),
            alice,
            "/bookings",
        ),
        Step(
            "Dora invites a second provider: ↪ opens the link on another phone.",
            _joined_beside(dora),
            dora,
            "/invite",
        ),
    ]


def _joined_beside(provider: Person) -> Callable[[Message], bool]:
    """Return a proof: anybody else, somebody added on the page too, is welcomed as a provider."""
    return lambda message: (
        message.chat.id != provider.id and message.sender == "bot" and message.text.startswith("🎉")
    )
