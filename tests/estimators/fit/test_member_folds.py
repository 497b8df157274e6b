"""member_folds: every member holds out samples of its own."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet.net.losses import Quantile
from sklearn_bpnet.options import MemberFolds

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FEW = {"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, "tol": 0}
# of samples as they are, so that a member and a network of its own samples agree
AS_THEY_ARE = FEW | {"input_scaling": None, "dtype": "float64"}
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def made(estimator, **parameters):
    if estimator is BPNetRegressor and parameters.get("input_scaling", 1) is None:
        parameters = {"target_scaling": None} | parameters
    return estimator(**parameters)


def folds_of(model, n_folds=5):
    """Training and held-out indices of every fold."""
    fold = model.oof_fold_
    every = np.arange(len(fold))
    return [(every[fold != k], every[fold == k]) for k in range(n_folds)]


def alone(model, member, X, y, train, held_out, **weights):
    """A network that trains and validates on the same samples as a member."""
    # of all samples, if it is "auto"
    alpha = model.plan_.get("alpha", model.alpha)
    parameters = {"n_members": 1, "member_folds": None, "alpha": alpha}
    one = clone(model).set_params(random_state=member.random_state, **parameters)
    if weights:
        w = weights["sample_weight"]
        weights = {"sample_weight": w[train], "sample_weight_val": w[held_out]}
    return one.fit(X[train], y[train], X_val=X[held_out], y_val=y[held_out], **weights)


def weights_of(model):
    return [W for member in model.estimators_ for W in member.coefs_]


def outputs(model, X):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


# The members


@each_class
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 40},
        {"early_stopping": True, "scoring": "loss", "solver": "lbfgs"},
        {"batch_size": 16, "dropout": 0.2, "initializer": "unit_variance"},
        {"ema_decay": 0.9, "n_members": 10},
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_member_is_a_network_that_holds_out_its_fold(
    estimator, parameters, weighted, iris, rng
):
    X, y = iris
    w = {"sample_weight": rng.uniform(1, 2, size=len(X))} if weighted else {}
    parameters = AS_THEY_ARE | {"n_members": 5, "member_folds": 5} | parameters
    model = made(estimator, **parameters).fit(X, y, **w)
    folds = folds_of(model)
    assert len(model.estimators_) == parameters["n_members"]
    for m, member in enumerate(model.estimators_):
        one = alone(model, member, X, y, *folds[m % 5], **w)
        for ours, theirs in zip(member.coefs_, one.coefs_, strict=True):
            assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
        for name in member.history_.keys() - {"seconds"}:
            assert_allclose(member.history_[name], one.history_[name], rtol=1e-9)
        assert member.best_epoch_ == one.best_epoch_
        assert member.t_ == one.t_ == 120 * member.n_iter_


@each_class
@pytest.mark.parametrize("scoring", ["neg_log_loss", "neg_max_error"])
def test_a_scorer_sees_the_samples_of_the_members_fold(estimator, scoring, iris):
    if (scoring == "neg_max_error") == (estimator is BPNetClassifier):
        pytest.skip("a scorer of the other task")
    X, y = iris
    model = made(
        estimator, n_members=3, member_folds=3, early_stopping=True, scoring=scoring,
        **AS_THEY_ARE,
    ).fit(X, y)  # fmt: skip
    for member, fold in zip(model.estimators_, folds_of(model, 3), strict=True):
        expected = alone(model, member, X, y, *fold).validation_scores_
        assert_allclose(member.validation_scores_, expected)


def test_members_share_one_scaling_and_hold_no_samples(iris):
    X, y = iris
    model = BPNetClassifier(n_members=5, member_folds=5, **FEW).fit(X, y)
    assert_allclose(model.input_mean_, X.mean(axis=0))
    assert all(net.input_mean_ is model.input_mean_ for net in model.estimators_)
    warm = clone(model).set_params(warm_start=True).fit(X, y)
    for one in (model, warm):
        states = [one._fitted.state, *(net.state for net in one._fitted.networks)]
        assert all(not state.folds and state.split is None for state in states)


@each_class
@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("compiled", [False, True])
def test_results_are_the_same_for_every_n_jobs(estimator, backend, compiled, iris):
    if compiled:
        pytest.importorskip("numba")
    X, y = iris
    model = estimator(
        n_members=3, member_folds=MemberFolds(3, refit=True), early_stopping=True,
        batch_size=20, **FEW,
    )  # fmt: skip
    with config_context(compiled=compiled):
        one = clone(model).fit(X, y)
        with parallel_config(backend=backend):
            other = clone(model).set_params(n_jobs=2).fit(X, y)
    assert_array_equal(one.oof_prediction_, other.oof_prediction_)
    assert_array_equal(outputs(one, X), outputs(other, X))


@each_class
def test_a_sample_of_weight_0_is_in_no_fold(estimator, iris, rng):
    X, y = iris
    w = rng.integers(0, 3, size=len(X)).astype(float)
    for folds in (3, KFold(3, shuffle=True, random_state=1)):
        model = estimator(n_members=3, member_folds=folds, **FEW)
        with_0 = clone(model).fit(X, y, sample_weight=w)
        without = clone(model).fit(X[w > 0], y[w > 0], sample_weight=w[w > 0])
        assert_array_equal(weights_of(with_0)[0], weights_of(without)[0])
        assert_array_equal(with_0.oof_prediction_[w > 0], without.oof_prediction_)
        assert with_0.oof_score_ == without.oof_score_
        assert np.isnan(with_0.oof_prediction_[w == 0]).all()
        assert (with_0.oof_fold_[w == 0] == -1).all()


# The folds


@pytest.mark.parametrize("data", ["iris", "binary", "multilabel", "regression"])
def test_folds_are_of_equal_size_and_stratified(data, request):
    X, y = request.getfixturevalue(data)
    cls = BPNetRegressor if data == "regression" else BPNetClassifier
    model = cls(n_members=4, member_folds=4, **FEW).fit(X, y)
    sizes = np.bincount(model.oof_fold_)
    assert len(sizes) == 4
    assert sizes.max() - sizes.min() <= 1
    if y.ndim == 1 and data != "regression":
        for label in np.unique(y):
            shares = np.bincount(model.oof_fold_[y == label], minlength=4)
            assert shares.max() - shares.min() <= 1
    others = clone(model).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(model.oof_fold_, others.oof_fold_)


def test_the_only_sample_of_a_class_is_trained_on_by_all(iris):
    X, y = iris
    y = y.copy()
    y[[10, 30, 50, 70]] = 3, 4, 4, 4  # fewer than folds
    clf = BPNetClassifier(n_members=5, member_folds=5, **FEW).fit(X, y)
    assert clf.oof_fold_[10] == -1
    assert np.isnan(clf.oof_prediction_[10]).all()
    assert len(set(clf.oof_fold_[[30, 50, 70]])) == 3
    rest = np.delete(np.arange(150), 10)
    assert np.isfinite(clf.oof_prediction_[rest]).all()


@each_class
@pytest.mark.parametrize("folds", [5, GroupKFold(5)])
def test_groups_stay_together(estimator, folds, iris, rng):
    X, y = iris
    groups = rng.integers(20, size=len(X))
    model = estimator(n_members=5, member_folds=folds, **FEW).fit(X, y, groups=groups)
    for group in range(20):
        assert len(set(model.oof_fold_[groups == group])) == 1
    assert set(model.oof_fold_) == set(range(5))


@each_class
@pytest.mark.parametrize(
    "splitter",
    [
        KFold(3),
        StratifiedKFold(3),
        TimeSeriesSplit(3),
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        ShuffleSplit(4, random_state=0),
    ],
    ids=str,
)
@pytest.mark.parametrize("as_list", [False, True])
def test_out_of_fold_predictions_are_those_of_a_loop(
    estimator, splitter, as_list, iris
):
    X, y = iris
    if estimator is BPNetRegressor and isinstance(splitter, StratifiedKFold):
        splitter = KFold(4)
    pairs = [tuple(map(np.sort, pair)) for pair in splitter.split(X, y)]
    folds = pairs if as_list else splitter
    model = made(estimator, n_members=len(pairs), member_folds=folds, **AS_THEY_ARE)
    model.fit(X, y)
    of_samples = [[] for _ in X]
    for member, (train, held_out) in zip(model.estimators_, pairs, strict=True):
        one = alone(model, member, X, y, train, held_out)
        assert_allclose(member.coefs_[0], one.coefs_[0], rtol=1e-9)
        for i, predicted in zip(held_out, outputs(one, X[held_out]), strict=True):
            of_samples[i].append(predicted)
    known = np.array([len(of) > 0 for of in of_samples])
    expected = np.array([np.mean(of, axis=0) for of in of_samples if of])
    assert_allclose(model.oof_prediction_[known], expected, rtol=1e-9)
    assert np.isnan(model.oof_prediction_[~known]).all()
    if estimator is BPNetClassifier:
        score = accuracy_score(y[known], expected.argmax(axis=1))
    else:
        score = r2_score(y[known], expected)
    assert model.oof_score_ == pytest.approx(score)
    n_held_out = sum(len(held_out) for _, held_out in pairs)
    assert hasattr(model, "oof_fold_") == (n_held_out == known.sum())


@each_class
def test_out_of_fold_predictions_are_those_of_cross_validation(estimator, iris):
    X, y = iris
    method = "predict_proba" if estimator is BPNetClassifier else "predict"
    settings = AS_THEY_ARE | {"solver": "gd"}
    start = made(estimator, **settings).fit(X, y)
    given = {"coefs_init": start.coefs_, "intercepts_init": start.intercepts_}
    model = made(estimator, n_members=5, member_folds=KFold(5), **settings)
    one = made(estimator, **settings)
    expected = cross_val_predict(one, X, y, cv=KFold(5), method=method, params=given)
    assert_allclose(model.fit(X, y, **given).oof_prediction_, expected, rtol=1e-9)


def test_masks_are_indices(iris):
    X, y = iris
    pairs = list(KFold(3).split(X))
    masks = []
    for pair in pairs:
        both = np.zeros((2, 150), dtype=bool)
        for mask, indices in zip(both, pair, strict=True):
            mask[indices] = True
        masks.append(tuple(both))
    one, other = (
        BPNetClassifier(n_members=3, member_folds=folds, **FEW).fit(X, y)
        for folds in (pairs, tuple(masks))
    )
    assert_array_equal(one.oof_prediction_, other.oof_prediction_)


# What they predict


@pytest.mark.parametrize("n_members", [3, 6])
@pytest.mark.parametrize("loss", ["log_loss", "hinge", "squared_error"])
@pytest.mark.parametrize("data", ["iris", "binary", "multilabel"])
def test_predictions_of_classes(n_members, loss, data, request):
    X, y = request.getfixturevalue(data)
    clf = BPNetClassifier(n_members=n_members, member_folds=3, loss=loss, **FEW)
    clf.fit(X, y)
    method = "decision_function" if loss == "hinge" else "predict_proba"
    expected = np.empty(clf.oof_prediction_.shape)
    labels = np.empty(y.shape, dtype=int)
    for k in range(3):
        held_out = clf.oof_fold_ == k
        each = [getattr(m, method)(X[held_out]) for m in clf.estimators_[k::3]]
        expected[held_out] = np.mean(each, axis=0)
    if loss == "hinge":
        labels = expected.argmax(axis=1) if data == "iris" else expected > 0
    else:
        labels = expected > 0.5 if data == "multilabel" else expected.argmax(axis=1)
    assert_allclose(clf.oof_prediction_, expected, rtol=1e-6)
    assert clf.oof_score_ == pytest.approx(accuracy_score(y, labels))


@pytest.mark.parametrize("n_members", [2, 4])
def test_predictions_of_columns_of_classes(n_members, iris):
    X, y = iris
    Y = np.column_stack([y, y % 2, X[:, 0] > 5.8])
    clf = BPNetClassifier(n_members=n_members, member_folds=2, **FEW).fit(X, Y)
    right = np.ones(150, dtype=bool)
    for j, predicted in enumerate(clf.oof_prediction_):
        for k in range(2):
            held_out = clf.oof_fold_ == k
            members = clf.estimators_[k::2]
            each = [m.predict_proba(X[held_out])[j] for m in members]
            assert_allclose(predicted[held_out], np.mean(each, axis=0), rtol=1e-6)
        right &= clf.classes_[j][predicted.argmax(axis=1)] == Y[:, j]
    assert clf.oof_score_ == pytest.approx(right.mean())


@pytest.mark.parametrize("n_members", [3, 6])
@pytest.mark.parametrize(
    "parameters", [{}, {"loss": Quantile((0.1, 0.5, 0.9))}, {"clip_predictions": True}]
)
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_predictions_of_targets(
    n_members, parameters, n_targets, weighted, regression, rng
):
    X, y = regression
    y = y if n_targets == 1 else np.column_stack([y, X[:, 0]])
    w = rng.uniform(size=len(X)) if weighted else None
    reg = BPNetRegressor(n_members=n_members, member_folds=3, **FEW, **parameters)
    reg.fit(X, y, w)
    expected = np.empty(reg.oof_prediction_.shape)
    for k in range(3):
        held_out = reg.oof_fold_ == k
        each = [m.predict(X[held_out]) for m in reg.estimators_[k::3]]
        expected[held_out] = np.mean(each, axis=0)
    assert_allclose(reg.oof_prediction_, expected, rtol=1e-6, atol=1e-9)
    if "loss" in parameters:
        expected = expected[..., 1]
    assert reg.oof_score_ == pytest.approx(r2_score(y, expected, sample_weight=w))


@each_class
@pytest.mark.parametrize("n_members", [2, 4])
def test_members_that_share_weights_hold_out_the_same(estimator, n_members, iris):
    X, y = iris
    model = estimator(n_members=n_members, member_folds=2, shared_members=3, **FEW)
    if estimator is BPNetClassifier:
        model.set_params(calibration="temperature")
    model.fit(X, y)
    for k in range(2):
        held_out = model.oof_fold_ == k
        each = [outputs(m, X[held_out]) for m in model.estimators_[k::2]]
        expected = np.mean(each, axis=0)
        assert_allclose(model.oof_prediction_[held_out], expected, rtol=1e-6)


def test_the_score_has_no_class_weights(binary, rng):
    X, y = binary
    w = rng.uniform(1, 2, size=len(X))
    clf = BPNetClassifier(
        n_members=2, member_folds=2, class_weight={0: 5, 1: 1}, **FEW
    ).fit(X, y, w)
    predicted = clf.oof_prediction_.argmax(axis=1)
    expected = accuracy_score(y, predicted, sample_weight=w)
    assert clf.oof_score_ == pytest.approx(expected)


@each_class
def test_frames_with_categories_and_gaps(estimator, rng):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"a": rng.normal(size=90), "b": rng.choice(["x", "y", "z"], size=90)}
    )
    frame.loc[::9, "a"] = np.nan
    frame["b"] = frame["b"].astype("category")
    y = (frame["b"] == "x").astype(int)
    model = estimator(n_members=3, member_folds=3, early_stopping=True, **FEW)
    model.fit(frame, y)
    for k, member in enumerate(model.estimators_):
        held_out = model.oof_fold_ == k
        expected = outputs(member, frame[held_out])
        assert_allclose(model.oof_prediction_[held_out], expected, rtol=1e-6)


@each_class
def test_sparse_samples(estimator, iris):
    X, y = iris
    settings = AS_THEY_ARE | {"n_members": 3, "member_folds": 3}
    dense, csr = (
        made(estimator, **settings).fit(of, y) for of in (X, sparse.csr_array(X))
    )
    assert_allclose(csr.oof_prediction_, dense.oof_prediction_, rtol=1e-6)


def test_a_single_class_is_not_split(iris):
    X, _ = iris
    clf = BPNetClassifier(n_members=3, member_folds=3, **FEW).fit(X, np.zeros(150))
    assert not hasattr(clf, "oof_prediction_")
    assert_array_equal(clf.predict_proba(X), np.ones((150, 1)))


@each_class
def test_clone_pickle_and_attributes_of_the_next_fit(estimator, iris):
    X, y = iris
    folds = MemberFolds(ShuffleSplit(3, random_state=0))
    model = estimator(n_members=3, member_folds=folds, **FEW).fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    assert_array_equal(copied.oof_prediction_, model.oof_prediction_)
    assert clone(model).member_folds.folds.n_splits == 3
    member = model.estimators_[0]
    assert member.member_folds is None
    assert not hasattr(member, "oof_prediction_")
    model.set_params(member_folds__folds=3).fit(X, y)
    assert model.member_folds == MemberFolds(3)
    assert hasattr(model, "oof_fold_")
    model.set_params(member_folds=None).fit(X, y)
    assert not any(name.startswith("oof_") for name in vars(model))


# What does not go together


@each_class
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_members": 1}, "member_folds=5 needs 5 members, or a multiple of 5"),
        ({"n_members": 7}, "got n_members=7. Use n_members=5"),
        (
            {"member_folds": KFold(4)},
            r"KFold\(.*\) needs 4 members, or a multiple of 4",
        ),
        ({"member_folds": KFold(4), "n_members": 1}, "needs as many members as folds"),
        ({"member_folds": 1}, "'member_folds' parameter"),
        ({"member_folds": "all"}, "'member_folds' parameter"),
        ({"member_folds": True}, "'member_folds' parameter"),
        ({"member_folds": [1]}, "folds must be a whole number of at least 2"),
        ({"member_folds": [1, 2]}, r"member_folds=\[1, 2\] must consist of pairs"),
        ({"member_folds": [([0], [1, 150])] * 5}, "at least 0 and below 150"),
        ({"member_folds": [([0.0], [1, 2])] * 5}, "must consist of pairs of indices"),
        ({"member_folds": [([0], [1])] * 5}, "too small in fold 0: .* holds out 1"),
        ({"member_folds": [([0, 1], [1, 2])] * 5}, "must separate the samples"),
        ({"member_folds": 80, "n_members": 80}, "needs at least 160 samples"),
        ({"member_folds": GroupKFold(5)}, "member_folds=GroupKFold.* cannot split"),
        (
            {"member_folds": MemberFolds(5, refit=True), "warm_start": True},
            "member_folds=5 with refit=True .*warm_start=True",
        ),
        (
            {"member_folds": MemberFolds(5, refit=True), "learning_rate": "adaptive"},
            "learning_rate='adaptive' follows plateaus",
        ),
    ],
    ids=str,
)
def test_errors_name_parameter_and_remedy(estimator, parameters, message, iris):
    parameters = FEW | {"n_members": 5, "member_folds": 5} | parameters
    with pytest.raises(ValueError, match=message):
        estimator(**parameters).fit(*iris)


@each_class
def test_groups_must_suffice(estimator, iris):
    X, y = iris
    model = estimator(n_members=5, member_folds=5, **FEW)
    with pytest.raises(ValueError, match="member_folds=5 cannot split the 150 samples"):
        model.fit(X, y, groups=np.arange(150) % 3)
    model.set_params(member_folds=list(KFold(5).split(X)))
    with pytest.warns(UserWarning, match="groups has no effect, as member_folds lists"):
        model.fit(X, y, groups=np.arange(150) % 3)


@each_class
def test_a_given_validation_set_is_an_error(estimator, iris):
    X, y = iris
    model = estimator(n_members=5, member_folds=5, **FEW)
    with pytest.raises(ValueError, match="no use for X_val and y_val"):
        model.fit(X, y, X_val=X, y_val=y)
    model.set_params(early_stopping=True, validation_fraction=0.3)
    with pytest.warns(UserWarning, match=r"validation_fraction=0.3 has no effect with"):
        model.fit(X, y)


@each_class
def test_partial_fit_holds_nothing_out(estimator, iris):
    X, y = iris
    model = estimator(n_members=3, member_folds=3, **FEW)
    kwargs = {"classes": np.unique(y)} if estimator is BPNetClassifier else {}
    with pytest.raises(ValueError, match="partial_fit trains on all samples"):
        model.partial_fit(X, y, **kwargs)
    model.fit(X, y)
    before = outputs(model, X)
    with pytest.raises(ValueError, match="partial_fit trains on all samples"):
        model.partial_fit(X, y)
    assert_array_equal(outputs(model, X), before)
    model.set_params(member_folds=None).partial_fit(X, y)
    assert not hasattr(model, "oof_prediction_")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MemberFolds(1), "folds must be a whole number of at least 2"),
        (lambda: MemberFolds(2.0), "folds must be a whole number"),
        (lambda: MemberFolds("5"), "folds must be a whole number"),
        (lambda: MemberFolds([([0], [1])]), "a list of at least 2 pairs"),
        (lambda: MemberFolds(5, refit="yes"), "refit must be True or False"),
    ],
)
def test_an_option_refuses_what_it_does_not_know(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# More calls


@each_class
@pytest.mark.parametrize("folds", [3, KFold(3)])
def test_calls_of_one_epoch_are_one_call_of_many(estimator, folds, iris):
    X, y = iris
    settings = FEW | {"n_members": 3, "member_folds": folds, "dropout": 0.1}
    settings |= {"learning_rate": "constant", "alpha": 1e-4}
    whole = estimator(**settings).fit(X, y)
    warm = estimator(**settings | {"warm_start": True, "max_iter": 1})
    for _ in range(8):
        warm.fit(X, y)
    assert_array_equal(warm.oof_fold_, whole.oof_fold_)
    for ours, theirs in zip(weights_of(warm), weights_of(whole), strict=True):
        assert_array_equal(ours, theirs)
    assert_array_equal(warm.oof_prediction_, whole.oof_prediction_)
    other = slice(10, 140)  # other samples have other folds
    assert len(warm.fit(X[other], y[other]).oof_fold_) == 130


@each_class
def test_a_warm_start_does_not_hold_out_what_it_trained_on(estimator, iris):
    X, y = iris
    settings = FEW | {"n_members": 3, "warm_start": True}
    model = estimator(**settings).fit(X, y)
    with pytest.raises(ValueError, match="so far all members have trained on these"):
        model.set_params(member_folds=3).fit(X, y)
    model = estimator(member_folds=3, **settings).fit(X, y)
    with pytest.raises(ValueError, match="these are other folds than before"):
        model.set_params(member_folds=KFold(3)).fit(X, y)
    model.set_params(member_folds=None).fit(X, y)  # on all of them
    assert not hasattr(model, "oof_prediction_")
