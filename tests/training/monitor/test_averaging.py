import numpy as np
import pytest

from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.monitor.history import History
from sklearn_bpnet.training.monitor.monitor import Monitor
from sklearn_bpnet.training.monitor.patience import Patience
from sklearn_bpnet.training.optimizers import SGD
from sklearn_bpnet.training.schedules import Constant
from sklearn_bpnet.training.stochastic.epoch import Progress
from sklearn_bpnet.training.stochastic.training import StochasticTraining


def test_three_steps_by_hand():
    # weights 1/4, 1/2, 1 of theta_1, theta_2, theta_3, over their sum 7/4
    average = WeightAverage(0.5, np.array([100.0]))
    for theta, expected in ((8.0, 8.0), (2.0, (4 + 2) / 1.5), (4.0, 7 / 1.75)):
        average.update(np.array([theta]))
        np.testing.assert_allclose(average.theta, expected, rtol=1e-15)


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.99])
def test_it_is_the_weighted_mean_of_all_steps(decay):
    rng = np.random.default_rng(0)
    thetas = rng.normal(size=(50, 3))
    average = WeightAverage(decay, rng.normal(size=3))
    for theta in thetas:
        average.update(theta)
    w = decay ** np.arange(49.0, -1, -1)
    np.testing.assert_allclose(average.theta, w @ thetas / w.sum(), rtol=1e-12)


def test_a_continued_average_is_that_without_a_stop():
    thetas = np.random.default_rng(0).normal(size=(9, 3))
    whole = WeightAverage(0.9, thetas[0])
    for theta in thetas:
        whole.update(theta)
    first = WeightAverage(0.9, thetas[0])
    for theta in thetas[:4]:
        first.update(theta)
    rest = WeightAverage(0.9, first.theta, first.n_steps)
    for theta in thetas[4:]:
        rest.update(theta)
    np.testing.assert_array_equal(rest.theta, whole.theta)


def test_it_keeps_the_dtype_and_shares_no_memory():
    theta = np.ones(3, dtype=np.float32)
    average = WeightAverage(0.9, theta)
    average.update(theta)
    assert average.theta.dtype == np.float32
    assert not np.shares_memory(average.theta, theta)


def test_every_step_of_an_epoch_counts(make_problem):
    """Against steps made one at a time, batch by batch."""
    problem = make_problem(hidden=(3,))
    theta = problem.start(seed=0)
    average = WeightAverage(0.8, theta)
    monitor = Monitor(
        History(), Patience(0.0, np.inf), evaluated=lambda theta: average.theta
    )
    training = StochasticTraining(
        problem.risk, SGD(momentum=0), Constant(), 0.1, average=average
    )
    training.run(theta, problem.batches(10), 2, Progress(), monitor)

    by_hand, steps = problem.start(seed=0), []
    for _ in range(2):
        for start in (0, 10, 20):
            rows = slice(start, start + 10)
            _, gradient = problem.risk.value_and_gradient(
                by_hand, problem.X[rows], problem.Y[rows]
            )
            by_hand -= 0.1 * gradient
            steps.append(by_hand.copy())
    w = 0.8 ** np.arange(5.0, -1, -1)
    np.testing.assert_allclose(average.theta, w @ steps / w.sum(), rtol=1e-10)
    kept, _ = monitor.result(theta)
    assert kept is average.theta


def test_divergence_starts_the_average_anew(make_problem):
    problem = make_problem()
    theta = problem.start()
    average = WeightAverage(0.9, theta)
    monitor = Monitor(History(), Patience(0.0, np.inf))
    training = StochasticTraining(
        problem.risk, SGD(), Constant(), 10.0, average=average
    )
    with np.errstate(all="ignore"):
        training.run(theta, problem.batches(10), 500, Progress(), monitor)
    np.testing.assert_array_equal(average.theta, theta)
    assert np.isfinite(theta).all()
