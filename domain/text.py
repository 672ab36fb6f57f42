"""Convert texts that people sent to what the database can store."""


def storable(text: str) -> str:
    """Return a text without NUL, which PostgreSQL rejects, and without lone surrogates."""
    return text.replace("\x00", "").encode(errors="ignore").decode()
