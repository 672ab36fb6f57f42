"""The demo: the real bot in a simulated Telegram, with phones in a browser and a movable clock."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from bot import lifecycle
from bot.app import App
from bot.clock import system_clock
from bot.demo.skipped_time import SkippedTime
from bot.demo.story import VENUE, Cast, create_cast, steps_for
from bot.ports import BotUnitOfWork
from bot.settings import Settings
from domain.invitation import InvitationKind
from domain.person import Contact
from domain.usecases.acting import own_provider
from domain.usecases.choose_settings import choose_zone
from domain.usecases.invite import accept_invitation, add_invitation
from simulator import Simulator
from simulator.demo import Demo, DemoPerson
from simulator.state.clock import DemoClock

TOKEN = "1:demo"  # noqa: S105  (valid only in the simulator on this machine)


async def run(settings: Settings, *, port: int = 0, database: Path | None = None) -> None:
    """Serve the demo on loopback until cancelled; raise OSError if the port is taken.

    Port 0 means any free one. ``database`` is a file to keep the data in; without one the data is
    deleted at the end.
    """
    clock = DemoClock()
    simulator = Simulator(token=TOKEN, clock=clock)
    # A kept database drops update ids that it has seen, so each run starts with higher ones.
    simulator.number_from(int(system_clock().timestamp() * 1000))
    cast, skipped_time = create_cast(simulator), SkippedTime(clock)
    demo = Demo(simulator, cast, clock=clock, steps=steps_for(cast), skip=skipped_time.skip)
    with _database_file(database) as file:
        await demo.start(port)
        try:
            await _DemoBot(simulator, demo, cast, skipped_time).play(settings, clock, file)
        finally:
            await demo.stop()


class _DemoBot:
    """The bot in the demo's Telegram."""

    def __init__(
        self, simulator: Simulator, demo: Demo, cast: Cast, skipped_time: SkippedTime
    ) -> None:
        self._simulator = simulator
        self._demo = demo
        self._cast = cast
        self._skipped_time = skipped_time
        self._skipping: asyncio.Task[None] | None = None

    async def play(self, settings: Settings, clock: DemoClock, file: Path) -> None:
        """Run the bot until cancelled."""
        changed = {
            "telegram_api_url": self._demo.url.rstrip("/"),
            "database_url": f"sqlite:///{file}",
            "admin_ids": frozenset({self._cast.provider.person.id}),
            "time_zone": VENUE,
            "webhook_url": None,
        }
        try:
            await lifecycle.run(
                settings.model_copy(update=changed),
                TOKEN,
                clock=clock,
                ready=self._prepare,
                serve="listen" in settings.model_fields_set,
            )
        finally:
            if self._skipping is not None:
                self._skipping.cancel()
                with suppress(asyncio.CancelledError):
                    await self._skipping

    async def _prepare(self, app: App) -> None:
        """Start the clock, add the people, send /start for each, and print the page's address."""
        self._skipping = asyncio.create_task(self._skipped_time.run(app))
        async with app.database.transaction() as uow:
            for phone in self._cast:
                await _register(uow, app, phone)
            await _make_provider(uow, app, self._cast.provider)
            await self._restore_phones(uow)
        for phone in self._demo.people:
            phone.person.sends("/start")
        print(f"Slotkeeper's demo: {self._demo.url}  (Ctrl-C ends it)", flush=True)  # noqa: T201  (the command's output)

    async def _restore_phones(self, uow: BotUnitOfWork) -> None:
        """Add phones for the people that were added on the page in an earlier run."""
        for number in count(max(phone.person.id for phone in self._cast) + 1):
            client = await uow.queries.account(number)
            if client is None:
                return
            person = self._simulator.person(
                client.name, language_code=client.telegram_language, id=number
            )
            self._demo.add(DemoPerson(person, client.zone(ZoneInfo(VENUE)).key))


async def _register(uow: BotUnitOfWork, app: App, phone: DemoPerson) -> None:
    """Add a person to the database with their phone's time zone, unless they are known."""
    if await uow.queries.account(phone.person.id) is None:
        person = await uow.people.record_contact(_contact(phone), app.clock())
        await choose_zone(uow, person.id, phone.zone)


async def _make_provider(uow: BotUnitOfWork, app: App, phone: DemoPerson) -> None:
    """Let the provider join by an invitation, unless they have joined already."""
    person = await uow.queries.account(phone.person.id)
    if person is not None and await own_provider(uow, person.id) is None:
        code, _ = await add_invitation(uow, InvitationKind.PROVIDER, app.clock())
        await accept_invitation(uow, person, _contact(phone), code, app.clock())


def _contact(phone: DemoPerson) -> Contact:
    """Return a person's contact as an update would contain it."""
    return Contact(phone.person.id, phone.person.name, language=phone.person.language_code)


@contextmanager
def _database_file(database: Path | None) -> Iterator[Path]:
    """Yield the database file: the given one, or one in a temporary folder."""
    if database is not None:
        yield database
        return
    with TemporaryDirectory(prefix="slotkeeper-demo-") as folder:
        yield Path(folder) / "demo.db"
