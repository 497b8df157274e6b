"""The check of sample weights."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

# newer versions reject weights that are all zero, without naming the parameter
_ALLOW_ALL_ZERO: dict[str, bool] = {}
if "allow_all_zero_weights" in signature(_check_sample_weight).parameters:
    _ALLOW_ALL_ZERO["allow_all_zero_weights"] = True


def check_sample_weight(sample_weight: Any, X: Any, name: str) -> Any:
    """One finite weight of at least 0 per sample, with a positive sum, as float64.

    ``name`` is that of the argument, for the error message.

    Raises
    ------
    ValueError
        If the shape is wrong, a weight is negative or not finite, or all are zero.
    """
    if np.ma.is_masked(sample_weight):
        raise ValueError(_about_weights(f"{name} is masked", name))
    try:
        weights = _check_sample_weight(
            sample_weight, X, ensure_non_negative=True, **_ALLOW_ALL_ZERO
        )
    except ValueError as error:
        raise ValueError(_about_weights(str(error), name)) from error
    except TypeError as error:  # objects that are no numbers
        raise TypeError(_about_weights(str(error), name)) from error
    if not weights.any():
        raise ValueError(
            f"{name} sums to zero, so no sample counts. Give at least one sample a "
            "positive weight."
        )
    return weights.astype(np.float64, copy=False)


def _about_weights(message: str, name: str) -> str:
    """An error of scikit-learn about sample weights, with their name and a remedy."""
    message = message.split("\n")[0].rstrip(".")
    if message.startswith("Complex data"):
        message = f"{name} is complex"
    elif "sample_weight" in message:
        message = message.replace("sample_weight", name, 1)
    else:
        message = f"{name}: {message}"
    return f"{message}. Give every sample a real weight of at least 0."
