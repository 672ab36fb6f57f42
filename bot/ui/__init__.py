"""What all screens share: texts, formats of dates and times, keyboards, links and refusals, in a person's language."""
