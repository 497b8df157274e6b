"""Local steps against a plain loop, one machine and compiled code; sums in a tree.

But for one test, the bodies of tasks run in this process, without a cluster.
"""

import importlib.util

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

from rounds_in_process import InThisProcess  # noqa: E402

from sklearn_bpnet import BPNetRegressor, config_context  # noqa: E402
from sklearn_bpnet.dask import (  # noqa: E402
    DaskBPNetClassifier,
    DaskBPNetRegressor,
    _calls,
    _estimators,
    _fit,
    _local_steps,
    _shares,
)
from sklearn_bpnet.training.stochastic.epoch_pass import NumpyEpochPass  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

P = {
    "hidden_layer_sizes": (3,),
    "activation": "tanh",
    "input_scaling": None,
    "target_scaling": None,
    "alpha": 0.0,
    "dtype": "float64",
    "shuffle": False,
    "learning_rate": "constant",
    "random_state": 0,
    "max_iter": 3,
}


@pytest.fixture
def here(monkeypatch):
    """Fits without a cluster."""
    monkeypatch.setattr(_estimators, "client_of", lambda client: None)
    monkeypatch.setattr(_fit, "Rounds", InThisProcess)
    monkeypatch.setattr(_calls.Calls, "_locate", lambda self: False)


def table(n=60):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 2))
    return X, X[:, 0] * X[:, 1], rng


def spread(X, y, chunks):
    return da.from_array(X, chunks=(chunks, X.shape[1])), da.from_array(y, chunks)


def gradient_of(arrays, X, y):
    """The gradient of the mean of (a - y)^2 / 2 with one hidden layer of tanh."""
    W1, b1, W2, b2 = arrays
    A = np.tanh(X @ W1 + b1)
    D = (A @ W2 + b2 - y[:, None]) / len(y)
    D1 = (D @ W2.T) * (1 - A**2)
    return [X.T @ D1, D1.sum(axis=0), A.T @ D, D.sum(axis=0)]


def test_partitions_step_and_are_averaged_as_in_a_plain_loop(client):
    """Adam by hand: 5 batches per epoch, averages after 3 and after 5 of them."""
    X, y, rng = table()
    chunks, h, n_batches, rate = (35, 0, 4, 21), 3, 5, 0.05
    arrays = [rng.normal(size=s) for s in ((2, 3), (3,), (3, 1), (1,))]
    reg = DaskBPNetRegressor(
        **P, solver="adam", batch_size=12, learning_rate_init=rate, local_steps=h
    )
    reg.fit(*spread(X, y, chunks), coefs_init=arrays[::2], intercepts_init=arrays[1::2])
    m, v = [[np.zeros_like(a) for a in arrays] for _ in range(2)]
    parts = np.split(np.arange(60), np.cumsum(chunks)[:-1])
    for epoch in range(3):
        for first in range(0, n_batches, h):
            reached, shares = [], []
            for part in parts:
                size = -(-len(part) // n_batches)  # of batches, which may be too few
                mine = part[first * size : (first + h) * size]
                ours = [[a.copy() for a in arrays] for arrays in (arrays, m, v)]
                for i in range(h if len(mine) else 0):
                    batch = mine[i * size : (i + 1) * size]
                    t = epoch * n_batches + first + i + 1
                    if not len(batch):
                        continue
                    g = gradient_of(ours[0], X[batch], y[batch])
                    for a, m_a, v_a, g_a in zip(*ours, g, strict=True):
                        m_a += 0.1 * (g_a - m_a)
                        v_a += 0.001 * (g_a**2 - v_a)
                        a_t = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                        a -= a_t * m_a / (np.sqrt(v_a) + 1e-8)
                reached.append(ours)
                shares.append(len(mine))
            arrays, m, v = (
                [
                    np.average(of, axis=0, weights=shares)
                    for of in zip(*each, strict=True)
                ]
                for each in zip(*reached, strict=True)
            )
    found = [reg.coefs_[0], reg.intercepts_[0], reg.coefs_[1], reg.intercepts_[1]]
    for ours, theirs in zip(arrays, found, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-9)


@pytest.mark.parametrize(
    "solver", ["sgd", "adam", "nadam", "schedule_free_adamw", "adadelta"]
)
def test_local_steps_of_one_partition_are_those_of_one_machine(here, solver):
    X, y, _ = table()
    p = P | {"solver": solver, "batch_size": 12, "alpha": 0.1}
    local = BPNetRegressor(**p).fit(X, y)
    reg = DaskBPNetRegressor(**p, local_steps=2).fit(*spread(X, y, (60,)))
    for ours, theirs in zip(local.coefs_, reg.coefs_, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-9)
    assert reg.loss_ == pytest.approx(local.loss_)


@pytest.mark.skipif(not importlib.util.find_spec("numba"), reason="needs Numba")
def test_compiled_local_steps_are_those_of_numpy(here, monkeypatch):
    X, y, _ = table()
    y, passes = y > 0, []
    p = P | {"solver": "adam", "batch_size": 6, "dropout": 0.2, "shuffle": True}
    del p["target_scaling"]

    class Walk(_local_steps.LocalWalk):
        def __init__(self, *args):
            super().__init__(*args)
            passes.append(type(self.epoch_pass))

    monkeypatch.setattr(_local_steps, "LocalWalk", Walk)
    fits = []
    for compiled in (True, False):
        with config_context(compiled=compiled):
            clf = DaskBPNetClassifier(**p, local_steps=4)
            fits.append(clf.fit(*spread(X, y, (37, 23))))
    assert [one is NumpyEpochPass for one in passes] == [False] * 2 + [True] * 2
    for ours, theirs in zip(*(clf.coefs_ for clf in fits), strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-7)


def test_local_steps_that_do_not_apply_are_errors(here):
    X, y, _ = table()
    with pytest.raises(ValueError, match="local_steps=2, but solver='lbfgs'"):
        DaskBPNetRegressor(solver="lbfgs", local_steps=2).fit(*spread(X, y, (60,)))
    with pytest.raises(ValueError, match="'local_steps' parameter"):
        DaskBPNetRegressor(local_steps=0).fit(*spread(X, y, (60,)))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16])
def test_a_sum_is_the_same_wherever_its_terms_are(n):
    rng = np.random.default_rng(n)
    terms = dict(enumerate(rng.normal(size=n)))
    terms[n // 2] = None
    total = _shares.added(*terms.values())
    for n_workers in (1, 2, 3):
        owner = rng.integers(n_workers, size=n)
        known = {}
        for worker in range(n_workers):
            mine = {(0, i): terms[i] for i in range(n) if owner[i] == worker}
            _calls.merge(mine, n)
            known |= mine
        _calls.merge(known, n)
        assert list(known.values()) == [total]
    groups = [list(terms.values())[i : i + 4] for i in range(0, n, 4)]
    assert _shares.added(*(_shares.added(*group) for group in groups)) == total
