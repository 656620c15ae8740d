"""What other servers ask for over HTTP: the native API, and the addresses of Hasher-Matcher-Actioner.

Needs the extra ``api``. A site adds it to its addresses with ``include("moderation.http.urls")``.
"""
