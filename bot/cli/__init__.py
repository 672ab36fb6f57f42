"""The commands, one module each, so that a command imports only what it needs."""
