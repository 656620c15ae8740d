"""Blocklists as the banks of Hasher-Matcher-Actioner: made, filled, looked up. Changes go through the services of blocklists."""
