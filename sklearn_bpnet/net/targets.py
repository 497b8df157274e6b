"""What the output neurons mean: how class labels become targets Y."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def one_hot(codes: NDArray[np.intp], n_outputs: int) -> NDArray[Any]:
    """One neuron a class; a single neuron for two classes.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        The class of every sample, 0 to n_classes - 1.
    n_outputs : int
        Number of output neurons: n_classes, or 1 for at most two classes, whose
        neuron stands for the second.

    Returns
    -------
    ndarray of uint8 of shape (n_samples, n_outputs)
        1 for the sample's class, 0 for the others.
    """
    if n_outputs == 1:
        return (codes == 1).astype(np.uint8)[:, None]
    Y = np.zeros((len(codes), n_outputs), dtype=np.uint8)
    Y[np.arange(len(codes)), codes] = 1
    return Y
