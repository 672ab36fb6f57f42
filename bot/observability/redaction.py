"""Removes personal data from error texts."""

import re

_MAX_LENGTH = 160
# Quoted text and long numbers may be names, messages or ids of people.
_PERSONAL = re.compile(r"'[^']*'|\"[^\"]*\"|„[^“]*“|“[^”]*”|\d{5,}")


def redact(error: str) -> str:
    """Return the first line of an error, shortened and without what may be personal."""
    first = (error.strip().splitlines() or ["unknown"])[0]
    return _PERSONAL.sub("…", first)[:_MAX_LENGTH].rstrip(" .")
