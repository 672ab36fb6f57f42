"""What people do on the page: write, tap, open links, block, move the clock, add a person."""

from collections.abc import Callable
from datetime import timedelta
from json import JSONDecodeError
from typing import Any, Protocol

from aiohttp import web

from simulator.demo.page import Handler
from simulator.demo.people import DemoPerson
from simulator.state.people import Person

Body = dict[str, Any]
_MAX_SKIP = timedelta(days=31)


class Stage(Protocol):
    """What the actions act upon."""

    def person(self, person_id: int) -> Person:
        """Return a person with a phone; raise LookupError for any other."""

    def invite(self, wishes: Body) -> DemoPerson:
        """Add a person with a phone and return them."""

    def skip(self, by: timedelta) -> None:
        """Move the clock."""


class Actions:
    """The routes below `/demo/` that change something.

    They take and return JSON; mistakes are answered with 400 and a sentence in `error`.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def routes(self) -> dict[str, Handler]:
        """Return the handlers by the last part of their path."""
        known = (self.send, self.tap, self.open, self.block, self.skip, self.join)
        return {action.__name__: _json_handler(action) for action in known}

    def send(self, body: Body) -> Body:
        """Send a `text` as a `person`."""
        self._person(body).sends(str(body["text"]))
        return {}

    def tap(self, body: Body) -> Body:
        """Tap the button with this `data` under a `message` as a `person`."""
        person, message_id, data = self._person(body), int(body["message"]), str(body["data"])
        message = person.chat.find(message_id)
        label = (
            next((button.text for button in message.buttons if button.data == data), "")
            if message
            else ""
        )
        # The keyboard may have changed meanwhile. A phone sends the old data then, and so does the
        # page.
        person.taps_data(data, message_id, label=label)
        return {}

    def open(self, body: Body) -> Body:
        """Open a `link` to the bot as a `person` and press Start."""
        self._person(body).opens(str(body["link"]))
        return {}

    def block(self, body: Body) -> Body:
        """Block the bot as a `person`; with `blocked` false, unblock it."""
        person = self._person(body)
        _ = person.blocks() if body["blocked"] else person.unblocks()
        return {}

    def skip(self, body: Body) -> Body:
        """Move the clock by `seconds`, at most 31 days."""
        by = timedelta(seconds=int(body["seconds"]))
        if by > _MAX_SKIP:
            raise ValueError("The clock can skip 31 days at most.")
        self._stage.skip(by)
        return {}

    def join(self, body: Body) -> Body:
        """Add a person with `name`, `language` and `zone`; return the `person` by number."""
        return {"person": self._stage.invite(body).person.id}

    def _person(self, body: Body) -> Person:
        return self._stage.person(int(body["person"]))


def _json_handler(action: Callable[[Body], Body]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        # Pages of other sites can post plain forms without a preflight request, but not JSON.
        if request.content_type != "application/json":
            return _bad_request("The content type must be application/json.", 415)
        try:
            return web.json_response(action(await request.json()))
        except JSONDecodeError:
            return _bad_request("The body is not JSON.")
        except KeyError as error:
            return _bad_request(f"{error} is missing.")
        except (LookupError, ValueError, TypeError, OverflowError, RuntimeError) as error:
            return _bad_request(str(error))

    return handle


def _bad_request(sentence: str, status: int = 400) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
