"""The HTTP server for the webhook, health, readiness and metrics, and its connection limits."""
