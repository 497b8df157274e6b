"""Early stopping: which rows are set aside, when training ends, what is kept."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import PredefinedSplit

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])


@pytest.fixture
def noisy():
    """300 rows that a large network overfits, three classes."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(300, 5))
    y = np.digitize(X[:, 0] + 0.7 * rng.normal(size=300), [-0.5, 0.5])
    return X, y


def overfitting(estimator, solver="adam", **kwargs):
    setting = {"validation_fraction": 0.3, "random_state": 0, "alpha": 1e-5}
    setting |= {"max_iter": 200, **kwargs}
    if solver != "lbfgs":
        setting |= {"learning_rate": "constant", "batch_size": 32}
        fast = solver == "sgd" and estimator is BPNetClassifier
        setting["learning_rate_init"] = 0.1 if fast else 0.02
    return estimator((50,), solver=solver, early_stopping=True, **setting)


@each_class
@each_solver
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weights"])
def test_the_best_weights_are_restored(estimator, solver, weighted, noisy, splits):
    X, y = noisy
    weights = np.linspace(0.1, 2, len(y)) if weighted else None
    model = overfitting(estimator, solver).fit(X, y, weights)
    [(_, rows)] = splits
    score = accuracy_score if estimator is BPNetClassifier else r2_score
    weights = weights[rows] if weighted else None
    now = score(y[rows], model.predict(X[rows]), sample_weight=weights)
    assert_allclose(model.best_validation_score_, now, rtol=1e-5)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.validation_scores_[-1] < model.best_validation_score_
    assert model.n_iter_ < model.max_iter


@each_class
@each_solver
def test_training_ends_sooner_and_generalises_no_worse(estimator, solver, noisy):
    X, y = noisy
    early = overfitting(estimator, solver).fit(X[:200], y[:200])
    late = clone(early).set_params(early_stopping=False, validation_fraction=0.1)
    late.fit(X[:200], y[:200])
    assert early.n_iter_ < late.n_iter_
    assert early.score(X[200:], y[200:]) >= late.score(X[200:], y[200:])


@pytest.mark.parametrize("patience", [1, 3, 10])
@pytest.mark.parametrize("tol", [0.0, 0.01])
@each_solver
def test_patience_is_counted_exactly(patience, tol, solver, noisy):
    reg = overfitting(BPNetRegressor, solver, n_iter_no_change=patience, tol=tol)
    reg.set_params(validation_fraction=0.1)
    scores = reg.fit(*noisy).validation_scores_
    assert scores[1] > scores[0]  # it has moved, so from here on epochs count
    best, count = scores[1], 0
    for n_iter, score in enumerate(scores[2:], start=3):
        count = 0 if score - best >= tol else count + 1
        best = max(best, score)
        assert (count == patience) == (n_iter == reg.n_iter_)
    assert len(scores) == reg.n_iter_


@each_class
def test_infinite_patience_trains_to_the_end(estimator, noisy):
    model = overfitting(estimator, n_iter_no_change=np.inf, max_iter=40)
    assert model.fit(*noisy).n_iter_ == 40


def test_an_accuracy_that_stands_still_is_waited_for_while_the_loss_falls(noisy):
    """At first all rows fall to the common class, which nine in ten are."""
    X, _ = noisy
    rare = (X[:, 0] > np.quantile(X[:, 0], 0.9)).astype(int)
    clf = BPNetClassifier(
        (),
        early_stopping=True,
        initializer="zeros",
        input_scaling=None,
        learning_rate="constant",
        learning_rate_init=0.1,
        alpha=1e-5,
        batch_size=32,
        n_iter_no_change=3,
        random_state=0,
    ).fit(0.1 * X, rare)
    scores = clf.validation_scores_
    assert scores[:5] == [0.9] * 5
    assert clf.best_validation_score_ > 0.9


@each_solver
def test_a_score_that_only_falls_ends_training(solver, rng):
    """Nothing but noise: every epoch fits it better and predicts worse."""
    X, y = rng.normal(size=(100, 40)), rng.normal(size=100)
    rate = {} if solver == "lbfgs" else {"learning_rate_init": 0.01}
    reg = BPNetRegressor(
        (),
        solver=solver,
        early_stopping=True,
        validation_fraction=0.3,
        initializer="zeros",
        n_iter_no_change=3,
        random_state=0,
        **rate,
    ).fit(X, y)
    scores = reg.validation_scores_
    assert max(scores) == scores[0]
    assert reg.n_iter_ == 1 + 3


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
@each_class
def test_validation_fraction_is_the_share_of_validation_rows(
    estimator, fraction, noisy, splits
):
    X, y = noisy
    estimator((2,), early_stopping=True, validation_fraction=fraction, max_iter=1).fit(
        X, y
    )
    [(training, validation)] = splits
    assert len(validation) == fraction * len(y)
    assert_array_equal(np.sort(np.r_[training, validation]), np.arange(len(y)))


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize(
    "labels", [np.arange, lambda n: np.array(list("abcdefghij"[:n]))]
)
def test_the_split_has_the_class_shares_of_the_data(n_classes, labels, splits, rng):
    counts = 20 * np.arange(1, n_classes + 1)
    y = np.repeat(labels(n_classes), counts)
    X = rng.normal(size=(len(y), 2))
    BPNetClassifier(
        (2,), early_stopping=True, validation_fraction=0.25, max_iter=1
    ).fit(X, y)
    [(_, validation)] = splits
    assert_array_equal(np.unique(y[validation], return_counts=True)[1], counts / 4)


def test_the_single_sample_of_a_class_stays_in_training(splits, rng):
    y = np.r_[np.zeros(30), np.ones(30), 2]
    X = rng.normal(size=(len(y), 2))
    for seed in range(10):
        BPNetClassifier((2,), early_stopping=True, max_iter=1, random_state=seed).fit(
            X, y
        )
    for training, validation in splits:
        assert 60 in training
        assert set(y[validation]) == {0, 1}


def test_a_few_samples_of_many_classes_leave_one_of_each_in_training(splits, rng):
    y = np.repeat(np.arange(10), 2)
    X = rng.normal(size=(len(y), 2))
    BPNetClassifier((2,), early_stopping=True, max_iter=1, random_state=0).fit(X, y)
    [(training, validation)] = splits
    assert set(y[training]) == set(y[validation]) == set(range(10))


@each_class
@each_solver
def test_rows_of_weight_zero_are_on_neither_side(estimator, solver, noisy, splits):
    X, y = noisy
    weights = (np.arange(len(y)) % 3 > 0).astype(float)
    model = estimator(
        (3,), solver=solver, early_stopping=True, max_iter=5, random_state=0
    )
    weighted = clone(model).fit(X, y, weights)
    [(training, validation)] = splits
    assert weights[training].all()
    assert weights[validation].all()
    assert len(training) + len(validation) == weights.sum()
    without = clone(model).fit(X[weights > 0], y[weights > 0])
    # the same but for the rounding of weighted statistics
    assert_allclose(weighted.loss_curve_, without.loss_curve_, rtol=1e-5)


@each_solver
def test_class_weights_count_in_the_validation_score(solver, noisy, splits):
    X, y = noisy
    factors = {0: 1.0, 1: 3.0, 2: 0.5}
    clf = overfitting(BPNetClassifier, solver, class_weight=factors).fit(X, y)
    [(_, rows)] = splits
    weights = np.vectorize(factors.get)(y[rows])
    now = accuracy_score(y[rows], clf.predict(X[rows]), sample_weight=weights)
    assert_allclose(clf.best_validation_score_, now)


@each_class
def test_statistics_come_from_the_training_rows(estimator, noisy, splits):
    X, y = noisy
    model = estimator((2,), early_stopping=True, max_iter=1).fit(X, y)
    [(training, _)] = splits
    assert_allclose(model.input_mean_, X[training].mean(axis=0))
    assert_allclose(model.input_scale_, X[training].std(axis=0))
    if estimator is BPNetRegressor:
        assert_allclose(model.target_mean_, y[training].mean())


@each_solver
def test_label_indicators_stop_early(solver, multilabel):
    X, Y = multilabel
    clf = overfitting(BPNetClassifier, solver).fit(X, Y)
    assert clf.predict(X).shape == Y.shape
    assert clf.best_validation_score_ == max(clf.validation_scores_)


@each_solver
def test_several_outputs_stop_early(solver, noisy, splits):
    X, y = noisy
    Y = np.c_[y, 100 * X[:, 1]]
    reg = overfitting(BPNetRegressor, solver).fit(X, Y)
    [(_, rows)] = splits
    now = r2_score(Y[rows], reg.predict(X[rows]))
    assert_allclose(reg.best_validation_score_, now, rtol=1e-5)


@each_class
def test_the_split_follows_random_state(estimator, noisy, splits):
    for seed in (0, 0, 1):
        estimator((2,), early_stopping=True, max_iter=1, random_state=seed).fit(*noisy)
    same, again, other = (set(validation) for _, validation in splits)
    assert same == again != other


def test_the_unit_of_the_targets_does_not_matter(noisy):
    X, y = noisy
    one, million = (overfitting(BPNetRegressor).fit(X, y * s) for s in (1.0, 1e6))
    assert one.n_iter_ == million.n_iter_
    assert_allclose(one.validation_scores_, million.validation_scores_, rtol=1e-3)


def test_without_early_stopping_nothing_is_set_aside(noisy, splits):
    clf = BPNetClassifier((2,), max_iter=1).fit(*noisy)
    assert splits == []
    assert not hasattr(clf, "validation_scores_")
    assert not hasattr(clf, "best_validation_score_")
    assert clf.best_loss_ == min(clf.loss_curve_)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma", "quantile"])
def test_rows_that_are_set_aside_decide_neither_start_nor_scaling(loss, smooth):
    X, y = smooth
    y = np.exp(y)
    y[300:] *= 100
    split = PredefinedSplit(np.repeat([-1, 0], [300, 100]))
    reg = BPNetRegressor((4,), loss=loss, early_stopping=True, max_iter=3)
    reg.set_params(random_state=0, shuffle=False)
    inside = clone(reg).set_params(validation_fraction=split).fit(X, y)
    apart = clone(reg).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert inside.loss_curve_ == apart.loss_curve_
    for ours, expected in zip(inside.coefs_, apart.coefs_, strict=True):
        assert_array_equal(ours, expected)
