"""Updates sent as given bytes: JSON that no dictionary can hold.

Examples are NaN, a duplicate key, or half of a surrogate pair.
"""

import itertools
import json
from typing import Any

_MARK = "raw update"
_numbers = itertools.count(1)


class RawUpdate(dict[str, Any]):
    """A queued update of which only ``content`` is sent.

    The dictionary represents it in the queue and in the transcript.
    """

    def __init__(self, content: bytes) -> None:
        # The number makes each one unique within an answer.
        super().__init__({_MARK: next(_numbers)})
        self.content = content


def dumped(body: Any) -> bytes:
    """Return a body as JSON, with raw updates, as the body or in its ``result``, as their bytes."""
    content = json.dumps(body).encode()
    result = (
        body.get("result") if isinstance(body, dict) and not isinstance(body, RawUpdate) else [body]
    )
    for update in result if isinstance(result, list) else []:
        if isinstance(update, RawUpdate):
            content = content.replace(json.dumps(update).encode(), update.content)
    return content
