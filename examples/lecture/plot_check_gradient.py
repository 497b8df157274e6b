r"""
The naive derivative and its cost
=================================

A derivative can be approximated by changing one parameter at a time,

.. math:: \frac{\partial J}{\partial \theta_i} \approx
   \frac{J(\theta_i + h) - J(\theta_i - h)}{2h},

which takes two forward passes per parameter. Backpropagation takes one forward and one
backward pass for all parameters. Since the naive derivative is so simple, it serves as
a test of backpropagation.
"""

# %%
# Checking a network
# ------------------
# ``check_gradient`` compares both for every parameter, here of an untrained network.

from dataclasses import dataclass
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sklearn_bpnet import BPNetClassifier, check_gradient, empirical_risk
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.gradcheck import numerical_gradient

X, y = load_digits(return_X_y=True)
X, y = X[:200], y[:200]

clf = BPNetClassifier((8, 4), activation="tanh", random_state=0)
print(check_gradient(clf, X, y))

# %%
# An error
# --------
# A user-defined activation, the Gaussian function, with a missing factor of 2 in its
# derivative. The check reports the layer.


@dataclass(frozen=True)
class Bump(Activation):
    """The Gaussian f(z) = exp(-z^2), with a wrong derivative."""

    def forward(self, Z, out):
        """Compute exp(-Z^2)."""
        np.multiply(Z, -Z, out=out)
        return np.exp(out, out=out)

    reads_Z = True

    def derivative(self, Z, A, out):
        """Compute -Z exp(-Z^2); it should be twice that."""
        return np.multiply(-Z, A, out=out)


clf = BPNetClassifier((8, 4), activation=["tanh", Bump()], random_state=0)
try:
    check_gradient(clf, X, y)
except AssertionError as error:
    print(error)

# %%
# The cost
# --------
# The time of one gradient by both methods, for an increasing number of hidden units.
# For large networks only some parameters are changed, and the time is extrapolated.

MOVED = 200
n_parameters, seconds = [], {"central differences": [], "backpropagation": []}
for n_hidden in (2, 8, 32, 128, 512):
    clf = BPNetClassifier((n_hidden,), activation="tanh", random_state=0)
    J = empirical_risk(clf, X, y)
    n_parameters.append(J.theta.size)

    times = []
    for _ in range(5):
        start = perf_counter()
        J.value_and_gradient(J.theta)
        times.append(perf_counter() - start)
    seconds["backpropagation"].append(np.median(times))

    some = J.theta[:MOVED].copy()

    def of_some(moved, J=J):
        """Return the risk as a function of the first parameters."""
        return J.value(np.concatenate([moved, J.theta[len(moved) :]]))

    start = perf_counter()
    numerical_gradient(of_some, some)
    per_parameter = (perf_counter() - start) / len(some)
    seconds["central differences"].append(per_parameter * J.theta.size)

print("parameters  differences  backpropagation   ratio")
for n, slow, fast in zip(n_parameters, *seconds.values(), strict=True):
    print(f"{n:10,d} {slow:10.3f} s {1000 * fast:13.2f} ms {slow / fast:7,.0f}")

# %%
# The cost of the naive derivative is quadratic in the number of parameters, that of
# backpropagation is linear. For millions of parameters only backpropagation is
# feasible.

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, color in (
    ("central differences", "tab:red"),
    ("backpropagation", "tab:blue"),
):
    ax.plot(n_parameters, seconds[name], marker="o", color=color, label=name)
ax.set(
    title="One gradient of the risk of 200 digits",
    xlabel="Parameters",
    ylabel="Seconds",
    xscale="log",
    yscale="log",
)
ax.grid(alpha=0.3)
ax.legend()
plt.show()
