"""What people type."""

from simulation.people.actor import Actor

COMMANDS = (
    "/start", "/book", "/bookings", "/hours", "/agenda", "/link", "/settings", "/help", "/privacy",
    "/cancel", "/invite",
)  # fmt: skip
CLIENT_LINES = (
    "/book {provider} tomorrow", "/book {provider} thursday 9:15", "friday 10:00", "9:15", "13:30",
    "half 9", "tomorrow", "wednesday", "confirm", "yes", "cancel my appointment", "thanks",
    "{provider}", "/bookings", "/book {provider} friday 11:00", "morgen", "Donnerstag 10 Uhr",
    "/book {provider} sunday 2:30", "/book {provider} sunday 1:45", "/book {provider} monday",
    "/book {provider} today", "/book {provider} in 80 days",
)  # fmt: skip
STAFF_LINES = (
    "/hours mon-fri 9-17", "/hours mon-fri 9-12, 14-18 next week", "/hours tomorrow 10-12",
    "/hours thu 18-20", "/hours sat 10-16", "/hours 13-16 on friday", "/agenda tomorrow",
    "/agenda thursday", "Mon-Wed 8-12", "sun 9-11", "/hours Mo-Fr 9-17 nächste Woche",
    "/hours {provider} tue 7-9", "/agenda {provider}", "/agenda all", "/link {provider}",
)  # fmt: skip
ODD_HOURS = (
    "/hours tomorrow 9:10-11:40", "/hours today 0-1", "/hours sun 2-3", "/hours sun 1-4",
    "/hours sun 1:30-2:30", "/hours mon-fri 17-9", "/hours every day until 2043 9-10",
    "/hours 25.3.2040-30.6.2041 9-10", "/hours sat 0-24", "/hours tomorrow 9:05-9:10",
)  # fmt: skip
DAYS = ("tomorrow", "wednesday", "thursday", "friday", "sunday", "monday")
NONSENSE = (
    "🙂", "?", "what", "<b>bold</b>", "&amp;", "31.02. 25:61", "/unknown", "9" * 60, "\u202eabc",
    "x" * 4096, "http://example.org", "/book " + "y" * 300, "0", "-1", "ÄÖÜß", "mon-fri 17-9",
)  # fmt: skip
NAMES = (
    "Ottilie", "Zhi Ruo", "O'Brian", "…", "Q" * 64, "Q" * 65, "\u2800", "Nora (nora)", "Nora",
    "Nora", "Emil", "Emil", "Emil (emil-2)", "Ann\nLee", "Müller-Lüdenscheidt", "👩‍🔧",
    "\u202eabc", "Jo",
)  # fmt: skip
PLACES = (
    "Kathmandu", "Kolkata", "Auckland", "Kiritimati", "Honolulu", "Lord Howe", "Chatham",
    "New York", "St. John's", "Atlantis", "America", "Berlin", "Pago Pago", "UTC", "x" * 300,
)  # fmt: skip
REASONS = ("I am ill", "<b>closed</b>", "x" * 301, "x" * 300, "\u2800", "Zug fällt aus 🚆")


def filled(actor: Actor, line: str) -> str:
    """Return a line with the name of a provider."""
    if "{provider}" not in line:
        return line
    names = actor.stage.rows("SELECT name FROM provider ORDER BY id") or [("Nora",)]
    return line.format(provider=actor.random.choose(names)[0])
