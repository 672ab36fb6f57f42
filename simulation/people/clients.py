"""What clients do with holds and bookings, often within a second of a deadline."""

from typing import Any

from bot.buttons.booking import PickSlot
from simulation.people.actor import Actor
from simulation.people.lines import DAYS, filled
from simulation.plan import WARNING_SECONDS

_CELL, _QUARTER, _NOTICE = 300, 900, 96
_CELLS = _QUARTER // _CELL
_OF_PERSON = " JOIN person ON person.id = client_id WHERE telegram_id = ?"
_HELD = f"""SELECT reservation.id, expires_at FROM reservation{_OF_PERSON}
    AND status = 'held' ORDER BY reservation.id"""  # noqa: S608
_BOOKED = f"""SELECT reservation.id, start_cell, end_cell FROM reservation{_OF_PERSON}
    AND status = 'confirmed' ORDER BY start_cell"""  # noqa: S608
_LIVE = f"""SELECT reservation.id, start_cell FROM reservation{_OF_PERSON}
    AND status IN ('held', 'confirmed') ORDER BY reservation.id"""  # noqa: S608
_HELD_BY_OTHERS = """SELECT provider_id, start_cell, expires_at FROM reservation
    JOIN person ON person.id = client_id
    WHERE status = 'held' AND telegram_id <> ? ORDER BY expires_at LIMIT 1"""
# A time that is past, too soon, too far ahead, in the night or taken, in quarter-hours from now.
_STEPS = (-40, 0, 20, 95, 96, 97, 100, 130, 200, 400, 60 * 96, 60 * 96 + 1, 70 * 96)


async def confirm_at_deadline(actor: Actor) -> None:
    """Confirm a hold within a second of its end."""
    for number, expires_at in _held(actor):
        if shown := actor.buttons(f"rc:{number}"):
            await _wait_until(actor, expires_at, -0.5)
            actor.taps(*shown[0])
            return


async def act_at_warning(actor: Actor) -> None:
    """Confirm, release or move a hold within a second of its warning."""
    for number, expires_at in _held(actor):
        begin = actor.random.choose(("rc:", "rr:", "ro:"))
        if shown := actor.buttons(f"{begin}{number}"):
            await _wait_until(actor, expires_at - WARNING_SECONDS * 1_000_000, -0.6)
            actor.taps(*shown[0])
            await actor.reads_answer()
            await actor.follows("bt:")
            return


async def grab_at_deadline(actor: Actor) -> None:
    """Take the time of another person's hold within a second of its end."""
    held = actor.stage.rows(_HELD_BY_OTHERS, (actor.person.id,))
    if held and actor.messages:
        provider, start, expires_at = held[0]
        await _wait_until(actor, expires_at, -0.3)
        actor.invents("grab", _slot(actor, provider, start))


async def cancel_at_start(actor: Actor) -> None:
    """Cancel a booking within a second of its start, or look at it when it ends."""
    for number, start, end in actor.stage.rows(_BOOKED, (actor.person.id,)):
        wait = actor.stage.seconds_to(start * _CELL * 1_000_000)
        if 0 < wait < actor.stage.setting.patience.total_seconds() and actor.messages:
            begins = actor.random.chance(0.7)
            await _wait_until(actor, (start if begins else end) * _CELL * 1_000_000, -0.6)
            begin = actor.random.choose(("lc", "lc", "lc", "la", "rs"))
            data = f"{begin}:{number}"
            actor.invents("at the start", data)
            await actor.reads_answer()
            return


async def book_soon(actor: Actor) -> None:
    """Book one of the next times, and perhaps wait for the appointment."""
    if not actor.messages:
        return
    now = int(actor.stage.host_clock().timestamp()) // _QUARTER
    provider = actor.random.choose((1, 2))
    start = _CELLS * (now + _NOTICE + 1 + actor.random.below(12))
    await _pick(actor, _slot(actor, provider, start))
    if await actor.follows("rc:") and actor.random.chance(0.6):
        await cancel_at_start(actor)


async def pick_any_time(actor: Actor) -> None:
    """Choose a time that was not offered: past, too soon, too far ahead, taken, or one's own."""
    if actor.messages:
        now = int(actor.stage.host_clock().timestamp()) // _QUARTER
        quarter = now + actor.random.choose(_STEPS) + actor.random.below(4)
        start = _CELLS * quarter + actor.random.choose((0, 0, 0, 1))
        provider = actor.random.choose((1, 1, 2, 2, 3, 4, 5, 999))
        moving = actor.random.choose((0, 0, 0, 1 + actor.random.below(30)))
        await _pick(actor, _slot(actor, provider, start, moving))


async def pick_same_time(actor: Actor) -> None:
    """Choose the time of one's own reservation again, or with another provider, or move it."""
    live = actor.stage.rows(_LIVE, (actor.person.id,))
    if live and actor.messages:
        number, start = actor.random.choose(live)
        provider = actor.random.choose((1, 2, 3))
        moving = number if actor.random.chance(0.3) else 0
        later = actor.random.choose((0, 0, 1, _CELLS))
        await _pick(actor, _slot(actor, provider, start + later, moving))


async def hoard(actor: Actor) -> None:
    """Hold one time after the other."""
    for _ in range(5):
        await actor.says(filled(actor, "/book {provider} " + actor.random.choose(DAYS)))
        if not await actor.follows("bt:"):
            return


def _slot(actor: Actor, provider: int, start: int, moving: int = 0) -> str:
    """Return the data of a time, now and then as it was when cells were quarter-hours."""
    if start % _CELLS == 0 and actor.random.chance(0.2):
        return f"bs:{provider}:{start // _CELLS}:{moving}"
    return PickSlot(provider, start, moving or None).pack()


async def _pick(actor: Actor, data: str) -> None:
    """Send the data of a time, and read the answer."""
    actor.invents("picked", data)
    await actor.reads_answer()


async def _wait_until(actor: Actor, instant: int, earliest: float) -> None:
    """Wait until an instant in microseconds, half a second more or less."""
    late = actor.random.between(earliest, 0.6)
    await actor.waits(max(0.0, actor.stage.seconds_to(instant) + late))


def _held(actor: Actor) -> list[Any]:
    """Return the holds of a person, with their ends."""
    return actor.stage.rows(_HELD, (actor.person.id,))
