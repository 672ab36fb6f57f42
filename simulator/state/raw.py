"""Updates that go over the wire as given bytes: JSON that no dictionary can hold, such as NaN, a key twice, or half a character."""

import itertools
import json
from typing import Any

_MARK = "raw update"
_numbers = itertools.count(1)


class RawUpdate(dict[str, Any]):
    """A queued update of which only the ``content`` is sent; the dictionary stands for it in the queue and in the transcript."""

    def __init__(self, content: bytes) -> None:
        # The number makes each one different from any other part of an answer.
        super().__init__({_MARK: next(_numbers)})
        self.content = content


def dumped(body: Any) -> bytes:
    """Return a body as JSON, with the bytes of each raw update that it is or has as its ``result`` in their places."""
    content = json.dumps(body).encode()
    result = (
        body.get("result") if isinstance(body, dict) and not isinstance(body, RawUpdate) else [body]
    )
    for update in result if isinstance(result, list) else []:
        if isinstance(update, RawUpdate):
            content = content.replace(json.dumps(update).encode(), update.content)
    return content
