"""How requests reach the Bot API: aiohttp in the place of python-telegram-bot's own client.

With 64 updates in flight and 50 ms to the server this moves about eight times as many updates (decision 0008). Timeouts and errors are
mapped as ``telegram.request.HTTPXRequest`` maps its own.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import aiohttp
import yarl
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.telegram.lenient_json import read_json

Asked = Callable[[str, str, float], None]
"""Told of each request: the method's name, the HTTP status or what kept it from having one, and how many seconds it took."""

_DEFAULT = BaseRequest.DEFAULT_NONE
_STRANGER = "from something that is no Bot API server"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class _Answer(dict[str, Any]):
    """An answer as JSON; one that lacks what is asked of it is none of the Bot API's."""

    def __missing__(self, name: str) -> Any:
        raise NetworkError(f"an answer without “{name}” {_STRANGER}")


class AiohttpRequest(BaseRequest):
    """A pool of connections. All timeouts are in seconds; None waits without end."""

    def __init__(
        self,
        *,
        connections: int = 100,
        connect_timeout: float = 5.0,
        read_timeout: float = 10.0,
        pool_timeout: float = 30.0,
        asked: Asked | None = None,
    ) -> None:
        self._asked = asked
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._pool_timeout = pool_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """How long the server may be silent."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Open the pool; opening it twice is no harm."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30)
            # Telegram sets no cookies, so none are looked for.
            cookies = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(
                connector=connector, headers={"User-Agent": self.USER_AGENT}, cookie_jar=cookies
            )

    async def shutdown(self) -> None:
        """Close the pool; closing it twice is no harm."""
        if self._session is not None:
            await self._session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """Return an answer's JSON; raises NetworkError where it is none, or no answer of the Bot API's."""
        try:
            answer = read_json(payload)
        except ValueError:
            # It may be anybody's page, so it is not logged.
            raise NetworkError(f"no JSON {_STRANGER}") from None
        if not isinstance(answer, dict):
            raise NetworkError(f"{type(answer).__name__} {_STRANGER}")
        return _Answer(answer)

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = _DEFAULT,
        write_timeout: Any = _DEFAULT,
        connect_timeout: Any = _DEFAULT,
        pool_timeout: Any = _DEFAULT,
    ) -> tuple[int, bytes]:
        """Send one request and return the HTTP status and the body.

        Raises:
            TimedOut: some timeout passed; ``__cause__`` tells which.
            NetworkError: the connection failed, or something on the way answered for Telegram with words of its own: its 403 does not
                mean that somebody blocked the bot, nor its 404 that the token is wrong. None of these names the URL, which holds the token.
        """
        if self._session is None or self._session.closed:
            raise RuntimeError("this transport is not open")
        del (
            write_timeout
        )  # aiohttp has no such timeout; the silence of the server ends a stuck upload too.
        timeout = _timeout(
            _chosen(pool_timeout, self._pool_timeout),
            _chosen(connect_timeout, self._connect_timeout),
            _chosen(read_timeout, self._read_timeout),
        )
        form, headers = _body(request_data)
        began = asyncio.get_running_loop().time()
        try:
            async with self._session.request(
                method, url, data=form, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                status, body = response.status, await response.read()
        except TimeoutError as error:
            self._tell(url, "timeout", began)
            raise TimedOut from type(error)(type(error).__name__)
        except (aiohttp.ClientError, OSError) as error:
            self._tell(url, "no_connection", began)
            raise NetworkError(f"aiohttp.{type(error).__name__}") from None
        self._tell(url, str(status), began)
        if status >= HTTPStatus.MULTIPLE_CHOICES and not _is_refusal(body):
            raise NetworkError(f"{status} {_STRANGER}")
        return status, body

    def _tell(self, url: str, status: str, began: float) -> None:
        """Tell how a request ended."""
        if self._asked is not None:
            self._asked(_method_of(url), status, asyncio.get_running_loop().time() - began)


def _is_refusal(body: bytes) -> bool:
    """Tell whether a body is how the Bot API refuses something: a gateway's own words may be JSON as well."""
    try:
        said = AiohttpRequest.parse_json_payload(body)
    except TelegramError:
        return False
    parameters = said.get("parameters", {})
    told_well = isinstance(parameters, dict) and all(
        isinstance(value, int) for value in parameters.values()
    )
    return said.get("ok") is False and isinstance(said.get("description"), str) and told_well


def _method_of(url: str) -> str:
    """Return the method that is called at an address, which holds the token as well; all files are one."""
    *_, bot, method = url.split("?", maxsplit=1)[0].rsplit("/", maxsplit=2)
    return method if bot.startswith("bot") and method.isascii() and method.isalpha() else "file"


def _chosen(given: Any, default: float | None) -> float | None:
    """Return the timeout of one call, or the transport's own."""
    return default if given is _DEFAULT else given


@lru_cache(maxsize=64)
def _timeout(
    pool: float | None, connect: float | None, read: float | None
) -> aiohttp.ClientTimeout:
    """Return the timeouts as aiohttp wants them; a bot has few different ones."""
    return aiohttp.ClientTimeout(total=None, connect=pool, sock_connect=connect, sock_read=read)


def _body(
    data: RequestData | None,
) -> tuple[aiohttp.FormData | bytes | None, dict[str, str] | None]:
    """Return the request's parameters as form data, with its files where it has any, and the headers that tell what it is."""
    if data is None:
        return None, None
    if not data.multipart_data:
        # A form looks like the query of an address, which yarl quotes in C; the standard library takes ten times as long, and fails at half
        # a character, which yarl leaves out.
        return yarl.URL.build(query=data.json_parameters).raw_query_string.encode(), _FORM
    form = aiohttp.FormData(data.json_parameters)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form, None
