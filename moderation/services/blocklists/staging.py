"""Rows of an import on their way into the lists: a temporary table, so that the database compares and
copies them by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from moderation.models import BannedImage, Blocklist, Fingerprint
from moderation.services.blocklists.hash_files import HashLine
from moderation.services.revision import database

TABLE = "moderation_staged"
COLUMNS = ("n", "entry", "algorithm", "bits", "external_id", "label", "source")
CACHE_KIB = 96 * 1024
"""SQLite's page cache during an import: the index over the bits is written in no order, and the default
of 2 MB would write most of its pages over and over."""


class Staging:
    """One batch at a time, inside the caller's transaction."""

    def __init__(self, source: str) -> None:
        self.source = source
        """Of lines that name none."""
        self.connection: BaseDatabaseWrapper = connections[database()]
        self.postgres = self.connection.vendor == "postgresql"

    def fill(self, lines: Sequence[HashLine], entries: Sequence[int]) -> None:
        """Replace what is staged; ``entries`` says, from 1, to which new entry each line belongs."""
        rows = [
            (
                place,
                entry,
                line.algorithm,
                line.bits,
                line.external_id,
                line.label,
                f"import:{line.source or self.source}"[:100],
            )
            for place, (line, entry) in enumerate(zip(lines, entries, strict=True))
        ]
        with self.connection.cursor() as cursor:
            self._create(cursor)
            self._insert(cursor, rows)
            if self.postgres:
                cursor.execute(f"ANALYZE {TABLE}")

    def _create(self, cursor: CursorWrapper) -> None:
        binary = "bytea" if self.postgres else "blob"
        end = " ON COMMIT DROP" if self.postgres else ""
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE {TABLE} (n integer PRIMARY KEY, entry integer, algorithm varchar(24), "
            f"bits {binary}, external_id varchar(200), label varchar(200), source varchar(100)){end}"
        )

    def _insert(self, cursor: CursorWrapper, rows: list[tuple[Any, ...]]) -> None:
        columns = ", ".join(COLUMNS)
        copy = getattr(cursor, "copy", None) if self.postgres else None
        if copy is not None:
            with copy(f"COPY {TABLE} ({columns}) FROM STDIN") as stream:
                for row in rows:
                    stream.write_row(row)
            return
        places = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(f"INSERT INTO {TABLE} ({columns}) VALUES ({places})", rows)  # noqa: S608 -- constants

    def drop_known(self, blocklist: Blocklist) -> int:
        """Take out what active entries of the list have already; how many lines those were.

        Written so that every line is looked up by the index over the bits, whatever the database believes
        about tables that have just grown from nothing: PostgreSQL took a minute for a batch. A scalar
        subquery is not turned into a join, and ``+ 0`` keeps the list's own index out of it.
        """
        fingerprints, entries = Fingerprint._meta.db_table, BannedImage._meta.db_table
        with self.connection.cursor() as cursor:
            if self.postgres:
                cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(
                f"DELETE FROM {TABLE} WHERE ("  # noqa: S608 -- names of tables only
                f"SELECT f.id FROM {fingerprints} f JOIN {entries} e ON e.id = f.banned_id "
                f"WHERE f.algorithm = {TABLE}.algorithm AND f.bits = {TABLE}.bits "
                "AND e.blocklist_id + 0 = %s AND e.retired_revision IS NULL AND NOT e.exact_only LIMIT 1"
                ") IS NOT NULL",
                [blocklist.pk],
            )
            known = int(cursor.rowcount)
            if self.postgres:
                cursor.execute("SET LOCAL enable_seqscan = DEFAULT")
            return known

    def store(self, *, like: BannedImage) -> tuple[int, int]:
        """Make entries like the unsaved one given, and their fingerprints, of what is left; the numbers of
        both."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT count(DISTINCT entry), max(entry), count(*) FROM {TABLE}")  # noqa: S608
            entries, highest, codes = cursor.fetchone()
            if not entries:
                return 0, 0
            base = self._reserve(cursor, highest)
            staged = {
                "id": f"{base} + entry",
                "external_id": "min(external_id)",
                "label": "min(label)",
                "source": "min(source)",
            }
            self._copy(cursor, like, staged, "GROUP BY entry ORDER BY entry")
            code = Fingerprint(banned_id=0, revision=like.revision)
            staged = {"banned_id": f"{base} + entry", "algorithm": "algorithm", "bits": "bits"}
            # In the order of the index over the bits: its pages are filled one after the other.
            self._copy(cursor, code, staged, "ORDER BY algorithm, bits")
        return int(entries), int(codes)

    def _copy(self, cursor: CursorWrapper, like: models.Model, staged: dict[str, str], order: str) -> None:
        columns: list[str] = []
        sources: list[str] = []
        values: list[Any] = []
        for field in like._meta.concrete_fields:
            name = str(field.column)
            if field.primary_key and name not in staged:
                continue
            columns.append(name)
            sources.append(staged.get(name, "%s"))
            if name not in staged:
                values.append(field.get_db_prep_save(getattr(like, field.attname), self.connection))
        cursor.execute(
            f"INSERT INTO {like._meta.db_table} ({', '.join(columns)}) "  # noqa: S608 -- names of columns only
            f"SELECT {', '.join(sources)} FROM {TABLE} {order}",
            values,
        )

    def _reserve(self, cursor: CursorWrapper, count: int) -> int:
        """Return the id before the first of ``count`` free ones. The caller holds the exclusive lock."""
        table = BannedImage._meta.db_table
        if self.postgres:
            sequence = "pg_get_serial_sequence(%s, 'id')"
            cursor.execute(f"SELECT setval({sequence}, nextval({sequence}) + %s)", [table, table, count])
            return int(cursor.fetchone()[0]) - count
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Give SQLite a larger cache for the length of an import, and leave nothing staged; give PostgreSQL fresh
        statistics, which would go on as if the tables were small until it looks by itself."""
        if self.postgres:
            yield
            with self.connection.cursor() as cursor:
                for model in (Fingerprint, BannedImage):
                    cursor.execute(f"ANALYZE {model._meta.db_table}")
            return
        with self.connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size")
            before = cursor.fetchone()[0]
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        try:
            yield
        finally:
            with self.connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
                cursor.execute(f"PRAGMA cache_size = {int(before)}")
