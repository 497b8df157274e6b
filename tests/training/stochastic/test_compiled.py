"""The compiled epoch against the NumPy one, which is the reference."""

import time
from itertools import product

import numpy as np
import pytest

pytest.importorskip("numba")

import numba
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    ELU,
    Grouped,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from sklearn_bpnet.net.activations.base import ElementWise
from sklearn_bpnet.net.activations.learned import Mixed, PReLU
from sklearn_bpnet.net.blocks import PBLD, Dense, Embedding, MemberScale
from sklearn_bpnet.net.blocks.input_scale import InputScale
from sklearn_bpnet.net.blocks.noise import Dropout, GaussianNoise
from sklearn_bpnet.net.initializers import GLOROT, Initialization
from sklearn_bpnet.net.losses import LOSSES, LogLoss, SquaredError
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.options import Dropout as DropoutOption
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    ScheduleFreeAdamW,
)
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.choice import make_epoch_pass
from sklearn_bpnet.training.stochastic.compiled import (
    embeddings,
    epoch_pass,
    loops,
    losses,
)
from sklearn_bpnet.training.stochastic.compiled.chain import Chain
from sklearn_bpnet.training.stochastic.compiled.epoch_pass import CompiledEpochPass
from sklearn_bpnet.training.stochastic.compiled.supported import (
    ELEMENT_WISE,
    is_supported,
)
from sklearn_bpnet.training.stochastic.compiled.units import call
from sklearn_bpnet.training.stochastic.epoch import Descent, Progress, Rates, Walk
from sklearn_bpnet.training.stochastic.thread_pool import ThreadPool

PLAIN = StepOptions()

OPTIMIZERS = [
    SGD(momentum=0.0),
    SGD(momentum=0.9, nesterov=False),
    SGD(momentum=0.9),
    Adam(beta_1=0.8, beta_2=0.95, epsilon=1e-6),
]
OUTPUTS = [  # loss, activation, number of outputs
    (LOSSES["squared_error"], Identity(), 1),
    (LOSSES["squared_error"], Identity(), 3),
    (LOSSES["log_loss"], Sigmoid(), 1),
    (LOSSES["log_loss"], Sigmoid(), 3),
    (LOSSES["log_loss"], Softmax(), 3),
    (LogLoss(label_smoothing=0.2), Sigmoid(), 3),
    (LogLoss(label_smoothing=0.2), Softmax(), 3),
    (LOSSES["squared_error"], Sigmoid(), 1),
    (LOSSES["squared_error"], Sigmoid(), 3),
    (LOSSES["log_loss"], Grouped((Softmax(), Sigmoid(), Softmax()), (3, 1, 2)), 6),
    (LogLoss(label_smoothing=0.2), Grouped((Sigmoid(), Softmax()), (3, 2)), 5),
    (LOSSES["log_loss"], Grouped((Sigmoid(), Sigmoid()), (1, 2)), 3),
    (LOSSES["log_loss"], Grouped((Softmax(), Softmax()), (2, 3)), 5),
    (LOSSES["squared_error"], Grouped((Identity(), Identity()), (2, 1)), 3),
    (LOSSES["squared_error"], Grouped((Sigmoid(), Sigmoid()), (2, 1)), 3),
]
PENALTIES = [(0.0, 0.0), (0.02, 0.0), (0.02, 0.5), (0.02, 1.0)]
HIDDEN_LAYERS = [
    (),
    (Tanh(),),
    (ReLU(), Sigmoid()),
    (LeakyReLU(0.2), Identity(), ReLU()),
]


def one_hot(k, n_rows, rng):
    return np.eye(max(k, 2))[rng.integers(max(k, 2), size=n_rows)][:, :k]


def train(
    compiled, risk, optimizer, *, dtype=np.float64, weighted=False,
    shuffle=True, scale=1, n_rows=47, batch_size=10, n_epochs=3, learning_rate=0.05,
    options=PLAIN, n_threads=1, read=None, average=None,
):  # fmt: skip
    """theta, the losses of the epochs and the optimiser's state."""
    rng = np.random.default_rng(0)
    X = scale * rng.normal(size=(n_rows, 4)).astype(dtype)
    k = risk.network.blocks[-1].n_out
    sizes = getattr(risk.network.output_activation, "sizes", (k,))
    Y = np.hstack([one_hot(size, n_rows, rng) for size in sizes])
    Y = risk.loss.encode_targets(Y)
    s = rng.uniform(0, 2, n_rows).astype(dtype) if weighted else None
    theta = risk.network.initial_theta(Initialization(GLOROT), rng, dtype).flat
    reader = RowReader(X, dtype) if read is None else read(X, dtype)
    batches = Batches(reader, Y.astype(dtype), s, None, batch_size)
    progress, pool = Progress(), ThreadPool(n_threads)
    average = None if average is None else WeightAverage(average, theta)
    walk = Walk(theta, optimizer, progress, average)
    descent = Descent(risk, optimizer, batches, options, rng if shuffle else None, rng)
    with config_context(compiled=compiled):
        epoch_pass = make_epoch_pass(descent, walk, pool)
    assert isinstance(epoch_pass, CompiledEpochPass) == compiled
    factors = np.linspace(1, 0, batches.n_batches)  # of decay and of dropout
    rates = Rates.of(batches.n_batches, learning_rate, factors, 0.5 + factors)
    try:
        losses = [epoch_pass.run(rates) for _ in range(n_epochs)]
    finally:
        pool.shutdown()
    if average is not None:
        losses.append(average.theta.sum())
    return theta, losses, progress.optimizer_state, walk


def assert_same(risk, optimizer, rtol, **kwargs):
    theta, losses, state, reference = train(
        False, risk, optimizer, **kwargs | {"n_threads": 1}
    )
    ours, our_losses, our_state, epoch = train(True, risk, optimizer, **kwargs)
    np.testing.assert_allclose(ours, theta, rtol=rtol, atol=rtol)
    np.testing.assert_array_equal(ours == 0, theta == 0)
    np.testing.assert_allclose(our_losses, losses, rtol=rtol)
    assert our_state.keys() == state.keys()
    for name, value in state.items():
        np.testing.assert_allclose(our_state[name], value, rtol=rtol, atol=rtol)
    assert epoch.n_steps == reference.n_steps
    assert epoch.n_good_steps == reference.n_good_steps
    np.testing.assert_allclose(epoch.good, reference.good, rtol=rtol, atol=rtol)


def make_risk(
    hidden=HIDDEN_LAYERS[1], output=OUTPUTS[0], alpha=0.0, l1_ratio=0.0, scale=False,
    dropout=(), members=None,
):  # fmt: skip
    loss, activation, k = output
    sizes = (4, *range(5, 5 + len(hidden)), k)
    inputs = [InputScale(4)] if scale else []
    if members is not None:
        inputs.append(MemberScale(4, members))
    network = Network.dense(
        sizes, (*hidden, activation), inputs=inputs, dropout=dropout, n_heads=members
    )
    return EmpiricalRisk(network, loss, alpha, ElasticNet(l1_ratio))


def grouped(risk):
    return EmpiricalRisk(risk.network, risk.loss, group=GroupLasso(0.1))


def risk_of(*blocks):
    return EmpiricalRisk(Network(blocks), LOSSES["squared_error"])


OUTPUT, OUTPUT_OF_6 = Dense(4, 1, Identity()), Dense(6, 1, Identity())


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize(
    ("hidden", "weighted"),
    [*((hidden, True) for hidden in HIDDEN_LAYERS), (HIDDEN_LAYERS[2], False)],
)
def test_every_network_trains_as_in_numpy(hidden, output, weighted):
    for (alpha, ratio), optimizer in product(PENALTIES[1:3], OPTIMIZERS[2:]):
        risk = make_risk(hidden, output, alpha, ratio)
        assert_same(risk, optimizer, 1e-9, weighted=weighted)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize(("alpha", "l1_ratio"), PENALTIES)
def test_every_step_is_that_of_numpy(optimizer, alpha, l1_ratio):
    risk = make_risk(alpha=alpha, l1_ratio=l1_ratio)
    assert_same(risk, optimizer, 1e-9)
    assert_same(risk, optimizer, 1e-9, shuffle=False)


@pytest.mark.parametrize(
    ("dtype", "n_threads"), [(np.float64, 1), (np.float32, 1), (np.float64, 3)]
)
@pytest.mark.parametrize("scale", [False, True], ids=["features", "learned scale"])
@pytest.mark.parametrize(
    "dropout", [(0.4, 0, 0), (0, 0.3, 0.5), (0.2, 0, 0.5), (0.5, 0.3, 0.1)], ids=str
)
def test_units_are_dropped_as_in_numpy(dropout, scale, dtype, n_threads):
    for hidden in ((Tanh(), ReLU()), (ACTIVATIONS["mish"], Sigmoid())):
        risk = make_risk(hidden, OUTPUTS[4], 0.02, scale=scale, dropout=dropout)
        kwargs = {"n_threads": n_threads, "dtype": dtype, "weighted": True}
        rtol = 1e-9 if dtype is np.float64 else 2e-4
        assert_same(risk, Adam(epsilon=1e-4), rtol, **kwargs)
        assert_same(risk, SGD(), rtol, batch_size=47, **kwargs)


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize(("members", "n_threads"), [(1, 1), (3, 1), (2, 3)])
def test_members_train_as_in_numpy(output, members, n_threads):
    for hidden in HIDDEN_LAYERS:
        risk = make_risk(hidden, output, 0.02, 0.5, scale=bool(hidden), members=members)
        assert_same(risk, Adam(), 1e-9, n_threads=n_threads, weighted=True)
        assert_same(risk, SGD(), 1e-9, n_threads=n_threads)


@pytest.mark.parametrize(
    ("dtype", "n_threads"), [(np.float64, 1), (np.float32, 1), (np.float64, 3)]
)
@pytest.mark.parametrize("dropout", [(0.4, 0, 0), (0.2, 0.3, 0.5)], ids=str)
def test_members_drop_units_as_in_numpy(dropout, dtype, n_threads):
    hidden, rtol = (Tanh(), ReLU()), 1e-9 if dtype is np.float64 else 2e-4
    risk = make_risk(hidden, OUTPUTS[4], 0.02, dropout=dropout, members=3)
    assert_same(risk, SGD(), rtol, n_threads=n_threads, dtype=dtype, weighted=True)


@pytest.mark.parametrize("at_once", [1, 100, 2**20])
def test_noise_is_drawn_in_order_however_much_at_once(monkeypatch, at_once):
    monkeypatch.setattr(epoch_pass, "_NOISE_AT_ONCE", at_once)
    risk = make_risk(HIDDEN_LAYERS[2], dropout=(0.2, 0.3, 0.5))
    assert_same(risk, Adam(), 1e-9)
    assert_same(risk, Adam(), 1e-9, average=0.9)


def test_noise_comes_at_its_place_in_runs_of_rows_that_numpy_reads(monkeypatch):
    monkeypatch.setattr("sklearn_bpnet.training.batches._READ_NUMBERS", 4 * 25)

    def in_columns(X, dtype):
        reader = RowReader(X, dtype)
        reader.X = np.asfortranarray(X)
        assert not reader.is_plain
        return reader

    risk = make_risk(HIDDEN_LAYERS[2], dropout=(0.2, 0.3, 0.5))
    assert_same(risk, Adam(), 1e-9, read=in_columns)


def test_a_rate_that_reaches_1_is_an_error_in_compiled_code_too():
    clf = BPNetClassifier(
        (5,),
        dropout=DropoutOption(0.6, schedule=lambda t: 1 + t),
        batch_size=10,
        max_iter=4,
    )
    X = np.random.default_rng(0).normal(size=(60, 3))
    message = r"of a dropout of 0\.6: a rate must stay"
    with config_context(compiled=True), pytest.raises(ValueError, match=message):
        clf.fit(X, X[:, 0] > 0)


@pytest.mark.parametrize("name", sorted(k for k in ACTIVATIONS))
def test_every_activation_is_compiled_or_left_to_numpy(name):
    activation = ACTIVATIONS[name]
    risk = make_risk((activation,))
    if is_supported(risk, Adam()):
        assert_same(risk, Adam(), 1e-9)
        deep = make_risk((activation, ReLU(), activation))
        assert_same(deep, SGD(), 1e-9, n_threads=2, weighted=True)
    else:
        assert name in {"exp", "heaviside", "softmax"}


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("function", [k() for k in ELEMENT_WISE], ids=str)
def test_a_learned_mix_is_that_of_numpy(function, n_threads):
    risk = make_risk((Mixed(function, 0.6), Mixed(function)), OUTPUTS[4], 0.02)
    assert_same(risk, Adam(), 1e-9, n_threads=n_threads)
    assert_same(risk, SGD(), 1e-9, n_threads=n_threads, weighted=True)


def test_a_learned_activation_is_penalised_and_decays_as_in_numpy():
    risk = make_risk((PReLU(), PReLU(0.1)), OUTPUTS[4], [0.02, 0.1, 0.0], 0.5)
    options = StepOptions(
        weight_decay=0.1, factors=np.linspace(2, 0, risk.network.n_parameters)
    )
    assert_same(risk, Adam(), 1e-9, options=options)


@pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float64, 1e-9), (np.float32, 1e-3)], ids=["64", "32"]
)
@pytest.mark.parametrize("features", [(0, 1, 2, 3), (1, 3), (2,)])
@pytest.mark.parametrize("below", ["", "noise", "scale"])
def test_an_embedding_is_that_of_numpy(below, features, dtype, rtol):
    block = Embedding(4, features, PBLD(5, 4, 1.0))
    before = {"": (), "noise": (Dropout(4, 0.2),), "scale": (InputScale(4),)}[below]
    layers = Dense(block.n_out, 6, Tanh()), Dense(6, 1, Identity())
    risk = risk_of(*before, block, InputScale(block.n_out), *layers)
    for n_threads in (1, 2):
        assert_same(risk, Adam(epsilon=1e-4), rtol, n_threads=n_threads, dtype=dtype)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_waves_of_float32_are_exact_to_its_digits(scale):
    """Of a phase, which itself is known to its digits only."""
    phase = np.float32(scale * np.linspace(-7, 7, 5001))

    @numba.njit
    def run(phase, cosines, sines):
        for i in range(phase.size):
            cosines[i], sines[i] = embeddings._waves(phase[i])

    cosines, sines = np.empty_like(phase), np.empty_like(phase)
    run(phase, cosines, sines)
    wide, atol = phase.astype(float), 4e-7 + 2e-7 * 7 * scale
    np.testing.assert_allclose(cosines, np.cos(wide), rtol=0, atol=atol)
    np.testing.assert_allclose(sines, np.sin(wide), rtol=0, atol=atol)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("clip_norm", [1e-3, 0.3, 1e6])
def test_the_norm_is_clipped_as_in_numpy(clip_norm, optimizer, n_threads):
    risk = make_risk(HIDDEN_LAYERS[2], OUTPUTS[4], 0.02, 0.5)
    for options in (
        StepOptions(clip_norm=clip_norm),
        StepOptions(clip_norm=clip_norm, weight_decay=0.2),
    ):
        kwargs = {"options": options, "n_threads": n_threads}
        assert_same(risk, optimizer, 1e-9, **kwargs)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_every_layer_has_its_own_penalty(n_threads):
    risk = make_risk(HIDDEN_LAYERS[2], OUTPUTS[4], [0.02, 0.0, 0.3], 0.5, scale=True)
    assert_same(risk, Adam(), 1e-9, n_threads=n_threads)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("average", [None, 0.9])
def test_normal_noise_is_drawn_as_in_numpy(average, n_threads):
    blocks = [
        GaussianNoise(4, 0.3), Dropout(4, 0.2), Dense(4, 6, Tanh()),
        GaussianNoise(6, 0.1), Dropout(6, 0.5), Dense(6, 1, Identity()),
    ]  # fmt: skip
    for risk in (risk_of(*blocks), risk_of(*blocks[:1], *blocks[2:3], OUTPUT_OF_6)):
        assert_same(risk, Adam(), 1e-9, n_threads=n_threads, average=average)


@pytest.mark.parametrize(
    "blocks",
    [
        (InputScale(4), Dropout(4, 0.1), Dense(4, 1, Identity())),
        (Dropout(4, 0.1), Dropout(4, 0.3), Dense(4, 1, Identity())),
        (Dense(4, 4, ReLU()), InputScale(4), Dense(4, 1, Identity())),
        (InputScale(4), InputScale(4), Dense(4, 3, Identity())),
    ],
    ids=["order", "twice", "between", "two scales"],
)
def test_blocks_stand_in_any_order(blocks):
    assert_same(risk_of(*blocks), SGD(), 1e-9, weighted=True)
    assert_same(risk_of(*blocks), Adam(), 1e-9, n_threads=2)


@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_the_recipe_of_realmlp_td_s_is_compiled(monkeypatch, estimator):
    model = estimator.from_recipe(
        "realmlp-td-s", hidden_layer_sizes=(9, 8), batch_size=20, max_iter=8,
        dtype="float64", random_state=0,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    X, calls = rng.normal(size=(200, 4)), []
    y = X[:, 0] > 0 if estimator is BPNetClassifier else X[:, 0]
    train = loops.train

    def counted(i, run, *arguments):
        calls.extend([1] if run.indices.size else [])  # or it is only compiled
        return train(i, run, *arguments)

    monkeypatch.setattr(loops, "train", counted)
    fitted = []
    for compiled in (True, False):
        with config_context(compiled=compiled):
            fitted.append(clone(model).fit(X, y))
        assert len(calls) == 8  # all of the first fit
    ours, reference = fitted
    np.testing.assert_allclose(
        ours.learned_input_scale_, reference.learned_input_scale_, rtol=1e-7
    )
    for one, other in zip(ours.coefs_, reference.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_batch_has_its_own_learning_rate(optimizer):
    rates = [0.05, 0.01, 0.0, 0.1, 0.02]
    risk = make_risk(alpha=0.02, l1_ratio=0.5)
    assert_same(risk, optimizer, 1e-9, learning_rate=rates)
    theta, *_ = train(True, risk, optimizer, learning_rate=rates)
    other, *_ = train(True, risk, optimizer, learning_rate=rates[::-1])
    assert (theta != other).any()


@pytest.mark.parametrize("activation", [ELU(0.3), LeakyReLU(0.4)], ids=str)
def test_an_activation_keeps_its_constant(activation):
    assert_same(make_risk((activation,)), SGD(), 1e-9)


@pytest.mark.parametrize(
    "activation", [k for k in ELEMENT_WISE], ids=lambda f: f.__name__
)
def test_large_inputs_give_what_they_give_in_numpy(activation):
    risk = make_risk((activation(),), OUTPUTS[3])
    with np.errstate(over="ignore"):
        assert_same(risk, SGD(), 1e-8, scale=300, learning_rate=1e-4)


def test_a_softmax_of_large_logits_does_not_overflow():
    risk = make_risk((), OUTPUTS[4])
    with np.errstate(over="ignore"):
        kwargs = {"scale": 1e4, "learning_rate": 1e-9}
        assert_same(risk, SGD(), 1e-8, **kwargs)
        _, losses, *_ = train(True, risk, SGD(), **kwargs)
    assert np.isfinite(losses).all()


def test_float32_is_kept():
    risk = make_risk((ReLU(),), OUTPUTS[4], 0.01)
    theta, losses, *_ = train(True, risk, Adam(), dtype=np.float32)
    reference, expected, *_ = train(False, risk, Adam(), dtype=np.float32)
    assert theta.dtype == np.float32
    np.testing.assert_allclose(theta, reference, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def pass_forward(activation, Z):
    """A = f(Z) in compiled code, in place, and G f'(Z) for a G of ones."""
    network = Network(
        (Dense(1, Z.shape[1], activation), Dense(Z.shape[1], 1, Identity()))
    )
    theta, gradient = np.zeros((2, network.n_parameters), Z.dtype)
    chain = Chain(network, numba.typeof(Z).dtype, is_noisy=False)
    link = chain.of_thread(theta, gradient, len(Z)).links[1]
    G = np.ones_like(Z)

    @numba.njit
    def run(link, n, A, G):
        for which in range(2):
            integers = (
                link[2 + which], n, link[4], link[5], 0, link[6], link[7], link[8],
                link[9], A, A, G, G, link[14], 0, 0,
            )  # fmt: skip
            call(link[which], integers, (1.0,))

    run(link, len(Z), Z.ctypes.data, G.ctypes.data)
    return G


@pytest.mark.parametrize("activation", [k() for k in ELEMENT_WISE], ids=str)
def test_float32_activations_are_exact_to_its_digits(activation):
    near = np.concatenate([np.linspace(-6, 6, 400), np.logspace(-6, 0, 60)])
    z = np.concatenate([near, -near, np.linspace(-100, 100, 200)])[None]
    wide = np.float64(z.astype(np.float32))
    A = wide.astype(np.float32)
    G = pass_forward(activation, A)
    expected = activation.forward(wide, np.empty_like(wide))
    np.testing.assert_allclose(A, expected, rtol=1e-6, atol=1e-7)
    slope = activation.vjp(wide, expected, np.ones_like(wide), np.empty_like(wide))
    away = wide != 0
    np.testing.assert_allclose(G[away], slope[away], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_float32_log_loss_is_exact_to_its_digits(y):
    z = np.concatenate([np.linspace(-30, 30, 999), [-200.0, 200.0]]).astype(np.float32)
    wide, ones = np.float64(z), np.ones(1, np.float32)
    for one, x in zip(z, wide, strict=True):
        delta = np.array([one])
        loss = losses._binary_log_loss(delta, np.float32(y) * ones, ones[0])
        expected = np.logaddexp(0, x) - np.float64(np.float32(y)) * x
        assert loss == pytest.approx(expected, rel=1e-6, abs=1e-30 + 1e-5 * y * abs(x))
        a = 1 / (1 + np.exp(-x))
        assert delta[0] == pytest.approx(a - np.float64(np.float32(y)), abs=2e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", [k() for k in ELEMENT_WISE], ids=str)
def test_what_is_not_a_number_stays_so(activation, dtype):
    Z = np.full((2, 20), np.nan, dtype)
    Z[1] = 0.5
    pass_forward(activation, Z)
    if not isinstance(activation, ReLU):  # the larger of it and 0
        assert np.isnan(Z[0]).all()
    assert np.isfinite(Z[1]).all()


@pytest.mark.parametrize(
    ("risk", "optimizer"),
    [
        (make_risk(output=(LOSSES["poisson"], ACTIVATIONS["exp"], 1)), Adam()),
        (make_risk(output=(SquaredError(), Tanh(), 1)), Adam()),
        (make_risk(output=(LogLoss(), Softmax(), 3)), SGD(momentum=1.0)),
        (make_risk((ElementWise(np.tanh, lambda Z: 1 - np.tanh(Z) ** 2),)), Adam()),
        (make_risk(), AdaGrad()),
        (grouped(make_risk()), Adam()),
    ],
    ids=["loss", "not canonical", "momentum 1", "function", "solver", "group"],
)
def test_what_is_not_in_the_tables_is_left_to_numpy(risk, optimizer):
    assert not is_supported(risk, optimizer)


def test_a_subclass_is_left_to_numpy():
    class Mine(Adam):
        pass

    class MyDense(Dense):
        pass

    assert not is_supported(make_risk(), Mine())
    assert not is_supported(risk_of(MyDense(4, 1, Identity())), Adam())


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("rates", [(0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.0, 0.0, 0.0)])
def test_dropout_with_a_rate_of_zero_draws_as_in_numpy(rates, n_threads):
    blocks = [
        Dropout(4, rates[0]), Dense(4, 6, Tanh()), Dropout(6, rates[1]),
        Dense(6, 5, Sigmoid()), Dropout(5, rates[2]), Dense(5, 1, Identity()),
    ]  # fmt: skip
    assert_same(risk_of(*blocks), Adam(), 1e-9, n_threads=n_threads)


def test_divergence_is_noticed_and_the_last_good_weights_are_known():
    risk = make_risk((ReLU(), ReLU()))
    kwargs = {"learning_rate": 1e30, "n_epochs": 1}
    with np.errstate(all="ignore"):
        results = [
            train(compiled, risk, SGD(momentum=0.0), **kwargs)
            for compiled in (False, True)
        ]
    for _, curve, _, epoch in results:
        assert np.isnan(curve[0])
        assert np.isfinite(epoch.good).all()
    assert results[0][3].n_good_steps == results[1][3].n_good_steps


@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_estimators_predict_the_same_with_and_without(estimator):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + X[:, 1] ** 2 > 1).astype(int)
    predictions = []
    for compiled in (True, False):
        model = estimator(
            (8, 8), batch_size=16, dtype="float64", max_iter=20, tol=0, random_state=0,
            n_iter_no_change=50,
        )  # fmt: skip
        with config_context(compiled=compiled):
            model.fit(X, y, sample_weight=1 + y)
        predictions.append(model.predict(X))
    np.testing.assert_allclose(*predictions, rtol=1e-6)


@pytest.mark.parametrize("n_threads", [2, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_threads_make_the_whole_step(optimizer, n_threads):
    for hidden, output in (
        (HIDDEN_LAYERS[0], OUTPUTS[0]),
        (HIDDEN_LAYERS[2], OUTPUTS[4]),
    ):
        risk = make_risk(hidden, output, 0.02, 0.5)
        kwargs = {"n_threads": n_threads, "weighted": True}
        assert_same(risk, optimizer, 1e-9, **kwargs)
        assert_same(risk, optimizer, 1e-9, batch_size=47, **kwargs)


def test_threads_train_the_same_twice():
    risk = make_risk(HIDDEN_LAYERS[2])
    first, second = (train(True, risk, Adam(), n_threads=2)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_an_estimator_shares_large_batches_and_trains_the_same_twice():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 64))
    y = X[:, 0] > 0
    clf = BPNetClassifier(
        (512,), batch_size=100, max_iter=2, random_state=0, tol=1.0, n_iter_no_change=1
    )
    with config_context(compiled=True):
        first, second = clf.fit(X, y).coefs_, clf.fit(X, y).coefs_
    with config_context(compiled=False):
        reference = clf.fit(X, y).coefs_
    for one, other, expected in zip(first, second, reference, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, expected, atol=1e-4)


def test_a_thread_that_is_late_is_waited_for(monkeypatch):
    run = loops.train

    def late(i, *arguments):
        if i == 1:
            time.sleep(0.01)
        return run(i, *arguments)

    monkeypatch.setattr(loops, "train", late)
    assert_same(make_risk(), Adam(), 1e-9, n_threads=2)


@pytest.mark.parametrize("which", [0, 1])
def test_threads_do_not_wait_for_one_that_failed(monkeypatch, which):
    run = loops.train

    def fail(i, *arguments):
        if i == which:
            raise KeyError(i)
        return run(i, *arguments)

    monkeypatch.setattr(loops, "train", fail)
    with pytest.raises(KeyError):
        train(True, make_risk(), Adam(), n_threads=2)


def test_a_network_without_rows_for_every_thread():
    # a last batch of one row, shared by three
    kwargs = {"n_rows": 31, "n_threads": 3}
    assert_same(make_risk(), Adam(), 1e-9, **kwargs)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, AdamW(weight_decay=0.3)], ids=str)
@pytest.mark.parametrize(("weight_decay", "l1_ratio"), [(None, 0.5), (0.2, 0.0)])
def test_factors_and_weight_decay_are_those_of_numpy(
    optimizer, weight_decay, l1_ratio, n_threads
):
    risk = make_risk(HIDDEN_LAYERS[2], OUTPUTS[4], 0.02, l1_ratio)
    rng = np.random.default_rng(3)
    of_rates, of_decay = rng.uniform(0, 2, (2, risk.network.n_parameters))
    of_rates[5:9] = 0
    for factors, decay_factors in (
        (None, None),
        (of_rates, None),
        (of_rates, of_decay),
    ):
        options = StepOptions(
            weight_decay=weight_decay, factors=factors, decay_factors=decay_factors
        )
        kwargs = {"options": options, "n_threads": n_threads}
        assert_same(risk, optimizer, 1e-9, **kwargs)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    "optimizer",
    [
        ScheduleFreeAdamW(weight_decay=0.3),
        ScheduleFreeAdamW(0.6, 0.9, 1e-3, r=2.0, weight_power=1.0),
    ],
    ids=["usual", "unusual"],
)
@pytest.mark.parametrize("with_factors", [False, True])
def test_schedule_free_steps_are_those_of_numpy(optimizer, n_threads, with_factors):
    risk = make_risk(HIDDEN_LAYERS[2], OUTPUTS[4], 0.02)
    of_rates = np.random.default_rng(3).uniform(0, 2, risk.network.n_parameters)
    of_rates[5:9] = 0
    options = StepOptions(clip_norm=0.5)
    if with_factors:
        options = StepOptions(weight_decay=0.2, factors=of_rates)
    rates = np.array([0.0, 0.02, 0.05, 0.05, 0.04])
    kwargs = {"options": options, "n_threads": n_threads, "learning_rate": rates}
    assert_same(risk, optimizer, 1e-9, **kwargs)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize(
    ("hidden", "n_threads"),
    [(HIDDEN_LAYERS[0], 1), (HIDDEN_LAYERS[2], 2), (HIDDEN_LAYERS[3], 1)],
)
def test_a_learned_scale_is_that_of_numpy(hidden, optimizer, n_threads):
    risk = make_risk(hidden, OUTPUTS[4], 0.02, 0.5, scale=True)
    decay = StepOptions(
        weight_decay=0.1, factors=np.linspace(2, 0, risk.network.n_parameters)
    )
    for options in (PLAIN, decay):
        kwargs = {"options": options, "n_threads": n_threads}
        assert_same(risk, optimizer, 1e-9, **kwargs)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_average_is_that_of_numpy(n_threads):
    assert_same(make_risk(), Adam(), 1e-9, average=0.7, n_threads=n_threads)


def _read_only(X):
    X.flags.writeable = False
    return X


@pytest.mark.parametrize("scaling", [None, np.inf, 1.5], ids=str)
@pytest.mark.parametrize(
    "change",
    [
        lambda X: (10 * X).astype(np.int64),
        lambda X: (20 + 10 * X).astype(np.uint8),
        lambda X: X > 0,
        lambda X: X.astype(np.float16),
        lambda X: X.astype(np.float32),
        lambda X: X.astype(">f8"),
        lambda X: np.repeat(X, 2, axis=0)[::2],
        _read_only,
    ],
    ids=["int64", "uint8", "bool", "float16", "float32", ">f8", "strided", "read-only"],
)
def test_every_table_is_read_as_in_numpy(change, scaling):
    def read(X, dtype):
        X = change(X)
        if scaling is None:
            return RowReader(X, dtype)
        mean, deviation = X.mean(axis=0, dtype=float), X.std(axis=0, dtype=float)
        clip = None if scaling == np.inf else scaling
        return RowReader(X, dtype, Standardization(mean, deviation, clip))

    assert_same(make_risk(), Adam(), 1e-6, read=read)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_smoothing_classifier_trains_the_same_with_and_without(n_classes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = X[:, :n_classes].argmax(axis=1)
    loss = LogLoss(label_smoothing=0.2)

    def fit(compiled, loss=loss):
        net = BPNetClassifier(
            (5,), loss=loss, batch_size=20, max_iter=5, tol=0, random_state=0
        )
        with config_context(compiled=compiled):
            return net.fit(X, y)

    ours, reference = fit(True), fit(False)
    np.testing.assert_allclose(ours.loss_curve_, reference.loss_curve_, rtol=1e-4)
    P, Q = ours.predict_proba(X), reference.predict_proba(X)
    np.testing.assert_allclose(P, Q, atol=1e-4)
    plain = fit(True, "log_loss").predict_proba(X)
    assert np.abs(P - plain).max() > 1e-3  # it was smoothed
