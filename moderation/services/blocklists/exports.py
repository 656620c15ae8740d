"""The codes of the lists as a file that :mod:`moderation.services.blocklists.imports` takes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import IO

from moderation.domain.algorithms import algorithm_named
from moderation.models import Blocklist, Fingerprint
from moderation.services.blocklists.hash_files import HashWriter

ROWS_PER_FETCH = 2_000


def export(
    *,
    stream: IO[str],
    json_lines: bool,
    blocklist: Blocklist | None = None,
    algorithms: Collection[str] = (),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Write every code of every active entry, those of an entry one after the other; the number of lines.

    An entry's id is its foreign one, or else its own number, so that an import elsewhere makes one entry
    of its lines again. Exact-only entries are left out: their codes match nothing. Raises
    :class:`UnknownAlgorithm`.
    """
    rows = Fingerprint.objects.active().filter(banned__exact_only=False)
    if blocklist is not None:
        rows = rows.filter(banned__blocklist=blocklist)
    if algorithms:
        rows = rows.filter(algorithm__in=[algorithm_named(name).qualified for name in algorithms])
    total = rows.count()
    writer = HashWriter(stream, json_lines=json_lines)
    done = 0
    columns = ("algorithm", "bits", "banned_id", "banned__external_id", "banned__label", "banned__source")
    for algorithm, bits, banned, external, label, source in (
        rows.order_by("banned_id", "pk").values_list(*columns).iterator(ROWS_PER_FETCH)
    ):
        writer.write(
            algorithm=algorithm,
            bits=bytes(bits),
            external_id=external or str(banned),
            label=label,
            source=source.removeprefix("import:"),
        )
        done += 1
        if done % 1_000 == 0:
            progress(done, total)
    return done
