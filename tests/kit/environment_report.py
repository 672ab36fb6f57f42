"""A program that prints the state of its process at start as JSON."""

import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import warnings
from pathlib import Path

from tests.kit.fork_server import LAZY_MODULES

if __name__ == "__main__":
    for name in LAZY_MODULES:
        importlib.import_module(name)
    found = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "files": sorted(file for file in range(64) if Path(f"/dev/fd/{file}").exists()),
        "filters": [str(each) for each in warnings.filters],
        "flags": str(sys.flags),
        "folder": str(Path.cwd()),
        "group": os.getpgrp(),
        "input": sys.stdin.read(),
        "options": str(vars(sys)["_xoptions"]),
        "path": sys.path,
        "program": Path(sys.argv[0]).name,
        "signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "temporary": tempfile.gettempdir(),
        "threads": threading.active_count(),
        "umask": os.umask(0),
    }
    json.dump(found, sys.stdout)
    sys.stderr.write("a last word\n")
    # Left open on purpose: the interpreter warns of it at exit.
    unclosed = Path(os.devnull).open()  # noqa: SIM115
    sys.exit(int(sys.argv[1]))
