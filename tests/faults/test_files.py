"""Faults of files: checkpoints written by several, unsuitable, damaged or foreign."""

import copy
import errno
import io
import json
import os
import pickle
import re
import stat
import struct
import threading
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from checkpoint_parts import nodes, part, parts, write_content, write_parts
from scipy.sparse import csr_array

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet._storage import replacing
from sklearn_bpnet._version import __version__
from sklearn_bpnet.net.activations import LeakyReLU
from sklearn_bpnet.net.blocks.embeddings import PBLD
from sklearn_bpnet.net.losses import FocalLoss, Quantile
from sklearn_bpnet.options import EarlyStopping
from sklearn_bpnet.training.optimizers import Adam
from sklearn_bpnet.training.schedules import InverseScaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
posix = pytest.mark.skipif(os.name != "posix", reason="needs modes and links of files")


@pytest.fixture
def clf(iris):
    return BPNetClassifier((5,), max_iter=3, random_state=0).fit(*iris)


def load(path, **parameters):
    return BPNetClassifier.load_checkpoint(path, **parameters)


# F21: one temporary file for each writer


def test_f21_writers_of_one_path_leave_a_whole_file_at_any_time(clf, tmp_path):
    path, n_rounds, errors = tmp_path / "file", 15, []
    clf.save_checkpoint(path)

    def write():
        try:
            for _ in range(n_rounds):
                clf.save_checkpoint(path)
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        load(path)
    assert not errors
    assert os.listdir(tmp_path) == ["file"]


@posix
def test_f21_a_link_where_the_temporary_file_was_is_not_followed(clf, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "file.part").symlink_to(victim)
    clf.save_checkpoint(tmp_path / "file")
    assert victim.read_text() == "precious"
    assert (tmp_path / "file.part").is_symlink()


@posix
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_f21_a_symbolic_link_at_the_path_is_kept(exists, relative, clf, tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "file", tmp_path / "link"
    if exists:
        target.write_text("old")
    link.symlink_to(Path("real/file") if relative else target)
    (tmp_path / "second").symlink_to(link)
    clf.save_checkpoint(tmp_path / "second")
    assert link.is_symlink()
    assert (tmp_path / "second").is_symlink()
    assert not target.is_symlink()
    load(target)
    assert os.listdir(tmp_path / "real") == ["file"]


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_f21_a_new_file_has_the_mode_of_the_umask(umask, clf, tmp_path):
    before = os.umask(umask)
    try:
        clf.save_checkpoint(tmp_path / "file")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o755])
def test_f21_the_mode_of_an_existing_file_is_kept(mode, clf, tmp_path):
    path, modes = tmp_path / "file", []
    path.write_bytes(b"")
    path.chmod(mode)
    fsync = os.fsync

    def note_mode(descriptor):
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replacing.os, "fsync", note_mode)
        clf.save_checkpoint(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert modes[0] == mode  # nor could others read it before it was renamed


@posix
def test_f21_the_longest_names_can_be_written(clf, tmp_path):
    for name in ("x" * 255, "ü" * 127, "語" * 85):
        clf.save_checkpoint(tmp_path / name)
        load(tmp_path / name)
    assert len(os.listdir(tmp_path)) == 3


@posix
@pytest.mark.parametrize("kind", ["folder", "fifo", "loop", "below a file", "missing"])
def test_f21_what_is_no_file_is_left_as_it_is(kind, clf, tmp_path):
    path = tmp_path / "file"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":  # a device would be replaced likewise
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "below a file":
        path.write_text("")
        path = path / "file"
    else:
        path = tmp_path / "folder" / "file"
    before = [(p, p.lstat().st_mode) for p in sorted(tmp_path.iterdir())]
    with pytest.raises(OSError, match=r"file'$") as raised:
        clf.save_checkpoint(path)
    assert raised.value.filename == str(path)
    assert [(p, p.lstat().st_mode) for p in sorted(tmp_path.iterdir())] == before


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("exists", [True, False])
def test_f21_a_failed_attempt_leaves_the_old_file_and_no_other(
    step, error, exists, clf, tmp_path, monkeypatch
):
    path = tmp_path / "file"
    if exists:
        clf.save_checkpoint(path)
    before = sorted(tmp_path.iterdir())

    def fail(*args):
        raise error

    monkeypatch.setattr(replacing.os, step, fail)
    with pytest.raises(type(error)) as raised:
        clf.save_checkpoint(path)
    assert getattr(raised.value, "filename", str(path)) == str(path)
    assert sorted(tmp_path.iterdir()) == before
    if exists:
        load(path)


# F23: a path that cannot be written is noticed before training


class CountEpochs:
    """A callback that counts the epochs."""

    def __init__(self):
        self.n_epochs = 0

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.n_epochs += context.task_name == "epoch"

    def on_fit_task_end(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass


def fit_with_checkpoint(path, data, estimator=None):
    """The error of a fit that writes to a path, and the number of its epochs."""
    callbacks = pytest.importorskip(
        "sklearn_bpnet.callbacks", exc_type=ImportError, reason="no callbacks"
    )
    estimator = estimator or BPNetClassifier((5,), max_iter=3, random_state=0)
    counter, raised = CountEpochs(), None
    estimator.set_callbacks(callbacks.Checkpoint(path, every=2), counter)
    try:
        estimator.fit(*data)
    except OSError as error:
        raised = error
    return raised, counter.n_epochs


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("folder", IsADirectoryError),
        ("missing folder", FileNotFoundError),
        ("below a file", NotADirectoryError),
        ("link to a missing folder", FileNotFoundError),
        ("too long", OSError),
        ("empty", IsADirectoryError),
    ],
)
def test_f23_a_path_that_cannot_be_written_is_noticed_before_training(
    kind, expected, iris, tmp_path
):
    path = {
        "folder": tmp_path,
        "missing folder": tmp_path / "a" / "b" / "file",
        "below a file": tmp_path / "file" / "file",
        "link to a missing folder": tmp_path / "link",
        "too long": tmp_path / ("x" * 300),
        "empty": "",
    }[kind]
    (tmp_path / "file").write_text("")
    if kind.startswith("link"):
        path.symlink_to(tmp_path / "none" / "file")
    before = sorted(os.listdir(tmp_path))
    error, n_epochs = fit_with_checkpoint(path, iris)
    assert isinstance(error, expected)
    assert error.filename == str(path)
    assert "Checkpoint cannot write its file" in str(error)
    assert "in a folder that exists and can be written to" in str(error)
    assert n_epochs == 0
    assert sorted(os.listdir(tmp_path)) == before


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write")
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_f23_missing_permission_is_noticed_before_training(kind, iris, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    protected = tmp_path if kind == "folder" else path
    protected.chmod(0o555)
    try:
        error, n_epochs = fit_with_checkpoint(path, iris)
    finally:
        protected.chmod(0o755)
    assert isinstance(error, PermissionError)
    assert n_epochs == 0


@pytest.mark.parametrize("full_after", [0, 1])
def test_f23_a_full_disk_is_noticed_before_training(
    full_after, iris, tmp_path, monkeypatch
):
    write, n_files = os.fsync, 0

    def full(descriptor):
        nonlocal n_files
        n_files += 1
        if n_files > full_after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(descriptor)

    monkeypatch.setattr(replacing.os, "fsync", full)
    error, n_epochs = fit_with_checkpoint(tmp_path / "file", iris)
    assert error.errno == errno.ENOSPC
    assert n_epochs == 2 * full_after  # or in the first epoch that cannot be written
    assert not os.listdir(tmp_path)


def test_f23_members_are_not_trained_either(iris, tmp_path):
    clf = BPNetClassifier((5,), max_iter=3, n_members=3)
    error, _ = fit_with_checkpoint(tmp_path / "none" / "file", iris, clf)
    assert isinstance(error, FileNotFoundError)
    assert not hasattr(clf, "estimators_")


def test_f23_the_file_of_before_is_not_touched_by_the_check(clf, iris, tmp_path):
    path = tmp_path / "file"
    clf.save_checkpoint(path)
    before, contents = path.read_bytes(), []

    class Look(CountEpochs):
        def on_fit_task_begin(self, estimator, context):
            contents.append((path.read_bytes(), os.listdir(tmp_path)))

    callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)
    clf.set_callbacks(callbacks.Checkpoint(path, every=100), Look()).fit(*iris)
    assert contents[0] == (before, ["file"])
    assert load(path).n_iter_ == clf.n_iter_


@pytest.mark.parametrize("path", [None, 5, b"file"])
def test_f23_what_is_no_path_is_refused_at_once(path):
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)
    with pytest.raises(TypeError, match="path must be a str or a Path"):
        callbacks.Checkpoint(path)


# F22: parameters that do not fit the weights


def activation_pair():
    return (np.tanh, lambda Z: 1 - np.tanh(Z) ** 2)


MISFITS = [  # parameters of the fit, given ones, those that the message names
    ({}, {"hidden_layer_sizes": (8,)}, "hidden_layer_sizes=(8,)"),
    ({}, {"hidden_layer_sizes": 5_000_000}, "hidden_layer_sizes=5000000"),
    ({}, {"hidden_layer_sizes": ()}, "hidden_layer_sizes=()"),
    ({}, {"hidden_layer_sizes": (5, 5)}, "hidden_layer_sizes=(5, 5)"),
    ({}, {"activation": "prelu"}, "activation='prelu'"),
    ({}, {"learned_input_scale": True}, "learned_input_scale=True"),
    ({}, {"numeric_embedding": "pbld"}, "numeric_embedding='pbld'"),
    ({}, {"n_members": 3}, "n_members=3"),
    ({}, {"shared_members": 1}, "shared_members=1"),
    ({"shared_members": 3}, {"shared_members": None}, "shared_members=None"),
    ({"shared_members": 3}, {"shared_members": 2}, "shared_members=2"),
    ({"activation": "prelu"}, {"activation": "relu"}, "activation='relu'"),
    (
        {"learned_input_scale": True},
        {"learned_input_scale": False},
        "learned_input_scale=False",
    ),
    (
        {"numeric_embedding": "pbld"},
        {"numeric_embedding": None},
        "numeric_embedding=None",
    ),
    (
        {"numeric_embedding": PBLD(5, 3)},
        {"numeric_embedding": PBLD(5, 4)},
        "numeric_embedding=PBLD(",
    ),
    ({"n_members": 3}, {"n_members": 2}, "n_members=2"),
    ({"n_members": 3}, {"n_members": 1}, "n_members=1"),
    (
        {},
        {"hidden_layer_sizes": (8,), "max_iter": 9, "activation": "prelu"},
        "hidden_layer_sizes=(8,), activation='prelu' do ",
    ),
    ({}, {"target_encoding": "ordinal", "loss": "squared_error"}, "target_encoding="),
    ({}, {"target_encoding": "binary"}, "target_encoding='binary'"),
]


def check_misfit(estimator, parameters, given, expected, data, path):
    model = estimator(**{"hidden_layer_sizes": (5,), "max_iter": 3} | parameters)
    model.fit(*data).save_checkpoint(path)
    with pytest.raises(ValueError, match="fit the weights in") as raised:
        estimator.load_checkpoint(path, **given)
    message = str(raised.value)
    assert message.startswith(expected)
    new, old = message.split(f"not fit the weights in {path}, which were trained with")
    for name in given.keys() - {"max_iter", "loss"}:
        assert f"{name}={given[name]!r}" in new
        assert f"{name}={getattr(model, name)!r}" in old
    assert ("max_iter" in message) is False
    twin = estimator.load_checkpoint(path, max_iter=7)
    np.testing.assert_array_equal(twin.predict(data[0]), model.predict(data[0]))


@pytest.mark.parametrize(("parameters", "given", "expected"), MISFITS)
def test_f22_given_parameters_that_do_not_fit_the_weights_are_named(
    parameters, given, expected, iris, tmp_path
):
    path = tmp_path / "file"
    check_misfit(BPNetClassifier, parameters, given, expected, iris, path)


@pytest.mark.parametrize("levels", [(0.1, 0.9), (0.25, 0.5, 0.75)])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_f22_a_loss_that_needs_other_outputs_is_named(levels, n_targets, rng, tmp_path):
    X, y = rng.normal(size=(40, 4)), rng.normal(size=(40, n_targets))
    data, path = (X, y[:, 0] if n_targets == 1 else y), tmp_path / "file"
    loss = {"loss": Quantile(levels)}
    check_misfit(BPNetRegressor, {}, loss, "loss=Quantile(", data, path)
    plain = {"loss": "squared_error"}
    check_misfit(BPNetRegressor, loss, plain, "loss='squared_error'", data, path)


def test_f22_a_second_output_for_two_classes_is_named(binary, tmp_path):
    given, path = {"output_activation": "softmax"}, tmp_path / "file"
    expected = "output_activation='softmax'"
    check_misfit(BPNetClassifier, {}, given, expected, binary, path)
    expected = "output_activation='auto'"
    check_misfit(
        BPNetClassifier, given, {"output_activation": "auto"}, expected, binary, path
    )


def test_f22_a_parameter_that_no_file_can_hold_must_fit_too(iris, tmp_path):
    path = tmp_path / "file"
    clf = BPNetClassifier((5,), max_iter=3, activation=activation_pair()).fit(*iris)
    clf.save_checkpoint(path)
    with pytest.raises(ValueError, match="cannot hold activation="):
        load(path)
    with pytest.raises(ValueError, match=r"activation='prelu' does not fit .* <func"):
        load(path, activation="prelu")
    twin = load(path, activation=activation_pair())
    np.testing.assert_array_equal(twin.predict(iris[0]), clf.predict(iris[0]))


def test_f22_parameters_changed_after_the_fit_can_be_given(clf, iris, tmp_path):
    path = tmp_path / "file"
    clf.set_params(hidden_layer_sizes=(8,)).save_checkpoint(path)
    with pytest.raises(ValueError, match=r"have changed since the fit: coefs_\[0\]"):
        load(path)
    with pytest.raises(ValueError, match="have changed since the fit"):
        load(path, max_iter=9)
    twin = load(path, hidden_layer_sizes=(5,))
    np.testing.assert_array_equal(twin.predict(iris[0]), clf.predict(iris[0]))


def test_f22_given_parameters_act_as_after_set_params(clf, iris, tmp_path):
    clf.save_checkpoint(tmp_path / "file")
    given = {"activation": "tanh", "loss": "hinge", "solver": "sgd", "max_iter": 4}
    twin = load(tmp_path / "file", **given)
    assert {name: getattr(twin, name) for name in given} == given
    changed = clf.set_params(**given)
    for _ in range(2):  # before and after a fit
        np.testing.assert_array_equal(
            twin.decision_function(iris[0]), changed.decision_function(iris[0])
        )
        twin.fit(*iris)
        changed.fit(*iris)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"activation": "nonsense"}, "'activation' parameter"),
        ({"max_iter": -1}, "'max_iter' parameter"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"activation": ["relu", "tanh"]}, "activation names 2 functions"),
    ],
)
def test_f22_given_parameters_that_are_not_valid_are_found_at_once(
    given, message, clf, tmp_path
):
    clf.save_checkpoint(tmp_path / "file")
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "file", **given)


def test_f22_the_missing_members_of_an_ensemble_may_be_added(iris, tmp_path):
    clf = BPNetClassifier((5,), n_members=2, max_iter=3, random_state=0).fit(*iris)
    clf.save_checkpoint(tmp_path / "file")
    larger = load(tmp_path / "file", n_members=3)
    assert len(larger.estimators_) == 2
    whole = BPNetClassifier((5,), n_members=3, max_iter=3, random_state=0).fit(*iris)
    np.testing.assert_array_equal(
        larger.fit(*iris).predict_proba(iris[0]), whole.predict_proba(iris[0])
    )


# F22: samples that are not those of the fit


class EndError(Exception):
    """Ends a fit from outside."""


class EndInTask(CountEpochs):
    """A callback that ends the fit with the second epoch or member."""

    def on_fit_task_end(self, estimator, context):
        if context.task_name in ("epoch", "member") and context.task_id == 1:
            raise EndError


def unfinished(path, data, samples=None, **parameters):
    """A checkpoint of a fit that was ended."""
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)
    clf = BPNetClassifier((5,), max_iter=6, random_state=0, **parameters)
    clf.set_callbacks(callbacks.Checkpoint(path), EndInTask())
    with pytest.raises(EndError):
        clf.fit(*data, **samples or {})


@pytest.fixture(params=[{}, {"n_members": 3}], ids=["one network", "ensemble"])
def parameters(request):
    return request.param


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (None, "balanced"),
        ("balanced", None),
        (None, {0: 1.0, 1: 2.0, 2: 1.0}),
        ({0: 1.0, 1: 2.0, 2: 1.0}, {0: 1.0, 1: 3.0, 2: 1.0}),
    ],
)
@pytest.mark.parametrize("when", ["loading", "later"])
def test_f22_another_class_weight_is_named(
    before, now, when, parameters, iris, tmp_path
):
    X, y = iris[0][:140], iris[1][:140]  # classes of different sizes
    unfinished(tmp_path / "file", (X, y), class_weight=before, **parameters)
    given = {"class_weight": now}
    clf = load(tmp_path / "file", **(given if when == "loading" else {}))
    message = f"with class_weight={before!r}; now it is {now!r}. Use the same"
    with pytest.raises(ValueError, match=re.escape(message)):
        clf.set_params(**given).fit(X, y)
    clf.set_params(class_weight=before).fit(X, y)
    trained = {"n_members": 2} if parameters else {}
    load(tmp_path / "file", **given, **trained).partial_fit(X, y)


@pytest.mark.parametrize("container", [np.asarray, csr_array])
@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_f22_any_other_sample_is_noticed(name, container, parameters, rng, tmp_path):
    def table():
        X = np.random.default_rng(0).normal(size=(500, 4))
        return {
            "X": X, "y": np.arange(500) % 3, "sample_weight": 1.0 + np.arange(500) % 2
        }  # fmt: skip

    same = table()
    unfinished(
        tmp_path / "file",
        (container(same["X"]), same["y"]),
        {"sample_weight": same["sample_weight"]},
        **parameters,
    )
    clf = load(tmp_path / "file")
    for i in (1, 200, 333):  # samples between those that a quick look compares
        other = table()
        other[name][i] += 1 if name != "y" else 1 - 3 * (other["y"][i] == 2)
        other["X"] = container(other["X"])
        with pytest.raises(ValueError, match=f"other samples: {name} differs in shape"):
            clf.fit(**other)
    other = table()
    other["X"] = container(other["X"].astype(np.float32).astype(np.float64))
    with pytest.raises(ValueError, match="other samples: X differs in shape"):
        clf.fit(**other)
    same["X"] = container(same["X"])
    clf.fit(**same)


def test_f22_other_validation_samples_are_named(parameters, iris, tmp_path):
    X, y = iris
    given = {"X_val": X[100:], "y_val": y[100:]}
    parameters = {"early_stopping": True} | parameters
    unfinished(tmp_path / "file", (X, y), given, **parameters)
    clf = load(tmp_path / "file")
    for name in given:
        other = dict(given)
        other[name] = np.roll(other[name], 1, axis=0)
        with pytest.raises(ValueError, match=f"another validation: {name} differs"):
            clf.fit(X, y, **other)
    clf.fit(X, y, **given)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"early_stopping": False}, "early_stopping"),
        ({"scoring": "f1_macro"}, "scoring"),
        ({"early_stopping": EarlyStopping(ties="first")}, "ties"),
    ],
)
def test_f22_another_way_of_validation_is_named(given, name, iris, tmp_path):
    unfinished(tmp_path / "file", iris, early_stopping=True)
    clf = load(tmp_path / "file", **given)
    with pytest.raises(ValueError, match=f"another validation: {name} differs"):
        clf.fit(*iris)


def test_f22_a_split_of_more_samples_is_no_index_error(iris, tmp_path):
    unfinished(tmp_path / "file", iris, early_stopping=True)
    with pytest.raises(ValueError, match="other samples: X, y differ in shape"):
        load(tmp_path / "file").fit(iris[0][:50], iris[1][:50])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtypes", [("float32", "float64"), ("float64", "float32")])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_f22_training_continues_in_another_dtype(
    compiled, dtypes, solver, iris, tmp_path
):
    before, now = dtypes
    unfinished(tmp_path / "file", iris, dtype=before, solver=solver, ema_decay=0.9)
    with config_context(compiled=compiled):
        clf = load(tmp_path / "file", dtype=now).fit(*iris)
    assert clf.n_iter_ == 6
    assert clf.coefs_[0].dtype == now


# F24: classes by kind and name


def strings(tree):
    """All strings of a JSON tree."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from strings([key, item])
    elif isinstance(tree, list):
        for item in tree:
            yield from strings(item)


def test_f24_a_file_holds_the_registrys_kind_and_name(iris, tmp_path):
    path = tmp_path / "file"
    parameters = {
        "activation": LeakyReLU(0.2),
        "solver": Adam(beta_1=0.8),
        "learning_rate": InverseScaling(),
        "loss": FocalLoss(),
        "early_stopping": EarlyStopping("last"),
        "max_iter": 3,
    }
    clf = BPNetClassifier((5,), random_state=0, **parameters).fit(*iris)
    clf.save_checkpoint(path)
    header, _ = parts(path)
    found = {
        tuple(part(header, place)["instance"][:2])
        for place in nodes(header)
        if isinstance(part(header, place), dict) and "instance" in part(header, place)
    }
    assert {
        ("activation", "LeakyReLU"),
        ("solver", "Adam"),
        ("learning_rate", "InverseScaling"),
        ("loss", "FocalLoss"),
        ("option", "EarlyStopping"),
        ("state", "TrainingState"),
    } <= found
    assert not [text for text in strings(header) if "sklearn_bpnet" in text]
    np.testing.assert_array_equal(load(path).predict(iris[0]), clf.predict(iris[0]))


# F22: damaged and foreign files


def members(arrays, compression=zipfile.ZIP_STORED):
    """An archive of bytes by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as file:
        for name, data in arrays.items():
            file.writestr(name, data)
    return content.getvalue()


def npy(shape, dtype="<f4", data=b"", by_columns=False):
    """An .npy file that declares anything."""
    content = io.BytesIO()
    text = f"{{'descr': {dtype!r}, 'fortran_order': {by_columns}, 'shape': {shape}, }}"
    content.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1))
    content.write(text.encode() + b"\n" + data)
    return content.getvalue()


@pytest.fixture
def file(clf, tmp_path):
    clf.save_checkpoint(tmp_path / "file")
    return tmp_path / "file"


HUGE = 2**40
ARCHIVES = {
    "empty": b"",
    "no archive": b"some text",
    "no header": members({"a.npy": npy((0,))}),
    "no array": members({"header.npy": b"text"}),
    "a pickle": members({"header.npy": pickle.dumps([1])}),
    "objects": members({"header.npy": npy((1,), "|O", pickle.dumps(np.array([None])))}),
    "records": members({"header.npy": npy((1,), [("a", "<f4")], b"1234")}),
    "a huge shape": members({"header.npy": npy((HUGE,))}),
    "huge shapes": members({"header.npy": npy((HUGE, HUGE, HUGE), data=b"1234")}),
    "a negative shape": members({"header.npy": npy((-1,), data=b"1234")}),
    "a shape of NaN": members({"header.npy": npy("(nan,)")}),
    "a shape of True": members({"header.npy": npy((True,), data=b"1234")}),
    "a shape of floats": members({"header.npy": npy((1.0,), data=b"1234")}),
    "no bytes per number": members({"header.npy": npy((HUGE,), "<U0")}),
    "too many bytes": members({"header.npy": npy((1,), data=b"12345678")}),
    "code for a shape": members({"header.npy": npy("__import__('os').getpid()")}),
    "an unknown version": members({"header.npy": b"\x93NUMPY\x09\x00" + b" " * 20}),
    "no JSON": members({"header.npy": npy((4,), "|u1", b"{[}]")}),
    "no text": members({"header.npy": npy((4,), "|u1", b"\xff\xfe\xff\xfe")}),
    "deep JSON": members({"header.npy": npy((10**6,), "|u1", b"[" * 10**6)}),
    "a list": members({"header.npy": npy((2,), "|u1", b"[]")}),
    "no fields": members({"header.npy": npy((2,), "|u1", b"{}")}),
    "compressed": members(
        {"header.npy": npy((10**8,), "|u1", bytes(10**8))}, zipfile.ZIP_DEFLATED
    ),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_f22_a_foreign_archive_is_a_value_error_in_little_memory(kind, tmp_path):
    path = tmp_path / "file"
    write_content(path, ARCHIVES[kind])
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"file is damaged, or was not written by"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()


def test_f22_members_that_share_their_bytes_cannot_unpack_to_more(tmp_path):
    content = members({"header.npy": npy((10**6,), "|u1", bytes(10**6))})
    start = content.index(b"PK\x01\x02")
    entry = content[start : content.index(b"PK\x05\x06")]
    n = 1000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, n, n, n * len(entry), start, 0)
    write_content(tmp_path / "file", content[:start] + n * entry + end)
    with pytest.raises(ValueError, match="declares more bytes than it has"):
        load(tmp_path / "file")


def test_f22_bytes_changed_below_a_right_checksum_are_a_value_error(file, iris, rng):
    content = file.read_bytes().partition(b"\n")[2]
    expected = load(file).predict_proba(iris[0])
    for where in rng.integers(len(content), size=200):
        changed = bytearray(content)
        changed[where] ^= 1 << int(rng.integers(8))
        write_content(file, bytes(changed))
        try:
            clf = load(file)
        except ValueError:
            continue
        np.testing.assert_array_equal(clf.predict_proba(iris[0]), expected)
    for length in rng.integers(len(content), size=30):
        write_content(file, content[:length])
        with pytest.raises(ValueError, match="damaged"):
            load(file)


def test_f22_a_missing_key_or_another_type_is_a_value_error(file, iris):
    header, arrays = parts(file)
    n_refused = 0
    paths = [path for path in nodes(header) if path and path[0] != "parameters"]
    for path in paths[::6]:
        for value in (None, "text", [], -1, 1e400, {"array": "none"}, ...):
            changed = copy.deepcopy(header)
            parent = part(changed, path[:-1])
            if value is ...:
                del parent[path[-1]]
            else:
                parent[path[-1]] = value
            write_parts(file, changed, arrays)
            try:
                clf = load(file)
            except ValueError:
                n_refused += 1
            else:
                clf.predict(iris[0])
    assert n_refused > 100


@pytest.mark.parametrize("change", ["shape", "dtype", "axes", "missing"])
def test_f22_an_array_of_another_shape_or_dtype_is_a_value_error(change, file):
    header, arrays = parts(file)
    for name, array in arrays.items():
        if change == "dtype" and array.dtype.kind != "f":
            continue  # classes may be of any dtype
        if change == "shape" and not array.size:
            continue  # there is nothing to cut off
        other = {
            "shape": array[:-1],
            "dtype": array.astype("U9"),
            "axes": array[None],
            "missing": None,
        }[change]
        others = arrays | {name: other}
        write_parts(file, header, {k: a for k, a in others.items() if a is not None})
        with pytest.raises(ValueError, match=r"is damaged|do not fit the parameters"):
            load(file)


def test_f22_other_versions_are_named(file, clf):
    header, arrays = parts(file)
    # readable, by another version
    write_parts(file, header, arrays, version="0.0.7")
    load(file)
    # a parameter that this version does not know
    unknown = copy.deepcopy(header)
    unknown["parameters"]["new_parameter"] = 5
    write_parts(file, unknown, arrays, version="9.8")
    expected = f"written by sklearn_bpnet 9.8; this is version {__version__}, which can"
    with pytest.raises(ValueError, match=f"{expected}.*new_parameter"):
        load(file)
    # a class or a field that it does not know
    for old, new in (("TrainingState", "NewState"), ("validation_seed", "new_field")):
        text = json.dumps(header).replace(old, new)
        write_parts(file, json.loads(text), arrays, version="9.8")
        with pytest.raises(ValueError, match=f"{expected}.*{new}"):
            load(file)
    # another format
    write_content(file, b"anything", "9.8", 37)
    expected = f"format 37, by version 9.8 .* this is version {__version__}, which read"
    with pytest.raises(ValueError, match=expected):
        load(file)
    file.write_bytes(b"sklearn_bpnet checkpoint 1 sha256 " + b"0" * 64 + b"\nanything")
    with pytest.raises(ValueError, match="format 1, by an earlier version"):
        load(file)


def test_f22_a_large_foreign_file_is_not_read(tmp_path):
    path = tmp_path / "file"
    with open(path, "wb") as opened:
        opened.truncate(2**33)  # a sparse file
    with pytest.raises(ValueError, match="not a checkpoint"):
        load(path)
