"""What to try, step by step, and the messages that prove it was done."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from simulator.state.chats import Message
from simulator.state.people import Person

Proof = Callable[[Message], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try: a sentence, and `done`, which is asked of every message as it appears or changes.

    With `person` the step points to that phone, and with `suggestion` it offers to put this text into its input line.
    """

    text: str
    done: Proof
    person: Person | None = None
    suggestion: str = ""


@dataclass(slots=True)
class Progress:
    """The steps and which of them are done; what was done once stays done."""

    steps: tuple[Step, ...]
    done: set[int] = field(default_factory=set)

    def see(self, message: Message) -> list[int]:
        """Look at a message and return the numbers, from 0, of the steps it proves for the first time."""
        new = [
            number
            for number, step in enumerate(self.steps)
            if number not in self.done and step.done(message)
        ]
        self.done.update(new)
        return new


def says(people: Person | Iterable[Person], pattern: str, *, sender: str = "bot") -> Proof:
    """Return a proof: in a chat of these people the `bot`, or the `person`, writes something the regular expression finds.

    Upper and lower case are the same.
    """
    chats, regex = _chats(people), re.compile(pattern, re.IGNORECASE)
    return lambda message: (
        message.chat.id in chats
        and message.sender == sender
        and regex.search(message.text) is not None
    )


def offers(people: Person | Iterable[Person], pattern: str) -> Proof:
    """Return a proof: in a chat of these people a message has a button whose label the regular expression finds."""
    chats, regex = _chats(people), re.compile(pattern, re.IGNORECASE)
    return lambda message: (
        message.chat.id in chats and any(regex.search(label) for label in message.labels)
    )


def _chats(people: Person | Iterable[Person]) -> frozenset[int]:
    return frozenset(
        {people.id} if isinstance(people, Person) else {person.id for person in people}
    )
