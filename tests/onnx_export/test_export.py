"""ONNX models against the estimators that they are made of."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

pytest.importorskip("pandas")
pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

import pandas as pd
import skl2onnx
from stored import test_stored

from onnx_export.runtime import (
    assert_close,
    assert_equal_predictions,
    run,
    session,
)
from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import ACTIVATIONS, Mixed, ReLU, Softplus
from sklearn_bpnet.net.blocks import NUMERIC_EMBEDDINGS
from sklearn_bpnet.net.losses import LOSSES, Quantile
from sklearn_bpnet.net.targets import TARGET_ENCODINGS
from sklearn_bpnet.onnx import onnx_inputs, to_onnx
from sklearn_bpnet.options import Dropout
from sklearn_bpnet.recipes import RECIPES

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3)) * [1, 10, 0.1]
CLASSES = RNG.integers(0, 3, N)
TARGET = X[:, 0] + X[:, 1] / 5


@pytest.fixture(autouse=True)
def _numpy_only(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)


def small(cls, **parameters):
    return cls(**({"hidden_layer_sizes": 4, "max_iter": 2, "tol": 0} | parameters))


def classifier(**parameters):
    return small(BPNetClassifier, random_state=0, **parameters)


def regressor(**parameters):
    return small(BPNetRegressor, random_state=0, **parameters)


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def known_scalings():
    constraints = BPNetRegressor._parameter_constraints["input_scaling"]
    options = {name for one in constraints for name in getattr(one, "options", ())}
    return sorted(name for name in options if isinstance(name, str))


# Activations and losses


def hidden_activations():
    return [f for f in ACTIVATIONS.values() if f.trainable] + [Mixed(Softplus())]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_activations(dtype):
    functions = hidden_activations()
    reg = regressor(
        hidden_layer_sizes=[3] * len(functions), activation=functions, dtype=dtype
    )
    assert_equal_predictions(reg.fit(X, TARGET), X.astype(dtype))


@pytest.mark.parametrize("f", hidden_activations(), ids=lambda f: type(f).__name__)
def test_an_activation_on_a_wide_range(f):
    reg = BPNetRegressor.from_weights(
        [[[1.0]], [[1.0]]], [[0.0], [0.0]], activation=f, output_activation="identity"
    )
    assert_equal_predictions(reg, np.linspace(-40, 40, 201)[:, None])


def test_small_outputs_are_told_apart_before_they_are_normalised():
    b = np.array([-100.0, -101, -140])
    clf = BPNetClassifier.from_weights(
        [np.zeros((1, 3))], [b], classes=[0, 1, 2], output_activation="logistic"
    )
    expected = np.exp(b) / np.exp(b).sum()
    found = run(to_onnx(clf, X[:, :1]), X[:, :1])["probabilities"]
    assert_close(found, np.tile(expected, (N, 1)))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_with_its_outputs(name):
    y = np.exp(TARGET / 9)
    if "regression" in LOSSES[name].tasks:
        assert_equal_predictions(regressor(loss=name).fit(X, y), X)
    if "classification" in LOSSES[name].tasks:
        assert_equal_predictions(classifier(loss=name).fit(X, CLASSES), X)


def test_the_step_function():
    nand = BPNetClassifier.from_weights(
        [[[-2], [-2]]], [[3]], output_activation="heaviside"
    )
    assert_equal_predictions(nand, np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]))


@pytest.mark.parametrize("encoding", sorted(TARGET_ENCODINGS))
@pytest.mark.parametrize("n_members", [1, 2])
def test_target_encodings(encoding, n_members):
    clf = classifier(target_encoding=encoding, n_members=n_members)
    assert_equal_predictions(clf.fit(X, CLASSES), X)


@pytest.mark.parametrize("y", [np.exp(TARGET), np.column_stack([TARGET, -TARGET])])
@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.9), (0.5,)])
def test_quantiles(y, levels):
    loss = Quantile(levels)
    assert_equal_predictions(regressor(loss=loss, n_members=2).fit(X, y), X)


def test_predictions_are_clipped_where_the_estimator_clips():
    reg = regressor(clip_predictions=True, max_iter=30).fit(X, np.clip(TARGET, -1, 1))
    assert_equal_predictions(reg, 10 * X)
    assert run(to_onnx(reg, X), 10 * X)["variable"].max() <= 1


# Inputs

SCALINGS = [None, *known_scalings()]


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_input_scaling_with_gaps_and_ties(scaling, dtype):
    gaps = np.where(RNG.random(X.shape) < 0.2, np.nan, X).astype(dtype)
    gaps[:, 0] = np.round(gaps[:, 0])
    # the smallest and the largest value are shared by several samples
    reg = regressor(input_scaling=scaling).fit(gaps, TARGET)
    more = np.vstack([gaps, [[1e6, -1e6, np.nan]]]).astype(dtype)
    assert_equal_predictions(reg, more)


@pytest.mark.parametrize("embedding", sorted(NUMERIC_EMBEDDINGS))
def test_numeric_embeddings(embedding):
    reg = regressor(numeric_embedding=embedding, learned_input_scale=True)
    Z = np.column_stack([X, np.arange(N) % 2])  # not embedded
    assert_equal_predictions(reg.fit(Z, TARGET), 3 * Z)


def frame(n=N):
    rng = np.random.default_rng(1)
    colours = np.array(["red", "green", "blue"])
    return pd.DataFrame(
        {
            "a number": rng.normal(size=n),
            "gaps": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "text": pd.Series(colours[rng.integers(0, 3, n)], dtype=object),
            "missing text": pd.Series(
                np.array(["yes", "no", None], dtype=object)[rng.integers(0, 3, n)],
                dtype=object,
            ),
            "codes": pd.Series(rng.integers(3, 6, n)).astype("category"),
            "flag": rng.random(n) < 0.5,
            "count": rng.integers(0, 9, n),
        }
    )


@pytest.mark.parametrize("embedding", [None, 2])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_frames_with_categories(embedding, scaling):
    table = frame()
    clf = classifier(categorical_embedding=embedding, input_scaling=scaling)
    clf.fit(table, CLASSES)
    unknown = table.head(3).assign(text=["mauve", "red", "?"], codes=[3.0, 77, np.nan])
    unknown["codes"] = unknown["codes"].astype("category")
    model = to_onnx(clf, table)
    assert [one.name for one in model.graph.input][:2] == ["a_number", "gaps"]
    assert_equal_predictions(clf, table, model)
    assert_equal_predictions(clf, unknown, to_onnx(clf, unknown))


def test_many_categories_with_a_rare_level():
    codes = np.arange(300) % 100
    codes[codes == 99] = np.arange(3) + 200
    table = np.column_stack([codes, np.arange(300)]).astype(float)
    reg = regressor(
        categorical_features=[0], max_categories=80, categorical_embedding=None
    )
    assert_equal_predictions(reg.fit(table, np.arange(300.0)), table)


def test_codes_beyond_single_precision_are_told_apart():
    ids = np.array([2**24, 2**24 + 1] * 10)
    table = pd.DataFrame({"id": pd.Series(ids).astype("category"), "x": 0.5})
    reg = regressor(max_iter=20).fit(table, ids % 2)
    model = to_onnx(reg)
    assert model.graph.input[0].type.tensor_type.elem_type == 11  # double
    found = session(model).run(
        None,
        {
            "id": ids[:, None].astype(float),
            "x": np.full((20, 1), 0.5, np.float32),
        },
    )
    assert_close(found[0].ravel(), reg.predict(table))


def test_columns_may_come_in_another_order():
    table = frame()[["a number", "gaps", "text"]]
    reg = regressor().fit(table, TARGET)
    model = to_onnx(reg, table[["text", "gaps", "a number"]])
    assert_equal_predictions(reg, table, model)


def test_without_a_table_inputs_are_those_that_training_saw():
    table = frame()[["a number", "text"]].astype({"a number": np.float32})
    clf = classifier().fit(table, CLASSES)
    assert_equal_predictions(clf, table, to_onnx(clf))
    reg = regressor().fit(X, TARGET)
    assert_equal_predictions(reg, X.astype(np.float32), to_onnx(reg))
    objects = table.to_numpy(dtype=object)
    clf = classifier(categorical_features=[1]).fit(objects, CLASSES)
    inputs = [one.name for one in to_onnx(clf).graph.input]
    assert inputs == [one.name for one in to_onnx(clf, objects).graph.input]
    assert_equal_predictions(clf, objects)


def test_integers_are_read_with_all_their_digits():
    table = np.arange(N)[:, None] + 2**40
    reg = regressor().fit(table, TARGET)
    found = run(to_onnx(reg, table), table)["variable"]
    assert found.dtype == np.float32
    assert_close(found.ravel(), reg.predict(table))


# Ensembles and calibration


@pytest.mark.parametrize(
    "y",
    [CLASSES > 0, CLASSES, np.eye(3, dtype=int)[CLASSES], CLASSES[:, None] + [0, 9]],
    ids=["two", "three", "indicators", "columns"],
)
@pytest.mark.parametrize("parameters", [{}, {"n_members": 2}, {"shared_members": 3}])
def test_classification(y, parameters):
    clf = classifier(early_stopping=True, validation_fraction=0.3, **parameters)
    clf.set_params(calibration="temperature").fit(X, y)
    assert_equal_predictions(clf, X)


def test_members_calibrated_on_folds():
    clf = classifier(n_members=2, member_folds=2, calibration="temperature")
    clf.fit(X, CLASSES)
    assert clf.temperature_ != 1
    assert_equal_predictions(clf, X)


@pytest.mark.parametrize("y", [TARGET, np.column_stack([TARGET, X[:, 2]])])
@pytest.mark.parametrize("parameters", [{"n_members": 2}, {"shared_members": 3}])
def test_ensembles_of_regressors(y, parameters):
    assert_equal_predictions(regressor(**parameters).fit(X, y), X)


def test_the_defaults_of_a_larger_table():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(1600, 2))
    y = table[:, 0] > 0
    clf = BPNetClassifier(hidden_layer_sizes=8, max_iter=1, random_state=0)
    clf.fit(table, y)
    assert_equal_predictions(clf, table)


# Outputs


def test_a_single_class():
    clf = classifier().fit(X, np.full(N, "only"))
    assert_equal_predictions(clf, X)
    y = np.column_stack([np.full(N, 7), CLASSES])
    assert_equal_predictions(classifier(n_members=2).fit(X, y), X)


def test_dictionaries_of_probabilities():
    clf = classifier().fit(X, np.array(["a", "b", "c"])[CLASSES])
    found = run(to_onnx(clf, X, options={"zipmap": True}), X)
    rows = found["output_probability"]
    assert_close(
        np.array([[row[k] for k in "abc"] for row in rows]), clf.predict_proba(X)
    )
    found = run(to_onnx(clf, X, options={"zipmap": "columns"}), X)
    assert list(found) == ["output_label", "sa", "sb", "sc"]
    assert_close(found["sb"], clf.predict_proba(X)[:, 1])
    found = run(to_onnx(clf, X, options={"nocl": True}), X)
    assert_array_equal(clf.classes_[found["label"]], clf.predict(X))


def test_scores_in_place_of_probabilities():
    clf = classifier().fit(X, CLASSES)
    found = run(to_onnx(clf, X, options={"raw_scores": True}), X)
    assert_close(found["scores"], clf.decision_function(X))


@pytest.mark.parametrize("n", [1, 3, 500])
def test_any_number_of_samples(n):
    clf = classifier(shared_members=2, numeric_embedding="pwl").fit(X, CLASSES)
    assert_equal_predictions(clf, np.resize(X, (n, 3)), to_onnx(clf, X))


def test_dropout_and_noise_act_in_training_only():
    reg = regressor(dropout=Dropout(0.5, 0.1, input_noise=1.0)).fit(X, TARGET)
    assert_equal_predictions(reg, X)


@pytest.mark.parametrize("target_opset", [13, 18])
def test_older_operators(target_opset):
    clf = classifier(n_members=2, input_scaling="quantile").fit(X, CLASSES)
    versions = {"": target_opset, "ai.onnx.ml": 2}
    assert_equal_predictions(clf, X, to_onnx(clf, X, target_opset=versions))


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipes(name):
    few = {"max_iter": 2, "hidden_layer_sizes": 4, "n_members": 1, "random_state": 0}
    table = frame()
    clf = BPNetClassifier.from_recipe(name, **few).fit(table, CLASSES)
    assert_equal_predictions(clf, table)


# Pipelines


def test_the_last_step_of_a_pipeline():
    model = make_pipeline(StandardScaler(), classifier()).fit(X, CLASSES)
    assert_equal_predictions(model, X)
    single = X.astype(np.float32)
    types = [("X", skl2onnx.common.data_types.FloatTensorType([None, 3]))]
    converted = skl2onnx.convert_sklearn(
        model, initial_types=types, options={"zipmap": False}
    )
    assert_equal_predictions(model, single, converted)
    assert_equal_predictions(
        model, single, skl2onnx.to_onnx(model, single[:1], options={"zipmap": False})
    )


def test_a_column_transformer():
    single = {"a number": np.float32, "gaps": np.float32}
    table = frame()[["a number", "gaps", "text"]].astype(single)
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["a number", "gaps"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["text"]),
    )
    model = make_pipeline(columns, regressor()).fit(table, TARGET)
    assert_equal_predictions(model, table)


def test_the_best_estimator_of_a_search():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier()),
        {"bpnetclassifier__hidden_layer_sizes": [2]},
        cv=2,
    ).fit(X, CLASSES)
    assert_equal_predictions(search, X)


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    table = frame()[["a number", "missing text", "count"]]
    clf = classifier().fit(table, CLASSES)
    other = polars.from_pandas(table)
    assert_equal_predictions(clf, other, to_onnx(clf, other))


# What is not possible


class Cube(ReLU):
    """Not a ReLU, although it is derived from it."""

    def forward(self, Z, out):
        return np.power(Z, 3, out=out)

    def derivative(self, Z, A, out):
        return np.multiply(3, np.cbrt(A) ** 2, out=out)


def sine(Z):
    return np.sin(Z)


def cosine(Z):
    return np.cos(Z)


@pytest.mark.parametrize("activation", [Cube(), (sine, cosine)])
def test_a_user_defined_activation_is_named(activation):
    reg = regressor(activation=activation).fit(X, TARGET)
    with pytest.raises(ValueError, match=r"activation .* (Cube|sine).* ONNX. .*use"):
        to_onnx(reg, X)


def test_a_sparse_table_is_named():
    from scipy import sparse

    clf = classifier().fit(X, CLASSES)
    with pytest.raises(ValueError, match=r"sparse X .*toarray"):
        to_onnx(clf, sparse.csr_array(X))


def test_wrong_inputs_are_named():
    table = frame()[["a number", "text"]]
    clf = classifier().fit(table, CLASSES)
    wrong = table.assign(text=1.0)
    with pytest.raises(ValueError, match=r"'text' has categories of strings.*String"):
        to_onnx(clf, wrong)
    with pytest.raises(ValueError, match=r"'a number' is numeric .*FloatTensorType"):
        to_onnx(clf, table.assign(**{"a number": "x"}))
    with pytest.raises(ValueError, match=r"have \[1\] columns.*fitted on 2"):
        to_onnx(clf, table[["text"]])
    mixed = pd.DataFrame({"c": pd.Series([1, "a"] * 20, dtype=object)})
    with pytest.raises(ValueError, match=r"'c' of X of strings and numbers .*strings"):
        onnx_inputs(mixed)
    with pytest.raises(ValueError, match=r"1 dimensions. Reshape"):
        onnx_inputs(np.zeros(3))


def test_empty_strings_beside_missing_values_are_named():
    table = frame()[["missing text", "a number"]]
    table = table.replace({"missing text": {"no": ""}})
    clf = classifier().fit(table, CLASSES)
    with pytest.raises(ValueError, match=r"'missing text' .*empty strings.*ONNX. Rep"):
        to_onnx(clf, table)


def test_columns_of_different_kinds_of_labels_are_named():
    y = np.column_stack([CLASSES.astype(object), np.array(["a", "b", "c"])[CLASSES]])
    clf = classifier().fit(X, y)
    with pytest.raises(ValueError, match=r"strings and of numbers.*give y"):
        to_onnx(clf, X)


def test_old_operators_are_named():
    reg = regressor().fit(X, TARGET)
    with pytest.raises(ValueError, match=r"target_opset=11 .*Use target_opset=13"):
        to_onnx(reg, X, target_opset=11)


def test_a_pipeline_needs_a_table():
    model = make_pipeline(StandardScaler(), regressor()).fit(X, TARGET)
    with pytest.raises(ValueError, match=r"X=None .*Pass a table"):
        to_onnx(model)


def test_an_unknown_range_is_named():
    reg = BPNetRegressor.from_weights([[[1.0]]], [[0.0]], clip_predictions=True)
    with pytest.raises(ValueError, match="clip_predictions=True needs"):
        to_onnx(reg, X[:, :1])


def test_the_extra_is_named_where_skl2onnx_is_missing(monkeypatch):
    from sklearn_bpnet.onnx.conversion import register

    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn_bpnet\[onnx\]"'):
        register()


def test_inputs_with_names_that_onnx_does_not_know():
    table = pd.DataFrame({"a b": [1.0], "a-b": [2.0], "1st": [3.0]})
    assert list(onnx_inputs(table)) == ["a_b", "a_b1", "_1st"]
    reg = regressor().fit(pd.concat([table] * 30), np.arange(30.0))
    names = [one.name for one in to_onnx(reg, table).graph.input]
    assert_array_equal(names, list(onnx_inputs(table)))


@pytest.mark.parametrize(
    "path",
    [path for path in test_stored.STORED if path.suffix == ".onnx"],
    ids=lambda p: p.stem,
)
def test_a_stored_model_predicts_as_when_it_was_saved(path):
    """That of tests/stored, where onnxruntime may be missing."""
    test_stored.test_a_stored_model_predicts_as_when_it_was_saved(path)
