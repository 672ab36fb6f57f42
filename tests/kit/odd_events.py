"""What a real Telegram sends beside the lines and taps that a dialogue test is about, drawn by lot; none of it may make a difference.

The lot of each test depends on the seed (``TEST_SEED``) and the test's id, so a run can be repeated.
"""

from collections.abc import Callable
from typing import Any

from simulator import ABSENT, Group, Person, Simulator
from simulator.state.chats import Account
from tests.kit.sampling import seeded

_ACCOMPANIED, _SLOW = 0.35, 0.1
"""How many of the acts, and of the answers of the wire, meet something odd."""
_LONGEST_DELAY = 0.005
_LONG_CODE = f"en-x-{'y' * 60}"
_BYSTANDER = 5_000_000_000


class Oddities:
    """One test's lot: details of people, updates that must be answered with silence, and slow answers."""

    def __init__(self, simulator: Simulator, seed: str) -> None:
        self._simulator = simulator
        self._lots = seeded(seed)
        # The order of calls is not certain, so they have a lot of their own.
        self._delays = seeded(f"{seed} delays")
        self._crowd: Group | None = None
        self._bystander: Person | None = None
        simulator.faults.latency = self._latency

    def details(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the details of a person who joins: what a test does not give is absent, null, empty or long."""
        drawn = {
            "last_name": self._lots.choice((ABSENT, ABSENT, None, "")),
            "username": self._lots.choice((ABSENT, None)),
            "language_code": self._lots.choice(("en", "en", ABSENT, None, _LONG_CODE)),
        }
        return drawn | given

    def accompany(self, person: Person) -> None:
        """Let something happen beside what a person has just done, perhaps."""
        if self._lots.random() < _ACCOMPANIED:
            happens: Callable[[Person], object] = self._lots.choice(
                (
                    self._moves,
                    self._pins,
                    self._sets_timer,
                    self._admin_chats,
                    self._bystander_chats,
                    self._group_is_renamed,
                )
            )
            happens(person)

    def _latency(self, method: str) -> float:
        """Return how long the answer to a call takes besides."""
        return (
            self._delays.uniform(0, _LONGEST_DELAY)
            if self._delays.random() < _SLOW and method != "getUpdates"
            else 0
        )

    def _moves(self, person: Person) -> None:
        """Move a live location that was shared before the bot was there."""
        place = {"latitude": 52.5, "longitude": 13.4, "live_period": 900}
        shared = self._simulator.world.write(
            person.chat, self._account(person).as_json(), more={"location": place}
        )
        for step in range(self._lots.randint(1, 3)):
            person.moves(shared.id, 52.5 + step, 13.4)

    def _pins(self, person: Person) -> None:
        person.pins(person.chat.messages[-1])

    def _sets_timer(self, person: Person) -> None:
        person.sets_timer(86400)

    def _admin_chats(self, _: Person) -> None:
        self._group().sends_anonymously("25 Nov 9:00")

    def _bystander_chats(self, _: Person) -> None:
        if self._bystander is None:
            self._bystander = self._simulator.person(
                None, last_name=None, username=None, language_code=None, id=_BYSTANDER
            )
        self._bystander.sends_in(self._group(), "cancel")

    def _group_is_renamed(self, person: Person) -> None:
        self._group().renames("Crew", by=self._account(person).as_json())

    def _group(self) -> Group:
        if self._crowd is None:
            self._crowd = self._simulator.supergroup("Crowd")
        return self._crowd

    def _account(self, person: Person) -> Account:
        return self._simulator.world.accounts[person.id]
