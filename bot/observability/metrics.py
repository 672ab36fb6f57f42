"""What is counted and timed while the bot runs, for Prometheus to fetch. Nothing here names a person, a chat or a secret."""

import math
from collections.abc import Iterable
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

# Since when each counter counts is told by the start of the process; for every series it would double the page.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The counters of one bot, in a registry of its own; what can be told beforehand is there from the start, at zero."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # To look a series up by its labels takes longer than to count it.
        self._series = cache(_series)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        Info("slotkeeper_build", "Which version this is.", registry=self._registry).info(
            {"version": __version__}
        )
        self._count_updates()
        self._count_bookings()
        self._count_deliveries()
        self._count_requests()

    def exposition(self) -> bytes:
        """Return everything in the format that Prometheus fetches."""
        return generate_latest(self._registry)

    def update_ended(self, update: object, outcome: UpdateOutcome) -> None:
        """Count what became of an update, and how long it took to be committed where it was."""
        kind = kind_of(update)
        self._series(self._updates, kind, outcome).inc()
        receipt = UPDATE_TIMING.get()
        if receipt and outcome in {"worked", "set_aside"}:
            self._series(self._update_seconds, kind).observe(receipt.age)

    def delivered(self, kind: str, outcome: DeliveryOutcome) -> None:
        """Count what became of an outbox row, and how long an answer took that is told while its update is still in hand."""
        self._series(self._deliveries, kind if kind in _DELIVERY_KINDS else "other", outcome).inc()
        receipt = UPDATE_TIMING.get()
        if receipt and (kind, outcome) == (REPLY, "sent"):
            self._series(self._answer_seconds, receipt.kind).observe(receipt.age)

    def count(self, committed: Iterable[events.Event]) -> None:
        """Count what happened to reservations, once it is committed."""
        for event in committed:
            self._counter_of(event).inc()

    def transaction(self, kind: Literal["read", "write"]) -> AbstractContextManager[object]:
        """Time a transaction, the wait for a connection included."""
        timed: AbstractContextManager[object] = self._series(self._transactions, kind).time()
        return timed

    def asked(self, method: str, status: str, seconds: float) -> None:
        """Count a request to Telegram, by its method and by the HTTP status, or by what kept it from having one."""
        self._series(self._requests, method, status).inc()
        self._series(self._request_seconds, method).observe(seconds)

    def waiting(self, depth: float = math.nan, oldest: float = math.nan) -> None:
        """Show how much is due and not told, and since how many seconds; not a number where nobody knows."""
        self._depth.set(depth)
        self._oldest.set(oldest)

    def _count_updates(self) -> None:
        """Make the counters of updates."""
        self._updates = self._counter(
            "slotkeeper_updates", "Updates, by what became of each try.", "kind", "outcome"
        )
        self._update_seconds = self._histogram(
            "slotkeeper_update_seconds", "From an update's receipt to its commit.", _ANSWERS, "kind"
        )
        self._answer_seconds = self._histogram(
            "slotkeeper_answer_seconds", "From an update's receipt to its answer.", _ANSWERS, "kind"
        )
        for kind in _UPDATE_KINDS:
            for outcome in get_args(UpdateOutcome):
                self._updates.labels(kind, outcome)

    def _count_bookings(self) -> None:
        """Make the counters of what happens to reservations."""
        self._holds = self._counter("slotkeeper_holds", "Slots held.")
        self._moves = self._counter("slotkeeper_moves", "Holds moved to another slot.")
        self._confirmations = self._counter("slotkeeper_confirmations", "Holds confirmed.")
        self._expiries = self._counter("slotkeeper_expiries", "Holds that ran out.")
        self._releases = self._counter("slotkeeper_releases", "Holds given back.")
        cancellations = self._counter("slotkeeper_cancellations", "Reservations cancelled.", "by")
        self._by_client, self._by_provider = (
            cancellations.labels("client"),
            cancellations.labels("provider"),
        )
        self._transactions = self._histogram(
            "slotkeeper_transaction_seconds",
            "A transaction, from asking for a connection to the commit.",
            _TRANSACTIONS,
            "kind",
        )

    def _count_deliveries(self) -> None:
        """Make the counters of the outbox."""
        self._deliveries = self._counter(
            "slotkeeper_deliveries", "Tries to tell what the outbox holds.", "kind", "outcome"
        )
        for kind in _DELIVERY_KINDS:
            for outcome in get_args(DeliveryOutcome):
                self._deliveries.labels(kind, outcome)
        self._depth = Gauge(
            "slotkeeper_outbox_depth",
            "Messages that are due and not told.",
            registry=self._registry,
        )
        self._oldest = Gauge(
            "slotkeeper_outbox_oldest_seconds",
            "For how long the oldest has been due.",
            registry=self._registry,
        )
        self.waiting()

    def _count_requests(self) -> None:
        """Make the counters of the transport."""
        self._requests = self._counter(
            "slotkeeper_telegram_requests", "Requests to Telegram.", "method", "status"
        )
        self._request_seconds = self._histogram(
            "slotkeeper_telegram_seconds", "Requests to Telegram.", _ANSWERS, "method"
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        """Make a counter; Prometheus adds ``_total`` to its name."""
        return Counter(name, text, labels, registry=self._registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        """Make a histogram."""
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def _counter_of(self, event: events.Event) -> Counter:
        """Return what counts an event."""
        match event:
            case events.SlotHeld():
                return self._moves if event.reservation.first_held_at else self._holds
            case events.HoldConfirmed():
                return self._confirmations
            case events.HoldExpired():
                return self._expiries
            case events.CancelledByClient():
                return self._by_client if event.reservation.confirmed_at else self._releases
            case events.CancelledByProvider():
                return self._by_provider
        raise TypeError(f"nobody counts {type(event).__name__}")


def _series(family: Any, *labels: str) -> Any:
    """Return the series of a family that has these labels."""
    return family.labels(*labels)
