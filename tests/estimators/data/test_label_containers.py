"""Labels as strings, categories, booleans and numbers, in every kind of container."""

from decimal import Decimal

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_bpnet import BPNetClassifier

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::sklearn.exceptions.DataConversionWarning",
)

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
WORDS = np.where(X[:, 0] > 0, "yes", "no")
FLAGS = X[:, 0] > 0
WHOLE = np.where(X[:, 0] > 0, 7, 3)


def small(**parameters):
    defaults = {"max_iter": 3, "random_state": 0}
    return BPNetClassifier((4,), **(defaults | parameters))


def module(name):
    return pytest.importorskip(name)


def of_any_length(y):
    if not hasattr(np.dtypes, "StringDType"):
        pytest.skip("NumPy has no StringDType")
    return y.astype(np.dtypes.StringDType())


STRINGS = {
    "list": lambda y: y.tolist(),
    "objects": lambda y: y.astype(object),
    "StringDType": of_any_length,
    "pandas str": lambda y: module("pandas").Series(y.tolist()),
    "pandas string": lambda y: module("pandas").Series(y, dtype="string"),
    "pandas objects": lambda y: module("pandas").Series(y, dtype=object),
    "pandas category": lambda y: module("pandas").Series(y, dtype="category"),
    "Categorical": lambda y: module("pandas").Categorical(y),
    "ordered": lambda y: module("pandas").Categorical(y, ["yes", "no"], ordered=True),
    "pandas frame": lambda y: module("pandas").DataFrame({"y": y}),
    "frame of categories": lambda y: (
        module("pandas").DataFrame({"y": y}).astype("category")
    ),
    "index": lambda y: module("pandas").Series(y, index=np.arange(N)[::-1]),
    "polars": lambda y: module("polars").Series(y),
    "polars categorical": lambda y: (
        module("polars").Series(y).cast(module("polars").Categorical)
    ),
    "polars enum": lambda y: module("polars").Series(
        y, dtype=module("polars").Enum(["yes", "no"])
    ),
    "polars frame": lambda y: module("polars").DataFrame({"y": y}),
    "pyarrow": lambda y: module("pyarrow").array(y),
    "pyarrow dictionary": lambda y: module("pyarrow").array(y).dictionary_encode(),
    "pyarrow table": lambda y: module("pyarrow").table({"y": y}),
    "pandas of pyarrow": lambda y: module("pandas").Series(
        y, dtype=module("pandas").ArrowDtype(module("pyarrow").string())
    ),
}
BOOLEANS = {
    "list": lambda y: y.tolist(),
    "objects": lambda y: y.astype(object),
    "pandas": lambda y: module("pandas").Series(y),
    "pandas boolean": lambda y: module("pandas").array(y, dtype="boolean"),
    "pandas category": lambda y: module("pandas").Series(y, dtype="category"),
    "pandas objects": lambda y: module("pandas").Series(y, dtype=object),
    "pandas frame": lambda y: module("pandas").DataFrame({"y": y}).astype("boolean"),
    "polars": lambda y: module("polars").Series(y),
    "polars frame": lambda y: module("polars").DataFrame({"y": y}),
    "pyarrow": lambda y: module("pyarrow").array(y),
    "pandas of pyarrow": lambda y: module("pandas").Series(
        y, dtype=module("pandas").ArrowDtype(module("pyarrow").bool_())
    ),
}
NUMBERS = {
    "list": lambda y: y.tolist(),
    "objects": lambda y: y.astype(object),
    "pandas": lambda y: module("pandas").Series(y),
    "pandas Int64": lambda y: module("pandas").array(y, dtype="Int64"),
    "pandas category": lambda y: module("pandas").Series(y, dtype="category"),
    "pandas frame": lambda y: module("pandas").DataFrame({"y": y}).astype("Int64"),
    "polars": lambda y: module("polars").Series(y),
    "pyarrow": lambda y: module("pyarrow").array(y),
}
CASES = [
    pytest.param(y, write, id=f"{kind} - {name}")
    for kind, y, ways in (
        ("strings", WORDS, STRINGS),
        ("booleans", FLAGS, BOOLEANS),
        ("numbers", WHOLE, NUMBERS),
    )
    for name, write in ways.items()
]


@pytest.mark.parametrize(("y", "write"), CASES)
def test_labels_are_those_of_an_array(y, write):
    expected = small().fit(X, y, X_val=X, y_val=y)
    clf = small().fit(X, write(y), X_val=X, y_val=write(y))
    assert_array_equal(clf.classes_, expected.classes_)
    assert clf.classes_.dtype == y.dtype
    assert_array_equal(clf.coefs_[0], expected.coefs_[0])
    assert_array_equal(clf.predict(X), expected.predict(X))
    assert clf.predict(X).dtype == y.dtype
    assert clf.score(X, write(y)) == expected.score(X, y)
    assert clf.validation_scores_ == expected.validation_scores_
    clf.partial_fit(X, write(y), classes=expected.classes_)


def missing(values, first):
    return np.array([first, *values[1:].tolist()], dtype=object)


MISSING = {
    "None in a list": lambda: missing(WORDS, None).tolist(),
    "NaN in a list": lambda: missing(WORDS, float("nan")).tolist(),
    "None among objects": lambda: missing(WORDS, None),
    "NaN among objects": lambda: missing(WORDS, np.nan),
    "NaN among numbers": lambda: missing(WHOLE, Decimal("NaN")),
    "None among booleans": lambda: missing(FLAGS, None),
    "NaN": lambda: missing(WHOLE, np.nan).astype(float),
    "NaT": lambda: np.array(["NaT"] + ["2020-01-01"] * (N - 1), "datetime64[D]"),
    "pandas str": lambda: module("pandas").Series(missing(WORDS, None)),
    "pandas string": lambda: module("pandas").Series(
        missing(WORDS, None), dtype="string"
    ),
    "pandas NA": lambda: missing(WORDS, module("pandas").NA),
    "pandas category": lambda: (
        module("pandas").Series(missing(WORDS, None)).astype("category")
    ),
    "pandas category of numbers": lambda: (
        module("pandas").Series(missing(WHOLE, None)).astype("category")
    ),
    "pandas boolean": lambda: module("pandas").Series(
        missing(FLAGS, None), dtype="boolean"
    ),
    "pandas Int64": lambda: module("pandas").Series(
        missing(WHOLE, None), dtype="Int64"
    ),
    "pandas frame": lambda: module("pandas").DataFrame({"y": missing(WORDS, None)}),
    "polars": lambda: module("polars").Series(missing(WORDS, None).tolist()),
    "polars booleans": lambda: module("polars").Series(missing(FLAGS, None).tolist()),
    "polars numbers": lambda: module("polars").Series(missing(WHOLE, None).tolist()),
    "polars categorical": lambda: (
        module("polars")
        .Series(missing(WORDS, None).tolist())
        .cast(module("polars").Categorical)
    ),
    "pyarrow": lambda: module("pyarrow").array(missing(WORDS, None).tolist()),
    "pyarrow booleans": lambda: module("pyarrow").array(missing(FLAGS, None).tolist()),
}


@pytest.mark.parametrize("make", MISSING.values(), ids=MISSING.keys())
def test_missing_labels_are_an_error_that_names_y(make):
    y = make()
    with pytest.raises(ValueError, match=r"Input y contains .*Drop these samples"):
        small().fit(X, y)
    with pytest.raises(ValueError, match=r"Input y_val contains .*Drop these samples"):
        small().fit(X, WORDS, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="contains"):
        small().fit(X, np.asarray(WORDS)).score(X, y)


# Several columns


def columns():
    return {"word": WORDS, "flag": FLAGS, "size": WHOLE + (X[:, 1] > 0)}


def pandas_categories():
    return module("pandas").DataFrame(columns()).astype("category")


def pandas_nullable():
    return module("pandas").DataFrame(columns()).convert_dtypes()


def polars_frame():
    pl = module("polars")
    frame = pl.DataFrame(columns())
    return frame.with_columns(frame["word"].cast(pl.Categorical))


FRAMES = {
    "pandas": lambda: module("pandas").DataFrame(columns()),
    "pandas categories": pandas_categories,
    "pandas nullable": pandas_nullable,
    "pandas of pyarrow": lambda: (
        module("pandas")
        .DataFrame(columns())
        .convert_dtypes(dtype_backend=module("pyarrow") and "pyarrow")
    ),
    "polars": polars_frame,
    "pyarrow": lambda: module("pyarrow").table(columns()),
    "objects": lambda: np.column_stack(
        [one.astype(object) for one in columns().values()]
    ),
    "list": lambda: list(zip(*(a.tolist() for a in columns().values()), strict=True)),
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES.keys())
def test_columns_of_a_frame_keep_their_kinds(make):
    y = make()
    clf = small().fit(X, y, X_val=X, y_val=y)
    assert [one.tolist() for one in clf.classes_] == [
        ["no", "yes"], [False, True], [3, 4, 7, 8]
    ]  # fmt: skip
    assert [one.dtype.kind for one in clf.classes_] == ["O", "b", "i"]
    predicted = clf.predict(X)
    assert predicted.dtype == object
    assert [type(cell) for cell in predicted[0]] == [str, bool, int]
    right = [predicted[:, j] == a for j, a in enumerate(columns().values())]
    assert clf.score(X, y) == np.all(right, axis=0).mean()
    assert clf.validation_scores_[-1] == clf.score(X, y)


def test_a_frame_of_one_kind_has_its_dtype():
    pd = module("pandas")
    whole = pd.DataFrame({"a": WHOLE, "b": WHOLE + (X[:, 1] > 0)})
    for dtype in ("int64", "Int64", "category"):
        assert small().fit(X, whole.astype(dtype)).predict(X).dtype == np.int64
    words = pd.DataFrame({"a": WORDS, "b": WORDS[::-1]})
    for dtype in ("str", "string", "category", object):
        assert small().fit(X, words.astype(dtype)).predict(X).dtype == object


def test_missing_labels_name_their_column():
    pd, pl = module("pandas"), module("polars")
    for make in (pd.DataFrame, pl.DataFrame):
        for column, value in (
            ("word", "None|nan|NaN"),
            ("flag", "None"),
            ("size", "N"),
        ):
            of_columns = {name: a.tolist() for name, a in columns().items()}
            of_columns[column][3] = None
            message = rf"Input y contains ({value}).* in column '{column}'. Drop these"
            with pytest.raises(ValueError, match=message):
                small().fit(X, make(of_columns))


def test_the_columns_of_a_frame_of_zeros_and_ones_are_label_indicators():
    pd, pl = module("pandas"), module("polars")
    table = {"a": FLAGS, "b": FLAGS.astype(int), "c": (X[:, 1] > 0).astype(float)}
    expected = small().fit(X, np.column_stack(list(table.values()))).coefs_[0]
    for make in (pd.DataFrame, pl.DataFrame):
        clf = small().fit(X, make(table))
        assert clf.out_activation_ == "logistic"
        assert_array_equal(clf.coefs_[0], expected)
