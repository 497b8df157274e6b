"""How much of the targets is noise, on which the usual penalty depends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

from sklearn_bpnet._data.chunks import chunks
from sklearn_bpnet._data.quantiles import drawn
from sklearn_bpnet._data.regression import Regression
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.statistics import standardization
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._settings.solver import uses_mini_batches
from sklearn_bpnet.net.losses import SquaredError
from sklearn_bpnet.training.blas_threads import OneBlasThread

# With fewer samples, their errors show little of the noise
_FEWEST_SAMPLES = 40
MOST_SAMPLES, _MOST_FEATURES = 1000, 200
_MOST_COLUMNS = 1000  # of X, with which it takes about a second
# The width of the kernel, exp(-gamma |x - x'|^2), is 1.3 times the usual distance of a
# sample from the mean, and linear functions come beside it
_GAMMA, _SCALE_OF_LINEAR = 0.3, 0.1
_PENALTIES = np.logspace(-6, 2, 9)
_MOST_CATEGORIES = 20  # of a column of codes, the others count as one


def follows_noise(settings: Settings, task: Task, samples: Samples) -> bool:
    """Whether the penalty follows `noise_share`, which these samples tell soon.

    Parameters
    ----------
    settings : Settings
        The parameters.
    task : Task
        The task.
    samples : Samples
        The training samples, encoded: all that a fit trains on.
    """
    return (
        isinstance(task, Regression)
        and isinstance(task.loss, SquaredError)
        and isinstance(settings.alpha, str)
        and uses_mini_batches(settings)
        and samples.X.shape[1] <= _MOST_COLUMNS
        and samples.n_positive_weight >= _FEWEST_SAMPLES
    )


def noise_share(samples: Samples) -> float:
    """The share of the targets' variance that smooth functions of X do not explain.

    The mean squared leave-one-out error of ridge regression on features of an RBF
    kernel, which is known without fits that leave samples out, relative to the
    variance: of up to 1,000 samples, drawn in proportion to their weights. The columns
    are standardised or, if the error is smaller, replaced by normal scores, since a few
    large numbers may hide what the others explain.

    Parameters
    ----------
    samples : Samples
        The training samples, encoded.

    Returns
    -------
    float
        From 0 to 1; near 0 if the targets are a smooth function of X, near 1 if X says
        nothing about them.
    """
    indices, weights = _some(samples)
    if samples.is_sparse:
        X = samples.X[indices].toarray()
    else:
        X = np.concatenate([part for part, _ in chunks(samples.X, None, indices)])
    Z = _columns(X, samples.n_codes)
    T = _standardized(samples.Y[indices])
    T = T[:, np.ptp(T, axis=0) > 0]
    if not T.shape[1]:
        return 0.0
    errors: list[float] = []
    with OneBlasThread():  # matrices are small, and other fits may run beside this one
        for columns in (Z, _standardized(_normal(Z))):
            ridge = RidgeCV(alphas=_PENALTIES)
            ridge.fit(_features(columns), T, sample_weight=weights)
            errors.append(-float(ridge.best_score_))
    return float(np.clip(min(errors) / np.mean(T**2), 0.0, 1.0))


def _some(samples: Samples) -> tuple[NDArray[np.intp], NDArray[np.float64] | None]:
    """Indices of some samples of positive weight, and their weights, of mean 1."""
    indices, weights = samples.explicit_indices, samples.weights
    if weights is not None:
        indices = indices[weights[indices] > 0]
    if len(indices) > MOST_SAMPLES:
        return drawn(samples.X, weights, indices, MOST_SAMPLES), None
    if weights is None or np.ptp(weights[indices]) == 0:
        return indices, None
    return indices, weights[indices] / weights[indices].mean()


def _columns(X: NDArray[Any], n_codes: int) -> NDArray[np.float64]:
    """Standardised columns, and indicators of categories."""
    Z = _standardized(X[:, : X.shape[1] - n_codes])
    if not n_codes:
        return Z
    encoder = OneHotEncoder(
        drop="if_binary", sparse_output=False, max_categories=_MOST_CATEGORIES
    )
    return np.hstack([Z, _standardized(encoder.fit_transform(X[:, -n_codes:]))])


def _normal(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns as normal scores."""
    scores = QuantileTransformer(
        n_quantiles=max(len(Z) // 30, 10), output_distribution="normal"
    )
    of_columns: NDArray[np.float64] = scores.fit_transform(Z)
    return of_columns


def _features(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features of the kernel, and the columns."""
    kernel = Nystroem(
        gamma=_GAMMA / max(int(np.count_nonzero(Z.any(axis=0))), 1),
        n_components=min(_MOST_FEATURES, len(Z)),
        random_state=0,
    )
    return np.hstack([kernel.fit_transform(Z), _SCALE_OF_LINEAR * Z])


def _standardized(X: NDArray[Any]) -> NDArray[np.float64]:
    """Columns of mean 0 and standard deviation 1, constant ones 0."""
    if not X.shape[1]:
        return X.astype(np.float64)
    scaling = standardization(X)
    # the difference of large numbers could overflow
    return X.astype(np.float64) / scaling.scale - scaling.mean / scaling.scale
