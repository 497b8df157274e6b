"""Small data sets that several test modules share. Fixtures hand out fresh copies."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

N_FEATURES = 4


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def iris():
    """150 rows, 4 features, labels 0, 1, 2 in random order."""
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(7).permutation(len(y))
    return X[order], y[order]


@pytest.fixture
def binary():
    """120 rows, 4 features, labels 0 and 1 that a plane separates but for noise."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, N_FEATURES))
    y = (X @ [1.0, -2.0, 0.5, 0.0] + 0.5 * rng.normal(size=120) > 0).astype(int)
    return X, y


@pytest.fixture
def multilabel():
    """120 rows, 4 features, three label indicators."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(120, N_FEATURES))
    return X, (X @ rng.normal(size=(N_FEATURES, 3)) > 0).astype(int)


@pytest.fixture
def regression():
    """120 rows, 4 features, one target: linear with a little noise."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(120, N_FEATURES))
    y = X @ [1.0, -2.0, 0.5, 0.0] + 1.0 + 0.1 * rng.normal(size=120)
    return X, y


@pytest.fixture
def smooth():
    """400 rows, 2 features in [-2, 2], one target: a smooth, curved surface."""
    rng = np.random.default_rng(4)
    X = rng.uniform(-2, 2, size=(400, 2))
    return X, np.sin(X[:, 0]) + 0.5 * X[:, 1] ** 2
