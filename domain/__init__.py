"""The rules of booking. They use the standard library only and take ``now`` as an argument."""
