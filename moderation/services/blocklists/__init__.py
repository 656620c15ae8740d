"""What stands on a blocklist: bans, imports, exports, new algorithms."""
