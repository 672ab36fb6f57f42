"""Steps to try, and the messages that prove a step is done."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from simulator.state.chats import Message
from simulator.state.people import Person

Proof = Callable[[Message], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try: a sentence, and `done`, a predicate for each new or changed message.

    `person` is the phone the step points to; `suggestion` is a text to put into its input field.
    """

    text: str
    done: Proof
    person: Person | None = None
    suggestion: str = ""


@dataclass(slots=True)
class Progress:
    """The steps and which of them are done; a step stays done."""

    steps: tuple[Step, ...]
    done: set[int] = field(default_factory=set)

    def see(self, message: Message) -> list[int]:
        """Check a message and return the numbers, from 0, of the steps it completes."""
        new = [
            number
            for number, step in enumerate(self.steps)
            if number not in self.done and step.done(message)
        ]
        self.done.update(new)
        return new


def says(people: Person | Iterable[Person], pattern: str, *, sender: str = "bot") -> Proof:
    """Return a proof: in one of these people's chats, `sender` writes text matching the pattern.

    The regular expression ignores case. `sender` is "bot" or "person".
    """
    chats, regex = _chats(people), re.compile(pattern, re.IGNORECASE)
    return lambda message: (
        message.chat.id in chats
        and message.sender == sender
        and regex.search(message.text) is not None
    )


def offers(people: Person | Iterable[Person], pattern: str) -> Proof:
    """Return a proof: in one of these people's chats, a button label matches the pattern."""
    chats, regex = _chats(people), re.compile(pattern, re.IGNORECASE)
    return lambda message: (
        message.chat.id in chats and any(regex.search(label) for label in message.labels)
    )


def _chats(people: Person | Iterable[Person]) -> frozenset[int]:
    return frozenset(
        {people.id} if isinstance(people, Person) else {person.id for person in people}
    )
