"""What is done to a gradient before, and to a step after the optimiser."""

import numpy as np
import pytest

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    GradientDescent,
    Lion,
    Rprop,
    ScheduleFreeAdamW,
)
from sklearn_bpnet.training.optimizers.step import Step, StepOptions

every_optimizer = pytest.mark.parametrize(
    "optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys()
)


def take(optimizer, theta, g, *, rate=0.1, alpha=0.0, l1_ratio=0.0, n=1, **options):
    """theta after n steps along the same gradient; two weights, then a bias."""
    network = Network.dense((2, 1), [ACTIVATIONS["identity"]])
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha, ElasticNet(l1_ratio))
    theta = np.array(theta)
    step = Step(risk, optimizer, StepOptions(**options), theta)
    state = optimizer.start(theta)
    for _ in range(n):
        step.take(theta, np.array(g, dtype=theta.dtype), state, rate)
    return theta


# Clipping: the gradient (3, 0, 4) has norm 5


@pytest.mark.parametrize(
    ("clip_norm", "expected"),
    [
        (None, [1 - 0.3, 1.0, 1 - 0.4]),
        (10.0, [1 - 0.3, 1.0, 1 - 0.4]),
        (1.0, [1 - 0.06, 1.0, 1 - 0.08]),
    ],
)
def test_a_long_gradient_is_scaled_down_to_the_limit(clip_norm, expected):
    theta = take(GradientDescent(), [1.0] * 3, [3.0, 0.0, 4.0], clip_norm=clip_norm)
    np.testing.assert_allclose(theta, expected, rtol=1e-14)


def test_the_penalty_is_part_of_the_gradient_that_is_clipped():
    # (2 + 0.5 * 2, 0, 4) has norm 5
    theta = take(
        GradientDescent(), [2.0, 0.0, 1.0], [2.0, 0.0, 4.0], alpha=0.5, clip_norm=1.0
    )
    np.testing.assert_allclose(theta, [2 - 0.06, 0.0, 1 - 0.08], rtol=1e-14)


def test_a_gradient_of_zero_is_not_divided_by_its_norm():
    theta = take(SGD(), [1.0] * 3, [0.0] * 3, clip_norm=1.0)
    np.testing.assert_array_equal(theta, 1)


def test_clipping_leaves_the_minimum_of_a_lasso_in_place():
    # at the minimum |g| is lambda where a weight is not zero
    start = [1.0, -2.0, 0.5]
    theta = take(
        GradientDescent(), start, [-3.0, 3.0, 0.0], alpha=3.0, l1_ratio=1.0,
        clip_norm=0.1, n=5,
    )  # fmt: skip
    np.testing.assert_allclose(theta, start, rtol=1e-12)


# Weight decay


@every_optimizer
def test_weights_decay_and_biases_do_not(optimizer):
    theta = take(optimizer, [2.0, -1.0, 3.0], [0.0] * 3, weight_decay=0.5, n=2)
    kept = 0.95**2
    if not optimizer.evaluates_theta:  # z = 0.95, 0.95^2, and theta is in between
        kept = 0.1 * kept + 0.9 * (0.95 + kept) / 2
    np.testing.assert_allclose(theta, [2 * kept, -kept, 3.0], rtol=1e-14)


def test_a_decay_factor_multiplies_the_decay_of_its_step_alone():
    network = Network.dense((2, 1), [ACTIVATIONS["identity"]])
    risk = EmpiricalRisk(network, LOSSES["squared_error"])
    theta = np.array([2.0, -1.0, 3.0])
    step = Step(risk, SGD(momentum=0), StepOptions(weight_decay=0.5), theta)
    for factor in (0.4, 0.0, 1.0):
        step.take(theta, np.zeros(3), {}, 0.1, factor)
    kept = (1 - 0.1 * 0.5 * 0.4) * (1 - 0.1 * 0.5)
    np.testing.assert_allclose(theta, [2 * kept, -kept, 3.0], rtol=1e-14)


def test_decay_does_not_change_what_the_optimizer_sees():
    # AdamW is Adam, and a decay beside it: W <- W - 0.1 * 0.5 W, then Adam's step
    start, g = np.array([2.0, -1.0, 3.0]), [1.0, 2.0, -3.0]
    plain = take(Adam(), start, g) - start
    theta = take(AdamW(weight_decay=0.5), start, g)
    np.testing.assert_allclose(theta - start, plain - [0.1, -0.05, 0], rtol=1e-12)


def test_the_decay_of_an_optimizer_is_its_own_unless_it_is_given():
    options = StepOptions()
    assert options.decay_of(AdamW()) == 0.01
    assert options.decay_of(AdamW(weight_decay=0.3)) == 0.3
    assert options.decay_of(Adam()) == 0
    assert StepOptions(weight_decay=0.0).decay_of(AdamW()) == 0
    assert StepOptions(weight_decay=0.2).decay_of(SGD()) == 0.2


# Factors of the learning rate


@pytest.mark.parametrize(
    ("optimizer", "l1_ratio"),
    [(o, 0.0) for o in OPTIMIZERS.values()]
    + [(o, 1.0) for o in OPTIMIZERS.values() if o.has_proximal_step],
    ids=str,
)
def test_a_factor_scales_the_step_of_its_parameter(optimizer, l1_ratio):
    # with a constant gradient the path does not depend on theta
    start, g = np.array([5.0, -6.0, 7.0]), [1.0, 2.0, -3.0]
    settings = {"alpha": 0.1, "l1_ratio": l1_ratio, "weight_decay": 0.0}
    if not l1_ratio:
        settings["alpha"] = 0
    whole = take(optimizer, start, g, n=5, rate=0.01, **settings) - start
    factors = np.array([0.0, 0.5, 2.0])
    theta = take(optimizer, start, g, n=5, rate=0.01, factors=factors, **settings)
    np.testing.assert_allclose(theta - start, whole * factors, rtol=1e-9)
    assert theta[0] == start[0]


@every_optimizer
def test_factors_of_the_decay_may_be_others(optimizer):
    settings = {"weight_decay": 0.5, "factors": np.array([0.1, 2.0, 3.0])}
    same = take(optimizer, [2.0, -1.0, 3.0], [0.0] * 3, **settings)
    np.testing.assert_allclose(same, [2 * 0.995, -0.9, 3.0], rtol=1e-14)
    other = take(
        optimizer, [2.0, -1.0, 3.0], [0.0] * 3, decay_factors=np.ones(3), **settings
    )
    np.testing.assert_allclose(other, [2 * 0.95, -0.95, 3.0], rtol=1e-14)


def test_a_factor_of_zero_keeps_a_weight_whatever_decays_or_thresholds_it():
    theta = take(
        SGD(), [1e-3, 2.0, 3.0], [1.0] * 3, alpha=1.0, l1_ratio=1.0, weight_decay=0.1,
        factors=np.array([0.0, 1.0, 1.0]),
    )  # fmt: skip
    assert theta[0] == 1e-3
    assert (theta[1:] < [2, 3]).all()


# L1 and group penalties


def test_rules_of_signs_and_averages_have_no_proximal_step_and_refuse_an_l1_penalty():
    refuses = [type(o) for o in OPTIMIZERS.values() if not o.has_proximal_step]
    assert refuses == [ScheduleFreeAdamW, Lion, Rprop]
    for optimizer in (Lion(), Rprop(), ScheduleFreeAdamW()):
        kwargs = {"theta": [1.0] * 3, "g": [1.0] * 3, "l1_ratio": 0.5}
        with pytest.raises(ValueError, match=r"has no proximal_step.*l1_ratio=0"):
            take(optimizer, alpha=0.1, **kwargs)
        take(optimizer, alpha=0.0, **kwargs)
