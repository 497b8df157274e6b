"""Schedule-free AdamW against its authors' implementation and the paper's rule."""

import numpy as np
import pytest

from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso
from sklearn_bpnet.training.optimizers import OPTIMIZERS, ScheduleFreeAdamW
from sklearn_bpnet.training.optimizers.step import Step, StepOptions

USUAL = ScheduleFreeAdamW()
UNUSUAL = ScheduleFreeAdamW(0.6, 0.7, 0.2, 0.1, 1.5, 2.0)

# y and x after each step, by schedulefree.AdamWScheduleFree (1.4.1) in float64 with
# lr=0.1, from theta = 1 with the gradients 0.5, -0.25 and 1; the second with
# warmup_steps=2
OF_THE_AUTHORS = [
    (
        USUAL,
        [0.1, 0.1, 0.1],
        [0.900000002, 0.9347902769253756, 0.8838215028847816],
        [0.900000002, 0.9316275246594324, 0.8917891731805567],
    ),
    (
        UNUSUAL,
        [0.05, 0.1, 0.1],
        [0.9592857142857143, 0.9916084945362558, 0.9013983877587848],
        [0.9592857142857143, 0.9905047354576226, 0.9184691869521413],
    ),
]


class OnlyWeights:
    """What `StepOptions` reads of a network."""

    def is_weight(self, dtype):
        return np.ones((), dtype)


class Risk:
    """What `Step` reads of a risk without penalties."""

    network, is_penalised = OnlyWeights(), False
    penalty, group = ElasticNet(), GroupLasso()

    def strength(self, theta):
        return np.zeros_like(theta)


def take(optimizer, theta, gradients, rates, **options):
    """y and x after every step."""
    step = Step(Risk(), optimizer, StepOptions(**options), theta)
    state, ys, xs = optimizer.start(theta), [], []
    for g, rate in zip(gradients, rates, strict=True):
        step.take(theta, np.array(g, theta.dtype), state, rate)
        ys.append(theta.copy())
        xs.append(optimizer.evaluated(theta, state).copy())
    return np.array(ys), np.array(xs), state


def papers(optimizer, theta, gradients, rates, factor=1.0):
    """Algorithm 1 with x and z explicit, and the weights of warm-up steps."""
    o, x, z, v, total, largest = optimizer, theta, theta, 0.0, 0.0, 0.0
    y, ys, xs = theta, [], []
    for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
        v = o.beta_2 * v + (1 - o.beta_2) * g * g
        root = np.sqrt(v / (1 - o.beta_2**t)) + o.epsilon
        z = z - rate * factor * (g / root + o.weight_decay * y)
        largest = max(largest, rate)
        weight = t**o.r * largest**o.weight_power
        total += weight
        x = x + weight / total * (z - x)
        y = (1 - o.beta_1) * z + o.beta_1 * x
        ys.append(y)
        xs.append(x)
    return np.array(ys), np.array(xs)


@pytest.mark.parametrize(("optimizer", "rates", "ys", "xs"), OF_THE_AUTHORS)
def test_first_steps_are_those_of_the_authors(optimizer, rates, ys, xs):
    found = take(optimizer, np.ones(1), [[0.5], [-0.25], [1.0]], rates)
    np.testing.assert_allclose(found[0].ravel(), ys, rtol=1e-13)
    np.testing.assert_allclose(found[1].ravel(), xs, rtol=1e-13)


@pytest.mark.parametrize("optimizer", [USUAL, UNUSUAL], ids=["usual", "unusual"])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-10), (np.float32, 1e-3)])
@pytest.mark.parametrize("size", [3, 30_000])
def test_many_steps_are_the_papers(optimizer, dtype, rtol, size):
    rng = np.random.default_rng(0)
    gradients = rng.normal([0.1, 0.0, -2.0], size=(60, 3))
    start, rates = np.array([1.0, -2.0, 3.0]), np.minimum(np.arange(1, 61) / 20, 1) / 10
    repeats = size // 3
    found = take(
        optimizer, np.tile(start, repeats).astype(dtype),
        np.tile(gradients, repeats), rates,
    )  # fmt: skip
    expected = papers(optimizer, start, gradients, rates)
    for ours, papers_ in zip(found, expected, strict=False):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, np.tile(papers_, repeats), rtol=rtol)


def test_factors_scale_all_that_moves_a_parameter():
    rng = np.random.default_rng(1)
    gradients, rates = rng.normal(size=(20, 3)), np.full(20, 0.1)
    start, factors = np.array([1.0, -2.0, 3.0]), np.array([1.0, 0.5, 0.0])
    ys, xs, state = take(UNUSUAL, start.copy(), gradients, rates, factors=factors)
    expected = papers(UNUSUAL, start, gradients, rates, factors)
    np.testing.assert_allclose(ys, expected[0], rtol=1e-10)
    np.testing.assert_allclose(xs, expected[1], rtol=1e-10)
    assert (ys[:, 2] == 3).all()
    assert state["z"][2] == 3
    np.testing.assert_allclose(xs[:, 2], 3)


def test_a_learning_rate_of_zero_moves_nothing():
    ys, xs, _ = take(USUAL, np.ones(2), np.ones((3, 2)), [0.0, 0.0, 0.1])
    np.testing.assert_array_equal(ys[:2], 1)
    np.testing.assert_array_equal(xs[:2], 1)
    assert (xs[2] < 1).all()


def test_the_average_forgets_the_start_and_the_steps_of_a_warm_up():
    # z is 1 - t / 10; the first x is the first z, whose start does not count
    gradients, rates = np.ones((4, 1)), np.full(4, 0.1)
    _, xs, _ = take(ScheduleFreeAdamW(beta_2=0.0), np.ones(1), gradients, rates)
    np.testing.assert_allclose(xs.ravel(), [0.9, 0.85, 0.8, 0.75], rtol=1e-6)
    # with rates of 0.01 and 0.1, z is 0.99 and 0.89, their weights are 1 and 100
    _, xs, _ = take(ScheduleFreeAdamW(beta_2=0.0), np.ones(1), [[1], [1]], [0.01, 0.1])
    np.testing.assert_allclose(xs[1], (0.99 + 100 * 0.89) / 101, rtol=1e-6)


def test_before_the_first_step_theta_is_evaluated():
    theta = np.ones(2)
    assert USUAL.evaluated(theta, {}) is theta
    x = USUAL.evaluated(theta, USUAL.start(theta))
    np.testing.assert_allclose(x, theta)
    assert [n for n, o in OPTIMIZERS.items() if not o.evaluates_theta] == [
        "schedule_free_adamw"
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"beta_1": 0.0}, r"beta_1 of ScheduleFreeAdamW must lie in \(0, 1\); got 0"),
        ({"beta_1": 1.0}, r"beta_1 of ScheduleFreeAdamW must lie in \(0, 1\); got 1"),
        ({"beta_2": 1.0}, r"beta_2 must lie in \[0, 1\); got 1"),
        ({"epsilon": 0.0}, "epsilon must be positive; got 0"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0; got -1"),
        ({"r": -1.0}, "r must be at least 0; got -1"),
        ({"weight_power": -1.0}, "weight_power must be at least 0; got -1"),
    ],
)
def test_wrong_hyper_parameters_raise_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        ScheduleFreeAdamW(**wrong)
