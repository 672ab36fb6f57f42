"""Files that the bot or people sent, for the page to show and download."""

from urllib.parse import quote

from aiohttp import web

from simulator.demo.page import SAFETY
from simulator.state.world import World

_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


class Files:
    """The route that serves files by file id."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with a picture to show, or with any other file to save under its name."""
        file = self._world.files.get(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound
        picture = next(
            (kind for signature, kind in _PICTURES.items() if file.content.startswith(signature)),
            None,
        )
        shown = picture is not None and file.kind == "photo"
        headers = {
            "Content-Disposition": f"{'inline' if shown else 'attachment'}; "
            f"filename*=UTF-8''{quote(file.name, safe='')}",
        }
        content_type = picture if shown and picture else "application/octet-stream"
        # A file id always names the same bytes.
        return web.Response(
            body=file.content,
            content_type=content_type,
            headers=SAFETY | headers | {"Cache-Control": "max-age=3600"},
        )
