"""The Bot API over HTTP: paths, bodies, tokens and broken connections."""

import re
from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import Any

from aiohttp import BodyPartReader, web

from simulator.api.calls import Call, Upload
from simulator.api.dispatch import Reply, answer
from simulator.control import Control
from simulator.loopback import is_loopback
from simulator.refusals import Refusal, bad_request
from simulator.state.raw import dumped
from simulator.state.world import World

_MAX_BODY_BYTES = 60 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Mount = Callable[[web.Application], None]


class ApiServer:
    """The routes of the Bot API server; `mounts` add routes of others."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.mounts: list[Mount] = []

    def application(self) -> web.Application:
        """Return the application with its routes; it serves this machine only."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=[refuse_strangers])
        app.router.add_get("/file/bot{token}/{path:.+}", self.download)
        app.router.add_route("*", "/bot{token}/{method}", self.call)
        Control(self._world).add_to(app)
        for mount in self.mounts:
            mount(app)
        return app

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Answer a call of a Bot API method."""
        refusal = self._wrong_token(request.match_info["token"])
        if refusal is not None:
            return _respond(Reply(refusal.code, refusal.as_json()))
        try:
            call = await read_call(request)
        except Refusal as malformed:
            self._world.transcript.warn(f"{request.match_info['method']} was refused: {malformed}")
            return _respond(Reply(malformed.code, malformed.as_json()))
        reply = await answer(self._world, call)
        if reply.fate == "silent":
            await self._world.closing.wait()
        if reply.fate != "answered" and request.transport is not None:
            request.transport.abort()
        return _respond(reply)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Answer with the content of a file."""
        refusal = self._wrong_token(request.match_info["token"])
        found = next(
            (
                file
                for file in self._world.files.values()
                if file.path == request.match_info["path"]
            ),
            None,
        )
        if refusal is not None or found is None:
            refusal = refusal or Refusal(404, "Not Found")
            return _respond(Reply(refusal.code, refusal.as_json()))
        return web.Response(body=found.content, content_type="application/octet-stream")

    def _wrong_token(self, token: str) -> Refusal | None:
        if token == self._world.token:
            return None
        if not re.fullmatch(r"[1-9]\d{0,15}:[\w-]+", token):
            return Refusal(404, "Not Found")
        return Refusal(401, "Unauthorized")


@web.middleware
async def refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a foreign Host and pages of any other origin, other ports of this machine included."""
    if not is_loopback(f"//{request.host}") or request.headers.get("Origin") not in (
        None,
        f"http://{request.host}",
    ):
        raise web.HTTPForbidden(text="The simulator answers this machine only.")
    return await handler(request)


async def read_call(request: web.Request) -> Call:
    """Return the call in a request, from the query string and a JSON, form or multipart body.

    A malformed body raises a refusal.
    """
    params: dict[str, Any] = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        params |= await _json_params(request)
    elif request.content_type == "multipart/form-data":
        await _read_parts(request, params, files)
    elif request.can_read_body:
        params |= dict(await request.post())
    return Call(request.match_info["method"], params, files)


async def _json_params(request: web.Request) -> dict[str, Any]:
    try:
        params = await request.json() if request.can_read_body else {}
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(params, dict):
        raise bad_request("object expected")
    return params


async def _read_parts(
    request: web.Request, params: dict[str, Any], files: dict[str, Upload]
) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        if part.filename is None:
            params[part.name] = await part.text(encoding="utf-8")
        else:
            mime_type = part.headers.get("Content-Type", "application/octet-stream")
            files[part.name] = Upload(part.filename, mime_type, bytes(await part.read()))


def _respond(reply: Reply) -> web.Response:
    if isinstance(reply.body, str):
        return web.Response(status=reply.status or 500, text=reply.body, content_type="text/html")
    return web.Response(
        status=reply.status, body=dumped(reply.body), content_type="application/json"
    )
