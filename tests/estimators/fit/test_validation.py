"""The validation samples: given, chosen by a splitter or groups; the monitor."""

import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.options import EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])


@pytest.fixture
def noisy():
    """200 rows that a network overfits, three classes, and 100 for validation."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(300, 5))
    y = np.digitize(X[:, 0] + 0.7 * rng.normal(size=300), [-0.5, 0.5])
    return X[:200], y[:200], {"X_val": X[200:], "y_val": y[200:]}


def early(estimator, *, early_stopping=True, **kwargs):
    return estimator((20,), early_stopping=early_stopping, random_state=0, **kwargs)


def assert_same_weights(one, other, **tolerance):
    for ours, theirs in zip(
        one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        if tolerance:
            assert_allclose(ours, theirs, **tolerance)
        else:
            assert_array_equal(ours, theirs)


# Rows of the user's


@each_class
@each_solver
def test_given_samples_decide_and_none_is_set_aside(estimator, solver, noisy, splits):
    X, y, rows = noisy
    model = early(estimator, solver=solver).fit(X, y, **rows)
    assert splits == []
    assert_allclose(model.input_mean_, X.mean(axis=0))  # of all training rows
    score = model.score(rows["X_val"], rows["y_val"])
    assert_allclose(score, model.best_validation_score_, rtol=1e-5)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.n_iter_ < model.plan_["max_iter"]


@each_class
@each_solver
def test_without_early_stopping_given_samples_are_only_monitored(
    estimator, solver, noisy
):
    X, y, rows = noisy
    model = estimator((20,), solver=solver, max_iter=15, random_state=0)
    watched, plain = clone(model).fit(X, y, **rows), clone(model).fit(X, y)
    assert_same_weights(watched, plain)
    assert watched.loss_curve_ == plain.loss_curve_
    assert watched.n_iter_ == plain.n_iter_ == watched.best_epoch_
    score = watched.score(rows["X_val"], rows["y_val"])
    assert_allclose(watched.validation_scores_[-1], score, rtol=1e-5)
    assert len(watched.validation_loss_curve_) == 15


def test_the_validation_loss_is_the_mean_loss(noisy):
    X, y, rows = noisy
    s = np.linspace(0.1, 2, 100)
    clf = BPNetClassifier((20,), alpha=0.1, max_iter=5, random_state=0)
    clf.fit(X, y, **rows, sample_weight_val=s)
    P = clf.predict_proba(rows["X_val"])
    expected = log_loss(rows["y_val"], P, sample_weight=s)
    assert_allclose(clf.validation_loss_curve_[-1], expected, rtol=1e-5)


@each_class
@each_solver
def test_the_same_samples_by_hand_and_by_split_train_alike(
    estimator, solver, noisy, splits
):
    X, y, _ = noisy
    model = early(estimator, solver=solver, shuffle=False, initializer="zeros")
    model.set_params(hidden_layer_sizes=())
    if solver == "lbfgs":
        model.set_params(shuffle=True)
    chosen = clone(model).fit(X, y)
    [(training, validation)] = splits
    given = clone(model).fit(
        X[training], y[training], X_val=X[validation], y_val=y[validation]
    )
    assert_same_weights(given, chosen)
    assert given.validation_scores_ == chosen.validation_scores_


@each_class
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_of_the_validation_samples_count(estimator, weighted, noisy):
    X, y, rows = noisy
    s = (np.arange(100) % 2).astype(float)
    model = early(estimator, max_iter=10)
    if not weighted:
        s = np.ones(100)
    by_weight = clone(model).fit(X, y, **rows, sample_weight_val=s)
    kept = {name: values[s > 0] for name, values in rows.items()}
    assert_allclose(
        by_weight.validation_scores_,
        clone(model).fit(X, y, **kept).validation_scores_,
        rtol=1e-6,  # sums of float32 in another order
    )


@each_class
def test_sparse_rows_and_dataframes_validate_too(estimator, noisy):
    pd = pytest.importorskip("pandas")
    X, y, rows = noisy
    model = early(estimator, max_iter=8, input_scaling=None, dtype="float64")
    dense = clone(model).fit(X, y, **rows)
    other = {**rows, "X_val": sparse.csr_array(rows["X_val"])}
    assert_same_weights(clone(model).fit(X, y, **other), dense, rtol=1e-9, atol=1e-12)
    names = list("abcde")
    frame = {**rows, "X_val": pd.DataFrame(rows["X_val"], columns=names)}
    by_frame = clone(model).fit(pd.DataFrame(X, columns=names), y, **frame)
    assert_same_weights(by_frame, dense)


def test_labels_need_not_all_be_in_the_validation_rows(noisy):
    X, y, rows = noisy
    for warm_start in (False, True):
        clf = early(BPNetClassifier, max_iter=3, warm_start=warm_start)
        few = rows["y_val"] != 1
        for _ in range(2):
            clf.fit(X, y, X_val=rows["X_val"][few], y_val=rows["y_val"][few])
        assert list(clf.classes_) == [0, 1, 2]


@each_class
def test_several_outputs(estimator, noisy):
    X, y, rows = noisy
    Y, Y_val = (np.c_[t > 0, t > 1].astype(int) for t in (y, rows["y_val"]))
    model = early(estimator, max_iter=5).fit(X, Y, X_val=rows["X_val"], y_val=Y_val)
    assert_allclose(
        model.score(rows["X_val"], Y_val), model.best_validation_score_, rtol=1e-5
    )


@each_solver
def test_x_val_through_a_scaled_pipeline_is_scaling_by_hand(solver, noisy):
    X, y, rows = noisy
    X = X * [1, 10, 100, 1e3, 1e4]
    X_val = rows["X_val"] * [1, 10, 100, 1e3, 1e4]
    clf = early(BPNetClassifier, solver=solver, input_scaling=None)
    scaler = StandardScaler().fit(X)
    by_hand = clone(clf).fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=rows["y_val"]
    )
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(clf).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(
            StandardScaler(), routed, transform_input=["X_val"]
        ).fit(X, y, X_val=X_val, y_val=rows["y_val"])
    assert_same_weights(pipeline[-1], by_hand)
    assert pipeline[-1].validation_scores_ == by_hand.validation_scores_


INVALID = [
    ({"X_val": np.ones((3, 5))}, "X_val and y_val must be given together"),
    ({"y_val": np.ones(3)}, "X_val and y_val must be given together"),
    ({"sample_weight_val": np.ones(3)}, "X_val and y_val must be given together"),
    ({"X_val": np.ones((3, 4)), "y_val": np.ones(3)}, "4 features"),
    ({"X_val": np.ones((3, 5)), "y_val": np.ones(2)}, "inconsistent numbers"),
    ({"X_val": np.full((3, 5), np.inf), "y_val": np.ones(3)}, "infinity"),
    (
        {
            "X_val": np.ones((3, 5)),
            "y_val": np.ones(3),
            "sample_weight_val": np.zeros(3),
        },
        "sample_weight",
    ),
]


@each_class
@pytest.mark.parametrize(("rows", "message"), INVALID)
def test_samples_that_are_not_valid_are_refused(estimator, rows, message, noisy):
    X, y, _ = noisy
    with pytest.raises(ValueError, match=message):
        early(estimator).fit(X, y, **rows)


def test_targets_of_another_kind_are_refused(noisy):
    X, y, _ = noisy
    with pytest.raises(ValueError, match=r"classes that y does not have: \[7\]"):
        early(BPNetClassifier).fit(X, y, X_val=X, y_val=np.where(y == 2, 7, y))
    with pytest.raises(ValueError, match="y_val must be of the same kind as y"):
        early(BPNetClassifier).fit(X, y, X_val=X, y_val=np.c_[y > 0, y > 1].astype(int))
    for y_val in (np.c_[y, y], np.c_[y, y, y]):
        with pytest.raises(ValueError, match=r"y_val has \d outputs, but y has 1"):
            early(BPNetRegressor).fit(X, y, X_val=X, y_val=y_val)


# Splitters and groups


@pytest.mark.parametrize(
    ("estimator", "solver"),
    [(BPNetClassifier, "adam"), (BPNetRegressor, "sgd"), (BPNetRegressor, "lbfgs")],
)
@pytest.mark.parametrize(
    "splitter",
    [
        KFold(4),
        StratifiedKFold(4, shuffle=True, random_state=0),
        TimeSeriesSplit(3),
        PredefinedSplit(np.where(np.arange(200) % 7 == 0, 0, -1)),
    ],
    ids=lambda s: type(s).__name__,
)
def test_a_splitter_chooses_the_samples(estimator, solver, splitter, noisy, splits):
    X, y, _ = noisy
    model = early(estimator, solver=solver, max_iter=3)
    model.set_params(validation_fraction=splitter).fit(X, y)
    [(training, validation)] = splits
    expected = next(iter(splitter.split(X, y)))
    assert_array_equal(training, expected[0])
    assert_array_equal(validation, expected[1])
    if isinstance(splitter, TimeSeriesSplit):
        assert training.max() < validation.min()
    assert_allclose(
        model.best_validation_score_,
        model.score(X[validation], y[validation]),
        rtol=1e-5,
    )


@each_class
@pytest.mark.parametrize(
    "how", [0.2, 0.5, GroupKFold(4), GroupShuffleSplit(1, random_state=0)], ids=str
)
@pytest.mark.parametrize("weighted", [False, True])
def test_groups_stay_together(estimator, how, weighted, noisy, splits):
    X, y, _ = noisy
    groups = np.random.default_rng(0).integers(20, size=200)
    weights = (np.arange(200) % 3 > 0).astype(float) if weighted else None
    for seed in range(5):
        model = early(estimator, max_iter=1, validation_fraction=how)
        model.set_params(random_state=seed).fit(X, y, weights, groups=groups)
    for training, validation in splits:
        assert not set(groups[training]) & set(groups[validation])
        if weighted:
            assert weights[training].all()
            assert weights[validation].all()
        else:
            assert len(training) + len(validation) == 200


def test_groups_are_routed_through_a_search(noisy, splits):
    X, y, _ = noisy
    groups = np.arange(200) // 10
    with sklearn.config_context(enable_metadata_routing=True):
        clf = early(BPNetClassifier, max_iter=1).set_fit_request(groups=True)
        GridSearchCV(clf, {"alpha": [0.1]}, cv=GroupKFold(3)).fit(X, y, groups=groups)
    assert len(splits) == 4


def test_groups_without_effect_are_named(noisy):
    X, y, rows = noisy
    groups = np.arange(200)
    with pytest.warns(UserWarning, match="groups has no effect"):
        BPNetClassifier((5,), max_iter=1).fit(X, y, groups=groups)
    with pytest.warns(UserWarning, match="groups has no effect"):
        early(BPNetClassifier, max_iter=1).fit(X, y, groups=groups, **rows)
    with pytest.raises(ValueError, match="inconsistent"):
        early(BPNetClassifier).fit(X, y, groups=groups[:5])


class Leaking:
    """Training and validation overlap."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1

    def split(self, X, y=None, groups=None):
        yield np.arange(100), np.arange(90, 200)


class Empty(Leaking):
    """One row for validation."""

    def split(self, X, y=None, groups=None):
        yield np.arange(199), np.array([199])


@pytest.mark.parametrize(
    ("splitter", "message"),
    [(Leaking(), "the same samples"), (Empty(), "validation set is too small")],
)
def test_splits_that_are_none_are_refused(splitter, message, noisy):
    with pytest.raises(ValueError, match=message):
        early(BPNetClassifier, validation_fraction=splitter).fit(*noisy[:2])


# What is monitored


@each_class
@each_solver
def test_the_loss_may_be_monitored(estimator, solver, noisy):
    X, y, rows = noisy
    model = early(estimator, solver=solver, scoring="loss").fit(X, y, **rows)
    losses = model.validation_loss_curve_
    assert model.best_epoch_ == np.argmin(losses) + 1
    assert model.n_iter_ < model.plan_["max_iter"]
    assert not hasattr(model, "validation_scores_")
    assert not hasattr(model, "best_validation_score_")
    assert "validation_score" not in model.history_


def count_of_hits(estimator, X, y):
    """A scorer of the user's."""
    return np.sum(estimator.predict(X) == y)


@each_solver
@pytest.mark.parametrize(
    "scoring",
    ["neg_log_loss", make_scorer(accuracy_score), count_of_hits, "roc_auc_ovr"],
    ids=["name", "made", "function", "of probabilities"],
)
def test_any_scorer_may_be_monitored(solver, scoring, noisy):
    X, y, rows = noisy
    clf = early(BPNetClassifier, solver=solver, scoring=scoring, max_iter=25)
    clf.fit(X, y, **rows)
    scorer = sklearn.metrics.check_scoring(clf, scoring)
    now = scorer(clf, rows["X_val"], rows["y_val"])
    assert_allclose(clf.best_validation_score_, now, rtol=1e-5)
    assert clf.best_validation_score_ == max(clf.validation_scores_)


@each_class
def test_the_default_score_is_the_scorer_of_that_name(estimator, noisy):
    X, y, rows = noisy
    name = "accuracy" if estimator is BPNetClassifier else "r2"
    one = early(estimator).fit(X, y, **rows)
    other = early(estimator, scoring=name).fit(X, y, **rows)
    assert_allclose(one.validation_scores_, other.validation_scores_, rtol=1e-4)
    assert one.best_epoch_ == other.best_epoch_


def test_scorers_see_the_labels_and_the_units_of_the_user(noisy):
    X, y, rows = noisy
    seen = []

    def look(estimator, X, y):
        seen.append((estimator.predict(X), y))
        return 0.0

    names = np.array(["low", "mid", "high"])
    early(BPNetClassifier, scoring=look, max_iter=2).fit(
        X, names[y], X_val=rows["X_val"], y_val=names[rows["y_val"]]
    )
    early(BPNetRegressor, scoring=look, max_iter=2).fit(X, 1000.0 + y)
    predicted, given = seen[0]
    assert set(predicted) <= set(names)
    assert_array_equal(given, names[rows["y_val"]])
    predicted, given = seen[-1]
    assert (predicted > 900).all()
    assert (given >= 1000).all()


def test_a_scorer_is_not_troubled_by_names_of_features(noisy):
    pd = pytest.importorskip("pandas")
    X, y, _ = noisy
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        early(BPNetClassifier, scoring="f1_macro", max_iter=2).fit(
            pd.DataFrame(X, columns=list("abcde")), y
        )


def test_scorers_get_the_weights(noisy):
    X, y, rows = noisy
    s = np.linspace(0, 1, 100)
    reg = early(BPNetRegressor, scoring="r2", max_iter=4)
    reg.fit(X, y, **rows, sample_weight_val=s)
    now = r2_score(rows["y_val"], reg.predict(rows["X_val"]), sample_weight=s)
    assert_allclose(reg.best_validation_score_, now, rtol=1e-5)


def test_ties_decide_between_equal_scores(noisy):
    X, y, rows = noisy
    flat = {"scoring": lambda estimator, X, y: 0.5, "n_iter_no_change": 4}
    best = {}
    for ties in ("first", "last"):
        option = EarlyStopping(ties)
        clf = early(BPNetClassifier, early_stopping=option, **flat).fit(X, y, **rows)
        assert clf.n_iter_ == 1 + 4
        best[ties] = clf.best_epoch_
    assert best == {"first": 1, "last": 5}
    clf = early(BPNetClassifier, **flat).fit(X, y, **rows)
    losses = clf.validation_loss_curve_
    assert clf.best_epoch_ == np.argmin(losses) + 1 > 5


@pytest.mark.parametrize(
    "parameters",
    [
        {"scoring": "no such score"},
        {"scoring": 3},
        {"early_stopping": "yes"},
        {"ema_decay": 1.0},
        {"ema_decay": -0.1},
        {"validation_fraction": "half"},
    ],
    ids=str,
)
def test_parameters_that_are_not_valid_are_refused(parameters, noisy):
    [name] = parameters
    with pytest.raises(ValueError, match=name):
        early(BPNetClassifier).set_params(**parameters).fit(*noisy[:2])


# The average of the weights


@each_class
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_the_average_is_what_is_validated_and_kept(estimator, solver, noisy):
    X, y, rows = noisy
    model = early(estimator, solver=solver, ema_decay=0.99, learning_rate_init=0.01)
    model.fit(X, y, **rows)
    assert_allclose(
        model.best_validation_score_,
        model.score(rows["X_val"], rows["y_val"]),
        rtol=1e-5,
    )


@each_class
def test_an_average_of_one_step_is_no_average(estimator, noisy):
    X, y, _ = noisy
    model = estimator((20,), max_iter=4, random_state=0)
    assert_same_weights(
        clone(model).set_params(ema_decay=0.0).fit(X, y), model.fit(X, y)
    )


@each_class
def test_an_average_moves_less_than_the_weights(estimator, noisy):
    """Scores of the last epochs scatter less with it."""
    X, y, rows = noisy
    model = estimator(
        (20,), solver="sgd", learning_rate_init=0.05, tol=0, n_iter_no_change=np.inf,
        batch_size=10, max_iter=60, random_state=0,
    )  # fmt: skip
    spread = {
        decay: np.std(
            np.diff(
                clone(model)
                .set_params(ema_decay=decay)
                .fit(X, y, **rows)
                .validation_loss_curve_[-30:]
            )
        )
        for decay in (None, 0.99)
    }
    assert spread[0.99] < 0.5 * spread[None]


def test_lbfgs_has_no_average(noisy):
    with pytest.warns(UserWarning, match=r"ema_decay=0\.9 has no effect"):
        BPNetClassifier((5,), solver="lbfgs", ema_decay=0.9).fit(*noisy[:2])
