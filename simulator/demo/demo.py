"""The demo page in one object: served by the simulator on its own port, live for as many browsers as like to look."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web

from simulator.demo.actions import Actions
from simulator.demo.files import Files
from simulator.demo.live import Live
from simulator.demo.page import Page
from simulator.demo.people import DemoPerson, newcomer
from simulator.demo.shown import (
    bot_shown,
    change_shown,
    chat_of,
    messages_shown,
    person_shown,
    profile_shown,
)
from simulator.demo.steps import Progress, Step
from simulator.simulator import Simulator
from simulator.state.changes import Change, Edited, Written
from simulator.state.chats import Message
from simulator.state.clock import DemoClock
from simulator.state.people import Person


class Demo:
    """The page for a simulator, with phones for `people`, a list of `steps` to try, and the clock the simulator was made with.

    `languages` are the language codes offered to people who are added on the page. `skip` moves the clock when the page asks for it,
    where more has to happen on the way than that; a time it refuses raises ValueError.
    """

    def __init__(
        self,
        simulator: Simulator,
        people: Iterable[DemoPerson],
        *,
        clock: DemoClock,
        steps: Iterable[Step] = (),
        languages: Sequence[str] = ("en", "de"),
        skip: Callable[[timedelta], object] | None = None,
    ) -> None:
        self._simulator = simulator
        self._clock = clock
        self._skip = skip or clock.skip
        self._languages = list(languages)
        self._people = {who.person.id: who for who in people}
        self._progress = Progress(tuple(steps))
        self._live = Live(self._state, self._time)
        self._files = Files(simulator.world)
        self._look_back()
        simulator.world.news.listeners.append(self._hear)
        clock.on_skip(self._tell_time)
        simulator.mount(self._add_routes)

    @property
    def url(self) -> str:
        """Return the page's address, "" until it is served."""
        return f"{self._simulator.url}/" if self._simulator.url else ""

    @property
    def people(self) -> list[DemoPerson]:
        """Return who has a phone, in the order of the phones."""
        return list(self._people.values())

    @property
    def steps_done(self) -> list[bool]:
        """Return for every step whether it is done."""
        return [number in self._progress.done for number in range(len(self._progress.steps))]

    async def start(self, port: int = 0) -> None:
        """Serve the simulator with the page, on any free port where it is 0."""
        await self._simulator.start(port)

    async def stop(self) -> None:
        """Close every page's stream and stop the simulator."""
        await self._live.close()
        await self._simulator.stop()

    def add(self, who: DemoPerson) -> None:
        """Give somebody a phone; somebody who has one raises ValueError."""
        if who.person.id in self._people:
            raise ValueError(f"{who.person} has a phone already")
        self._people[who.person.id] = who
        self._live.tell("person", person_shown(self._simulator, who))
        self._tell_steps(
            [
                number
                for message in who.person.chat.messages
                for number in self._progress.see(message)
            ]
        )

    def person(self, person_id: int) -> Person:
        """Return somebody with a phone; anybody else raises LookupError."""
        if person_id not in self._people:
            raise LookupError(f"Nobody with the number {person_id} has a phone here.")
        return self._people[person_id].person

    def invite(self, wishes: dict[str, Any]) -> DemoPerson:
        """Let somebody join with a `name`, a `language` and a `zone`, and give them a phone; a mistake raises ValueError."""
        who = newcomer(self._simulator, wishes)
        self.add(who)
        return who

    def skip(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._skip(by)

    def _add_routes(self, app: web.Application) -> None:
        page = Page()
        app.router.add_get("/", page.index)
        app.router.add_get("/page/{name}", page.part)
        app.router.add_get("/demo/events", self._live.stream)
        app.router.add_get("/demo/file/{id}", self._files.answer)
        app.router.add_get("/demo/chat/{id:[0-9]+}", self._earlier)
        for name, handler in Actions(self).routes().items():
            app.router.add_post(f"/demo/{name}", handler)
        app.on_shutdown.append(self._live.close)

    async def _earlier(self, request: web.Request) -> web.Response:
        """Answer with the messages of a chat right before the number `before`."""
        before = request.query.get("before", "")
        who = self._people.get(int(request.match_info["id"]))
        if who is None or not before.isdecimal():
            raise web.HTTPNotFound
        return web.json_response(messages_shown(who.person.chat, int(before)))

    def _state(self) -> dict[str, Any]:
        """Return everything a page needs to begin with."""
        people = [person_shown(self._simulator, who) for who in self._people.values()]
        bot = bot_shown(self._simulator.world)
        return {
            "bot": bot,
            "languages": self._languages,
            "people": people,
            "steps": self._steps(),
        } | self._time()

    def _steps(self) -> list[dict[str, Any]]:
        return [
            {
                "text": step.text,
                "done": done,
                "person": step.person.id if step.person else None,
                "suggestion": step.suggestion,
            }
            for step, done in zip(self._progress.steps, self.steps_done, strict=True)
        ]

    def _time(self) -> dict[str, float]:
        """Return the simulated instant in Unix seconds, and by how many seconds the clock was moved so far."""
        return {"now": self._clock().timestamp(), "skipped": self._clock.skipped.total_seconds()}

    def _tell_time(self) -> None:
        self._live.tell("clock", self._time())

    def _look_back(self) -> None:
        for who in self._people.values():
            for message in who.person.chat.messages:
                self._progress.see(message)

    def _hear(self, change: Change) -> None:
        chat_id = chat_of(change)
        if chat_id is None:
            self._tell_profile()
        elif chat_id in self._people:
            self._tell_change(chat_id, change)

    def _tell_change(self, chat_id: int, change: Change) -> None:
        if self._live.watched:
            name, content = change_shown(change)
            self._live.tell(name, {"person": chat_id} | content)
        if isinstance(change, Written | Edited):
            self._see(change.message)

    def _see(self, message: Message) -> None:
        self._tell_steps(self._progress.see(message))

    def _tell_steps(self, numbers: list[int]) -> None:
        for number in numbers:
            self._live.tell("step", {"step": number})

    def _tell_profile(self) -> None:
        if self._live.watched:
            people = [profile_shown(self._simulator, who) for who in self._people.values()]
            self._live.tell("profile", {"bot": bot_shown(self._simulator.world), "people": people})
