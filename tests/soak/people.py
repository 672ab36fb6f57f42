"""People who act at random on what their chat offers at the moment."""

import random
from collections.abc import Callable

from simulator.state.chats import Message
from simulator.state.people import Person
from tests.faults.odd_values import SECRET

_COMMANDS = ("/book", "/bookings", "/start", "/help", "/settings")
_OF_PROVIDERS = ("/agenda", "/hours", "/link", "/settings")
_OLD = 30


class Visitor:
    """A person who taps, types and blocks at random."""

    def __init__(self, person: Person, lots: random.Random) -> None:
        self.person = person
        self.blocked = False
        self._lots = lots
        self._acts: dict[Callable[[], None], int] = {
            self._begins: 20,
            self._taps: 60,
            self._taps_twice: 6,
            self._taps_old: 6,
            self._types: 6,
            self._blocks: 1,
        }

    def acts(self) -> None:
        """Do one random thing; a person who has blocked the bot unblocks it."""
        if self.blocked:
            self.returns()
            return
        [act] = self._lots.choices(list(self._acts), weights=list(self._acts.values()))
        act()

    def returns(self) -> None:
        """Unblock the bot."""
        self.blocked = False
        self.person.unblocks()

    def _blocks(self) -> None:
        self.blocked = True
        self.person.blocks()

    def _begins(self) -> None:
        self.person.sends(self._lots.choice(self._commands()))

    def _commands(self) -> tuple[str, ...]:
        return _COMMANDS if self._lots.random() < 0.3 else ("/book",)

    def _types(self) -> None:
        odd = "".join(
            chr(self._lots.randrange(0x20, 0x3000)) for _ in range(self._lots.randint(0, 20))
        )
        self.person.sends(f"{SECRET} {odd}")

    def _taps(self) -> None:
        self._taps_on(next(self._cards(), None))

    def _taps_twice(self) -> None:
        card = next(self._cards(), None)
        label = self._taps_on(card)
        if label is not None and card is not None:
            self.person.taps_data(label, card.id)

    def _taps_old(self) -> None:
        cards = [card for card, _ in zip(self._cards(), range(_OLD), strict=False)]
        self._taps_on(self._lots.choice(cards) if cards else None)

    def _taps_on(self, card: Message | None) -> str | None:
        """Tap a random button and return its data; without one, send a command."""
        data = [button.data for button in card.buttons if button.data] if card else []
        if card is None or not data:
            self._begins()
            return None
        chosen = self._lots.choice(data)
        self.person.taps_data(chosen, card.id)
        return chosen

    def _cards(self) -> "filter[Message]":
        """Yield the bot's messages that have buttons, newest first."""
        return filter(lambda message: message.rows, self.person.chat.newest_first())


class Practitioner(Visitor):
    """A provider, who also opens the agenda and publishes hours."""

    def __init__(self, person: Person, lots: random.Random) -> None:
        super().__init__(person, lots)
        self._acts[self._posts] = 10
        # Clients could never reach a provider who blocks the bot.
        self._acts[self._blocks] = 0

    def _commands(self) -> tuple[str, ...]:
        return _OF_PROVIDERS

    def _posts(self) -> None:
        hour = self._lots.randint(0, 20)
        self.person.sends("/hours")
        self.person.sends(
            f"{self._lots.randint(1, 28)}.{self._lots.randint(1, 12)}.2027 {hour}:00-{hour + 3}:00"
        )
