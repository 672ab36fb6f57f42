"""The simulated Bot API: server, methods and refusals."""
