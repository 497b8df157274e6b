import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_bpnet.net.activations import Softmax
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.information import cross_entropy, entropy, kl_divergence
from sklearn_bpnet.net.losses import LogLoss


def distributions(rng, *shape):
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def softmax(z):
    return Softmax().forward(z[None], out=np.empty((1, z.size)))[0]


def test_hand_worked_numbers():
    p, q = [0.5, 0.25, 0.25, 0.0], [0.25, 0.25, 0.25, 0.25]
    assert_allclose(entropy(p), 1.5 * np.log(2), rtol=1e-15)
    assert_allclose(cross_entropy(p, q), 2 * np.log(2), rtol=1e-15)
    assert_allclose(kl_divergence(p, q), 0.5 * np.log(2), rtol=1e-15)


def test_against_scipy(rng):
    p, q = distributions(rng, 5, 3, 4), distributions(rng, 5, 3, 4)
    assert entropy(p).shape == (5, 3)
    assert_allclose(entropy(p), stats.entropy(p, axis=-1), rtol=1e-12)
    assert_allclose(kl_divergence(p, q), stats.entropy(p, q, axis=-1), rtol=1e-12)


def test_cross_entropy_is_entropy_plus_divergence(rng):
    p, q = distributions(rng, 50, 6), distributions(rng, 50, 6)
    p[0] = np.eye(6)[2]
    assert_allclose(cross_entropy(p, q), entropy(p) + kl_divergence(p, q), rtol=1e-13)
    # one true distribution, many predictions
    assert_allclose(
        cross_entropy(p[1], q), entropy(p[1]) + kl_divergence(p[1], q), rtol=1e-13
    )


def test_minimising_one_minimises_the_other(rng):
    p, z = distributions(rng, 4), rng.normal(size=4)
    of_cross_entropy = numerical_gradient(
        lambda z: float(cross_entropy(p, softmax(z))), z
    )
    of_divergence = numerical_gradient(lambda z: float(kl_divergence(p, softmax(z))), z)
    assert_allclose(of_divergence, of_cross_entropy, atol=1e-9)
    assert_allclose(of_cross_entropy, softmax(z) - p, atol=1e-9)  # BP1: a - y
    assert kl_divergence(p, p) == 0
    assert cross_entropy(p, p) == entropy(p)
    assert cross_entropy(p, softmax(z)) > entropy(p)


def test_the_log_loss_is_the_cross_entropy_of_targets_and_outputs(rng):
    Y, A = np.eye(3)[[0, 2, 1, 1]], distributions(rng, 4, 3)
    losses = LogLoss(categorical=True).value(Y, A)
    assert_allclose(losses, cross_entropy(Y, A), rtol=1e-14)
    # one event: the Bernoulli distributions (1 - y, y) and (1 - a, a)
    y, a = np.array([[0.0], [1.0], [0.3]]), np.array([[0.2], [0.9], [0.6]])
    two = [np.hstack([1 - x, x]) for x in (y, a)]
    assert_allclose(LogLoss().value(y, a), cross_entropy(*two), rtol=1e-14)


def test_where_a_probability_is_zero():
    p, q = [0.0, 1.0], [0.5, 0.5]
    assert entropy(p) == 0
    assert_allclose(cross_entropy(p, q), np.log(2))
    assert cross_entropy(q, p) == np.inf
    assert kl_divergence(q, p) == np.inf


def test_inputs_are_left_as_they_are_and_float32_stays(read_only):
    p = read_only([0.25, 0.75], np.float32)
    assert entropy(p).dtype == kl_divergence(p, p).dtype == np.float32
    assert_array_equal(p, np.float32([0.25, 0.75]))


@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([0.5, 0.6], "sum of 1.1"),
        ([-0.5, 1.5], "at least 0"),
        ([np.nan, 1.0], "at least 0"),
        (1.0, "axis of categories"),
        (np.ones((2, 0)), "sum of 0"),
    ],
)
def test_what_is_no_distribution(p, message):
    with pytest.raises(ValueError, match=f"p must .*{message}"):
        entropy(p)
    with pytest.raises(ValueError, match=f"q must .*{message}"):
        cross_entropy([0.5, 0.5], p)


def test_numbers_of_categories_must_agree():
    with pytest.raises(ValueError, match="2 categories and q 1"):
        kl_divergence([0.5, 0.5], [1.0])
