"""Which presence a database needs: on PostgreSQL there may be other replicas, on SQLite there are none."""

from sqlalchemy import make_url

from storage.alone import Alone
from storage.replica import Replica


def presence_on(url: str) -> Alone | Replica:
    """Return the presence of this process on a database; nothing is opened yet."""
    return Replica(url) if make_url(url).get_backend_name() == "postgresql" else Alone()
