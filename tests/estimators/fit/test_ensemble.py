"""n_members: networks that differ by their random streams, trained on the same rows."""

import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest
from joblib import parallel_config
from member_diary import Diary
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import log_softmax, logit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    config_context,
    empirical_risk,
)
from sklearn_bpnet._data.classification import Classification
from sklearn_bpnet._data.regression import Regression
from sklearn_bpnet._fit import ensemble as ensemble_module
from sklearn_bpnet._fit import pose as pose_module
from sklearn_bpnet._fit.parallel import ParallelCalls
from sklearn_bpnet.net.losses import Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FEW = {"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, "tol": 0}
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def weights(estimator):
    return [net.coefs_[0] for net in estimator.estimators_]


def outputs(estimator, X):
    if isinstance(estimator, BPNetClassifier):
        return estimator.predict_proba(X)
    return estimator.predict(X)


# What it consists of


@each_class
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_member_is_what_its_random_state_makes_of_the_same_rows(
    estimator, solver, iris
):
    ensemble = estimator(n_members=3, solver=solver, **FEW).fit(*iris)
    for member in ensemble.estimators_:
        alone = estimator(solver=solver, **FEW)
        alone.set_params(random_state=member.random_state).fit(*iris)
        assert_array_equal(member.coefs_[0], alone.coefs_[0])
        assert member.history_["loss"].tolist() == alone.history_["loss"].tolist()


@each_class
def test_members_differ_and_the_first_ones_are_those_of_a_smaller_ensemble(
    estimator, iris
):
    small, large = (estimator(n_members=k, **FEW).fit(*iris) for k in (2, 4))
    assert len({W.tobytes() for W in weights(large)}) == 4
    for ours, theirs in zip(weights(small), weights(large)[:2], strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True, "dropout": 0.1}])
def test_results_are_the_same_for_every_n_jobs(backend, settings, iris):
    X, y = iris
    clf = BPNetClassifier(n_members=3, **FEW, **settings)
    alone = clone(clf).fit(X, y)
    with parallel_config(backend=backend):
        together = clone(clf).set_params(n_jobs=2).fit(X, y)
    assert_array_equal(alone.predict_proba(X), together.predict_proba(X))
    assert alone.n_iter_ == together.n_iter_
    for ours, theirs in zip(weights(alone), weights(together), strict=True):
        assert_array_equal(ours, theirs)


def test_compiled_members_are_trained_by_threads(monkeypatch, iris):
    pytest.importorskip("numba")
    X, y = iris
    clf = BPNetClassifier(n_members=3, n_jobs=2, batch_size=20, **FEW)
    use_threads, run = [], ParallelCalls.run

    def noted(calls, *arguments):
        use_threads.append(calls.uses_threads)
        return run(calls, *arguments)

    monkeypatch.setattr(ParallelCalls, "run", noted)
    results = []
    for compiled in (False, True):
        with config_context(compiled=compiled):
            results.append(clone(clf).fit(X, y).predict_proba(X))
    with config_context(compiled=True), parallel_config(backend="loky"):
        results.append(clone(clf).fit(X, y).predict_proba(X))  # the user's choice
    assert use_threads == [False, True, False]
    assert_allclose(results[0], results[1], rtol=1e-4)
    with config_context(compiled=True):  # which all threads and processes are told
        alone = clone(clf).set_params(n_jobs=1).fit(X, y)
    for result in results[1:]:
        assert_array_equal(alone.predict_proba(X), result)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_results_are_the_same_where_a_single_fit_would_share_its_batches(backend, rng):
    X = rng.normal(size=(600, 300))
    y = X[:, 0] + X[:, 1] * X[:, 2]
    for solver in ("adam", "lbfgs"):
        reg = BPNetRegressor(
            (300, 300), solver=solver, n_members=2, max_iter=2, random_state=0
        )
        alone = clone(reg).fit(X, y)
        with parallel_config(backend=backend):
            together = clone(reg).set_params(n_jobs=2).fit(X, y)
        assert_array_equal(alone.predict(X), together.predict(X))


@each_class
def test_a_random_state_object_is_drawn_from_and_none_is_fresh(estimator, iris):
    def fit(random_state):
        return estimator(n_members=2, **FEW | {"random_state": random_state}).fit(*iris)

    ours, theirs = (fit(np.random.RandomState(3)) for _ in range(2))
    assert_array_equal(weights(ours), weights(theirs))
    assert not np.array_equal(weights(fit(None)), weights(fit(None)))


@each_class
def test_all_members_have_the_same_validation_rows(estimator, iris, monkeypatch):
    seen = []
    task = Classification if estimator is BPNetClassifier else Regression
    validate = task.score

    def noted(self, Z, A, Y, weights):
        seen.append(Y.copy())
        return validate(self, Z, A, Y, weights)

    monkeypatch.setattr(task, "score", noted)
    ensemble = estimator(n_members=3, early_stopping=True, **FEW).fit(*iris)
    assert len(seen) == sum(net.n_iter_ for net in ensemble.estimators_)
    assert all(np.array_equal(Y, seen[0]) for Y in seen)


def test_rows_are_checked_and_scaled_once(iris, monkeypatch):
    calls = []
    learn = pose_module.input_standardization

    def noted(settings, samples):
        calls.append(samples)
        return learn(settings, samples)

    monkeypatch.setattr(pose_module, "input_standardization", noted)
    clf = BPNetClassifier(n_members=3, **FEW).fit(*iris)
    assert len(calls) == 1
    assert all(net.input_mean_ is clf.input_mean_ for net in clf.estimators_)


@each_class
def test_one_member_is_the_estimator_itself(estimator, iris):
    single = estimator(**FEW).fit(*iris)
    assert "estimators_" not in vars(single)
    again = estimator(n_members=3, **FEW).fit(*iris)
    again.set_params(n_members=1).fit(*iris)
    assert vars(again).keys() == vars(single).keys()
    assert_array_equal(outputs(again, iris[0]), outputs(single, iris[0]))


@each_class
def test_only_the_ratios_of_the_weights_matter(estimator, iris, rng):
    sample_weight = rng.uniform(1, 2, size=150)
    settings = FEW | {"alpha": 0.1, "dtype": "float64"}
    one, other = (
        estimator(n_members=2, **settings).fit(
            *iris, sample_weight=unit * sample_weight
        )
        for unit in (1, 1024)
    )
    assert_allclose(weights(one), weights(other), rtol=1e-9)


# What it predicts


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"output_activation": "softmax"},
        {"output_activation": "sigmoid"},
        {"loss": "squared_error", "output_activation": "identity"},
        {"target_encoding": "binary"},
        {"target_encoding": "ordinal"},
        {"dtype": "float32"},
    ],
)
@pytest.mark.parametrize("data", ["iris", "binary", "multilabel"])
def test_probabilities_are_the_mean_of_the_members(settings, data, request):
    X, y = request.getfixturevalue(data)
    if data == "multilabel" and "softmax" in settings.values():
        pytest.skip("labels are not exclusive")
    clf = BPNetClassifier(n_members=3, **FEW, **settings).fit(X, y)
    P = clf.predict_proba(X)
    assert_allclose(P, np.mean([net.predict_proba(X) for net in clf.estimators_], 0))
    assert_allclose(clf.predict_log_proba(X), np.log(P), atol=1e-12)
    scores = clf.decision_function(X)
    if data == "iris":
        assert_allclose(scores, np.log(P), atol=1e-12)
        assert_array_equal(clf.predict(X), clf.classes_[P.argmax(axis=1)])
    else:
        odds = np.log(P[:, 1]) - np.log(P[:, 0]) if data == "binary" else logit(P)
        assert_allclose(scores, odds, rtol=1e-9, atol=1e-12)
        assert_array_equal(clf.predict(X), (scores > 0).astype(int))


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "perceptron"])
@pytest.mark.parametrize("data", ["iris", "binary", "multilabel"])
def test_without_probabilities_the_scores_are_averaged(loss, data, request):
    X, y = request.getfixturevalue(data)
    clf = BPNetClassifier(n_members=3, loss=loss, **FEW).fit(X, y)
    expected = np.mean([net.decision_function(X) for net in clf.estimators_], axis=0)
    assert_allclose(clf.decision_function(X), expected)
    assert not hasattr(clf, "predict_proba")
    chosen = expected.argmax(axis=1) if data == "iris" else expected > 0
    assert_array_equal(clf.predict(X), chosen)


@pytest.mark.parametrize("data", ["iris", "binary", "multilabel"])
def test_far_from_the_data_scores_still_rank_and_logarithms_are_finite(data, request):
    X, y = request.getfixturevalue(data)
    settings = FEW | {"max_iter": 60}
    clf = BPNetClassifier(n_members=3, **settings).fit(X, y)
    far = 1e4 * X
    assert np.isfinite(clf.predict_log_proba(far)).all()
    P = clf.predict_proba(far)
    assert P.min() > 0
    assert data != "multilabel" or P.max() < 1
    scores = clf.decision_function(far)
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() > 1000


def test_a_single_class_is_predicted_with_certainty(iris):
    X, _ = iris
    clf = BPNetClassifier(n_members=2, **FEW).fit(X, np.full(len(X), "only"))
    assert_array_equal(clf.predict_proba(X), np.ones((len(X), 1)))
    assert set(clf.predict(X)) == {"only"}
    assert clf.decision_function(X).shape == (len(X),)


@pytest.mark.parametrize(
    ("loss", "shape"),
    [
        ("squared_error", (120,)),
        ("squared_error", (120, 2)),
        (Quantile((0.1, 0.5)), (120, 2)),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_regressor_returns_mean_and_spread(loss, shape, dtype, regression):
    X, y = regression
    X = X.astype(dtype)
    y = np.c_[y, y**2] if loss == "squared_error" and len(shape) == 2 else y
    reg = BPNetRegressor(n_members=4, loss=loss, **FEW).fit(X, y)
    mean, std = reg.predict(X, return_std=True)
    each = [net.predict(X.astype(np.float64)) for net in reg.estimators_]
    tolerance = {"rtol": 1e-5 if dtype == np.float32 else 1e-10}
    assert mean.shape == std.shape == shape
    assert mean.dtype == std.dtype == dtype
    assert_allclose(mean, np.mean(each, axis=0), **tolerance, atol=1e-6)
    assert_allclose(std, np.std(each, axis=0), **tolerance)
    assert_array_equal(reg.predict(X), mean)


def test_the_spread_of_targets_far_from_zero_keeps_its_digits(regression):
    X, y = regression
    near, far = (
        BPNetRegressor(n_members=3, dtype="float64", **FEW).fit(X, y + offset)
        for offset in (0, 1e8)
    )
    _, expected = near.predict(X, return_std=True)
    _, std = far.predict(X, return_std=True)
    assert_allclose(std, expected, rtol=1e-3, atol=1e-6)


def test_a_single_network_has_no_spread(regression):
    X, y = regression
    reg = BPNetRegressor(**FEW).fit(X, y)
    with pytest.raises(ValueError, match="Fit with n_members > 1"):
        reg.predict(X, return_std=True)


def test_predictions_stay_in_the_range_of_the_targets(regression):
    X, y = regression
    reg = BPNetRegressor(n_members=3, clip_predictions=True, **FEW).fit(X, y)
    assert (reg.target_min_, reg.target_max_) == (y.min(), y.max())
    P = reg.predict(100 * X)
    assert P.min() >= y.min()
    assert P.max() <= y.max()


@each_class
def test_other_kinds_of_X(estimator, iris):
    pd = pytest.importorskip("pandas")
    X, y = iris
    settings = FEW | {"n_members": 2, "input_scaling": None, "dtype": "float64"}
    expected = outputs(estimator(**settings).fit(X, y), X)
    frame = pd.DataFrame(X, columns=list("abcd"))
    for other in (sparse.csr_array(X), np.asfortranarray(X), frame):
        for n_jobs in (1, 2):
            ensemble = estimator(n_jobs=n_jobs, **settings).fit(other, y)
            assert_allclose(outputs(ensemble, other), expected)
    assert ensemble.feature_names_in_.tolist() == list("abcd")
    member = ensemble.estimators_[0]
    assert outputs(member, frame).shape == expected.shape


@pytest.mark.parametrize("data", ["iris", "binary", "multilabel"])
def test_the_average_has_one_temperature_of_the_lowest_log_loss(data, request):
    X, y = request.getfixturevalue(data)
    clf = BPNetClassifier(
        (20,), n_members=3, solver="lbfgs", max_iter=200, random_state=0
    )
    train, rest = (X[:60], y[:60]), (X[60:], y[60:])
    plain = clone(clf).fit(*train)
    clf.set_params(calibration="temperature")
    clf.fit(*train, X_val=rest[0], y_val=rest[1])
    assert not any(hasattr(net, "temperature_") for net in clf.estimators_)
    P = np.stack([1 - (p := plain.predict_proba(rest[0])), p], -1)
    if data != "multilabel":
        P = p[:, None]
    Y = rest[1].reshape(len(rest[1]), -1)

    def loss(t, unknown=1):  # as if there were one more row, of unknown class
        logs = log_softmax(np.log(P) / t, axis=-1)
        true = np.take_along_axis(logs, Y[..., None], axis=-1)[..., 0]
        return -np.mean(true + unknown / len(Y) * logs.mean(axis=-1))

    temperatures = np.logspace(-2, 2, 2000)
    best = temperatures[np.argmin([loss(t) for t in temperatures])]
    assert clf.temperature_ == pytest.approx(best, rel=1e-2)
    if data != "multilabel":
        assert log_loss(rest[1], clf.predict_proba(rest[0])) == pytest.approx(
            loss(clf.temperature_, unknown=0)
        )
    assert_array_equal(clf.predict(X), plain.predict(X))


# What it has


@each_class
def test_attributes_that_differ_between_members_are_theirs(estimator, iris):
    ensemble = estimator(n_members=2, early_stopping=True, **FEW).fit(*iris)
    single = estimator(early_stopping=True, **FEW).fit(*iris)
    public = {name for name in vars(single) if not name.startswith("_")}
    missing = {name for name in public if not hasattr(ensemble, name)}
    assert {"coefs_", "intercepts_", "history_", "loss_curve_"} <= missing
    for name in missing:
        assert hasattr(ensemble.estimators_[1], name)
    for name in public - missing - {"random_state", "n_members", "n_iter_", "loss_"}:
        assert repr(getattr(ensemble, name)) == repr(getattr(single, name)), name
    assert ensemble.n_iter_ == max(net.n_iter_ for net in ensemble.estimators_)
    assert ensemble.loss_ == np.mean([net.loss_ for net in ensemble.estimators_])
    assert_allclose(
        ensemble.feature_importances_,
        np.mean([net.feature_importances_ for net in ensemble.estimators_], axis=0),
    )


@each_class
def test_a_single_network_has_no_members(estimator, iris):
    assert not hasattr(estimator(**FEW).fit(*iris), "estimators_")
    assert not hasattr(estimator(), "coefs_")
    with pytest.raises(NotFittedError):
        estimator(n_members=2).predict(iris[0])


@each_class
def test_members_are_ordinary_estimators(estimator, iris):
    ensemble = (
        estimator(n_members=2, calibration=None, **FEW)
        if (estimator is BPNetClassifier)
        else estimator(n_members=2, **FEW)
    )
    member = ensemble.fit(*iris).estimators_[1]
    assert type(member) is estimator
    assert (member.n_members, member.n_jobs) == (1, None)
    assert clone(member).fit(*iris).score(*iris) == member.score(*iris)


@each_class
def test_it_can_be_cloned_pickled_and_searched(estimator, iris):
    X, y = iris
    ensemble = estimator(n_members=2, **FEW).fit(X, y)
    assert clone(ensemble).get_params() == ensemble.get_params()
    same = pickle.loads(pickle.dumps(ensemble))
    assert_array_equal(outputs(same, X), outputs(ensemble, X))
    search = GridSearchCV(ensemble, {"n_members": [1, 3]}, cv=2).fit(X, y)
    assert len(search.cv_results_["mean_test_score"]) == 2


def test_n_jobs_alone_has_no_effect(iris):
    with pytest.warns(UserWarning, match=r"n_jobs=2 has no effect .*n_members=1"):
        BPNetClassifier(n_jobs=2, **FEW).fit(*iris)


def test_what_is_about_one_network_refuses_several(iris):
    with pytest.raises(ValueError, match="n_members=2, but coefs"):
        BPNetRegressor.from_weights([[[1.0]]], [[0.0]], n_members=2)
    with pytest.raises(
        ValueError, match="empirical_risk is defined for a single network"
    ):
        empirical_risk(BPNetClassifier(n_members=2), *iris)


@each_class
def test_all_members_start_from_given_weights(estimator, iris):
    X, y = iris
    start = estimator(**FEW).fit(X, y)
    given = {"coefs_init": start.coefs_, "intercepts_init": start.intercepts_}
    ensemble = estimator(n_members=2, **FEW | {"solver": "gd", "max_iter": 1})
    first, second = weights(ensemble.fit(X, y, **given))
    assert_array_equal(first, second)
    assert np.abs(first - start.coefs_[0]).max() < 0.1


# Training it


@pytest.mark.parametrize(
    "settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}]
)
def test_members_release_the_samples_at_once(settings, regression, monkeypatch):
    X, y = regression
    seen = []
    train = ensemble_module.train_network

    def noted(fit, remedy):
        seen.append(weakref.ref(fit.problem.data.training))
        return train(fit, remedy)

    monkeypatch.setattr(ensemble_module, "train_network", noted)
    gc.collect()
    gc.disable()
    try:
        BPNetRegressor(n_members=2, **FEW, **settings).fit(X, y)
        assert [ref() for ref in seen] == [None, None]
    finally:
        gc.enable()


def test_a_line_for_every_member_and_one_warning(iris, capsys):
    clf = BPNetClassifier(n_members=3, verbose=True, early_stopping=True, **FEW)
    clf.set_params(learning_rate="constant")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf.fit(*iris)
    assert [str(w.message)[:17] for w in caught] == ["3 of 3 members: S"]
    assert caught[0].category is ConvergenceWarning
    assert caught[0].filename == __file__
    lines = capsys.readouterr().out.splitlines()
    assert [line[:24] for line in lines] == [
        f"Member {i}/3, 8 iterations" for i in (1, 2, 3)
    ]
    assert all("best validation score = " in line for line in lines)


@each_class
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_calls_of_one_epoch_are_one_call_of_many(estimator, n_jobs, iris):
    X, y = iris
    settings = FEW | {"n_members": 2, "n_jobs": n_jobs, "dropout": 0.1}
    settings |= {"learning_rate": "constant", "alpha": 1e-4}
    whole = estimator(**settings).fit(X, y)
    warm = estimator(**settings | {"warm_start": True, "max_iter": 1})
    bit = estimator(**settings)
    kwargs = {"classes": np.unique(y)} if estimator is BPNetClassifier else {}
    for _ in range(8):
        warm.fit(X, y)
        bit.partial_fit(X, y, **kwargs)
    for pieces in (warm, bit):
        for ours, theirs in zip(weights(pieces), weights(whole), strict=True):
            assert_array_equal(ours, theirs)
    assert pieces.estimators_[0].t_ == 8 * len(X)


def test_members_follow_changed_parameters(iris):
    X, y = iris
    clf = BPNetClassifier(n_members=2, warm_start=True, **FEW).fit(X, y)
    seeds = [net.random_state for net in clf.estimators_]
    clf.set_params(max_iter=3, learning_rate_init=0.5).fit(X, y)
    assert [net.n_iter_ for net in clf.estimators_] == [3, 3]
    assert [net.random_state for net in clf.estimators_] == seeds
    assert clf.estimators_[0].history_["learning_rate"][-1] == 0.5


@each_class
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (2, 3)])
def test_training_does_not_go_on_with_another_number(estimator, before, after, iris):
    model = estimator(n_members=before, warm_start=True, **FEW).fit(*iris)
    model.set_params(n_members=after)
    with pytest.raises(ValueError, match=f"n_members={after}: so far it is {before}"):
        model.fit(*iris)
    model.set_params(warm_start=False).fit(*iris)
    assert hasattr(model, "estimators_") == (after > 1)


@each_class
@pytest.mark.parametrize(("n_passes", "n_ready"), [(3, 1), (20, 2)])
def test_ctrl_c_leaves_the_members_that_are_ready(
    estimator, n_passes, n_ready, interrupt, iris
):
    X, y = iris
    model = estimator(n_members=4, batch_size="full", **FEW)
    expected = weights(clone(model).fit(X, y))
    interrupt(n_passes)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, y)
    assert len(model.estimators_) == n_ready
    assert np.isfinite(outputs(model, X)).all()
    if n_ready == 2:
        assert_array_equal(weights(model), expected[:2])
    else:
        assert model.estimators_[0].stop_reason_ == "interrupted"


def test_a_warm_start_that_is_interrupted_keeps_all_members(interrupt, iris):
    X, y = iris
    clf = BPNetClassifier(n_members=3, warm_start=True, batch_size="full", **FEW)
    before = weights(clf.fit(X, y))
    interrupt(10)
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y)
    changed = [
        not np.array_equal(ours, theirs)
        for ours, theirs in zip(weights(clf), before, strict=True)
    ]
    assert changed == [True, False, False]


def test_a_member_that_cannot_train_fails_as_one_network_does(iris):
    X, y = iris
    with pytest.raises(ValueError, match="No step of training was finite"):
        BPNetRegressor(n_members=2, input_scaling=None, **FEW).fit(1e30 * X, y)


# Checkpoints and callbacks


@each_class
def test_a_checkpoint_by_hand_continues(estimator, tmp_path, iris):
    X, y = iris
    kwargs = {"classes": np.unique(y)} if estimator is BPNetClassifier else {}
    model = estimator(n_members=3, **FEW).partial_fit(X, y, **kwargs)
    model.save_checkpoint(tmp_path / "file")
    twin = estimator.load_checkpoint(tmp_path / "file")
    assert_array_equal(outputs(twin, X), outputs(model, X))
    for one in (model, twin):
        one.partial_fit(X, y)
    assert_array_equal(weights(twin), weights(model))
    assert twin.estimators_[1].get_params() == model.estimators_[1].get_params()
    changed = estimator.load_checkpoint(tmp_path / "file", learning_rate_init=0.5)
    changed.partial_fit(X, y)
    assert changed.estimators_[2].history_["learning_rate"][-1] == 0.5


class DiaryOfMembers(Diary):
    """A diary of a fit whose tasks are the members."""

    def setup(self, estimator, context):
        super().setup(estimator, context)
        assert context.max_subtasks == estimator.n_members


@pytest.mark.parametrize(
    ("estimator", "n_jobs"),
    [(BPNetClassifier, 1), (BPNetRegressor, 1), (BPNetClassifier, 2)],
)
def test_callbacks_see_members(estimator, n_jobs, iris):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    X, y = iris
    model = estimator(n_members=4, n_jobs=n_jobs, **FEW)
    expected = weights(clone(model).fit(X, y))
    diary = DiaryOfMembers()
    model.set_callbacks(diary).fit(X, y)
    assert diary.tasks == [("member", i) for i in range(4)]
    assert [len(so_far.estimators_) for so_far in diary.fitted] == [1, 2, 3, 4]
    assert_array_equal(weights(diary.fitted[1]), expected[:2])
    assert outputs(diary.fitted[1], X).shape == outputs(model, X).shape
    model.set_callbacks(DiaryOfMembers(stop_after=2)).fit(X, y)
    assert_array_equal(weights(model), expected[:2])


@each_class
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}])
def test_a_fit_that_broke_off_trains_the_members_that_are_missing(
    estimator, settings, tmp_path, iris
):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks")
    X, y = iris
    model = estimator(n_members=4, **FEW, **settings)
    whole = clone(model).fit(X, y)
    checkpoint = callbacks.Checkpoint(tmp_path / "file")
    with pytest.raises(RuntimeError, match="crash"):
        clone(model).set_callbacks(checkpoint, DiaryOfMembers(break_after=2)).fit(X, y)
    resumed = estimator.load_checkpoint(tmp_path / "file")
    assert len(resumed.estimators_) == 2
    assert outputs(resumed, X).shape == outputs(whole, X).shape
    resumed.set_callbacks(checkpoint).fit(X, y)
    assert_array_equal(weights(resumed), weights(whole))
    assert_array_equal(outputs(resumed, X), outputs(whole, X))
    at_its_end = estimator.load_checkpoint(tmp_path / "file").fit(X, y)
    assert_array_equal(weights(at_its_end), weights(whole))
    with pytest.raises(ValueError, match="other samples"):
        estimator.load_checkpoint(tmp_path / "file").fit(X[1:], y[1:])
    larger = estimator.load_checkpoint(tmp_path / "file", n_members=5).fit(X, y)
    assert_array_equal(weights(larger)[:4], weights(whole))
    assert len(larger.estimators_) == 5


def test_the_packages_callbacks_know_ensembles(tmp_path, iris):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks")
    clf = BPNetClassifier(n_members=3, **FEW)
    assert len(clf.set_callbacks(callbacks.TimeLimit(1e-9)).fit(*iris).estimators_) == 1
    clf.set_callbacks(callbacks.Checkpoint(tmp_path / "file", every=2)).fit(*iris)
    assert len(BPNetClassifier.load_checkpoint(tmp_path / "file").estimators_) == 3
    with pytest.raises(ValueError, match="LearningCurve shows the curves of one"):
        clf.set_callbacks(callbacks.LearningCurve()).fit(*iris)


@each_class
def test_a_recipe_makes_an_ensemble(estimator, iris):
    X, y = iris
    rows = {"X": X[:100], "y": y[:100], "X_val": X[100:], "y_val": y[100:]}
    settings = {"max_iter": 2, "hidden_layer_sizes": (8, 8), "batch_size": 32}
    ensemble = estimator.from_recipe("realmlp-td", n_members=2, **settings).fit(**rows)
    for member in ensemble.estimators_:
        settings["random_state"] = member.random_state
        alone = estimator.from_recipe("realmlp-td", **settings).fit(**rows)
        assert_array_equal(alone.coefs_[0], member.coefs_[0])
    assert ensemble.feature_importances_.shape == (4,)
    assert not hasattr(ensemble, "embedding_weights_")
    ensemble.set_params(random_state=0).fit(**rows)
    together = clone(ensemble).set_params(n_jobs=2).fit(**rows)
    assert_array_equal(weights(together), weights(ensemble))
