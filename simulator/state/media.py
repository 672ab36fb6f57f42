"""Files as Telegram sees them: whether they are pictures, and their size."""

import base64
from typing import Literal

from simulator.state.chats import Attachment

SMALLEST_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
    "hgGAWjR9awAAAABJRU5ErkJggg=="
)
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")
_UNKNOWN_SIZE = (320, 320)


def is_picture(content: bytes) -> bool:
    """Return whether the bytes start like a picture that Telegram can process."""
    return content.startswith(_SIGNATURES)


def attachment(
    kind: Literal["document", "photo", "sticker"],
    file_id: str,
    name: str,
    mime_type: str,
    content: bytes,
) -> Attachment:
    """Return a file as part of a message."""
    width, height = _size(content)
    return Attachment(kind, file_id, name, mime_type, content, width, height)


def _size(content: bytes) -> tuple[int, int]:
    """Return the width and height in pixels of a PNG, and a plausible size for other files."""
    if not content.startswith(_SIGNATURES[0]) or content[12:16] != b"IHDR":
        return _UNKNOWN_SIZE
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
