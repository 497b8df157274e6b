"""What the tests of training share: small problems, and ways to batch them."""

from dataclasses import dataclass

import numpy as np
import pytest

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.monitor.history import Validation


@dataclass
class Problem:
    """A regression, and an empirical risk of it."""

    X: np.ndarray
    Y: np.ndarray
    risk: EmpiricalRisk
    s: np.ndarray | None = None

    def start(self, dtype=np.float64, seed=None):
        """Zeros, or a random theta."""
        size = self.risk.network.n_parameters
        if seed is None:
            return np.zeros(size, dtype=dtype)
        return np.random.default_rng(seed).normal(0, 0.5, size).astype(dtype)

    def batches(self, batch_size=None, dtype=np.float64, rows=None):
        """The rows in batches; all at once by default."""
        s = None if self.s is None else self.s.astype(dtype)
        return Batches(
            RowReader(self.X, dtype),
            self.Y.astype(dtype),
            s,
            rows,
            batch_size or len(self.Y),
        )


def _problem(hidden=(), alpha=0.0, l1_ratio=0.0, n_rows=30, n_features=5):
    rng = np.random.default_rng(11)
    X = rng.normal(size=(n_rows, n_features)) + 0.5
    coefs = np.array([2.0, -1.0, 0.0, 0.05, 0.0])[:n_features]
    Y = (X @ coefs + 0.7 + 0.3 * rng.normal(size=n_rows))[:, None]
    activations = [*[ACTIVATIONS["tanh"]] * len(hidden), ACTIVATIONS["identity"]]
    network = Network.dense((n_features, *hidden, 1), activations)
    penalty = ElasticNet(l1_ratio)
    return Problem(
        X, Y, EmpiricalRisk(network, LOSSES["squared_error"], alpha, penalty)
    )


def _scripted(scores, thetas):
    left = iter(scores)

    def validate(theta):
        thetas.append(np.array(theta))
        return Validation(next(left))

    return validate


@pytest.fixture
def scripted():
    """A validation score from a list, which notes the thetas it was asked for."""
    return _scripted


@pytest.fixture
def make_problem():
    """Builds a linear regression, or one with layers of tanh units."""
    return _problem
