"""The demo: the real bot in a simulated Telegram, with phones side by side in a browser and a clock that can be moved."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from bot import lifecycle as running
from bot.app import App
from bot.clock import system_clock
from bot.demo.skipped_time import Passage
from bot.demo.story import VENUE, Cast, cast_in, steps_for
from bot.ports import BotUnitOfWork
from bot.settings import Settings
from domain.client import Contact
from domain.usecases.choose_settings import choose_zone
from domain.usecases.join import accept_invitation, invite_provider
from simulator import Simulator
from simulator.demo import Demo, DemoPerson
from simulator.state.clock import DemoClock

TOKEN = "1:demo"  # noqa: S105  (it opens nothing but the simulator, which runs on this machine only)


async def run(settings: Settings, *, port: int = 0, database: Path | None = None) -> None:
    """Serve the demo on loopback until cancelled, on any free port where it is 0; OSError where the port is taken.

    ``database`` is a file to keep what happens in; without one it is gone at the end.
    """
    clock = DemoClock()
    simulator = Simulator(token=TOKEN, clock=clock)
    # A database that was kept knows the numbers of earlier runs, and takes those that come again for repetitions.
    simulator.number_from(int(system_clock().timestamp() * 1000))
    cast, passage = cast_in(simulator), Passage(clock)
    demo = Demo(simulator, cast, clock=clock, steps=steps_for(cast), skip=passage.skip)
    with _kept_in(database) as file:
        await demo.start(port)
        try:
            await _Stage(simulator, demo, cast, passage).play(settings, clock, file)
        finally:
            await demo.stop()


class _Stage:
    """The bot in the demo's Telegram."""

    def __init__(self, simulator: Simulator, demo: Demo, cast: Cast, passage: Passage) -> None:
        self._simulator = simulator
        self._demo = demo
        self._cast = cast
        self._passage = passage
        self._passing: asyncio.Task[None] | None = None

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
            await running.run(
                settings.model_copy(update=changed),
                TOKEN,
                clock=clock,
                ready=self._begin,
                serve="listen" in settings.model_fields_set,
            )
        finally:
            if self._passing is not None:
                self._passing.cancel()
                with suppress(asyncio.CancelledError):
                    await self._passing

    async def _begin(self, app: App) -> None:
        """Let time pass, have everybody there begin, and say where the page is."""
        self._passing = asyncio.create_task(self._passage.run(app))
        async with app.database.transaction() as work:
            for who in self._cast:
                await _settle(work, app, who)
            await _make_provider(work, app, self._cast.provider)
            await self._bring_back(work)
        for who in self._demo.people:
            who.person.sends("/start")
        print(f"Slotkeeper's demo: {self._demo.url}  (Ctrl-C ends it)", flush=True)  # noqa: T201  (the one line the command prints)

    async def _bring_back(self, work: BotUnitOfWork) -> None:
        """Give phones to those who were added on the page in an earlier run."""
        for number in count(max(who.person.id for who in self._cast) + 1):
            known = await work.clients.get(number)
            if known is None:
                return
            person = self._simulator.person(
                known.name, language_code=known.telegram_language, id=number
            )
            self._demo.add(DemoPerson(person, known.zone(ZoneInfo(VENUE)).key))


async def _settle(work: BotUnitOfWork, app: App, who: DemoPerson) -> None:
    """Have somebody the database does not know yet choose the zone of his phone."""
    if await work.clients.get(who.person.id) is None:
        await work.clients.record_contact(_contact(who), app.clock())
        await choose_zone(work, who.person.id, who.zone)


async def _make_provider(work: BotUnitOfWork, app: App, who: DemoPerson) -> None:
    """Have the provider join by an invitation, as in life, unless he did before."""
    if await work.providers.of_client(who.person.id) is None:
        code, _ = await invite_provider(
            work, who.person.id, frozenset({who.person.id}), app.clock()
        )
        await accept_invitation(work, _contact(who), code, app.clock())


def _contact(who: DemoPerson) -> Contact:
    """Return a person as an update would tell of him."""
    return Contact(who.person.id, who.person.name, language=who.person.language_code)


@contextmanager
def _kept_in(database: Path | None) -> Iterator[Path]:
    """Give the database's file: the one that was named, or one that is gone at the end."""
    if database is not None:
        yield database
        return
    with TemporaryDirectory(prefix="slotkeeper-demo-") as folder:
        yield Path(folder) / "demo.db"
