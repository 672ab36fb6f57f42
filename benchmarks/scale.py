"""The sizes of a full run, in under ten minutes, and of a short run that tests the benchmarks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of all benchmarks; times in seconds."""

    rounds: int = 3
    tap_rounds: int = 5
    people: int = 64
    tap_seconds: float = 2.5
    delays: tuple[float, ...] = (0.0, 0.05)
    providers: tuple[int, ...] = (1, 100, 10_000)
    reservations: int = 1_000_000
    lookups: int = 70
    lookup_rounds: int = 9
    at_once: tuple[int, ...] = (1, 16, 64)
    holding_seconds: float = 1.0
    holds: int = 10_000
    news: int = 1_000
    paced_news: int = 300
    deep: int = 10_000
    deep_seconds: float = 90.0
    long_seconds: float = 15.0
    busy: tuple[int, ...] = (0, 10, 45, 100)
    busy_seconds: float = 15.0


WHOLE = Scale()
SHORT = Scale(
    rounds=1,
    tap_rounds=1,
    people=4,
    tap_seconds=0.2,
    delays=(0.0,),
    providers=(1, 3),
    reservations=5_000,
    lookups=3,
    lookup_rounds=1,
    at_once=(1, 4),
    holding_seconds=0.05,
    holds=40,
    news=10,
    paced_news=10,
    deep=40,
    deep_seconds=5.0,
    long_seconds=0.2,
    busy=(0, 3),
    busy_seconds=1.0,
)
