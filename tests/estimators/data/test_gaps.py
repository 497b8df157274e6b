"""Missing numbers: filled with the mean, and indicated where training saw them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FEW = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0}
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
each_form = pytest.mark.parametrize(
    "form",
    [np.asarray, np.float32, np.asfortranarray, sparse.csr_array, sparse.csc_array],
    ids=["C", "float32", "F", "csr", "csc"],
)


def gappy(n=201, share=0.2, seed=0):
    """Four features; gaps in the second and the last; the target knows the numbers."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)) * [1, 20, 3, 0.1] + [0, 300, -5, 2]
    y = X[:, 0] + X[:, 1] / 20 + rng.normal(size=n)
    X[rng.random(n) < share, 1] = np.nan
    X[rng.random(n) < share, 3] = np.nan
    return X, y


@each_class
@each_form
@pytest.mark.parametrize("input_scaling", ["standard", None])
def test_gaps_inside_are_imputed_as_outside(estimator, form, input_scaling):
    X, y = gappy()
    y = y > y.mean() if estimator is BPNetClassifier else y
    X = form(X)
    model = estimator(**FEW, input_scaling=input_scaling)
    if sparse.issparse(X):  # SimpleImputer takes what is not stored for 0, too
        imputer = SimpleImputer(add_indicator=True)
    else:
        imputer = SimpleImputer(add_indicator=True)
    outside = make_pipeline(imputer, clone(model)).fit(X, y)
    inside = model.fit(X, y)
    assert_allclose(inside.predict(X), outside.predict(X), rtol=1e-4)
    names = ["x0", "x1", "x2", "x3", "missingindicator_x1", "missingindicator_x3"]
    assert inside.get_network_input_names() == names
    assert inside.n_features_in_ == 4
    assert inside.feature_importances_.shape == (4,)


def test_squash_fills_with_the_median():
    X, y = gappy()
    X[np.isnan(X[:, 1]), 1] = np.nan
    n_known = np.isfinite(X[:, 1]).sum()
    X, y = (
        (X, y)
        if n_known % 2
        else (X[np.argmax(np.isfinite(X[:, 1])) + 1 :], y[-len(X) :])
    )
    y = y[-len(X) :]
    model = BPNetRegressor(**FEW, input_scaling="squash").fit(X, y)
    lower = np.nanquantile(X, 0.5, axis=0, method="inverted_cdf")
    assert_allclose(model.input_mean_[:4], lower)
    filled = np.where(np.isnan(X), lower, X)
    indicators = np.isnan(X[:, [1, 3]])
    outside = BPNetRegressor(**FEW, input_scaling="squash")
    outside.fit(np.hstack([filled, indicators]), y)
    assert_allclose(
        model.predict(X), outside.predict(np.hstack([filled, indicators])), rtol=1e-5
    )


@each_class
@each_form
@pytest.mark.parametrize("input_scaling", ["standard", "squash", None])
def test_new_gaps_are_filled_with_the_centre(estimator, form, input_scaling):
    X, y = gappy(share=0)
    y = y > y.mean() if estimator is BPNetClassifier else y
    if input_scaling == "squash" and sparse.issparse(form(X)):
        pytest.skip("not for sparse X")
    model = estimator(**FEW, input_scaling=input_scaling).fit(form(X), y)
    assert len(model.get_network_input_names()) == 4  # no gaps, no indicators
    centre = X.mean(axis=0)
    if input_scaling == "squash":
        centre = np.quantile(X, 0.5, axis=0, method="inverted_cdf")
    gaps, filled = X.copy(), X.copy()
    gaps[::3, 1], filled[::3, 1] = np.nan, centre[1]
    gaps[0], filled[0] = np.nan, centre
    assert_allclose(model.predict(form(gaps)), model.predict(form(filled)), rtol=1e-5)


@each_class
@each_form
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_stays_an_error_also_beside_gaps(estimator, form, value):
    X, y = gappy()
    bad = X.copy()
    bad[5, 2] = value
    y = y > 0 if estimator is BPNetClassifier else y
    model = estimator(**FEW)
    with pytest.raises(ValueError, match="X contains infinity in column 2"):
        model.fit(form(bad), y)
    with pytest.raises(ValueError, match="X_val contains infinity in column 2"):
        model.fit(form(X), y, X_val=form(bad), y_val=y)
    model.fit(form(X), y)
    with pytest.raises(ValueError, match="X contains infinity in column 2"):
        model.predict(form(bad))


def test_missing_y_stays_an_error():
    X, y = gappy()
    y[3] = np.nan
    with pytest.raises(ValueError, match="y contains NaN"):
        BPNetRegressor(**FEW).fit(X, y)


def test_tags_say_that_gaps_are_allowed():
    tags = BPNetClassifier().__sklearn_tags__().input_tags
    assert tags.allow_nan
    # both would change what scikit-learn's checks pass as X
    assert not tags.categorical
    assert not tags.string


def test_a_column_without_numbers_says_nothing():
    X, y = gappy()
    X[:, 2] = np.nan
    for form in (np.asarray, sparse.csr_array):
        reg = BPNetRegressor(**FEW).fit(form(X), y)
        names = reg.get_network_input_names()
        assert names[4:] == ["missingindicator_x1", "missingindicator_x3"]
        other = X.copy()
        other[:, 2] = 1e6
        assert_array_equal(reg.predict(form(other)), reg.predict(form(X)))


def test_all_gaps_everywhere():
    X = np.full((30, 2), np.nan)
    reg = BPNetRegressor(**FEW).fit(X, np.arange(30.0))
    assert len(set(reg.predict(X))) == 1


def test_indicators_are_not_embedded():
    X, y = gappy()
    reg = BPNetRegressor(**FEW, numeric_embedding="pbld").fit(X, y)
    assert_array_equal(reg.embedded_features_, [0, 1, 2, 3])
    assert len(reg.get_network_input_names()) == len(reg.coefs_[0]) == 6 + 4 * 3


def test_weights_count_in_the_mean():
    X, y = gappy()
    w = np.random.default_rng(0).integers(0, 3, len(y))
    reg = BPNetRegressor(**FEW).fit(X, y, w)
    known = np.where(np.isnan(X[:, 1]), 0, w)
    mean = np.average(np.nan_to_num(X[:, 1]), weights=known)
    assert_allclose(reg.input_mean_[1], mean)


def test_gaps_of_samples_of_weight_zero_are_absent():
    X, y = gappy()
    w = 1.0 - np.isnan(X[:, 1])
    reg = BPNetRegressor(**FEW).fit(X, y, w)
    names = reg.get_network_input_names()
    assert names == ["x0", "x1", "x2", "x3", "missingindicator_x3"]


@pytest.mark.parametrize("input_scaling", ["standard", "squash", None])
def test_gaps_of_validation_samples_only(input_scaling):
    X, y = gappy(share=0)
    gaps = X[150:].copy()
    gaps[::2, 1] = np.nan
    reg = BPNetRegressor(**FEW, input_scaling=input_scaling, scoring="r2")
    reg.fit(X[:150], y[:150], X_val=gaps, y_val=y[150:])
    assert reg.validation_scores_[-1] == pytest.approx(
        reg.score(gaps, y[150:]), abs=1e-5
    )
    assert len(reg.get_network_input_names()) == 4


@pytest.mark.parametrize("early_stopping", [False, True])
def test_validation_samples_are_filled_alike(early_stopping):
    X, y = gappy()
    reg = BPNetRegressor(**FEW, early_stopping=early_stopping)
    reg.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    reg.set_params(max_iter=1)
    assert reg.validation_scores_[reg.best_epoch_ - 1] == pytest.approx(
        reg.score(X[150:], y[150:]), abs=1e-5
    )
    held_out = BPNetRegressor(**FEW, early_stopping=True).fit(X, y)
    assert np.isfinite(held_out.validation_scores_).all()


def test_partial_fit_with_gaps_from_the_first_sample_on():
    X, y = gappy(400)
    reg = BPNetRegressor(**FEW)
    for i in range(30):
        reg.partial_fit(X[i : i + 1], y[i : i + 1])
    for start in range(30, 400, 50):
        reg.partial_fit(X[start : start + 50], y[start : start + 50])
    assert np.isfinite(reg.predict(X)).all()
    n = len(reg.get_network_input_names())
    assert_allclose(reg.input_mean_[1], 300, rtol=0.1)
    assert n in (4, 5, 6)


def test_a_column_that_gets_numbers_later():
    X, y = gappy(400, share=0)
    first = X.copy()
    first[:, 1] = np.nan
    reg = BPNetRegressor(**FEW)
    reg.partial_fit(first[:100], y[:100])
    for _ in range(50):
        reg.partial_fit(X, y)
    assert_allclose(reg.input_mean_[1], X[:, 1].mean(), rtol=0.05)
    changed = X.copy()
    changed[:, 1] += 20
    assert not np.allclose(reg.predict(changed), reg.predict(X))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_fits_with_gaps_go_on_from_a_checkpoint(solver, tmp_path):
    X, y = gappy()
    reg = BPNetRegressor(**FEW, solver=solver, warm_start=True).fit(X, y)
    reg.save_checkpoint(tmp_path / "a.ckpt")
    loaded = BPNetRegressor.load_checkpoint(tmp_path / "a.ckpt")
    assert_array_equal(loaded.predict(X), reg.predict(X))
    assert_array_equal(loaded.fit(X, y).predict(X), reg.fit(X, y).predict(X))


def test_a_table_without_gaps_is_not_copied(monkeypatch):
    from sklearn_bpnet._fit.network_fit import NetworkFit

    seen = []
    init = NetworkFit.__init__

    def noted(self, problem, *args, **kwargs):
        seen.append(problem.data.training.X)
        init(self, problem, *args, **kwargs)

    monkeypatch.setattr(NetworkFit, "__init__", noted)
    X, y = gappy(share=0)
    for input_scaling in ("standard", "squash", None):
        BPNetRegressor(**FEW, input_scaling=input_scaling).fit(X, y)
    assert all(of is X for of in seen)
    assert len(seen) == 3
