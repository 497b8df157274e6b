"""numeric_embedding="ple" and "pwl": bins of every feature, and functions of these."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    check_gradient,
    config_context,
)
from sklearn_bpnet.net.blocks import PBLD, PLE, PWL
from sklearn_bpnet.options import CategoricalEmbedding

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_form = pytest.mark.parametrize("form", [PLE(8), PWL(8, 3)], ids=["ple", "pwl"])


@pytest.fixture
def table(rng):
    """Two numeric features between one with two values and a constant; and classes."""
    X = rng.normal(size=(90, 4))
    X[:, 0] = rng.integers(2, size=90) * 3 - 1
    X[:, 2] = 7
    y = (np.sin(3 * X[:, 1]) + X[:, 0] + rng.normal(size=90) / 5 > 0) * 1
    return X, y + (X[:, 3] > 1)


def embedded(estimator, form, hidden=(6,), **parameters):
    defaults = {"activation": "tanh", "max_iter": 20, "random_state": 0}
    return estimator(hidden, numeric_embedding=form, **(defaults | parameters))


def outputs(model, X):
    return getattr(model, "decision_function", model.predict)(X)


def seen_by_the_first_layer(model, X):
    """What the fitted model makes of X before its first layer, by the formula."""
    Z = (X - model.input_mean_) / model.input_scale_
    of = list(model.embedded_features_)
    columns = [Z[:, [j for j in range(Z.shape[1]) if j not in of]]]
    start = 0
    for f, (j, b) in enumerate(zip(of, model.bin_edges_, strict=True)):
        low, high = np.zeros(len(b) - 1), np.ones(len(b) - 1)
        low[0], high[-1] = -np.inf, np.inf
        E = np.clip((Z[:, [j]] - b[:-1]) / np.diff(b), low, high)
        if isinstance(model.numeric_embedding, PWL):
            w, a, V = (array.astype(np.float64) for array in model.embedding_weights_)
            V = V[start : start + E.shape[1]]
            start += E.shape[1]
            E = Z[:, [j]] * w[f] + a[f] + E @ V
        columns.append(E)
    A = np.hstack(columns)
    scale = getattr(model, "learned_input_scale_", None)
    return A if scale is None else A * scale


# What they are


@each_class
@each_form
@pytest.mark.parametrize("solver", ["lbfgs", "cg", "gd", "sgd", "adam", "rprop"])
@pytest.mark.parametrize("hidden", [(6,), ()])
def test_the_network_is_one_on_the_features_of_the_formula(
    estimator, form, solver, hidden, table
):
    X, y = table
    model = embedded(estimator, form, hidden, solver=solver)
    model.set_params(dtype="float64", learned_input_scale=bool(hidden)).fit(X, y)
    assert model.embedded_features_.tolist() == [1, 3]
    targets = {
        name: getattr(model, name + "_")
        for name in ("target_mean", "target_scale")
        if hasattr(model, name + "_")
    }
    twin = estimator.from_weights(
        model.coefs_, model.intercepts_, activation="tanh", **targets
    )
    A = seen_by_the_first_layer(model, X)
    assert A.shape[1] == model.coefs_[0].shape[0]
    assert_allclose(outputs(model, X), outputs(twin, A), rtol=1e-9, atol=1e-9)


@each_class
@each_form
def test_all_of_it_learns(estimator, form, table):
    model = embedded(estimator, form, max_iter=50).fit(*table)
    start = embedded(estimator, form, max_iter=1, learning_rate_init=1e-12).fit(*table)
    arrays = ["coefs_", "embedding_weights_"][: 1 + isinstance(form, PWL)]
    for name in arrays:
        for ours, theirs in zip(
            getattr(model, name), getattr(start, name), strict=True
        ):
            assert (np.abs(ours - theirs) > 1e-7).mean() > 0.95
    assert hasattr(model, "embedding_weights_") == isinstance(form, PWL)


@each_class
@each_form
def test_the_gradient_is_checked(estimator, form, table):
    check_gradient(embedded(estimator, form), *table)
    both = embedded(estimator, form, learned_input_scale=True, early_stopping=True)
    check_gradient(both.fit(*table), *table)


@each_class
@each_form
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_training_is_that_of_numpy(estimator, form, dtype, table):
    pytest.importorskip("numba")
    fitted = []
    for compiled in (True, False):
        with config_context(compiled=compiled):
            fitted.append(embedded(estimator, form, dtype=dtype).fit(*table))
    rtol = 1e-3 if dtype == "float32" else 1e-9
    assert_allclose(*(outputs(m, table[0]) for m in fitted), rtol=rtol, atol=rtol)


def test_a_linear_model_on_bins_learns_any_function_of_a_feature(rng):
    X = rng.uniform(-1, 1, size=(600, 2))
    y = np.sin(12 * X[:, 0]) + np.sign(X[:, 1] - 0.3)
    for form, solver in ((PLE(), "lbfgs"), (PLE(), "adam"), (PWL(), "adam")):
        reg = embedded(BPNetRegressor, form, (), solver=solver, max_iter=200)
        plain = clone(reg).set_params(numeric_embedding=None)
        assert plain.fit(X[:400], y[:400]).score(X[400:], y[400:]) < 0.6
        assert reg.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.85


# Bins


@each_class
@pytest.mark.parametrize("scaling", ["standard", "squash", None])
def test_edges_are_quantiles_of_scaled_features(estimator, scaling, table):
    X, y = table
    model = embedded(estimator, PLE(8), input_scaling=scaling).fit(X, y)
    Z = X
    if scaling is not None:
        Z = (X - model.input_mean_) / model.input_scale_
    if scaling == "squash":
        Z = Z / np.sqrt(1 + (Z / 3) ** 2)
    expected = np.quantile(Z[:, [1, 3]], np.linspace(0, 1, 9), axis=0)
    assert_allclose(np.transpose(model.bin_edges_), expected, rtol=1e-12)


@pytest.mark.parametrize("n", [90, 2000])
@pytest.mark.parametrize("estimator", BOTH)
def test_edges_can_be_thresholds_of_trees(estimator, n, rng):
    X = rng.normal(size=(n, 2))
    y = np.where(X[:, 0] > 0.4, 2, X[:, 1] > 1) + (X[:, 0] < -1)
    model = embedded(estimator, PLE(6, target_aware=True), max_iter=1).fit(X, y)
    tree = DecisionTreeRegressor
    targets = (y - y.mean()) / y.std()
    if estimator is BPNetClassifier:
        tree, targets = DecisionTreeClassifier, y
    Z = (X - model.input_mean_) / model.input_scale_
    for z, edges in zip(Z.T, model.bin_edges_, strict=True):
        theirs = tree(
            max_leaf_nodes=6,
            min_samples_leaf=min(64, -(-n // 20)),
            min_impurity_decrease=1e-4,
        ).fit(z[:, None], targets)
        inner = theirs.tree_.threshold[theirs.tree_.feature == 0]
        assert len(inner) > 1
        expected = np.sort([z.min(), *inner, z.max()])
        assert_allclose(edges, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["labels", "indicators", "columns", "targets"])
def test_trees_know_all_targets(kind, rng):
    X = rng.normal(size=(300, 1))
    Y = np.column_stack([X[:, 0] > 0.7, X[:, 0] > -0.5]).astype(int)
    estimator = BPNetRegressor if kind == "targets" else BPNetClassifier
    if kind == "labels":
        Y = np.array(["low", "middle", "high"])[Y.sum(axis=1)]
    elif kind == "columns":
        Y = Y.astype(str)
    elif kind == "targets":
        Y = Y * [1.0, 1e6]
    model = embedded(estimator, PLE(3, target_aware=True), max_iter=1).fit(X, Y)
    raw = model.bin_edges_[0] * model.input_scale_ + model.input_mean_
    assert_allclose(raw[1:-1], [-0.5, 0.7], atol=0.05)


def test_trees_read_extreme_numbers(rng):
    X = rng.normal(size=(100, 1)) * 1e250
    X[0] = 1e300
    reg = embedded(BPNetRegressor, PLE(4, target_aware=True), max_iter=1)
    reg.set_params(input_scaling=None, dtype="float64")
    edges = reg.fit(X, X[:, 0] > 0).bin_edges_[0]
    assert np.isfinite(edges).all()
    assert edges[-1] == 1e300


@each_class
@each_form
def test_duplicate_quantiles_are_one_edge(estimator, form, table):
    X, y = table[0].copy(), table[1]
    X[:, 1] = np.arange(90) % 3
    X[:80, 3] = 0
    model = embedded(estimator, form, input_scaling=None).fit(X, y)
    levels = np.linspace(0, 1, 9)
    for edges, j in zip(model.bin_edges_, (1, 3), strict=True):
        assert_array_equal(edges, np.unique(np.quantile(X[:, j], levels)))
        assert len(edges) < 9
    check_gradient(model, X, y)


@each_class
@each_form
def test_a_feature_may_have_a_single_bin(estimator, form, rng):
    X = np.zeros((90, 2))
    X[0, 0], X[1, 0] = 1, 2  # three values, all quantiles but one are 0
    X[:, 1] = rng.normal(size=90)
    model = embedded(estimator, form, input_scaling=None, dtype="float64")
    model.fit(X, np.arange(90) % 2)
    assert_array_equal(model.bin_edges_[0], [0, 2])
    one = embedded(estimator, type(form)(1), dtype="float64").fit(X, np.arange(90) % 2)
    assert {len(edges) for edges in one.bin_edges_} == {2}
    check_gradient(one, X, np.arange(90) % 2)


@pytest.mark.parametrize("target_aware", [False, True])
def test_nearly_constant_features_are_not_embedded(target_aware, rng):
    X = rng.normal(size=(90, 3))
    X[:, 1] = 1e6 + X[:, 1] * 1e-3
    X[:, 2] = X[:, 2] * 1e-12  # small, but not constant
    reg = embedded(BPNetRegressor, PLE(8, target_aware=target_aware), max_iter=1)
    reg.set_params(input_scaling=None, dtype="float64").fit(X, X[:, 0])
    assert reg.embedded_features_.tolist() == [0, 2]
    reg.set_params(input_scaling="standard").fit(X, X[:, 0])
    assert reg.embedded_features_.tolist() == [0, 1, 2]


def test_edges_too_close_to_tell_apart_are_one_edge():
    X = np.array([0, 1e-8, 1, 2, 2 - 1e-8])[:, None]
    reg = embedded(BPNetRegressor, PLE(), input_scaling=None).fit(X, X[:, 0])
    assert_array_equal(reg.bin_edges_[0], [0, 1, 2])


def test_a_few_samples_have_few_bins(rng):
    X = rng.normal(size=(5, 1))
    reg = embedded(BPNetRegressor, PLE(), input_scaling=None).fit(X, X[:, 0])
    assert_array_equal(reg.bin_edges_[0], np.sort(X[:, 0]))


@each_form
def test_without_a_feature_to_embed_it_warns_and_changes_nothing(form, rng):
    X, y = rng.integers(2, size=(50, 3)), rng.integers(2, size=50)
    with pytest.warns(UserWarning, match="numeric_embedding=P.* has no effect"):
        model = embedded(BPNetClassifier, form).fit(X, y)
    plain = embedded(BPNetClassifier, None).fit(X, y)
    assert_array_equal(model.coefs_[0], plain.coefs_[0])
    assert model.embedded_features_.size == 0
    assert not hasattr(model, "bin_edges_")


# Weights and selected samples


@each_class
@pytest.mark.parametrize("aware", [False, True])
def test_a_sample_without_weight_is_absent(estimator, aware, table):
    X, y = table[0].copy(), table[1]
    weights = np.ones(90)
    weights[::3] = 0
    X[::3] *= 100
    form = PWL(8, 3, target_aware=aware)
    there = embedded(estimator, form).fit(X, y, weights)
    alone = embedded(estimator, form).fit(X[weights > 0], y[weights > 0])
    for ours, theirs in zip(there.bin_edges_, alone.bin_edges_, strict=True):
        assert_allclose(ours, theirs, rtol=1e-12)
    kept = X[weights > 0]
    assert_allclose(outputs(there, kept), outputs(alone, kept), rtol=1e-4, atol=1e-5)


@each_class
@pytest.mark.parametrize("aware", [False, True])
def test_a_sample_of_weight_two_is_two_samples(estimator, aware, table):
    X, y = table
    weights = np.arange(90) % 3 + 1
    form = PLE(8, target_aware=aware)
    weighted = embedded(estimator, form, max_iter=1).fit(X, y, weights)
    repeated = embedded(estimator, form, max_iter=1)
    repeated.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert len(weighted.bin_edges_[0]) > 3
    for ours, theirs in zip(weighted.bin_edges_, repeated.bin_edges_, strict=True):
        assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


@each_class
@pytest.mark.parametrize("aware", [False, True])
@pytest.mark.parametrize("unit", [1e-200, 0.3, 1e200])
def test_only_ratios_of_weights_matter(estimator, aware, unit, table):
    X, y = table
    weights = np.random.default_rng(1).uniform(0, 5, 90)
    form = PLE(8, target_aware=aware)
    first, other = (
        embedded(estimator, form, max_iter=1).fit(X, y, w * weights)
        for w in (1.0, unit)
    )
    for ours, theirs in zip(first.bin_edges_, other.bin_edges_, strict=True):
        assert_allclose(ours, theirs, rtol=1e-9)


@each_class
@pytest.mark.parametrize("aware", [False, True])
def test_validation_samples_have_no_say(estimator, aware, table):
    X, y = table
    form = PLE(8, target_aware=aware)
    model = embedded(estimator, form, early_stopping=True)
    apart = clone(model).fit(X, y, X_val=100 * X, y_val=y)
    alone = embedded(estimator, form).fit(X, y)
    for ours, theirs in zip(apart.bin_edges_, alone.bin_edges_, strict=True):
        assert_array_equal(ours, theirs)
    inside = model.fit(X, y)
    assert any(
        len(ours) != len(theirs) or (ours != theirs).any()
        for ours, theirs in zip(inside.bin_edges_, alone.bin_edges_, strict=True)
    )


@pytest.mark.parametrize("aware", [False, True])
def test_a_large_table_is_read_in_part(aware, monkeypatch, rng):
    X = rng.normal(size=(3000, 3))
    y = np.sin(3 * X[:, 0]) + X[:, 1]
    reg = embedded(BPNetRegressor, PLE(8, target_aware=aware), (), max_iter=1)
    every = clone(reg).fit(X, y).bin_edges_
    monkeypatch.setattr("sklearn_bpnet._data.quantiles._EXACT_NUMBERS", 10)
    monkeypatch.setattr("sklearn_bpnet._data.quantiles._N_SAMPLED", 2000)
    monkeypatch.setattr("sklearn_bpnet._data.embedded.CHUNK_NUMBERS", 2000)
    for weights in (None, rng.uniform(0.5, 2, 3000)):
        some = clone(reg).fit(X, y, weights).bin_edges_
        assert any(
            len(a) != len(b) or (a != b).any() for a, b in zip(some, every, strict=True)
        )
        if not aware:
            assert_allclose(np.array(some)[:, 1:-1], np.array(every)[:, 1:-1], atol=0.3)


# Beside other parameters


@each_class
def test_the_rate_and_the_penalty_are_those_of_an_embedding(estimator, table):
    model = embedded(estimator, PWL(8, 3), max_iter=3)
    kept = clone(model).set_params(learning_rate_factors={"embedding": 0}).fit(*table)
    assert not kept.embedding_weights_[2].any()
    assert model.fit(*table).embedding_weights_[2].any()
    with pytest.warns(UserWarning, match=r"\['embedding'\] has no effect"):
        kept.set_params(numeric_embedding=PLE(8)).fit(*table)
    penalised = embedded(estimator, PWL(8, 3), solver="lbfgs", alpha=1e3, max_iter=500)
    penalised.fit(*table)
    assert_allclose(penalised.coefs_[0], 0, atol=1e-3)
    assert np.abs(penalised.embedding_weights_[0]).max() > 0.1


@each_class
@each_form
def test_importances_and_names_are_those_of_features(estimator, form, table):
    model = embedded(estimator, form).fit(*table)
    names = np.array(model.get_network_input_names())
    assert len(names) == len(model.coefs_[0])
    word = "bin" if isinstance(form, PLE) else "embedding"
    assert list(names[:3]) == ["x0", "x2", f"x1_{word}0"]
    expected = [
        np.linalg.norm(model.coefs_[0][[name.split("_")[0] == x for name in names]])
        for x in ("x0", "x1", "x2", "x3")
    ]
    assert_allclose(model.feature_importances_, expected, rtol=1e-5)


@each_class
@each_form
def test_categories_and_gaps_stand_beside_bins(estimator, form, table):
    X, y = table
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = np.array(["u", "v", "w"])[np.arange(90) % 3]
    frame.loc[::5, "d"] = np.nan
    model = embedded(estimator, form, n_members=2)
    option = CategoricalEmbedding(2, min_categories=3)
    model.set_params(dropout__input_noise=0.1, categorical_embedding=option)
    model.fit(frame, y)
    assert model.embedded_features_.tolist() == [1, 3]
    check_gradient(model.estimators_[0], frame, y)
    names = model.get_network_input_names()
    assert "d_bin0" in names or "d_embedding0" in names
    assert {"a", "c", "missingindicator_d", "kind_embedding0"} < set(names)
    first, second = model.estimators_
    for ours, theirs in zip(first.bin_edges_, second.bin_edges_, strict=True):
        assert_array_equal(ours, theirs)
    assert np.isfinite(outputs(model, frame)).all()


@each_class
def test_hyper_parameters_can_be_searched(estimator, table):
    model = embedded(estimator, "ple").set_params(numeric_embedding__n_bins=5)
    assert model.numeric_embedding == PLE(5)
    assert [len(edges) for edges in model.fit(*table).bin_edges_] == [6, 6]
    model = embedded(estimator, "pwl").set_params(
        numeric_embedding__embedding_size=2, numeric_embedding__target_aware=True
    )
    assert model.numeric_embedding == PWL(48, 2, target_aware=True)
    assert model.fit(*table).coefs_[0].shape == (2 + 2 * 2, 6)


@each_class
@each_form
def test_initial_weights_read_embedded_samples(estimator, form, table):
    model = embedded(estimator, form, initializer="unit_variance").fit(*table)
    assert np.isfinite(outputs(model, table[0])).all()


# Later calls and copies


@each_class
@each_form
def test_later_calls_keep_the_edges_of_the_first(estimator, form, table):
    X, y = table
    classes = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    model = embedded(estimator, form).partial_fit(X, y, **classes)
    edges = model.bin_edges_
    model.partial_fit(X * 3 + 1, y)
    warm = embedded(estimator, form, warm_start=True).fit(X, y).fit(X * 3, y)
    for again in (model, warm):
        for ours, theirs in zip(again.bin_edges_, edges, strict=True):
            assert_array_equal(ours, theirs)


@each_class
def test_a_warm_start_continues_with_the_same_embedding_only(estimator, table):
    forms = (
        None, PBLD(), PLE(4), PLE(1), PLE(4, target_aware=True), PWL(4, 1), PWL(4, 2),
        PWL(5, 1), PWL(4, 1, target_aware=True),
    )  # fmt: skip
    for before in forms:
        model = embedded(estimator, before, warm_start=True, max_iter=1).fit(*table)
        for after in forms:
            model.set_params(numeric_embedding=after)
            if before == after:
                model.fit(*table)
                continue
            with pytest.raises(ValueError, match=r"numeric_embedding=.*unlike before"):
                model.fit(*table)


@each_class
@each_form
@pytest.mark.parametrize("members", [1, 2])
def test_copies_predict_the_same(estimator, form, members, table, tmp_path):
    X, y = table
    model = embedded(estimator, form, n_members=members).fit(X, y)
    model.save_checkpoint(tmp_path / "file")
    again = estimator.load_checkpoint(tmp_path / "file")
    for copy in (pickle.loads(pickle.dumps(model)), again):
        assert_array_equal(copy.predict(X), model.predict(X))
        for ours, theirs in zip(copy.bin_edges_, model.bin_edges_, strict=True):
            assert_array_equal(ours, theirs)
    again.set_params(warm_start=True).fit(X, y)
    for other in (None, PBLD(), type(form)(9), type(form)(8, target_aware=True)):
        with pytest.raises(ValueError, match=r"numeric_embedding=.* does not fit"):
            estimator.load_checkpoint(tmp_path / "file", numeric_embedding=other)


# What is refused


@each_class
@each_form
def test_sparse_samples_are_refused(estimator, form, table):
    X, y = table
    thin, message = sparse.csr_array(X), "numeric_embedding needs dense X"
    with pytest.raises(ValueError, match=message):
        embedded(estimator, form).fit(thin, y)
    with pytest.raises(ValueError, match=message):
        embedded(estimator, form).fit(X, y).predict(thin)


@each_class
@each_form
def test_weights_given_alone_are_refused(estimator, form):
    with pytest.raises(ValueError, match="which coefs and intercepts do not contain"):
        estimator.from_weights([[[1.0]]], [[0.0]], numeric_embedding=form)


@each_form
def test_a_group_penalty_is_refused(form, table):
    with pytest.raises(ValueError, match=r"group_alpha=0\.1 .*numeric_embedding"):
        embedded(BPNetRegressor, form, group_alpha=0.1).fit(*table)


@pytest.mark.parametrize("aware", [False, True])
def test_features_beyond_the_range_are_named(aware, rng):
    X = rng.normal(size=(50, 2))
    X[3, 1] = 1e300
    reg = embedded(BPNetRegressor, PLE(8, target_aware=aware), dtype="float32")
    reg.set_params(input_scaling=None)
    with pytest.raises(ValueError, match=r"X\[3, 1\] is 1e\+300"):
        reg.fit(X, X[:, 0])
