"""A small JSON API for scripts and curl: join, write or tap as a person, and read the results."""

from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import Any

from aiohttp import web

from simulator.state.chats import Chat, Message
from simulator.state.groups import Group
from simulator.state.people import Person
from simulator.state.world import World

Body = dict[str, Any]
Action = Callable[[Body], Any]


class Control:
    """The routes below `/control/`; a bad request is answered with 400 and a sentence."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application."""
        app.router.add_post("/control/people", _json_handler(self.join))
        app.router.add_post("/control/groups", _json_handler(self.gather))
        app.router.add_post("/control/send", _json_handler(self.send))
        app.router.add_post("/control/edit", _json_handler(self.edit))
        app.router.add_post("/control/locate", _json_handler(self.locate))
        app.router.add_post("/control/rename", _json_handler(self.rename))
        app.router.add_post("/control/tap", _json_handler(self.tap))
        app.router.add_post("/control/block", _json_handler(self.block))
        app.router.add_post("/control/faults", _json_handler(self.add_fault))
        app.router.add_delete("/control/faults", self.clear_faults)
        app.router.add_get("/control/chat/{id:-?[0-9]+}", self.chat)
        app.router.add_get("/control/transcript", self.transcript)

    def join(self, body: Body) -> Body:
        """Add a person.

        The body has `first_name`, and optionally `last_name`, `username`, `language_code`, `id`. A
        null value is sent as null.
        """
        details = _details(body)
        if "first_name" not in details:
            raise ValueError("a person needs a first_name")
        account_id = body.get("id")
        return self._world.new_account(
            None if account_id is None else int(account_id), {"language_code": "en", **details}
        ).as_json()

    def rename(self, body: Body) -> Body:
        """Change the names or the `language_code` of a `person`."""
        self._person(body).renames(**_details(body))
        return self._world.accounts[int(body["person"])].as_json()

    def gather(self, body: Body) -> Body:
        """Create a group with a `title` that includes the bot."""
        return self._world.new_chat("group", str(body["title"])).as_json()

    def send(self, body: Body) -> Body:
        """Send a `text` as a `person`, in a `group` if given, or open a `link`; return the update.

        If `exactly` is true, the text is sent unchanged, even if it is only white space.
        """
        person = self._person(body)
        if "link" in body:
            return person.opens(str(body["link"]))
        if "group" in body:
            return person.sends_in(
                Group(self._world, self._world.chats[int(body["group"])]), str(body["text"])
            )
        send = person.sends_exactly if body.get("exactly") else person.sends
        return send(str(body["text"]))

    def edit(self, body: Body) -> Body:
        """Change the `text` of a `person`'s earlier message, by its `message_id`."""
        return self._person(body).edits(int(body["message_id"]), str(body["text"]))

    def locate(self, body: Body) -> Body:
        """Share a live location as a `person`, or move the one with this `message_id`.

        The position is `latitude` and `longitude`.
        """
        person, place = self._person(body), (float(body["latitude"]), float(body["longitude"]))
        if "message_id" in body:
            return person.moves(int(body["message_id"]), *place)
        return person.sends_location(*place, live_period=int(body.get("live_period", 900)))

    def tap(self, body: Body) -> Body:
        """Tap the button with this `label` as a `person`, or send `data` from a `message_id`.

        `message_id` limits the search for the label to one message.
        """
        person = self._person(body)
        if "data" in body:
            return person.taps_data(str(body["data"]), int(body["message_id"]))
        message = person.chat.find(int(body["message_id"])) if "message_id" in body else None
        return person.taps(str(body["label"]), message=message)

    def block(self, body: Body) -> Body:
        """Block the bot as a `person`; with `blocked` false, unblock it."""
        person = self._person(body)
        return person.blocks() if body.get("blocked", True) else person.unblocks()

    def add_fault(self, body: Body) -> Body:
        """Add a fault of this `kind`.

        Optional fields: `method`, `person`, `times`, `retry_after`, `delay`.
        """
        known = {
            name: body[name]
            for name in ("method", "person", "times", "retry_after", "delay")
            if name in body
        }
        self._world.faults.add(str(body["kind"]), **known)
        return {"waiting": len(self._world.faults.waiting)}

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """Remove all faults."""
        self._world.faults.clear()
        return web.json_response({"waiting": 0})

    async def chat(self, request: web.Request) -> web.Response:
        """Return a chat: messages, actions, and the texts shown in answer to taps."""
        chat = self._world.chats.get(int(request.match_info["id"]))
        if chat is None:
            return web.json_response({"error": "there is no such chat"}, status=404)
        return web.json_response(self._chat_json(chat))

    async def transcript(self, _request: web.Request) -> web.Response:
        """Return all calls, deliveries and warnings, including those for unanswered taps."""
        self._world.report_unanswered_taps()
        transcript = self._world.transcript
        calls = [
            {
                "method": call.method,
                "params": call.params,
                "status": call.status,
                "answer": call.answer,
            }
            for call in transcript.calls
        ]
        return web.json_response(
            {"calls": calls, "updates": transcript.updates, "warnings": transcript.warnings}
        )

    def _person(self, body: Body) -> Person:
        return Person(self._world, self._world.accounts[int(body["person"])])

    def _chat_json(self, chat: Chat) -> Body:
        account = self._world.accounts.get(chat.id)
        toasts = (
            [{"text": text, "alert": alert} for text, alert in account.toasts] if account else []
        )
        return {
            "messages": [_message_json(message) for message in chat.messages],
            "actions": chat.actions,
            "toasts": toasts,
        }


def _details(body: Body) -> dict[str, str | None]:
    known = {
        name: body[name]
        for name in ("first_name", "last_name", "username", "language_code")
        if name in body
    }
    return {name: None if value is None else str(value) for name, value in known.items()}


def _message_json(message: Message) -> Body:
    return message.as_json() | {
        "sender": message.sender,
        "html": message.html,
        "edited": message.edited,
    }


def _json_handler(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            # A list or a number fails on its first use as an object, like any other wrong value.
            return web.json_response(action(await request.json()))
        except JSONDecodeError:
            return web.json_response({"error": "the body must be a JSON object"}, status=400)
        except KeyError as error:
            return web.json_response({"error": f"{error} is missing or unknown"}, status=400)
        except (LookupError, ValueError, TypeError, RuntimeError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle
