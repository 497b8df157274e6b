"""Ctrl-C during training leaves a usable estimator."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._fit import train_call
from sklearn_bpnet.training.monitor.monitor import Monitor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
each_solver = pytest.mark.parametrize(
    "solver", ["lbfgs", "gd", "cg", "sgd", "adam", "rprop"]
)


@pytest.mark.parametrize(
    ("estimator", "n_passes"), [(BPNetClassifier, 2), (BPNetRegressor, 12)]
)
@each_solver
@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupted_fit_can_predict(
    estimator, solver, early_stopping, n_passes, interrupt, iris
):
    X, y = iris
    model = estimator(
        (5,), solver=solver, early_stopping=early_stopping, random_state=0
    )
    interrupt(n_passes)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) < 20
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.score(X, y))


@each_class
@each_solver
def test_an_interrupted_fit_keeps_what_it_learnt(estimator, solver, interrupt, iris):
    X, y = iris
    model = estimator((), solver=solver, max_iter=50, random_state=0)
    longest = clone(model).fit(X, y)
    interrupt(7 if solver == "lbfgs" else 30)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ >= 2
    assert model.loss_curve_ == longest.loss_curve_[: model.n_iter_]
    assert model.loss_ == model.loss_curve_[-1] < model.loss_curve_[0]


@each_class
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_an_interrupted_early_stopping_restores_the_best_weights(
    estimator, solver, interrupt, iris
):
    model = estimator(
        (5,), solver=solver, early_stopping=True, batch_size="full", random_state=0
    ).set_params(learning_rate="constant")
    expected = clone(model).set_params(max_iter=10).fit(*iris)
    interrupt(11)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(*iris)
    for ours, theirs in zip(model.coefs_, expected.coefs_, strict=True):
        assert_array_equal(ours, theirs)


@each_class
@each_solver
def test_a_warm_start_continues_after_an_interruption(
    estimator, solver, interrupt, iris
):
    model = estimator((5,), solver=solver, warm_start=True, max_iter=5, random_state=0)
    losses = list(model.fit(*iris).loss_curve_)
    interrupt(3)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(*iris)
    assert model.n_iter_ == len(model.loss_curve_) - len(losses) < 5
    before = model.n_iter_ + len(losses)
    model.fit(*iris)
    assert len(model.loss_curve_) == before + 5
    assert model.loss_ < losses[-1]


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg"])
@pytest.mark.parametrize("n_calls", [0, 3])
def test_f25_an_interrupt_before_an_iteration_is_noted(
    estimator, solver, n_calls, monkeypatch, iris
):
    X, y = iris
    model = estimator((5,), solver=solver, warm_start=True, max_iter=4, random_state=0)
    for _ in range(n_calls):
        model.fit(X, y)
    known = list(model.loss_curve_) if n_calls else []

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Monitor, "end_epoch", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ == 0
    assert model.loss_curve_ == known
    assert np.isfinite(model.predict(X)).all()


@each_class
def test_f25_overflows_are_treated_as_before_whatever_an_interrupt_leaves(
    estimator, monkeypatch, iris
):
    def interrupted(*_):
        np.seterr(all="ignore")  # as a context whose exit was interrupted
        raise KeyboardInterrupt

    monkeypatch.setattr(train_call, "train", interrupted)
    before = np.geterr()
    with pytest.raises(KeyboardInterrupt):
        estimator().fit(*iris)
    assert np.geterr() == before
