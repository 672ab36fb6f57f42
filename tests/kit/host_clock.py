"""A wall clock that a test sets for one process with libfaketime; the monotonic clock stays."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")


def _library() -> Path | None:
    """Return the library's file, or None if it is not installed."""
    found = (
        path for folder in _FOLDERS for path in Path(folder).glob("**/faketime/libfaketime.so.1")
    )
    return next(found, None)


class HostClock:
    """The wall clock of a process started with this environment."""

    def __init__(self, file: Path, library: Path) -> None:
        self._file = file
        self._library = library
        self.set_offset(timedelta())

    def set_offset(self, offset: timedelta) -> None:
        """Set the difference from the real time. Replacing the file prevents partial reads."""
        new_file = self._file.with_suffix(".new")
        new_file.write_text(f"{offset.total_seconds():+.0f}\n")
        new_file.replace(self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that make a process use this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def host_clock(folder: Path) -> HostClock:
    """Return a host clock that shows the real time.

    Skip the test if libfaketime is not installed; fail it if REQUIRE_FAKETIME is set.
    """
    library = _library()
    if library is None:
        if os.environ.get("REQUIRE_FAKETIME"):
            pytest.fail("libfaketime is not installed: it is in Debian's package faketime")
        pytest.skip("libfaketime is not installed")
    return HostClock(folder / "faketime", library)
