"""A block that the package does not know, trained through an estimator's machinery."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    check_gradient,
    empirical_risk,
)
from sklearn_bpnet._sklearn_compat import HAS_CALLBACKS
from sklearn_bpnet.net.blocks import Block
from sklearn_bpnet.net.network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@dataclass
class ShiftWorkspace:
    A: np.ndarray
    G: np.ndarray

    def part(self, samples):
        return ShiftWorkspace(self.A[samples], self.G[samples])


@dataclass(frozen=True)
class Shift(Block):
    """Every feature plus a learned number, A = X + c, where c starts at 0."""

    n_units: int

    kinds = ("shift",)
    attributes = ("input_shift_",)
    descriptions: ClassVar = {"shift": "learned shift of the features"}

    @property
    def n_in(self):
        return self.n_units

    @property
    def n_out(self):
        return self.n_units

    @property
    def shapes(self):
        return ((self.n_units,),)

    def workspace(self, n_samples, dtype, keep_Z=False, backward=True):
        A = np.empty((n_samples, self.n_units), dtype=dtype)
        return ShiftWorkspace(A, np.empty_like(A))

    def forward(self, arrays, A_below, ws):
        return np.add(A_below, arrays[0], out=ws.A)

    def backward(self, arrays, A_below, ws, gradient, G_below):
        ws.G.sum(axis=0, out=gradient[0])
        if G_below is not None:
            np.copyto(G_below, ws.G)


class WithShift:
    """An estimator whose network begins with the block."""

    def _build_network(self, settings, task, encoder, n_outputs, embedded):
        network = super()._build_network(settings, task, encoder, n_outputs, embedded)
        return Network((Shift(encoder.n_out), *network.blocks))


class ShiftedClassifier(WithShift, BPNetClassifier):
    pass


class ShiftedRegressor(WithShift, BPNetRegressor):
    pass


SETTINGS = {"max_iter": 12, "learning_rate_init": 0.02, "random_state": 0}
each_class = pytest.mark.parametrize("estimator", [ShiftedClassifier, ShiftedRegressor])


@each_class
def test_its_gradient_is_right(estimator, iris):
    X, y = iris
    model = estimator((4,), "tanh", **SETTINGS).fit(X, y)
    report = check_gradient(model, X[:30], y[:30])
    assert report.n_checked == report.n_parameters
    assert report.n_parameters == 4 + sum(
        array.size for array in (*model.coefs_, *model.intercepts_)
    )


@each_class
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_it_is_learned_shown_and_taken_back(estimator, solver, iris):
    X, y = iris
    model = estimator((4,), solver=solver, **SETTINGS | {"learning_rate_init": "auto"})
    model.fit(X, y)
    assert model.input_shift_.shape == (4,)
    assert np.abs(model.input_shift_).min() > 0
    moved = {
        "coefs_": model.coefs_,
        "intercepts_": [b.copy() for b in model.intercepts_],
    }
    before = getattr(model, "decision_function", model.predict)(X)
    # the first layer can do the same with its biases
    moved["intercepts_"][0] += model.input_shift_ @ model.coefs_[0]
    model.intercepts_ = moved["intercepts_"]
    model.input_shift_ = np.zeros(4)
    after = getattr(model, "decision_function", model.predict)(X)
    assert_allclose(after, before, rtol=1e-4, atol=1e-5)


@each_class
def test_its_learning_rate_has_a_factor_by_its_kind(estimator, iris):
    still = estimator((4,), learning_rate_factors={"shift": 0.0}, **SETTINGS)
    assert_array_equal(still.fit(*iris).input_shift_, 0)
    tenth = estimator((4,), solver="sgd", **SETTINGS | {"max_iter": 1})
    tenth.set_params(batch_size="full", momentum=0.0)
    whole = tenth.fit(*iris).input_shift_.copy()
    tenth.set_params(learning_rate_factors={"shift": 0.1}).fit(*iris)
    assert_allclose(tenth.input_shift_, 0.1 * whole, rtol=1e-5)
    with pytest.raises(ValueError, match=r"'shift' \(learned shift of the features\)"):
        tenth.set_params(learning_rate_factors={"shfit": 0.1}).fit(*iris)


@each_class
def test_it_is_not_penalised(estimator, iris):
    X, y = iris
    model = estimator((4,), alpha=10.0, **SETTINGS).fit(X, y)
    J = empirical_risk(model, X, y)
    moved = J.theta.copy()
    moved[:4] += 100  # theta begins with the shift
    penalty = [J.risk.penalty_value(t, J.risk.strength(t)) for t in (J.theta, moved)]
    assert penalty[0] == penalty[1] > 0
    decayed = estimator((4,), solver="sgd", weight_decay=1.0, **SETTINGS)
    decayed.set_params(learning_rate_factors={"W": 0.0, "b": 0.0}).fit(X, y)
    plain = clone(decayed).set_params(weight_decay=0.0).fit(X, y)
    assert_array_equal(decayed.input_shift_, plain.input_shift_)


@each_class
@pytest.mark.skipif(not HAS_CALLBACKS, reason="set_callbacks came with 1.9")
def test_a_checkpoint_resumes_it_bit_for_bit(estimator, iris, tmp_path):
    from sklearn_bpnet.callbacks import Checkpoint

    class Cut(Exception):  # noqa: N818
        pass

    class CutAfter:
        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            if (context.task_name, context.task_id) == ("epoch", 6):
                raise Cut

        def teardown(self, estimator, context):
            pass

    whole = estimator((4,), **SETTINGS).fit(*iris)
    cut = estimator((4,), **SETTINGS)
    cut.set_callbacks(Checkpoint(tmp_path / "file"), CutAfter())
    with pytest.raises(Cut):
        cut.fit(*iris)
    resumed = estimator.load_checkpoint(tmp_path / "file")
    assert resumed.n_iter_ == 7
    resumed.fit(*iris)
    assert_array_equal(resumed.input_shift_, whole.input_shift_)
    for ours, theirs in zip(resumed.coefs_, whole.coefs_, strict=True):
        assert_array_equal(ours, theirs)


@each_class
def test_a_warm_start_continues_it(estimator, iris):
    settings = SETTINGS | {"learning_rate": "constant", "tol": 0}
    whole = estimator((4,), **settings).fit(*iris)
    parts = estimator((4,), warm_start=True, **settings | {"max_iter": 6})
    parts.fit(*iris).fit(*iris)
    assert_array_equal(parts.input_shift_, whole.input_shift_)


@each_class
def test_an_ensemble_has_one_for_each_member(estimator, iris):
    X, _ = iris
    model = estimator((4,), n_members=2, **SETTINGS).fit(*iris)
    one, other = (member.input_shift_ for member in model.estimators_)
    assert not np.array_equal(one, other)
    assert not hasattr(model, "input_shift_")
    assert len(model.predict(X)) == len(X)
    assert model.feature_importances_.shape == (4,)
