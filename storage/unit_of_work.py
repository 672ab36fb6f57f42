"""A transaction and its repositories."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.events import Event
from storage.engine.executor import Executor
from storage.queries.sql_queries import SqlQueries
from storage.repositories.availability import SqlAvailability
from storage.repositories.cards import SqlCards
from storage.repositories.dialogues import SqlDialogues
from storage.repositories.drafts import SqlDrafts
from storage.repositories.health import SqlHealth
from storage.repositories.history import SqlHistory
from storage.repositories.incidents import SqlIncidents
from storage.repositories.invitations import SqlInvitations
from storage.repositories.outbox import SqlOutbox
from storage.repositories.people import SqlPeople
from storage.repositories.processed_updates import SqlUpdates
from storage.repositories.providers import SqlProviders
from storage.repositories.reservations import SqlReservations
from storage.repositories.retention import SqlPruning


class SqlUnitOfWork:
    """The repositories of one transaction, which ``Database.transaction`` commits.

    ``connection`` executes other statements in the transaction, for maintenance and tests.
    """

    def __init__(self, connection: Executor, replica: int = 0) -> None:
        """Pass the connection to each repository; leases are taken for ``replica``."""
        self.connection = connection
        self.events: list[Event] = []
        self.queries = SqlQueries(connection)
        self.people = SqlPeople(connection)
        self.providers = SqlProviders(connection)
        self.availability = SqlAvailability(connection)
        self.drafts = SqlDrafts(connection)
        self.reservations = SqlReservations(connection)
        self.invitations = SqlInvitations(connection)
        self.history = SqlHistory(connection)
        self.outbox = SqlOutbox(connection, replica)
        self.cards = SqlCards(connection)
        self.dialogues = SqlDialogues(connection)
        self.updates = SqlUpdates(connection)
        self.incidents = SqlIncidents(connection)
        self.health = SqlHealth(connection, replica)
        self.pruning = SqlPruning(connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Open a savepoint. An exception in the block rolls back its changes and events."""
        event_count = len(self.events)
        try:
            async with self.connection.savepoint():
                yield
        except BaseException:
            del self.events[event_count:]
            raise
