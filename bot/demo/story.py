"""The demo's story: its people, and the steps to try."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator import Message, Simulator
from simulator.demo import DemoPerson, Step, offers, says

VENUE = "Europe/Berlin"

_A_TIME = r"^\d\d:\d\d$"
_HELD = "Held for you|Für dich reserviert"


@dataclass(frozen=True, slots=True)
class Cast:
    """The people at the start, each with a phone: a provider, also an admin, and two clients."""

    provider: DemoPerson
    first: DemoPerson
    second: DemoPerson

    def __iter__(self) -> Iterator[DemoPerson]:
        """Iterate over the phones from left to right."""
        return iter((self.provider, self.first, self.second))


def create_cast(simulator: Simulator) -> Cast:
    """Create the people in the simulator.

    Their time zones change the clocks at the same instant, so the steps' times hold all year.
    """
    return Cast(
        provider=DemoPerson(simulator.person("Dora", language_code="en"), VENUE, "provider"),
        first=DemoPerson(simulator.person("Alice", language_code="en"), "Europe/London", "client"),
        second=DemoPerson(simulator.person("Bernd", language_code="de"), "Europe/Athens", "client"),
    )


def steps_for(cast: Cast) -> list[Step]:
    """Return the steps to try, in the order of the story."""
    dora, alice, bernd = (phone.person for phone in cast)
    return [
        Step(
            "Dora types the hours she works and gets a preview.",
            offers(dora, "Publish"),
            dora,
            "Mon-Fri 9-17 next week",
        ),
        Step("She taps Publish.", says(dora, r"(?m)^✅ Published"), dora),
        Step(
            "Alice opens a day: /book, then tap one in the calendar.",
            offers(alice, _A_TIME),
            alice,
            "/book",
        ),
        Step(
            "Bernd, who reads German, opens the same day.",
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
        Step(
            "Bernd types another time, then moves to it with one tap.",
            says(bernd, rf"(?s)({_HELD}).*12:00–"),
            bernd,
            "12:00",
        ),
        Step("Alice taps Confirm, and Dora is notified.", says(alice, r"(?m)^✅ Booked"), alice),
        Step(
            "Bernd does nothing. Skip 5 minutes five times: Bernd gets a warning.",
            says(bernd, "Noch .* Minute"),
            bernd,
        ),
        Step(
            "Skip 5 more: the hold expires, and Bernd is notified.",
            says(bernd, "Deine Reservierung ist abgelaufen"),
            bernd,
        ),
        Step(
            "Dora looks at who comes: /agenda, then the day.",
            says(dora, r"(?sm)^🗓.*Alice"),
            dora,
            "/agenda",
        ),
        Step(
            "Alice cancels her booking, and Dora is notified.",
            says(alice, r"^\W*Booking cancelled"),
            alice,
            "/bookings",
        ),
        Step(
            "Alice asks for a time of day and gets the days on which it is free.",
            says(alice, "Which day at 15:00"),
            alice,
            "/book 15:00",
        ),
        Step(
            "Dora adds Emil: /invite, then A provider without Telegram, then Emil.",
            says(dora, "Emil is added"),
            dora,
            "/invite",
        ),
        Step(
            "She taps Invite their assistant: ↪ opens the link on a phone that you add.",
            _newcomer(cast, r"^🎉"),
        ),
        Step(
            "The assistant types when Emil works, like Mon-Fri 9-12 next week, and publishes it.",
            _newcomer(cast, r"(?m)^✅ Published"),
        ),
        Step(
            "Bernd books with Emil and confirms; Emil's assistant and Dora are notified.",
            says(bernd, r"(?s)^✅ Gebucht.*Emil"),
            bernd,
            "/book Emil",
        ),
    ]


def _newcomer(cast: Cast, pattern: str) -> Callable[[Message], bool]:
    """Return a proof: on a phone that was added later, the bot writes text with the pattern."""
    known = {phone.person.id for phone in cast}
    return lambda message: (
        message.chat.id not in known
        and message.sender == "bot"
        and re.search(pattern, message.text) is not None
    )
