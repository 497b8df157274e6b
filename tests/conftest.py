"""What several test modules share; data sets are handed out as fresh copies."""

from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis.configuration import set_hypothesis_home_dir
from sklearn.datasets import load_iris

from sklearn_bpnet._data import split
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.net.risk import EmpiricalRisk

N_FEATURES = 4


def pytest_configure(config):
    """Files of Hypothesis go to a temporary folder instead of ``.hypothesis``."""
    folder = TemporaryDirectory(prefix="hypothesis-")
    config.add_cleanup(folder.cleanup)
    set_hypothesis_home_dir(folder.name)


@pytest.fixture(autouse=True)
def fresh_entropy(monkeypatch):
    """``random_state=None`` differs from fit to fit, but not from run to run."""
    new, seeds = TrainingState.new, np.random.default_rng(0)

    def seeded(random_state):
        return new(int(seeds.integers(2**31)) if random_state is None else random_state)

    monkeypatch.setattr(TrainingState, "new", seeded)


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


@pytest.fixture
def interrupt(monkeypatch):
    """Press Ctrl-C in the n-th pass over a batch from now on."""
    add_up = EmpiricalRisk.add_up

    def after(n_passes):
        passes = 0

        def counted(self, *args):
            nonlocal passes
            passes += 1
            if passes == n_passes:
                raise KeyboardInterrupt
            return add_up(self, *args)

        monkeypatch.setattr(EmpiricalRisk, "add_up", counted)

    return after


@pytest.fixture
def splits(monkeypatch):
    """The (training, validation) indices of every fit that sets samples aside."""
    seen = []
    divide = split._split

    def noted(*arguments):
        seen.append(divide(*arguments))
        return seen[-1]

    monkeypatch.setattr(split, "_split", noted)
    return seen
