"""Checkpoints: whole or refused, and training goes on as if it had never been cut."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._data.fingerprint import fingerprint
from sklearn_bpnet._sklearn_compat import HAS_CALLBACKS
from sklearn_bpnet._storage import replacing
from sklearn_bpnet.net.activations import SELU, LeakyReLU, Mixed, ReLU
from sklearn_bpnet.net.blocks.embeddings import PBLD
from sklearn_bpnet.options import Dropout, WeightDecay
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Adam
from sklearn_bpnet.training.schedules import FlatCosine, InverseScaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
needs_callbacks = pytest.mark.skipif(
    not HAS_CALLBACKS, reason="set_callbacks came with scikit-learn 1.9"
)


class CutError(Exception):
    """What ends a training from outside."""


class CutAfter:
    """A callback that ends the fit in the given epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if (context.task_name, context.task_id) == ("epoch", self.epoch - 1):
            raise CutError

    def teardown(self, estimator, context):
        pass


def assert_same_fit(one, other):
    for name in ("coefs_", "intercepts_", "activation_weights_"):
        both = getattr(one, name, []), getattr(other, name, [])
        for ours, theirs in zip(*both, strict=True):
            assert_array_equal(ours, theirs)
            assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)
    scales = [getattr(e, "learned_input_scale_", None) for e in (one, other)]
    assert_array_equal(*scales)
    assert one.history_.keys() == other.history_.keys()
    for name in one.history_.keys() - {"seconds"}:
        assert_array_equal(one.history_[name], other.history_[name])
    for name in ("n_iter_", "t_", "stop_reason_", "loss_", "best_epoch_"):
        assert getattr(one, name, None) == getattr(other, name, None), name


def cut_and_resume(model, epoch, path, data, every=1, **rows):
    """The model fitted in two parts, with a file between them."""
    from sklearn_bpnet.callbacks import Checkpoint

    cut = clone(model).set_callbacks(Checkpoint(path, every), CutAfter(epoch))
    with pytest.raises(CutError):
        cut.fit(*data, **rows)
    resumed = type(model).load_checkpoint(path)
    assert resumed.stop_reason_ == "unfinished"
    assert resumed.n_iter_ == epoch - epoch % every
    return resumed.fit(*data, **rows)


SETTINGS = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "n_iter_no_change": 2,
        "tol": 0.02,
    },
    "invscaling": {"learning_rate": InverseScaling(0.3)},
    "cosine": {"learning_rate": "cosine"},
    "one cycle": {"learning_rate": "one_cycle"},
    "noise": {"dropout": Dropout([0.4, 0.0], 0.2, input_noise=0.3)},
    "courses": {
        "dropout": Dropout(0.4, schedule="flat_cosine"),
        "weight_decay": WeightDecay(5.0, FlatCosine(0.3)),
    },
    "prelu": {"activation": "prelu", "dropout": 0.2},
    "embedding": {"numeric_embedding": PBLD(5, 3), "learned_input_scale": True},
    "mix": {"activation": Mixed(SELU(), 0.5)},
    "shared members": {"shared_members": 3, "early_stopping": True, "dropout": 0.2},
    "group": {"group_alpha": 0.05, "alpha": [0.0, 0.01, 0.0]},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 4},
    "watching the loss": {"early_stopping": True, "scoring": "loss"},
    "average": {"ema_decay": 0.9},
    "schedule-free": {"solver": "schedule_free_adamw", "weight_decay": 0.1},
    "average, early stopping": {"ema_decay": 0.9, "early_stopping": True},
    "lasso": {"l1_ratio": 1.0, "alpha": 0.01},
    "objects": {"activation": [LeakyReLU(0.2), ReLU()], "solver": Adam(beta_1=0.8)},
    "full batch": {"batch_size": "full", "dtype": "float64"},
    "scale": {"learned_input_scale": True, "learning_rate_factors": {"W": "ntk"}},
    "record": {"record": ("gradient_norm", "saturation")},
}


CUTS = [
    # every setting once, in the middle
    *((BOTH[i % 2], name, 8) for i, name in enumerate(SETTINGS)),
    # at either end, what has most to keep
    *(
        (estimator, name, epoch)
        for estimator in BOTH
        for name in ("adam", "noise", "average, early stopping")
        for epoch in (1, 19)
    ),
]


@needs_callbacks
@pytest.mark.parametrize(("estimator", "name", "epoch"), CUTS)
def test_a_resumed_fit_ends_where_an_uncut_one_does(
    estimator, name, epoch, iris, tmp_path
):
    setting = {"learning_rate_init": 0.02, "random_state": 0} | SETTINGS[name]
    model = estimator((5, 4), max_iter=20, **setting)
    whole = clone(model).fit(*iris)
    if whole.n_iter_ <= epoch:
        epoch = whole.n_iter_ - 1
    resumed = cut_and_resume(model, epoch, tmp_path / "file", iris)
    assert_same_fit(resumed, whole)
    assert_array_equal(resumed.predict(iris[0]), whole.predict(iris[0]))
    # what is fitted now begins anew at the next fit
    assert resumed.fit(*iris).n_iter_ == whole.n_iter_


@needs_callbacks
@pytest.mark.parametrize(
    "parameters",
    [{}, {"input_scaling": "squash"}, {"early_stopping": True}],
    ids=lambda parameters: next(iter(parameters), "default"),
)
def test_a_fit_to_categories_and_gaps_resumes_bit_for_bit(parameters, tmp_path):
    from sklearn_bpnet.callbacks import Checkpoint

    rng = np.random.default_rng(0)
    X = np.empty((200, 3), dtype=object)
    X[:, 0] = rng.choice(["a", "b", "c"], 200)
    X[:, 1] = np.where(rng.random(200) < 0.2, np.nan, rng.normal(5, 2, 200))
    X[:, 2] = [f"u{i}" for i in rng.integers(50, size=200)]
    y = rng.normal(size=200)
    reg = BPNetRegressor(
        (5,), categorical_features=[0, 2], max_iter=9, random_state=0, **parameters
    )
    whole = clone(reg).fit(X, y)
    resumed = cut_and_resume(reg, 4, tmp_path / "file", (X, y))
    assert_same_fit(resumed, whole)
    assert_array_equal(resumed.predict(X), whole.predict(X))
    with pytest.raises(CutError):
        reg.set_callbacks(Checkpoint(tmp_path / "file"), CutAfter(4)).fit(X, y)
    X[:, 0] = rng.permutation(X[:, 0])
    with pytest.raises(ValueError, match="by a fit to other samples"):
        BPNetRegressor.load_checkpoint(tmp_path / "file").fit(X, y)


@needs_callbacks
@pytest.mark.parametrize("solver", [*OPTIMIZERS, "gd"])
def test_every_solver_with_steps_resumes_bit_for_bit(solver, iris, tmp_path):
    clf = BPNetClassifier((5,), solver=solver, max_iter=12, random_state=0)
    whole = clone(clf).fit(*iris)
    assert_same_fit(cut_and_resume(clf, 5, tmp_path / "file", iris), whole)


@needs_callbacks
def test_a_cut_in_the_epoch_that_ran_out_of_patience_makes_no_more(iris, tmp_path):
    clf = BPNetClassifier((5,), n_iter_no_change=3, tol=0.1, random_state=0)
    whole = clone(clf).fit(*iris)
    assert whole.stop_reason_ == "converged"
    assert_same_fit(cut_and_resume(clf, whole.n_iter_, tmp_path / "f", iris), whole)


@needs_callbacks
def test_epochs_after_the_last_writing_are_made_again(iris, tmp_path):
    clf = BPNetClassifier((5,), max_iter=12, random_state=0)
    resumed = cut_and_resume(clf, 8, tmp_path / "file", iris, every=3)
    assert_same_fit(resumed, clone(clf).fit(*iris))


@needs_callbacks
@pytest.mark.parametrize("kind", ["split", "X_val", "groups", "splitter", "weights"])
def test_validation_is_the_same_after_resuming(kind, iris, tmp_path):
    X, y = iris
    rows, setting, given = {}, {}, {}
    if kind == "X_val":
        rows = {"X_val": X[100:], "y_val": y[100:]}
    elif kind == "groups":
        rows = {"groups": np.arange(len(y)) // 5}
    elif kind == "splitter":  # another split at every call
        given = {"validation_fraction": ShuffleSplit(1, test_size=0.2)}
        np.random.seed(0)  # noqa: NPY002  (what such a splitter draws from)
    elif kind == "weights":
        rows = {"sample_weight": np.arange(len(y)) % 3}
    clf = BPNetClassifier(
        (5,), early_stopping=True, max_iter=15, random_state=0, **setting, **given
    )
    from sklearn_bpnet.callbacks import Checkpoint

    cut = clone(clf).set_callbacks(Checkpoint(tmp_path / "file"), CutAfter(7))
    with pytest.raises(CutError):
        cut.fit(X, y, **rows)
    resumed = BPNetClassifier.load_checkpoint(tmp_path / "file", **given)
    np.random.seed(0)  # noqa: NPY002
    whole = clone(clf).fit(X, y, **rows)
    assert_same_fit(resumed.fit(X, y, **rows), whole)


@needs_callbacks
def test_a_cut_warm_start_makes_the_epochs_that_it_lacked(iris, tmp_path):
    clf = BPNetClassifier((5,), warm_start=True, max_iter=6, random_state=0)
    whole = clone(clf).fit(*iris).fit(*iris).fit(*iris)
    from sklearn_bpnet.callbacks import Checkpoint

    cut = clone(clf).fit(*iris)
    cut.set_callbacks(Checkpoint(tmp_path / "file"), CutAfter(4))
    with pytest.raises(CutError):
        cut.fit(*iris)
    resumed = BPNetClassifier.load_checkpoint(tmp_path / "file").fit(*iris)
    assert resumed.n_iter_ == 6
    assert_same_fit(resumed.fit(*iris), whole)


@needs_callbacks
def test_a_resumed_fit_takes_a_larger_max_iter(iris, tmp_path):
    from sklearn_bpnet.callbacks import Checkpoint

    clf = BPNetClassifier((5,), learning_rate="constant", max_iter=5, random_state=0)
    clone(clf).set_callbacks(Checkpoint(tmp_path / "file")).fit(*iris)
    resumed = BPNetClassifier.load_checkpoint(tmp_path / "file", max_iter=9)
    assert_same_fit(resumed.fit(*iris), clone(clf).set_params(max_iter=9).fit(*iris))


@needs_callbacks
@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg"])
def test_lbfgs_and_cg_go_on_from_the_weights(estimator, solver, iris, tmp_path):
    model = estimator((5,), solver=solver, alpha=0.01, max_iter=400, random_state=0)
    whole = clone(model).fit(*iris)
    resumed = cut_and_resume(model, 10, tmp_path / "file", iris)
    assert resumed.loss_curve_[:10] == whole.loss_curve_[:10]
    assert resumed.loss_ < whole.loss_curve_[9]


@each_class
@pytest.mark.parametrize("early_stopping", [False, True])
def test_partial_fit_goes_on_from_a_file(estimator, early_stopping, iris, tmp_path):
    X, y = iris
    rows = {"X_val": X[120:], "y_val": y[120:]}
    model = estimator((5,), early_stopping=early_stopping, random_state=0)
    model.set_params(ema_decay=0.9)
    first = {"classes": np.unique(y)} if estimator is BPNetClassifier else {}
    for _ in range(3):
        model.partial_fit(X, y, **first, **rows)
    model.save_checkpoint(tmp_path / "file")
    twin = estimator.load_checkpoint(tmp_path / "file")
    for _ in range(3):
        model.partial_fit(X, y, **rows)
        twin.partial_fit(X, y, **rows)
    assert_same_fit(twin, model)


@pytest.mark.parametrize(
    "labels",
    [
        ["setosa", "versicolor", "virginica"],
        np.array(["a", "b", "c"], dtype=object),
        [False, True, True],
        [1.0, 2.0, 4.0],
    ],
    ids=["str", "object", "bool", "float"],
)
def test_labels_come_back(labels, iris, tmp_path):
    X, y = iris
    clf = BPNetClassifier((5,), max_iter=3).fit(X, np.asarray(labels)[y])
    clf.save_checkpoint(tmp_path / "file")
    twin = BPNetClassifier.load_checkpoint(tmp_path / "file")
    assert_array_equal(twin.predict(X), clf.predict(X))
    assert twin.classes_.dtype == clf.classes_.dtype


def test_names_of_features_come_back(iris, tmp_path):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(iris[0], columns=list("abcd"))
    reg = BPNetRegressor((5,), max_iter=3).fit(X, iris[1])
    reg.save_checkpoint(tmp_path / "file")
    twin = BPNetRegressor.load_checkpoint(tmp_path / "file")
    assert_array_equal(twin.feature_names_in_, reg.feature_names_in_)
    assert_array_equal(twin.predict(X), reg.predict(X))


def test_parameters_of_every_kind_come_back(iris, tmp_path):
    parameters = {
        "hidden_layer_sizes": np.array([5, 4]),
        "activation": (LeakyReLU(0.2), "tanh"),
        "solver": Adam(beta_1=0.8),
        "class_weight": {0: 1.0, 1: 2, 2: np.float32(0.5)},
        "n_iter_no_change": np.inf,
        "dtype": np.float64,
        "random_state": np.random.RandomState(0),
        "max_iter": np.int64(3),
    }
    clf = BPNetClassifier(**parameters).fit(*iris)
    clf.save_checkpoint(tmp_path / "file")
    twin = BPNetClassifier.load_checkpoint(tmp_path / "file")
    for name, value in parameters.items():
        loaded = getattr(twin, name)
        if name == "random_state":
            assert_array_equal(loaded.get_state()[1], value.get_state()[1])
        elif name == "hidden_layer_sizes":
            assert_array_equal(loaded, value)
        else:
            assert loaded == value
            assert type(loaded) is type(value) or isinstance(value, np.number)


@dataclass(frozen=True)
class Mine(ReLU):
    """An activation of the user's."""


def test_what_a_file_cannot_hold_must_be_given(iris, tmp_path):
    clf = BPNetClassifier((5,), activation=Mine(), max_iter=3).fit(*iris)
    clf.save_checkpoint(tmp_path / "file")
    with pytest.raises(ValueError, match=r"cannot hold activation=Mine\(\)"):
        BPNetClassifier.load_checkpoint(tmp_path / "file")
    twin = BPNetClassifier.load_checkpoint(tmp_path / "file", activation=Mine())
    assert_array_equal(twin.predict_proba(iris[0]), clf.predict_proba(iris[0]))


# Refusals


@needs_callbacks
def test_other_rows_are_refused(iris, tmp_path):
    from sklearn_bpnet.callbacks import Checkpoint

    X, y = iris
    clf = BPNetClassifier((5,), max_iter=5, random_state=0)
    clf.set_callbacks(Checkpoint(tmp_path / "file"), CutAfter(3))
    with pytest.raises(CutError):
        clf.fit(X, y)
    resumed = BPNetClassifier.load_checkpoint(tmp_path / "file")
    for rows in ((X[:100], y[:100]), (X + 1, y), (X, y, np.arange(150))):
        with pytest.raises(ValueError, match="by a fit to other samples"):
            resumed.fit(*rows)
    # none of which has changed it
    whole = clone(clf).set_callbacks().fit(X, y)
    assert_same_fit(resumed.fit(X, y), whole)


@needs_callbacks
def test_another_validation_is_refused(iris, tmp_path):
    X, y = iris
    clf = BPNetClassifier((5,), early_stopping=True, max_iter=5, random_state=0)
    rows = {"X_val": X[:50], "y_val": y[:50]}
    from sklearn_bpnet.callbacks import Checkpoint

    clf.set_callbacks(Checkpoint(tmp_path / "file"), CutAfter(3))
    with pytest.raises(CutError):
        clf.fit(X, y, **rows)
    resumed = BPNetClassifier.load_checkpoint(tmp_path / "file")
    with pytest.raises(ValueError, match="with another validation"):
        resumed.fit(X, y, X_val=X[50:100], y_val=y[50:100])


@pytest.fixture
def written(iris, tmp_path):
    """A file, and the bytes in it."""
    path = tmp_path / "file"
    BPNetClassifier((5,), max_iter=3, random_state=0).fit(*iris).save_checkpoint(path)
    return path, path.read_bytes()


def test_a_file_that_was_cut_short_is_refused(written, rng):
    path, content = written
    lengths = [0, 1, 10, len(content) - 1, *rng.integers(len(content), size=20)]
    for length in lengths:
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="damaged"):
            BPNetClassifier.load_checkpoint(path)


def test_a_file_with_an_altered_byte_is_refused(written, rng):
    path, content = written
    first_line = range(content.index(b"\n") + 1)
    for where in (*first_line, *rng.integers(len(content), size=100)):
        altered = bytearray(content)
        altered[where] ^= 1 << int(rng.integers(8))
        path.write_bytes(altered)
        with pytest.raises(ValueError, match=r"damaged|reads the format"):
            BPNetClassifier.load_checkpoint(path)
    path.write_bytes(content + b"more")
    with pytest.raises(ValueError, match="damaged"):
        BPNetClassifier.load_checkpoint(path)


def test_another_file_is_refused(tmp_path, iris):
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps(BPNetClassifier((5,), max_iter=2).fit(*iris)))
    with pytest.raises(ValueError, match="not a checkpoint"):
        BPNetClassifier.load_checkpoint(path)
    with pytest.raises(FileNotFoundError):
        BPNetClassifier.load_checkpoint(tmp_path / "none")


def test_another_class_is_refused(written):
    with pytest.raises(ValueError, match=r"holds a BPNetClassifier\. Use BPNetClass"):
        BPNetRegressor.load_checkpoint(written[0])


def test_f24_no_foreign_code_is_imported(written, monkeypatch):
    from sklearn_bpnet._storage.json_tree import decode

    for kind, name in (("os", "system"), ("loss", "Adam"), ("option", "os")):
        form = {"instance": [kind, name, {"dict": []}]}
        with pytest.raises(ValueError, match=r"Unknown kind|has no loss|no option"):
            decode(form, {})


def test_an_unfitted_estimator_has_nothing_to_write(tmp_path):
    with pytest.raises(ValueError, match="not fitted"):
        BPNetClassifier().save_checkpoint(tmp_path / "file")
    assert not list(tmp_path.iterdir())


# Crashes


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_crash_while_writing_leaves_the_file_before(
    step, written, iris, tmp_path, monkeypatch
):
    path, content = written

    def crash(*args):
        raise OSError("disk full")

    clf = BPNetClassifier((5,), max_iter=4).fit(*iris)
    monkeypatch.setattr(replacing.os, step, crash)
    with pytest.raises(OSError, match="disk full"):
        clf.save_checkpoint(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_the_fingerprint_tells_shapes_and_values():
    X = np.arange(6.0).reshape(3, 2)
    prints = {
        fingerprint(*arrays)
        for arrays in [(X,), (X.reshape(2, 3),), (X + 1,), (X, None), (None, X)]
    }
    assert len(prints) == 5
    assert fingerprint(X.copy()) in prints
