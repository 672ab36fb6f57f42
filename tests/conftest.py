"""Fixtures that several parts of the tests share, and what all properties have in common."""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.kit.postgres", "tests.kit.sampling", "tests.kit.databases"]

# No test asserts a time, so no property does either: how long an example takes tells of the machine's other work.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_MEMORY, _ROOM = Path("/dev/shm"), 2 << 30  # noqa: S108  (the folder in memory that Linux has; what is made there has names of its own)


def _has_room_for_programs(folder: Path) -> bool:
    """Tell whether files, those of a server that is started there among them, may be kept in a folder."""
    if not os.access(folder, os.W_OK):
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= _ROOM and not disk.f_flag & os.ST_NOEXEC


# Each commit waits for the disk: thousands of tests would measure nothing else. A kill of a process loses nothing that was written there.
if "TMPDIR" not in os.environ and _has_room_for_programs(_MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)
