"""The learning-rate range test."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.inspection import LearningRateDisplay, find_learning_rate
from sklearn_bpnet.inspection.learning_rate import _steepest
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD


@pytest.fixture
def digits():
    return load_digits(return_X_y=True)


def test_the_suggestion_trains_well(digits):
    X, y = digits
    clf = BPNetClassifier((32,), max_iter=15, learning_rate="cosine", random_state=0)
    found = find_learning_rate(clf, X, y, random_state=0)
    clf.set_params(learning_rate_init=found.suggestion)
    assert clf.fit(X, y).score(X, y) > 0.97
    slow = clone(clf).set_params(learning_rate_init=found.suggestion / 100)
    assert slow.fit(X, y).loss_ > 3 * clf.loss_


def test_rates_rise_by_the_same_factor_and_losses_are_those_before_a_step(regression):
    X, y = regression
    reg = BPNetRegressor((4,), batch_size=40, random_state=0)
    found = find_learning_rate(
        reg, X, y, lowest=1e-4, highest=1.0, n_steps=9, random_state=0
    )
    assert_allclose(found.learning_rates, np.geomspace(1e-4, 1, 9))
    assert len(found.losses) == len(found.smoothed_losses) == 9
    # the mean of the first three batches, one pass, is the risk at the start but for
    # three tiny steps
    start = BPNetRegressor(
        (4,), learning_rate_init=1e-12, batch_size="full", random_state=0
    )
    start.partial_fit(X, y)
    assert found.losses[:3].mean() == pytest.approx(start.loss_, rel=2e-3)


def test_the_first_steps_are_sgds_by_hand(regression):
    # full batches at two rates: the second loss is the risk after one plain step
    X, y = regression
    reg = BPNetRegressor((), solver=SGD(momentum=0), batch_size="full", random_state=0)
    found = find_learning_rate(reg, X, y, lowest=0.01, highest=0.1, n_steps=3)
    by_hand = clone(reg).set_params(warm_start=True)
    losses = []
    for rate in (0.01, np.sqrt(0.001), 0.1):
        by_hand.set_params(learning_rate_init=rate).partial_fit(X, y)
        losses.append(by_hand.loss_)
    assert_allclose(found.losses, losses, rtol=1e-9)


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_every_solver_with_a_rate_is_tested(solver, iris):
    X, y = iris
    clf = BPNetClassifier((5,), solver=solver, batch_size=30, random_state=0)
    if OPTIMIZERS[solver].full_batch:
        clf.set_params(batch_size="auto")
    found = find_learning_rate(clf, X, y, highest=100.0, n_steps=60, random_state=0)
    assert found.smoothed_losses.min() < 0.95 * found.losses[0]
    assert 1e-5 < found.suggestion < 100
    assert found.suggestion in found.learning_rates


def test_an_explosion_ends_the_test(regression):
    X, y = regression
    reg = BPNetRegressor((5,), solver="sgd", random_state=0)
    found = find_learning_rate(reg, X, y, highest=1e6, random_state=0)
    assert len(found.learning_rates) < 150
    assert np.isfinite(found.losses).all()
    assert found.suggestion < 10


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_the_estimator_stays_as_it_is(estimator, iris):
    X, y = iris
    model = estimator(
        (3,), solver=SGD(), learning_rate="invscaling", power_t=0.3,
        early_stopping=True, validation_fraction=0.3, verbose=True, random_state=0,
    )  # fmt: skip
    before = model.get_params()
    find_learning_rate(model, X, y, n_steps=5)
    assert model.get_params() == before
    assert not hasattr(model, "coefs_")
    fitted = clone(model).set_params(verbose=False).fit(X, y)
    coefs = [W.copy() for W in fitted.coefs_]
    find_learning_rate(fitted, X, y, n_steps=5)
    for ours, expected in zip(fitted.coefs_, coefs, strict=True):
        assert_array_equal(ours, expected)


def test_nothing_is_printed_or_warned(iris, capsys, recwarn):
    find_learning_rate(BPNetClassifier((3,), verbose=True), *iris, n_steps=5)
    assert capsys.readouterr().out == ""
    assert not recwarn.list


def test_callbacks_play_no_part(iris):
    pytest.importorskip("sklearn.callback")
    from sklearn_bpnet.callbacks import TimeLimit

    calls = []

    class Noting(TimeLimit):
        def on_fit_task_end(self, estimator, context):
            calls.append(context)

    clf = BPNetClassifier((3,), max_iter=2).set_callbacks(Noting(100))
    find_learning_rate(clf, *iris, n_steps=5)
    assert not calls
    clf.fit(*iris)
    assert calls  # they are still the estimator's


def test_the_same_seeds_give_the_same_losses(iris):
    clf = BPNetClassifier((3,), random_state=0)
    one, other, third = (
        find_learning_rate(clf, *iris, n_steps=20, random_state=seed)
        for seed in (0, 0, 1)
    )
    assert_array_equal(one.losses, other.losses)
    assert (one.losses != third.losses).any()


def test_every_kind_of_table_is_taken(iris):
    pd = pytest.importorskip("pandas")
    X, y = iris
    clf = BPNetClassifier((3,), random_state=0)
    expected = find_learning_rate(clf, X, y, n_steps=5, random_state=0)
    names = np.array(["a", "b", "c"])[y]
    for table, labels in (
        (pd.DataFrame(X, columns=list("abcd"), index=np.arange(150.0)), pd.Series(y)),
        (X.tolist(), y.tolist()),
        (sparse.csr_array(X), names),
    ):
        found = find_learning_rate(clf, table, labels, n_steps=5, random_state=0)
        assert_allclose(found.losses, expected.losses, rtol=1e-6)


def test_label_indicators_and_several_targets(multilabel, rng):
    X, Y = multilabel
    for estimator, targets in (
        (BPNetClassifier((3,)), Y),
        (BPNetClassifier((3,)), sparse.csr_array(Y)),
        (BPNetRegressor((3,)), rng.normal(size=(len(X), 2))),
    ):
        found = find_learning_rate(estimator, X, targets, n_steps=5)
        assert np.isfinite(found.losses).all()


def test_samples_of_weight_zero_count_as_absent(iris):
    X, y = iris
    clf = BPNetClassifier((3,), batch_size=40, random_state=0)
    w = np.repeat([1.0, 0.0], [100, 50])
    weighted = find_learning_rate(clf, X, y, w, n_steps=6, random_state=0)
    absent = find_learning_rate(clf, X[:100], y[:100], n_steps=6, random_state=0)
    assert_allclose(weighted.losses, absent.losses, rtol=1e-6)


def test_the_steepest_fall_comes_before_the_lowest_point():
    rates = np.geomspace(1e-3, 10, 5)
    assert _steepest(rates, np.array([1, 0.9, 0.5, 0.45, 9.0])) == rates[1]
    assert _steepest(rates, np.array([1, 1, 0.9, 0.3, 0.29])) == rates[2]
    assert _steepest(rates, np.array([1, 2, 3, 4, 5])) == rates[0]  # never falls


@pytest.mark.parametrize("solver", ["lbfgs", "cg"])
def test_a_solver_without_a_rate_is_refused(solver, iris):
    clf = BPNetClassifier(solver=solver)
    with pytest.raises(ValueError, match=f"solver='{solver}' has no learning rate"):
        find_learning_rate(clf, *iris)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lowest": 0}, "got lowest=0 and highest=10.0"),
        ({"lowest": 1, "highest": 0.1}, "0 < lowest < highest"),
        ({"n_steps": 1}, "n_steps must be at least 2, a whole number; got 1"),
    ],
)
def test_impossible_ranges_are_refused(options, message, iris):
    with pytest.raises(ValueError, match=message):
        find_learning_rate(BPNetClassifier(), *iris, **options)


def test_bad_data_are_refused_as_by_fit(iris):
    X, y = iris
    X[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        find_learning_rate(BPNetClassifier(), X, y)
    with pytest.raises(ValueError, match="poisson"):
        find_learning_rate(
            BPNetRegressor(loss="poisson"), np.abs(iris[0][1:]), y[1:] - 1
        )


# The plot


def small_display():
    rates = np.geomspace(1e-3, 1, 4)
    return LearningRateDisplay(rates, rates, rates[::-1].copy(), 0.01)


def test_the_plot_draws_on_the_given_axes():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = small_display()
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_xscale() == "log"
    (losses, smoothed, mark) = ax.lines
    assert_array_equal(losses.get_ydata(), display.losses)
    assert_array_equal(smoothed.get_ydata(), display.smoothed_losses)
    assert set(mark.get_xdata()) == {0.01}
    assert small_display().plot().ax_ is not ax
    plt.close("all")


def test_without_matplotlib_an_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        small_display().plot()
