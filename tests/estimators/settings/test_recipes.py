"""from_recipe: what each one sets, and that it trains as its source does."""

import inspect
from math import cos, log2, pi

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.losses import LogLoss
from sklearn_bpnet.recipes import RECIPES

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
# what small data sets and few epochs need of recipes of large networks
_SMALLER = {"hidden_layer_sizes": (32, 32)}
_OF_FEW = {
    "realmlp-td-s": _SMALLER,
    "realmlp-td": _SMALLER,
    "tabm-mini": _SMALLER | {"learning_rate_init": 0.01},
    "best": _SMALLER | {"n_members": 2},
}
each_recipe = pytest.mark.parametrize("name", RECIPES)


@each_class
@each_recipe
def test_a_recipe_is_an_ordinary_estimator_whose_parameters_show_it(estimator, name):
    model = estimator.from_recipe(name)
    assert type(model) is estimator
    shown = model.get_params()
    recipe = RECIPES[name][estimator._kind]
    assert {key: shown[key] for key in recipe} == recipe
    others = inspect.signature(estimator).parameters.keys() - recipe.keys()
    defaults = estimator().get_params()
    assert {key: shown[key] for key in others} == {key: defaults[key] for key in others}
    assert clone(model).get_params() == shown


@each_class
@each_recipe
def test_overrides_take_the_place_of_what_a_recipe_says(estimator, name):
    model = estimator.from_recipe(name, hidden_layer_sizes=(7,), random_state=3)
    assert (model.hidden_layer_sizes, model.random_state) == ((7,), 3)
    plain = estimator.from_recipe(name)
    assert plain.hidden_layer_sizes != (7,)
    assert model.activation == plain.activation


@each_class
def test_every_estimator_has_a_copy_of_its_own(estimator):
    one = estimator.from_recipe("realmlp-td-s")
    one.learning_rate_factors["b"] = 5.0
    assert estimator.from_recipe("realmlp-td-s").learning_rate_factors["b"] == 0.1


@each_class
def test_an_unknown_recipe_is_answered_with_the_known_ones(estimator):
    with pytest.raises(ValueError, match="Unknown recipe 'lectures'") as caught:
        estimator.from_recipe("lectures")
    assert all(repr(name) in str(caught.value) for name in RECIPES)
    with pytest.raises(TypeError, match="no_such_parameter"):
        estimator.from_recipe("lecture", no_such_parameter=1)


def test_the_docstring_names_every_recipe():
    docstring = inspect.getdoc(BPNetClassifier.from_recipe)
    assert all(f'"{name}"' in docstring for name in RECIPES)


@each_class
def test_best_turns_time_into_members(estimator):
    assert 1 < estimator.from_recipe("best").n_members < 10
    assert estimator.from_recipe("best", time_budget=60).n_members == 64
    limited = estimator.from_recipe("best", time_budget=60, n_members=3)
    assert (limited.n_members, limited.time_budget) == (3, 60)
    assert estimator.from_recipe("tabm-mini", time_budget=60).n_members == 1


def test_best_calibrates_a_classifier_by_samples_that_members_held_out(iris):
    clf = BPNetClassifier.from_recipe("best", max_iter=20, random_state=0).fit(*iris)
    assert len(clf.estimators_) == 5
    assert clf.temperature_ != 1
    assert clf.oof_score_ > 0.9
    for other in ({"n_members": 3}, {"time_budget": 60}):
        plain = BPNetClassifier.from_recipe("best", **other)
        names = ("member_folds", "early_stopping", "scoring", "calibration")
        assert [getattr(plain, name) for name in names] == [None, False, None, None]


# Every one trains, without a warning of parameters that have no effect


@quietly
@each_recipe
def test_a_recipe_trains_a_classifier(name, iris, binary, multilabel):
    settings = {"max_iter": 40, "random_state": 0}
    settings |= _OF_FEW.get(name, {})
    batch_size = RECIPES[name]["classification"].get("batch_size", 32)
    settings["batch_size"] = min(batch_size, 96)
    for X, y in (iris, binary, multilabel):
        clf = BPNetClassifier.from_recipe(name, **settings).fit(X, y)
        assert clf.score(X, y) > (0.7 if np.ndim(y) == 2 else 0.85)


@quietly
@each_recipe
def test_a_recipe_trains_a_regressor(name, regression):
    settings = {"max_iter": 40, "random_state": 0, "batch_size": 32}
    settings |= _OF_FEW.get(name, {})
    if name == "scikit-learn":
        settings["learning_rate_init"] = 0.01
    X, y = regression
    reg = BPNetRegressor.from_recipe(name, **settings).fit(X, y)
    assert reg.score(X, y) > 0.9


# "scikit-learn": the curves of its MLP, but for the random numbers


@quietly
@pytest.mark.slow
def test_scikit_learns_classifier_trains_alike():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    curves, scores, epochs = [], [], []
    for make in (
        MLPClassifier,
        lambda **k: BPNetClassifier.from_recipe("scikit-learn", **k),
    ):
        models = [make(random_state=seed).fit(X_train, y_train) for seed in range(3)]
        curves.append(np.mean([m.loss_curve_[:60] for m in models], axis=0))
        scores.append(np.mean([m.score(X_test, y_test) for m in models]))
        epochs.append([m.n_iter_ for m in models])
    theirs, ours = curves
    assert_allclose(np.log(ours[1:]), np.log(theirs[1:]), atol=0.35)
    assert scores[1] == pytest.approx(scores[0], abs=0.01)
    assert np.mean(epochs[1]) == pytest.approx(np.mean(epochs[0]), rel=0.25)


@quietly
def test_scikit_learns_regressor_trains_alike():
    X, y = load_diabetes(return_X_y=True, scaled=False)
    theirs = MLPRegressor(random_state=0, max_iter=50).fit(X, y)
    ours = BPNetRegressor.from_recipe("scikit-learn", random_state=0, max_iter=50)
    ours.fit(X, y)
    assert ours.loss_curve_[-1] == pytest.approx(theirs.loss_curve_[-1], rel=0.2)
    assert not hasattr(ours, "input_scale_")
    assert not hasattr(ours, "target_scale_")


@quietly
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_scikit_learns_recipe_makes_its_very_steps(task, iris):
    # the same weights and batches: alpha is what it divides by the batch size
    X, y = iris
    options = {"batch_size": 50, "shuffle": False, "random_state": 0}
    if task == "classification":
        theirs, ours = MLPClassifier(**options, alpha=1.0), BPNetClassifier
        first = {"classes": np.unique(y)}
    else:
        theirs, ours = MLPRegressor(**options, alpha=1.0), BPNetRegressor
        first = {}
    theirs.partial_fit(X, y, **first)
    ours = ours.from_recipe("scikit-learn", **options, alpha=1.0 / 50)
    coefs, intercepts = theirs.coefs_, theirs.intercepts_
    init = {
        "coefs_init": [W.copy() for W in coefs],
        "intercepts_init": [b.copy() for b in intercepts],
    }
    theirs._optimizer.t, theirs._optimizer.learning_rate = 0, 0.001
    for moments in (theirs._optimizer.ms, theirs._optimizer.vs):
        for moment in moments:
            moment[...] = 0
    theirs.partial_fit(X, y)
    ours.set_params(max_iter=1).fit(X, y, **init)
    for mine, their in zip(ours.coefs_, theirs.coefs_, strict=True):
        assert_allclose(mine, their, rtol=1e-7, atol=1e-9)


# "realmlp-td-s"


@each_class
def test_td_s_says_what_its_source_says(estimator):
    model = estimator.from_recipe("realmlp-td-s")
    is_classifier = estimator is BPNetClassifier
    assert model.activation == ("selu" if is_classifier else "mish")
    assert model.learning_rate_init == (0.04 if is_classifier else 0.07)
    if is_classifier:
        assert model.loss == LogLoss(label_smoothing=0.1)
    assert (model.max_iter, model.batch_size, model.beta_2) == (256, 256, 0.95)


@quietly
@each_class
def test_the_rate_of_td_s_is_that_of_its_formula_at_every_step(
    estimator, iris, monkeypatch
):
    from sklearn_bpnet.training.optimizers.step import Step

    rates, take = [], Step.take

    def watched(self, theta, g, state, learning_rate, *rest):
        rates.append(learning_rate)
        take(self, theta, g, state, learning_rate, *rest)

    monkeypatch.setattr(Step, "take", watched)
    model = estimator.from_recipe(
        "realmlp-td-s", batch_size=20, max_iter=9, hidden_layer_sizes=(4,)
    ).fit(*iris)
    n = 9 * 6  # 120 training rows make six batches
    base = model.learning_rate_init
    expected = [base * 0.5 * (1 - cos(2 * pi * log2(1 + 15 * i / n))) for i in range(n)]
    assert_allclose(rates, expected, rtol=1e-12, atol=1e-12)


@quietly
@each_class
def test_td_s_starts_at_equal_outputs_and_keeps_its_last_best_epoch(estimator, iris):
    X, y = iris
    model = estimator.from_recipe(
        "realmlp-td-s", hidden_layer_sizes=(16,), max_iter=30, batch_size=32,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    scores = model.validation_scores_
    assert model.n_iter_ == 30
    assert model.best_epoch_ == np.flatnonzero(scores == np.max(scores))[-1] + 1
    assert model.learned_input_scale_.dtype == np.float32


# "realmlp-td"


@each_class
def test_td_is_td_s_with_what_its_source_adds(estimator):
    small, large = (
        estimator.from_recipe(name).get_params(deep=False)
        for name in ("realmlp-td-s", "realmlp-td")
    )
    changed = {name for name in large if large[name] != small[name]}
    is_classifier = estimator is BPNetClassifier
    assert changed == {
        "activation",
        "initializer",
        "dropout",
        "weight_decay",
        "learning_rate_factors",
        "numeric_embedding",
        "categorical_embedding",
        *(() if is_classifier else ("learning_rate_init", "clip_predictions")),
    }
    assert large["learning_rate_init"] == (0.04 if is_classifier else 0.2)
    factors = small["learning_rate_factors"] | {"activation": 0.1, "embedding": 0.1}
    assert large["learning_rate_factors"] == factors


@quietly
@each_class
def test_td_learns_with_every_one_of_its_parts(estimator, iris):
    X, y = iris
    model = estimator.from_recipe(
        "realmlp-td", hidden_layer_sizes=(16, 8), max_iter=30, batch_size=32,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    assert model.embedded_features_.tolist() == [0, 1, 2, 3]
    assert model.learned_input_scale_.shape == model.coefs_[0].shape[:1] == (16,)
    assert [len(w) for w in model.activation_weights_[:-1]] == [16, 8]
    assert not any((w == 1).any() for w in model.activation_weights_[:-1])
    if estimator is BPNetRegressor:
        assert model.predict(10 * X).max() <= 2


@each_class
def test_td_s_makes_all_its_epochs_without_a_warning(estimator, iris):
    model = estimator.from_recipe(
        "realmlp-td-s", hidden_layer_sizes=(4,), max_iter=3, batch_size=32
    )
    assert model.fit(*iris).stop_reason_ == "max_iter"  # warnings are errors here


@quietly
@each_class
def test_realmlp_embeds_nine_categories_and_td_s_none(estimator):
    rng = np.random.default_rng(0)
    X = np.array([[f"v{i % 8}", f"v{i % 9}", f"v{i % 3 // 2}"] for i in range(90)])
    y = rng.normal(size=90) > 0
    shared = {"categorical_features": [0, 1, 2], "max_iter": 3, "random_state": 0}
    shared |= {"hidden_layer_sizes": (8,), "batch_size": 32}
    td = estimator.from_recipe("realmlp-td", **shared).fit(X, y)
    (T,) = td.categorical_embeddings_
    assert T.shape == (10, 8)
    assert 0.7 < T[:-1].std() < 1.3  # drawn with deviation 1
    assert len(td.coefs_[0]) == 8 + 8 + 1
    small = estimator.from_recipe("realmlp-td-s", **shared).fit(X, y)
    assert len(small.coefs_[0]) == 8 + 9 + 1
    assert not hasattr(small, "categorical_embeddings_")
    # two categories are -1 and 1 in the paper: the same, once scaled
    rows = small._fitted.encoder.tables[2].values[:2, 0]
    codes = np.where(X[:, 2] == "v0", -1.0, 1.0)
    low, median, high = np.quantile(codes, [0.25, 0.5, 0.75])
    z = (np.array([-1, 1]) - median) / (high - low)
    assert_allclose(rows, z / np.hypot(z / 3, 1))
