"""Real servers for the tests: PostgreSQL and Redis as processes of this test run."""
