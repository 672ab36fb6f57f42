"""How the bot is watched: metrics, health checks, heartbeats, the watchdog and the log."""
