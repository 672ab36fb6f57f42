"""What all people do: follow what they see, type, tap, come and go."""

from simulation.people.actor import Actor
from simulation.people.lines import (
    CLIENT_LINES,
    COMMANDS,
    NAMES,
    NONSENSE,
    PLACES,
    STAFF_LINES,
    filled,
)
from simulator.state.chats import Message
from simulator.state.keyboards import Button

# People follow these buttons more often than others, so that they get somewhere.
_EAGER = {
    "bd:": 3.0, "bt:": 4.0, "rc:": 4.0, "bc:": 2.0, "hp:": 5.0, "jn": 4.0, "ip": 2.0, "jt": 2.0,
    "is": 2.0, "hc:": 3.0, "aw:": 3.0,
}  # fmt: skip
_OLD_MESSAGES = 12
_FORGED = (
    "rc:{number}", "rr:{number}", "ro:{number}", "rs:{number}", "ls:{number}", "la:{number}",
    "lc:{number}", "ae:{number}", "ac:{number}", "hp:{number}", "hu:{number}:a", "hx:{number}",
    "hv:{number}", "ar:{number}", "hd:20400325:{number}", "sz:Nowhere/City", "sz:Asia/Tokyo",
    "sc:xx", "sn:{number}", "sb:{number}:0", "so:{number}", "sp:{number}:Asia/Tokyo",
    "iv:{number}", "is:{number}", "iq:{number}:1", "id:{number}:1:1", "jt:nonsense", "jz:Asia/Dili",
    "bc:{number}", "kl:{number}", "ho:{number}", "hn:{number}", "go:book", "n", "broken:",
)  # fmt: skip
_SETTINGS = {"sa": 3.0, "so:": 2.0, "sn": 2.0, "sl": 1.0, "sb:": 2.0}
_ODD_SETTINGS = ("sz:Nowhere/City", "sp:1:Asia/Tokyo", "sp:2:Asia/Tokyo", "so:1", "so:2", "sc:xx")
_LINKS = ("book_nobody", "join_0", "join_" + "f" * 59, "nonsense")


async def visit(actor: Actor) -> None:
    """Open something, and follow its buttons for a while."""
    lines = CLIENT_LINES if actor.role != "admin" else STAFF_LINES
    await actor.says(filled(actor, actor.random.choose(("/book", "/book", *lines))))
    await follow(actor)


async def follow(actor: Actor) -> None:
    """Tap buttons of the newest message, one after the other."""
    for _ in range(1 + actor.random.below(6)):
        if not actor.messages:
            return
        message = actor.messages[0]
        actor.taps(message, chosen(actor, message))
        await actor.reads_answer()
        await actor.waits(actor.random.exponential(1.5))


async def command(actor: Actor) -> None:
    """Send any command, for whomever it is."""
    await actor.says(actor.random.choose(COMMANDS))
    await follow(actor)


async def chat(actor: Actor) -> None:
    """Type words that may mean something at this point."""
    await actor.says(filled(actor, actor.random.choose(CLIENT_LINES)))


async def babble(actor: Actor) -> None:
    """Type what means nothing."""
    actor.types(actor.random.choose(NONSENSE))


async def edit(actor: Actor) -> None:
    """Edit a line, or send what is no text."""
    if actor.random.chance(0.7):
        actor.edits(filled(actor, actor.random.choose(CLIENT_LINES)))
    else:
        actor.shows()


async def tap_old(actor: Actor) -> None:
    """Tap a button on an old message."""
    if old := actor.messages[:_OLD_MESSAGES]:
        message = actor.random.choose(old)
        actor.taps(message, chosen(actor, message))


async def tap_twice(actor: Actor) -> None:
    """Tap a button twice, or two buttons at once."""
    if actor.messages:
        message = actor.messages[0]
        first = chosen(actor, message)
        actor.taps(message, first)
        if actor.random.chance(0.3):
            first = chosen(actor, message)
        actor.taps(message, first)


async def forge(actor: Actor) -> None:
    """Send the data of a button that one never saw."""
    if actor.messages:
        number = 1 + actor.random.below(actor.random.choose((3, 12, 60)))
        data = actor.random.choose(_FORGED).format(number=number)
        actor.invents("forged", data)


async def set_up(actor: Actor) -> None:
    """Change one of the settings."""
    await actor.says("/settings")
    if actor.messages and actor.random.chance(0.1):
        data = actor.random.choose(_ODD_SETTINGS)
        actor.invents("odd setting", data)
        return
    shown = [(begin, weight) for begin, weight in _SETTINGS.items() if actor.buttons(begin)]
    if not shown:
        return
    begin = actor.random.choose([name for name, _ in shown], [weight for _, weight in shown])
    await actor.follows(begin)
    match begin:
        case "sa" | "so:":
            await choose_place(actor)
        case "sn":
            await actor.says(actor.random.choose(NAMES))
        case "sl":
            await actor.follows("sc:")


async def choose_place(actor: Actor) -> None:
    """Type a place or tap one, and then perhaps one of those that are offered."""
    if actor.random.chance(0.7):
        await actor.says(actor.random.choose(PLACES))
    if actor.random.chance(0.5):
        await actor.follows(actor.random.choose(("sz:", "sp:", "jz:")))


async def open_invitation(actor: Actor) -> None:
    """Open an invitation that someone has on their screen, perhaps one used before."""
    if links := actor.stage.invitations():
        newest = links[-3:] if actor.random.chance(0.5) else links
        actor.opens(actor.random.choose(newest))
        await actor.reads_answer()
        await follow(actor)


async def open_again(actor: Actor) -> None:
    """Open a link again that one has opened before; what it gave may be gone."""
    if actor.opened:
        actor.opens(actor.random.choose(actor.opened))
        await actor.reads_answer()
        await follow(actor)


async def open_provider(actor: Actor) -> None:
    """Open a provider's link."""
    if slugs := actor.stage.rows("SELECT slug FROM provider ORDER BY id"):
        (slug,) = actor.random.choose(slugs)
        await _open_link(actor, f"book_{slug}")
        await follow(actor)


async def open_odd_link(actor: Actor) -> None:
    """Open a link that leads nowhere."""
    await _open_link(actor, actor.random.choose(_LINKS))


async def _open_link(actor: Actor, payload: str) -> None:
    """Open a link to the bot, and read the answer."""
    actor.opens(f"https://t.me/{actor.stage.simulator.world.username}?start={payload}")
    await actor.reads_answer()


async def block(actor: Actor) -> None:
    """Block the bot for some minutes."""
    actor.blocks()
    await actor.waits(actor.random.exponential(400))
    actor.returns()
    if actor.random.chance(0.7):
        actor.types("/start")


async def rename(actor: Actor) -> None:
    """Change one's name in Telegram, and write."""
    actor.renames(actor.random.choose((*NAMES, "Ada", "Bruno")).replace("\n", " "))
    actor.types("/start")


async def dawdle(actor: Actor) -> None:
    """Do nothing until a hold is over."""
    await actor.waits(actor.random.between(120, 600))


def chosen(actor: Actor, message: Message) -> Button:
    """Return a button of a message, more likely one that leads on."""
    weights = [
        next((w for begin, w in _EAGER.items() if (b.data or "").startswith(begin)), 1.0)
        for b in message.buttons
    ]
    return actor.random.choose(message.buttons, weights)
