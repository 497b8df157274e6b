"""C.3: every method walks to the same minimum of a convex risk."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from sklearn_bpnet import BPNetClassifier, empirical_risk

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ALPHA = 0.01
FINE = {"tol": 1e-12, "n_iter_no_change": 50}
METHODS = {
    "lbfgs": ({"solver": "lbfgs", "tol": 1e-10}, 1e-12),
    "cg": ({"solver": "cg", "tol": 1e-8}, 1e-12),
    "gd": ({"solver": "gd", "learning_rate_init": 2.0, **FINE}, 1e-12),
    "rprop": ({"solver": "rprop", "learning_rate_init": 0.01, **FINE}, 1e-12),
    # the noise of mini-batches dies out with the learning rate only
    "sgd": (
        {
            "solver": "sgd",
            "momentum": 0.0,
            "batch_size": 10,
            "learning_rate": "invscaling",
            "learning_rate_init": 1.0,
            **FINE,
        },
        1e-5,
    ),
}


@pytest.mark.parametrize(("setting", "tolerance"), METHODS.values(), ids=METHODS)
def test_the_minimum_of_a_convex_risk(setting, tolerance, binary):
    X, y = binary
    clf = BPNetClassifier(
        (),
        alpha=ALPHA,
        input_scaling=None,
        max_iter=2000,
        dtype="float64",
        random_state=0,
        **setting,
    ).fit(X, y)
    oracle = LogisticRegression(C=1 / (len(y) * ALPHA), tol=1e-12, max_iter=10_000)
    oracle.fit(X, y)
    J = empirical_risk(clf, X, y)
    minimum = J.value(np.append(oracle.coef_, oracle.intercept_))
    assert -1e-12 < J.value(J.theta) - minimum < tolerance
    # J is strongly convex, with a Hessian of at least ALPHA but for the bias
    bound = np.sqrt(2 * tolerance / ALPHA)
    assert_allclose(clf.coefs_[0][:, 0], oracle.coef_[0], atol=bound)
