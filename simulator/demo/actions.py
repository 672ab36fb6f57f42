"""What people do on the page: write, tap, open links, block, move the clock, bring somebody new."""

from collections.abc import Callable
from datetime import timedelta
from json import JSONDecodeError
from typing import Any, Protocol

from aiohttp import web

from simulator.demo.page import Handler
from simulator.demo.people import DemoPerson
from simulator.state.people import Person

Body = dict[str, Any]
_LONGEST_SKIP = timedelta(days=31)


class Stage(Protocol):
    """What the actions act upon."""

    def person(self, person_id: int) -> Person:
        """Return somebody with a phone; anybody else raises LookupError."""

    def invite(self, wishes: Body) -> DemoPerson:
        """Let somebody join and return who it is."""

    def skip(self, by: timedelta) -> None:
        """Move the clock."""


class Actions:
    """The routes below `/demo/` that change something: JSON in, JSON out, mistakes as 400 with a sentence in `error`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def routes(self) -> dict[str, Handler]:
        """Return the handlers by the last part of their path."""
        known = (self.send, self.tap, self.open, self.block, self.skip, self.join)
        return {action.__name__: _acting(action) for action in known}

    def send(self, body: Body) -> Body:
        """Let a `person` write a `text`."""
        self._person(body).sends(str(body["text"]))
        return {}

    def tap(self, body: Body) -> Body:
        """Let a `person` tap the button with this `data` under a `message`, as the page showed it."""
        person, message_id, data = self._person(body), int(body["message"]), str(body["data"])
        message = person.chat.find(message_id)
        label = (
            next((button.text for button in message.buttons if button.data == data), "")
            if message
            else ""
        )
        # The keyboard may have changed meanwhile; a phone then sends the old data all the same, and so does the page.
        person.taps_data(data, message_id, label=label)
        return {}

    def open(self, body: Body) -> Body:
        """Let a `person` open a `link` to the bot and press Start."""
        self._person(body).opens(str(body["link"]))
        return {}

    def block(self, body: Body) -> Body:
        """Let a `person` block the bot, or with `blocked` false write to it again."""
        person = self._person(body)
        _ = person.blocks() if body["blocked"] else person.unblocks()
        return {}

    def skip(self, body: Body) -> Body:
        """Move the clock by so many `seconds`, a month at most."""
        by = timedelta(seconds=int(body["seconds"]))
        if by > _LONGEST_SKIP:
            raise ValueError("The clock skips a month at most.")
        self._stage.skip(by)
        return {}

    def join(self, body: Body) -> Body:
        """Give a phone to somebody new: `name`, `language`, `zone`; return the `person` by number."""
        return {"person": self._stage.invite(body).person.id}

    def _person(self, body: Body) -> Person:
        return self._stage.person(int(body["person"]))


def _acting(action: Callable[[Body], Body]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        # Pages of other sites can post plain forms without asking first, but not JSON.
        if request.content_type != "application/json":
            return _mistake("Only JSON is understood here.", 415)
        try:
            return web.json_response(action(await request.json()))
        except JSONDecodeError:
            return _mistake("The body is no JSON.")
        except KeyError as error:
            return _mistake(f"{error} is missing.")
        except (LookupError, ValueError, TypeError, OverflowError, RuntimeError) as error:
            return _mistake(str(error))

    return handle


def _mistake(sentence: str, status: int = 400) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
