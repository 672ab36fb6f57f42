"""What is read without a lock, and the columns and conditions that repositories share."""
