"""scikit-learn's callbacks on the estimators, and the package's own."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
theirs = pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
ours = pytest.importorskip("sklearn_bpnet.callbacks")
Checkpoint, TimeLimit, LearningCurve = (
    ours.Checkpoint,
    ours.TimeLimit,
    ours.LearningCurve,
)
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_solver = pytest.mark.parametrize(
    "solver", ["lbfgs", "gd", "cg", "sgd", "adam", "rprop"]
)


class Diary:
    """A callback that notes every hook it hears, and may ask for an end."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.events = []
        self.fitted = []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, context.max_subtasks))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.events.append(("begin", context.task_name, context.task_id))
        assert X is not None
        assert y is not None

    def on_fit_task_end(
        self,
        estimator,
        context,
        *,
        X=None,
        y=None,
        metadata=None,
        fitted_estimator=None,
    ):
        self.events.append(("end", context.task_name, context.task_id))
        self.metadata = metadata
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.fitted.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name, None))


def steady(model):
    """The model at one learning rate, whatever the number of epochs."""
    stochastic = model.solver not in ("lbfgs", "cg")
    return model.set_params(learning_rate="constant") if stochastic else model


def weights(model):
    return np.concatenate([a.ravel() for a in model.coefs_ + model.intercepts_])


@pytest.mark.parametrize(
    ("estimator", "early_stopping"), [(BPNetClassifier, False), (BPNetRegressor, True)]
)
@each_solver
def test_every_epoch_is_a_task(estimator, solver, early_stopping, iris):
    diary = Diary()
    model = estimator(
        (5,), solver=solver, early_stopping=early_stopping, max_iter=4, random_state=0
    )
    plain = clone(model).fit(*iris)
    model.set_callbacks(diary).fit(*iris)
    epochs = [(e, "epoch", i) for i in range(4) for e in ("begin", "end")]
    assert diary.events == [
        ("setup", "fit", 4),
        ("begin", "fit", 0),
        *epochs,
        ("end", "fit", 0),
        ("teardown", "fit", None),
    ]
    assert_array_equal(weights(model), weights(plain))  # monitoring changes nothing
    assert model.loss_curve_ == plain.loss_curve_


@pytest.mark.parametrize(
    ("estimator", "early_stopping"), [(BPNetClassifier, False), (BPNetRegressor, True)]
)
@each_solver
def test_the_fitted_estimator_is_what_a_shorter_fit_gives(
    estimator, solver, early_stopping, iris
):
    X, y = iris
    diary = Diary()
    model = estimator(
        (5,), solver=solver, early_stopping=early_stopping, max_iter=4, random_state=0
    )
    steady(model)
    clone(model).set_callbacks(diary).fit(X, y)
    for epoch, fitted in enumerate(diary.fitted, start=1):
        shorter = clone(model).set_params(max_iter=epoch).fit(X, y)
        assert fitted.n_iter_ == epoch
        assert fitted.best_epoch_ == shorter.best_epoch_
        assert_array_equal(fitted.predict(X), shorter.predict(X))
        assert_array_equal(weights(fitted), weights(shorter))


@each_class
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_the_fitted_estimator_of_an_epoch_continues_from_there(estimator, solver, iris):
    diary = Diary()
    model = steady(estimator((5,), solver=solver, alpha=1e-4, max_iter=4))
    model.set_params(random_state=0).set_callbacks(diary).fit(*iris)
    one, two, *_ = [fitted.set_callbacks() for fitted in diary.fitted]
    assert_array_equal(weights(one.partial_fit(*iris)), weights(two))


@each_class
@each_solver
def test_a_callback_ends_training(estimator, solver, iris):
    model = steady(estimator((5,), solver=solver, max_iter=50, random_state=0))
    shorter = clone(model).set_params(max_iter=3).fit(*iris)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it was asked for
        model.set_callbacks(Diary(stop_after=3)).fit(*iris)
    assert (model.n_iter_, model.stop_reason_) == (3, "stopped")
    assert_array_equal(weights(model), weights(shorter))


def test_a_fit_that_ends_before_max_iter_closes_its_tasks(iris):
    diary = Diary()
    clf = BPNetClassifier((5,), solver="lbfgs", tol=0.1, random_state=0)
    clf.set_callbacks(diary).fit(*iris)
    assert clf.n_iter_ < 100
    begun, ended = (
        [event[1:] for event in diary.events if event[0] == kind]
        for kind in ("begin", "end")
    )
    assert sorted(begun) == sorted(ended)


def test_a_diverging_epoch_has_no_fitted_estimator(iris):
    diary = Diary()
    reg = BPNetRegressor(
        (20,), solver="sgd", learning_rate_init=1.0, batch_size=10, random_state=0
    )
    reg.set_callbacks(diary).fit(iris[0], 1e3 * iris[0])
    assert reg.stop_reason_ == "diverged"
    assert len(diary.fitted) == reg.n_iter_ - 1
    assert diary.events[-3:-1] == [
        ("end", "epoch", reg.n_iter_ - 1),
        ("end", "fit", 0),
    ]


@each_class
def test_partial_fit_is_a_task_of_one_epoch(estimator, iris):
    diary = Diary()
    model = estimator((5,), random_state=0).set_callbacks(diary)
    first = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    model.partial_fit(*iris, **first).partial_fit(*iris)
    assert diary.events.count(("end", "epoch", 0)) == 2
    assert diary.events.count(("setup", "fit", 1)) == 2


def test_a_single_class_is_a_task_without_epochs(iris):
    diary = Diary()
    BPNetClassifier().set_callbacks(diary).fit(iris[0], np.zeros(150))
    assert [event[0] for event in diary.events] == ["setup", "begin", "end", "teardown"]


def test_sample_weights_reach_the_callbacks(iris):
    diary, s = Diary(), np.linspace(0.5, 1, 150)
    clf = BPNetClassifier((5,), max_iter=2).set_callbacks(diary)
    clf.fit(*iris, s)
    assert_array_equal(diary.metadata["sample_weight"], s)


def test_a_failing_fit_is_torn_down(iris):
    diary = Diary()
    clf = BPNetClassifier((5,)).set_callbacks(diary)
    with pytest.raises(ValueError, match="infinity"):
        clf.fit(np.full((150, 4), np.inf), iris[1])
    clf.fit(*iris)
    assert diary.events[-1][0] == "teardown"


# scikit-learn's own


@each_class
@each_solver
def test_scoring_monitor_logs_every_epoch(estimator, solver, iris):
    X, y = iris
    score = "accuracy" if estimator is BPNetClassifier else "r2"
    monitor = theirs.ScoringMonitor(scoring=score)
    model = steady(estimator((5,), solver=solver, max_iter=5, random_state=0))
    model.set_callbacks(monitor).fit(X, y)
    rows = monitor.get_logs().data
    scores = [row[score] for row in rows if row["task_name"] == "epoch"]
    expected = [
        clone(model).set_callbacks().set_params(max_iter=n).fit(X, y).score(X, y)
        for n in range(1, 6)
    ]
    assert_allclose(scores, expected)


def test_names_of_features_do_not_disturb_the_monitor(iris):
    pd = pytest.importorskip("pandas")
    X, monitor = (
        pd.DataFrame(iris[0], columns=list("abcd")),
        theirs.ScoringMonitor(scoring="accuracy"),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*feature names")
        BPNetClassifier((5,), max_iter=3).set_callbacks(monitor).fit(X, iris[1])
    assert len(monitor.get_logs().data) == 4


@pytest.mark.parametrize(
    ("estimator", "where"), [(BPNetClassifier, "alone"), (BPNetRegressor, "pipeline")]
)
@each_solver
def test_progress_bar_shows_the_epochs(estimator, solver, where, iris, capsys):
    pytest.importorskip("rich")
    model = estimator((5,), solver=solver, max_iter=5, random_state=0)
    if where == "pipeline":
        model = make_pipeline(StandardScaler(), model)
    model.set_callbacks(theirs.ProgressBar()).fit(*iris)
    out = capsys.readouterr().out
    assert f"{estimator.__name__} - fit" in out
    assert "100%" in out


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_progress_bar_and_monitor_in_a_grid_search(solver, iris, capsys):
    pytest.importorskip("rich")
    X, y = iris
    monitor = theirs.ScoringMonitor(scoring="accuracy")
    clf = BPNetClassifier((5,), solver=solver, max_iter=4, random_state=0)
    clf.set_callbacks(monitor)
    search = GridSearchCV(clf, {"alpha": [1e-4, 1e-2]}, cv=2, n_jobs=2)
    search.set_callbacks(theirs.ProgressBar()).fit(X, y)
    out = capsys.readouterr().out
    for fit in range(4):
        assert f"BPNetClassifier - fit #{fit}" in out
    epochs = [r for r in monitor.get_logs().data if r["task_name"] == "epoch"]
    assert len(epochs) == 4 * (2 * 2 + 1)
    [last] = [r["accuracy"] for r in epochs if r["task_id_path"] == (0, 1, 3)]
    assert last == accuracy_score(y, search.best_estimator_.predict(X))  # the refit


# The package's own


@pytest.mark.parametrize(
    "callback",
    [Checkpoint("file"), TimeLimit(1), LearningCurve()],
    ids=lambda callback: type(callback).__name__,
)
def test_ours_follow_the_protocol(callback):
    assert isinstance(callback, theirs.FitCallback)


@each_class
@each_solver
def test_time_limit_ends_training(estimator, solver, iris, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(ours, "monotonic", lambda: next(clock))
    model = estimator((5,), solver=solver, max_iter=50, random_state=0)
    model.set_callbacks(TimeLimit(seconds=4)).fit(*iris)
    assert (model.n_iter_, model.stop_reason_) == (4, "stopped")
    clock = iter(range(100))
    assert model.fit(*iris).n_iter_ == 4  # the clock starts with every fit


def test_checkpoint_writes_when_it_is_time_and_at_the_end(iris, tmp_path):
    path, written = tmp_path / "file", []

    class Look(Diary):
        def on_fit_task_end(self, estimator, context):
            if path.exists():
                written.append(BPNetClassifier.load_checkpoint(path).n_iter_)

    clf = BPNetClassifier((5,), max_iter=8, random_state=0)
    clf.set_callbacks(Checkpoint(path, every=3), Look()).fit(*iris)
    assert written == [3, 3, 3, 6, 6, 6, 8]
    assert list(tmp_path.iterdir()) == [path]


def test_checkpoints_of_a_search_have_files_of_their_own(iris, tmp_path):
    clf = BPNetClassifier((5,), max_iter=2, random_state=0)
    grid = {"alpha": [1e-4, 1e-2]}
    clf.set_callbacks(Checkpoint(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"Put \{task\} into the name"):
        GridSearchCV(clf, grid, cv=2, error_score="raise").fit(*iris)
    clf.set_callbacks(Checkpoint(tmp_path / "fit-{task}"))
    GridSearchCV(clf, grid, cv=2, error_score="raise").fit(*iris)
    assert len(list(tmp_path.iterdir())) == 2 * 2 + 1


def test_checkpoint_in_a_pipeline_sits_on_the_network(iris, tmp_path):
    path = tmp_path / "file"
    clf = BPNetClassifier((5,), max_iter=2, random_state=0)
    pipeline = make_pipeline(StandardScaler(), clf)
    clf.set_callbacks(Checkpoint(path))
    pipeline.fit(*iris)
    assert BPNetClassifier.load_checkpoint(path).n_iter_ == 2
    with pytest.raises(TypeError, match="Set it on that step of a pipeline"):
        pipeline.set_callbacks(Checkpoint(path)).fit(*iris)


def test_learning_curve_draws_what_history_holds(iris):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    curve = LearningCurve(interval=0)
    clf = BPNetClassifier((5,), early_stopping=True, max_iter=4, random_state=0)
    clf.set_callbacks(curve).fit(*iris)
    left, right = curve.figure_.axes
    assert left is curve.ax_
    drawn = {
        line.get_label(): line.get_ydata() for ax in (left, right) for line in ax.lines
    }
    assert_array_equal(drawn["training loss"], clf.history_["loss"])
    assert_array_equal(drawn["validation loss"], clf.history_["validation_loss"])
    assert_array_equal(drawn["validation score"], clf.history_["validation_score"])
    plt.close(curve.figure_)


def test_learning_curve_draws_into_given_axes(iris):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    figure, ax = plt.subplots()
    curve = LearningCurve(ax=ax, interval=1000)
    BPNetClassifier((5,), max_iter=4, random_state=0).set_callbacks(curve).fit(*iris)
    assert curve.figure_ is figure
    assert len(ax.lines) == 1
    plt.close(figure)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Checkpoint("file", every=0), "every must be an int of at least 1"),
        (lambda: Checkpoint("file", every=1.5), "every must be an int of at least 1"),
        (lambda: TimeLimit(0), "seconds must be positive"),
        (lambda: TimeLimit(np.nan), "seconds must be positive"),
        (lambda: LearningCurve(interval=-1), "interval must be at least 0"),
    ],
)
def test_callbacks_check_their_parameters(build, message):
    with pytest.raises(ValueError, match=message):
        build()
