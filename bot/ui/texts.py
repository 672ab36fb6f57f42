"""Texts in each language, from gettext catalogues. A key names a text; the catalogue of every language has every key."""

import gettext
import io
from functools import cache
from pathlib import Path
from unicodedata import bidirectional

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

_CATALOGUES = Path(__file__).with_name("locales")
DOMAIN = "slotkeeper"

# The order is that of the buttons in the settings. English is written the British way: the day before the month.
LANGUAGES = {"en": Locale("en", "GB"), "de": Locale("de")}
DEFAULT = "en"

_TO_THE_LEFT = {"R", "AL", "AN", "RLE", "RLO", "RLI"}
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"


class Texts:
    """One language's texts. Values are escaped for HTML unless they are ``Markup`` already."""

    def __init__(self, language: str) -> None:
        """Speak one of ``LANGUAGES``."""
        self.language = language
        self.locale = LANGUAGES[language]
        self._catalogue = _catalogue(language)

    def __call__(self, key: str, **values: object) -> Markup:
        """Return a text in Telegram's HTML."""
        return Markup(self._catalogue.gettext(key)).format(**_isolated(values))  # noqa: S704  (the catalogue is ours, its values are escaped)

    def plain(self, key: str, **values: object) -> str:
        """Return a text for where HTML is not read: button labels, short answers to taps, command menus."""
        return self._catalogue.gettext(key).format(**_isolated(values))

    def count(self, key: str, n: int, **values: object) -> Markup:
        """Return a text in the plural form for ``n``, which it may mention as ``{n}``."""
        return Markup(self._catalogue.ngettext(key, key, n)).format(n=n, **_isolated(values))  # noqa: S704  (likewise)


def isolated(words: str) -> str:
    """Return words so that, where they run from right to left, they turn nothing round that stands beside them, such as times."""
    if words.isascii() or not any(bidirectional(letter) in _TO_THE_LEFT for letter in words):
        return words
    return f"{_ISOLATE}{words}{_END_OF_ISOLATE}"


def _isolated(values: dict[str, object]) -> dict[str, object]:
    """Return what people wrote isolated, and what is marked up already as it is."""
    return {
        name: isolated(value) if type(value) is str else value for name, value in values.items()
    }


@cache
def texts_in(language: str) -> Texts:
    """Return the texts of one of ``LANGUAGES``."""
    return Texts(language)


def best_language(chosen: str | None, telegram: str | None) -> str:
    """Return the language to speak: the one chosen, else the one Telegram speaks with the person, else English."""
    wanted = chosen or (telegram or "").split("-")[0].lower()
    return wanted if wanted in LANGUAGES else DEFAULT


@cache
def _catalogue(language: str) -> gettext.GNUTranslations:
    """Read a catalogue and compile it in memory: there is no build step and no compiled file to fall behind."""
    with (_CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
