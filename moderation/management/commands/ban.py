"""``manage.py ban``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from moderation.exceptions import FlatPicture, NeedsConfirmation
from moderation.management.base import printable
from moderation.management.enrolling import EnrolCommand, in_json
from moderation.management.pictures import PictureFile, add_paths
from moderation.models import Blocklist
from moderation.services.blocklists import banning
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.blocklists.enrolment import Picture
from moderation.services.blocklists.opposites import opposites
from moderation.services.blocklists.reach import Parts

SHORT = 40
"""Characters of a reason that the decision itself keeps; a longer one is kept as a note as well."""


class Command(EnrolCommand):
    help = (
        "Ban pictures: every edited copy of them is refused from now on, and earlier uploads that are "
        "copies are taken down. Folders are walked. What is on the list already adds nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_paths(parser)
        parser.add_argument(
            "--blocklist", metavar="SLUG", default="default", help="Onto which list (default)."
        )
        parser.add_argument("--reason", metavar="TEXT", default="", help="Why, for colleagues.")
        parser.add_argument(
            "--exact-only",
            action="store_true",
            help="Match only equal bytes or equal pixels: the way to ban a flat picture.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.enter_all(options["paths"], self.chosen_list(options), options)

    def enter(
        self, picture: Picture, file: PictureFile, blocklist: Blocklist, options: dict[str, Any]
    ) -> None:
        reason, exact_only = options["reason"], options["exact_only"]
        if picture.analysis.flat and not exact_only:
            raise FlatPicture(f"{FlatPicture.message} Here: --exact-only.")
        near = opposites(picture.analysis, blocklist=blocklist, exact_only=exact_only)
        result = banning.ban(
            picture=picture,
            blocklist=blocklist,
            options=EntryOptions(
                label=printable(file.path.name),
                reason=reason,
                note=reason if len(reason) > SHORT else "",
                exact_only=exact_only,
            ),
        )
        reach, parts = result.reach, result.reach.parts if result.reach else None
        found = reach and {"block": reach.block, "hold": reach.hold, "users": reach.users}
        if result.waiting is not None:
            values = {**self.values(file.path, blocklist), "reach": found}
            self.emit_error(NeedsConfirmation(), values, printable(file.path))
            return
        words = f"entry {result.banned.pk} of “{blocklist.slug}”"
        if result.created and reach:
            words += f", revision {result.revision}; earlier uploads: {reach.block} copies, {reach.hold} near"
            if reach.plain:
                words += "; most of this picture is plain: it can be found, but a person decides"
            if parts and parts.uploads:
                words += f", parts may agree with {len(parts.uploads)} of the newest {parts.looked_at}"
            if parts and parts.background:
                words += "; they seem to share a background, so crops of it are only held"
        else:
            words += ", which was there already"
        words += "".join(f". {one.words}" for one in near) if result.created else ""
        analysis = picture.analysis
        if analysis.left_out:
            words += f"; it covers {analysis.enrolled} different frames, and leaves {analysis.left_out} out"
        extra = {
            "opposites": in_json(near),
            "reach": found,
            "frames": analysis.enrolled,
            "left_out": analysis.left_out,
            "parts": _parts(parts),
            "plain": reach.plain if reach else None,
            "nearest": result.banned.nearest_id if result.created else None,
            "nearest_distance": result.nearest_distance,
        }
        self.entered(file, blocklist, result, extra, words)


def _parts(parts: Parts | None) -> dict[str, Any] | None:
    if parts is None:
        return None
    return {
        "looked_at": parts.looked_at,
        "alike": len(parts.uploads),
        "closely": parts.closely,
        "shown": parts.shown,
        "background": parts.background,
    }
