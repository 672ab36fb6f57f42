"""What screens share: texts, date and time formats, keyboards, links and refusals."""
