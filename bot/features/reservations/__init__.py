"""A client's holds and bookings: the card, confirming, releasing, cancelling, the list."""
