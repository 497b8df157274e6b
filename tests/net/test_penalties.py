import numpy as np
import pytest
from differences import relative_error
from scipy.optimize import minimize, minimize_scalar

from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso

every_ratio = pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])

THETA = np.array([1.5, -2.0, 0.5, -0.25, 3.0])
STRENGTH = np.array([0.1, 0.2, 0.4, 0.0, 0.0])  # the last two are biases


def l2_gradient(penalty, theta, strength):
    gradient = np.zeros_like(theta)
    scratch = np.full_like(theta, np.nan)
    penalty.add_l2_gradient(theta, strength, gradient, scratch)
    return gradient


def l1_subgradient(penalty, theta, strength):
    gradient = np.zeros_like(theta)
    penalty.add_l1_subgradient(theta, strength, gradient)
    return gradient


def test_value_is_that_of_the_formula():
    # 0.1 * (0.3 * 1.5 + 0.35 * 2.25) + 0.2 * (0.3 * 2 + 0.35 * 4)
    # + 0.4 * (0.3 * 0.5 + 0.35 * 0.25)
    expected = 0.1 * (0.45 + 0.7875) + 0.2 * (0.6 + 1.4) + 0.4 * (0.15 + 0.0875)
    assert ElasticNet(0.3).value(THETA, STRENGTH) == pytest.approx(expected, rel=1e-14)


@every_ratio
def test_value_is_the_sum_of_its_l1_and_l2_parts(l1_ratio):
    penalty = ElasticNet(l1_ratio)
    l1, l2 = penalty.l1_value(THETA, STRENGTH), penalty.l2_value(THETA, STRENGTH)
    assert l1 == pytest.approx(l1_ratio * (0.15 + 0.4 + 0.2), abs=1e-15)
    assert l2 == pytest.approx((1 - l1_ratio) / 2 * (0.225 + 0.8 + 0.1), abs=1e-15)
    assert penalty.value(THETA, STRENGTH) == l1 + l2


@every_ratio
def test_gradients_equal_central_differences_off_zero(l1_ratio):
    penalty = ElasticNet(l1_ratio)
    for analytic, part in (
        (l2_gradient(penalty, THETA, STRENGTH), penalty.l2_value),
        (l1_subgradient(penalty, THETA, STRENGTH), penalty.l1_value),
    ):
        numeric = numerical_gradient(lambda t, part=part: part(t, STRENGTH), THETA)
        np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-9)
        assert relative_error(analytic, numeric) < 1e-6


def test_the_gradient_is_added_to_what_is_there():
    gradient = np.full(5, 10.0)
    ElasticNet(0.5).add_l2_gradient(THETA, STRENGTH, gradient, np.empty(5))
    np.testing.assert_allclose(gradient, 10 + 0.5 * STRENGTH * THETA, rtol=1e-14)
    ElasticNet(1.0).add_l1_subgradient(THETA, STRENGTH, gradient)
    expected = 10 + 0.5 * STRENGTH * THETA + STRENGTH * np.sign(THETA)
    np.testing.assert_allclose(gradient, expected, rtol=1e-14)


def test_the_subgradient_at_zero_is_zero():
    theta = np.array([0.0, -0.0])
    np.testing.assert_array_equal(l1_subgradient(ElasticNet(1.0), theta, theta + 1), 0)


@every_ratio
@pytest.mark.parametrize(
    "step", [0.7, np.array([0.1, 0.5, 1.0, 2.0, 4.0])], ids=["number", "per parameter"]
)
def test_prox_minimises_distance_plus_l1(l1_ratio, step):
    # argmin over x of (x - t)^2 / (2 step) + strength * l1_ratio * |x|
    result = THETA.copy()
    ElasticNet(l1_ratio).prox(result, STRENGTH, step)
    steps = np.broadcast_to(step, THETA.shape)
    for t, strength, h, x in zip(THETA, STRENGTH, steps, result, strict=True):

        def objective(x, t=t, strength=strength, h=h):
            return (x - t) ** 2 / (2 * h) + strength * l1_ratio * abs(x)

        best = minimize_scalar(objective, bounds=(-5, 5), options={"xatol": 1e-9})
        assert x == pytest.approx(best.x, abs=1e-6)
        assert objective(x) <= best.fun + 1e-15


def test_prox_makes_exact_zeros_and_no_sign_changes():
    theta = np.array([0.3, -0.3, 0.1, -0.1, 0.2, -0.2])
    ElasticNet(1.0).prox(theta, np.ones(6), 0.2)
    np.testing.assert_array_equal(theta[2:], 0)
    np.testing.assert_allclose(theta[:2], [0.1, -0.1], rtol=1e-14)


@every_ratio
def test_parameters_of_strength_zero_are_untouched(l1_ratio):
    penalty, theta = ElasticNet(l1_ratio), THETA.copy()
    penalty.prox(theta, STRENGTH, 10.0)
    np.testing.assert_array_equal(theta[3:], THETA[3:])
    np.testing.assert_array_equal(l2_gradient(penalty, THETA, STRENGTH)[3:], 0)
    np.testing.assert_array_equal(l1_subgradient(penalty, THETA, STRENGTH)[3:], 0)
    changed = THETA + np.array([0, 0, 0, 7, -7])
    assert penalty.value(changed, STRENGTH) == penalty.value(THETA, STRENGTH)


def test_prox_of_ridge_changes_nothing():
    theta = THETA.copy()
    ElasticNet(0.0).prox(theta, STRENGTH, 10.0)
    np.testing.assert_array_equal(theta, THETA)


def test_float32_stays_float32():
    theta, strength = THETA.astype(np.float32), STRENGTH.astype(np.float32)
    penalty = ElasticNet(0.5)
    penalty.prox(theta, strength, 0.1)
    assert theta.dtype == np.float32
    assert l2_gradient(penalty, theta, strength).dtype == np.float32
    assert l1_subgradient(penalty, theta, strength).dtype == np.float32


# The group penalty


N_SAMPLES, N_COLUMNS = 6, 3


def weight_matrix(rng, dtype=np.float64):
    """Rows from nearly nothing to several."""
    W = rng.normal(size=(N_SAMPLES, N_COLUMNS))
    W *= np.array([[0.01], [0.1], [0.5], [1.0], [3.0], [0.0]])
    return W.astype(dtype)


def draw_steps(rng, kind):
    if kind == "equal":
        return 0.7
    if kind == "per row":
        return np.tile(rng.uniform(0.1, 2, size=(N_SAMPLES, 1)), N_COLUMNS)
    spread = 1 if kind == "unequal" else 4
    return 10.0 ** rng.uniform(-spread, spread / 4, size=(N_SAMPLES, N_COLUMNS))


each_step = pytest.mark.parametrize(
    "kind", ["equal", "per row", "unequal", "very unequal"]
)
each_seed = pytest.mark.parametrize("seed", range(2))


def test_group_value_is_that_of_the_formula():
    W = np.array([[3.0, 4.0], [0.0, 0.0], [5.0, -12.0]])
    assert GroupLasso(0.5).value(W) == pytest.approx(0.5 * (5 + 0 + 13), rel=1e-14)


def test_group_subgradient_equals_central_differences_and_is_zero_at_zero(rng):
    W, penalty = weight_matrix(rng)[:-1], GroupLasso(0.4)
    dW = np.zeros_like(W)
    penalty.add_subgradient(W, dW)
    numeric = numerical_gradient(lambda w: penalty.value(w.reshape(W.shape)), W.ravel())
    assert relative_error(dW.ravel(), numeric) < 1e-6
    dW = np.full((1, 3), 7.0)
    penalty.add_subgradient(np.zeros((1, 3)), dW)
    np.testing.assert_array_equal(dW, 7)


@each_seed
@each_step
@pytest.mark.parametrize("l1", [0.0, 0.3], ids=["alone", "after L1"])
def test_group_prox_minimises_distance_plus_penalty(kind, l1, seed):
    """Of the group penalty and L1 together, whose prox is taken before."""
    rng = np.random.default_rng(seed)
    W, steps = weight_matrix(rng), draw_steps(rng, kind)
    T, alpha = np.broadcast_to(steps, W.shape), 0.6
    U = W.copy()
    lasso = ElasticNet(1.0)
    lasso.prox(U.reshape(-1), np.full(W.size, l1), T.ravel())
    GroupLasso(alpha).prox(U, steps)
    for w, t, u in zip(W, T, U, strict=True):
        # the parts of u are variables of their own: |u| is smooth then
        def objective(pq, w=w, t=t):
            v = pq[:N_COLUMNS] - pq[N_COLUMNS:]
            smooth = ((v - w) ** 2 / (2 * t)).sum() + l1 * pq.sum()
            return smooth + alpha * np.sqrt((v**2).sum() + 1e-24)

        def at(u, objective=objective):
            return objective(np.concatenate([np.maximum(u, 0), np.maximum(-u, 0)]))

        start = np.concatenate([np.maximum(w, 0), np.maximum(-w, 0)])
        best = minimize(
            objective, start, bounds=[(0, None)] * len(start), method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000},
        )  # fmt: skip
        scale = max(1.0, at(w))
        assert at(u) <= best.fun + 1e-9 * scale
        # and nothing near it is better: the function is convex
        for direction in np.random.default_rng(0).normal(size=(20, N_COLUMNS)):
            for h in (1e-3, 1e-5):
                assert at(u) <= at(u + h * direction * (abs(u).max() + 1e-3)) + 1e-12


@each_seed
@each_step
def test_group_prox_meets_its_equation_where_a_row_lives(kind, seed):
    # (u - w) / t + alpha u / ||u|| = 0, to the last digits
    rng = np.random.default_rng(seed)
    W, steps = weight_matrix(rng), draw_steps(rng, kind)
    U = W.copy()
    GroupLasso(0.6).prox(U, steps)
    T = np.broadcast_to(steps, W.shape)
    norms = np.linalg.norm(U, axis=1)
    alive = norms > 0
    assert alive.any()
    pull = (W - U)[alive]
    np.testing.assert_allclose(
        pull, (0.6 * T * U)[alive] / norms[alive, None], rtol=1e-8, atol=1e-12
    )


@each_seed
@each_step
def test_a_row_is_zero_if_and_only_if_zero_is_its_minimum(kind, seed):
    # 0 is the minimum if and only if ||w / t|| <= alpha (its subdifferential)
    rng = np.random.default_rng(seed)
    W, steps = weight_matrix(rng), draw_steps(rng, kind)
    pull = np.linalg.norm(W / np.broadcast_to(steps, W.shape), axis=1)
    U = W.copy()
    GroupLasso(0.6).prox(U, steps)
    is_zero = (U == 0).all(axis=1)
    np.testing.assert_array_equal(is_zero, pull <= 0.6)
    assert (np.sign(U[~is_zero]) == np.sign(W[~is_zero])).all()  # all or none


def test_group_prox_of_equal_steps_shrinks_the_norm():
    W = np.array([[3.0, 4.0], [0.3, 0.4]])
    GroupLasso(2.0).prox(W, 0.5)
    np.testing.assert_allclose(W, [[3 * 0.8, 4 * 0.8], [0, 0]], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e15])
def test_group_prox_is_finite_at_every_scale(dtype, scale, rng):
    W = weight_matrix(rng, dtype) * dtype(scale)
    T = 10.0 ** rng.uniform(-6, 3, size=W.shape)
    before = np.abs(W).copy()
    GroupLasso(0.6).prox(W, T.astype(dtype))
    assert W.dtype == dtype
    assert np.isfinite(W).all()
    assert (np.abs(W) <= before).all()


def test_group_prox_of_steps_of_zero_changes_nothing(rng):
    W = weight_matrix(rng)
    before = W.copy()
    GroupLasso(0.6).prox(W, np.zeros_like(W))
    np.testing.assert_array_equal(W, before)


def test_group_prox_is_written_into_a_view(rng):
    theta = rng.normal(size=20)
    before = theta.copy()
    GroupLasso(100.0).prox(theta[:12].reshape(4, 3), 1.0)
    np.testing.assert_array_equal(theta[:12], 0)
    np.testing.assert_array_equal(theta[12:], before[12:])
