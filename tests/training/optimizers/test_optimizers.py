from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import (
    OPTIMIZERS,
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    AMSGrad,
    GradientDescent,
    Lion,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
    ScheduleFreeAdamW,
)
from sklearn_bpnet.training.optimizers.step import Step, StepOptions

UNDER_TEST = {
    **OPTIMIZERS,
    "sgd(momentum=0)": SGD(momentum=0),
    "sgd(momentum=0.9)": SGD(nesterov=False),
    "sgd(momentum=0.5, nesterov)": SGD(momentum=0.5),
    "adam(beta_1=0)": Adam(beta_1=0),
    "adam(beta_2=0.9)": Adam(beta_2=0.9, epsilon=1e-6),
    "radam(beta_2=0.9)": RAdam(beta_2=0.9),
    "lion(beta_2=0.9)": Lion(beta_2=0.9),
    "schedule_free_adamw(beta_1=0.5, r=1)": ScheduleFreeAdamW(beta_1=0.5, r=1.0),
}
every_optimizer = pytest.mark.parametrize(
    "optimizer", UNDER_TEST.values(), ids=UNDER_TEST.keys()
)
proximal = pytest.mark.parametrize(
    "optimizer",
    [o for o in UNDER_TEST.values() if o.has_proximal_step],
    ids=[name for name, o in UNDER_TEST.items() if o.has_proximal_step],
)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_the_usual_hyper_parameters_are_those_of_the_papers():
    assert dict(OPTIMIZERS.items()) == {
        "sgd": SGD(momentum=0.9, nesterov=True),
        "adagrad": AdaGrad(epsilon=1e-8),
        "rmsprop": RMSprop(rho=0.9, epsilon=1e-8),
        "adadelta": AdaDelta(rho=0.95, epsilon=1e-6),
        "adam": Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-8),
        "amsgrad": AMSGrad(beta_1=0.9, beta_2=0.999, epsilon=1e-8),
        "adamw": AdamW(beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.01),
        "nadam": NAdam(beta_1=0.9, beta_2=0.999, epsilon=1e-8, momentum_decay=0.004),
        "radam": RAdam(beta_1=0.9, beta_2=0.999, epsilon=1e-8),
        "schedule_free_adamw": ScheduleFreeAdamW(
            beta_1=0.9,
            beta_2=0.999,
            epsilon=1e-8,
            weight_decay=0.0,
            r=0.0,
            weight_power=2.0,
        ),
        "lion": Lion(beta_1=0.9, beta_2=0.99),
        "rprop": Rprop(shrink=0.5, grow=1.2, smallest=1e-5, largest=500.0),
        "gd": GradientDescent(),
    }


def walk(optimizer, theta, gradients, learning_rates):
    """theta after every step."""
    state, path = optimizer.start(theta), []
    for gradient, rate in zip(gradients, learning_rates, strict=True):
        optimizer.step(theta, np.array(gradient, dtype=theta.dtype), state, rate)
        path.append(theta.copy())
    return path


@every_optimizer
def test_a_step_follows_the_scale_of_the_gradients_or_not_at_all(optimizer):
    def steps(gradients):
        state = optimizer.start(np.zeros(4))
        for g in gradients:
            theta = np.zeros(4)
            optimizer.step(theta, g.copy(), state, 0.1)
            yield theta

    # so large that no epsilon counts
    gradients = 1e9 * np.random.default_rng(0).normal(size=(30, 4))
    whole, scaled = (np.array(list(steps(f * gradients))) for f in (1.0, 8.0))
    expected = whole if optimizer.scale_free else 8 * whole
    later = slice(10, None)  # RAdam's first steps are those of momentum
    np.testing.assert_allclose(scaled[later], expected[later], rtol=1e-9)


# The first steps by hand: theta = 1, learning rate 0.1, gradients 0.5, -0.25 and 1


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        # theta - 0.1 g
        (SGD(momentum=0), [0.95, 0.975, 0.875]),
        # v = -0.05, 0.9 * -0.05 + 0.025 = -0.02, 0.9 * -0.02 - 0.1 = -0.118
        (SGD(momentum=0.9, nesterov=False), [0.95, 0.93, 0.812]),
        # the same v; theta + 0.9 v - 0.1 g
        (SGD(momentum=0.9), [0.905, 0.912, 0.7058]),
        # never forgets: v = -0.05, -0.025, -0.125
        (SGD(momentum=1, nesterov=False), [0.95, 0.925, 0.8]),
    ],
    ids=["plain", "momentum", "nesterov", "momentum=1"],
)
def test_first_steps_of_sgd_by_hand(optimizer, expected):
    path = walk(optimizer, np.ones(1), [[0.5], [-0.25], [1.0]], [0.1] * 3)
    np.testing.assert_allclose(np.ravel(path), expected, rtol=1e-13)


def test_first_steps_of_adam_by_hand():
    # beta_1 = 0.5, beta_2 = 0.75, epsilon = 0.25; gradients 2, -1, 1
    # m = 1, 0, 0.5; v = 1, 1, 1
    # a_1 = 0.1 sqrt(1 - 0.75) / (1 - 0.5) = 0.1
    # a_3 = 0.1 sqrt(1 - 0.421875) / (1 - 0.125)
    adam = Adam(beta_1=0.5, beta_2=0.75, epsilon=0.25)
    path = walk(adam, np.ones(1), [[2.0], [-1.0], [1.0]], [0.1] * 3)
    third = 0.92 - 0.1 * sqrt(0.578125) / 0.875 * 0.5 / 1.25
    np.testing.assert_allclose(np.ravel(path), [0.92, 0.92, third], rtol=1e-13)


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient():
    (theta,) = walk(Adam(), np.zeros(3), [[1e-3, -5.0, 1e6]], [0.1])
    np.testing.assert_allclose(theta, [-0.1, 0.1, -0.1], rtol=1e-3)


@every_optimizer
def test_the_learning_rate_may_change_from_step_to_step(optimizer):
    # at rate 0 nothing moves at the first step; at the second something does
    start = np.array([1.0, -2.0])
    still, moved = walk(optimizer, start.copy(), [[1.0, 2.0]] * 2, [0.0, 0.1])
    np.testing.assert_array_equal(still, start)
    assert (moved != start).all()


# The first steps of the others, by the equations of their papers: one parameter, one
# number at a time, all steps from a list of gradients. The hyper-parameters are not
# the defaults, so that each of them shows.


def adagrad(theta, gradients, rate, epsilon):
    """Duchi et al. 2011: the diagonal of G is the sum of squares so far."""
    for t in range(1, len(gradients) + 1):
        G = sum(g**2 for g in gradients[:t])
        theta -= rate * gradients[t - 1] / (sqrt(G) + epsilon)
        yield theta


def rmsprop(theta, gradients, rate, rho, epsilon):
    """Tieleman and Hinton 2012: MeanSquare = 0.9 MeanSquare + 0.1 g^2."""
    mean_square = 0.0
    for g in gradients:
        mean_square = rho * mean_square + (1 - rho) * g**2
        theta -= rate * g / (sqrt(mean_square) + epsilon)
        yield theta


def adadelta(theta, gradients, rate, rho, epsilon):
    """Zeiler 2012, algorithm 1: E[g^2], Delta x, E[Delta x^2], x."""
    E_gg = E_dd = 0.0
    for g in gradients:
        E_gg = rho * E_gg + (1 - rho) * g**2
        delta = -sqrt(E_dd + epsilon) / sqrt(E_gg + epsilon) * g
        E_dd = rho * E_dd + (1 - rho) * delta**2
        theta += rate * delta
        yield theta


def adam(theta, gradients, rate, beta_1, beta_2, epsilon, maximum=False):
    """Kingma and Ba 2015, section 2, the order with epsilon hat.

    Reddi et al. 2018, algorithm 2, takes the maximum of v.
    """
    m = v = v_hat = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        v_hat = max(v_hat, v) if maximum else v
        alpha = rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)
        theta -= alpha * m / (sqrt(v_hat) + epsilon)
        yield theta


def nadam(theta, gradients, rate, beta_1, beta_2, epsilon, decay):
    """Dozat 2016, algorithm 2, with mu_t of his report."""
    mu = [beta_1 * (1 - 0.5 * 0.96 ** (t * decay)) for t in range(20)]
    m = n = 0.0
    for t, g in enumerate(gradients, start=1):
        m = mu[t] * m + (1 - mu[t]) * g
        n = beta_2 * n + (1 - beta_2) * g**2
        m_bar = mu[t + 1] * m / (1 - np.prod(mu[1 : t + 2]))
        m_bar += (1 - mu[t]) * g / (1 - np.prod(mu[1 : t + 1]))
        theta -= rate * m_bar / (sqrt(n / (1 - beta_2**t)) + epsilon)
        yield theta


def radam(theta, gradients, rate, beta_1, beta_2):
    """Liu et al. 2020, algorithm 2."""
    m = v = 0.0
    rho_inf = 2 / (1 - beta_2) - 1
    for t, g in enumerate(gradients, start=1):
        v = beta_2 * v + (1 - beta_2) * g**2
        m = beta_1 * m + (1 - beta_1) * g
        m_hat = m / (1 - beta_1**t)
        rho = rho_inf - 2 * t * beta_2**t / (1 - beta_2**t)
        if rho > 4:
            length = sqrt((1 - beta_2**t) / v)
            r = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
            theta -= rate * sqrt(r) * m_hat * length
        else:
            theta -= rate * m_hat
        yield theta


def lion(theta, gradients, rate, beta_1, beta_2):
    """Chen et al. 2023, algorithm 2, without its weight decay."""
    m = 0.0
    for g in gradients:
        theta -= rate * np.sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g
        yield theta


def rprop(theta, gradients, rate, shrink, grow, smallest, largest):
    """Igel and Huesken 2003, algorithm 4 (iRprop-)."""
    delta, last = rate, 0.0
    for g in gradients:
        if g * last > 0:
            delta = min(delta * grow, largest * rate)
        elif g * last < 0:
            delta = max(delta * shrink, smallest * rate)
            g = 0.0
        theta -= np.sign(g) * delta
        last = g
        yield theta


GRADIENTS = [0.5, -0.25, 1.0, 2.0, 2.0, 0.125, -0.75, -0.5]


@pytest.mark.parametrize(
    ("optimizer", "paper"),
    [
        (AdaGrad(epsilon=0.1), adagrad(1.0, GRADIENTS, 0.1, 0.1)),
        (RMSprop(rho=0.7, epsilon=0.1), rmsprop(1.0, GRADIENTS, 0.1, 0.7, 0.1)),
        (AdaDelta(rho=0.7, epsilon=0.1), adadelta(1.0, GRADIENTS, 0.1, 0.7, 0.1)),
        (Adam(0.5, 0.75, 0.25), adam(1.0, GRADIENTS, 0.1, 0.5, 0.75, 0.25)),
        (AMSGrad(0.5, 0.75, 0.2), adam(1.0, GRADIENTS, 0.1, 0.5, 0.75, 0.2, True)),
        (NAdam(0.6, 0.7, 0.2, 5.0), nadam(1.0, GRADIENTS, 0.1, 0.6, 0.7, 0.2, 5.0)),
        (RAdam(0.6, 0.9, 1e-300), radam(1.0, GRADIENTS, 0.1, 0.6, 0.9)),
        (Lion(0.6, 0.7), lion(1.0, GRADIENTS, 0.1, 0.6, 0.7)),
        (Rprop(0.4, 1.5, 0.5, 2.0), rprop(1.0, GRADIENTS, 0.1, 0.4, 1.5, 0.5, 2.0)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Optimizer) else "",
)
def test_first_steps_are_the_papers(optimizer, paper):
    path = walk(optimizer, np.ones(1), [[g] for g in GRADIENTS], [0.1] * 8)
    np.testing.assert_allclose(np.ravel(path), list(paper), rtol=1e-12)


def test_the_papers_steps_of_radam_are_of_both_kinds():
    # p = 19, p_t > 4 from the fifth step on
    p_t = [19 - 2 * t * 0.9**t / (1 - 0.9**t) for t in range(1, 9)]
    assert [p > 4 for p in p_t] == [False] * 4 + [True] * 4


def test_adamw_steps_as_adam():
    # the decay, which needs to know weights from biases, is training's
    gradients = np.random.default_rng(0).normal(size=(5, 3))
    one, other = (
        walk(o, np.ones(3), gradients, [0.1] * 5)[-1] for o in (Adam(), AdamW())
    )
    np.testing.assert_array_equal(one, other)


def test_the_states_of_different_rules_are_told_apart():
    # or a changed solver would go on from numbers that mean something else
    same = [{"adam", "adamw", "radam"}]
    kinds = {}
    for name, optimizer in OPTIMIZERS.items():
        kinds.setdefault(frozenset(optimizer.start(np.zeros(2))), set()).add(name)
    assert [names for names in kinds.values() if len(names) > 1] == same


# Contracts


@every_optimizer
@every_dtype
def test_a_step_moves_theta_in_place_and_keeps_its_dtype(optimizer, dtype):
    theta = np.array([1.0, -2.0, 3.0], dtype=dtype)
    view = theta[:]
    walk(optimizer, theta, [[0.5, 0.5, -0.5]] * 3, [0.1] * 3)
    assert theta.dtype == dtype
    np.testing.assert_array_equal(np.sign(theta - view), 0)  # the same memory
    assert (theta != np.array([1.0, -2.0, 3.0])).all()


@every_optimizer
@every_dtype
def test_the_state_holds_only_flat_arrays_and_numbers(optimizer, dtype):
    theta = np.ones(5, dtype=dtype)
    state = optimizer.start(theta)
    for _ in range(3):
        optimizer.step(theta, np.ones(5, dtype=dtype), state, 0.1)
        for value in state.values():
            if isinstance(value, np.ndarray):
                assert value.shape == theta.shape
                assert value.dtype == dtype
                assert not np.shares_memory(value, theta)
            else:
                assert isinstance(value, int | float)


@every_optimizer
def test_all_memory_is_in_the_state(optimizer):
    gradients = np.random.default_rng(0).normal(size=(6, 4))
    (*_, expected) = walk(optimizer, np.ones(4), gradients, [0.1] * 6)
    theta, state = np.ones(4), optimizer.start(np.ones(4))
    other_theta, other_state = np.zeros(4), optimizer.start(np.zeros(4))
    for g in gradients:
        optimizer.step(theta, g.copy(), state, 0.1)
        optimizer.step(other_theta, -3 * g, other_state, 0.7)
    np.testing.assert_array_equal(theta, expected)


@every_optimizer
def test_a_long_theta_moves_as_its_pieces_do(optimizer):
    n = 2 * 65_536 + 17_001  # more than two of the pieces that a step walks in
    rng = np.random.default_rng(0)
    theta, gradients = rng.normal(size=n), rng.normal(size=(3, n))
    edges = [0, 20_000, 65_536, 100_000, 131_073, n]
    parts = [
        walk(optimizer, theta[a:b].copy(), gradients[:, a:b], [0.1, 0.2, 0.05])[-1]
        for a, b in pairwise(edges)
    ]
    (*_, whole) = walk(optimizer, theta, gradients, [0.1, 0.2, 0.05])
    np.testing.assert_array_equal(whole, np.concatenate(parts))


# Minimisation

# times the learning rate of the others
FASTER = {AdaGrad: 20.0, AdaDelta: 100.0, RAdam: 2.0}


@every_optimizer
def test_the_minimum_of_a_convex_quadratic_is_reached(optimizer):
    H, minimum = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.5, -0.5])
    theta = np.array([-1.0, 2.0])
    state = optimizer.start(theta)
    rate = 0.1 * FASTER.get(type(optimizer), 1)
    fall = 1.0 if optimizer.constant_rate else 0.995
    for t in range(1500):
        optimizer.step(theta, H @ (theta - minimum), state, rate * fall**t)
    np.testing.assert_allclose(theta, minimum, atol=1e-4)


@every_optimizer
def test_the_rosenbrock_valley_is_followed_to_its_end(optimizer):
    theta = np.array([-1.0, 1.0])
    state = optimizer.start(theta)
    first_rate = 1e-2 * FASTER.get(type(optimizer), 1)
    if isinstance(optimizer, SGD | GradientDescent | RAdam):  # of the gradient's size
        first_rate = 1e-3
    for t in range(8000):
        x, y = theta
        gradient = np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])
        optimizer.step(theta, gradient, state, first_rate * (1 - t / 8000))
    assert (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2 < 1e-2


@pytest.fixture(scope="module")
def lasso():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 6))
    y = X @ [3.0, -2.0, 0.0, 0.5, 0.0, 0.0] + 0.5 * rng.normal(size=40)
    coef = Lasso(alpha=0.3, fit_intercept=False, tol=1e-12).fit(X, y).coef_
    assert 0 < np.count_nonzero(coef) < 6
    return X, y, 0.3, coef


@proximal
def test_steps_with_an_l1_penalty_converge_to_the_lasso(optimizer, lasso):
    X, y, alpha, coef = lasso
    network = Network.dense((6, 1), [ACTIVATIONS["identity"]])
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha, ElasticNet(1.0))
    theta = np.zeros(7)
    theta[2] = -1.0  # a weight that has to become zero
    state = optimizer.start(theta)
    step = Step(risk, optimizer, StepOptions(weight_decay=0), theta)
    rate = 0.03 * FASTER.get(type(optimizer), 1)
    for _ in range(4000):
        g = np.append(X.T @ (X @ theta[:6] - y) / len(y), 0.0)
        step.take(theta, g, state, rate)
    np.testing.assert_allclose(theta[:6], coef, atol=1e-6)
    np.testing.assert_array_equal(theta[:6] == 0, coef == 0)


@proximal
def test_under_a_constant_gradient_a_step_tends_to_the_proximal_step(optimizer):
    g = np.array([0.5, -2.0, 1e-2])
    theta = np.zeros(3)
    state = optimizer.start(theta)
    for _ in range(400):
        before = theta.copy()
        optimizer.step(theta, g.copy(), state, 0.01)
    expected = -g * optimizer.proximal_step(state, 0.01)
    np.testing.assert_allclose(theta - before, expected, rtol=1e-6)


def test_an_optimizer_has_a_proximal_step_if_it_defines_one():
    class Mine(Optimizer):
        def start(self, theta):
            return {}

        def step(self, theta, gradient, state, learning_rate):
            theta -= learning_rate * gradient

    class Thresholding(Mine):
        def proximal_step(self, state, learning_rate):
            return learning_rate

    assert not Mine().has_proximal_step
    assert Thresholding().has_proximal_step
    risk = EmpiricalRisk(
        Network.dense((2, 1), [ACTIVATIONS["identity"]]),
        LOSSES["squared_error"],
        0.1,
        ElasticNet(0.5),
    )
    Step(risk, Thresholding(), StepOptions(), np.zeros(3))
    with pytest.raises(ValueError, match=r"Mine has no proximal_step.*l1_ratio=0"):
        Step(risk, Mine(), StepOptions(), np.zeros(3))


# What is refused


@pytest.mark.parametrize("momentum", [-0.1, 1.1, float("nan")])
def test_sgd_refuses_a_momentum_outside_its_interval(momentum):
    with pytest.raises(ValueError, match=r"momentum must lie in \[0, 1\]") as error:
        SGD(momentum=momentum)
    assert repr(momentum) in str(error.value)


@pytest.mark.parametrize("name", ["beta_1", "beta_2"])
@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, float("nan")])
def test_adam_refuses_a_decay_rate_outside_its_interval(name, value):
    with pytest.raises(ValueError, match=rf"{name} must lie in \[0, 1\)") as error:
        Adam(**{name: value})
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("epsilon", [0.0, -1e-8, float("nan")])
def test_adam_refuses_an_epsilon_that_is_not_positive(epsilon):
    with pytest.raises(ValueError, match="epsilon must be positive"):
        Adam(epsilon=epsilon)


@pytest.mark.parametrize("nesterov", [True, False])
def test_a_momentum_that_never_forgets_refuses_an_l1_penalty(nesterov):
    sgd = SGD(momentum=1, nesterov=nesterov)
    with pytest.raises(ValueError, match="momentum=1 never forgets") as error:
        sgd.proximal_step(sgd.start(np.zeros(2)), 0.1)
    assert "l1_ratio=0" in str(error.value)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: AdaGrad(epsilon=0), "epsilon must be positive; got 0"),
        (lambda: RMSprop(rho=1.0), r"rho must lie in \[0, 1\); got 1.0"),
        (lambda: RMSprop(epsilon=-1), "epsilon must be positive; got -1"),
        (lambda: AdaDelta(rho=-0.1), r"rho must lie in \[0, 1\); got -0.1"),
        (lambda: AdaDelta(epsilon=0), "epsilon must be positive; got 0"),
        (lambda: AdamW(weight_decay=-1), "weight_decay must be at least 0; got -1"),
        (lambda: AMSGrad(beta_1=1), r"beta_1 must lie in \[0, 1\); got 1"),
        (lambda: NAdam(momentum_decay=-1), "momentum_decay must be at least 0; got -1"),
        (lambda: RAdam(beta_2=0.6), r"beta_2 must lie in \(0.6, 1\); got 0.6"),
        (lambda: Lion(beta_2=2), r"beta_2 must lie in \[0, 1\); got 2"),
        (lambda: Rprop(shrink=1), r"shrink must lie in \(0, 1\); got 1"),
        (lambda: Rprop(grow=1), "grow must be above 1; got 1"),
        (lambda: Rprop(smallest=2), "got 2 and 500.0"),
        (lambda: Rprop(largest=0.5), "got 1e-05 and 0.5"),
    ],
)
def test_hyper_parameters_outside_their_ranges_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
