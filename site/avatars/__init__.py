"""The host application: members with a profile, an avatar, and notices about their pictures."""
