"""``manage.py demo``: prepare, show the main job, serve the site."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from avatars.demo import show, table
from avatars.demo.cast import MEMBERS, PASSWORD, RIDER, STAFF, UPLOADER, enrol
from avatars.demo.pictures import BANNED, BANNED_LATER, PicturesMissing

HOST = "127.0.0.1"


def port_number(text: str) -> int:
    """Return a port that can be listened on."""
    if text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")


def is_free(port: int) -> bool:
    """Return whether the demo may listen there (a connection that is just closing does not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Command(BaseCommand):
    help = "Show the main job on sample pictures, then serve the site on this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000, help="where to listen (8000)")
        parser.add_argument("--no-serve", action="store_true", help="stop after the table")

    def handle(self, *args: Any, **options: Any) -> None:
        port, serve = options["port"], not options["no_serve"]
        if serve and not is_free(port):
            raise SystemExit(
                f"Port {port} of {HOST} is taken or not allowed: choose another, as in make demo PORT={port + 1}."
            )
        folder = Path(settings.STATE_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self.prepare(folder)
        except PicturesMissing as error:
            raise SystemExit(str(error)) from error
        except KeyboardInterrupt:
            raise SystemExit("Stopped half-way. The next run shows it from the start.") from None
        if serve:
            self.direct(port, folder)
            self.serve(port)

    def prepare(self, folder: Path) -> None:
        """Migrate; the first time, show the main job as well."""
        call_command("migrate", interactive=False, verbosity=0)
        ready = folder / "demo-is-ready"
        if not ready.exists():
            self.perform()
            ready.touch()

    def perform(self) -> None:
        """Make the accounts, ban, upload, and print what happened."""
        # Every picture that is turned down would be a warning in the log.
        logging.getLogger("django.request").setLevel(logging.ERROR)
        self.stdout.write("Preparing accounts and pictures …")
        enrol((*STAFF, *MEMBERS))
        with tqdm(total=show.count(), desc="Uploading", unit="file", file=sys.stderr, disable=None) as bar:

            def sent(attempt: show.Attempt) -> show.Row:
                row = show.send(attempt)
                bar.update()
                return row

            for name in BANNED:
                show.ban(name)
            innocent = [sent(attempt) for attempt in show.innocent()]
            early = sent(show.published_first())
            was_public = show.is_shown(RIDER.username)
            show.ban(BANNED_LATER)
            is_public = show.is_shown(RIDER.username)
            copies = [sent(attempt) for attempt in show.copies()]
        self.report("Banned: " + " and ".join(BANNED) + ". Then these copies were uploaded:", copies)
        self.report("These are nobody's copies:", [*innocent, early])
        if was_public and not is_public:
            self.stdout.write(
                f"\n{early.file} was public until a moderator banned it just now: it was taken down at once,"
                "\nand its owner found a notice."
            )

    def report(self, title: str, rows: list[show.Row]) -> None:
        """Print one titled table; the colour repeats the verdict's word."""
        colours = {"block": self.style.ERROR, "hold": self.style.WARNING, "allow": self.style.SUCCESS}
        self.stdout.write("\n" + self.style.MIGRATE_HEADING(title) + "\n\n")
        printed = list(table.lines(rows))
        for line in printed[:2]:
            self.stdout.write(line)
        for line, row in zip(printed[2:], rows, strict=True):
            colour = colours.get(row.verdict)
            self.stdout.write(
                line.replace(f" {row.verdict} ", f" {colour(row.verdict)} ", 1) if colour else line
            )

    def direct(self, port: int, folder: Path) -> None:
        """Say where to go, with which account."""
        site = f"http://{HOST}:{port}/"
        desk = f"{site}admin/"
        self.stdout.write("\n" + self.style.MIGRATE_HEADING(f"The site is at {site}") + "\n\n")
        people = [
            (UPLOADER, f"{site}me/"),
            (RIDER, f"{site}me/notices/"),
            *((person, desk) for person in STAFF),
        ]
        for person, where in people:
            self.stdout.write(f"  {person.role:<19}  {person.username:<7} {PASSWORD}   {where}")
        self.stdout.write(
            f"\nCtrl-C stops it. Everything is in {folder}; remove that folder to begin anew.\n"
        )
        self.stdout.flush()

    def serve(self, port: int) -> None:
        """Listen until stopped. Django's own banner would repeat what was said."""
        with Path(os.devnull).open("w") as silence:
            call_command("runserver", f"{HOST}:{port}", use_reloader=False, skip_checks=True, stdout=silence)
