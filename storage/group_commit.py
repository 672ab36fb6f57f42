"""Group commit: writes that wait for the writer share its next transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage.unit_of_work import SqlUnitOfWork

Result = TypeVar("Result")

TransactionFactory = Callable[[], AbstractAsyncContextManager[Callable[[], SqlUnitOfWork]]]
"""Opens a transaction that commits at the end of the block; yields a factory of units of work."""

TASK_NAME = "group-commit"


@dataclass(slots=True)
class _PendingWrite:
    """A write and the future of its result."""

    write: Callable[[SqlUnitOfWork], Awaitable[Any]]
    result: "asyncio.Future[Any]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class GroupCommit:
    """Executes writes in as few transactions as possible. A write that comes alone never waits."""

    def __init__(self, open_transaction: TransactionFactory) -> None:
        self._open_transaction = open_transaction
        self._queued: list[_PendingWrite] = []
        self._batch: list[_PendingWrite] = []
        self._is_open = False
        self._worker: asyncio.Task[None] | None = None

    async def write(self, write: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        """Execute a write and return its result after the commit.

        Raises what the write or the commit raises. If another write in the same transaction fails,
        the write is executed again in its own transaction. Once it has begun, it is committed even
        if the caller is cancelled.
        """
        pending = _PendingWrite(write)
        self._queued.append(pending)
        if self._worker is None or self._worker.done():
            # The worker serves all callers, so it must not inherit the context of the first one.
            self._worker = asyncio.create_task(
                self._run_until_idle(), context=Context(), name=TASK_NAME
            )
        result: Result = await pending.result
        return result

    async def wait_idle(self) -> None:
        """Wait until no write is pending."""
        if self._worker is not None:
            await asyncio.wait({self._worker})

    async def _run_until_idle(self) -> None:
        """Commit batches until none is queued; if this is cancelled, cancel every pending write."""
        try:
            while self._queued:
                await self._commit_next_batch()
        finally:
            for pending in [*self._batch, *self._take_queued()]:
                pending.result.cancel()

    async def _commit_next_batch(self) -> None:
        """Commit all queued writes.

        If the transaction cannot be opened, fail every waiting write at once: each would otherwise
        wait as long for the same error.
        """
        self._batch, self._is_open = [], False
        try:
            await self._commit_batch()
        except BaseException as error:  # noqa: BLE001  (the callers get it)
            _raise_if_stopping(error)
            if len(self._batch) > 1:
                await self._commit_individually()
            else:
                for pending in self._batch if self._is_open else self._take_queued():
                    _resolve(pending, error)

    async def _commit_batch(self) -> None:
        """Execute in one transaction all writes that are queued by the time it opens."""
        async with self._open_transaction() as new_uow:
            self._batch, self._is_open = self._take_queued(), True
            results = [await pending.write(new_uow()) for pending in self._batch]
        for pending, result in zip(self._batch, results, strict=True):
            _resolve(pending, result)

    async def _commit_individually(self) -> None:
        """Execute each write of a failed batch alone, if its caller still waits."""
        for index, pending in enumerate(self._batch):
            if pending.result.done():
                continue
            self._is_open = False
            try:
                async with self._open_transaction() as new_uow:
                    self._is_open = True
                    result = await pending.write(new_uow())
            except BaseException as error:  # noqa: BLE001  (the callers get it)
                _raise_if_stopping(error)
                result = error
            for each in [pending] if self._is_open else self._batch[index:]:
                _resolve(each, result)

    def _take_queued(self) -> list[_PendingWrite]:
        """Empty the queue, and return the writes whose callers still wait."""
        queued, self._queued = self._queued, []
        return [pending for pending in queued if not pending.result.done()]


def _raise_if_stopping(error: BaseException) -> None:
    """Raise the error if it stops the worker; a CancelledError raised by a write does not."""
    task = asyncio.current_task()
    if not isinstance(error, Exception | asyncio.CancelledError) or (task and task.cancelling()):
        raise error


def _resolve(pending: _PendingWrite, result: Any) -> None:
    """Set the result of a write: a value, an exception or a cancellation."""
    if pending.result.done():
        return
    if isinstance(result, asyncio.CancelledError):
        pending.result.cancel()
    elif isinstance(result, Exception):
        pending.result.set_exception(result)
    else:
        pending.result.set_result(result)
