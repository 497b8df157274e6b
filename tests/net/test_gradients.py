"""The gradient of everything with everything, in networks that Hypothesis draws.

Backpropagation is held against central differences of two steps, combined so that
their error is of fourth order (Richardson). They cannot straddle a kink, so every
point is one at which no pre-activation and no error lies near one.
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    ELU,
    Activation,
    Ascending,
    ElementWise,
    LeakyReLU,
    Mixed,
    PReLU,
)
from sklearn_bpnet.net.gradcheck import numerical_gradient, relative_error
from sklearn_bpnet.net.losses import (
    LOSSES,
    Expectile,
    FocalLoss,
    FunctionLoss,
    GammaLoss,
    Hinge,
    Huber,
    LogLoss,
    Loss,
    PerceptronLoss,
    PoissonLoss,
    Quantile,
    SquaredHinge,
    TweedieLoss,
    check_pair,
)
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.parameters import Parameters
from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso
from sklearn_bpnet.net.risk import EmpiricalRisk

N_ROWS, N_FEATURES = 4, 2
STEP = 1e-4
KINK_DISTANCE = 5e-3  # of a pre-activation, which a step of a weight moves by less
LARGEST_Z = 4.0  # beyond, differences of saturated functions lose their digits


@dataclass(frozen=True)
class Sine(ElementWise):
    """A user-defined pair of functions."""

    def __repr__(self):
        return "(np.sin, np.cos)"


@dataclass(frozen=True)
class Quartic(FunctionLoss):
    """A user-defined pair of functions."""

    def __repr__(self):
        return "quartic"


OWN_ACTIVATION = Sine(np.sin, np.cos)
OWN_LOSS = Quartic(
    lambda Y, A: ((A - Y) ** 4).sum(axis=1), lambda Y, A: 4 * (A - Y) ** 3
)
HIDDEN = [
    *sorted({f for f in ACTIVATIONS.values() if f.trainable}, key=repr),
    LeakyReLU(0.3),
    ELU(0.5),
    PReLU(0.6),
    Mixed(ACTIVATIONS["selu"]),
    Mixed(ACTIVATIONS["mish"], 0.4),
    OWN_ACTIVATION,
]
INSTANCES = [
    *LOSSES.values(),
    LogLoss(label_smoothing=0.1),
    LogLoss(categorical=True),
    FocalLoss(gamma=0.5),
    FocalLoss(categorical=True, gamma=3.0),
    Huber(0.3),
    Quantile(0.2),
    Quantile((0.05, 0.5, 0.95)),
    Expectile(0.2),
    TweedieLoss(1.0),
    TweedieLoss(2.0),
    TweedieLoss(3.0),
    OWN_LOSS,
]


def outputs_of(loss, n_outputs):
    """Every output activation that the loss can be minimised above."""
    if isinstance(loss, Quantile) and len(loss.levels) > 1:
        return [Ascending(len(loss.levels)), ACTIVATIONS["identity"]]
    fitting = []
    for f in ACTIVATIONS.values():
        try:
            check_pair(loss, f, n_outputs)
        except ValueError:
            continue
        fitting.append(f)
    return fitting


def draw_targets(loss, n_targets, rng):
    shape = (N_ROWS, n_targets)
    if isinstance(loss, PoissonLoss):
        return rng.poisson(1.5, size=shape).astype(float)
    if isinstance(loss, (GammaLoss, TweedieLoss)):
        return rng.gamma(2, size=shape)
    if loss.tasks == {"classification"} and n_targets > 1:
        return np.eye(n_targets)[rng.integers(n_targets, size=N_ROWS)]
    if loss.tasks == {"classification"}:
        return rng.integers(2, size=shape).astype(float)
    return rng.normal(size=shape)


def distance_to_kink(loss, Y, A):
    """How near an output is to where the loss, or its slope, has a kink."""
    if isinstance(loss, (Hinge, SquaredHinge)):
        return np.abs(1 - Y * A).min()
    errors = np.abs(A - Y)
    near = np.abs(errors - loss.delta) if isinstance(loss, Huber) else np.inf
    return np.minimum(errors, near).min()


@dataclass(frozen=True)
class Problem:
    """What Hypothesis draws, and shows where a gradient is wrong."""

    hidden: tuple[tuple[int, Activation], ...]
    n_targets: int
    loss: Loss
    output: Activation
    alpha: float | tuple[float, ...]
    l1_ratio: float
    group_alpha: float
    dropout: tuple[float, ...]
    input_noise: float
    input_scale: bool
    weighted: bool

    @property
    def network(self):
        sizes, functions = zip(*self.hidden, strict=True) if self.hidden else ((), ())
        return Network.dense(
            (N_FEATURES, *sizes, self.loss.n_outputs(self.n_targets)),
            (*functions, self.output),
            dropout=self.dropout,
            input_noise=self.input_noise,
            input_scale=self.input_scale,
        )


@st.composite
def problems(draw):
    n_hidden = draw(st.integers(0, 3))
    sizes = st.integers(1, 3)
    hidden = [(draw(sizes), draw(st.sampled_from(HIDDEN))) for _ in range(n_hidden)]
    loss = draw(st.sampled_from(INSTANCES))
    n_targets = draw(st.integers(1, 4))
    strengths = st.sampled_from([0.0, 0.1, 1.0])
    rates = st.sampled_from([0.0, 0.2, 0.5])
    layers = n_hidden + 1
    return Problem(
        hidden=tuple(hidden),
        n_targets=n_targets,
        loss=loss,
        output=draw(st.sampled_from(outputs_of(loss, n_targets))),
        alpha=draw(strengths | st.tuples(*[strengths] * layers)),
        l1_ratio=draw(st.sampled_from([0.0, 0.4, 1.0])),
        group_alpha=draw(strengths),
        dropout=draw(st.just(()) | st.tuples(*[rates] * layers)),
        input_noise=draw(st.sampled_from([0.0, 0.3])),
        input_scale=draw(st.booleans()),
        weighted=draw(st.booleans()),
    )


@dataclass
class Point:
    """Parameters, data and drawn noise at which everything is differentiable."""

    theta: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    ws: list


def smooth_point(problem, risk):
    network = risk.network
    for seed in count():
        assert seed < 10_000, "no such point"
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(N_ROWS, N_FEATURES))
        theta = rng.uniform(-0.8, 0.8, size=network.is_weight().size)
        Y = draw_targets(problem.loss, problem.n_targets, rng)
        weights = rng.integers(0, 4, size=N_ROWS) + 0.5 if problem.weighted else None
        still = network.workspace(N_ROWS, np.float64, keep_Z=True)
        noisy = network.workspace(N_ROWS, np.float64, keep_Z=True)
        network.draw(noisy, rng)
        if all(is_smooth(risk, theta, X, Y, ws) for ws in (still, noisy)):
            return Point(theta, X, Y, weights, noisy)


def is_smooth(risk, theta, X, Y, ws):
    network = risk.network
    A = network.forward(network.parameters(theta).blocks, X, ws)
    Zs = [layer.Z for layer in network.of_layers(ws)]
    nearest = min(np.abs(Z).min() for Z in Zs)
    largest = max(np.abs(Z).max() for Z in Zs)
    if not isinstance(risk.loss, PerceptronLoss):  # its kink is that of Z
        encoded = risk.loss.encode_targets(Y)
        nearest = min(nearest, distance_to_kink(risk.loss, encoded, A))
    return nearest > KINK_DISTANCE and largest < LARGEST_Z


def assert_is_gradient(gradient, function, theta):
    once, twice = (numerical_gradient(function, theta, h) for h in (STEP, 2 * STEP))
    numeric = (4 * once - twice) / 3
    if np.linalg.norm(numeric) < 1e-6:  # every unit is dead
        assert np.linalg.norm(gradient) < 1e-6
    else:
        assert relative_error(gradient, numeric) < 1e-6


@pytest.mark.slow
@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(problems())
def test_backpropagation_equals_central_differences(problem):
    network = problem.network
    penalty, group = ElasticNet(problem.l1_ratio), GroupLasso(problem.group_alpha)
    risk = EmpiricalRisk(network, problem.loss, problem.alpha, penalty, group)
    point = smooth_point(problem, risk)
    theta, rows = point.theta, (point.X, point.Y, point.weights)
    value, gradient = risk.value_and_gradient(theta, *rows)
    assert value == pytest.approx(risk.value(theta, *rows), rel=1e-13)
    assert_is_gradient(gradient, lambda t: risk.value(t, *rows), theta)
    if network.is_noisy:
        noisy_loss, noisy_gradient = through_noise(risk, point)
        assert_is_gradient(noisy_gradient, noisy_loss, theta)


def through_noise(risk, point):
    """The mean loss as a function of theta, the noise held fixed, and its gradient."""
    network, Y = risk.network, risk.loss.encode_targets(point.Y)
    s = None if point.weights is None else point.weights / point.weights.mean()

    def loss(theta, gradient=None):
        gradient = gradient or Parameters.zeros(network.shapes)
        blocks = network.parameters(theta).blocks
        total = risk.add_up(blocks, point.X, Y, s, N_ROWS, gradient.blocks, point.ws)
        return total / N_ROWS

    gradient = Parameters.zeros(network.shapes)
    loss(point.theta, gradient)
    return loss, gradient.theta
