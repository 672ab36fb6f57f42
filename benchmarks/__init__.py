"""What the app claims about speed, measured: ``make bench`` runs all of it; ``docs/performance.md`` tells what came out."""
