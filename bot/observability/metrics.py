"""The Prometheus metrics. None of them names a person, a chat or a secret."""

import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from bot import __version__
from bot.observability.update_timing import UPDATE_TIMING, kind_of
from domain import events
from domain.notification import Kind
from domain.operations.outbox import DIGEST, REPLY

UpdateOutcome = Literal["worked", "repeated", "failed", "set_aside"]
DeliveryOutcome = Literal["sent", "skipped", "parked", "postponed", "unreachable"]

_UPDATE_KINDS = ("message", "tap", "edited", "membership", "other")
_DELIVERY_KINDS = (REPLY, DIGEST, *(kind.value for kind in Kind), "other")
_TRANSACTIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_ANSWERS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# The process start time says when counting began; a series for each would double the page.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one bot in a registry of its own; known series start at zero."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # Looking a series up by its labels takes longer than counting.
        self._series = cache(_series)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        Info("slotkeeper_build", "The version of the bot.", registry=self._registry).info(
            {"version": __version__}
        )
        self._create_update_metrics()
        self._create_booking_metrics()
        self._create_delivery_metrics()
        self._create_request_metrics()

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def update_ended(self, update: object, outcome: UpdateOutcome) -> None:
        """Count an update by outcome, and observe the time to its commit if it was committed."""
        kind = kind_of(update)
        self._series(self._updates, kind, outcome).inc()
        timing = UPDATE_TIMING.get()
        if timing and outcome in {"worked", "set_aside"}:
            self._series(self._update_seconds, kind).observe(timing.age)

    def delivered(self, kind: str, outcome: DeliveryOutcome) -> None:
        """Count a delivery by outcome; of an answer sent, observe the time since the update."""
        self._series(self._deliveries, kind if kind in _DELIVERY_KINDS else "other", outcome).inc()
        timing = UPDATE_TIMING.get()
        if timing and (kind, outcome) == (REPLY, "sent"):
            self._series(self._answer_seconds, timing.kind).observe(timing.age)

    def count_events(self, committed: Iterable[events.Event]) -> None:
        """Count committed events by name, and those that have a metric of their own there too."""
        for event in committed:
            self._series(self._events, type(event).__name__).inc()
            if counter := self._counters.get(type(event)):
                counter.inc()

    def transaction(self, kind: Literal["read", "write"]) -> AbstractContextManager[object]:
        """Return a context manager that times a transaction and its wait for a connection."""
        timed: AbstractContextManager[object] = self._series(self._transactions, kind).time()
        return timed

    def request_ended(self, method: str, status: str, seconds: float) -> None:
        """Count a request to Telegram; ``status`` is the HTTP status or the kind of failure."""
        self._series(self._requests, method, status).inc()
        self._series(self._request_seconds, method).observe(seconds)

    def set_backlog(self, depth: float = math.nan, oldest: float = math.nan) -> None:
        """Set how many messages are due, and how many seconds the oldest is; NaN means unknown."""
        self._depth.set(depth)
        self._oldest.set(oldest)

    def _create_update_metrics(self) -> None:
        """Create the metrics of updates."""
        self._updates = self._counter(
            "slotkeeper_updates", "Attempts to process an update, by outcome.", "kind", "outcome"
        )
        self._update_seconds = self._histogram(
            "slotkeeper_update_seconds", "From receiving an update to its commit.", _ANSWERS, "kind"
        )
        self._answer_seconds = self._histogram(
            "slotkeeper_answer_seconds",
            "From receiving an update to its answer.",
            _ANSWERS,
            "kind",
        )
        for kind in _UPDATE_KINDS:
            for outcome in get_args(UpdateOutcome):
                self._updates.labels(kind, outcome)

    def _create_booking_metrics(self) -> None:
        """Create the metrics of reservations and transactions."""
        self._events = self._counter("slotkeeper_events", "Events of reservations.", "event")
        for name in _names(events.Event):
            self._events.labels(name)
        cancellations = self._counter("slotkeeper_cancellations", "Reservations cancelled.", "by")
        self._counters: dict[type[events.Event], Counter] = {
            events.SlotHeld: self._counter("slotkeeper_holds", "Slots held."),
            events.HoldMoved: self._counter("slotkeeper_moves", "Holds moved to another slot."),
            events.HoldConfirmed: self._counter("slotkeeper_confirmations", "Holds confirmed."),
            events.HoldExpired: self._counter("slotkeeper_expiries", "Holds that expired."),
            events.HoldReleased: self._counter("slotkeeper_releases", "Holds given back."),
            events.CancelledByClient: cancellations.labels("client"),
            events.CancelledByProvider: cancellations.labels("provider"),
        }
        self._transactions = self._histogram(
            "slotkeeper_transaction_seconds",
            "From requesting a connection to the commit.",
            _TRANSACTIONS,
            "kind",
        )

    def _create_delivery_metrics(self) -> None:
        """Create the metrics of the outbox."""
        self._deliveries = self._counter(
            "slotkeeper_deliveries",
            "Attempts to send a message of the outbox, by outcome.",
            "kind",
            "outcome",
        )
        for kind in _DELIVERY_KINDS:
            for outcome in get_args(DeliveryOutcome):
                self._deliveries.labels(kind, outcome)
        self._depth = Gauge(
            "slotkeeper_outbox_depth",
            "Messages that are due and not sent.",
            registry=self._registry,
        )
        self._oldest = Gauge(
            "slotkeeper_outbox_oldest_seconds",
            "How long the oldest of them has been due.",
            registry=self._registry,
        )
        self.set_backlog()

    def _create_request_metrics(self) -> None:
        """Create the metrics of requests to Telegram."""
        self._requests = self._counter(
            "slotkeeper_telegram_requests", "Requests to Telegram.", "method", "status"
        )
        self._request_seconds = self._histogram(
            "slotkeeper_telegram_seconds", "Requests to Telegram.", _ANSWERS, "method"
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        """Create a counter; Prometheus adds ``_total`` to its name."""
        return Counter(name, text, labels, registry=self._registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        """Create a histogram."""
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)


def _names(event: type[events.Event]) -> Iterator[str]:
    """Yield the names of all kinds of an event."""
    for kind in event.__subclasses__():
        yield kind.__name__
        yield from _names(kind)


def _series(family: Any, *labels: str) -> Any:
    """Return the series of a metric with these labels."""
    return family.labels(*labels)
