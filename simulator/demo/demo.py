"""The demo page: served by the simulator on its own port, live in any number of browsers."""

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
    """The demo page of a simulator: phones for `people`, `steps` to try, and the simulator's clock.

    `languages` are the language codes offered for people who are added on the page. `skip` replaces
    `clock.skip` when the page moves the clock; it raises ValueError for a time it refuses.
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
        self._people = {demo_person.person.id: demo_person for demo_person in people}
        self._progress = Progress(tuple(steps))
        self._live = Live(self._state, self._time)
        self._files = Files(simulator.world)
        self._check_existing_messages()
        simulator.world.changes.listeners.append(self._on_change)
        clock.on_skip(self._publish_time)
        simulator.mount(self._add_routes)

    @property
    def url(self) -> str:
        """Return the page's address, or "" until it is served."""
        return f"{self._simulator.url}/" if self._simulator.url else ""

    @property
    def people(self) -> list[DemoPerson]:
        """Return the people with phones, in the order of the phones."""
        return list(self._people.values())

    @property
    def steps_done(self) -> list[bool]:
        """Return whether each step is done."""
        return [number in self._progress.done for number in range(len(self._progress.steps))]

    @property
    def watched(self) -> bool:
        """Return whether any page is connected."""
        return self._live.watched

    async def start(self, port: int = 0) -> None:
        """Serve the simulator with the page; port 0 means any free port."""
        await self._simulator.start(port)

    async def stop(self) -> None:
        """Close every page's stream and stop the simulator."""
        await self.disconnect_pages()
        await self._simulator.stop()

    async def disconnect_pages(self) -> None:
        """Close every page's stream; pages that are open reconnect."""
        await self._live.close()

    def add(self, demo_person: DemoPerson) -> None:
        """Add a person with a phone; raise ValueError if they have one."""
        if demo_person.person.id in self._people:
            raise ValueError(f"{demo_person.person} already has a phone")
        self._people[demo_person.person.id] = demo_person
        self._live.publish("person", person_shown(self._simulator, demo_person))
        self._publish_steps(
            [
                number
                for message in demo_person.person.chat.messages
                for number in self._progress.see(message)
            ]
        )

    def person(self, person_id: int) -> Person:
        """Return a person with a phone; raise LookupError for any other."""
        if person_id not in self._people:
            raise LookupError(f"Person {person_id} has no phone here.")
        return self._people[person_id].person

    def invite(self, wishes: dict[str, Any]) -> DemoPerson:
        """Add a person with a `name`, `language` and `zone`; raise ValueError on a mistake."""
        demo_person = newcomer(self._simulator, wishes)
        self.add(demo_person)
        return demo_person

    def skip(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._skip(by)

    def _add_routes(self, app: web.Application) -> None:
        page = Page()
        app.router.add_get("/", page.index)
        app.router.add_get("/page/{name}", page.part)
        app.router.add_get("/demo/events", self._live.stream)
        app.router.add_get("/demo/file/{id}", self._files.answer)
        app.router.add_get("/demo/chat/{id:[0-9]+}", self._earlier_messages)
        for name, handler in Actions(self).routes().items():
            app.router.add_post(f"/demo/{name}", handler)
        app.on_shutdown.append(self._live.close)

    async def _earlier_messages(self, request: web.Request) -> web.Response:
        """Answer with the messages of a chat before the message number `before`."""
        before = request.query.get("before", "")
        demo_person = self._people.get(int(request.match_info["id"]))
        if demo_person is None or not before.isdecimal():
            raise web.HTTPNotFound
        return web.json_response(messages_shown(demo_person.person.chat, int(before)))

    def _state(self) -> dict[str, Any]:
        """Return the complete state for a page that connects."""
        people = [
            person_shown(self._simulator, demo_person) for demo_person in self._people.values()
        ]
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
        """Return the simulated time in Unix seconds and the seconds skipped so far."""
        return {"now": self._clock().timestamp(), "skipped": self._clock.skipped.total_seconds()}

    def _publish_time(self) -> None:
        self._live.publish("clock", self._time())

    def _check_existing_messages(self) -> None:
        for demo_person in self._people.values():
            for message in demo_person.person.chat.messages:
                self._progress.see(message)

    def _on_change(self, change: Change) -> None:
        chat_id = chat_of(change)
        if chat_id is None:
            self._publish_profile()
        elif chat_id in self._people:
            self._publish_change(chat_id, change)

    def _publish_change(self, chat_id: int, change: Change) -> None:
        if self._live.watched:
            name, content = change_shown(change)
            self._live.publish(name, {"person": chat_id} | content)
        if isinstance(change, Written | Edited):
            self._check_steps(change.message)

    def _check_steps(self, message: Message) -> None:
        self._publish_steps(self._progress.see(message))

    def _publish_steps(self, numbers: list[int]) -> None:
        for number in numbers:
            self._live.publish("step", {"step": number})

    def _publish_profile(self) -> None:
        if self._live.watched:
            people = [
                profile_shown(self._simulator, demo_person) for demo_person in self._people.values()
            ]
            self._live.publish(
                "profile", {"bot": bot_shown(self._simulator.world), "people": people}
            )
