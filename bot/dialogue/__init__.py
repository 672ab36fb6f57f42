"""What a handler is given: the context, the request, conversations whose state is stored, and typed text."""
