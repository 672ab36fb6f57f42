"""The story in parts, for the tests that play it and for the pictures."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.browser.phones import DemoPage, Phone


@dataclass(frozen=True, slots=True)
class StoryClient:
    """A client: name, phone, hours ahead of Berlin, and the bot's texts in their language."""

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
        """Return a time of day in Berlin as this client's clock shows it."""
        hour, minute = in_berlin.split(":")
        return f"{int(hour) + self.ahead:02}:{minute}"


def clients_of(page: DemoPage) -> tuple[StoryClient, StoryClient]:
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
        StoryClient(
            "Alice",
            page.alice,
            -1,
            *english,
            "Someone just took that time",
            "Your bookings",
            "No upcoming bookings",
        ),
        StoryClient(
            "Bernd",
            page.bernd,
            1,
            *german,
            "Jemand war schneller",
            "Deine Termine",
            "keine anstehenden Termine",
        ),
    )


def wednesday_next_week() -> date:
    """Return the day of the story; it is always more than a day ahead."""
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")).date()
    return today + timedelta(days=9 - today.weekday())


async def hours_are_published(page: DemoPage) -> None:
    """Type hours as the provider, check the preview and publish them."""
    await page.dora.sends("Mon-Fri 9-17 next week")
    await page.dora.sees("5 days, 160 slots")
    await page.dora.taps("Publish")
    await page.dora.sees("Published")


async def both_open_the_day(page: DemoPage) -> None:
    """Open the same day on both clients' phones."""
    for client in clients_of(page):
        await client.phone.opens_day(wednesday_next_week())
        await client.phone.button(client.time("10:15")).wait_for()


async def both_take_one_time(page: DemoPage) -> None:
    """Let both clients take the same time, one right after the other."""
    first, second = clients_of(page)
    await first.phone.taps(first.time("10:15"))
    await first.phone.sees(first.held)
    await second.phone.taps(second.time("10:15"))
    await second.phone.sees(second.slower)


async def one_confirms_and_the_other_waits(
    page: DemoPage, winner: StoryClient, loser: StoryClient
) -> None:
    """Hold another time as the loser, confirm as the winner, and wait until the warning."""
    await loser.phone.taps(loser.time("10:30"))
    await loser.phone.sees(loser.held)
    await winner.phone.taps(winner.confirm)
    await winner.phone.sees(winner.booked)
    await page.dora.sees("New booking from")
    for _ in range(5):
        await page.skips("5m")
    await loser.phone.newest_says(loser.warned)
