"""How each run begins: the admin invites the staff, who join and publish hours."""

from collections.abc import Sequence

from simulation.people.actor import Actor

_HOURS = ("/hours mon-fri 9-17", "/hours sun 0-24", "/hours mon 0-24")


async def open_venue(
    boss: Actor, providers: Sequence[Actor], receptionists: Sequence[Actor]
) -> None:
    """Let the staff join and publish hours, without trouble."""
    for provider in providers:
        await boss.says("/invite")
        await boss.follows("ip")
        await _join(boss, provider)
        # Keep the proposed name and time zone.
        await provider.follows("jn", "jz")
        for hours in _HOURS:
            await provider.says(hours)
            await provider.follows("hp:")
    for receptionist in receptionists:
        for (number,) in boss.stage.rows("SELECT id FROM provider ORDER BY id"):
            await boss.says("/invite")
            await boss.follows("il", f"is:{number}")
            await _join(boss, receptionist)


async def _join(boss: Actor, guest: Actor) -> None:
    """Let a person open the newest invitation."""
    guest.opens(boss.invitations()[-1])
    await guest.reads_answer()
