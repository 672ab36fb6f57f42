"""Look up all that is pinned among the known vulnerabilities. Where some are known this fails; where nobody could be asked, it says so."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

# The development file holds the runtime one unchanged.
LOCKS = ("requirements-dev.txt", "requirements-postgres.txt")
# How the libraries underneath name it where a service cannot be reached or does not answer.
_NOBODY_THERE = (
    "ConnectionError",
    "ProxyError",
    "SSLError",
    "Timeout",
    "HTTPError",
    "ServiceError",
)


def main() -> int:
    """Ask, tell what came of it, and return the exit status."""
    files = [part for name in LOCKS for part in ("--requirement", name)]
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    asked = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    try:
        found = json.loads(asked.stdout)["dependencies"]
    except ValueError:
        return unanswered(asked.stderr.strip())
    return told(found)


def unanswered(error: str) -> int:
    """Tell why there is no answer: a service that is away is no fault of what is pinned, anything else is one of ours."""
    reason = error.splitlines()[-1] if error else "it said nothing"
    if any(name in error for name in _NOBODY_THERE):
        print(f"Skipped: no service that knows of vulnerabilities could be reached ({reason}).")
        return 0
    print(error, file=sys.stderr)
    return 1


def told(found: Sequence[dict[str, Any]]) -> int:
    """Tell what is known of each package, and of how many nothing could be learnt."""
    known = [
        (each["name"], each["version"], flaw) for each in found for flaw in each.get("vulns", ())
    ]
    for name, version, flaw in known:
        print(
            f"{name} {version}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no release yet'}"
        )
    skipped = [each["name"] for each in found if "skip_reason" in each]
    if len(skipped) == len(found):
        print(
            f"Skipped: the service that was asked knows none of the {len(found)} packages, as a mirror may."
        )
    else:
        unheard = ", ".join(skipped) or "none"
        print(
            f"{len(found) - len(skipped)} packages looked up, {len(known)} vulnerabilities known. Not looked up: {unheard}."
        )
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
