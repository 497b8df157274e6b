"""Faults of class labels, label indicators and class weights by label."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sklearn_bpnet import BPNetClassifier, empirical_risk

pd = pytest.importorskip("pandas")

# two epochs are enough here
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def indicators(n=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    return X, (X[:, :3] > 0).astype(int)


def small(**parameters):
    defaults = {"max_iter": 2, "random_state": 0}
    return BPNetClassifier((4,), **(defaults | parameters))


def fit(X, Y, wrong):
    small().fit(X, wrong)


def first_partial_fit(X, Y, wrong):
    small().partial_fit(X, wrong, classes=range(3))


def second_partial_fit(X, Y, wrong):
    small().partial_fit(X, Y, classes=range(3)).partial_fit(X, wrong)


def warm_start(X, Y, wrong):
    small(warm_start=True).fit(X, Y).fit(X, wrong)


def given_start(X, Y, wrong):
    start = {"coefs_init": [np.ones((4, 4)), np.ones((4, 3))]}
    small().fit(X, wrong, **start)


def objective(X, Y, wrong):
    empirical_risk(small(), X, wrong)


def validation(X, Y, wrong):
    small().fit(X, Y, X_val=X, y_val=wrong)


def validation_of_partial_fit(X, Y, wrong):
    clf = small(early_stopping=True).partial_fit(X, Y, classes=range(3))
    clf.partial_fit(X, Y, X_val=X, y_val=wrong)


CALLS = [
    fit,
    first_partial_fit,
    second_partial_fit,
    warm_start,
    given_start,
    objective,
    validation,
    validation_of_partial_fit,
]
# how 0 and 1 are written, and the values that the message names
WRONG = {
    "-1 and 1": (lambda Y: np.where(Y == 1, 1, -1), "[-1, 1]"),
    "-1.0 and 1.0": (lambda Y: np.where(Y == 1, 1.0, -1.0), "[-1.0, 1.0]"),
    "0 and 2": (lambda Y: 2 * Y, "[0, 2]"),
    "5 and 7": (lambda Y: 5 + 2 * Y, "[5, 7]"),
    "pixels": (lambda Y: (255 * Y).astype(np.uint8), "[0, 255]"),
    "0 and 256": (lambda Y: 256 * Y, "[0, 256]"),
    "only 2": (lambda Y: np.full_like(Y, 2), "[2]"),
    "three": (lambda Y: Y + Y[:, ::-1], "[0, 1, 2]"),
    "0 and 1/2": (lambda Y: Y / 2, "[0.0, 0.5]"),
    "strings": (lambda Y: Y.astype(str), "['0', '1']"),
    "objects": (lambda Y: (2 * Y).astype(object), "[0, 2]"),
    "mixed objects": (lambda Y: np.where(Y, "1", Y.astype(object)), "['1', 0]"),
}
# what is a column of class labels where nothing says that y holds label indicators
CLASSES = ["three", "strings"]
FIRST = [fit, given_start, objective]
SPARSE = ["-1 and 1", "0 and 2", "5 and 7", "pixels", "only 2", "three", "0 and 1/2"]


def cases():
    for call in CALLS:
        for kind in WRONG:
            if call not in FIRST or kind not in [*CLASSES, "mixed objects"]:
                yield pytest.param(call, kind, id=f"{call.__name__}-{kind}")


@pytest.mark.parametrize(("call", "kind"), list(cases()))
def test_f1_label_indicators_that_are_not_0_and_1_are_refused(call, kind):
    X, Y = indicators()
    write, values = WRONG[kind]
    with pytest.raises(ValueError, match="label indicators") as error:
        call(X, Y, write(Y))
    name = "y_val" if call in (validation, validation_of_partial_fit) else "y"
    assert str(error.value).startswith(f"{name} has 3 columns")
    assert f"it has the values {values}" in str(error.value)
    assert "Use " in str(error.value)


@pytest.mark.parametrize("kind", CLASSES)
def test_f1_other_values_in_a_first_call_are_class_labels(kind):
    X, Y = indicators()
    write, _ = WRONG[kind]
    clf = small(max_iter=60, learning_rate_init=0.05).fit(X, write(Y))
    for classes, column in zip(clf.classes_, write(Y).T, strict=True):
        assert_array_equal(classes, np.unique(column))
    assert clf.score(X, write(Y)) > 0.8


def test_f1_a_column_of_mixed_labels_is_named():
    X, Y = indicators()
    write, _ = WRONG["mixed objects"]
    for call in FIRST:
        with pytest.raises(ValueError, match=r"Column 0 of y: .* types int and str"):
            call(X, Y, write(Y))


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize("kind", SPARSE)
def test_f1_sparse_label_indicators_that_are_not_0_and_1_are_refused(kind, container):
    X, Y = indicators()
    write, values = WRONG[kind]
    with pytest.raises(ValueError, match=re.escape(f"it has the values {values}")):
        small().fit(X, container(write(Y)))


def test_f1_sparse_entries_given_twice_are_summed():
    X, Y = indicators()
    once = sparse.csr_matrix(Y)
    twice = sparse.csr_matrix(
        (np.repeat(once.data, 2), np.repeat(once.indices, 2), 2 * once.indptr)
    )
    before = twice.data.copy()
    with pytest.raises(ValueError, match=re.escape("[0, 2]")):
        small().fit(X, twice)
    assert_array_equal(twice.data, before)


def test_f1_data_frames_are_read_by_their_values():
    X, Y = indicators()
    names = ["a", "b", "c"]
    with pytest.raises(ValueError, match=re.escape("[-1, 1]")):
        small().fit(X, pd.DataFrame(np.where(Y, 1, -1), columns=names))
    with pytest.raises(ValueError, match=re.escape("[1, 2]")):
        small().fit(X, pd.DataFrame(Y + 1, columns=names).astype("category"))


@pytest.mark.parametrize("kind", WRONG)
def test_f1_scores_of_wrong_indicators_are_refused(kind):
    X, Y = indicators()
    write, values = WRONG[kind]
    clf = small().fit(X, Y)
    with pytest.raises(ValueError, match=re.escape(f"it has the values {values}")):
        clf.score(X, write(Y))
    expected = clf.score(X, Y)
    for same in (Y > 0, sparse.csc_matrix(Y), Y.tolist(), pd.DataFrame(Y)):
        assert clf.score(X, same) == expected


def test_f1_the_remedy_in_the_message_works():
    X, Y = indicators()
    y = np.where(Y, 7, 5)
    with pytest.raises(ValueError, match=re.escape("(y == 7).astype(int)")):
        small().fit(X, y)
    assert_array_equal(small().fit(X, (y == 7).astype(int)).predict(X).max(axis=0), 1)


@pytest.mark.parametrize(
    "write",
    [
        lambda Y: Y > 0,
        lambda Y: Y.astype(float),
        lambda Y: Y.astype(np.int8),
        lambda Y: Y.astype(object),
        lambda Y: (Y > 0).astype(object),
        lambda Y: Y.tolist(),
        lambda Y: pd.DataFrame(Y).astype("Int64"),
        lambda Y: pd.DataFrame(Y > 0).astype("boolean"),
        lambda Y: pd.DataFrame({"a": Y[:, 0], "b": Y[:, 1] > 0, "c": Y[:, 2] * 1.0}),
        lambda Y: pd.DataFrame(Y).astype("category"),
        sparse.csc_matrix,
        lambda Y: sparse.coo_array(Y > 0),
        lambda Y: sparse.csr_matrix(Y.astype(float)),
    ],
    ids="bool float int8 object object_of_bool list Int64 boolean mixed category "
    "csc coo_of_bool csr_of_float".split(),
)
def test_f1_every_way_to_write_0_and_1_is_the_same(write):
    X, Y = indicators()
    expected = small().fit(X, Y, X_val=X, y_val=Y)
    clf = small().fit(X, write(Y), X_val=X, y_val=write(Y))
    assert_array_equal(clf.coefs_[0], expected.coefs_[0])
    assert clf.validation_scores_ == expected.validation_scores_


@pytest.mark.parametrize("value", [0, 1])
def test_f1_constant_label_indicators_are_learned(value):
    X, Y = indicators()
    Y = np.full_like(Y, value)
    clf = small(max_iter=60, learning_rate_init=0.05).fit(X, Y)
    assert_array_equal(clf.predict(X), Y)


def test_f1_a_softmax_is_refused_for_label_indicators_in_every_call():
    X, Y = indicators()
    clf = small(output_activation="softmax")
    for one_hot in (Y, np.eye(3, dtype=int)[Y.argmax(axis=1)]):
        for call in (clf.fit, lambda X, Y: clf.partial_fit(X, Y, classes=range(3))):
            with pytest.raises(ValueError, match="indicators are not exclusive"):
                call(X, one_hot)


def test_f1_another_number_of_columns_is_named():
    X, Y = indicators()
    clf = small().partial_fit(X, Y, classes=range(3))
    with pytest.raises(ValueError, match=r"y has 2 columns, but .* 3 labels"):
        clf.partial_fit(X, Y[:, :2])
    weights = [{0: 1, 1: 2}] * 3
    with pytest.raises(ValueError, match="y_val has 2 outputs, but y has 3"):
        small(class_weight=weights).fit(X, Y, X_val=X, y_val=Y[:, :2])


def test_labels_of_mixed_types_are_refused_with_a_remedy():
    X, Y = indicators()
    y = np.array([1, "a"], dtype=object)[Y[:, 0]]
    with pytest.raises(ValueError, match=r"int and str.*y\.astype\(str\)"):
        small().fit(X, y)
    small().fit(X, y.astype(str))


@pytest.mark.parametrize(
    "container", [sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix]
)
@pytest.mark.parametrize("dtype", [np.int64, np.float64, bool])
def test_f28_sparse_label_indicators_become_bytes(container, dtype):
    X, Y = indicators()
    seen = []

    def scoring(estimator, X, y):
        seen.append(y)
        return 1.0

    Y_sparse = container(Y.astype(dtype))
    clf = small(early_stopping=True, scoring=scoring)
    clf.fit(X, Y_sparse, X_val=X, y_val=Y_sparse)
    assert Y_sparse.dtype == dtype
    assert seen[0].dtype == np.uint8
    assert seen[0].nbytes == Y.size
    assert_array_equal(seen[0], Y)


def test_f28_no_dense_array_is_wider_than_a_byte_per_indicator(monkeypatch):
    X, Y = indicators()
    dtypes = []
    to_array = sparse.csr_matrix.toarray

    def noted(self, *args, **kwargs):
        dtypes.append(self.dtype)
        return to_array(self, *args, **kwargs)

    monkeypatch.setattr(sparse.csr_matrix, "toarray", noted)
    small().fit(X, sparse.csr_matrix(Y))
    assert dtypes == [np.uint8]


@pytest.mark.parametrize(
    "classes", [["a", "b", "c"], [1, 2, 3], [0, 1], range(4), ["0", "1", "2"]], ids=str
)
def test_words_classes_beside_indicators_are_a_range(classes):
    X, Y = indicators()
    with pytest.raises(ValueError, match=r"classes must be range\(3\)"):
        small().partial_fit(X, Y, classes=classes)
    W, b = [np.ones((4, 3))], [np.zeros(3)]
    with pytest.raises(ValueError, match=r"classes must be range\(3\)"):
        BPNetClassifier.from_weights(W, b, multilabel=True, classes=list(classes))
    small().partial_fit(X, Y, classes=range(3)).partial_fit(X, Y)
