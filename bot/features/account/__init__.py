"""People: start, joining as a provider, settings, invitations and links."""
