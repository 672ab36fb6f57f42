"""A host clock that a test sets for one process, while the monotonic clock goes on as it is: the library of Debian's package faketime."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")


def _library() -> Path | None:
    """Return the library's file, None where it is not installed."""
    found = (
        path for folder in _FOLDERS for path in Path(folder).glob("**/faketime/libfaketime.so.1")
    )
    return next(found, None)


class HostClock:
    """The wall clock of a process started with this environment."""

    def __init__(self, file: Path, library: Path) -> None:
        self._file = file
        self._library = library
        self.moves(timedelta())

    def moves(self, by: timedelta) -> None:
        """Set the clock to be so far from the real time; a file that is being written is never read."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{by.total_seconds():+.0f}\n")
        written.replace(self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs in its environment."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def host_clock(folder: Path) -> HostClock:
    """Return a host clock that is right; skips the test where the library is not installed, unless REQUIRE_FAKETIME is set."""
    library = _library()
    if library is None:
        if os.environ.get("REQUIRE_FAKETIME"):
            pytest.fail("libfaketime is not installed: it is in Debian's package faketime")
        pytest.skip("libfaketime is not installed")
    return HostClock(folder / "faketime", library)
