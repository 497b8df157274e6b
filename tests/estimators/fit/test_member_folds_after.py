"""What follows from held-out folds: a temperature, a refit, a checkpoint."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from member_diary import Diary
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, ShuffleSplit

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._fit.calibration import temperature
from sklearn_bpnet.exceptions import TrainingInterruptedWarning
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.options import MemberFolds

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FEW = {"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, "tol": 0}
REFIT = FEW | {"n_members": 3, "member_folds": MemberFolds(3, refit=True)}
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def weights_of(model):
    return [W for member in model.estimators_ for W in member.coefs_]


def assert_equal_weights(model, expected):
    for ours, theirs in zip(weights_of(model), expected, strict=True):
        assert_array_equal(ours, theirs)


def outputs(model, X):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def folds_of(model, n_folds):
    return [np.flatnonzero(model.oof_fold_ == k) for k in range(n_folds)]


# Calibration


def noisy(n_classes, n=300):
    X, y = make_classification(
        3 * n, n_classes=n_classes, n_informative=5, flip_y=0.3, random_state=0
    )
    return X[:n], y[:n], X[n:], y[n:]


def overfitted(**parameters):
    return BPNetClassifier(
        (50,), solver="lbfgs", alpha=1e-5, max_iter=300, random_state=0,
        n_members=5, member_folds=5, **parameters,
    )  # fmt: skip


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_temperature_is_that_of_the_logits_of_all_folds(n_classes, weighted, rng):
    X, y, *_ = noisy(n_classes)
    w = rng.integers(1, 3, size=len(X)).astype(float) if weighted else None
    plain = overfitted().fit(X, y, w)
    clf = overfitted(calibration="temperature").fit(X, y, w)
    assert_array_equal(weights_of(clf)[0], weights_of(plain)[0])
    Z = np.empty((len(X), 1 if n_classes == 2 else n_classes))
    for member, held_out in zip(plain.estimators_, folds_of(plain, 5), strict=True):
        Z[held_out] = member.decision_function(X[held_out]).reshape(-1, Z.shape[1])
    Y = y[:, None] if n_classes == 2 else np.eye(n_classes)[y]
    activation = ACTIVATIONS["sigmoid" if n_classes == 2 else "softmax"]
    expected = temperature(Z, Y, w, activation)
    assert clf.temperature_ == pytest.approx(expected, rel=1e-3)
    T = clf.temperature_
    logits = np.column_stack([np.zeros(len(Z)), Z]) if n_classes == 2 else Z
    assert_allclose(clf.oof_prediction_, np.exp(log_softmax(logits / T, axis=1)))


def test_members_are_divided_before_they_are_averaged():
    X, y, X_test, _ = noisy(3)
    plain = overfitted().fit(X, y)
    clf = overfitted(calibration="temperature").fit(X, y)
    assert all(m.temperature_ == clf.temperature_ > 1 for m in clf.estimators_)
    each = [
        np.exp(log_softmax(m.decision_function(X_test) / clf.temperature_, axis=1))
        for m in plain.estimators_
    ]
    assert_allclose(clf.predict_proba(X_test), np.mean(each, axis=0))
    each = [member.predict_proba(X_test) for member in clf.estimators_]
    assert_allclose(clf.predict_proba(X_test), np.mean(each, axis=0))


@pytest.mark.parametrize("folds", [2, ShuffleSplit(4, test_size=0.5, random_state=0)])
def test_members_of_the_same_samples_are_averaged_in_the_temperature(folds):
    X, y, *_ = noisy(3)
    plain = overfitted().set_params(n_members=4, member_folds=folds).fit(X, y)
    clf = clone(plain).set_params(calibration="temperature").fit(X, y)
    if folds == 2:
        held_out = 2 * folds_of(plain, 2)
    else:
        held_out = [test for _, test in folds.split(X)]
    L = np.full((4, len(X), 3), np.nan)
    for logs, member, indices in zip(L, plain.estimators_, held_out, strict=True):
        logs[indices] = member.decision_function(X[indices])
    known = np.isfinite(L).any(axis=(0, 2))

    def loss(log_t):
        P = np.nanmean(np.exp(log_softmax(L[:, known] / np.exp(log_t), axis=2)), axis=0)
        unknown = np.log(P).mean(axis=1) / known.sum()  # as if one sample were added
        return -np.mean(np.log(P[np.arange(len(P)), y[known]]) + unknown)

    best = minimize_scalar(loss, bounds=np.log([1e-2, 1e2]), method="bounded").x
    assert clf.temperature_ == pytest.approx(np.exp(best), rel=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_overfitted_members_have_a_lower_log_loss_on_new_samples(n_classes):
    X, y, X_test, y_test = noisy(n_classes)
    plain = overfitted().fit(X, y)
    clf = overfitted(calibration="temperature").fit(X, y)
    before = log_loss(y_test, plain.predict_proba(X_test))
    assert log_loss(y_test, clf.predict_proba(X_test)) < 0.9 * before


def test_label_indicators_and_columns_of_classes_have_one_temperature(multilabel):
    X, Y = multilabel
    settings = FEW | {"member_folds": 3, "max_iter": 20, "learning_rate_init": 0.02}
    for targets in (Y, np.column_stack([Y[:, 0], Y[:, 1] + 2 * Y[:, 2]])):
        for n_members in (3, 6):
            clf = BPNetClassifier(
                calibration="temperature", n_members=n_members, **settings
            ).fit(X, targets)
            assert 0.01 < clf.temperature_ < 10
            [one, *_] = clf.estimators_
            assert one.temperature_ == clf.temperature_


def test_calibration_needs_logits_before_training():
    X, y, *_ = noisy(2)
    clf = overfitted(calibration="temperature", loss="hinge")
    with pytest.raises(ValueError, match="needs logits"):
        clf.fit(X, y)


def test_partial_fit_keeps_the_temperature_of_members(iris):
    X, y = iris
    clf = BPNetClassifier(
        calibration="temperature", n_members=3, member_folds=3, **FEW
    ).fit(X, y)
    T = clf.temperature_
    clf.set_params(member_folds=None).partial_fit(X, y)
    assert clf.temperature_ == clf.estimators_[0].temperature_ == T
    each = [member.predict_proba(X) for member in clf.estimators_]
    assert_allclose(clf.predict_proba(X), np.mean(each, axis=0))
    clf.partial_fit(X, y, X_val=X, y_val=y)  # the average has one of its own
    assert clf.temperature_ != T
    assert not hasattr(clf.estimators_[0], "temperature_")


# Refit


def best_epoch(model, monitored):
    """The first epoch with the best mean curve of the members."""
    curves = [getattr(member, monitored) for member in model.estimators_]
    n = max(map(len, curves))
    padded = [curve + [curve[-1]] * (n - len(curve)) for curve in curves]
    mean = np.mean(padded, axis=0)
    return 1 + (mean.argmin() if "loss" in monitored else mean.argmax())


@each_class
@pytest.mark.parametrize(
    "parameters",
    [
        {"early_stopping": True, "scoring": "loss", "n_iter_no_change": 5},
        {"scoring": "loss"},
        {"early_stopping__ties": "first", "n_iter_no_change": 10},
        {"early_stopping": True, "scoring": "loss", "solver": "lbfgs", "alpha": 0.0},
    ],
    ids=str,
)
def test_a_refit_is_an_ensemble_of_the_joint_best_number_of_epochs(
    estimator, parameters, smooth
):
    X, z = smooth
    y = z if estimator is BPNetRegressor else (z > 0.5).astype(int)
    settings = FEW | {"n_members": 3, "max_iter": 60}
    if "solver" not in parameters:
        settings |= {"learning_rate": "constant", "learning_rate_init": 0.03}
    model = estimator(member_folds=3, **settings)
    if "early_stopping__ties" in parameters:
        model.set_params(early_stopping=True)
    on_folds = model.set_params(**parameters).fit(X, y)
    refit = clone(model).set_params(member_folds__refit=True).fit(X, y)
    monitored = "validation_scores_"
    if parameters.get("scoring") == "loss":
        monitored = "validation_loss_curve_"
    n_epochs = best_epoch(on_folds, monitored)
    plain = estimator(**settings | {"max_iter": n_epochs, "n_iter_no_change": np.inf})
    if "solver" in parameters:
        plain.set_params(solver="lbfgs", alpha=0.0, n_iter_no_change="auto")
    plain.fit(X, y)
    for ours, theirs in zip(weights_of(refit), weights_of(plain), strict=True):
        assert_allclose(ours, theirs, rtol=1e-5, atol=1e-8)
    assert refit.n_iter_ == plain.n_iter_ <= n_epochs
    assert_array_equal(refit.oof_prediction_, on_folds.oof_prediction_)
    assert refit.oof_score_ == on_folds.oof_score_


@each_class
def test_a_refit_has_the_schedule_of_all_epochs(estimator, smooth):
    X, z = smooth
    y = z if estimator is BPNetRegressor else (z > 0.5).astype(int)
    settings = FEW | {
        "alpha": 1e-4,
        "n_members": 2,
        "learning_rate_init": 0.2,
        "max_iter": 60,
    }
    refit = estimator(
        member_folds=MemberFolds(2, refit=True), early_stopping=True, scoring="loss",
        n_iter_no_change=5, learning_rate="cosine", **settings,
    ).fit(X, y)  # fmt: skip
    n = refit.n_iter_
    assert n < 60

    def first_part(fraction):
        return (1 + np.cos(np.pi * fraction * n / 60)) / 2

    settings |= {"max_iter": n, "n_iter_no_change": np.inf}
    plain = estimator(learning_rate=first_part, **settings).fit(X, y)
    rates = [model.estimators_[0].history_["learning_rate"] for model in (refit, plain)]
    assert_allclose(*rates, rtol=1e-3)
    assert_allclose(outputs(refit, X), outputs(plain, X), rtol=1e-3, atol=1e-4)


def test_a_refit_has_the_temperature_of_the_folds():
    X, y, *_ = noisy(3)
    on_folds = overfitted(calibration="temperature").fit(X, y)
    refit = clone(on_folds).set_params(member_folds__refit=True).fit(X, y)
    assert refit.temperature_ == on_folds.temperature_
    assert_array_equal(refit.oof_prediction_, on_folds.oof_prediction_)
    each = [member.predict_proba(X) for member in refit.estimators_]
    assert_allclose(refit.predict_proba(X), np.mean(each, axis=0))
    logits = [m.decision_function(X) * refit.temperature_ for m in refit.estimators_]
    uncalibrated = logsumexp(log_softmax(logits, axis=2), axis=0) - np.log(5)
    assert not np.allclose(refit.predict_proba(X), np.exp(uncalibrated))


@each_class
def test_a_refit_has_one_line_for_every_member_and_no_warning(estimator, iris, capsys):
    estimator(verbose=True, early_stopping=True, **REFIT).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    names = [line.partition(",")[0] for line in lines]
    assert names == [f"Member {m}/3" for m in (1, 2, 3)] + [
        f"Refitted member {m}/3" for m in (1, 2, 3)
    ]


def test_a_refit_needs_a_score(iris):
    X, y = iris
    X, y = X[y < 2], y[y < 2]
    order = np.argsort(y)
    clf = BPNetClassifier(scoring="roc_auc", **REFIT)
    clf.set_params(member_folds__folds=KFold(3))
    with (
        pytest.warns(UndefinedMetricWarning),
        pytest.raises(ValueError, match="refit=True needs a finite validation score"),
    ):
        clf.fit(X[order], y[order])


# Interruption


@each_class
@pytest.mark.parametrize("refit", [False, True])
def test_ctrl_c_leaves_the_members_that_are_ready(estimator, refit, interrupt, iris):
    X, y = iris
    model = estimator(batch_size="full", **REFIT).set_params(
        member_folds__refit=refit, n_members=6
    )
    whole = clone(model).set_params(member_folds__refit=False).fit(X, y)
    interrupt(20)  # in the third of six members, in two of three folds
    with pytest.warns(TrainingInterruptedWarning):
        model.fit(X, y)
    assert_equal_weights(model, weights_of(whole)[: 2 * 2])
    is_known = np.isfinite(model.oof_prediction_).reshape(150, -1).all(axis=1)
    assert_array_equal(is_known, model.oof_fold_ < 2)
    assert outputs(model, X).shape == outputs(whole, X).shape


@each_class
@pytest.mark.parametrize(("n_passes", "n_ready"), [(27, 0), (45, 2)])
def test_ctrl_c_in_a_refit(estimator, n_passes, n_ready, interrupt, iris):
    X, y = iris
    model = estimator(batch_size="full", **REFIT)
    # the last of all epochs is the best one
    on_folds = clone(model).set_params(member_folds=3).fit(X, y)
    refit = clone(model).fit(X, y)
    assert refit.n_iter_ == 8
    interrupt(n_passes)
    with pytest.warns(TrainingInterruptedWarning):
        model.fit(X, y)
    expected = weights_of(refit)[: 2 * n_ready] if n_ready else weights_of(on_folds)
    assert_equal_weights(model, expected)
    assert_array_equal(model.oof_prediction_, on_folds.oof_prediction_)


@each_class
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_callbacks_see_members_and_refitted_members(estimator, n_jobs, iris):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    X, y = iris
    model = estimator(**REFIT)
    on_folds = clone(model).set_params(member_folds=3).fit(X, y)
    refit = clone(model).fit(X, y)
    model.set_params(n_jobs=n_jobs)
    diary = Diary()
    with parallel_config("threading"):
        model.set_callbacks(diary).fit(X, y)
    assert diary.n_announced == 6
    assert diary.tasks == [("member", i) for i in range(6)]
    assert [len(one.estimators_) for one in diary.fitted] == [1, 2, 3, 1, 2, 3]
    assert_equal_weights(diary.fitted[2], weights_of(on_folds))
    assert_equal_weights(diary.fitted[5], weights_of(refit))
    for n, expected in ((2, on_folds), (3, on_folds), (4, refit)):
        with parallel_config("threading"):
            model.set_callbacks(Diary(stop_after=n)).fit(X, y)
        n_members = 1 if n == 4 else n
        assert_equal_weights(model, weights_of(expected)[: 2 * n_members])
        assert hasattr(model, "oof_prediction_")


# Files


@each_class
@pytest.mark.parametrize("refit", [False, True])
def test_a_saved_estimator_keeps_its_out_of_fold_predictions(
    estimator, refit, tmp_path, iris
):
    X, y = iris
    model = estimator(**REFIT).set_params(member_folds__refit=refit)
    if estimator is BPNetClassifier:
        model.set_params(calibration="temperature")
    model.fit(X, y).save_checkpoint(tmp_path / "file")
    twin = estimator.load_checkpoint(tmp_path / "file")
    for other in (twin, pickle.loads(pickle.dumps(model))):
        assert_array_equal(outputs(other, X), outputs(model, X))
        for name in ("oof_prediction_", "oof_fold_", "oof_score_"):
            assert_array_equal(getattr(other, name), getattr(model, name))


@each_class
@pytest.mark.parametrize("splitter", [False, True])
@pytest.mark.parametrize("break_after", [1, 3, 4, 6])
def test_a_fit_that_broke_off_is_completed(
    estimator, splitter, break_after, tmp_path, iris
):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)
    X, y = iris
    parameters = {}
    if splitter:  # random, so that only the file knows the folds
        random = np.random.RandomState(0)
        folds = MemberFolds(KFold(3, shuffle=True, random_state=random), refit=True)
        parameters["member_folds"] = folds
    model = estimator(early_stopping=True, **REFIT | parameters)
    if estimator is BPNetClassifier:
        model.set_params(calibration="temperature")
    whole = clone(model).fit(X, y)
    checkpoint = callbacks.Checkpoint(tmp_path / "file")
    broken = clone(model).set_callbacks(checkpoint, Diary(break_after=break_after))
    with pytest.raises(RuntimeError, match="crash"):
        broken.fit(X, y)
    resumed = estimator.load_checkpoint(tmp_path / "file", **parameters)
    assert len(resumed.estimators_) == (break_after - 1) % 3 + 1
    resumed.fit(X, y)
    assert_equal_weights(resumed, weights_of(whole))
    assert_array_equal(outputs(resumed, X), outputs(whole, X))
    assert_array_equal(resumed.oof_prediction_, whole.oof_prediction_)
    assert not resumed._fitted.state.folds
    changed = {"n_members": 6} | parameters
    larger = estimator.load_checkpoint(tmp_path / "file", **changed)
    if splitter and break_after in (4, 6):
        larger.fit(X, y)
        assert len(larger.estimators_) == 6
    elif not splitter:
        larger.fit(X, y)
        six = clone(model).set_params(n_members=6).fit(X, y)
        if break_after <= 3:
            assert_equal_weights(larger, weights_of(six))
            assert_array_equal(larger.oof_prediction_, six.oof_prediction_)


def test_damaged_folds_of_a_checkpoint_are_noticed(tmp_path, iris):
    model = BPNetClassifier(**REFIT).fit(*iris)
    model._fitted.state.folds = [(np.array([0, 1]), np.array([2, 150]))] * 3
    model._fitted.unfinished = True
    model.save_checkpoint(tmp_path / "file")
    with pytest.raises(ValueError, match=r"member_folds of the checkpoint must .* 150"):
        BPNetClassifier.load_checkpoint(tmp_path / "file").fit(*iris)


@each_class
def test_a_checkpoint_of_other_folds_is_not_completed(estimator, tmp_path, iris):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)
    X, y = iris

    def broken(**parameters):
        model = estimator(**REFIT | parameters)
        checkpoint = callbacks.Checkpoint(tmp_path / "file")
        with pytest.raises(RuntimeError, match="crash"):
            model.set_callbacks(checkpoint, Diary(break_after=1)).fit(X, y)

    def load(**parameters):
        return estimator.load_checkpoint(tmp_path / "file", **parameters)

    broken()
    with pytest.raises(ValueError, match="written by a fit with member_folds; now it"):
        load(member_folds=None).fit(X, y)
    with pytest.raises(ValueError, match="other samples"):
        load().fit(X[1:], y[1:])
    broken(member_folds=None)
    with pytest.raises(ValueError, match="written by a fit without member_folds"):
        load(member_folds=3).fit(X, y)
    estimator(**REFIT).fit(X, y).save_checkpoint(tmp_path / "file")
    with pytest.raises(ValueError, match="written by a fit with refit=True"):
        load(member_folds=3, n_members=6).fit(X, y)
    estimator(**REFIT).set_params(member_folds=3).fit(X, y).save_checkpoint(
        tmp_path / "file"
    )
    with pytest.raises(ValueError, match="these are other folds than before"):
        load(member_folds=KFold(3), n_members=6).fit(X, y)
