"""The addresses and shapes of Meta's Hasher-Matcher-Actioner 1.1, over this filter's blocklists."""
