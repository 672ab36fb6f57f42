"""Create what a database with several replicas needs: PostgreSQL has replicas, SQLite does not."""

from sqlalchemy import make_url

from storage.cluster.membership import PostgresMembership
from storage.cluster.shared_rate_limit import SharedRateLimit
from storage.cluster.single_process import SingleProcess


def membership_on(url: str, number: int) -> SingleProcess | PostgresMembership:
    """Return this process's membership on a database, without connecting.

    The ``number`` identifies this process among its replicas and later ones.
    """
    return PostgresMembership(url, number) if _has_replicas(url) else SingleProcess(number)


def shared_rate_limit_on(url: str) -> SharedRateLimit | None:
    """Return the rate limit shared by replicas, or None if there are none, without connecting."""
    return SharedRateLimit(url) if _has_replicas(url) else None


def _has_replicas(url: str) -> bool:
    """Return whether several processes may use a database at once."""
    return make_url(url).get_backend_name() == "postgresql"
