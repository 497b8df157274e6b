"""Schedules from the estimators: by name, instance and function; warm starts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.training.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    CosineRestarts,
    Warmup,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
COUNT_DOWN = ("cosine", "one_cycle", "flat_cosine", "coslog4")


@each_class
@pytest.mark.parametrize("name", SCHEDULES)
def test_the_history_holds_the_rate_of_every_epoch(estimator, name, iris):
    model = estimator(
        (4,), learning_rate=name, max_iter=12, n_iter_no_change=3, tol=0.1,
        learning_rate_init=0.01, random_state=0,
    ).fit(*iris)  # fmt: skip
    rates = model.history_["learning_rate"]
    assert len(rates) == model.n_iter_
    assert rates[0] == pytest.approx({"coslog4": 0.0, "one_cycle": 4e-4,
                                      "warmup": 1e-3}.get(name, 0.01))  # fmt: skip
    assert (np.asarray(rates) <= 0.01).all()


@each_class
def test_a_function_of_progress_is_a_schedule(estimator, iris):
    seen = []

    def linear(t):
        seen.append(t)
        return 1 - t

    model = estimator(
        (4,), learning_rate=linear, batch_size=50, max_iter=4, random_state=0
    ).fit(*iris)
    # three batches per epoch
    assert_allclose([t for t in seen if t < 1][: 4 * 3], np.arange(12) / 12)
    assert_allclose(model.history_["learning_rate"], 8e-3 * (1 - np.arange(4) / 4))


def test_a_function_of_progress_equal_to_a_schedule_trains_as_it_does(iris):
    clf = BPNetClassifier((4,), max_iter=10, random_state=0, learning_rate="cosine")
    other = clone(clf).set_params(learning_rate=lambda t: (1 + np.cos(np.pi * t)) / 2)
    assert_array_equal(clf.fit(*iris).coefs_[0], other.fit(*iris).coefs_[0])


def test_a_function_that_returns_no_factor_is_refused(iris):
    clf = BPNetClassifier((4,), learning_rate=lambda t: np.nan)
    with pytest.raises(ValueError, match="must return finite factors"):
        clf.fit(*iris)


@pytest.mark.parametrize("name", SCHEDULES)
def test_max_iter_calls_of_partial_fit_are_one_fit(name, iris):
    X, y = iris
    reg = BPNetRegressor(
        (4,), learning_rate=name, max_iter=6, n_iter_no_change=np.inf, random_state=0
    ).set_params(alpha=1e-4)
    whole, pieces = clone(reg).fit(X, y), clone(reg)
    for _ in range(6):
        pieces.partial_fit(X, y)
    assert_array_equal(whole.coefs_[0], pieces.coefs_[0])
    assert_array_equal(
        whole.history_["learning_rate"], pieces.history_["learning_rate"]
    )


@pytest.mark.parametrize("name", [n for n in SCHEDULES if n not in COUNT_DOWN])
def test_warm_starts_of_one_epoch_are_one_fit_where_steps_are_counted(name, iris):
    X, y = iris
    reg = BPNetRegressor(
        (4,), learning_rate=name, max_iter=6, n_iter_no_change=np.inf, random_state=0
    )
    whole = clone(reg).fit(X, y)
    pieces = clone(reg).set_params(max_iter=1, warm_start=True)
    for _ in range(6):
        pieces.fit(X, y)
    assert_array_equal(whole.coefs_[0], pieces.coefs_[0])


def test_a_schedule_that_counts_down_ends_with_every_call(iris):
    # a call that adds as many epochs begins half-way through the new plan
    clf = BPNetClassifier(
        (4,), learning_rate=lambda t: 1 - t, learning_rate_init=0.01, max_iter=4,
        warm_start=True, random_state=0,
    )  # fmt: skip
    rates = clf.fit(*iris).fit(*iris).history_["learning_rate"]
    expected = [1, 0.75, 0.5, 0.25, 0.5, 0.375, 0.25, 0.125]
    assert_allclose(rates, np.multiply(0.01, expected))


def test_after_its_plan_partial_fit_stays_at_the_last_factor(iris):
    reg = BPNetRegressor((4,), learning_rate=Cosine(final=0.25), max_iter=2)
    for _ in range(5):
        reg.partial_fit(*iris)
    assert_allclose(reg.history_["learning_rate"][2:], 0.25 * 8e-3)


@each_class
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("on_plateau", "adaptive"),
        ("cosine", Cosine()),
        ("cosine_restarts", CosineRestarts()),
        ("warmup", Warmup(Constant())),
        (Warmup("cosine"), Warmup(Cosine())),
    ],
    ids=str,
)
def test_names_stand_for_instances(estimator, one, other, iris):
    models = [
        estimator((4,), learning_rate=rate, max_iter=8, random_state=0).fit(*iris)
        for rate in (one, other)
    ]
    assert_array_equal(models[0].coefs_[0], models[1].coefs_[0])
