"""Forms of the moderators' desk."""
