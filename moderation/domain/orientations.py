"""The eight ways to turn and mirror a picture, applied to small grids instead of to pictures.

Position ``k`` of every array of eight stands for the picture turned by :data:`.analysis.ORIENTATIONS` ``[k]``.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
Real = TypeVar("Real", bound=np.floating)


def eight(grids: NDArray[Number], sideways: NDArray[Number] | None = None) -> NDArray[Number]:
    """Return ``(n, h, w)`` grids as ``(n, 8, h, w)``: each as it looks when its picture is turned.

    ``sideways``, of shape ``(n, w, h)``, holds the same pictures sampled for the four turns that swap the axes.
    Square grids need none.
    """
    turned = np.swapaxes(grids if sideways is None else sideways, -1, -2)
    return np.stack(
        [
            grids,
            grids[..., ::-1],
            grids[..., ::-1, :],
            grids[..., ::-1, ::-1],
            turned,
            turned[..., ::-1, :],
            turned[..., ::-1],
            turned[..., ::-1, ::-1],
        ],
        axis=1,
    )


def eight_spectra(spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``(n, k, k)`` low-frequency DCT coefficients, from the constant one, as ``(n, 8, k, k)``."""
    return eight_turns(spectra, np.where(np.arange(spectra.shape[-1]) % 2, -1.0, 1.0))


def eight_turns(spectra: NDArray[Real], sign: NDArray[Real]) -> NDArray[Real]:
    """Turn spectra of shape ``(n, k, k)`` into ``(n, 8, k, k)``; ``sign`` says which frequencies change theirs.

    Mirroring a picture changes the sign of its odd coefficients along that axis, turning it over the diagonal
    transposes them: no orientation needs a transform of its own.
    """
    across, down = sign[None, :], sign[:, None]
    turned = np.swapaxes(spectra, -1, -2)
    return np.stack(
        [
            spectra,
            spectra * across,
            spectra * down,
            spectra * across * down,
            turned,
            turned * down,
            turned * across,
            turned * across * down,
        ],
        axis=1,
    )
