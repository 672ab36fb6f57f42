"""Words typed alone that do what a button or a command does, in English and German."""

from enum import Enum, auto

from telegram import Message
from telegram.ext import filters


class Meaning(Enum):
    """What words typed alone ask for."""

    STOP = auto()
    BACK = auto()
    GREETING = auto()
    THANKS = auto()
    CONFIRM = auto()
    YES = auto()
    CANCEL_BOOKING = auto()


# Every table is understood in every chat, whatever its language.
_ENGLISH = {
    Meaning.STOP: ("cancel", "stop"),
    Meaning.BACK: ("back", "go back"),
    Meaning.GREETING: ("hi", "hello", "hey", "good morning"),
    Meaning.THANKS: ("thanks", "thank you", "many thanks", "thx"),
    Meaning.CONFIRM: ("confirm", "confirm it", "confirm my appointment", "confirm my booking"),
    Meaning.YES: ("yes", "yes please", "ok", "okay"),
    Meaning.CANCEL_BOOKING: (
        "cancel appointment",
        "cancel booking",
        "cancel my appointment",
        "cancel my booking",
    ),
}
_GERMAN = {
    Meaning.STOP: ("stopp", "abbrechen"),
    Meaning.BACK: ("zurück",),
    Meaning.GREETING: ("hallo", "moin", "servus", "guten morgen", "guten tag"),
    Meaning.THANKS: ("danke", "danke schön", "dankeschön", "vielen dank"),
    Meaning.CONFIRM: ("bestätigen", "bestätige", "termin bestätigen"),
    Meaning.YES: ("ja", "ja bitte"),
    Meaning.CANCEL_BOOKING: (
        "absagen",
        "termin absagen",
        "meinen termin absagen",
        "termin stornieren",
        "buchung stornieren",
    ),
}
_MEANINGS = {
    words: meaning
    for table in (_ENGLISH, _GERMAN)
    for meaning, lines in table.items()
    for words in lines
}


def meaning_of(line: str) -> Meaning | None:
    """Return what a line asks for if it consists of known words alone, or None.

    Case, spaces and the punctuation around and between the words do not matter.
    """
    words = " ".join(word.strip(".!,") for word in line.casefold().split())
    return _MEANINGS.get(words.strip())


class Means(filters.MessageFilter):
    """Matches messages that have one meaning."""

    def __init__(self, meaning: Meaning) -> None:
        """Match this meaning."""
        super().__init__()
        self._meaning = meaning

    def filter(self, message: Message) -> bool:
        """Return whether a message has the meaning."""
        return meaning_of(message.text or "") is self._meaning
