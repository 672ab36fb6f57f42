"""Texts from gettext catalogues. Every language's catalogue has the same keys."""

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

# In the order of the buttons in the settings. English uses British formats: day before month.
LANGUAGES = {"en": Locale("en", "GB"), "de": Locale("de")}
DEFAULT = "en"

_RIGHT_TO_LEFT = {"R", "AL", "AN", "RLE", "RLO", "RLI"}
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


class Texts:
    """The texts of one language. Values are escaped for HTML unless they are ``Markup``."""

    def __init__(self, language: str) -> None:
        """Load the catalogue of one of ``LANGUAGES``."""
        self.language = language
        self.locale = LANGUAGES[language]
        self._catalogue = _catalogue(language)

    def __call__(self, key: str, **values: object) -> Markup:
        """Return a text as Telegram HTML."""
        return Markup(self._catalogue.gettext(key)).format(**_isolated(values))  # noqa: S704  (a trusted catalogue, and values are escaped)

    def plain(self, key: str, **values: object) -> str:
        """Return a text without HTML, for button labels, answers to taps and command menus."""
        return self._catalogue.gettext(key).format(**_isolated(values))

    def count(self, key: str, n: int, **values: object) -> Markup:
        """Return a text in the plural form for ``n``, which it may contain as ``{n}``."""
        return Markup(self._catalogue.ngettext(key, key, n)).format(n=n, **_isolated(values))  # noqa: S704  (as above)


def isolated(words: str) -> str:
    """Return words, isolated if they run right to left, so that they do not reorder text around."""
    if words.isascii() or not any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in words):
        return words
    return f"{_ISOLATE}{words}{_END_ISOLATE}"


def _isolated(values: dict[str, object]) -> dict[str, object]:
    """Return values with each plain string isolated; ``Markup`` stays as it is."""
    return {
        name: isolated(value) if type(value) is str else value for name, value in values.items()
    }


@cache
def texts_in(language: str) -> Texts:
    """Return the texts of one of ``LANGUAGES``."""
    return Texts(language)


def best_language(chosen: str | None, telegram: str | None) -> str:
    """Return the language to use: the chosen one, else Telegram's, else English."""
    wanted = chosen or (telegram or "").split("-")[0].lower()
    return wanted if wanted in LANGUAGES else DEFAULT


@cache
def _catalogue(language: str) -> gettext.GNUTranslations:
    """Read a catalogue and compile it in memory, which saves a build step and stale files."""
    with (_CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
