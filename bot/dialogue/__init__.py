"""How a handler is found, and what it gets: the context, the dialogue's data, typed text."""
