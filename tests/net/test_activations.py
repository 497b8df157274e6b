from math import erf, exp, expm1, inf, log1p, nan, sqrt, tanh

import numpy as np
import pytest
from scipy.integrate import trapezoid

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    ELU,
    Interval,
    LeakyReLU,
    LearnedActivation,
    Mixed,
)

FUNCTIONS = {**ACTIVATIONS, "leaky_relu(0.3)": LeakyReLU(0.3), "elu(2)": ELU(2.0)}
ELEMENT_WISE = {name: f for name, f in FUNCTIONS.items() if name != "softmax"}

every_activation = pytest.mark.parametrize(
    "activation", FUNCTIONS.values(), ids=FUNCTIONS.keys()
)
every_element_wise = pytest.mark.parametrize(
    "name", ELEMENT_WISE.keys(), ids=ELEMENT_WISE.keys()
)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# The kinks lie at 0; no point is closer to it than 0.15.
OFF_KINKS = np.concatenate([-np.linspace(0.15, 4.1, 12), np.linspace(0.15, 4.1, 12)])


def sigmoid(z):
    return 1 / (1 + exp(-z))


def softplus(z):
    return log1p(exp(z))


def elu(z, alpha):
    return z if z > 0 else alpha * expm1(z)


# f(z), straight from the literature, in plain Python.
BY_HAND = {
    "identity": lambda z: z,
    "heaviside": lambda z: 1.0 if z > 0 else 0.0,
    "prelu": lambda z: z if z > 0 else 0.25 * z,
    "logistic": sigmoid,
    "sigmoid": sigmoid,
    "tanh": lambda z: (exp(2 * z) - 1) / (exp(2 * z) + 1),  # the lecture's form
    "relu": lambda z: max(0.0, z),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "leaky_relu(0.3)": lambda z: z if z > 0 else 0.3 * z,
    "elu": lambda z: elu(z, 1.0),
    "elu(2)": lambda z: elu(z, 2.0),
    "selu": lambda z: 1.0507009873554805 * elu(z, 1.6732632423543772),
    "gelu": lambda z: z * (1 + erf(z / sqrt(2))) / 2,
    "silu": lambda z: z / (1 + exp(-z)),
    "mish": lambda z: z * tanh(softplus(z)),
    "softplus": softplus,
    "softsign": lambda z: z / (1 + abs(z)),
    "exp": exp,
}


def forward(activation, Z):
    return activation.forward(Z, out=np.empty_like(Z))


def vjp(activation, Z, G):
    return activation.vjp(Z, forward(activation, Z), G, out=np.empty_like(Z))


@every_element_wise
def test_values_are_those_of_the_formula(name, read_only):
    Z = read_only([[-4.0, -1.5, -0.3, 0.0], [1e-3, 0.7, 2.0, 5.0]])
    expected = [[BY_HAND[name](z) for z in row] for row in Z.tolist()]
    A = forward(FUNCTIONS[name], Z)
    np.testing.assert_allclose(A, expected, rtol=1e-14, atol=1e-15)


@every_element_wise
def test_what_grows_exponentially_says_so(name):
    activation = FUNCTIONS[name]
    a, b = forward(activation, np.array([[40.0, 80.0]]))[0]
    assert activation.grows_exponentially == (b > 1000 * a)
    assert Mixed(activation).grows_exponentially == activation.grows_exponentially


def test_mish_in_its_tails(read_only):
    Z = read_only([[-700.0, -100.0, -40.0, -20.0, 15.0, 19.0, 21.0, 50.0, 700.0]])
    t = np.tanh(np.log1p(np.exp(Z)))
    sigmoid = 1 / (1 + np.exp(-Z))
    A = forward(ACTIVATIONS["mish"], Z)
    np.testing.assert_allclose(A, Z * t, rtol=1e-14)
    slope = ACTIVATIONS["mish"].derivative(Z, A, np.empty_like(Z))
    np.testing.assert_allclose(slope, t + Z * (1 - t**2) * sigmoid, rtol=1e-14)


@pytest.mark.parametrize("name", ["elu", "selu"])
def test_elu_has_one_slope_above_zero_and_the_exponential_below(name):
    Z = np.array([[-30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 1e6]])
    scale, alpha = {"elu": (1, 1), "selu": (1.0507009873554805, 1.6732632423543772)}[
        name
    ]
    f = ACTIVATIONS[name]
    slope = f.derivative(Z, forward(f, Z), np.empty_like(Z))
    expected = np.where(Z > 0, scale, scale * alpha * np.exp(np.minimum(Z, 0)))
    np.testing.assert_allclose(slope, expected, rtol=1e-14, atol=1e-15)


def test_softmax_is_the_normalised_exponential_of_every_row(read_only):
    Z = read_only([[0.3, -1.0, 2.0], [5.0, 5.0, 5.0]])
    expected = []
    for row in Z.tolist():
        total = sum(exp(z) for z in row)
        expected.append([exp(z) / total for z in row])
    A = forward(ACTIVATIONS["softmax"], Z)
    np.testing.assert_allclose(A, expected, rtol=1e-14)


def test_softmax_does_not_see_a_shift_of_a_row(rng):
    Z = rng.normal(size=(5, 3))
    shift = np.array([[-50.0], [-1.0], [0.0], [2.0], [300.0]])
    softmax = ACTIVATIONS["softmax"]
    np.testing.assert_allclose(
        forward(softmax, Z + shift), forward(softmax, Z), rtol=1e-12
    )


@every_activation
def test_vjp_equals_central_differences(activation, rng, read_only, gradient_of_sum):
    Z = read_only(rng.permutation(OFF_KINKS).reshape(6, 4))
    G = read_only(rng.normal(size=Z.shape))
    for i in range(len(Z)):  # row by row: the sum stays small, and so its rounding
        row, g = Z[i : i + 1], G[i : i + 1]
        numeric = gradient_of_sum(lambda z, g=g: g * forward(activation, z), row)
        D = vjp(activation, row, g)
        np.testing.assert_allclose(D, numeric, rtol=1e-6, atol=1e-8)


@every_activation
def test_derivative_is_the_diagonal_of_the_jacobian(activation, rng, read_only):
    Z = read_only(rng.permutation(OFF_KINKS).reshape(6, 4))
    derivative = activation.derivative(
        Z, forward(activation, Z), out=np.full_like(Z, nan)
    )
    for k in range(4):
        unit = np.zeros_like(Z)
        unit[:, k] = 1
        diagonal = vjp(activation, Z, unit)[:, k]
        np.testing.assert_allclose(derivative[:, k], diagonal, rtol=1e-12)


@every_activation
@every_dtype
def test_out_is_filled_and_returned_in_the_inputs_dtype(activation, dtype, read_only):
    Z = read_only([[-1.0, 0.5, 2.0]], dtype)
    G = read_only([[1.0, -2.0, 0.5]], dtype)
    A, D = np.full_like(Z, nan), np.full_like(Z, nan)
    assert activation.forward(Z, out=A) is A
    assert A.dtype == dtype
    A.flags.writeable = False
    assert activation.vjp(Z, A, G, out=D) is D
    assert D.dtype == dtype
    assert np.isfinite(A).all()
    assert np.isfinite(D).all()


@every_activation
def test_float32_agrees_with_float64(activation, read_only):
    wide = read_only(OFF_KINKS.reshape(6, 4))
    narrow, ones = wide.astype(np.float32), np.ones((6, 4), np.float32)
    ramp = ones * np.arange(4, dtype=np.float32)
    np.testing.assert_allclose(
        forward(activation, narrow), forward(activation, wide), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        vjp(activation, narrow, ramp),
        vjp(activation, wide, ramp.astype(np.float64)),
        rtol=1e-5,
        atol=1e-6,
    )


@every_activation
def test_forward_in_place_equals_out_of_place(activation, rng):
    Z = rng.normal(scale=3, size=(5, 4))
    expected = forward(activation, Z)
    assert activation.forward(Z, out=Z) is Z
    np.testing.assert_array_equal(Z, expected)


@every_activation
def test_vjp_needs_no_Z_unless_it_says_so(activation, rng):
    if isinstance(activation, LearnedActivation):
        activation = activation.at(np.full(4, -0.5))  # where A has not Z's sign
    Z = rng.permutation(OFF_KINKS).reshape(6, 4)
    G = rng.normal(size=Z.shape)
    A, D = forward(activation, Z), vjp(activation, Z, G)
    without_Z = activation.vjp(A, A, G, out=np.empty_like(Z))
    assert np.array_equal(D, without_Z) == (not activation.reads_Z)


@every_activation
@every_dtype
def test_everything_is_finite_at_a_thousand(activation, dtype, read_only):
    Z = read_only([[1e3, -1e3, 0.0], [-1e3, -1e3, -1e3], [1e3, 1e3, 1e3]], dtype)
    assert np.isfinite(forward(activation, Z)).all()
    G = np.ones_like(Z)
    assert np.isfinite(vjp(activation, Z, G)).all()


@every_dtype
def test_softmax_is_finite_and_normalised_at_ten_thousand(dtype, read_only):
    Z = read_only([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], dtype)
    A = forward(ACTIVATIONS["softmax"], Z)
    np.testing.assert_allclose(
        A, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]], rtol=1e-6
    )
    G = np.full_like(Z, 7)
    np.testing.assert_allclose(vjp(ACTIVATIONS["softmax"], Z, G), 0, atol=1e-5)


@every_activation
def test_the_range_contains_the_outputs(activation, rng):
    low, high = activation.range.low, activation.range.high
    near = forward(activation, rng.uniform(-5, 5, size=(50, 4)))
    if activation.range.closed:
        assert low <= near.min()
        assert near.max() <= high
    else:
        assert low < near.min()
        assert near.max() < high
    far = forward(activation, rng.choice([-1e3, 1e3], size=(50, 4)))
    assert low <= far.min()  # an open end may be reached by rounding
    assert far.max() <= high


@every_activation
def test_finite_ends_of_the_range_are_approached(activation):
    far = forward(activation, np.array([[-1e3, 1e3], [1e3, -1e3]]))
    if activation.range.low > -inf:
        assert far.min() == pytest.approx(activation.range.low, abs=2e-3)
    if activation.range.high < inf:
        assert far.max() == pytest.approx(activation.range.high, abs=2e-3)


@every_dtype
def test_exp_stays_among_the_normal_numbers(dtype):
    A = forward(ACTIVATIONS["exp"], np.array([[-1e4, -1e3, 1e3, 1e4]], dtype=dtype))
    assert (np.abs(A) >= np.finfo(dtype).tiny / 2).all()
    assert np.isfinite(A).all()


@every_activation
def test_only_a_trainable_activation_passes_a_gradient(activation, rng):
    Z = rng.permutation(OFF_KINKS).reshape(6, 4)
    D = vjp(activation, Z, rng.normal(size=Z.shape))
    assert D.any() == activation.trainable


def test_the_subgradient_of_relu_at_zero_is_zero():
    D = vjp(ACTIVATIONS["relu"], np.zeros((1, 2)), np.ones((1, 2)))
    np.testing.assert_array_equal(D, 0)


def test_selu_keeps_zero_mean_and_unit_variance():
    # E f(z) and E f(z)^2 for z ~ N(0, 1), by the trapezoid rule: the fixed point that
    # the two constants are made for
    z = np.linspace(-12, 12, 480_001)[None, :]
    density = np.exp(-(z**2) / 2) / sqrt(2 * np.pi)
    A = forward(ACTIVATIONS["selu"], z)
    assert trapezoid(A * density, z)[0] == pytest.approx(0, abs=1e-7)
    assert trapezoid(A * A * density, z)[0] == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("slope", [-0.1, 1.0, 1.5, nan], ids=repr)
def test_leaky_relu_refuses_a_slope_outside_its_interval(slope):
    with pytest.raises(ValueError, match=r"negative_slope must lie in \[0, 1\)") as e:
        LeakyReLU(slope)
    assert repr(slope) in str(e.value)


@pytest.mark.parametrize("alpha", [0.0, -1.0, nan], ids=repr)
def test_elu_refuses_an_alpha_that_is_not_positive(alpha):
    with pytest.raises(ValueError, match="alpha must be positive") as error:
        ELU(alpha)
    assert repr(alpha) in str(error.value)


def test_a_leaky_relu_without_slope_is_a_relu(rng):
    Z, G = rng.normal(size=(2, 5, 3))
    for function in (forward, lambda f, Z: vjp(f, Z, G)):
        np.testing.assert_array_equal(
            function(LeakyReLU(0), Z), function(ACTIVATIONS["relu"], Z)
        )


OPEN, CLOSED = Interval(0, 1), Interval(0, 1, closed=True)


@pytest.mark.parametrize(
    ("outer", "inner", "contained"),
    [
        (OPEN, OPEN, True),
        (OPEN, CLOSED, False),
        (CLOSED, OPEN, True),
        (CLOSED, CLOSED, True),
        (OPEN, Interval(0.1, 0.9, closed=True), True),
        (OPEN, Interval(0, 0.9, closed=True), False),
        (OPEN, Interval(0.1, 1, closed=True), False),
        (CLOSED, Interval(-0.1, 1), False),
        (CLOSED, Interval(0, 1.1), False),
        (Interval(0.1, 0.9), OPEN, False),
        (Interval(-1, 1), OPEN, True),
        (Interval(0, inf), OPEN, True),
        (Interval(0, inf), CLOSED, False),
        (Interval(0, inf), Interval(0, inf, closed=True), False),
        (Interval(0, inf, closed=True), Interval(0, inf), True),
        (Interval(-inf, inf), Interval(0, inf, closed=True), True),
        (Interval(-inf, inf), Interval(-inf, inf, closed=True), True),
        (Interval(-inf, inf), Interval(-inf, inf), True),
        (Interval(0, inf), Interval(-inf, inf), False),
        (Interval(-inf, 0), Interval(0, inf), False),
    ],
    ids=str,
)
def test_interval_contains(outer, inner, contained):
    assert outer.contains(inner) is contained


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (OPEN, "(0, 1)"),
        (CLOSED, "[0, 1]"),
        (Interval(0, inf, closed=True), "[0, inf)"),
        (Interval(-inf, 0.5, closed=True), "(-inf, 0.5]"),
    ],
)
def test_interval_is_written_as_in_mathematics(interval, text):
    assert str(interval) == text
