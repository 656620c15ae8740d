"""What moderators do and see."""
