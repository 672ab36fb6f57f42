"""The demo: the real bot in a simulated Telegram, with phones side by side in a browser and a clock that can be moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import app
from bot.settings import Settings
from domain.client import Contact
from domain.usecases.choose_settings import choose_zone
from domain.usecases.join import accept_invitation, invite_provider
from simulator import Person, Simulator
from simulator.clock import DemoClock
from simulator.demo import Demo, DemoPerson, Step, offers, says

TOKEN = "1:demo"  # noqa: S105  (it opens nothing but the simulator, which runs on this machine only)

_VENUE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is there to begin with: a provider, who is an admin too, and two clients."""

    provider: Person
    first: Person
    second: Person

    @property
    def clients(self) -> tuple[Person, Person]:
        """Both clients."""
        return self.first, self.second


async def run(settings: Settings, *, port: int = 0, database: Path | None = None) -> None:
    """Serve the demo on loopback until cancelled, on any free port where it is 0.

    ``database`` is a file to keep what happens in; without one it is gone at the end.
    """
    clock = DemoClock()
    simulator = Simulator(token=TOKEN, clock=clock)
    cast = Cast(
        provider=simulator.person("Dora", language_code="en"),
        first=simulator.person("Alice", language_code="en"),
        second=simulator.person("Bernd", language_code="de"),
    )
    demo = Demo(simulator, _phones(cast), clock=clock, steps=_steps(cast))
    with _kept_in(database) as file:
        await demo.start(port)
        try:
            await _bot(settings, cast, demo, clock, file)
        finally:
            await demo.stop()


async def _bot(settings: Settings, cast: Cast, demo: Demo, clock: DemoClock, file: Path) -> None:
    """Run the bot in the demo's Telegram, and say where the page is once it is at work."""

    async def ready(house: app.House) -> None:
        clock.on_skip(house.wakeup.soon)
        await _settle_in(house, cast)
        print(f"Slotkeeper's demo: {demo.url}  (Ctrl-C ends it)", flush=True)  # noqa: T201  (the one line the command prints)

    changed = {
        "telegram_api_url": demo.url.rstrip("/"),
        "database_url": f"sqlite:///{file}",
        "admin_ids": frozenset({cast.provider.id}),
        "time_zone": _VENUE,
    }
    await app.run(settings.model_copy(update=changed), TOKEN, clock=clock, ready=ready)


async def _settle_in(house: app.House, cast: Cast) -> None:
    """Have the provider join by an invitation, and everybody choose the zone of his phone, where the database does not know them yet."""
    now = house.clock()
    async with house.database.transaction() as work:
        for person, zone in zip((cast.provider, *cast.clients), _ZONES, strict=True):
            await work.clients.seen(_contact(person), now)
            await choose_zone(work, person.id, zone)
        if await work.providers.of_client(cast.provider.id) is None:
            code, _ = await invite_provider(work, cast.provider.id, frozenset({cast.provider.id}), now)
            await accept_invitation(work, _contact(cast.provider), code, now)


_ZONES = (_VENUE, "America/New_York", "Asia/Kolkata")


def _contact(person: Person) -> Contact:
    """Return a person as an update would tell of him."""
    return Contact(person.id, person.name, language=person.language_code)


def _phones(cast: Cast) -> list[DemoPerson]:
    """Return the phones, from left to right."""
    roles = ("provider", "client", "client")
    return [DemoPerson(person, zone, role) for person, zone, role in zip((cast.provider, *cast.clients), _ZONES, roles, strict=True)]


def _steps(cast: Cast) -> list[Step]:
    """Return what to try, in an order that tells the story."""
    return [
        Step(
            "Dora posts the hours she works: type them, look at the preview.",
            offers(cast.provider, "Publish"),
            cast.provider,
            "Mon-Fri 9-17 next week",
        ),
        Step("She publishes them.", says(cast.provider, "^.*Published"), cast.provider),
        Step("Alice books: she picks a day and a time, and holds it.", says(cast.first, "Held for you"), cast.first, "/book"),
        Step(
            "Bernd tries to take the very same time at the same moment, or holds another.",
            says(cast.second, "schneller|reserviert"),
            cast.second,
            "/book",
        ),
        Step("Alice confirms, and Dora is told.", says(cast.provider, "New booking"), cast.first),
        Step("Bernd lets his hold run out: skip 25 minutes for the warning.", says(cast.second, "um zu bestätigen"), cast.second),
        Step("Skip 5 minutes more: the hold expires and he is told.", says(cast.second, "ist abgelaufen"), cast.second),
        Step("Dora looks at her day.", says(cast.provider, "🗓"), cast.provider, "/agenda"),
        Step("Alice looks at her bookings, and cancels.", says(cast.provider, "cancelled"), cast.first, "/bookings"),
        Step(
            "Dora invites a second provider: send the link to somebody else, who opens it.",
            says(cast.clients, "You are a provider|Anbieter"),
            cast.provider,
            "/invite",
        ),
    ]


@contextmanager
def _kept_in(database: Path | None) -> Iterator[Path]:
    """Give the database's file: the one that was named, or one that is gone at the end."""
    if database is not None:
        yield database
        return
    with TemporaryDirectory(prefix="slotkeeper-demo-") as folder:
        yield Path(folder) / "demo.db"
