"""What can go wrong outside of the booking rules: settings and the database."""


class Misconfigured(Exception):
    """A setting cannot be used; the message is one sentence for the operator."""


class TransactionConflict(Exception):
    """A transaction conflicted with another and was rolled back. Retrying it can succeed."""


class AlreadyThere(TransactionConflict):
    """A unique constraint was violated: usually a race; if it repeats, a bug."""


class DatabaseAway(Exception):
    """The database is unreachable. As far as is known, nothing of the transaction was saved."""
