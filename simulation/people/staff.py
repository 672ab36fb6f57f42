"""What the staff do: hours, the agenda, and the people who act for a provider."""

from bot.buttons.hours import RemoveHours
from simulation.people.actor import Actor
from simulation.people.everyday import choose_place, follow
from simulation.people.lines import DAYS, NAMES, ODD_HOURS, REASONS, STAFF_LINES, filled
from simulator.state.keyboards import Button

_CELL, _CELLS = 300, 3
_ASSISTANTS = """SELECT person_id, provider_id FROM acts_for
    WHERE role = 'assistant' AND person_id < 36 AND provider_id < 36
    ORDER BY provider_id DESC, person_id"""
_RESERVATIONS = "SELECT id FROM reservation ORDER BY id"
_NEXT = """SELECT reservation.id, start_cell FROM reservation
    JOIN acts_for ON acts_for.provider_id = reservation.provider_id
    JOIN person ON person.id = person_id
    WHERE status = 'confirmed' AND telegram_id = ? ORDER BY start_cell, reservation.id"""
_OWN_HOURS = """SELECT provider_id, start_cell, end_cell FROM availability
    JOIN acts_for USING (provider_id) JOIN person ON person.id = person_id
    WHERE telegram_id = ? ORDER BY provider_id, start_cell"""
_ON_DISCARDED = (
    "hx:{number}", "hp:{number}", "hu:{number}:a", "hi:{number}", "he:{number}:540:600",
)  # fmt: skip
# Whom to invite, add or remove: the buttons one after the other, and how often.
_INVITING = {
    ("ip",): 2.0, ("ia",): 2.0, ("il", "is"): 3.0, ("in",): 2.0, ("io", "iv"): 1.5,
    ("ix", "iq", "id"): 2.5,
}  # fmt: skip


async def manage(actor: Actor) -> None:
    """Open or close hours, or look at the agenda, and follow the buttons."""
    await actor.says(filled(actor, actor.random.choose(STAFF_LINES)))
    await follow(actor)


async def post_odd_hours(actor: Actor) -> None:
    """Post hours that need a correction."""
    await actor.says(actor.random.choose(ODD_HOURS))
    await actor.follows(actor.random.choose(("hp:", "hv:")))


async def undo(actor: Actor) -> None:
    """Publish hours, undo that later, and perhaps tap both once more."""
    await actor.says(filled(actor, actor.random.choose(STAFF_LINES)))
    if await actor.follows("hp:"):
        await actor.waits(actor.random.exponential(20))
        published = actor.buttons("hu:")
        await actor.follows("hu:", "hu:")
        if published and actor.random.chance(0.8):
            message, button = published[0]
            number = (button.data or "").split(":")[1]
            again = actor.random.choose((f"hp:{number}", f"hx:{number}", f"hu:{number}:k"))
            actor.taps(message, Button("(again)", data=again))


async def close(actor: Actor) -> None:
    """Remove hours of a day, with the bookings inside or without."""
    await actor.says("/hours")
    await actor.follows("ho:")
    await actor.follows("hd:", "ha:", "hc:", "hc:")


async def close_odd_hours(actor: Actor) -> None:
    """Remove hours by a button that nobody made: between quarter-hours, or as it was before."""
    hours = actor.stage.rows(_OWN_HOURS, (actor.person.id,))
    if hours and actor.messages:
        provider, start, end = actor.random.choose(hours)
        odd = RemoveHours(start, start + 1 + actor.random.below(end - start), "a", provider).pack()
        old = f"hr:{start // _CELLS}:{start // _CELLS + 1}:a:{provider}"
        actor.invents("odd", actor.random.choose((odd, odd, old)))
        await actor.reads_answer()
        await actor.follows("hc:")


async def plan_days(actor: Actor) -> None:
    """Choose days in the calendar and hours for them, by buttons or typed."""
    await actor.says("/hours")
    await actor.follows("ho:")
    await actor.follows("hn", "ht:", "ht:", "hi:")
    if actor.random.chance(0.5):
        await actor.follows("hs:", "he:")
    else:
        await actor.says(actor.random.choose(("9", "9:10", "25", "9-11", "9:10-11:20")))
    await actor.follows("hp:")


async def move_before_publishing(actor: Actor) -> None:
    """Change the time zone between the preview and its publication, or discard the hours."""
    await actor.says(filled(actor, "/hours {provider} tomorrow 10-12"))
    preview = actor.buttons("hp:")
    discard = actor.buttons("hx:")
    await actor.says("/settings")
    await actor.follows("sa")
    await choose_place(actor)
    if discard and actor.random.chance(0.5):
        message, button = discard[0]
        actor.taps(message, button)
        await actor.reads_answer()
        number = (button.data or "").split(":")[1]
        again = actor.random.choose(_ON_DISCARDED).format(number=number)
        actor.taps(message, Button("(again)", data=again))
    elif preview:
        actor.taps(*preview[0])


async def decline(actor: Actor) -> None:
    """Cancel for a client, with a reason or without."""
    await actor.says(f"/agenda {actor.random.choose(DAYS)}")
    if not await actor.follows("ae:"):
        return
    if not await actor.follows("ar:") or actor.random.chance(0.3):
        await actor.follows("ac:")
        return
    await actor.says(actor.random.choose(REASONS))
    await actor.follows("aw:")


async def pry(actor: Actor) -> None:
    """Open any reservation in the agenda, perhaps one of another provider."""
    numbers = actor.stage.rows(_RESERVATIONS)
    if numbers and actor.messages:
        (number,) = actor.random.choose(numbers)
        data = actor.random.choose((f"ae:{number}", f"ar:{number}", f"ac:{number}"))
        actor.invents("pry", data)
        await actor.reads_answer()


async def decline_at_start(actor: Actor) -> None:
    """Cancel a booking for its client within a second of its start."""
    for number, start in actor.stage.rows(_NEXT, (actor.person.id,)):
        wait = actor.stage.seconds_to(start * _CELL * 1_000_000)
        if 0 < wait < actor.stage.setting.patience.total_seconds() and actor.messages:
            await actor.waits(max(0.0, wait + actor.random.between(-0.6, 0.6)))
            actor.invents("at the start", f"ac:{number}")
            return


async def invite(actor: Actor) -> None:
    """Invite, add, hand over or remove someone."""
    await actor.says("/invite")
    path = actor.random.choose(tuple(_INVITING), tuple(_INVITING.values()))
    if await actor.follows(*path) and path == ("in",):
        await actor.says(actor.random.choose(NAMES))
        await follow(actor)


async def dismiss_at_once(actor: Actor) -> None:
    """Remove an assistant without the question before it, or invite one for no provider."""
    assistants = actor.stage.rows(_ASSISTANTS)
    if assistants and actor.messages:
        person, provider = actor.random.choose(assistants[:3])
        data = actor.random.choose((*(f"id:{person}:{provider}",) * 4, "is:zz", "iv:zz"))
        actor.invents("at once", data)
        await actor.reads_answer()


async def open_own_invitation(actor: Actor) -> None:
    """Open an invitation that one has sent."""
    if links := actor.invitations():
        actor.opens(actor.random.choose(links))
        await actor.reads_answer()


async def fall_silent(actor: Actor) -> None:
    """Want no notifications any more, and block the bot for some minutes."""
    await actor.says("/settings")
    await actor.follows("sb:")
    actor.blocks()
    await actor.waits(actor.random.exponential(300))
    actor.returns()
    await actor.says("/settings")
    await actor.follows("sb:")
