"""Steps that move only the features in use, against whole steps."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_bpnet.net.activations import ACTIVATIONS, Identity, ReLU, Softmax, Tanh
from sklearn_bpnet.net.initializers import INITIALIZERS, Initialization
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import GroupLasso
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.averaging import WeightAverage
from sklearn_bpnet.training.batches import Batches, RowReader, Standardization
from sklearn_bpnet.training.epoch import Epoch, Progress
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD, AdaGrad, Adam
from sklearn_bpnet.training.sparse_batch_step import SparseBatchStep
from sklearn_bpnet.training.step import StepOptions

N_ROWS, N_FEATURES = 53, 40
TANH = (Tanh(),)
SCHEME = Initialization(INITIALIZERS["auto"])
PLAIN = StepOptions()
EXACT = [SGD(momentum=0.0), AdaGrad()]


def make_risk(hidden=TANH, alpha=0.0, group=0.0, **noise):
    units = N_FEATURES, *[6] * len(hidden), 3
    network = Network.dense(units, (*hidden, Softmax()), **noise)
    return EmpiricalRisk(network, LOSSES["log_loss"], alpha, group=GroupLasso(group))


def rows(form=sparse.csr_array):
    """Three non-zeros a row; the last ten features never, some rows empty."""
    rng = np.random.default_rng(1)
    X = np.zeros((N_ROWS, N_FEATURES))
    for row in X[:45]:
        row[rng.choice(N_FEATURES - 10, 3, replace=False)] = rng.normal(size=3)
    return form(X)


def train(
    risk, optimizer, in_use, monkeypatch, *, X=None, scaling=None, weighted=False,
    dtype=np.float64, decay=None, shuffle=True, n_epochs=3,
):  # fmt: skip
    """theta, the epochs' losses, the optimiser's state and the first theta."""
    rng = np.random.default_rng(0)
    Y = np.eye(3, dtype=dtype)[rng.integers(3, size=N_ROWS)]
    s = rng.uniform(0, 2, N_ROWS).astype(dtype) if weighted else None
    first = risk.network.initial_theta(SCHEME, rng, dtype).flat
    theta, progress = first.copy(), Progress()
    reader = RowReader(rows() if X is None else X, dtype, scaling)
    batches = Batches(reader, Y, s, None, 10)
    average = None if decay is None else WeightAverage(decay, theta)
    with monkeypatch.context() as patch:
        if not in_use:
            patch.setattr(SparseBatchStep, "is_exact", staticmethod(lambda *_: False))
        epoch = Epoch(
            risk, optimizer, theta, batches, rng if shuffle else None, progress,
            average, noise_rng=rng,
        )  # fmt: skip
    assert isinstance(epoch.batch_step, SparseBatchStep) == in_use
    losses = [epoch.run(0.5) for _ in range(n_epochs)]
    if average is not None:
        theta = average.theta
    return theta, losses, progress.optimizer_state, first


def assert_same(risk, optimizer, monkeypatch, **kwargs):
    whole = train(risk, optimizer, False, monkeypatch, **kwargs)
    theta, losses, state, _ = train(risk, optimizer, True, monkeypatch, **kwargs)
    np.testing.assert_array_equal(theta, whole[0])
    assert losses == whole[1]
    assert state.keys() == whole[2].keys()
    for name, value in state.items():
        np.testing.assert_array_equal(value, whole[2][name])


@pytest.mark.parametrize("optimizer", EXACT, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "hidden", [(), (Tanh(),), (ReLU(), Identity()), (ACTIVATIONS["prelu"],)], ids=len
)
def test_steps_are_those_of_all_features(monkeypatch, optimizer, hidden, dtype):
    assert_same(make_risk(hidden), optimizer, monkeypatch, dtype=dtype)


@pytest.mark.parametrize("optimizer", EXACT, ids=str)
@pytest.mark.parametrize(
    "kwargs",
    [
        {"weighted": True},
        {"decay": 0.9},
        {"X": rows(sparse.csr_matrix)},
        {"X": rows() + rows()[:, ::-1], "shuffle": False},
        {"X": sparse.csr_array((N_ROWS, N_FEATURES))},
    ],
    ids=["weights", "average", "matrix", "in order", "all zero"],
)
def test_so_they_are_of_other_rows(monkeypatch, optimizer, kwargs):
    assert_same(make_risk(), optimizer, monkeypatch, **kwargs)


@pytest.mark.parametrize("mean", [0.0, 1.0], ids=["scaled", "centred"])
def test_so_they_are_of_standardised_rows(monkeypatch, mean):
    scaling = Standardization(np.full(N_FEATURES, mean), np.full(N_FEATURES, 2.0))
    assert_same(make_risk(), SGD(momentum=0.0), monkeypatch, scaling=scaling)


def test_so_they_are_where_units_drop_out(monkeypatch):
    risk = make_risk(dropout=[0.0, 0.5])
    assert_same(risk, SGD(momentum=0.0), monkeypatch)


@pytest.mark.parametrize("optimizer", EXACT, ids=str)
def test_features_that_no_row_has_keep_their_weights(monkeypatch, optimizer):
    risk = make_risk()
    theta, _, _, first = train(risk, optimizer, True, monkeypatch)
    moved = (risk.feature_weights(theta) != risk.feature_weights(first)).any(axis=1)
    np.testing.assert_array_equal(moved, np.diff(rows().tocsc().indptr) > 0)


def test_a_step_reads_no_other_weights():
    """Weights of other features may be anything, even not finite, and stay so."""
    risk, optimizer, rng = make_risk(), SGD(momentum=0.0), np.random.default_rng(0)
    theta = risk.network.initial_theta(SCHEME, rng, float).flat
    W = risk.feature_weights(theta)
    W[-10:] = np.nan
    batches = Batches(RowReader(rows(), float), np.eye(3)[[0] * N_ROWS], None, None, 10)
    epoch = Epoch(risk, optimizer, theta, batches, None, Progress())
    for batch in batches.epoch():
        assert np.isfinite(epoch.batch_step.add_up(batch))
        epoch.batch_step.step({}, 0.1)
    assert np.isnan(W[-10:]).all()
    assert np.isfinite(W[:-10]).all()
    assert np.isfinite(theta[W.size :]).all()
    assert not epoch.batch_step.gradient.flat[
        : W.size
    ].any()  # nothing was written there


def test_nothing_else_than_exact_steps_are_made_so():
    class MySGD(SGD):
        """May do anything."""

    plain, exact = EXACT[0], SparseBatchStep.is_exact
    known = [o for o in OPTIMIZERS.values() if exact(make_risk(), o, PLAIN)]
    assert known == [AdaGrad()]
    assert exact(make_risk(), plain, PLAIN)
    assert not exact(make_risk(), MySGD(momentum=0.0), PLAIN)
    assert not exact(make_risk(), SGD(), PLAIN)
    assert not exact(make_risk(), Adam(), PLAIN)
    assert not exact(make_risk(alpha=0.1), plain, PLAIN)
    assert not exact(make_risk(group=0.1), plain, PLAIN)
    assert not exact(make_risk(input_noise=0.1), plain, PLAIN)
    for options in (
        StepOptions(weight_decay=0.1),
        StepOptions(clip_norm=1.0),
        StepOptions(factors=np.ones(3)),
    ):
        assert not exact(make_risk(), plain, options)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_optimisers_know_whether_they_stand_still_without_gradient(optimizer, momentum):
    """A gradient, then none: does the second step do nothing?"""
    if isinstance(optimizer, SGD):
        optimizer = SGD(momentum=momentum)
    theta = np.array([1.0, -2.0])
    state = optimizer.start(theta)
    optimizer.step(theta, np.array([0.5, -0.3]), state, 0.1)
    before = {"theta": theta.copy()} | {k: np.copy(v) for k, v in state.items()}
    optimizer.step(theta, np.zeros(2), state, 0.1)
    now = {"theta": theta} | state
    rests = all(np.array_equal(now[k], v) for k, v in before.items())
    assert optimizer.rests_without_gradient <= rests
    if type(optimizer) in (SGD, AdaGrad):
        assert optimizer.rests_without_gradient == rests
