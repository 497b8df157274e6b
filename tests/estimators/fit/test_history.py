"""What a fit tells of its epochs."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.training.monitor.recording import RECORDS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_solver = pytest.mark.parametrize(
    "solver", ["lbfgs", "gd", "cg", "sgd", "adam", "rprop"]
)


@pytest.mark.parametrize(
    ("estimator", "early_stopping"), [(BPNetClassifier, False), (BPNetRegressor, True)]
)
@each_solver
def test_every_curve_is_there_for_every_solver(estimator, solver, early_stopping, iris):
    model = estimator(
        (5,), solver=solver, early_stopping=early_stopping, max_iter=7, random_state=0
    ).fit(*iris)
    always = {"loss", "learning_rate", "seconds"}
    validated = {"validation_loss", "validation_score"} if early_stopping else set()
    assert model.history_.keys() == always | validated
    for column in model.history_.values():
        assert column.shape == (model.n_iter_,) == (7,)
        assert column.dtype == np.float64
    assert_array_equal(model.history_["loss"], model.loss_curve_)
    assert (model.history_["seconds"] > 0).all()
    has_rate = solver not in ("lbfgs", "cg")
    assert np.isfinite(model.history_["learning_rate"]).all() == has_rate
    if early_stopping:
        assert_array_equal(
            model.history_["validation_loss"], model.validation_loss_curve_
        )
        assert_array_equal(model.history_["validation_score"], model.validation_scores_)
        scores = model.validation_scores_
        assert scores[model.best_epoch_ - 1] == max(scores)
    else:
        assert not hasattr(model, "validation_loss_curve_")
        assert not hasattr(model, "validation_scores_")
        assert model.best_epoch_ == 7
    assert model.stop_reason_ == "max_iter"


@each_class
@each_solver
def test_pandas_takes_the_history(estimator, solver, iris):
    pd = pytest.importorskip("pandas")
    model = estimator(
        (5,), solver=solver, early_stopping=True, record=tuple(RECORDS), max_iter=4
    ).fit(*iris)
    table = pd.DataFrame(model.history_)
    assert len(table) == 4
    assert {"loss", "saturation_1", "gradient_norm_2"} <= set(table)


def test_the_learning_rate_is_that_of_the_schedule(iris):
    clf = BPNetClassifier(
        (5,), learning_rate="invscaling", learning_rate_init=0.1, max_iter=4
    ).fit(*iris)
    expected = 0.1 / np.sqrt([1, 2, 3, 4])
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-12)


@each_class
@each_solver
def test_recording_changes_nothing_else(estimator, solver, iris):
    noise = {"dropout": 0.2} if solver in ("sgd", "adam") else {}
    model = estimator((5, 4), solver=solver, max_iter=5, random_state=0, **noise)
    plain = clone(model).fit(*iris)
    recorded = clone(model).set_params(record=list(RECORDS)).fit(*iris)
    assert recorded.loss_curve_ == plain.loss_curve_
    for ours, theirs in zip(recorded.coefs_, plain.coefs_, strict=True):
        assert_array_equal(ours, theirs)
    more = {f"{name}_{layer}" for name in RECORDS for layer in (1, 2, 3)}
    more -= {"saturation_3"} if estimator is BPNetClassifier else set()  # softmax
    assert recorded.history_.keys() - plain.history_.keys() == more


@each_class
def test_the_gradient_norm_falls_to_the_minimum(estimator, iris):
    model = estimator(
        (), solver="lbfgs", record="gradient_norm", alpha=0, tol=1e-8, max_iter=2000
    ).fit(*iris)
    norms = model.history_["gradient_norm_1"]
    assert norms[-1] < 1e-2 * norms[0]


def test_sigmoid_units_saturate_where_weights_are_large(iris):
    """The plateau of the lecture: no gradient passes units that are all 0 or 1."""
    clf = BPNetClassifier(
        (20,), activation="sigmoid", record="saturation", max_iter=2, random_state=0
    )
    start = clone(clf).fit(*iris)
    rng = np.random.default_rng(0)
    large = [rng.normal(0, 1000, W.shape) for W in start.coefs_]
    saturated = clone(clf).fit(*iris, coefs_init=large)
    assert (start.history_["saturation_1"] == 0).all()
    assert (saturated.history_["saturation_1"] > 0.8).all()


@pytest.mark.parametrize(
    "record", ["norm", ("gradient_norm", "norm"), 3, (1,)], ids=str
)
def test_an_unknown_record_is_refused(record, iris):
    with pytest.raises(ValueError, match="record"):
        BPNetClassifier((5,), record=record).fit(*iris)


@each_class
def test_calls_that_go_on_append(estimator, iris):
    model = estimator((5,), warm_start=True, max_iter=3, random_state=0).fit(*iris)
    first = {name: column.copy() for name, column in model.history_.items()}
    model.set_params(early_stopping=True, record="saturation").fit(*iris)
    assert len(model.history_["loss"]) == 6
    for name, column in first.items():
        assert_array_equal(model.history_[name][:3], column)
    for name in ("validation_score", "saturation_1"):
        assert_array_equal(np.isnan(model.history_[name]), 3 * [True] + 3 * [False])


# Why it ended


@each_class
def test_the_reason_is_a_plain_string(estimator, iris):
    reasons = {
        "max_iter": estimator((5,), max_iter=2),
        "converged": estimator((5,), tol=10, n_iter_no_change=10),
    }
    for reason, model in reasons.items():
        assert model.fit(*iris).stop_reason_ == reason
        assert type(model.stop_reason_) is str


def test_lbfgs_says_why_too(iris):
    clf = BPNetClassifier((5,), solver="lbfgs", max_iter=2)
    assert clf.fit(*iris).stop_reason_ == "max_iter"
    assert (
        clf.set_params(max_iter=2000, alpha=0.1).fit(*iris).stop_reason_ == "converged"
    )
    assert clf.set_params(max_fun=3).fit(*iris).stop_reason_ == "failed"


def test_a_single_class_has_an_empty_history(iris):
    clf = BPNetClassifier((5,)).fit(iris[0], np.ones(150))
    assert clf.stop_reason_ == "converged"
    assert clf.best_epoch_ == 0
    assert clf.loss_curve_ == []
    assert len(clf.history_["loss"]) == 0
