"""How much structure a picture has: the guard against flat pictures.

Any two pictures of one colour are equal under every fingerprint here, and so are any two gradients. Banning one by
fingerprint would ban all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL_STRUCTURE = 16.0
"""Mean curvature, in grey levels, that counts as quality 1."""
ENROLMENT_FLOOR = 0.2
"""Below this quality a view is flat: it cannot be banned by its fingerprint."""
QUERY_FLOOR = 0.08
"""Below this quality a view is not looked up. Lower than the floor of enrolment, since an edited copy may have less
contrast than the original that was banned."""


def quality_of(grids: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return 0 (flat) to 1 for each of ``(n, 64, 64)`` grids.

    The mean size of the Laplacian at 32 × 32: zero for one colour and for every linear gradient, small for smooth
    ones, and blind to noise that the fingerprints do not see either.
    """
    cells = grids.reshape(len(grids), 32, 2, 32, 2).mean(axis=(2, 4))
    inner = cells[:, 1:-1, 1:-1]
    neighbours = cells[:, :-2, 1:-1] + cells[:, 2:, 1:-1] + cells[:, 1:-1, :-2] + cells[:, 1:-1, 2:]
    curvature = np.abs(4 * inner - neighbours).mean(axis=(1, 2))
    return np.asarray(np.minimum(curvature / FULL_STRUCTURE, 1.0))
