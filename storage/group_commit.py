"""Writes that share a transaction: whoever comes while the writer is busy goes with the next one, with all others who wait."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage.unit_of_work import SqlUnitOfWork

Result = TypeVar("Result")

Opens = Callable[[], AbstractAsyncContextManager[Callable[[], SqlUnitOfWork]]]
"""Opens a transaction that commits at the end of the block, and gives what makes a unit of work in it for each piece."""


@dataclass(slots=True)
class _Piece:
    """A write, and where its result is waited for."""

    do: Callable[[SqlUnitOfWork], Awaitable[Any]]
    result: "asyncio.Future[Any]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class GroupCommit:
    """Has pieces done in as few transactions as the writer's pace allows; one that comes alone waits for nobody."""

    def __init__(self, opens: Opens) -> None:
        self._opens = opens
        self._waiting: list[_Piece] = []
        self._taken: list[_Piece] = []
        self._is_open = False
        self._work: asyncio.Task[None] | None = None

    async def do(self, do: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        """Do a piece and return its result once that is committed; raises what it raises, and what the commit raises.

        It is done again, alone, where another one that it shared a transaction with has failed. Once it is in work it is committed even
        where nobody waits for it any more.
        """
        piece = _Piece(do)
        self._waiting.append(piece)
        if self._work is None or self._work.done():
            # It works for all who come, so it knows nothing of the one who came first.
            self._work = asyncio.create_task(self._until_done(), context=Context())
        result: Result = await piece.result
        return result

    async def idle(self) -> None:
        """Wait until nothing is in work."""
        if self._work is not None:
            await asyncio.wait({self._work})

    async def _until_done(self) -> None:
        """Do what waits until nothing does; whoever still waits when this is cancelled is cancelled as well."""
        try:
            while self._waiting:
                await self._next()
        finally:
            for piece in [*self._taken, *self._all_who_wait()]:
                piece.result.cancel()

    async def _next(self) -> None:
        """Do all that waits; where no transaction can be opened, all hear of it, rather than each trying as long again."""
        self._taken, self._is_open = [], False
        try:
            await self._shared()
        except BaseException as error:  # noqa: BLE001  (whoever waits for it is told)
            _unless_stopped(error)
            if len(self._taken) > 1:
                await self._apart()
            else:
                for piece in self._taken if self._is_open else self._all_who_wait():
                    _tell(piece, error)

    async def _shared(self) -> None:
        """Do all that waits by the time the writer is free in one transaction; it is taken from then on."""
        async with self._opens() as unit:
            self._taken, self._is_open = self._all_who_wait(), True
            results = [await piece.do(unit()) for piece in self._taken]
        for piece, result in zip(self._taken, results, strict=True):
            _tell(piece, result)

    async def _apart(self) -> None:
        """Do pieces that failed together each in a transaction of its own, those that somebody waits for still."""
        for place, piece in enumerate(self._taken):
            if piece.result.done():
                continue
            self._is_open = False
            try:
                async with self._opens() as unit:
                    self._is_open = True
                    result = await piece.do(unit())
            except BaseException as error:  # noqa: BLE001  (whoever waits for it is told)
                _unless_stopped(error)
                result = error
            for each in [piece] if self._is_open else self._taken[place:]:
                _tell(each, result)

    def _all_who_wait(self) -> list[_Piece]:
        """Return the pieces that somebody waits for still; nobody else will do them."""
        waiting, self._waiting = self._waiting, []
        return [piece for piece in waiting if not piece.result.done()]


def _unless_stopped(error: BaseException) -> None:
    """Raise again what ends the worker itself; a cancellation that only a piece ran into is that piece's own."""
    task = asyncio.current_task()
    if not isinstance(error, Exception | asyncio.CancelledError) or (task and task.cancelling()):
        raise error


def _tell(piece: _Piece, result: Any) -> None:
    """Tell whoever waits for a piece what came of it."""
    if piece.result.done():
        return
    if isinstance(result, asyncio.CancelledError):
        piece.result.cancel()
    elif isinstance(result, Exception):
        piece.result.set_exception(result)
    else:
        piece.result.set_result(result)
