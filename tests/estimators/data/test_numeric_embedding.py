"""numeric_embedding: learned waves of a feature beside the feature."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_selection import SelectFromModel

from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    check_gradient,
    empirical_risk,
)
from sklearn_bpnet.net.blocks.embeddings import PBLD
from sklearn_bpnet.net.blocks.noise import Dropout as DropoutBlock
from sklearn_bpnet.net.blocks.noise import GaussianNoise
from sklearn_bpnet.net.gradcheck import GradientMismatchError
from sklearn_bpnet.options import Dropout, EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)


@pytest.fixture
def table(rng):
    """Two numeric features between a dummy and a constant one; and classes."""
    X = rng.normal(size=(90, 4))
    X[:, 0] = rng.integers(2, size=90) * 3 - 1
    X[:, 2] = 7
    y = (np.sin(3 * X[:, 1]) + X[:, 0] + rng.normal(size=90) / 5 > 0) * 1
    return X, y + (X[:, 3] > 1)


def embedded(estimator, hidden=(6,), law="pbld", **parameters):
    defaults = {"activation": "tanh", "max_iter": 20, "random_state": 0}
    return estimator(hidden, numeric_embedding=law, **(defaults | parameters))


def seen_by_the_first_layer(model, X):
    """What the fitted model makes of X before its first layer, by the formula."""
    X = (X - model.input_mean_) / model.input_scale_
    w, c, V, d = (array.astype(np.float64) for array in model.embedding_weights_)
    columns = [X]
    for f, j in enumerate(model.embedded_features_):
        H = np.cos(2 * np.pi * X[:, [j]] * w[f] + c[f])
        columns.append(H @ V[f] + d[f])
    A = np.hstack(columns)
    scale = getattr(model, "learned_input_scale_", None)
    return A if scale is None else A * scale


def outputs(model, X):
    return getattr(model, "decision_function", model.predict)(X)


# What it is


@each_class
def test_features_with_more_than_two_values_are_embedded(estimator, table):
    model = embedded(estimator, law=PBLD(5, 3)).fit(*table)
    assert model.embedded_features_.tolist() == [1, 3]
    assert model.n_features_in_ == 4
    assert model.coefs_[0].shape == (4 + 2 * 2, 6)
    shapes = [array.shape for array in model.embedding_weights_]
    assert shapes == [(2, 5), (2, 5), (2, 5, 2), (2, 2)]
    plain = model.set_params(numeric_embedding=None).fit(*table)
    assert not hasattr(plain, "embedded_features_")
    assert not hasattr(plain, "embedding_weights_")
    assert plain.coefs_[0].shape == (4, 6)


@pytest.mark.parametrize(
    ("estimator", "input_scale"), [(BPNetClassifier, True), (BPNetRegressor, False)]
)
@pytest.mark.parametrize("solver", ["lbfgs", "cg", "gd", "sgd", "adam", "rprop"])
def test_the_network_is_one_on_the_features_of_the_formula(
    estimator, solver, input_scale, table
):
    X, y = table
    model = embedded(estimator, solver=solver, learned_input_scale=input_scale)
    model.set_params(dtype="float64").fit(X, y)
    start = embedded(estimator, max_iter=1, learning_rate_init=1e-12, dtype="float64")
    start.fit(X, y)
    for ours, theirs in zip(
        model.embedding_weights_, start.embedding_weights_, strict=True
    ):
        assert (np.abs(ours - theirs) > 1e-7).all()  # all of it learned
    targets = {
        name: getattr(model, name + "_")
        for name in ("target_mean", "target_scale")
        if hasattr(model, name + "_")
    }
    twin = estimator.from_weights(
        model.coefs_, model.intercepts_, activation="tanh", **targets
    )
    A = seen_by_the_first_layer(model, X)
    assert_allclose(outputs(model, X), outputs(twin, A), rtol=1e-9, atol=1e-9)


@each_class
def test_the_gradient_is_checked(estimator, table):
    report = check_gradient(embedded(estimator, law=PBLD(3, 3)), *table)
    n_outputs = 3 if estimator is BPNetClassifier else 1
    n_embedding = 2 * (3 + 3 + 3 * 2 + 2)
    assert report.n_checked == n_embedding + (4 + 4 + 1) * 6 + 7 * n_outputs
    both = embedded(estimator, learned_input_scale=True, early_stopping=True)
    check_gradient(both.fit(*table), *table)


def test_a_mistake_in_it_is_found_where_it_is(table):
    model = embedded(BPNetRegressor, law=PBLD(3, 3))
    J = empirical_risk(model, *table)
    gradient = J.value_and_gradient(J.theta)[1]
    gradient[5] *= 1.01
    message = r"layer 0, embedding\[1, 2\] \(embedding_weights_\[0\]\).*No layer is off"
    with pytest.raises(GradientMismatchError, match=message):
        check_gradient(model, *table, gradient=gradient)


def test_it_learns_what_a_line_of_units_cannot(rng):
    X = rng.uniform(-1, 1, size=(600, 2))
    y = np.sin(12 * X[:, 0]) + np.sign(np.sin(9 * X[:, 1]))
    reg = BPNetRegressor((), max_iter=200, learning_rate_init=0.05, random_state=0)
    plain = clone(reg).fit(X[:400], y[:400]).score(X[400:], y[400:])
    reg.set_params(numeric_embedding=PBLD(deviation=1.0))
    waves = reg.fit(X[:400], y[:400]).score(X[400:], y[400:])
    assert plain < 0.3
    assert waves > 0.8


# Which features


@each_class
def test_only_training_samples_decide_which_features(estimator, table):
    X, y = table
    weights = np.ones(90)
    weights[:3] = 0
    X[0, 0], X[1, 2] = 50.0, 8.0
    X[2, 2] = 9.0
    assert embedded(estimator).fit(X, y).embedded_features_.tolist() == [0, 1, 2, 3]
    model = embedded(estimator).fit(X, y, weights)
    assert model.embedded_features_.tolist() == [1, 3]
    model = embedded(estimator).fit(X[3:], y[3:], X_val=X, y_val=y)
    assert model.embedded_features_.tolist() == [1, 3]


@each_class
def test_partial_fit_decides_at_its_first_call(estimator, table):
    X, y = table
    classes = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    model = embedded(estimator).partial_fit(X, y, **classes)
    model.partial_fit(np.random.default_rng(1).normal(size=X.shape), y)
    assert model.embedded_features_.tolist() == [1, 3]


@each_class
def test_without_a_feature_to_embed_it_warns_and_changes_nothing(estimator, rng):
    X, y = rng.integers(2, size=(50, 3)), rng.integers(2, size=50)
    with pytest.warns(UserWarning, match="numeric_embedding='pbld' has no effect"):
        model = embedded(estimator).fit(X, y)
    plain = embedded(estimator, law=None).fit(X, y)
    assert_array_equal(model.coefs_[0], plain.coefs_[0])
    assert model.embedded_features_.size == 0
    assert not hasattr(model, "embedding_weights_")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [bool, np.int8, np.float32])
def test_a_table_larger_than_a_block_is_read_to_its_end(order, dtype, rng):
    X = np.zeros((400_000, 4), order=order)
    X[:, 0] = rng.integers(2, size=len(X))
    X[-1, 1:] = [1, 2, 3]
    X[0, 3] = 1
    X = X.astype(dtype)
    model = embedded(BPNetRegressor, (), max_iter=1, batch_size=100_000)
    if dtype is bool:
        with pytest.warns(UserWarning, match="no effect"):
            model.fit(X, X[:, 0] + 0.0)
    else:
        model.fit(X, X[:, 0])
    assert model.embedded_features_.tolist() == ([] if dtype is bool else [3])


# Beside other parameters


@each_class
def test_its_rate_has_a_factor_of_its_own(estimator, table):
    model = embedded(estimator, max_iter=3)
    start = clone(model).set_params(max_iter=1, learning_rate_init=1e-12).fit(*table)
    kept = clone(model).set_params(learning_rate_factors={"embedding": 0}).fit(*table)
    assert_allclose(kept.embedding_weights_[2], start.embedding_weights_[2], atol=1e-9)
    assert (kept.coefs_[0] != start.coefs_[0]).any()
    with pytest.warns(UserWarning, match=r"\['embedding'\] has no effect"):
        kept.set_params(numeric_embedding=None).fit(*table)


@each_class
def test_the_penalty_and_the_decay_are_those_of_the_layers(estimator, table):
    model = embedded(estimator, solver="lbfgs", alpha=1e3, max_iter=500).fit(*table)
    assert_allclose(model.coefs_[0], 0, atol=1e-3)
    start = embedded(estimator, solver="lbfgs", max_iter=1, tol=1e9).fit(*table)
    for ours, theirs in zip(
        model.embedding_weights_, start.embedding_weights_, strict=True
    ):
        assert_allclose(ours, theirs, atol=1e-2)


@each_class
@pytest.mark.parametrize("input_scale", [False, True])
def test_importances_are_those_of_features(estimator, input_scale, table):
    model = embedded(estimator, learned_input_scale=input_scale, law=PBLD(4, 3))
    model.fit(*table)
    W = model.coefs_[0].astype(np.float64)
    if input_scale:
        W = W * model.learned_input_scale_[:, None]
    rows = [[0], [1, 4, 5], [2], [3, 6, 7]]
    expected = [np.linalg.norm(W[of_feature]) for of_feature in rows]
    assert_allclose(model.feature_importances_, expected, rtol=1e-6)
    selector = SelectFromModel(model, prefit=True, max_features=2)
    assert selector.transform(table[0]).shape == (90, 2)


@each_class
def test_initial_weights_read_embedded_samples(estimator, table):
    model = embedded(estimator, (6, 5), initializer="unit_variance")
    model.set_params(initializer__biases="hull", learned_input_scale=True)
    J = empirical_risk(model, *table)
    Y = J.risk.loss.encode_targets(J.Y)
    layers = J.risk.backpropagate(J.theta, J.X, Y).layers
    for layer in layers:
        assert_allclose(layer.Z.var(axis=0), 1, rtol=1e-9)


@each_class
def test_noise_is_that_of_the_features(estimator, table, monkeypatch):
    widths = {GaussianNoise: set(), DropoutBlock: set()}
    for kind, seen in widths.items():

        def spy(self, noise, *args, fill=kind.fill, seen=seen):
            seen.add(noise.shape[1])
            fill(self, noise, *args)

        monkeypatch.setattr(kind, "fill", spy)
    noisy = {"dropout": Dropout(0.3, input_rate=0.3, input_noise=0.2)}
    model = embedded(estimator, **noisy).fit(*table)
    assert np.isfinite(model.loss_)
    # four features and six hidden units; what is made of the features draws none
    assert widths == {GaussianNoise: {4}, DropoutBlock: {4, 6}}


@each_class
def test_early_stopping_keeps_the_embedding_of_the_best_epoch(estimator, table):
    X, y = table
    scoring = "accuracy" if estimator is BPNetClassifier else "r2"
    model = embedded(
        estimator, early_stopping=EarlyStopping(ties="first"), scoring=scoring,
        learning_rate_init=0.05, max_iter=40,
    )  # fmt: skip
    model.fit(X[40:], y[40:], X_val=X[:40], y_val=y[:40])
    assert model.best_epoch_ < model.n_iter_
    score = model.score(X[:40], y[:40])
    assert score == pytest.approx(model.best_validation_score_)


@each_class
def test_copies_predict_the_same(estimator, table, tmp_path):
    X, y = table
    model = embedded(estimator).fit(X, y)
    model.save_checkpoint(tmp_path / "file")
    again = estimator.load_checkpoint(tmp_path / "file")
    for copy in (pickle.loads(pickle.dumps(model)), again):
        assert_array_equal(copy.predict(X), model.predict(X))


@each_class
def test_names_are_instances_with_parameters_of_their_own(estimator, table):
    model = embedded(estimator).set_params(numeric_embedding__embedding_size=2)
    assert model.numeric_embedding == PBLD(embedding_size=2)
    assert model.fit(*table).coefs_[0].shape == (4 + 2, 6)
    by_name, instance = (embedded(estimator, law=law) for law in ("pbld", PBLD()))
    assert_array_equal(by_name.fit(*table).coefs_[0], instance.fit(*table).coefs_[0])


# What is refused


@each_class
def test_sparse_rows_are_refused(estimator, table):
    X, y = table
    message = r"numeric_embedding needs dense X.*X\.toarray\(\)"
    thin = sparse.csr_array(X)
    with pytest.raises(ValueError, match=message):
        embedded(estimator).fit(thin, y)
    with pytest.raises(ValueError, match=message):
        embedded(estimator).fit(X, y, X_val=thin, y_val=y)
    with pytest.raises(ValueError, match=message):
        embedded(estimator).fit(X, y).predict(thin)


@each_class
def test_a_group_penalty_is_refused(estimator, table):
    with pytest.raises(ValueError, match=r"group_alpha=0\.1 .*numeric_embedding"):
        embedded(estimator, group_alpha=0.1).fit(*table)


@each_class
def test_weights_given_alone_are_refused(estimator):
    with pytest.raises(
        ValueError, match="numeric_embedding='pbld' has learned weights"
    ):
        estimator.from_weights([[[1.0]]], [[0.0]], numeric_embedding="pbld")


@each_class
def test_a_warm_start_continues_with_the_same_embedding_only(estimator, table):
    laws = (None, "pbld", PBLD(8))
    for before in laws:
        for after in laws:
            model = embedded(estimator, law=before, warm_start=True, max_iter=1)
            model.fit(*table).set_params(numeric_embedding=after)
            if before == after:
                model.fit(*table)
                continue
            message = rf"numeric_embedding={after!r}, unlike before".replace("(", r"\(")
            with pytest.raises(ValueError, match=message.replace(")", r"\)")):
                model.fit(*table)


@each_class
def test_given_weights_to_start_from_are_those_of_the_layers(estimator, table):
    model = embedded(estimator, max_iter=1, learning_rate_init=1e-12).fit(*table)
    coefs = [W + 0.5 for W in model.coefs_]
    again = clone(model).fit(*table, coefs_init=coefs)
    assert_allclose(again.coefs_[0], coefs[0], atol=1e-6)
    assert_array_equal(again.embedding_weights_[0], model.embedding_weights_[0])
    with pytest.raises(
        ValueError, match=r"coefs_init\[0\] must have the shape \(10, 6\)"
    ):
        clone(model).fit(*table, coefs_init=[np.ones((4, 6)), coefs[1]])
