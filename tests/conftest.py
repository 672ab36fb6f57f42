"""Fixtures of the whole suite, the Hypothesis profile, and the folder of temporary files."""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.kit.collection",
    "tests.kit.postgres",
    "tests.kit.sampling",
    "tests.kit.databases",
]

# No deadlines: how long an example takes depends on the load of the machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Linux keeps this folder in memory.
_MEMORY, _MIN_FREE_BYTES = Path("/dev/shm"), 2 << 30  # noqa: S108  (file names are unique)


def _can_hold_servers(folder: Path) -> bool:
    """Return whether a folder has space for databases and can execute a server's programs."""
    if not os.access(folder, os.W_OK):
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= _MIN_FREE_BYTES and not disk.f_flag & os.ST_NOEXEC


# Commits wait for the disk, which would dominate the run time. Files in memory survive the kill of
# a process, so tests of crashes lose nothing.
if "TMPDIR" not in os.environ and _can_hold_servers(_MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)
