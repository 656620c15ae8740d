"""What is searched, and the judgement that comes of it."""
