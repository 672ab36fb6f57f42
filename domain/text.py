"""Texts that people sent, as the database can keep them."""


def storable(text: str) -> str:
    """Return a text without NUL, which PostgreSQL refuses in any column, and without halves of surrogate pairs, which are no characters."""
    return text.replace("\x00", "").encode(errors="ignore").decode()
