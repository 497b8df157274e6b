"""C.2: a saturated sigmoid learns slowly under the quadratic loss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_bpnet import BPNetClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def neuron(loss, n_epochs):
    """One sigmoid of one input, from w = b = 2, taught that x = 1 means 0."""
    clf = BPNetClassifier(
        (),
        loss=loss,
        solver="sgd",
        momentum=0.0,
        batch_size=1,
        learning_rate_init=0.15,
        alpha=0.0,
        max_iter=n_epochs,
        n_iter_no_change=np.inf,
        input_scaling=None,
        dtype="float64",
        warm_start=True,
    )
    clf = BPNetClassifier.from_weights([[[2.0]]], [[2.0]], **clf.get_params())
    return clf.fit([[1.0], [1.0]], [0, 1], [1.0, 0.0])  # a row of weight 0 is absent


def test_the_first_step_by_hand():
    a = 1 / (1 + np.exp(-4.0))
    for loss, delta in (("squared_error", a * a * (1 - a)), ("log_loss", a)):
        clf = neuron(loss, 1)
        assert_allclose(clf.coefs_[0], [[2 - 0.15 * delta]], rtol=1e-14)
        assert_allclose(clf.intercepts_[0], [2 - 0.15 * delta], rtol=1e-14)


def test_the_quadratic_loss_needs_several_times_the_epochs_to_reach_a_tenth():
    def epochs(loss, output_of):
        outputs = output_of(np.array(neuron(loss, 600).loss_curve_))
        assert outputs[0] == pytest.approx(0.982, abs=1e-3)  # on the wrong side
        assert outputs[-1] < 0.1
        return int(np.argmax(outputs < 0.1))

    quadratic = epochs("squared_error", lambda L: np.sqrt(2 * L))
    cross_entropy = epochs("log_loss", lambda L: 1 - np.exp(-L))
    assert quadratic > 3 * cross_entropy
