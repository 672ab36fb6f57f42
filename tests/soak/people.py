"""People who act at random on what their chat offers at the moment."""

import random
from collections.abc import Callable

from simulator.state.chats import Message
from simulator.state.people import Person
from tests.faults.odd_values import SECRET

_COMMANDS = ("/book", "/bookings", "/start", "/help", "/settings")
_PROVIDER_COMMANDS = ("/agenda", "/hours", "/link", "/settings")
_OLDEST = 30


class Visitor:
    """A person who taps, types and blocks at random."""

    def __init__(self, person: Person, rng: random.Random) -> None:
        self.person = person
        self.blocked = False
        self._rng = rng
        self._acts: dict[Callable[[], None], int] = {
            self._send_command: 20,
            self._tap: 60,
            self._tap_twice: 6,
            self._tap_old: 6,
            self._type: 6,
            self._block: 1,
        }

    def act(self) -> None:
        """Do one random thing; a person who has blocked the bot unblocks it."""
        if self.blocked:
            self.unblock()
            return
        [act] = self._rng.choices(list(self._acts), weights=list(self._acts.values()))
        act()

    def unblock(self) -> None:
        """Unblock the bot."""
        self.blocked = False
        self.person.unblocks()

    def _block(self) -> None:
        self.blocked = True
        self.person.blocks()

    def _send_command(self) -> None:
        self.person.sends(self._rng.choice(self._commands()))

    def _commands(self) -> tuple[str, ...]:
        return _COMMANDS if self._rng.random() < 0.3 else ("/book",)

    def _type(self) -> None:
        odd = "".join(
            chr(self._rng.randrange(0x20, 0x3000)) for _ in range(self._rng.randint(0, 20))
        )
        self.person.sends(f"{SECRET} {odd}")

    def _tap(self) -> None:
        self._tap_on(next(self._cards(), None))

    def _tap_twice(self) -> None:
        card = next(self._cards(), None)
        label = self._tap_on(card)
        if label is not None and card is not None:
            self.person.taps_data(label, card.id)

    def _tap_old(self) -> None:
        cards = [card for card, _ in zip(self._cards(), range(_OLDEST), strict=False)]
        self._tap_on(self._rng.choice(cards) if cards else None)

    def _tap_on(self, card: Message | None) -> str | None:
        """Tap a random button and return its data; without one, send a command."""
        data = [button.data for button in card.buttons if button.data] if card else []
        if card is None or not data:
            self._send_command()
            return None
        chosen = self._rng.choice(data)
        self.person.taps_data(chosen, card.id)
        return chosen

    def _cards(self) -> "filter[Message]":
        """Yield the bot's messages that have buttons, newest first."""
        return filter(lambda message: message.rows, self.person.chat.newest_first())


class ProviderVisitor(Visitor):
    """A provider, who also opens the agenda and publishes hours."""

    def __init__(self, person: Person, rng: random.Random) -> None:
        super().__init__(person, rng)
        self._acts[self._publish] = 10
        # Clients could never reach a provider who blocks the bot.
        self._acts[self._block] = 0

    def _commands(self) -> tuple[str, ...]:
        return _PROVIDER_COMMANDS

    def _publish(self) -> None:
        hour = self._rng.randint(0, 20)
        self.person.sends("/hours")
        self.person.sends(
            f"{self._rng.randint(1, 28)}.{self._rng.randint(1, 12)}.2027 {hour}:00-{hour + 3}:00"
        )
