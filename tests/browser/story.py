"""The story, a piece at a time, for the tests that play it and for the pictures that show it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.browser.phones import DemoPage, Phone


@dataclass(frozen=True, slots=True)
class Reader:
    """A client: his name and phone, how far his clock is ahead of Berlin's in hours, and what the bot says in his language."""

    name: str
    phone: Phone
    ahead: int
    confirm: str
    held: str
    booked: str
    warned: str
    expired: str
    slower: str
    bookings: str
    nothing: str

    def time(self, in_berlin: str) -> str:
        """Return a time of day in Berlin as his clock shows it."""
        hour, minute = in_berlin.split(":")
        return f"{int(hour) + self.ahead:02}:{minute}"


def readers(page: DemoPage) -> tuple[Reader, Reader]:
    """Return the two clients."""
    english = ("Confirm", "Held for you", "Booked", "5 minutes left", "Your hold has expired")
    german = (
        "Bestätigen",
        "Für dich reserviert",
        "Gebucht",
        "Noch 5 Minuten",
        "Deine Reservierung ist abgelaufen",
    )
    return (
        Reader(
            "Alice",
            page.alice,
            -1,
            *english,
            "Somebody was quicker",
            "Your bookings",
            "nothing coming up",
        ),
        Reader(
            "Bernd",
            page.bernd,
            1,
            *german,
            "Jemand war schneller",
            "Deine Termine",
            "steht nichts an",
        ),
    )


def wednesday_next_week() -> date:
    """Return the day the story is about; it is always more than a day ahead."""
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")).date()
    return today + timedelta(days=9 - today.weekday())


async def hours_are_published(page: DemoPage) -> None:
    """Have the provider type her hours, look at the preview and publish them."""
    await page.dora.sends("Mon-Fri 9-17 next week")
    await page.dora.sees("5 days, 160 slots")
    await page.dora.taps("Publish")
    await page.dora.sees("Published")


async def both_open_the_day(page: DemoPage) -> None:
    """Have both clients look at the same times."""
    for client in readers(page):
        await client.phone.opens_day(wednesday_next_week())
        await client.phone.button(client.time("10:15")).wait_for()


async def the_first_is_faster(page: DemoPage) -> None:
    """Have both take the same time, one right after the other."""
    first, second = readers(page)
    await first.phone.taps(first.time("10:15"))
    await first.phone.sees(first.held)
    await second.phone.taps(second.time("10:15"))
    await second.phone.sees(second.slower)


async def one_confirms_and_the_other_waits(page: DemoPage, winner: Reader, loser: Reader) -> None:
    """Have the loser hold another time, the winner confirm, and the clock move until the loser is warned."""
    await loser.phone.taps(loser.time("10:30"))
    await loser.phone.sees(loser.held)
    await winner.phone.taps(winner.confirm)
    await winner.phone.sees(winner.booked)
    await page.dora.sees("New booking from")
    for _ in range(5):
        await page.skips("5m")
    await loser.phone.newest_says(loser.warned)
