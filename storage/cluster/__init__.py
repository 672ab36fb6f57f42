"""What replicas share: membership, the leader, chat locks and the rate limit."""
