"""A mixin for Django's test cases."""

from __future__ import annotations

import unittest
from typing import Any

from django.test import TransactionTestCase

from moderation.testing.isolation import forget, isolated


class ModerationTestMixin:
    """For tests that upload or ban: verdicts come at once, files are in a folder that goes away.

    Stands before any of Django's test cases: ``class PetTests(ModerationTestMixin, TestCase)``. Holds for
    ``setUpTestData`` too.
    """

    @classmethod
    def setUpClass(cls) -> None:
        """Begin before Django does, so that ``override_settings`` of the class comes on top."""
        context = isolated()
        context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)  # type: ignore[attr-defined]  # of the test case
        super().setUpClass()  # type: ignore[misc]  # of the test case

    def run(self, result: unittest.TestResult | None = None) -> Any:
        """Run the test with indexes that know nothing of the test before."""
        forget()
        try:
            return super().run(result)  # type: ignore[misc]  # of the test case
        finally:
            forget()


class ModerationTestCase(ModerationTestMixin, TransactionTestCase):
    """For tests that have to commit, such as those with threads; ``TestCase`` with the mixin is quicker."""
