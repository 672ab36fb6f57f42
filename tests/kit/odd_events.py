"""Odd events at random in dialogue tests, none of which may change what the bot does.

They are events that Telegram sends besides text messages and taps.
The events of a test depend on the seed (``TEST_SEED``) and the test's id, so a run can be repeated.
"""

from collections.abc import Callable
from typing import Any

from simulator import ABSENT, Group, Person, Simulator
from simulator.state.chats import Account
from tests.kit.sampling import seeded

_EVENT_PROBABILITY, _DELAY_PROBABILITY = 0.35, 0.1
"""Per act of a person, and per Bot API call."""
_MAX_DELAY_SECONDS = 0.005
_LONG_LANGUAGE_CODE = f"en-x-{'y' * 60}"
_BYSTANDER_ID = 5_000_000_000


class OddEvents:
    """One test's random details of people, updates that the bot must ignore, and slow responses."""

    def __init__(self, simulator: Simulator, seed: str) -> None:
        self._simulator = simulator
        self._random = seeded(seed)
        # The order of calls varies, so delays have a random stream of their own.
        self._delays = seeded(f"{seed} delays")
        self._supergroup: Group | None = None
        self._bystander: Person | None = None
        simulator.faults.latency = self._latency

    def details(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return details for a new person: those not given are absent, null, empty or long."""
        drawn = {
            "last_name": self._random.choice((ABSENT, ABSENT, None, "")),
            "username": self._random.choice((ABSENT, None)),
            "language_code": self._random.choice(("en", "en", ABSENT, None, _LONG_LANGUAGE_CODE)),
        }
        return drawn | given

    def maybe_add_event(self, person: Person) -> None:
        """Add a random event to what a person has just done, or none."""
        if self._random.random() < _EVENT_PROBABILITY:
            event: Callable[[Person], object] = self._random.choice(
                (
                    self._move_location,
                    self._pin,
                    self._set_timer,
                    self._admin_writes,
                    self._bystander_writes,
                    self._rename_group,
                )
            )
            event(person)

    def _latency(self, method: str) -> float:
        """Return the extra seconds that a call takes."""
        return (
            self._delays.uniform(0, _MAX_DELAY_SECONDS)
            if self._delays.random() < _DELAY_PROBABILITY and method != "getUpdates"
            else 0
        )

    def _move_location(self, person: Person) -> None:
        """Move a live location that was shared before the bot joined the chat."""
        place = {"latitude": 52.5, "longitude": 13.4, "live_period": 900}
        shared = self._simulator.world.write(
            person.chat, self._account(person).as_json(), more={"location": place}
        )
        for step in range(self._random.randint(1, 3)):
            person.moves(shared.id, 52.5 + step, 13.4)

    def _pin(self, person: Person) -> None:
        person.pins(person.chat.messages[-1])

    def _set_timer(self, person: Person) -> None:
        person.sets_timer(86400)

    def _admin_writes(self, _: Person) -> None:
        self._group().sends_anonymously("25 Nov 9:00")

    def _bystander_writes(self, _: Person) -> None:
        if self._bystander is None:
            self._bystander = self._simulator.person(
                None, last_name=None, username=None, language_code=None, id=_BYSTANDER_ID
            )
        self._bystander.sends_in(self._group(), "cancel")

    def _rename_group(self, person: Person) -> None:
        self._group().renames("Crew", by=self._account(person).as_json())

    def _group(self) -> Group:
        if self._supergroup is None:
            self._supergroup = self._simulator.supergroup("Crowd")
        return self._supergroup

    def _account(self, person: Person) -> Account:
        return self._simulator.world.accounts[person.id]
