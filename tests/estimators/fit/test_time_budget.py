"""time_budget: as many members, and as many epochs, as there is time for.

Where a clock decides, it is replaced by one that goes as the test says.
"""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._fit import budget as budget_module
from sklearn_bpnet.inspection import find_learning_rate

SMALL = {"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 20}
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


@pytest.fixture
def epoch_of(monkeypatch):
    """Makes the trial find a given number of seconds per epoch, and stops the clock."""

    def set_seconds(seconds):
        monkeypatch.setattr(budget_module, "perf_counter", lambda: 0.0)
        monkeypatch.setattr(
            budget_module, "_seconds_per_epoch", lambda call, problem: seconds
        )

    return set_seconds


@pytest.fixture
def clock(monkeypatch):
    """A clock that is ahead by a second whenever it is read."""
    times = iter(range(10_000))
    monkeypatch.setattr(budget_module, "perf_counter", lambda: float(next(times)))
    monkeypatch.setattr(budget_module, "_seconds_per_epoch", lambda call, problem: 1e-9)


# Epochs


@each_class
@pytest.mark.parametrize("early_stopping", [False, True])
def test_fewer_epochs_are_a_fit_with_that_max_iter(
    estimator, early_stopping, epoch_of, iris
):
    epoch_of(1.0)
    options = SMALL | {"early_stopping": early_stopping}
    limited = estimator(**options, time_budget=10).fit(*iris)
    assert limited.plan_["max_iter"] == 9  # 90 % of the budget
    same = estimator(**options).set_params(max_iter=9).fit(*iris)
    assert_array_equal(limited.coefs_[0], same.coefs_[0])
    assert_array_equal(
        limited.history_["learning_rate"], same.history_["learning_rate"]
    )


@each_class
def test_enough_time_changes_nothing(estimator, epoch_of, iris):
    epoch_of(1e-6)
    limited = estimator(**SMALL, time_budget=10).fit(*iris)
    free = estimator(**SMALL).fit(*iris)
    assert limited.plan_["max_iter"] == 20
    assert_array_equal(limited.coefs_[0], free.coefs_[0])


def test_there_is_at_least_one_epoch(epoch_of, iris):
    epoch_of(1e6)
    limited = BPNetClassifier(**SMALL, time_budget=1e-3).fit(*iris)
    assert limited.n_iter_ == limited.plan_["max_iter"] == 1


def test_an_automatic_max_iter_is_limited_too(epoch_of, iris):
    epoch_of(1.0)
    limited = BPNetClassifier(time_budget=10, random_state=0).fit(*iris)
    assert limited.plan_["max_iter"] == limited.n_iter_ == 9


# Members


@each_class
def test_members_are_those_of_a_smaller_ensemble(estimator, clock, iris):
    # read once for the end, for what is left, and for the start; then twice per member
    limited = estimator(**SMALL, n_members=50, time_budget=11).fit(*iris)
    n = len(limited.estimators_)
    assert 1 < n < 10
    same = estimator(**SMALL, n_members=n).fit(*iris)
    for one, other in zip(limited.estimators_, same.estimators_, strict=True):
        assert_array_equal(one.coefs_[0], other.coefs_[0])
    assert_array_equal(limited.predict(iris[0]), same.predict(iris[0]))
    assert not limited._model.unfinished
    limited.fit(*iris)  # begins anew


def test_there_is_at_least_one_member(clock, iris):
    limited = BPNetClassifier(**SMALL, n_members=3, time_budget=0.1).fit(*iris)
    assert len(limited.estimators_) == 1


def test_the_ensemble_is_complete_if_there_is_time(epoch_of, iris):
    epoch_of(1e-6)
    limited = BPNetClassifier(**SMALL, n_members=3, time_budget=1000).fit(*iris)
    assert len(limited.estimators_) == 3


# The trial


@pytest.mark.parametrize("n_members", [1, 2])
def test_the_trial_finds_a_time_and_leaves_the_result_alone(n_members, iris):
    options = SMALL | {"n_members": n_members, "early_stopping": True}
    limited = BPNetClassifier(**options, time_budget=1000).fit(*iris)
    free = BPNetClassifier(**options).fit(*iris)
    assert_array_equal(limited.predict_proba(iris[0]), free.predict_proba(iris[0]))


def test_the_trial_takes_some_batches_only(monkeypatch):
    found = []
    run = budget_module.NetworkFit.run

    def noted(fit):
        found.append((fit.problem.data.training.n, fit.problem.data.validation))
        return run(fit)

    monkeypatch.setattr(budget_module.NetworkFit, "run", noted)
    X = np.random.default_rng(0).normal(size=(1000, 2))
    BPNetRegressor((3,), max_iter=1, batch_size=4, early_stopping=True,
                   time_budget=1000, tol=0).fit(X, X[:, 0])  # fmt: skip
    assert found[0] == (200, None)
    assert found[1][0] == 900


def test_one_class_needs_no_trial(iris):
    clf = BPNetClassifier(**SMALL, time_budget=1).fit(iris[0], np.zeros(150))
    assert clf.predict(iris[0][:1]) == [0]


# What it does not go with


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"warm_start": True}, "does not go with warm_start=True"),
        ({"member_folds": 2, "n_members": 2}, "does not go with member_folds=2"),
        ({"solver": "lbfgs"}, "iterations of solver='lbfgs' differ"),
    ],
)
def test_others_are_refused(other, text, iris):
    clf = BPNetClassifier((5,), time_budget=2.5, **other)
    with pytest.raises(ValueError, match=re.escape(text)) as error:
        clf.fit(*iris)
    assert "time_budget=2.5" in str(error.value)


def test_partial_fit_refuses_it(iris):
    with pytest.raises(ValueError, match="partial_fit trains one"):
        BPNetClassifier(time_budget=1).partial_fit(*iris)


def test_the_learning_rate_finder_ignores_it(iris):
    clf = BPNetClassifier(**SMALL)
    found = find_learning_rate(clf, *iris, n_steps=20, random_state=0)
    clf.set_params(time_budget=1)
    limited = find_learning_rate(clf, *iris, n_steps=20, random_state=0)
    np.testing.assert_array_equal(found.losses, limited.losses)
