"""What a database needs where there may be other replicas, as on PostgreSQL; on SQLite there are none."""

from sqlalchemy import make_url

from storage.cluster.membership import PostgresMembership
from storage.cluster.shared_rate_limit import SharedRateLimit
from storage.cluster.single_process import SingleProcess


def membership_on(url: str) -> SingleProcess | PostgresMembership:
    """Return the presence of this process on a database; nothing is opened yet."""
    return PostgresMembership(url) if _has_replicas(url) else SingleProcess()


def shared_rate_limit_on(url: str) -> SharedRateLimit | None:
    """Return what replicas share of their speaking to Telegram, None where there are none; nothing is opened yet."""
    return SharedRateLimit(url) if _has_replicas(url) else None


def _has_replicas(url: str) -> bool:
    """Tell whether several processes may work on a database at once."""
    return make_url(url).get_backend_name() == "postgresql"
