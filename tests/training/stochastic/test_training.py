from math import inf, nan

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.monitor.history import (
    History,
    NoFiniteStepError,
    StopReason,
)
from sklearn_bpnet.training.monitor.monitor import Best, Monitor
from sklearn_bpnet.training.monitor.patience import Patience
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD, Adam
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    Schedule,
)
from sklearn_bpnet.training.stochastic.epoch import Progress
from sklearn_bpnet.training.stochastic.training import StochasticTraining

PLAIN = SGD(momentum=0)


def train(problem, theta, max_iter=1, batch_size=None, rows=None, **options):
    """One run, with what it left behind."""
    progress = options.pop("progress", Progress())
    monitor = Monitor(
        options.pop("history", History()),
        options.pop("patience", Patience(0.0, inf)),
        options.pop("validate", None),
        best=options.pop("best", None),
        on_epoch_end=options.pop("on_epoch_end", None),
    )
    options = {
        "optimizer": PLAIN,
        "schedule": Constant(),
        "learning_rate_init": 0.1,
    } | options
    training = StochasticTraining(problem.risk, **options)
    batches = problem.batches(batch_size, theta.dtype, rows)
    outcome = training.run(theta, batches, max_iter, progress, monitor)
    theta[:], _ = monitor.result(theta)
    return outcome, monitor.history, progress


# One epoch by hand: rows (x, y) = (1, 2), (2, 0), (3, 1); outputs w x + b with
# w = 0.5, b = 0; errors e = w x + b - y; loss e^2 / 2; gradient (e x, e)


class Growing(Schedule):
    """Ten times the rate every epoch: everything diverges."""

    def factor(self, time):
        return 10.0**time.epoch


class Line:
    """Three rows, one weight and one bias."""

    def __init__(self, alpha=0.0, l1_ratio=0.0, s=None):
        network = Network.dense((1, 1), [ACTIVATIONS["identity"]])
        penalty = ElasticNet(l1_ratio)
        self.risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha, penalty)
        self.s = s

    def batches(self, batch_size, dtype, rows):
        X = np.array([[1.0], [2.0], [3.0]], dtype=dtype)
        Y = np.array([[2.0], [0.0], [1.0]], dtype=dtype)
        return Batches(RowReader(X, dtype), Y, self.s, rows, batch_size or 3)


HAND_WORKED = {
    # e = -1.5: w = 0.65, b = 0.15; e = 1.45: w = 0.36, b = 0.005;
    # e = 0.085: w = 0.3345, b = -0.0035
    "one row a batch": (
        1, Line(), [0.3345, -0.0035], (1.125 + 1.05125 + 0.0036125) / 3
    ),
    # e = -1.5, 1, 0.5: dw = (-1.5 + 2 + 1.5) / 3, db = 0
    "all rows a batch": (3, Line(), [0.5 - 0.2 / 3, 0.0], 1.75 / 3),
    # e = -1.5, 1: dw = 0.5 / 2, db = -0.5 / 2: w = 0.475, b = 0.025; the last batch
    # has one row, e = 0.45: dw = 1.35, db = 0.45
    "two rows and one": (2, Line(), [0.34, -0.02], (1.125 + 0.5 + 0.10125) / 3),
    # the penalty 0.3 w^2 adds 0.6 * 0.5 to dw and 0.075 to the risk
    "ridge": (
        3, Line(alpha=0.6), [0.5 - 0.1 * (2 / 3 + 0.3), 0.0], 1.75 / 3 + 0.075
    ),
    # the penalty 0.6 |w| takes 0.1 * 0.6 off w after the step
    "lasso": (
        3, Line(alpha=0.6, l1_ratio=1.0), [0.5 - 0.2 / 3 - 0.06, 0.0], 1.75 / 3 + 0.3
    ),
    # the penalty 0.6 (0.5 |w| + 0.25 w^2)
    "elastic net": (
        3,
        Line(alpha=0.6, l1_ratio=0.5),
        [0.5 - 0.1 * (2 / 3 + 0.15) - 0.03, 0.0],
        1.75 / 3 + 0.15 + 0.0375,
    ),
    # weights 0, 1, 2: dw = (2 + 2 * 1.5) / 3, db = (1 + 2 * 0.5) / 3
    "weights": (
        3,
        Line(s=np.array([0.0, 1.0, 2.0])),
        [0.5 - 0.5 / 3, -0.2 / 3],
        (0.5 + 0.25) / 3,
    ),
    # e = 1: w = 0.3, b = -0.1; e = -0.2, twice: w = 0.42, b = -0.06
    "weights, one row a batch": (
        1, Line(s=np.array([0.0, 1.0, 2.0])), [0.42, -0.06], (0.5 + 0.04) / 3
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("batch_size", "line", "expected", "loss"), HAND_WORKED.values(), ids=HAND_WORKED
)
def test_one_epoch_by_hand(batch_size, line, expected, loss):
    theta = np.array([0.5, 0.0])
    outcome, history, progress = train(line, theta, batch_size=batch_size)
    np.testing.assert_allclose(theta, expected, rtol=1e-13, atol=1e-16)
    assert history.loss == pytest.approx([loss], rel=1e-13)
    assert outcome.reason is StopReason.MAX_ITER
    assert outcome.n_iter == progress.n_epochs == 1


def test_only_the_chosen_samples_are_trained_on():
    theta = np.array([0.5, 0.0])
    _, history, _ = train(Line(), theta, batch_size=1, rows=np.array([0, 1]))
    np.testing.assert_allclose(theta, [0.36, 0.005], rtol=1e-13)
    assert history.loss == pytest.approx([(1.125 + 1.05125) / 2], rel=1e-13)


def test_the_learning_rate_follows_the_schedule_epoch_by_epoch():
    training = StochasticTraining(Line().risk, PLAIN, InverseScaling(), 0.1)
    assert training.learning_rate(Progress()) == pytest.approx(0.1)
    assert training.learning_rate(Progress(n_epochs=3)) == pytest.approx(0.05)
    theta = np.array([0.5, 0.0])
    train(Line(), theta, 2, schedule=InverseScaling(1), learning_rate_init=0.1)
    # by hand: one step at 0.1, one at 0.05, of the full batch
    w, b = 0.5 - 0.1 * 2 / 3, 0.0
    e = [w + b - 2, 2 * w + b, 3 * w + b - 1]
    w, b = w - 0.05 * (e[0] + 2 * e[1] + 3 * e[2]) / 3, b - 0.05 * sum(e) / 3
    np.testing.assert_allclose(theta, [w, b], rtol=1e-13)


class Halving(Schedule):
    """Half the rate for the second half of every epoch, and in every epoch."""

    moves_within_epoch = True

    def factor(self, time):
        assert time.n_epochs == 2
        return 0.5 ** int(2 * time.epoch)


def test_a_schedule_may_move_from_batch_to_batch():
    # batches of two rows and one: rates 0.1, 0.05; 0.025, 0.0125
    theta, w, b = np.array([0.5, 0.0]), 0.5, 0.0
    rates = iter((0.1, 0.05, 0.025, 0.0125))
    for _ in range(2):
        for rows in ([(1, 2), (2, 0)], [(3, 1)]):
            e = [w * x + b - y for x, y in rows]
            dw = sum(d * x for d, (x, _) in zip(e, rows, strict=True)) / len(rows)
            rate = next(rates)
            w, b = w - rate * dw, b - rate * sum(e) / len(rows)
    _, history, _ = train(
        Line(), theta, 2, batch_size=2, schedule=Halving(), n_epochs=2
    )
    np.testing.assert_allclose(theta, [w, b], rtol=1e-13)
    np.testing.assert_allclose(history.column("learning_rate"), [0.1, 0.025])


@pytest.mark.parametrize("name", ["coslog4", "rprop"])
def test_a_step_without_a_rate_and_a_pause_are_no_end(name):
    # the first rate of coslog4 is zero; Rprop pauses where signs change
    options = {"schedule": SCHEDULES[name]} if name in SCHEDULES else {}
    if name in OPTIMIZERS:
        options = {"optimizer": OPTIMIZERS[name], "learning_rate_init": 1.0}
    theta = np.array([0.5, 0.0])
    outcome, history, _ = train(Line(), theta, 9, n_epochs=9, **options)
    assert outcome.n_iter == 9
    assert np.unique(history.loss).size < 9  # it did stand still
    assert history.loss[-1] < history.loss[0]


def test_without_a_plan_a_schedule_that_counts_down_stands_still():
    training = StochasticTraining(Line().risk, PLAIN, Cosine(), 0.1)
    assert training.learning_rate(Progress(n_epochs=1000)) == 0.1


# Reproducibility


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_seed_same_theta(optimizer, dtype, make_problem):
    problem, thetas = make_problem(hidden=(4,), alpha=0.01), []
    for seed in (1, 1, 2):
        theta = problem.start(dtype, seed=0)
        train(
            problem, theta, 3, 4, optimizer=optimizer, rng=np.random.default_rng(seed)
        )
        thetas.append(theta)
    assert thetas[0].dtype == dtype
    np.testing.assert_array_equal(thetas[0], thetas[1])
    assert (thetas[0] != thetas[2]).any()


# state belongs to the optimiser, time to the schedule
EACH_ONCE = {
    **{name: (optimizer, Constant()) for name, optimizer in OPTIMIZERS.items()},
    **{name: (Adam(), schedule) for name, schedule in SCHEDULES.items()},
}


@pytest.mark.parametrize(
    ("optimizer", "schedule"), EACH_ONCE.values(), ids=EACH_ONCE.keys()
)
def test_three_runs_of_one_epoch_equal_one_of_three(optimizer, schedule, make_problem):
    batch_size = 30 if optimizer.full_batch else 4
    l1_ratio = 0.5 if optimizer.has_proximal_step else 0.0
    problem = make_problem(hidden=(4,), alpha=0.01, l1_ratio=l1_ratio)
    results = []
    for runs in ([3], [1, 1, 1]):
        theta, progress, history = problem.start(seed=0), Progress(), History()
        rng, patience = np.random.default_rng(5), Patience(0.0, inf)
        for max_iter in runs:
            outcome, *_ = train(
                problem,
                theta,
                max_iter,
                batch_size,
                optimizer=optimizer,
                schedule=schedule,
                learning_rate_init=0.01,
                patience=patience,
                rng=rng,
                progress=progress,
                history=history,
            )
            assert outcome.n_iter == max_iter
        results.append((theta, history.loss))
        assert progress.n_epochs == 3
    np.testing.assert_array_equal(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]


def test_the_loss_of_a_full_batch_is_the_risk_before_its_step(make_problem):
    problem = make_problem(hidden=(3,), alpha=0.1, l1_ratio=0.3)
    theta = problem.start(seed=0)
    for _ in range(3):
        expected = problem.risk.value(theta, problem.X, problem.Y)
        _, history, _ = train(problem, theta)
        assert history.loss == pytest.approx([expected], rel=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_mini_batches_walk_to_the_minimum(optimizer, make_problem):
    problem = make_problem(alpha=0.2)
    ridge = Ridge(alpha=0.2 * len(problem.Y)).fit(problem.X, problem.Y.ravel())
    theta, progress = problem.start(), Progress()
    faster = {
        "adagrad": 20,
        "adadelta": 300,
        "radam": 2,
        "gd": 5,
        "schedule_free_adamw": 3,
    }
    faster = faster.get(OPTIMIZERS.name_of(optimizer), 1)
    # the noise of mini-batches falls with the rate, or by the average
    rates = (0.03,) * 3 if optimizer.constant_rate else (0.03, 0.003, 0.0003)
    for rate in rates:
        train(
            problem,
            theta,
            120,
            30 if optimizer.full_batch else 10,
            optimizer=optimizer,
            learning_rate_init=rate * faster,
            rng=np.random.default_rng(0),
            progress=progress,
            step_options=StepOptions(weight_decay=0),
        )
    theta = optimizer.evaluated(theta, progress.optimizer_state)
    np.testing.assert_allclose(theta, [*ridge.coef_, ridge.intercept_], atol=0.01)


def test_an_l1_penalty_makes_exact_zeros(make_problem):
    problem = make_problem(alpha=0.3, l1_ratio=1.0)
    theta = problem.start(seed=0)
    train(problem, theta, 200, 10, learning_rate_init=0.05)
    assert (theta[2:5] == 0).all()
    assert (theta[[0, 1, 5]] != 0).all()


# Ends


def test_an_epoch_of_zero_iterations_does_nothing(make_problem):
    problem = make_problem()
    theta = problem.start(seed=0)
    before = theta.copy()
    outcome, history, progress = train(problem, theta, 0)
    assert (outcome.reason, outcome.n_iter) == (StopReason.MAX_ITER, 0)
    assert history.loss == []
    assert progress.n_epochs == 0
    np.testing.assert_array_equal(theta, before)


def test_training_ends_as_soon_as_patience_runs_out(make_problem):
    problem = make_problem()
    # the loss hardly moves: one epoch to see it, five to lose patience
    outcome, history, progress = train(
        problem,
        problem.start(),
        50,
        learning_rate_init=1e-12,
        patience=Patience(1e-4, 5),
    )
    assert (outcome.reason, outcome.n_iter) == (StopReason.CONVERGED, 6)
    assert len(history.loss) == progress.n_epochs == 6


def test_an_epoch_that_moves_no_weight_ends_training(make_problem):
    problem = make_problem()
    frozen = StepOptions(factors=np.zeros(6))
    outcome, _, _ = train(problem, problem.start(), 50, step_options=frozen)
    assert (outcome.reason, outcome.n_iter) == (StopReason.CONVERGED, 1)


def test_an_adaptive_rate_continues_until_it_is_smallest(make_problem):
    problem = make_problem()
    outcome, _, progress = train(
        problem,
        problem.start(),
        100,
        schedule=Adaptive(divisor=10.0, smallest=2e-20),
        learning_rate_init=1e-18,  # moves nothing
        patience=Patience(1e-4, 3),
    )
    # plateaus after epochs 4, 7 and 10: 1e-18 and 1e-19 continue, 1e-20 does not
    assert (outcome.reason, outcome.n_iter) == (StopReason.CONVERGED, 10)
    assert progress.n_plateaus == 2


@pytest.mark.parametrize("batch_size", [3, 10, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [PLAIN, SGD()], ids=["plain", "momentum"])
def test_divergence_puts_back_a_theta_with_a_finite_risk(
    batch_size, dtype, optimizer, make_problem
):
    problem = make_problem()
    theta = problem.start(dtype)
    with np.errstate(all="ignore"):
        outcome, history, progress = train(
            problem,
            theta,
            500,
            batch_size,
            optimizer=optimizer,
            learning_rate_init=10.0,
        )
        risk = problem.risk.value(theta, problem.X, problem.Y)
    assert outcome.reason is StopReason.DIVERGED
    assert outcome.n_iter == len(history.loss) == progress.n_epochs < 500
    assert np.isfinite(theta).all()
    assert np.isfinite(risk)
    # the epoch that broke off is on record
    assert np.isnan(history.loss[-1])
    assert np.isfinite(history.loss[:-1]).all()


@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=["sgd", "adam"])
@pytest.mark.parametrize("batch_size", [3, 10, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_leaves_no_infinite_optimizer_state(
    optimizer, batch_size, dtype, make_problem
):
    # or every later training, at whatever learning rate, would be NaN at once
    problem = make_problem()
    rate = 10.0 if isinstance(optimizer, SGD) else float(np.finfo(dtype).max) ** 0.4
    with np.errstate(all="ignore"):
        outcome, _, progress = train(
            problem,
            problem.start(dtype),
            500,
            batch_size,
            optimizer=optimizer,
            schedule=Growing(),
            learning_rate_init=rate,
        )
    assert outcome.reason is StopReason.DIVERGED
    for value in progress.optimizer_state.values():
        assert np.isfinite(value).all()


class Exploding(Schedule):
    """One modest epoch, then a rate that overflows."""

    def factor(self, time):
        return 1.0 if time.epoch == 0 else 1e308


def test_an_interrupt_at_the_moment_of_divergence_leaves_a_finite_theta(make_problem):
    def interrupt(theta):
        if theta is None:
            raise KeyboardInterrupt

    problem = make_problem()
    for on_epoch_end in (None, interrupt):
        theta = problem.start()
        with np.errstate(all="ignore"):
            outcome, *_ = train(
                problem,
                theta,
                5,
                10,
                schedule=Exploding(),
                learning_rate_init=1.0,
                on_epoch_end=on_epoch_end,
            )
        assert outcome.n_iter == 2
        assert np.isfinite(theta).all()


@pytest.mark.parametrize("batch_size", [10, 30])
@pytest.mark.parametrize("rate", [0.1, 1e308], ids=["before", "after"])
def test_without_one_finite_step_training_raises(batch_size, rate, make_problem):
    problem = make_problem()
    theta = problem.start(seed=0)
    if rate == 0.1:
        theta[0] = nan
    with np.errstate(all="ignore"), pytest.raises(NoFiniteStepError):
        train(problem, theta, 5, batch_size, learning_rate_init=rate)


def test_an_interrupt_ends_training_at_the_epoch_it_comes_in(make_problem):
    problem, seen = make_problem(), []

    def interrupt(theta):
        seen.append(len(seen) + 1)
        if len(seen) == 3:
            raise KeyboardInterrupt

    theta = problem.start()
    outcome, history, progress = train(problem, theta, 50, 10, on_epoch_end=interrupt)
    assert (outcome.reason, outcome.n_iter) == (StopReason.INTERRUPTED, 3)
    assert seen == [1, 2, 3]
    assert len(history.loss) == progress.n_epochs == 3
    expected = problem.start()
    train(problem, expected, 3, 10)
    np.testing.assert_array_equal(theta, expected)


@pytest.mark.parametrize(
    ("scores", "best", "n_iter"),
    [
        ([0.1, 0.5, 0.9, 0.2, 0.1], 3, 5),
        ([0.9, 0.5, 0.4], 1, 3),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 6, 6),
        ([nan, 0.3, nan, 0.1], 2, 4),
        ([0.5, 0.5, 0.5], 1, 3),
    ],
)
def test_the_theta_of_the_best_validation_score_is_kept(
    scores, best, n_iter, make_problem, scripted
):
    problem, thetas = make_problem(hidden=(3,)), []
    theta = problem.start(seed=0)
    patience = Patience(1e-4, 2, maximize=True)
    # losses that never fall do not let the score wait
    patience._lowest_loss = -inf
    outcome, history, _ = train(
        problem,
        theta,
        6,
        10,
        patience=patience,
        validate=scripted(scores, thetas),
    )
    assert outcome.n_iter == n_iter
    np.testing.assert_array_equal(theta, thetas[best - 1])
    np.testing.assert_array_equal(history.column("validation_score"), scores[:n_iter])
    assert len({tuple(t) for t in thetas}) == n_iter


def test_an_interrupt_keeps_the_best_theta_too(make_problem, scripted):
    problem, thetas = make_problem(), []

    def interrupt(theta):
        if len(thetas) == 4:
            raise KeyboardInterrupt

    theta = problem.start()
    outcome, *_ = train(
        problem,
        theta,
        50,
        patience=Patience(1e-4, 10, maximize=True),
        validate=scripted([0.1, 0.9, 0.2, 0.3], thetas),
        on_epoch_end=interrupt,
    )
    assert outcome.reason is StopReason.INTERRUPTED
    np.testing.assert_array_equal(theta, thetas[1])


def test_training_never_ends_below_the_score_it_started_from(make_problem, scripted):
    problem, thetas = make_problem(), []
    theta = problem.start(seed=0)
    start = theta.copy()
    patience = Patience(1e-4, 3, maximize=True)
    patience.start_from(0.95)
    train(
        problem,
        theta,
        4,
        patience=patience,
        best=Best(0, start),
        validate=scripted([0.1, 0.2, 0.3, 0.4], thetas),
    )
    np.testing.assert_array_equal(theta, start)


def test_scores_that_are_all_nan_keep_the_last_theta(make_problem, scripted):
    problem, thetas = make_problem(), []
    theta = problem.start()
    train(
        problem,
        theta,
        3,
        patience=Patience(1e-4, 10, maximize=True),
        validate=scripted([nan] * 3, thetas),
    )
    np.testing.assert_array_equal(theta, thetas[-1])


# Weights


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_batches_whose_weights_are_all_zero_do_not_crash(
    optimizer, alpha, make_problem
):
    l1_ratio = 0.5 if optimizer.has_proximal_step else 0.0
    problem = make_problem(alpha=alpha, l1_ratio=l1_ratio)
    problem.s = np.zeros(30)
    problem.s[10:] = 1.5
    theta = problem.start(seed=0)
    outcome, history, _ = train(problem, theta, 5, 10, optimizer=optimizer)
    assert outcome.reason is StopReason.MAX_ITER
    assert np.isfinite(theta).all()
    assert np.isfinite(history.loss).all()


def test_a_full_batch_without_a_weighted_row_moves_only_by_the_penalty():
    theta = np.array([0.5, 0.25])
    train(Line(alpha=0.6, s=np.zeros(3)), theta)
    np.testing.assert_allclose(theta, [0.5 - 0.1 * 0.6 * 0.5, 0.25], rtol=1e-14)


@pytest.mark.parametrize("batch_size", [7, 30])
def test_weights_of_one_are_no_weights(batch_size, make_problem):
    problem, thetas = make_problem(hidden=(3,), alpha=0.1), []
    for s in (None, np.ones(30)):
        problem.s = s
        theta = problem.start(seed=0)
        train(problem, theta, 3, batch_size, rng=np.random.default_rng(0))
        thetas.append(theta)
    np.testing.assert_allclose(*thetas, rtol=1e-12)


def test_the_penalty_means_the_same_for_every_batch_size(make_problem):
    # scikit-learn divides it by the batch's size
    norms = []
    for batch_size in (3, 10, 30):
        problem = make_problem(alpha=1.0)
        theta = problem.start()
        train(
            problem,
            theta,
            150,
            batch_size,
            schedule=InverseScaling(1.0),
            learning_rate_init=0.1 * batch_size / 10,
        )
        norms.append(np.sum(theta[:-1] ** 2))
    ridge = Ridge(alpha=30.0).fit(problem.X, problem.Y.ravel())
    np.testing.assert_allclose(norms, np.sum(ridge.coef_**2), rtol=0.05)
