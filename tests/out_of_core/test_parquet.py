"""Training on files of Parquet: the results are those of the data frame."""

import pickle

import numpy as np
import pytest
import sklearn

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._data.sources import source_of
from sklearn_bpnet.inspection import find_learning_rate

from .fits import assert_same, fitted

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
ds = pytest.importorskip("pyarrow.dataset")
pq = pytest.importorskip("pyarrow.parquet")

pytestmark = [
    pytest.mark.usefixtures("tiny_memory", "no_thread_left"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

N = 1500


@pytest.fixture(scope="module")
def frame():
    """Numbers, gaps, text, one text of which is in the last rows only."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "small": rng.normal(size=N).astype(np.float32),
            "gaps": rng.normal(size=N),
            "whole": pd.array(rng.integers(0, 99, N), dtype="Int64"),
            "text": rng.choice(["x", "y", "z"], N),
            "yes": rng.random(N) > 0.5,
        }
    )
    frame.loc[rng.random(N) < 0.1, "gaps"] = np.nan
    frame.loc[3:40, "whole"] = pd.NA
    frame.loc[N - 20 :, "text"] = "late"
    frame["label"] = np.where(frame["small"] + (frame["text"] == "x") > 0, "a", "b")
    frame["number"] = frame["small"] * 3 + (frame["text"] == "y")
    frame["weight"] = rng.random(N)
    return frame


@pytest.fixture(scope="module")
def folder(frame, tmp_path_factory):
    """The frame in several files, one without rows, of several groups of rows."""
    path = tmp_path_factory.mktemp("parquet")
    for i, (start, stop) in enumerate([(0, 500), (500, 500), (500, 1340), (1340, N)]):
        part = pa.Table.from_pandas(frame[start:stop], preserve_index=False)
        pq.write_table(part, path / f"{i}.parquet", row_group_size=170)
    return path


FEATURES = ["small", "gaps", "whole", "text", "yes"]
TARGETS = ["label", "number", "weight"]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"input_scaling": "quantile", "early_stopping": True},
        {"input_scaling": "squash", "categorical_embedding": "auto"},
        {"input_scaling": None, "max_categories": 3, "class_weight": "balanced"},
        {"solver": "lbfgs", "batch_size": "auto", "shuffle": True},
    ],
    ids=str,
)
def test_a_folder_trains_as_the_frame(parameters, frame, folder):
    columns = FEATURES
    X = ds.dataset([*map(str, sorted(folder.glob("*.parquet")))])
    a = fitted(BPNetClassifier, folder, "label", "weight", **parameters)
    y, weights = frame["label"], frame["weight"]
    b = fitted(BPNetClassifier, frame[[*columns, "number"]], y, weights, **parameters)
    assert_same(a, b)
    c = fitted(BPNetClassifier, X, y.to_numpy(), weights, **parameters)
    assert list(c.feature_names_in_) == FEATURES + TARGETS


def test_shuffled_blocks_learn_as_much_as_shuffled_samples(frame, folder):
    columns = [*FEATURES, "label", "weight"]
    a = fitted(BPNetRegressor, folder, "number", max_iter=10, shuffle=True)
    b = fitted(BPNetRegressor, frame[columns], frame["number"], max_iter=10)
    X, y = frame[columns], frame["number"]
    assert a.score(X, y) > b.score(X, y) - 0.01 > 0.9


def test_several_targets_are_named(frame, folder):
    a = fitted(BPNetRegressor, str(folder), ["number", "weight"])
    X = frame[[*FEATURES, "label"]]
    b = fitted(BPNetRegressor, X, frame[["number", "weight"]].to_numpy())
    assert_same(a, b)


def test_prediction_reads_files(frame, folder, tmp_path):
    a = fitted(BPNetClassifier, frame[FEATURES], frame["label"])
    table = pa.Table.from_pandas(frame[FEATURES], preserve_index=False)
    pq.write_table(table, tmp_path / "X.parquet", row_group_size=100)
    for path in (tmp_path, tmp_path / "X.parquet"):
        found = a.predict_proba(path)
        np.testing.assert_array_equal(found, a.predict_proba(frame[FEATURES]))
    with pytest.raises(ValueError, match=r"Feature names unseen at fit time:\n- label"):
        a.predict(folder)


def test_scores_are_those_of_the_frame(frame, folder):
    for kind, name in ((BPNetClassifier, "label"), (BPNetRegressor, "number")):
        model = fitted(kind, folder, name)
        X, y = frame[list(model.feature_names_in_)], frame[name]
        assert model.score(folder, name) == model.score(X, y)
        features = model.feature_names_in_[model.feature_names_in_ != "weight"]
        model = fitted(kind, folder, name, "weight")
        found = model.score(folder, name, "weight")
        assert found == model.score(frame[features], y, frame["weight"])


def test_validation_samples_and_further_calls_read_files(frame, folder):
    X = frame[[*FEATURES, "label", "weight"]]
    reg = BPNetRegressor((8,), random_state=0, early_stopping=True)
    reg.partial_fit(X[:500], frame["number"][:500], X_val=folder, y_val="number")
    reg.partial_fit(folder, "number", X_val=folder, y_val="number")
    assert reg.t_ == 500 + N


def test_names_of_folders_are_columns(frame, tmp_path):
    part = frame[["small", "number"]].assign(year=np.repeat([2023, 2024], N // 2))
    table = pa.Table.from_pandas(part, preserve_index=False)
    pq.write_to_dataset(table, tmp_path, partition_cols=["year"])
    reg = fitted(BPNetRegressor, tmp_path, "number")
    assert list(reg.feature_names_in_) == ["small", "year"]
    assert_same(reg, fitted(BPNetRegressor, part[["small", "year"]], part["number"]))


def test_groups_of_rows_are_blocks(folder):
    source = source_of(folder)
    assert source.n_samples == N
    assert np.diff(source.offsets).max() == 170
    again = pickle.loads(pickle.dumps(source))
    assert again.frame(1).equals(source.frame(1))


def test_what_fits_into_memory_is_shuffled_as_a_frame(frame, folder):
    with sklearn.config_context(working_memory=1024):
        a = fitted(BPNetRegressor, folder, "number", shuffle=True)
    X = frame[[*FEATURES, "label", "weight"]]
    assert_same(a, fitted(BPNetRegressor, X, frame["number"], shuffle=True))


# Errors


def test_a_path_without_files_is_an_error(folder, tmp_path):
    reg = BPNetRegressor()
    for path in ("nowhere", tmp_path):
        with pytest.raises(ValueError, match="neither a folder with files nor a file"):
            reg.fit(path, "number")
    (tmp_path / "notes.parquet").write_text("no table")
    with pytest.raises(ValueError, match="a file is not one of Parquet"):
        reg.fit(tmp_path, "number")


def test_an_unknown_column_is_an_error(folder):
    with pytest.raises(ValueError, match=r"'price', which is not a column of X\. Its"):
        BPNetRegressor().fit(folder, "price")
    with pytest.raises(ValueError, match="y is None"):
        BPNetRegressor().fit(folder, None)


def test_the_learning_rate_range_test_needs_samples_in_memory(folder):
    with pytest.raises(ValueError, match="find_learning_rate needs X in memory"):
        find_learning_rate(BPNetRegressor(), folder, "number")
