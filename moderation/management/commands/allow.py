"""``manage.py allow``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from moderation.management.base import wrong_usage
from moderation.management.enrolling import EnrolCommand, in_json
from moderation.management.pictures import PictureFile, add_paths
from moderation.models import Blocklist
from moderation.services.blocklists import banning
from moderation.services.blocklists.enrolment import Picture
from moderation.services.blocklists.lowering import OPERATOR
from moderation.services.blocklists.opposites import opposites


class Command(EnrolCommand):
    help = (
        "Put pictures on the allowlist: default avatars, house templates. They and their copies are never "
        "flagged. Folders are walked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_paths(parser)
        parser.add_argument(
            "--blocklist", metavar="SLUG", default="allowlist", help="Another list with the action “allow”."
        )
        parser.add_argument("--reason", metavar="TEXT", default="", help="Why, for colleagues.")

    def handle(self, *args: Any, **options: Any) -> None:
        blocklist = self.chosen_list(options)
        if blocklist.action != Blocklist.Action.ALLOW:
            raise wrong_usage(f"“{blocklist.slug}” is a list of banned pictures. Use `ban`.")
        self.enter_all(options["paths"], blocklist, options)

    def enter(
        self, picture: Picture, file: PictureFile, blocklist: Blocklist, options: dict[str, Any]
    ) -> None:
        near = opposites(picture.analysis, blocklist=blocklist, exact_only=picture.analysis.flat)
        result = banning.allow(
            picture=picture, blocklist=blocklist, actor_id=OPERATOR, note=options["reason"]
        )
        words = f"entry {result.banned.pk} of “{blocklist.slug}”"
        words += f", revision {result.revision}" if result.created else ", which was there already"
        words += "".join(f". {one.words}" for one in near) if result.created else ""
        extra = {"exact_only": result.banned.exact_only, "opposites": in_json(near)}
        self.entered(file, blocklist, result, extra, words)
