"""Parts of a picture that are asked whether they agree: a whole that agrees around another picture is a ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def _windows() -> NDArray[np.bool_]:
    """Return the masks of the left, right, upper and lower half, and of the middle, shape ``(5, 64)``."""
    row, column = np.divmod(np.arange(64), 8)
    middle = (row >= 2) & (row < 6) & (column >= 2) & (column < 6)
    return np.stack([column < 4, column >= 4, row < 4, row >= 4, middle])


WINDOWS = _windows()
