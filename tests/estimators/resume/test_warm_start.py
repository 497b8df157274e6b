"""Warm starts and incremental learning: copies of a model, edited weights."""

import pickle
from copy import deepcopy

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.options import Dropout, EarlyStopping, WeightDecay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_stochastic_solver = pytest.mark.parametrize("solver", ["sgd", "adam"])


RATE = 0.001


def step(model, X, y, **kwargs):
    if isinstance(model, BPNetClassifier) and not hasattr(model, "classes_"):
        kwargs["classes"] = np.unique(y)
    return model.partial_fit(X, y, **kwargs)


def assert_same_parameters(one, other):
    for name in ("coefs_", "intercepts_", "activation_weights_"):
        both = getattr(one, name, []), getattr(other, name, [])
        for ours, theirs in zip(*both, strict=True):
            assert_array_equal(ours, theirs)
    scales = [getattr(e, "learned_input_scale_", None) for e in (one, other)]
    assert_array_equal(*scales)


# the rate and the penalty of "auto" ask how many epochs and rows there will be
STEADY = {"learning_rate": "constant", "alpha": 1e-4}
SETTINGS = [
    {},
    {"batch_size": "full"},
    {"l1_ratio": 0.5, "alpha": 0.1},
    {"shuffle": False},
    {"learning_rate": "invscaling"},
    {"learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 2},
    {"ema_decay": 0.9},
    {"solver": "schedule_free_adamw"},
    {"solver": "schedule_free_adamw", "early_stopping": True, "clip_norm": 1.0},
    {"early_stopping": True},
    {"early_stopping": True, "scoring": "loss", "ema_decay": 0.8},
    {"early_stopping": EarlyStopping("last"), "n_iter_no_change": 5},
    {"record": ("gradient_norm", "saturation")},
    {"dropout": 0.4},
    {"dropout": Dropout([0.3], 0.2, input_noise=0.5)},
    {"dropout": 0.4, "early_stopping": True, "ema_decay": 0.8},
    {"dropout": Dropout(0.4, schedule="exponential")},
    {"weight_decay": WeightDecay(5.0, "invscaling")},
    {"activation": "prelu"},
    {"group_alpha": 0.05},
    {"numeric_embedding": "pbld"},
    {"shared_members": 3, "dropout": 0.3, "early_stopping": True},
    {"numeric_embedding": "pbld", "learned_input_scale": True, "dropout": 0.2},
    {"learned_input_scale": True, "learning_rate_factors": {"input_scale": 6}},
    {
        "learned_input_scale": True,
        "dropout": Dropout(input_rate=0.2),
        "early_stopping": True,
    },
]


def assert_same_history(one, other):
    assert one.history_.keys() == other.history_.keys()
    for name in one.history_.keys() - {"seconds"}:
        assert_array_equal(one.history_[name], other.history_[name])
    for name in ("t_", "best_epoch_", "validation_scores_", "best_validation_score_"):
        assert getattr(one, name, None) == getattr(other, name, None), name


@pytest.mark.parametrize(
    ("estimator", "solver", "way"),
    [(BPNetClassifier, "adam", "partial_fit"), (BPNetRegressor, "sgd", "warm_start")],
)
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_ten_calls_of_one_epoch_are_one_call_of_ten(
    estimator, solver, setting, way, iris
):
    X, y = iris
    rows = {"X_val": X[:40], "y_val": y[:40]} if "early_stopping" in setting else {}
    setting = STEADY | {"solver": solver} | setting
    model = estimator((4,), random_state=0, max_iter=10, **setting)
    whole, steps = clone(model).fit(X, y, **rows), clone(model)
    if whole.n_iter_ < 10:  # fewer, if patience runs out
        assert whole.stop_reason_ == "converged"
    steps.set_params(warm_start=True, max_iter=1)
    for _ in range(whole.n_iter_):
        if way == "partial_fit":
            step(steps, X, y, **rows)
        else:
            steps.fit(X, y, **rows)
    assert_same_parameters(whole, steps)
    assert_same_history(whole, steps)
    if whole.n_iter_ < 10:
        assert steps.stop_reason_ == "converged"


@each_class
@each_stochastic_solver
@pytest.mark.parametrize("how", ["fraction", "groups"])
def test_samples_set_aside_stay_so_from_fit_to_fit(estimator, solver, how, iris):
    X, y = iris
    groups = {"groups": np.arange(150) // 6} if how == "groups" else {}
    model = estimator((4,), solver=solver, early_stopping=True, random_state=0)
    model.set_params(n_iter_no_change=np.inf, warm_start=True)
    whole, steps = clone(model).set_params(max_iter=10), clone(model)
    whole.fit(X, y, **groups)
    for n in (1, 4, 5):
        steps.set_params(max_iter=n).fit(X, y, **groups)
    assert_same_parameters(whole, steps)
    assert_same_history(whole, steps)


@each_class
def test_partial_fit_says_when_patience_has_run_out(estimator, iris):
    X, y = iris
    model = estimator(
        (20,), early_stopping=True, learning_rate_init=0.05, random_state=0
    )
    rows = {"X_val": X[:40], "y_val": y[:40]}
    model.set_params(n_iter_no_change=3)
    reasons = []
    for _ in range(60):
        reasons.append(step(model, X[40:], y[40:], **rows).stop_reason_)
    assert set(reasons) == {"max_iter", "converged"}
    assert_allclose(
        model.score(X[:40], y[:40]), model.best_validation_score_, rtol=1e-5
    )


@each_class
def test_patience_starts_anew_where_another_quantity_is_monitored(estimator, iris):
    X, y = iris
    model = estimator((4,), warm_start=True, tol=0.5, max_iter=8, random_state=0)
    assert model.fit(X, y).stop_reason_ == "max_iter"
    # on the same samples the count of eight continues; on others it starts at none
    same = deepcopy(model).fit(X, y)
    assert (same.n_iter_, same.stop_reason_) == (3, "converged")
    assert deepcopy(model).fit(X[:140], y[:140]).n_iter_ == 8


@each_class
def test_training_continues_from_where_it_stood_not_from_the_best(estimator, iris):
    X, y = iris
    rows = {"X_val": X[:40], "y_val": y[:40]}
    model = estimator((4,), early_stopping=True, warm_start=True, random_state=0)
    model.set_params(max_iter=6, n_iter_no_change=np.inf)
    model.set_params(scoring=lambda model, X, y: 0.0)
    model.set_params(early_stopping__ties="first")  # keeps epoch 1
    blind = clone(model).set_params(early_stopping=False, scoring=None)
    model.fit(X, y, **rows).fit(X, y, **rows)
    blind.set_params(n_iter_no_change=np.inf).fit(X, y).fit(X, y)
    assert model.best_epoch_ == 1
    assert model.loss_curve_ == blind.loss_curve_


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": deepcopy,
}


@each_class
@each_stochastic_solver
@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_partial_fit_of_a_copy_continues_bit_for_bit(estimator, solver, copy, iris):
    X, y = iris
    model = estimator((4,), solver=solver, random_state=0)
    step(step(model, X, y), X, y)
    twin = copy(model)
    assert_same_parameters(twin, model)
    for _ in range(3):
        step(model, X, y)
        step(twin, X, y)
    assert_same_parameters(twin, model)
    assert_array_equal(twin.predict(X), model.predict(X))


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_warm_started_fit_of_a_copy_continues_bit_for_bit(
    estimator, solver, copy, iris
):
    model = estimator((4,), solver=solver, warm_start=True, max_iter=3, random_state=0)
    twin = copy(model.fit(*iris))
    assert_same_parameters(twin.fit(*iris), model.fit(*iris))


@each_class
def test_a_copy_shares_nothing_with_its_original(estimator, iris):
    X, y = iris
    model = step(estimator((4,), random_state=0), X, y)
    before = deepcopy(model.coefs_)
    step(deepcopy(model), X, y)
    for ours, theirs in zip(model.coefs_, before, strict=True):
        assert_array_equal(ours, theirs)


@each_class
def test_joblib_round_trips_a_fitted_model(estimator, iris, tmp_path):
    X, y = iris
    model = estimator((4,), max_iter=3).fit(X, y)
    joblib.dump(model, tmp_path / "model")
    assert_array_equal(joblib.load(tmp_path / "model").predict(X), model.predict(X))


@each_class
def test_edited_weights_take_effect_in_predictions(estimator, iris):
    X, y = iris
    model = estimator((4,), max_iter=3, random_state=0).fit(X, y)
    model.coefs_[-1][:] = 0  # in place
    model.intercepts_[-1] = np.linspace(-1, 1, model.n_outputs_) + 2  # another array
    if estimator is BPNetClassifier:
        assert_array_equal(model.predict(X), np.full(len(X), 2))
    else:
        expected = 1 * model.target_scale_ + model.target_mean_
        assert_allclose(model.predict(X), np.full(len(X), expected), rtol=1e-6)


@each_class
@each_stochastic_solver
def test_edited_weights_are_where_partial_fit_continues(estimator, solver, iris):
    X, y = iris
    model = estimator((4,), solver=solver, learning_rate_init=1e-12, random_state=0)
    step(model, X, y)
    model.coefs_[0][:] = 0.125
    model.coefs_[1] = np.full(model.coefs_[1].shape, -2)  # integers, even
    step(model, X, y)
    assert_allclose(model.coefs_[0], 0.125, rtol=1e-6)
    assert_allclose(model.coefs_[1], -2, rtol=1e-6)
    assert model.coefs_[1].dtype == model.coefs_[0].dtype


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_edited_weights_are_where_a_warm_start_continues(estimator, solver, iris):
    model = estimator((4,), solver=solver, warm_start=True, max_iter=2, random_state=0)
    edited, plain = clone(model).fit(*iris), clone(model).fit(*iris)
    edited.coefs_[0][:] = 0.125
    loss = edited.fit(*iris).loss_curve_
    assert loss[:2] == plain.loss_curve_
    assert loss[2] != plain.fit(*iris).loss_curve_[2]


@each_class
def test_fit_without_warm_start_begins_anew(estimator, iris):
    model = estimator((4,), max_iter=3, random_state=0)
    once = clone(model).fit(*iris)
    twice = clone(model).fit(*iris).fit(*iris)
    assert_same_parameters(once, twice)
    assert once.loss_curve_ == twice.loss_curve_
    after_steps = step(clone(model), *iris).fit(*iris)
    assert_same_parameters(once, after_steps)


def test_fit_without_warm_start_takes_other_data(iris, binary, multilabel):
    clf = BPNetClassifier((4,), max_iter=2, random_state=0)
    for X, y in (iris, binary, (iris[0][:, :2], iris[1]), multilabel, iris):
        assert clf.fit(X, y).predict(X).shape == y.shape


@each_class
@each_stochastic_solver
def test_partial_fit_keeps_the_statistics_of_its_first_call(estimator, solver, iris):
    X, y = iris
    model = step(estimator((4,), solver=solver, random_state=0), X, y)
    expected = X.mean(axis=0), X.std(axis=0)
    step(model, 1000 * X + 5, y)
    assert_allclose(model.input_mean_, expected[0])
    assert_allclose(model.input_scale_, expected[1])


def test_partial_fit_keeps_the_target_statistics_of_its_first_call(regression):
    X, y = regression
    reg = BPNetRegressor((4,), random_state=0).partial_fit(X, y)
    reg.partial_fit(X, 1000 * y + 5)
    assert_allclose(reg.target_mean_, y.mean())
    assert_allclose(reg.target_scale_, y.std())


def test_partial_fit_keeps_the_unit_of_the_first_weights(regression):
    X, y = regression
    reg = BPNetRegressor(
        (), solver="sgd", momentum=0, alpha=0, learning_rate_init=RATE,
        batch_size="full", random_state=0,
    )  # fmt: skip
    ones = np.ones(len(y))
    one, other = clone(reg).partial_fit(X, y, ones), clone(reg).partial_fit(X, y, ones)
    one.partial_fit(X, y, 2 * ones)
    other.set_params(learning_rate_init=2 * RATE).partial_fit(X, y)
    assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-12)


@each_class
@each_stochastic_solver
def test_partial_fit_on_pieces_learns(estimator, solver, iris):
    X, y = iris
    model = estimator((10,), solver=solver, learning_rate_init=0.02, random_state=0)
    for _ in range(20):
        for start in range(0, len(y), 50):
            piece = slice(start, start + 50)
            step(model, X[piece], y[piece])
    assert model.score(X, y) > 0.9


@each_class
def test_partial_fit_continues_after_fit(estimator, iris):
    X, y = iris
    model = estimator((4,), max_iter=3, random_state=0).fit(X, y)
    losses = list(model.loss_curve_)
    step(model, X, y)
    assert model.loss_curve_[:-1] == losses
    assert model.loss_ < losses[-1]
    assert model.n_iter_ == 1


@each_class
def test_fit_after_partial_fit_continues_when_warm_started(estimator, iris):
    model = estimator((4,), warm_start=True, max_iter=2, random_state=0, **STEADY)
    mixed = step(clone(model), *iris).fit(*iris)
    assert_same_parameters(mixed, clone(model).set_params(max_iter=3).fit(*iris))


@each_class
def test_warm_start_keeps_the_validation_samples(estimator, iris):
    model = estimator(
        (4,),
        early_stopping=True,
        warm_start=True,
        learning_rate_init=1e-12,
        max_iter=2,
        random_state=0,
    ).fit(*iris)
    model.fit(*iris).fit(*iris)
    # the weights stand still, so does their score on the same rows
    assert_allclose(model.validation_scores_, model.validation_scores_[0], atol=1e-6)
    assert len(model.validation_scores_) == 6


@each_class
@each_stochastic_solver
def test_warm_start_with_early_stopping_never_ends_worse(estimator, solver, iris):
    model = estimator(
        (4,),
        solver=solver,
        early_stopping=True,
        warm_start=True,
        max_iter=20,
        random_state=0,
    ).fit(*iris)
    best = model.best_validation_score_
    weights = deepcopy(model.coefs_)
    worse = {"learning_rate_init": 1e3} if solver == "adam" else {"alpha": 10}
    model.set_params(max_iter=1, **worse).fit(*iris)
    assert model.validation_scores_[-1] < best
    assert model.best_validation_score_ == best
    for ours, before in zip(model.coefs_, weights, strict=True):
        assert_array_equal(ours, before)


def test_warm_started_lbfgs_continues_the_loss_curve(iris):
    clf = BPNetClassifier(
        (4,), solver="lbfgs", warm_start=True, max_iter=5, tol=0, random_state=0
    )
    losses = list(clf.fit(*iris).loss_curve_)
    clf.fit(*iris)
    assert clf.loss_curve_[:5] == losses
    assert len(clf.loss_curve_) == 10
    assert clf.loss_curve_[5] < losses[-1]


@pytest.mark.parametrize("first", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("second", ["lbfgs", "sgd", "adam"])
def test_a_warm_start_may_change_the_solver(first, second, iris):
    clf = BPNetClassifier((4,), warm_start=True, max_iter=5, random_state=0)
    loss = clf.set_params(solver=first).fit(*iris).loss_
    assert clf.set_params(solver=second).fit(*iris).loss_ < loss


def test_a_warm_start_may_change_the_dtype(iris):
    clf = BPNetClassifier((4,), warm_start=True, max_iter=3, random_state=0)
    assert clf.fit(*iris).coefs_[0].dtype == np.float32
    clf.set_params(dtype="float64").fit(*iris)
    assert clf.coefs_[0].dtype == np.float64
    assert clf.fit(*iris).predict_proba(iris[0]).shape == (150, 3)


@each_class
def test_the_average_starts_anew_from_edited_weights(estimator, iris):
    model = estimator((4,), ema_decay=0.9, learning_rate_init=1e-12, random_state=0)
    step(model, *iris)
    model.coefs_[0][:] = 0.125
    step(model, *iris)
    assert_allclose(model.coefs_[0], 0.125, rtol=1e-6)
