"""What people do, in one table. A new capability adds its acts to ``ACTS``.

Most screens are reached without an act of their own: people tap any button that they see.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from simulation.people import clients, everyday, staff
from simulation.people.actor import Actor

# Newcomers may become providers, and others try the same in vain.
STAFF = frozenset({"provider", "receptionist", "admin", "newcomer"})
CLIENTS = frozenset({"client", "newcomer", "provider", "receptionist"})
ADMINS = frozenset({"admin"})
ANYONE = STAFF | CLIENTS


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do: who does it, and how often compared with others."""

    name: str
    who: frozenset[str]
    weight: float
    do: Callable[[Actor], Awaitable[None]]


ACTS: Sequence[Act] = (
    Act("visit", ANYONE, 10, everyday.visit),
    Act("follow", ANYONE, 6, everyday.follow),
    Act("command", ANYONE, 3, everyday.command),
    Act("chat", ANYONE, 3, everyday.chat),
    Act("babble", ANYONE, 1, everyday.babble),
    Act("edit", ANYONE, 0.5, everyday.edit),
    Act("tap old", ANYONE, 4, everyday.tap_old),
    Act("tap twice", ANYONE, 2, everyday.tap_twice),
    Act("forge", ANYONE, 1.5, everyday.forge),
    Act("set up", ANYONE, 2, everyday.set_up),
    Act("open an invitation", ANYONE, 2.5, everyday.open_invitation),
    Act("open again", ANYONE, 1.5, everyday.open_again),
    Act("open an odd link", ANYONE, 0.2, everyday.open_odd_link),
    Act("open a provider", CLIENTS, 1, everyday.open_provider),
    Act("block", ANYONE, 0.5, everyday.block),
    Act("rename", ANYONE, 0.3, everyday.rename),
    Act("dawdle", ANYONE, 1, everyday.dawdle),
    Act("confirm at the deadline", CLIENTS, 6, clients.confirm_at_deadline),
    Act("act at the warning", CLIENTS, 2, clients.act_at_warning),
    Act("grab at the deadline", CLIENTS, 4, clients.grab_at_deadline),
    Act("book soon", CLIENTS, 2, clients.book_soon),
    Act("cancel at the start", CLIENTS, 2, clients.cancel_at_start),
    Act("pick any time", CLIENTS, 1, clients.pick_any_time),
    Act("pick the same time", CLIENTS, 2, clients.pick_same_time),
    Act("hoard", CLIENTS, 1, clients.hoard),
    Act("manage", STAFF, 6, staff.manage),
    Act("post odd hours", STAFF, 1, staff.post_odd_hours),
    Act("undo", STAFF, 2.5, staff.undo),
    Act("close", STAFF, 1.5, staff.close),
    Act("close odd hours", STAFF, 1, staff.close_odd_hours),
    Act("plan days", STAFF, 1, staff.plan_days),
    Act("move before publishing", STAFF, 1.5, staff.move_before_publishing),
    Act("decline", STAFF, 2, staff.decline),
    Act("pry", STAFF, 1, staff.pry),
    Act("decline at the start", STAFF, 2, staff.decline_at_start),
    Act("fall silent", STAFF, 0.5, staff.fall_silent),
    Act("invite", ADMINS, 10, staff.invite),
    Act("dismiss at once", ADMINS, 3, staff.dismiss_at_once),
    Act("open one's own invitation", ADMINS, 2, staff.open_own_invitation),
)


async def live(actor: Actor, mean_pause: float, wait: Callable[[], float]) -> None:
    """Do one thing after the other until cancelled, with pauses of this mean in seconds.

    ``wait`` returns in how many seconds people act again.
    """
    acts = [act for act in ACTS if actor.role in act.who]
    weights = [act.weight for act in acts]
    while True:
        if (seconds := wait()) > 0:
            await actor.waits(seconds)
        await actor.waits(actor.random.exponential(mean_pause))
        await actor.random.choose(acts, weights).do(actor)
