"""One HTML page with every screen of the bot: ``make preview`` writes it.

It shows each state in every language side by side, light or dark as the reader's system is, or as
the switch at the top says.
"""

import html
import re
import sys
from itertools import groupby
from pathlib import Path

from bot.messages.screen import Button, Screen
from bot.ui.texts import LANGUAGES
from tests.kit.preview import PACKAGES, Preview, previews_of
from tests.kit.screens import locale_in

_TIME = re.compile(r"<tg-time[^>]*>(.*?)</tg-time>", re.DOTALL)
_STYLE = """
:root { color-scheme: light dark; --back: #dfe7ee; --bubble: #fff; --ink: #111; --key: #4d7595; }
@media (prefers-color-scheme: dark) {
  :root:not(.light) { --back: #0e1621; --bubble: #182533; --ink: #f1f1f1; --key: #2b5278; }
}
:root.dark { --back: #0e1621; --bubble: #182533; --ink: #f1f1f1; --key: #2b5278; }
:root.dark { color-scheme: dark; }
:root.light { color-scheme: light; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--back); color: var(--ink);
  font: 15px/1.4 system-ui, sans-serif; }
a { color: inherit; }
.state { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; }
.screen { max-width: 24rem; margin-bottom: 1rem; }
.text { background: var(--bubble); border-radius: 12px; padding: .5rem .75rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.row { display: flex; gap: 3px; margin-top: 3px; }
.key { flex: 1; background: var(--key); color: #fff; border-radius: 6px; padding: .4rem .2rem;
  text-align: center; min-width: 0; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
"""
_SWITCH = (
    "const c = document.documentElement.classList;"
    "const dark = matchMedia('(prefers-color-scheme: dark)').matches !== c.contains('dark')"
    " && !c.contains('light');"
    "c.remove('light', 'dark'); c.add(dark ? 'light' : 'dark');"
)


def page() -> str:
    """Return the whole page."""
    packages = [(package, previews_of(package)) for package in PACKAGES]
    links = " · ".join(f'<a href="#{package}">{package}</a>' for package, _ in packages)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Slotkeeper: every screen</title><style>{_STYLE}</style></head><body>"
        f"<h1>Every screen</h1><p>{links}</p>"
        f'<p><button type="button" onclick="{html.escape(_SWITCH)}">Light or dark</button></p>'
        + "".join(_section(package, previews) for package, previews in packages)
        + "</body></html>\n"
    )


def _section(package: str, previews: list[Preview]) -> str:
    """Return a package's section: each function, and below it each state."""
    parts = [f'<h2 id="{package}">{package}</h2>']
    for of, states in groupby(previews, lambda preview: preview.of):
        for preview in states:
            parts.append(f"<h3>{of.removeprefix(f'{package}.')}: {preview.state}</h3>")
            drawn = [_screen(preview.screen(locale_in(name)), name) for name in LANGUAGES]
            parts.append(f'<div class="state">{"".join(drawn)}</div>')
    return "\n".join(parts)


def _screen(screen: Screen, language: str) -> str:
    """Return one screen: a bubble, and its keyboard below."""
    rows = "".join(f'<div class="row">{"".join(map(_key, row))}</div>' for row in screen.rows)
    text = _TIME.sub(r"\1", screen.text)
    return (
        f'<article class="screen" lang="{language}"><div class="text">{text}</div>{rows}</article>'
    )


def _key(button: Button) -> str:
    """Return one button."""
    return f'<div class="key">{html.escape(button.label)}</div>'


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(), encoding="utf-8")
    print(f"Written: {file}")  # noqa: T201  (the command's answer)
