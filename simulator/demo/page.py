"""The page's own files and its security headers."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent.parent / "page"
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFETY = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """The page's files, read once at start; requests cannot reach any other file."""

    def __init__(self) -> None:
        self._files = {
            path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES
        }

    async def index(self, _request: web.Request) -> web.Response:
        """Answer with the page itself."""
        return self._answer("index.html")

    async def part(self, request: web.Request) -> web.Response:
        """Answer with one of its modules, style sheets or images; any other name is not found."""
        return self._answer(request.match_info["name"])

    def _answer(self, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound
        content_type = _TYPES[Path(name).suffix]
        headers = SAFETY | {"Cache-Control": "no-cache"}
        return web.Response(
            body=self._files[name], content_type=content_type, charset="utf-8", headers=headers
        )
