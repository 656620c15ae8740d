"""What this process computes with: the decoder, the algorithms, the index, the way to the workers."""

from __future__ import annotations

import io
from importlib.util import find_spec

from PIL import Image

from moderation import selectors
from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import Code
from moderation.domain.local.index import METHOD
from moderation.exceptions import ModerationError
from moderation.models import Fingerprint, LocalFingerprint
from moderation.services import dispatching, revision
from moderation.services.decoder import decoder
from moderation.services.operations.diagnosis.finding import Finding
from moderation.services.search.index import banned_codes
from moderation.services.search.local import NOT_CAUGHT

WEAK = ("not available", "not limited", "not separated")
"""How the sandbox says that the platform did not give something."""


def sandbox(_mend: bool) -> Finding:
    """Find out whether a decoder starts, is enclosed, and decodes a real picture to codes and a clean file."""
    file = io.BytesIO()
    Image.effect_mandelbrot((96, 64), (-2.0, -1.0, 1.0, 1.0), 60).save(file, "PNG")
    try:
        walls = decoder().containment()
        analysis = decoder().analyse(file.getvalue(), get_settings().analysis(clean=True))
    except ModerationError as error:
        return Finding.fault(f"The decoder does not work: {error}", code=error.code)
    computed = {code.algorithm for code in analysis.queries}
    if analysis.flat or analysis.clean is None or computed != set(_wanted()):
        return Finding.fault(
            "The decoder came back without codes or without a clean file for a plain picture."
        )
    weak = [f"{name}: {words}" for name, words in walls.items() if words.startswith(WEAK)]
    if weak:
        return Finding.warning(
            f"The decoder works. This platform does not enclose all of it: {'; '.join(weak)}."
        )
    return Finding.fine("The decoder works and is enclosed.", walls=walls)


def _wanted() -> list[str]:
    return [ALGORITHMS[name].qualified for name in get_settings().algorithms]


def algorithms(_mend: bool) -> Finding:
    """Compare the stored codes' versions with those that are computed and searched."""
    wanted = set(_wanted())
    stored = set(Fingerprint.objects.values_list("algorithm", flat=True).distinct().order_by())
    known = {algorithm.qualified for algorithm in ALGORITHMS.values()}
    if stored - known:
        return Finding.fault(
            f"Codes of {', '.join(sorted(stored - known))} are stored, which this version does not compute any more. "
            "`manage.py rehash` computes them anew."
        )
    if stored - wanted:
        names = ", ".join(sorted(stored - wanted))
        return Finding.warning(f"Codes of {names} are stored, and MODERATION does not search for them.")
    return Finding.fine(f"Searched: {', '.join(sorted(wanted))}.")


def second_tier(_mend: bool) -> Finding:
    """Find out whether crops and collages are looked for, with signatures of the version that this installation
    computes."""
    if not get_settings().local:
        return Finding.warning(f"The second tier is off: nothing looks for {NOT_CAUGHT}.")
    if find_spec("cv2") is None:
        return Finding.fault(
            "The second tier is on without OpenCV: no upload can be screened. Install the extra `local`."
        )
    if not selectors.local_wanted():
        return Finding.warning(f"No blocklist uses the second tier: nothing looks for {NOT_CAUGHT}.")
    active = LocalFingerprint.objects.active()
    others = set(active.exclude(method=METHOD).values_list("method", flat=True).order_by().distinct())
    if others:
        return Finding.warning(
            f"Signatures of {', '.join(sorted(others))} are stored, which nothing compares with {METHOD}. "
            "`manage.py rehash` makes them anew."
        )
    return Finding.fine(f"{METHOD} looks for {NOT_CAUGHT}.", signatures=active.count())


def index(_mend: bool) -> Finding:
    """Find out whether the index of a process catches up, and finds what was banned."""
    try:
        snapshot = banned_codes.catch_up()
    except ModerationError as error:
        return Finding.fault(f"The index cannot be brought to the current revision: {error}", code=error.code)
    if snapshot.state.number < revision.current().number - 1:
        return Finding.fault("The index does not keep up with the database.")
    lost = 0
    tried = 0
    for name in selectors.bands(snapshot.state.entries):
        if snapshot.radii.get(name, -1) < 0:
            continue
        rows = Fingerprint.objects.active().filter(algorithm=name, revision__lte=snapshot.state.number)
        ends = [*rows.order_by("pk")[:2], *rows.order_by("-pk")[:2]]
        for row in ends:
            found = snapshot.search([Code(name, bytes(row.bits), 0, "")])
            tried += 1
            lost += not any(hit.banned == row.banned_id and hit.distance == 0 for hit in found)
    if lost:
        return Finding.fault(
            f"{lost} of {tried} stored codes are not found by the index. Delete the files of MODERATION"
            '["INDEX_DIR"], run `manage.py rebuild_index` and restart.'
        )
    size = sum(len(layer) for layer in snapshot.layers.values())
    return Finding.fine(
        f"The index holds revision {snapshot.state.number}, {size:,} codes.", revision=snapshot.state.number
    )


def dispatcher_loads(_mend: bool) -> Finding:
    """Find out whether the class that wakes up workers can be imported."""
    path = get_settings().dispatcher
    try:
        dispatching.dispatcher()
    except ImportError as error:
        return Finding.fault(f'MODERATION["DISPATCHER"] names {path}, which cannot be imported: {error}.')
    return Finding.fine(f"Work is handed to {path}.")
