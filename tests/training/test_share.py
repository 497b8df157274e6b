"""A step in shares against the whole step."""

import numpy as np
import pytest

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.net.activations import GELU, ReLU, Sigmoid, Softmax
from sklearn_bpnet.net.initializers import INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training import epoch as epoch_module
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.epoch import Epoch, Progress
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD, Adam
from sklearn_bpnet.training.share import Share
from sklearn_bpnet.training.step import StepOptions
from sklearn_bpnet.training.threads import Crew

COMPILED = [False]
try:
    import numba  # noqa: F401
except ImportError:
    pass
else:
    COMPILED.append(True)


@pytest.fixture(params=COMPILED, ids=["compiled" if c else "numpy" for c in COMPILED])
def compiled(request, monkeypatch):
    least = 1 if request.param else 10**12
    monkeypatch.setattr(epoch_module, "COMPILE_FROM", least)
    monkeypatch.setattr(epoch_module, "COMPILE_FROM_WORK", 10**12)
    return request.param


RELU = (ReLU(),)
PLAIN = StepOptions()


def make_risk(hidden=RELU, alpha=0.01, l1_ratio=0.5, loss="log_loss", scale=False):
    network = Network.dense(
        (4, *[6] * len(hidden), 3), (*hidden, Softmax()), input_scale=scale
    )
    return EmpiricalRisk(network, LOSSES[loss], alpha, ElasticNet(l1_ratio))


def train(n_shares, risk, optimizer, weighted=False, options=PLAIN):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(53, 4))
    Y = np.eye(3)[rng.integers(3, size=53)]
    s = rng.uniform(0, 2, 53) if weighted else None
    theta = risk.network.initial_parameters(INITIALIZERS["auto"], rng, np.float64).theta
    batches = Batches(RowReader(X, np.float64), Y, s, None, 10)
    crew, progress = Crew(n_shares), Progress()
    epoch = Epoch(risk, optimizer, theta, batches, rng, progress, None, options, crew)
    losses = [epoch.run(0.05) for _ in range(2)]
    crew.dismiss()
    return theta, losses, progress.optimizer_state


def assert_same(n_shares, *arguments, **kwargs):
    theta, losses, state = train(1, *arguments, **kwargs)
    ours, our_losses, our_state = train(n_shares, *arguments, **kwargs)
    np.testing.assert_allclose(ours, theta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(our_losses, losses, rtol=1e-10)
    assert our_state.keys() == state.keys()
    for name, value in state.items():
        np.testing.assert_allclose(our_state[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "optimizer",
    [*OPTIMIZERS.values(), SGD(momentum=0.0), SGD(momentum=0.5, nesterov=False)],
    ids=str,
)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_shares_make_the_whole_step(compiled, optimizer, l1_ratio):
    assert_same(2, make_risk(l1_ratio=l1_ratio), optimizer)


@pytest.mark.parametrize("n_shares", [2, 3, 5])
@pytest.mark.parametrize("hidden", [(), (Sigmoid(), ReLU()), (GELU(),)], ids=len)
def test_any_number_of_shares_and_layers(compiled, n_shares, hidden):
    assert_same(n_shares, make_risk(hidden), Adam(), weighted=True)
    assert_same(n_shares, make_risk(hidden, loss="squared_error"), Adam())


def test_a_learned_scale_is_shared(compiled):
    assert_same(3, make_risk(scale=True), Adam(), weighted=True)


def test_decay_and_factors_are_shared():
    risk, options = make_risk(), StepOptions(weight_decay=0.1, factors=np.full(51, 0.5))
    assert risk.network.is_weight().shape == options.factors.shape
    assert_same(2, risk, Adam(), options=options)


def test_only_what_is_known_and_elementwise_is_shared():
    class MyReLU(ReLU):
        pass

    class MyAdam(Adam):
        pass

    plain = StepOptions()
    assert Share.can_be_several(make_risk(), Adam(), plain)
    assert not Share.can_be_several(make_risk((MyReLU(),)), Adam(), plain)
    assert not Share.can_be_several(make_risk(), MyAdam(), plain)
    assert not Share.can_be_several(make_risk(), Adam(), StepOptions(clip_norm=1.0))


def test_an_estimator_shares_large_batches_and_trains_the_same_twice(compiled):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 64))
    y = X[:, 0] > 0
    clf = BPNetClassifier(
        (512,), batch_size=100, max_iter=2, random_state=0, tol=1.0, n_iter_no_change=1
    )
    first, second = clf.fit(X, y).coefs_, clf.fit(X, y).coefs_
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
