"""People who use the bot, each with random numbers of their own. ``acts.py`` says what they do."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulation.world.stage import Stage
from simulation.world.streams import Stream
from simulator.state.chats import Message
from simulator.state.keyboards import Button
from simulator.state.people import Person

_INVITATION = re.compile(r"https://t\.me/\S+\?start=join_\w+")
INVENTED = "("
"""The labels of buttons that people tap although no message has them begin with this."""
_ANSWER_SECONDS, _LOOK_SECONDS = 8.0, 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the story: who did what, in microseconds since the start."""

    at: int
    who: str
    what: str


@dataclass(slots=True)
class Actor:
    """A person, the random numbers by which they decide, and what was said to everybody.

    ``role`` is the one they begin with; invitations may give them others. ``opened`` has the links
    that they opened.
    """

    role: str
    person: Person
    stage: Stage
    story: list[Line]
    random: Stream
    acts: int = 0
    opened: list[str] = field(default_factory=list)

    @property
    def bot_messages(self) -> list[Message]:
        """Return all of the bot's messages, newest first."""
        return [m for m in self.person.chat.newest_first() if m.sender == "bot"]

    @property
    def messages(self) -> list[Message]:
        """Return the bot's messages with buttons, newest first."""
        return [message for message in self.bot_messages if message.rows]

    def types(self, text: str) -> None:
        """Write to the bot."""
        self._note(f"“{text}”")
        self.person.sends(text)

    def taps(self, message: Message, button: Button) -> None:
        """Tap a button; a link to the bot is opened, any other leads out of Telegram."""
        self._note(f"[{button.text}]")
        if button.data is not None:
            self.person.taps_data(button.data, message.id, label=button.text)
        elif button.url is not None and "?start=" in button.url and "/share/" not in button.url:
            self.person.opens(button.url)

    def invents(self, what: str, data: str) -> None:
        """Tap a button on the newest message that has any, which it does not have."""
        self.taps(self.messages[0], Button(f"{INVENTED}{what})", data=data))

    def opens(self, link: str) -> None:
        """Open a link to the bot."""
        self._note(f"opens {link}")
        self.opened.append(link)
        self.person.opens(link)

    def blocks(self) -> None:
        """Block the bot."""
        self._note("blocks the bot")
        self.person.blocks()

    def returns(self) -> None:
        """Unblock the bot and write."""
        self._note("unblocks the bot")
        self.person.unblocks()

    async def waits(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def reads_answer(self) -> None:
        """Wait until the bot has shown something new, or for some seconds."""
        before = self._shown()
        for _ in range(int(_ANSWER_SECONDS / _LOOK_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            if self._shown() != before:
                return

    def edits(self, text: str) -> None:
        """Edit one of the newest lines that this person wrote, if there are any."""
        own = [m for m in self.person.chat.newest_first() if m.is_from(self.person.id)][:2]
        if own:
            self._note(f"edits into “{text}”")
            self.person.edits(self.random.choose(own).id, text)

    def shows(self) -> None:
        """Send a sticker."""
        self._note("sends a sticker")
        self.person.sends_sticker()

    def renames(self, name: str) -> None:
        """Change the first name in Telegram."""
        self._note(f"is called {name} from now on")
        self.person.renames(first_name=name)

    async def says(self, text: str) -> None:
        """Write to the bot, and read the answer."""
        self.types(text)
        await self.reads_answer()

    async def follows(self, *begins: str) -> bool:
        """Tap a button whose data begins so, on the newest message that has one; read the answer.

        Of several, tap one after the other. Return whether all of them were there.
        """
        for begin in begins:
            found = self.buttons(begin)
            if not found:
                return False
            self.taps(*self.random.choose(found))
            await self.reads_answer()
        return True

    def buttons(self, begin: str) -> Sequence[tuple[Message, Button]]:
        """Return the buttons whose data begins so, on the newest message that has one."""
        for message in self.messages:
            if found := [b for b in message.buttons if (b.data or "").startswith(begin)]:
                return [(message, button) for button in found]
        return ()

    def invitations(self) -> Sequence[str]:
        """Return the invitations that this person has on their screen."""
        return [
            link
            for message in self.person.chat.messages
            for link in _INVITATION.findall(message.text)
        ]

    def _shown(self) -> tuple[int, int, int]:
        """Return what changes when the bot shows something."""
        messages = self.bot_messages
        return len(messages), sum(m.edited for m in messages), len(self.person.toasts)

    def _note(self, what: str) -> None:
        self.acts += 1
        self.story.append(Line(self.stage.kernel.now, self.person.name or "…", what))
