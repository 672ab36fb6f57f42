"""Shared fixtures and the common settings of property tests."""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.kit.postgres", "tests.kit.sampling", "tests.kit.databases"]

# Property tests have no deadline, because their duration depends on the machine's load.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_MEMORY, _ROOM = Path("/dev/shm"), 2 << 30  # noqa: S108  (Linux' folder in memory; names in it are unique)


def _has_room_for_programs(folder: Path) -> bool:
    """Return whether a folder has room for files and allows programs like a server's to run."""
    if not os.access(folder, os.W_OK):
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= _ROOM and not disk.f_flag & os.ST_NOEXEC


# In memory, commits do not wait for the disk. A killed process loses nothing written there.
if "TMPDIR" not in os.environ and _has_room_for_programs(_MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)
