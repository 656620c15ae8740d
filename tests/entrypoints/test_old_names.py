"""Public names that have changed are importable for one more release, with a warning."""

import importlib
import sys

import pytest

from moderation.admin import mixins


def test_the_admin_mixin_keeps_its_old_module() -> None:
    sys.modules.pop("moderation.admin.hosts", None)

    with pytest.warns(DeprecationWarning, match=r"moderation\.admin\.mixins"):
        old = importlib.import_module("moderation.admin.hosts")

    assert old.BanPicturesMixin is mixins.BanPicturesMixin
