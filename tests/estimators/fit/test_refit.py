"""EarlyStopping(refit=True): trained anew on all samples, for the best epochs."""

import pickle

import numpy as np
import pytest
from member_diary import Diary
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import KFold

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.exceptions import (
    ParameterWithoutEffectWarning,
    TrainingInterruptedWarning,
)
from sklearn_bpnet.options import EarlyStopping, MemberFolds

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FEW = {"hidden_layer_sizes": (6,), "random_state": 0, "max_iter": 12}
# the best epoch is an early one
SOON = FEW | {"learning_rate_init": 0.1, "n_iter_no_change": 3, "max_iter": 30}
REFIT = SOON | {"early_stopping": EarlyStopping(refit=True)}
CURVES = ("validation_loss_curve_", "validation_scores_", "best_validation_score_")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def data_for(estimator, smooth):
    X, z = (array[:160] for array in smooth)
    noise = np.random.default_rng(5).normal(size=len(X))
    if estimator is BPNetRegressor:
        return X, z + noise
    return X, (z + noise > 0.5).astype(int) + (z + noise > 1.5)


def without(model, n_epochs, **parameters):
    """The estimator without early stopping, which ends after as many epochs."""
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    plain = clone(model).set_params(
        early_stopping=False, n_iter_no_change=np.inf, validation_fraction=0.1,
        scoring=None, **parameters,
    )  # fmt: skip
    if model.solver == "lbfgs":
        return plain.set_params(max_iter=n_epochs, n_iter_no_change="auto")
    return plain.set_callbacks(Diary(stop_after=n_epochs))


def networks_of(model):
    return getattr(model, "estimators_", [model])


def assert_equal_networks(model, expected):
    pairs = zip(networks_of(model), networks_of(expected), strict=True)
    for ours, theirs in pairs:
        for name in ("coefs_", "intercepts_"):
            for W, V in zip(getattr(ours, name), getattr(theirs, name), strict=True):
                assert_array_equal(W, V)


def outputs(model, X):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


# Two trainings


@each_class
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"scoring": "loss", "dropout": 0.2, "numeric_embedding": "pbld"},
        {"early_stopping__ties": "first", "ema_decay": 0.9, "dtype": "float64"},
        {"solver": "lbfgs", "alpha": 0.0, "learning_rate_init": "auto"},
        {
            "batch_size": "full",
            "input_scaling": "squash",
            "initializer": "unit_variance",
        },
        {"solver": "schedule_free_adamw", "shared_members": 2},
    ],
    ids=str,
)
def test_a_refit_is_a_fit_to_all_samples_of_the_best_number_of_epochs(
    estimator, parameters, smooth
):
    X, y = data_for(estimator, smooth)
    model = estimator(**REFIT).set_params(**parameters)
    refit = clone(model).fit(X, y)
    first = clone(model).set_params(early_stopping__refit=False).fit(X, y)
    assert refit.n_iter_ == refit.best_epoch_ == first.best_epoch_ < 30
    for name in CURVES:
        assert getattr(refit, name, None) == getattr(first, name, None)
    plain = without(model, first.best_epoch_).fit(X, y)
    assert_equal_networks(refit, plain)
    assert_array_equal(outputs(refit, X), outputs(plain, X))
    assert refit.loss_curve_ == plain.loss_curve_
    assert refit.history_.keys() == plain.history_.keys()
    assert refit.t_ == plain.t_
    assert refit.stop_reason_ == "max_iter"
    assert not hasattr(refit, "best_loss_")
    assert refit.plan_ == {**first.plan_, **plain.plan_}
    assert refit._fitted.state.refit is None


@each_class
@pytest.mark.parametrize("n_members", [1, 2])
def test_weights_of_samples_groups_and_a_splitter(estimator, n_members, smooth, rng):
    X, y = data_for(estimator, smooth)
    w = rng.integers(0, 3, size=len(X)).astype(float)
    groups = np.arange(len(X)) // 4
    model = estimator(n_members=n_members, **REFIT)
    refit = clone(model).fit(X, y, w, groups=groups)
    first = clone(model).set_params(early_stopping=True).fit(X, y, w, groups=groups)
    if n_members == 1:
        assert refit.n_iter_ == first.best_epoch_
    plain = without(model, refit.n_iter_)
    plain.set_params(max_iter=refit.n_iter_, learning_rate="constant").set_callbacks()
    refit = clone(model).set_params(learning_rate="constant")
    refit.fit(X, y, w, groups=groups)
    plain.set_params(max_iter=refit.n_iter_).fit(X, y, w)
    assert_equal_networks(refit, plain)
    every = clone(model).set_params(validation_fraction=KFold(3)).fit(X, y)
    assert networks_of(every)[0].t_ == every.n_iter_ * len(X)


def test_an_ensemble_has_the_joint_best_number_of_epochs(smooth):
    X, y = data_for(BPNetRegressor, smooth)
    model = BPNetRegressor(n_members=3, **REFIT)
    first = clone(model).set_params(early_stopping=True).fit(X, y)
    refit = clone(model).fit(X, y)
    curves = [member.validation_loss_curve_ for member in first.estimators_]
    n = max(map(len, curves))
    padded = [curve + [curve[-1]] * (n - len(curve)) for curve in curves]
    best = 1 + int(np.argmin(np.mean(padded, axis=0)))
    loss = clone(model).set_params(scoring="loss").fit(X, y)
    assert loss.n_iter_ == best
    assert [member.n_iter_ for member in refit.estimators_] == [refit.n_iter_] * 3
    for ours, theirs in zip(refit.estimators_, first.estimators_, strict=True):
        for name in CURVES:
            assert getattr(ours, name) == getattr(theirs, name)


def frame_with_a_rare_category(rng):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"a": rng.normal(size=120), "b": rng.choice(["x", "y"], size=120)}
    )
    frame.loc[::9, "a"] = np.nan
    frame.loc[[3, 4], "b"] = "z"
    order = ["x", "y", "z", "never"]
    frame["b"] = pd.Categorical(frame["b"], order)
    y = (frame["b"] == "x").to_numpy() + 0.1 * rng.normal(size=120)
    return frame, y


ONLY_HELD_OUT = [(np.arange(5, 120), np.arange(5))]  # the category z


class Given:
    """A splitter that sets some samples aside."""

    def split(self, X, y=None, groups=None):
        return iter(ONLY_HELD_OUT)

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1


@each_class
def test_scaling_and_categories_are_those_of_all_samples(estimator, rng):
    frame, y = frame_with_a_rare_category(rng)
    y = (y > 0.5).astype(int) if estimator is BPNetClassifier else y
    model = estimator(validation_fraction=Given(), **REFIT)
    first = clone(model).set_params(early_stopping=True).fit(frame, y)
    refit = clone(model).fit(frame, y)
    assert refit.n_iter_ == first.best_epoch_
    assert refit.coefs_[0].shape[0] == first.coefs_[0].shape[0] + 2
    plain = without(model, refit.n_iter_).fit(frame, y)
    assert_equal_networks(refit, plain)
    assert_array_equal(refit.input_mean_, plain.input_mean_)
    assert_array_equal(outputs(refit, frame), outputs(plain, frame))


@each_class
def test_sparse_samples_and_float32(estimator, smooth):
    X, y = data_for(estimator, smooth)
    X[np.abs(X) < 0.5] = 0
    X = sparse.csr_array(X.astype(np.float32))
    model = estimator(**REFIT)
    refit = clone(model).fit(X, y)
    assert_equal_networks(refit, without(model, refit.n_iter_).fit(X, y))


def test_what_auto_stands_for_remains_that_of_the_first_training(smooth):
    X, y = data_for(BPNetRegressor, smooth)
    X, y = X[:43], y[:43]  # of which 39 are too few to embed
    model = BPNetRegressor(
        early_stopping=EarlyStopping(refit=True), n_iter_no_change=2, random_state=0
    )
    first = clone(model).set_params(early_stopping=True).fit(X, y)
    refit = clone(model).fit(X, y)
    assert BPNetRegressor(max_iter=1).fit(X, y).plan_["numeric_embedding"] == "pbld"
    of_network = first.plan_.keys() - {"alpha", "batch_size"}
    assert refit.plan_["numeric_embedding"] is None
    for name in of_network:
        assert refit.plan_[name] == first.plan_[name]
    chosen = {name: first.plan_[name] for name in of_network}
    plain = without(model, refit.n_iter_, **chosen).fit(X, y)
    assert_equal_networks(refit, plain)
    assert refit.plan_["alpha"] == plain.plan_["alpha"] != first.plan_["alpha"]


def test_the_temperature_is_that_of_the_held_out_samples(smooth):
    X, y = data_for(BPNetClassifier, smooth)
    for n_members in (1, 2):
        model = BPNetClassifier(calibration="temperature", n_members=n_members, **REFIT)
        first = clone(model).set_params(early_stopping=True).fit(X, y)
        refit = clone(model).fit(X, y)
        assert refit.temperature_ == first.temperature_
        plain = clone(model).set_params(calibration=None).fit(X, y)
        assert_equal_networks(refit, plain)
        logits = np.log(plain.predict_proba(X)) / refit.temperature_
        P = np.exp(logits)
        P /= P.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(refit.predict_proba(X), P, rtol=1e-4)


def test_a_random_state_instance_is_used_once(smooth):
    X, y = data_for(BPNetRegressor, smooth)
    one, two = (
        BPNetRegressor(
            **REFIT | {"random_state": random, "early_stopping": early_stopping}
        )
        for random, early_stopping in (
            (np.random.RandomState(3), EarlyStopping(refit=True)),
            (np.random.RandomState(3), True),
        )
    )
    assert one.fit(X, y).n_iter_ == two.fit(X, y).best_epoch_
    assert one.random_state.randint(1000) == two.random_state.randint(1000)


def test_a_single_class_has_nothing_to_refit(iris):
    X, _ = iris
    for n_members in (1, 2):
        clf = BPNetClassifier(n_members=n_members, **REFIT).fit(X, np.zeros(150))
        assert_array_equal(clf.predict_proba(X), np.ones((150, 1)))
        assert clf._fitted.state.refit is None


@each_class
def test_both_trainings_are_printed(estimator, smooth, capsys):
    X, y = data_for(estimator, smooth)
    model = estimator(verbose=100, **REFIT).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    n = model.n_iter_
    assert lines[0].startswith("Converged after")
    assert f"The weights are those of epoch {n} (validation score" in lines[0]
    assert lines[1] == f"Refit on all 160 samples: {n} epochs."
    assert lines[2].startswith(f"Reached max_iter after {n} epochs")
    estimator(verbose=True, n_members=2, **REFIT).fit(X, y)
    names = [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [
        *("Member 1/2", "Member 2/2"),
        *("Refitted member 1/2", "Refitted member 2/2"),
    ]


def test_warnings_are_issued_once(iris):
    X, y = iris
    clf = BPNetClassifier(**REFIT | {"batch_size": 1000})
    with pytest.warns(ParameterWithoutEffectWarning, match="larger than") as record:
        clf.fit(X, y)
    assert len(record) == 1


# What does not go together


@each_class
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"warm_start": True}, "warm_start=True does not go with. Use warm_start=Fal"),
        ({"time_budget": 5}, "time_budget=5 does not go with. Use time_budget=None"),
        ({"learning_rate": "adaptive"}, "learning_rate='adaptive' follows plateaus"),
        (
            {"n_members": 2, "member_folds": MemberFolds(2)},
            r"Use member_folds=MemberFolds\(folds, refit=True\)",
        ),
    ],
    ids=str,
)
def test_errors_name_parameter_and_remedy(estimator, parameters, message, iris):
    with pytest.raises(ValueError, match=message) as error:
        estimator(**REFIT | parameters).fit(*iris)
    assert "early_stopping=EarlyStopping(" in str(error.value)


@each_class
def test_a_refit_needs_samples_of_x_and_fit(estimator, iris):
    X, y = iris
    model = estimator(**REFIT)
    with pytest.raises(ValueError, match="no use for X_val and y_val"):
        model.fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="partial_fit trains one epoch"):
        model.partial_fit(X, y)
    model.fit(X, y)
    before = outputs(model, X)
    with pytest.raises(ValueError, match="partial_fit trains one epoch"):
        model.partial_fit(X, y)
    assert_array_equal(outputs(model, X), before)
    model.set_params(early_stopping=False).partial_fit(X, y)
    assert model.n_iter_ == 1
    assert len(model.loss_curve_) == model.best_epoch_
    assert not hasattr(model, "validation_scores_")


def nothing(estimator, X, y):
    return float("nan")


@each_class
@pytest.mark.parametrize("n_members", [1, 2])
def test_a_refit_needs_a_score(estimator, n_members, iris):
    model = estimator(**REFIT | {"max_iter": 2}, n_members=n_members, scoring=nothing)
    message = "early_stopping with refit=True needs a finite validation score"
    with pytest.raises(ValueError, match=message):
        model.fit(*iris)


def test_refit_is_true_or_false():
    with pytest.raises(ValueError, match="refit must be True or False"):
        EarlyStopping(refit="yes")


# Interruption


@each_class
def test_ctrl_c_leaves_the_network_of_the_first_training(estimator, interrupt, iris):
    X, y = iris
    model = estimator(**REFIT | {"batch_size": "full", "max_iter": 8})
    first = clone(model).set_params(early_stopping=True).fit(X, y)
    for n_passes in (3, first.n_iter_ + 2):  # in the first training, and in the refit
        again = clone(model)
        interrupt(n_passes)
        with pytest.warns(TrainingInterruptedWarning):
            again.fit(X, y)
        assert again.stop_reason_ == "interrupted"
        if n_passes > 3:
            assert_equal_networks(again, first)
            assert again.n_iter_ == first.n_iter_
        assert outputs(again, X).shape == outputs(first, X).shape


@each_class
@pytest.mark.parametrize("n_members", [1, 2])
def test_callbacks_see_both_trainings(estimator, n_members, smooth):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    X, y = data_for(estimator, smooth)
    model = estimator(n_members=n_members, **REFIT)
    first = clone(model).set_params(early_stopping=True).fit(X, y)
    refit = clone(model).fit(X, y)
    diary = Diary()
    clone(model).set_callbacks(diary).fit(X, y)
    n_first = first.n_iter_ if n_members == 1 else 2
    n_all = n_first + (refit.n_iter_ if n_members == 1 else 2)
    name = "epoch" if n_members == 1 else "member"
    assert diary.tasks == [(name, i) for i in range(n_all)]
    assert diary.n_announced == (60 if n_members == 1 else 4)
    assert_equal_networks(diary.fitted[n_first - 1], first)
    assert_equal_networks(diary.fitted[-1], refit)
    for n, expected in ((n_first, first), (n_all - 1, first)):
        stopped = clone(model).set_callbacks(Diary(stop_after=n)).fit(X, y)
        if n_members == 1:
            assert_equal_networks(stopped, expected)
            assert stopped.stop_reason_ == "stopped"
        elif n == n_first:
            assert_equal_networks(stopped, first)
        else:  # the first of the refitted members
            [member] = stopped.estimators_
            assert_equal_networks(member, refit.estimators_[0])
            assert member.validation_scores_ == first.estimators_[0].validation_scores_


# Files


@each_class
def test_a_saved_estimator_is_the_refitted_one(estimator, tmp_path, smooth):
    X, y = data_for(estimator, smooth)
    model = estimator(**REFIT).fit(X, y)
    model.save_checkpoint(tmp_path / "file")
    twin = estimator.load_checkpoint(tmp_path / "file")
    for other in (twin, pickle.loads(pickle.dumps(model))):
        assert_array_equal(outputs(other, X), outputs(model, X))
        assert other.validation_scores_ == model.validation_scores_
        assert other.early_stopping == EarlyStopping(refit=True)


def break_off(model, X, y, path, n):
    """Fit until the n-th epoch or member has ended, whose checkpoint remains."""
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)
    broken = clone(model).set_callbacks(
        callbacks.Checkpoint(path), Diary(break_after=n)
    )
    with pytest.raises(RuntimeError, match="crash"):
        broken.fit(X, y)


@each_class
@pytest.mark.parametrize(("n_members", "random"), [(1, False), (1, True), (3, False)])
def test_a_fit_that_broke_off_is_completed(
    estimator, n_members, random, tmp_path, smooth
):
    X, y = data_for(estimator, smooth)
    model = estimator(n_members=n_members, dropout=0.1, **REFIT)
    if estimator is BPNetClassifier:
        model.set_params(calibration="temperature")
    random_state = np.random.RandomState(2) if random else 0  # only the file knows
    whole = clone(model.set_params(random_state=random_state)).fit(X, y)
    first = clone(model).set_params(early_stopping=True).fit(X, y)
    n_first = first.n_iter_ if n_members == 1 else 3
    n_all = n_first + (whole.n_iter_ if n_members == 1 else 3)
    for n in (1, n_first, n_first + 1, n_all):
        break_off(model, X, y, tmp_path / "file", n)
        resumed = estimator.load_checkpoint(tmp_path / "file", random_state=None)
        resumed.fit(X, y)
        assert_equal_networks(resumed, whole)
        assert_array_equal(outputs(resumed, X), outputs(whole, X))
        for ours, theirs in zip(networks_of(resumed), networks_of(whole), strict=True):
            assert ours.validation_scores_ == theirs.validation_scores_
            assert ours.n_iter_ == theirs.n_iter_
            assert ours.stop_reason_ == theirs.stop_reason_
        assert resumed._fitted.state.refit is None


@each_class
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_fit_to_a_frame_is_completed(estimator, kind, tmp_path, rng):
    frame, y = frame_with_a_rare_category(rng)
    y = (y > 0.5).astype(int) if estimator is BPNetClassifier else y
    if kind == "polars":
        polars = pytest.importorskip("polars")
        levels = ["z", "y", "never", "x"]
        b = polars.Series("b", frame["b"].astype(str).to_list(), polars.Enum(levels))
        frame = polars.DataFrame({"a": frame["a"].to_numpy(), "b": b})
    fraction = {"validation_fraction": Given()}
    model = estimator(**REFIT | fraction)
    whole = clone(model).fit(frame, y)
    first = clone(model).set_params(early_stopping=True).fit(frame, y)
    for n in (2, first.n_iter_ + 1):
        break_off(model, frame, y, tmp_path / "file", n)
        resumed = estimator.load_checkpoint(tmp_path / "file", **fraction)
        resumed.fit(frame, y)
        assert_equal_networks(resumed, whole)
        assert_array_equal(outputs(resumed, frame), outputs(whole, frame))


@each_class
@pytest.mark.parametrize("n_broken", [2, 5])
def test_an_ensemble_that_is_completed_may_be_larger(
    estimator, n_broken, tmp_path, smooth
):
    X, y = data_for(estimator, smooth)
    model = estimator(n_members=3, **REFIT)
    three = clone(model).fit(X, y)
    break_off(model, X, y, tmp_path / "file", n_broken)
    larger = estimator.load_checkpoint(tmp_path / "file", n_members=4).fit(X, y)
    assert len(larger.estimators_) == 4
    expected = clone(model).set_params(n_members=4).fit(X, y)
    if n_broken == 2:
        assert_equal_networks(larger, expected)
    else:  # the first three have determined the number of epochs
        assert larger.n_iter_ == three.n_iter_
        assert_equal_networks(larger.estimators_[2], three.estimators_[2])


@each_class
@pytest.mark.parametrize("is_refit", [False, True])
def test_partial_fit_forgets_a_refit(estimator, is_refit, tmp_path, smooth):
    X, y = data_for(estimator, smooth)
    model = estimator(**REFIT)
    first = clone(model).set_params(early_stopping=True).fit(X, y)
    break_off(model, X, y, tmp_path / "file", first.n_iter_ + 1 if is_refit else 2)
    again = estimator.load_checkpoint(tmp_path / "file", early_stopping=False)
    again.partial_fit(X, y).partial_fit(X, y)
    assert len(again.loss_curve_) == (3 if is_refit else 4)
    assert again._fitted.state.refit is None


@each_class
def test_a_checkpoint_of_another_early_stopping_is_not_completed(
    estimator, tmp_path, smooth
):
    X, y = data_for(estimator, smooth)
    model = estimator(**REFIT)
    first = clone(model).set_params(early_stopping=True)
    path = tmp_path / "file"
    break_off(first, X, y, path, 2)
    with pytest.raises(ValueError, match="written by a fit without a refit; now early"):
        estimator.load_checkpoint(
            path, **{"early_stopping": REFIT["early_stopping"]}
        ).fit(X, y)
    break_off(model, X, y, path, first.fit(X, y).n_iter_ + 1)
    with pytest.raises(ValueError, match=r"EarlyStopping\(refit=True\); now early_st"):
        estimator.load_checkpoint(path, early_stopping=True).fit(X, y)
    with pytest.raises(ValueError, match="other samples"):
        estimator.load_checkpoint(path).fit(X[1:], y[1:])
    break_off(model, X, y, path, 2)  # what it has trained is that of both
    resumed = estimator.load_checkpoint(path, early_stopping=True).fit(X, y)
    assert_equal_networks(resumed, first)
