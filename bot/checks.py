"""Whether the bot is of use just now: named checks, each of which says what is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.pulse import Pulse
from bot.storehouse import Storehouse

OK = "ok"
_PATIENCE = 2.0
_SILENCE_SECONDS = 90
_STUCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Check:
    """One thing without which the bot is of no use: ``ask`` returns ``OK``, or why it is not so, or raises."""

    name: str
    ask: Callable[[], Awaitable[str]]


async def answers(checks: Sequence[Check]) -> dict[str, str]:
    """Return what each check says, by name; they are asked side by side, and none is waited for longer than two seconds."""
    said = await asyncio.gather(*(_answer(check) for check in checks))
    return {check.name: answer for check, answer in zip(checks, said, strict=True)}


async def _answer(check: Check) -> str:
    """Return what one check says; of an error only the kind, since its words may tell what no stranger should know."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await check.ask()
    except TimeoutError:
        return f"no answer within {_PATIENCE:.0f} seconds"
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
        return type(error).__name__


def database_check(storehouse: Storehouse) -> Check:
    """Return the check that the database can be read."""

    async def ask() -> str:
        async with storehouse.snapshot() as work:
            await work.clients.get(0)
        return OK

    return Check("database", ask)


def migrations_check(is_of_use: Callable[[], Awaitable[bool]]) -> Check:
    """Return the check that the database is of this version, or of a newer one."""

    async def ask() -> str:
        return OK if await is_of_use() else "the schema is not the one this version needs"

    return Check("migrations", ask)


def polling_check(pulse: Pulse, is_leading: Callable[[], bool]) -> Check:
    """Return the check that Telegram was heard of not long ago, by the one replica that polls."""

    async def ask() -> str:
        if not is_leading():
            return OK
        if pulse.age is None:
            return "Telegram has not been reached yet"
        return OK if pulse.age <= _SILENCE_SECONDS else f"Telegram has been silent for {pulse.age:.0f} seconds"

    return Check("telegram", ask)


def updates_check(oldest_age: Callable[[], float]) -> Check:
    """Return the check that no update waits for long; while one does, Telegram holds back those that come after it."""

    async def ask() -> str:
        age = oldest_age()
        return OK if age <= _STUCK_SECONDS else f"an update has been in work for {age:.0f} seconds"

    return Check("updates", ask)


def webhook_check(is_registered: Callable[[], bool]) -> Check:
    """Return the check that Telegram knows where to post updates."""

    async def ask() -> str:
        return OK if is_registered() else "the webhook is not registered yet"

    return Check("telegram", ask)
