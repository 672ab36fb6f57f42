"""What people do, in one table. A new capability adds its acts to ``ACTS`` and its words below.

Most screens are reached without an act of their own: people tap any button that they see.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from simulation.people.actor import Actor
from simulator.state.chats import Message
from simulator.state.keyboards import Button

ANYONE = frozenset({"admin", "provider", "client", "newcomer"})
CLIENTS = frozenset({"client", "newcomer", "provider"})
STAFF = frozenset({"provider", "admin"})
ADMINS = frozenset({"admin"})

# People follow these buttons more often than others, so that they get somewhere.
_EAGER = {"bd:": 3.0, "bs:": 4.0, "rc:": 4.0, "bc:": 2.0, "hp:": 5.0, "jn": 4.0, "ip": 2.0}
_TO_CONFIRM = "rc:"
_OLD_MESSAGES = 12

_COMMANDS = (
    "/start", "/book", "/bookings", "/hours", "/agenda", "/link", "/settings", "/help", "/privacy",
    "/cancel", "/invite",
)  # fmt: skip
_CLIENT_LINES = (
    "/book {provider} tomorrow", "/book {provider} thursday 9:15", "friday 10:00", "9:15", "13:30",
    "half 9", "tomorrow", "wednesday", "confirm", "yes", "cancel my appointment", "thanks",
    "{provider}", "/bookings", "/book {provider} friday 11:00", "morgen", "Donnerstag 10 Uhr",
)  # fmt: skip
_STAFF_LINES = (
    "/hours mon-fri 9-17", "/hours mon-fri 9-12, 14-18 next week", "/hours tomorrow 10-12",
    "/hours thu 18-20", "/hours sat 10-16", "/hours 13-16 on friday", "/agenda tomorrow",
    "/agenda thursday", "Mon-Wed 8-12", "sun 9-11", "/hours Mo-Fr 9-17 nächste Woche",
)  # fmt: skip
_DAYS = ("tomorrow", "wednesday", "thursday", "friday")
_NONSENSE = (
    "🙂", "?", "what", "<b>bold</b>", "&amp;", "31.02. 25:61", "/unknown", "9" * 60, "\u202eabc",
    "x" * 4096, "http://example.org", "/book " + "y" * 300, "0", "-1", "ÄÖÜß", "mon-fri 17-9",
)  # fmt: skip
_FORGED = (
    "rc:{number}", "rr:{number}", "ro:{number}", "rs:{number}", "ls:{number}", "la:{number}",
    "lc:{number}", "ae:{number}", "ac:{number}", "hp:{number}", "hu:{number}:a",
)  # fmt: skip
_NAMES = ("Ottilie", "Zhi Ruo", "O'Brian", "…", "Q" * 64)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do: who does it, and how often compared with others."""

    name: str
    who: frozenset[str]
    weight: float
    do: Callable[[Actor], Awaitable[None]]


async def visit(actor: Actor) -> None:
    """Open something, and follow its buttons for a while."""
    lines = _CLIENT_LINES if actor.role != "admin" else _STAFF_LINES
    actor.types(_filled(actor, actor.random.choose(("/book", "/book", *lines))))
    await actor.reads_answer()
    await follow(actor)


async def follow(actor: Actor) -> None:
    """Tap buttons of the newest message, one after the other."""
    for _ in range(1 + actor.random.below(6)):
        if not actor.messages:
            return
        message = actor.messages[0]
        actor.taps(message, _chosen(actor, message))
        await actor.reads_answer()
        await actor.waits(actor.random.exponential(1.5))


async def manage(actor: Actor) -> None:
    """Open or close hours, or look at the agenda, and follow the buttons."""
    actor.types(_filled(actor, actor.random.choose(_STAFF_LINES)))
    await actor.reads_answer()
    await follow(actor)


async def command(actor: Actor) -> None:
    """Send any command, for whomever it is."""
    actor.types(actor.random.choose(_COMMANDS))
    await actor.reads_answer()
    await follow(actor)


async def chat(actor: Actor) -> None:
    """Type words that may mean something at this point."""
    actor.types(_filled(actor, actor.random.choose(_CLIENT_LINES)))
    await actor.reads_answer()


async def babble(actor: Actor) -> None:
    """Type what means nothing."""
    actor.types(actor.random.choose(_NONSENSE))


async def tap_old(actor: Actor) -> None:
    """Tap a button on an old message."""
    if old := actor.messages[:_OLD_MESSAGES]:
        message = actor.random.choose(old)
        actor.taps(message, _chosen(actor, message))


async def tap_twice(actor: Actor) -> None:
    """Tap a button twice, or two buttons at once."""
    if actor.messages:
        message = actor.messages[0]
        first = _chosen(actor, message)
        actor.taps(message, first)
        if actor.random.chance(0.3):
            first = _chosen(actor, message)
        actor.taps(message, first)


async def confirm_at_deadline(actor: Actor) -> None:
    """Confirm a hold within a second of its end."""
    held = actor.stage.rows(
        "SELECT reservation.id, expires_at FROM reservation JOIN person ON person.id = client_id"
        " WHERE status = 'held' AND telegram_id = ? ORDER BY reservation.id",
        (actor.person.id,),
    )
    shown = {
        button.data: message
        for message in actor.messages
        for button in message.buttons
        if (button.data or "").startswith(_TO_CONFIRM)
    }
    for number, expires_at in held:
        if message := shown.get(f"{_TO_CONFIRM}{number}"):
            early = actor.random.between(-0.6, 0.5)
            await actor.waits(max(0.0, actor.stage.seconds_to(expires_at) - early))
            button = next(b for b in message.buttons if b.data == f"{_TO_CONFIRM}{number}")
            actor.taps(message, button)
            return


async def grab_at_deadline(actor: Actor) -> None:
    """Take the time of another person's hold within a second of its end."""
    held = actor.stage.rows(
        "SELECT provider_id, start_cell, expires_at FROM reservation"
        " JOIN person ON person.id = client_id"
        " WHERE status = 'held' AND telegram_id <> ? ORDER BY expires_at LIMIT 1",
        (actor.person.id,),
    )
    if held and actor.messages:
        provider, start, expires_at = held[0]
        early = actor.random.between(-0.6, 0.3)
        await actor.waits(max(0.0, actor.stage.seconds_to(expires_at) - early))
        actor.taps(actor.messages[0], Button("(grab)", data=f"bs:{provider}:{start}"))


async def forge(actor: Actor) -> None:
    """Send the data of a button that one never saw."""
    if actor.messages:
        number = actor.random.below(40)
        data = actor.random.choose(_FORGED).format(number=number)
        actor.taps(actor.messages[0], Button("(forged)", data=data))


async def hoard(actor: Actor) -> None:
    """Hold one time after the other."""
    for _ in range(5):
        actor.types(_filled(actor, "/book {provider} " + actor.random.choose(_DAYS)))
        await actor.reads_answer()
        if not actor.messages:
            return
        message = actor.messages[0]
        if slots := [b for b in message.buttons if (b.data or "").startswith("bs:")]:
            actor.taps(message, actor.random.choose(slots))
            await actor.reads_answer()


async def open_invitation(actor: Actor) -> None:
    """Open an invitation that someone has on their screen, perhaps one used before."""
    if links := actor.stage.invitations():
        actor.opens(actor.random.choose(links))
        await actor.reads_answer()
        await follow(actor)


async def open_provider(actor: Actor) -> None:
    """Open a provider's link."""
    if slugs := actor.stage.rows("SELECT slug FROM provider ORDER BY id"):
        (slug,) = actor.random.choose(slugs)
        actor.opens(f"https://t.me/{actor.stage.simulator.world.username}?start=book_{slug}")
        await actor.reads_answer()
        await follow(actor)


async def invite(actor: Actor) -> None:
    """Invite someone."""
    actor.types("/invite")
    await actor.reads_answer()
    await follow(actor)
    if actor.random.chance(0.3):
        actor.types(actor.random.choose(_NAMES))


async def block(actor: Actor) -> None:
    """Block the bot for some minutes."""
    actor.blocks()
    await actor.waits(actor.random.exponential(400))
    actor.returns()
    if actor.random.chance(0.7):
        actor.types("/start")


async def dawdle(actor: Actor) -> None:
    """Do nothing until a hold is over."""
    await actor.waits(actor.random.between(120, 600))


ACTS: Sequence[Act] = (
    Act("visit", ANYONE, 10, visit),
    Act("follow", ANYONE, 6, follow),
    Act("manage", STAFF, 6, manage),
    Act("command", ANYONE, 3, command),
    Act("chat", ANYONE, 3, chat),
    Act("babble", ANYONE, 1, babble),
    Act("tap old", ANYONE, 4, tap_old),
    Act("tap twice", ANYONE, 2, tap_twice),
    Act("confirm at the deadline", CLIENTS, 6, confirm_at_deadline),
    Act("grab at the deadline", CLIENTS, 4, grab_at_deadline),
    Act("forge", ANYONE, 0.5, forge),
    Act("hoard", CLIENTS, 1, hoard),
    Act("open an invitation", ANYONE, 1, open_invitation),
    Act("open a provider", CLIENTS, 1, open_provider),
    Act("invite", ADMINS, 5, invite),
    Act("block", ANYONE, 0.5, block),
    Act("dawdle", ANYONE, 1, dawdle),
)


async def live(actor: Actor, mean_pause: float) -> None:
    """Do one thing after the other until cancelled, with pauses of this mean in seconds."""
    acts = [act for act in ACTS if actor.role in act.who]
    weights = [act.weight for act in acts]
    while True:
        await actor.waits(actor.random.exponential(mean_pause))
        await actor.random.choose(acts, weights).do(actor)


def _chosen(actor: Actor, message: Message) -> Button:
    """Return a button of a message, more likely one that leads on."""
    weights = [
        next((w for begin, w in _EAGER.items() if (b.data or "").startswith(begin)), 1.0)
        for b in message.buttons
    ]
    return actor.random.choose(message.buttons, weights)


def _filled(actor: Actor, line: str) -> str:
    """Return a line with the name of a provider."""
    if "{provider}" not in line:
        return line
    names = actor.stage.rows("SELECT name FROM provider ORDER BY id") or [("Nora",)]
    return line.format(provider=actor.random.choose(names)[0])
