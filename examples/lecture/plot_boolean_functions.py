"""
Boolean functions from NAND neurons
===================================

A neuron with a step activation can compute NAND. NAND is universal, so a network of
such neurons can compute any Boolean function. The weights are given, not trained.
"""

# %%
# One neuron
# ----------
# It fires where :math:`3 - 2 x_1 - 2 x_2 > 0`: always, unless both inputs are 1.

from itertools import pairwise, product

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetClassifier


def network(coefs, intercepts):
    """Return a network of step functions with the given weights."""
    return BPNetClassifier.from_weights(
        coefs, intercepts, activation="heaviside", output_activation="heaviside"
    )


nand = network([[[-2], [-2]]], [[3]])
table = np.array(list(product([0, 1], repeat=2)))
for row, output in zip(table, nand.predict(table), strict=True):
    print(row, output)

# %%
# A formula
# ---------
# A formula is the index of a variable, or a pair: the NAND of two formulas. A function
# f is reduced to two smaller ones, f1 and f0, by setting its first variable x to 1 and
# 0 (Shannon's expansion):
#
# f = (x AND f1) OR (NOT x AND f0) = NAND(NAND(x, f1), NAND(NOT x, f0)).

ALWAYS, NEVER = "always", "never"


def nand_of(a, b):
    """Return the formula NAND(a, b), simplified if possible."""
    if NEVER in (a, b):
        return ALWAYS
    if a == ALWAYS or a == b:
        return invert(b)
    return invert(a) if b == ALWAYS else (a, b)


def invert(formula):
    """Return the formula NOT a = NAND(a, a)."""
    if formula in (ALWAYS, NEVER):
        return NEVER if formula == ALWAYS else ALWAYS
    twice = isinstance(formula, tuple) and formula[0] == formula[1]
    return formula[0] if twice else (formula, formula)


def formula_of(values, variable=0):
    """Return the formula of a function, given its truth table."""
    if len(values) == 1:
        return ALWAYS if values[0] else NEVER
    half = len(values) // 2
    f0 = formula_of(values[:half], variable + 1)
    f1 = formula_of(values[half:], variable + 1)
    return nand_of(nand_of(variable, f1), nand_of(invert(variable), f0))


print("XOR:", formula_of((0, 1, 1, 0)))

# %%
# A layered network
# -----------------
# The inputs of a neuron are the outputs of the layer below. A value that is used in a
# higher layer is passed on by a *wire*, a neuron that copies its one input. NAND
# neurons alone are not sufficient in a layered network: NAND is decreasing in its
# inputs, so every layer reverses monotonicity, and XOR, which is neither increasing nor
# decreasing, could not be computed.


def depth(formula):
    """Return the number of layers of the formula."""
    return 0 if isinstance(formula, int) else 1 + max(map(depth, formula))


def layers_of(formula, n_variables):
    """Return the formulas that the neurons compute, layer by layer from the input."""
    layers = [[formula]]
    for level in range(depth(formula), 1, -1):
        needed = []
        for f in layers[0]:
            needed += f if depth(f) == level else [f]
        layers.insert(0, list(dict.fromkeys(needed)))  # each of them once
    return [list(range(n_variables)), *layers]


def nand_network(values):
    """Return the network of a Boolean function, given its truth table."""
    formula = formula_of(values)
    if formula in (ALWAYS, NEVER):
        always = (0, (0, 0))  # NAND(x, NOT x)
        formula = always if formula == ALWAYS else (always, always)
    if isinstance(formula, int):  # a variable, inverted twice
        formula = ((formula, formula), (formula, formula))
    layers = layers_of(formula, n_variables=int(np.log2(len(values))))
    coefs, intercepts = [], []
    for level, (below, above) in enumerate(pairwise(layers), start=1):
        W, b = np.zeros((len(below), len(above))), np.zeros(len(above))
        for j, f in enumerate(above):
            if depth(f) == level:  # a NAND neuron
                for part in f:
                    W[below.index(part), j] -= 2
                b[j] = 3
            else:  # a wire
                W[below.index(f), j], b[j] = 2, -1
        coefs.append(W)
        intercepts.append(b)
    return network(coefs, intercepts)


# %%
# Every function of two and of three variables
# --------------------------------------------
# 16 functions of two variables and 256 of three, each checked on its truth table.

n_nands = {}
for n_variables in (2, 3):
    table = np.array(list(product([0, 1], repeat=n_variables)))
    n_nands[n_variables] = []
    for values in product([0, 1], repeat=len(table)):
        clf = nand_network(values)
        assert np.array_equal(clf.predict(table), values)
        n_nands[n_variables].append(sum((b == 3).sum() for b in clf.intercepts_))
    counts = n_nands[n_variables]
    print(
        f"{len(counts)} functions of {n_variables} variables are correct, with "
        f"{min(counts)} to {max(counts)} NAND neurons."
    )

# %%
# The decision boundary of a neuron is a line. XOR takes several neurons, and wires.


def draw(clf, ax):
    """Plot neurons as circles, NAND filled, with the input on the left."""
    sizes = [clf.n_features_in_, *(len(b) for b in clf.intercepts_)]
    places = [[(x, (n - 1) / 2 - y) for y in range(n)] for x, n in enumerate(sizes)]
    for x, (W, b) in enumerate(zip(clf.coefs_, clf.intercepts_, strict=True)):
        for i, j in zip(*np.nonzero(W), strict=True):
            ends = np.array([places[x][i], places[x + 1][j]])
            ax.plot(*ends.T, color="tab:blue" if b[j] == 3 else "0.6", zorder=0)
        colors = ["tab:blue" if bias == 3 else "white" for bias in b]
        ax.scatter(
            *np.array(places[x + 1]).T, s=300, c=colors, edgecolors="0.3", zorder=1
        )
    for i, (x, y) in enumerate(places[0]):
        ax.text(x - 0.1, y, f"$x_{i + 1}$", ha="right", va="center", fontsize=14)
    ax.set(xlim=(-0.6, len(sizes) - 0.6))
    ax.axis("off")


figure, (left, middle, right) = plt.subplots(
    1, 3, figsize=(13, 4.2), layout="constrained", width_ratios=(1, 1.3, 1.3)
)
grid = np.stack(np.meshgrid(*[np.linspace(-0.5, 1.5, 300)] * 2), axis=-1)
fires = nand.predict(grid.reshape(-1, 2)).reshape(300, 300)
left.contourf(grid[..., 0], grid[..., 1], fires, levels=1, cmap="Blues", alpha=0.5)
corners = np.array(list(product([0, 1], repeat=2)))
for corner, output in zip(corners, nand.predict(corners), strict=True):
    left.text(*corner, output, ha="center", va="center", fontsize=16)
left.set(
    title="One NAND neuron: $3 - 2x_1 - 2x_2 > 0$",
    xlabel="$x_1$",
    ylabel="$x_2$",
    aspect="equal",
)

draw(nand_network((0, 1, 1, 0)), middle)
middle.set_title("XOR: NAND neurons (blue) and wires (white)")

right.hist(
    n_nands[3],
    bins=np.arange(0.5, max(n_nands[3]) + 1),
    edgecolor="white",
    color="tab:blue",
)
right.set(
    title="The 256 functions of three variables",
    xlabel="Number of NAND neurons",
    ylabel="Number of functions",
)
plt.show()
