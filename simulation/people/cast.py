"""Who takes part in a run."""

from collections.abc import Iterator

from simulation.people.actor import Actor, Line
from simulation.world.stage import Stage

_STAFF = (
    ("Boss", "admin", "en"),
    ("Nora", "provider", "en"),
    ("Emil", "provider", "de"),
    ("Hanna", "receptionist", "en"),
    ("Rita", "newcomer", "en"),
)
_CLIENTS = (
    ("Ada", "client", "en"),
    ("Bruno", "client", "en"),
    ("Cleo", "client", "de"),
    ("Dario", "client", "en"),
)
NAMES = tuple(name for name, *_ in (*_STAFF, *_CLIENTS))


def cast(stage: Stage, story: list[Line]) -> Iterator[Actor]:
    """Create the people; what they do is added to the story."""
    for name, role, language in (*_STAFF, *_CLIENTS):
        person = stage.simulator.person(name, last_name=f"{name}son", language_code=language)
        yield Actor(role, person, stage, story, stage.stream(f"person {name}"))
