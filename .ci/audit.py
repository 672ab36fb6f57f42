"""Check pinned packages for known vulnerabilities; skip the check if no service is reachable."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

# The development lock contains the runtime lock.
LOCKS = ("requirements-dev.txt", "requirements-postgres.txt")
# Errors of the underlying libraries if the service is unreachable or does not answer.
_UNREACHABLE_ERRORS = (
    "ConnectionError",
    "ProxyError",
    "SSLError",
    "Timeout",
    "HTTPError",
    "ServiceError",
)


def main() -> int:
    """Run the audit, print the result and return the exit status."""
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
    audit = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    try:
        found = json.loads(audit.stdout)["dependencies"]
    except ValueError:
        return report_failure(audit.stderr.strip())
    return report(found)


def report_failure(error: str) -> int:
    """Print why there is no result; return 0 if the service is unreachable, else 1."""
    reason = error.splitlines()[-1] if error else "no error output"
    if any(name in error for name in _UNREACHABLE_ERRORS):
        print(f"Skipped: no vulnerability service could be reached ({reason}).")
        return 0
    print(error, file=sys.stderr)
    return 1


def report(found: Sequence[dict[str, Any]]) -> int:
    """Print the known vulnerabilities and the packages that were not checked."""
    known = [
        (each["name"], each["version"], flaw) for each in found for flaw in each.get("vulns", ())
    ]
    for name, version, flaw in known:
        print(
            f"{name} {version}: {flaw['id']}, "
            f"fixed in {', '.join(flaw['fix_versions']) or 'no release yet'}"
        )
    skipped = [each["name"] for each in found if "skip_reason" in each]
    if len(skipped) == len(found):
        print(f"Skipped: the service knows none of the {len(found)} packages, as a mirror may.")
    else:
        unknown = ", ".join(skipped) or "none"
        print(
            f"{len(found) - len(skipped)} packages looked up, {len(known)} vulnerabilities known. "
            f"Not looked up: {unknown}."
        )
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
