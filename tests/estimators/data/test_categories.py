"""Categories: levels, rare, missing and unknown values, one-hot and embedded."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingRegressor
from sklearn.feature_selection import SelectFromModel
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.options import CategoricalEmbedding, Dropout

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FEW = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0}
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def frame(n=301, seed=0):
    """Columns of many kinds; a target that depends on the categories."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "city": rng.choice(
                ["Bern", "Oslo", "Rome", "Nome"], n, p=[0.5, 0.3, 0.15, 0.05]
            ),
            "size": rng.normal(70, 20, n),
            "sex": rng.choice(["f", "m"], n, p=[0.9, 0.1]),
            "income": rng.normal(size=n),
            "grade": pd.Categorical(rng.choice([3, 1, 2], n)),
            "one": "same",
        }
    )
    X.loc[rng.random(n) < 0.2, "income"] = np.nan
    X.loc[rng.random(n) < 0.1, "grade"] = np.nan
    y = X["city"].map({"Bern": 2.0, "Oslo": -1, "Rome": 0, "Nome": 5}) + X["size"] / 20
    return X, y.to_numpy()


def encoder(strategy="mean", **kwargs):
    """The same encoding by scikit-learn, outside the estimator."""
    one_hot = OneHotEncoder(drop="if_binary", sparse_output=False, **kwargs)
    return make_column_transformer(
        (SimpleImputer(strategy=strategy, add_indicator=True), ["size", "income"]),
        (one_hot, ["city", "sex", "grade", "one"]),
    )


@each_class
@pytest.mark.parametrize("input_scaling", ["standard", "squash", None])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"solver": "lbfgs", "max_iter": 30},
        {"numeric_embedding": "pbld", "learned_input_scale": True},
        {"dropout": Dropout(0.2, input_noise=0.1)},
        {"group_alpha": 0.01, "l1_ratio": 0.5, "alpha": 0.01},
    ],
    ids=lambda parameters: "-".join(parameters) or "default",
)
def test_one_hot_inside_is_one_hot_outside(estimator, input_scaling, parameters):
    X, y = frame()
    y = y > y.mean() if estimator is BPNetClassifier else y
    if parameters.get("numeric_embedding") and input_scaling == "squash":
        parameters = {"learned_input_scale": True}
    if input_scaling == "squash":  # medians of an even number are defined differently
        X = X[~X["income"].isna() | (np.arange(len(X)) % 3 > 0)]
        n_known = X["income"].notna().sum()
        X = X.drop(X.index[X["income"].notna()][: 1 - n_known % 2])
        y = y[X.index]
    model = estimator(**FEW | parameters, input_scaling=input_scaling)
    strategy = "median" if input_scaling == "squash" else "mean"
    outside = make_pipeline(encoder(strategy), clone(model)).fit(X, y)
    inside = model.fit(X, y)
    assert_allclose(inside.predict(X), outside.predict(X), rtol=1e-4)
    assert_allclose(inside.coefs_[0], outside[-1].coefs_[0], rtol=2e-3, atol=1e-4)
    names = [n.rpartition("__")[2] for n in outside[0].get_feature_names_out()]
    names = [n.replace("nan", "missing").replace(".0", "") for n in names]
    found = inside.get_network_input_names()[: len(names)]
    assert [n.replace(".0", "") for n in found] == names


def test_one_hot_inside_is_one_hot_outside_with_rare_levels():
    rng = np.random.default_rng(0)
    shares = 0.5 ** np.arange(1, 13)
    X = pd.DataFrame(
        {"a": rng.choice(list("abcdefghijkl"), 500, p=shares / shares.sum())}
    )
    y = rng.normal(size=500)
    one_hot = OneHotEncoder(max_categories=4, sparse_output=False)
    outside = make_pipeline(one_hot, BPNetRegressor(**FEW)).fit(X, y)
    inside = BPNetRegressor(**FEW, max_categories=4).fit(X, y)
    assert_allclose(inside.predict(X), outside.predict(X), rtol=1e-5)
    names = ["a_a", "a_b", "a_c", "a_rare"]
    assert inside.get_network_input_names() == names


def test_sample_weights_count_in_the_statistics_of_levels():
    X, y = frame()
    w = np.random.default_rng(1).integers(0, 4, len(y))
    settings = {"solver": "lbfgs", "max_iter": 500, "alpha": 0.01, "tol": 1e-6}
    weighted = BPNetRegressor((), **settings).fit(X, y, w)
    repeated = np.repeat(np.arange(len(y)), w)
    again = BPNetRegressor((), **settings).fit(X.iloc[repeated], y[repeated])
    assert_allclose(weighted.input_mean_, again.input_mean_, rtol=1e-10)
    assert_allclose(weighted.predict(X), again.predict(X), rtol=1e-3)


def test_samples_of_weight_zero_are_absent():
    X, y = frame()
    w = np.ones(len(y))
    w[X["city"] == "Nome"] = 0
    w[X["income"].isna() | X["grade"].isna()] = 0
    assert (w > 0).sum() > 20
    weighted = BPNetRegressor(**FEW).fit(X, y, w)
    absent = BPNetRegressor(**FEW).fit(X[w > 0], y[w > 0])
    names = weighted.get_network_input_names()
    assert names == absent.get_network_input_names()
    assert not {"city_Nome", "missingindicator_income", "grade_missing"} & set(names)
    assert_allclose(weighted.input_mean_, absent.input_mean_, rtol=1e-12)


# Unknown, missing and rare values


def predictions(model, X, **changes):
    """Predictions for a sample with some columns changed."""
    return model.predict(X[:1].assign(**{k: [v] for k, v in changes.items()}))[0]


@pytest.mark.parametrize("input_scaling", ["standard", "squash", None])
def test_an_unknown_value_is_the_mean_and_neither_the_first_level_nor_missing(
    input_scaling,
):
    X, y = frame()
    reg = BPNetRegressor((), solver="lbfgs", input_scaling=input_scaling).fit(X, y)
    for column, level, others in (
        ("city", "Paris", ["Bern", "Nome", "Oslo", "Rome"]),
        ("sex", "x", ["f", "m"]),
        ("grade", 7, [1, 2, 3, None]),
    ):
        counts = X[column].astype(object).where(X[column].notna(), None)
        shares = [np.mean([v == o for v in counts]) for o in others]
        values = [predictions(reg, X, **{column: other}) for other in others]
        found = predictions(reg, X, **{column: level})
        # the model is linear
        assert_allclose(found, np.dot(shares, values), rtol=1e-5)
        assert found not in values


def test_an_unknown_value_is_a_rare_one():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.choice(list("abcdef"), 300, p=[0.4, 0.4, *[0.05] * 4])})
    y = np.where(X["a"].isin(["a", "b"]), 0.0, 10) + rng.normal(size=300)
    reg = BPNetRegressor((), solver="lbfgs", max_categories=3).fit(X, y)
    unknown = predictions(reg, X, a="z")
    assert unknown == predictions(reg, X, a="c") == predictions(reg, X, a="f")
    assert unknown > 8
    assert predictions(reg, X, a=None) == unknown  # training saw no missing value


def test_missing_is_a_level_where_training_saw_it():
    X, y = frame()
    y = np.where(X["grade"].isna(), 30.0, 0) + y
    reg = BPNetRegressor((), solver="lbfgs").fit(X, y)
    missing = predictions(reg, X, grade=None)
    assert missing > predictions(reg, X, grade=1) + 20
    assert missing != predictions(reg, X, grade=99)
    assert predictions(reg, X, city=None) == predictions(reg, X, city="Paris")


def test_the_most_frequent_levels_keep_a_column():
    X = pd.DataFrame({"a": list("a" * 3 + "b" * 9 + "c" * 5 + "d" * 2 + "e")})
    y = np.arange(20.0)
    for n, names in (
        (2, "a_rare"),  # two levels, one column
        (3, "a_b a_c a_rare"),
        (4, "a_a a_b a_c a_rare"),
        (5, "a_a a_b a_c a_d a_e"),
        (None, "a_a a_b a_c a_d a_e"),
    ):
        reg = BPNetRegressor(**FEW, max_categories=n).fit(X, y)
        assert reg.get_network_input_names() == names.split()
    X.loc[0, "a"] = None
    reg = BPNetRegressor(**FEW, max_categories=3).fit(X, y)
    assert reg.get_network_input_names() == ["a_b", "a_missing", "a_rare"]
    w = np.where(X["a"] == "d", 20.0, 1)
    reg = BPNetRegressor(**FEW, max_categories=3).fit(X.fillna("a"), y, w)
    assert reg.get_network_input_names() == ["a_b", "a_d", "a_rare"]


def test_two_levels_and_a_single_one_have_one_column():
    X = pd.DataFrame(
        {"two": ["a", "b"] * 10, "one": "x", "none": None, "gap": ["a", None] * 10}
    )
    X = X.astype({"none": "category"})
    reg = BPNetRegressor(**FEW).fit(X, np.arange(20.0))
    names = ["two_b", "one_x", "none_missing", "gap_missing"]
    assert reg.get_network_input_names() == names
    # what does not vary is zero after scaling, so it says nothing about other values
    assert predictions(reg, X, one="y") == predictions(reg, X, one="x")
    assert predictions(reg, X, none="y") == predictions(reg, X, none=None)


def test_levels_that_are_declared_but_not_seen_are_unknown():
    values = pd.Categorical(["a", "b", "c"] * 10, categories=["d", "a", "b", "c"])
    X = pd.DataFrame({"v": values})
    reg = BPNetRegressor(**FEW).fit(X, np.arange(30.0))
    assert reg.get_network_input_names() == ["v_a", "v_b", "v_c"]
    declared = pd.DataFrame({"v": pd.Categorical(["d"], categories=["d", "a"])})
    unknown = pd.DataFrame({"v": ["z"]})
    assert_array_equal(reg.predict(declared), reg.predict(unknown))


def test_levels_of_validation_samples_only_are_unknown():
    X, y = frame()
    X_val = X[:30].assign(city="Paris")
    reg = BPNetRegressor(**FEW, early_stopping=True)
    reg.fit(X, y, X_val=X_val, y_val=y[:30])
    assert "city_Paris" not in reg.get_network_input_names()
    X.loc[5, "city"] = "Paris"
    reg.set_params(validation_fraction=0.5)
    names = {
        seed: clone(reg)
        .set_params(random_state=seed)
        .fit(X, y)
        .get_network_input_names()
        for seed in range(12)
    }
    held_out = [seed for seed, of in names.items() if "city_Paris" not in of]
    assert 0 < len(held_out) < 12


# Embeddings


def many(n=600, n_levels=60, seed=0):
    rng = np.random.default_rng(seed)
    code = rng.integers(n_levels, size=n)
    effect = rng.normal(size=n_levels)
    X = pd.DataFrame({"id": [f"u{c}" for c in code], "x": rng.normal(size=n)})
    return X, 3 * effect[code] + X["x"].to_numpy()


def test_columns_of_many_levels_are_embedded():
    X, y = many()
    reg = BPNetRegressor(numeric_embedding=None, **FEW).fit(X, y)
    (T,) = reg.categorical_embeddings_
    assert T.shape == (61, 4)
    assert_array_equal(T[-1], 0)  # nothing trained it
    names = ["x", *(f"id_embedding{i}" for i in range(4))]
    assert reg.get_network_input_names() == names
    assert len(reg.coefs_[0]) == 5
    assert reg.feature_importances_.shape == (2,)
    few = BPNetRegressor(**FEW).fit(*many(n_levels=40))
    assert not hasattr(few, "categorical_embeddings_")
    for n, n_levels, width in ((2500, 10, 4), (2500, 9, 0), (2499, 40, 0), (9, 41, 4)):
        assert CategoricalEmbedding().width(n_levels, n) == width
    assert CategoricalEmbedding().width(10_000, 10**6) == 2


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (3, (61, 3)),
        (CategoricalEmbedding(2, min_categories=60), (61, 2)),
        (CategoricalEmbedding(2, min_categories=61), None),
        (None, None),
    ],
    ids=repr,
)
def test_the_size_of_embeddings(value, shape):
    reg = BPNetRegressor(**FEW, categorical_embedding=value).fit(*many())
    tables = getattr(reg, "categorical_embeddings_", [])
    assert [T.shape for T in tables] == ([] if shape is None else [shape])


def test_embeddings_learn_the_effects_of_levels():
    X, y = many()
    reg = BPNetRegressor((16,), random_state=0, max_iter=60).fit(X, y)
    fresh, y_fresh = many(seed=0)
    assert reg.score(fresh, y_fresh) > 0.9
    rare = clone(reg).set_params(max_categories=50).fit(X, y)
    (T,) = rare.categorical_embeddings_
    assert T.shape == (50, 4)
    assert np.abs(T[-1]).min() > 0  # that of the rare levels


def test_embeddings_have_a_learning_rate_and_weight_decay():
    X, y = many()
    kept = BPNetRegressor(**FEW, learning_rate_factors={"categorical_embedding": 0})
    start = BPNetRegressor(**FEW | {"max_iter": 1}, learning_rate_init=1e-9).fit(X, y)
    assert_allclose(
        kept.fit(X, y).categorical_embeddings_[0],
        start.categorical_embeddings_[0],
        atol=1e-6,
    )
    decayed = BPNetRegressor(**FEW, weight_decay=5.0).fit(X, y)
    norm = np.linalg.norm
    assert norm(decayed.categorical_embeddings_[0]) < norm(
        start.categorical_embeddings_[0]
    )


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"size": 0}, "size must be a whole number of at least 1, or 'auto'; got 0"),
        ({"size": 2.5}, "size must be"),
        ({"size": True}, "size must be"),
        ({"min_categories": 2}, "min_categories must be a whole number of at least 3"),
        ({"deviation": 0}, "deviation must be positive"),
        ({"deviation": np.nan}, "deviation must be positive"),
    ],
)
def test_an_embedding_that_is_none_is_an_error(kwargs, message):
    with pytest.raises(ValueError, match=message):
        CategoricalEmbedding(**kwargs)


@pytest.mark.parametrize(
    "parameters", [{"max_categories": 1}, {"categorical_embedding": "one-hot"}]
)
def test_parameters_that_are_not_valid(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        BPNetRegressor(**FEW, **parameters).fit(*many())


def test_fields_of_the_embedding_are_nested_parameters():
    reg = BPNetRegressor().set_params(categorical_embedding__size=3)
    assert reg.categorical_embedding == CategoricalEmbedding(3)


def test_a_factor_without_embeddings_warns():
    reg = BPNetRegressor(**FEW, learning_rate_factors={"categorical_embedding": 0.5})
    with pytest.warns(UserWarning, match="no embedding of categories"):
        reg.fit(*frame())


# What continues, and what is stored


def test_partial_fit_keeps_the_levels_of_the_first_call():
    X, y = frame()
    reg = BPNetRegressor(**FEW)
    for start in range(0, 300, 50):
        reg.partial_fit(X[start : start + 50], y[start : start + 50])
    names = reg.get_network_input_names()
    later = X[:50].assign(city="Paris", grade=99)
    reg.partial_fit(later, y[:50])
    assert reg.get_network_input_names() == names
    assert predictions(reg, X, city="Paris") == predictions(reg, X, city="York")
    assert reg.predict(X).shape == y.shape


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("method", ["partial_fit", "warm_start"])
def test_declared_levels_exist_from_the_first_call_on(library, method):
    values = list("abcd") * 20
    y = np.tile([0.0, 0, 0, 50], 20)
    if library == "pandas":
        X = pd.DataFrame({"v": pd.Categorical(values, categories=list("abcd"))})
    else:
        pl = pytest.importorskip("polars")
        X = pl.DataFrame({"v": values}, schema={"v": pl.Enum(list("abcd"))})
    first = np.flatnonzero(np.isin(values, ["a", "b"]))
    reg = BPNetRegressor((), random_state=0, learning_rate_init=0.05)
    if method == "warm_start":
        reg.set_params(warm_start=True, max_iter=1)
    fit = reg.partial_fit if method == "partial_fit" else reg.fit
    fit(X.iloc[first] if library == "pandas" else X[first], y[first])
    assert reg.get_network_input_names() == ["v_a", "v_b", "v_c", "v_d"]
    for _ in range(100):
        fit(X, y)
    predicted = reg.predict(X[:4])
    assert predicted[3] > predicted[:3].max() + 20


def test_warm_start_continues_with_frames():
    X, y = frame()
    reg = BPNetRegressor(**FEW, warm_start=True)
    before = reg.fit(X, y).score(X, y)
    for _ in range(20):
        reg.fit(X, y)
    assert reg.score(X, y) > before
    with pytest.raises(ValueError, match="feature names should match"):
        reg.fit(X.drop(columns="city"), y)


@pytest.mark.parametrize("parameters", [{}, {"n_members": 2}, {"input_scaling": None}])
def test_checkpoints_hold_the_encoder(parameters, tmp_path):
    X, y = frame()
    X["id"] = [f"u{i % 50}" for i in range(len(X))]
    reg = BPNetRegressor(**FEW, **parameters, max_categories=45).fit(X, y)
    reg.save_checkpoint(tmp_path / "a.ckpt")
    loaded = BPNetRegressor.load_checkpoint(tmp_path / "a.ckpt")
    new = X.assign(city="Paris", size=np.nan)
    assert_array_equal(loaded.predict(new), reg.predict(new))
    assert loaded.get_network_input_names() == reg.get_network_input_names()
    loaded.partial_fit(new, y)


def test_an_ensemble_has_one_encoder():
    X, y = frame()
    reg = BPNetRegressor(**FEW, n_members=3).fit(X, y)
    members = [member.predict(X) for member in reg.estimators_]
    assert_allclose(reg.predict(X), np.mean(members, axis=0))
    assert reg.feature_importances_.shape == (6,)


def test_from_weights_knows_numbers_only():
    reg = BPNetRegressor.from_weights([[[1.0], [2.0]]], [[0.0]])
    assert reg.predict([[1, 2]]) == 5
    with pytest.raises(ValueError, match=r"X contains NaN in column 1\. Their means"):
        reg.predict([[1, np.nan]])
    scaled = BPNetRegressor.from_weights(
        [[[1.0], [2.0]]], [[0.0]], input_mean=[3, 4], input_scale=[1, 1]
    )
    assert scaled.predict([[4, np.nan]]) == 1


# The ecosystem


def test_importances_are_those_of_the_columns():
    X, y = frame()
    reg = BPNetRegressor((8,), random_state=0, max_iter=30).fit(X, y)
    assert reg.feature_importances_.shape == (6,)
    norms = np.linalg.norm(reg.coefs_[0], axis=1)
    names = reg.get_network_input_names()
    income = [names.index("income"), names.index("missingindicator_income")]
    assert_allclose(
        reg.feature_importances_[3], np.linalg.norm(norms[income]), rtol=1e-5
    )
    city = [i for i, name in enumerate(names) if name.startswith("city")]
    widths = np.linalg.norm(norms[city])
    assert_allclose(reg.feature_importances_[0], widths, rtol=1e-5)


def test_searches_and_meta_estimators_take_frames():
    X, y = frame()
    reg = BPNetRegressor(**FEW)
    assert np.isfinite(cross_val_score(reg, X, y, cv=3)).all()
    grid = {"max_categories": [2, None], "categorical_embedding": [None, "auto"]}
    search = GridSearchCV(reg, grid, cv=2).fit(X, y)
    assert np.isfinite(search.best_score_)
    selector = SelectFromModel(reg, threshold="median").fit(X, y)
    assert selector.get_support().sum() >= 3
    numbers = X[["size", "income"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about names that Bagging leaves out
        bagged = BaggingRegressor(reg, n_estimators=2).fit(numbers, y)
    assert np.isfinite(bagged.predict(numbers)).all()


def test_scorers_get_encoded_samples():
    X, y = frame()
    y = y > y.mean()
    clf = BPNetClassifier(**FEW, early_stopping=True, scoring="roc_auc").fit(X, y)
    assert np.isfinite(clf.validation_scores_).all()
    own = clone(clf).set_params(scoring=lambda model, X, y: model.score(X, y)).fit(X, y)
    assert np.isfinite(own.validation_scores_).all()


def test_group_alpha_removes_inputs_of_categories():
    X, y = frame()
    reg = BPNetRegressor((8,), group_alpha=10.0, random_state=0, max_iter=40).fit(X, y)
    assert (reg.feature_importances_ == 0).any()


def test_a_table_of_categories_only():
    X, y = frame()
    X = X[["city", "sex"]]
    for parameters in (
        {},
        {"input_scaling": "squash"},
        {"input_scaling": None},
        {"solver": "lbfgs"},
        {"n_members": 2},
    ):
        reg = BPNetRegressor(**FEW | parameters).fit(X, y)
        assert reg.predict(X[:2]).shape == (2,)
        assert np.isfinite(reg.predict(X.assign(city=None))).all()
    with pytest.warns(UserWarning, match="numeric_embedding"):
        BPNetRegressor(**FEW, numeric_embedding="pbld").fit(X, y)
    reg = BPNetRegressor(**FEW)
    for _ in range(3):
        reg.partial_fit(X[:30], y[:30])
