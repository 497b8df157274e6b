from math import inf, nan

import numpy as np
import pytest
from differences import relative_error
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.training.full_batch import LBFGS, FullBatchRisk, SignSplit
from sklearn_bpnet.training.monitor.history import (
    History,
    NoFiniteStepError,
    StopReason,
)
from sklearn_bpnet.training.monitor.monitor import Best, Monitor
from sklearn_bpnet.training.monitor.patience import Patience

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def minimise(problem, theta, batch_size=None, solver=LBFGS(), **options):  # noqa: B008  (it is immutable)
    monitor = Monitor(
        History(),
        options.pop("patience", Patience(0.0, inf)),
        options.pop("validate", None),
        best=options.pop("best", None),
        on_epoch_end=options.pop("on_epoch_end", None),
    )
    options = {"tol": 1e-10, "max_iter": 500} | options
    batches = problem.batches(batch_size, theta.dtype)
    outcome = solver.run(problem.risk, theta, batches, monitor=monitor, **options)
    theta[:], _ = monitor.result(theta)
    return outcome, monitor.history


# The minimum


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
@pytest.mark.parametrize("batch_size", [None, 7])
def test_the_minimum_is_the_elastic_nets(l1_ratio, alpha, batch_size, make_problem):
    problem = make_problem(alpha=alpha, l1_ratio=l1_ratio)
    model = Lasso(alpha=alpha, tol=1e-12)
    if l1_ratio < 1:
        model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=1e-12)
    model.fit(problem.X, problem.Y.ravel())
    theta = problem.start(seed=0)
    outcome, _ = minimise(problem, theta, batch_size)
    assert outcome.reason is StopReason.CONVERGED
    np.testing.assert_allclose(theta[:-1], model.coef_, atol=1e-4)
    assert theta[-1] == pytest.approx(model.intercept_, abs=1e-4)
    np.testing.assert_array_equal(theta[:-1] == 0, model.coef_ == 0)
    if l1_ratio == 1:
        assert (theta[:-1] == 0).any()


@pytest.mark.parametrize("batch_size", [None, 7])
def test_the_minimum_without_l1_is_ridges(batch_size, make_problem):
    problem = make_problem(alpha=0.2)
    ridge = Ridge(alpha=0.2 * 30).fit(problem.X, problem.Y.ravel())
    theta = problem.start(seed=0)
    minimise(problem, theta, batch_size)
    np.testing.assert_allclose(theta, [*ridge.coef_, ridge.intercept_], atol=1e-6)


def test_a_strong_lasso_leaves_only_the_mean(make_problem):
    problem = make_problem(alpha=100.0, l1_ratio=1.0)
    theta = problem.start(seed=0)
    minimise(problem, theta)
    np.testing.assert_array_equal(theta[:-1], 0)
    assert theta[-1] == pytest.approx(problem.Y.mean(), abs=1e-6)


def test_weights_are_obeyed(make_problem):
    problem = make_problem(alpha=0.2)
    problem.s = np.arange(30.0) / 14.5
    ridge = Ridge(alpha=0.2 * 30)
    ridge.fit(problem.X, problem.Y.ravel(), sample_weight=problem.s)
    theta = problem.start()
    minimise(problem, theta, batch_size=7)
    np.testing.assert_allclose(theta, [*ridge.coef_, ridge.intercept_], atol=1e-6)


@every_dtype
def test_theta_is_moved_in_place_and_keeps_its_dtype(dtype, make_problem):
    problem = make_problem(alpha=0.2, l1_ratio=0.5)
    theta = problem.start(dtype, seed=0)
    exact = problem.start(seed=0)
    minimise(problem, theta)
    minimise(problem, exact)
    assert theta.dtype == dtype
    np.testing.assert_allclose(theta, exact, atol=2e-3)


def test_the_gradient_vanishes_at_the_end_of_a_deep_training(make_problem):
    problem = make_problem(hidden=(4, 3), alpha=0.05)
    theta = problem.start(seed=1)
    _, before = problem.risk.value_and_gradient(theta, problem.X, problem.Y)
    minimise(problem, theta, max_iter=3000, tol=1e-12)
    _, after = problem.risk.value_and_gradient(theta, problem.X, problem.Y)
    assert np.abs(after).max() < 1e-5 * np.abs(before).max()


# The smooth part, in blocks


@pytest.mark.parametrize("batch_size", [1, 7, 15, 30])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_of_rows_give_the_value_and_gradient_of_all(
    batch_size, weighted, make_problem
):
    problem = make_problem(hidden=(3,), alpha=0.3, l1_ratio=0.4)
    theta = problem.start(seed=0)
    if weighted:
        problem.s = np.random.default_rng(0).uniform(0, 2, 30)
        problem.s /= problem.s.mean()
    value, gradient = problem.risk.value_and_gradient(
        theta, problem.X, problem.Y, problem.s
    )
    penalty, strength = problem.risk.penalty, problem.risk.strength(theta)
    value -= penalty.l1_value(theta, strength)
    gradient -= 0.4 * strength * np.sign(theta)
    blocks = FullBatchRisk(problem.risk, problem.batches(batch_size), theta.copy())
    for _ in range(2):  # the memory of the first time does not show
        block_value, block_gradient = blocks.value_and_gradient(theta)
        assert block_value == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(block_gradient, gradient, rtol=1e-10, atol=1e-14)


# L1 by two halves


L1 = np.array([0.3, 0.0, 0.5, 0.1, 0.0])
THETA = np.array([1.5, -2.0, -0.25, 0.0, 3.0])


def test_separate_and_join_are_inverse():
    split = SignSplit(L1)
    z = split.separate(THETA)
    # p of every parameter, then q of the penalised ones
    np.testing.assert_array_equal(z, [1.5, -2.0, 0.0, 0.0, 3.0, 0.0, 0.25, 0.0])
    np.testing.assert_array_equal(split.join(z), THETA)


@pytest.mark.parametrize("seed", range(5))
def test_a_separated_point_is_within_its_bounds(seed):
    rng = np.random.default_rng(seed)
    l1 = rng.uniform(size=9) * (rng.uniform(size=9) < 0.6)
    theta = rng.normal(size=9) * (rng.uniform(size=9) < 0.8)
    split = SignSplit(l1)
    z = split.separate(theta)
    np.testing.assert_array_equal(split.join(z), theta)
    assert (z >= split.bounds.lb).all()
    assert (z <= split.bounds.ub).all()
    free = np.flatnonzero(l1 == 0)
    assert np.isneginf(split.bounds.lb[free]).all()
    bounded = np.setdiff1d(np.arange(len(z)), free)
    np.testing.assert_array_equal(split.bounds.lb[bounded], 0)
    assert len(bounded) == 2 * np.count_nonzero(l1)


def test_joining_does_not_write_to_the_point():
    split = SignSplit(L1)
    z = split.separate(THETA)
    z.flags.writeable = False
    split.join(z)[:] = 7
    split.add_l1(z, 0.0, np.zeros(5))


def test_without_l1_the_point_is_theta_and_free():
    split = SignSplit(np.zeros(5))
    np.testing.assert_array_equal(split.separate(THETA), THETA)
    assert split.bounds is None
    value, gradient = split.add_l1(THETA, 2.0, np.arange(5.0))
    assert value == 2
    np.testing.assert_array_equal(gradient, np.arange(5.0))


def test_add_l1_is_the_penalised_function_of_the_point():
    split = SignSplit(L1)

    def smooth(theta):
        return float(np.sum(np.sin(theta))), np.cos(theta)

    def objective(z):
        return split.add_l1(z, *smooth(split.join(z)))

    z = split.separate(THETA)
    value, _ = objective(z)
    expected = np.sin(THETA).sum() + L1 @ np.abs(THETA)
    assert value == pytest.approx(expected, rel=1e-14)
    z += 0.1  # off the kink-free corner, where p and q are both positive
    numeric = numerical_gradient(lambda z: objective(z)[0], z)
    assert relative_error(objective(z)[1], numeric) < 1e-8


def test_the_value_at_theta_is_the_penalised_value_at_theta():
    split = SignSplit(L1)
    z = split.separate(THETA)
    z[split.bounds.lb == 0] += 0.1  # p and q of a parameter are both positive
    value, _ = split.add_l1(z, 2.0, np.zeros(5))
    theta = split.join(z)
    np.testing.assert_allclose(theta, THETA, atol=1e-15)
    expected = 2 + L1 @ np.abs(THETA)
    assert value > expected + 0.01
    assert split.value_at_theta(z, value) == pytest.approx(expected, rel=1e-14)


# Ends


def test_the_loss_falls_at_every_iteration(make_problem):
    # with L1 it is the bound, with p + q for |theta|, that falls at every iteration
    problem = make_problem(hidden=(4,), alpha=0.01)
    theta = problem.start(seed=0)
    start = problem.risk.value(theta, problem.X, problem.Y)
    outcome, history = minimise(problem, theta)
    assert len(history.loss) == outcome.n_iter > 10
    assert (np.diff([start, *history.loss]) < 0).all()
    end = problem.risk.value(theta, problem.X, problem.Y)
    assert history.loss[-1] == pytest.approx(end, rel=1e-12)


@pytest.mark.parametrize("max_iter", [1, 4])
def test_max_iter_ends_training_and_is_the_reason(max_iter, make_problem):
    problem = make_problem(hidden=(4,))
    theta = problem.start(seed=0)
    outcome, history = minimise(problem, theta, max_iter=max_iter)
    assert (outcome.reason, outcome.n_iter) == (StopReason.MAX_ITER, max_iter)
    assert len(history.loss) == max_iter
    end = problem.risk.value(theta, problem.X, problem.Y)
    assert history.loss[-1] == pytest.approx(end, rel=1e-12)


def test_too_few_evaluations_are_a_failure_with_a_message(make_problem):
    problem = make_problem(hidden=(4,))
    outcome, _ = minimise(problem, problem.start(seed=0), solver=LBFGS(max_fun=3))
    assert outcome.reason is StopReason.FAILED
    assert outcome.message


def test_a_looser_tol_ends_sooner(make_problem):
    problem = make_problem(hidden=(4,), alpha=0.01)
    n_iters = []
    for tol in (1.0, 1e-2, 1e-5):
        outcome, _ = minimise(problem, problem.start(seed=0), tol=tol)
        assert outcome.reason is StopReason.CONVERGED
        n_iters.append(outcome.n_iter)
    assert n_iters[0] < n_iters[1] < n_iters[2]


def test_a_start_without_a_finite_risk_raises(make_problem):
    problem = make_problem()
    theta = problem.start()
    theta[0] = nan
    with np.errstate(all="ignore"), pytest.raises(NoFiniteStepError):
        minimise(problem, theta)


def test_an_interrupt_keeps_the_last_theta(make_problem):
    problem = make_problem(hidden=(4,))

    seen = []

    def interrupt(theta):
        seen.append(theta)
        if len(seen) == 3:
            raise KeyboardInterrupt

    theta, expected = problem.start(seed=0), problem.start(seed=0)
    outcome, history = minimise(problem, theta, on_epoch_end=interrupt)
    assert (outcome.reason, outcome.n_iter) == (StopReason.INTERRUPTED, 3)
    assert len(history.loss) == 3
    minimise(problem, expected, max_iter=3)
    np.testing.assert_array_equal(theta, expected)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
@pytest.mark.parametrize(
    ("scores", "best", "n_iter"),
    [
        ([0.1, 0.5, 0.9, 0.2, 0.1], 3, 5),
        ([0.5, 0.6, 0.4, 0.3], 2, 4),
        ([nan, 0.2, 0.3, nan, 0.1], 3, 5),
    ],
)
def test_early_stopping_keeps_the_best_theta(
    scores, best, n_iter, l1_ratio, make_problem, scripted
):
    problem, thetas = make_problem(hidden=(4,), alpha=0.01, l1_ratio=l1_ratio), []
    theta = problem.start(seed=0)
    outcome, history = minimise(
        problem,
        theta,
        patience=Patience(1e-4, 2, maximize=True),
        validate=scripted(scores, thetas),
    )
    assert (outcome.reason, outcome.n_iter) == (StopReason.CONVERGED, n_iter)
    np.testing.assert_array_equal(theta, thetas[best - 1])
    np.testing.assert_array_equal(history.column("validation_score"), scores)
    assert len(history.loss) == n_iter


def test_the_best_theta_is_kept_when_max_iter_ends_training(make_problem, scripted):
    problem, thetas = make_problem(hidden=(4,)), []
    theta = problem.start(seed=0)
    outcome, _ = minimise(
        problem,
        theta,
        max_iter=4,
        patience=Patience(1e-4, 10, maximize=True),
        validate=scripted([0.1, 0.9, 0.2, 0.3], thetas),
    )
    assert outcome.reason is StopReason.MAX_ITER
    np.testing.assert_array_equal(theta, thetas[1])


def test_an_interrupt_keeps_the_best_theta_if_there_is_a_score(make_problem, scripted):
    problem, thetas = make_problem(hidden=(4,)), []

    def interrupt(theta):
        if len(thetas) == 4:
            raise KeyboardInterrupt

    theta = problem.start(seed=0)
    outcome, _ = minimise(
        problem,
        theta,
        patience=Patience(1e-4, 10, maximize=True),
        validate=scripted([0.1, 0.9, 0.2, 0.3], thetas),
        on_epoch_end=interrupt,
    )
    assert outcome.reason is StopReason.INTERRUPTED
    np.testing.assert_array_equal(theta, thetas[1])


def test_training_never_ends_below_the_score_it_started_from(make_problem, scripted):
    # a warm start takes the score of the weights it starts from as the best so far
    problem, thetas = make_problem(hidden=(4,)), []
    theta = problem.start(seed=0)
    start = theta.copy()
    patience = Patience(1e-4, 3, maximize=True)
    patience.start_from(0.95)
    minimise(
        problem,
        theta,
        max_iter=4,
        patience=patience,
        best=Best(0, start),
        validate=scripted([0.1, 0.2, 0.3, 0.4], thetas),
    )
    np.testing.assert_array_equal(theta, start)
