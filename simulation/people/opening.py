"""How each run begins: the admin invites providers, who join and publish hours."""

from collections.abc import Sequence

from simulation.people.actor import Actor


async def open_venue(boss: Actor, providers: Sequence[Actor]) -> None:
    """Let the providers join and publish hours, without trouble."""
    for provider in providers:
        boss.types("/invite")
        await boss.reads_answer()
        await boss.follows("ip")
        provider.opens(boss.invitations()[-1])
        await provider.reads_answer()
        # Keep the proposed name and time zone.
        await provider.follows("jn")
        await provider.follows("jz")
        provider.types("/hours mon-fri 9-17")
        await provider.reads_answer()
        await provider.follows("hp:")
