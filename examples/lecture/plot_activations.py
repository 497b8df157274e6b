"""
Activations
===========

All activation functions f that can be used by name, and their derivatives f'.
"""

# %%
# Softmax mixes the units of a layer. It is shown for the first of two units, with the
# other fixed at zero; its derivative is then the diagonal of the Jacobian.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet.net.activations import ACTIVATIONS, Activation

names: dict[Activation, list[str]] = {}  # an activation may have two names
for name, activation in ACTIVATIONS.items():
    names.setdefault(activation, []).append(name)

Z = np.stack([np.linspace(-4, 4, 801), np.zeros(801)], axis=1)

n_columns = 4
n_rows = -(-len(names) // n_columns)
figure, axes = plt.subplots(
    n_rows,
    n_columns,
    figsize=(11, 2.5 * n_rows),
    sharex=True,
    sharey=True,
    layout="constrained",
)
for ax in axes.flat[len(names) :]:
    ax.remove()
for ax, (activation, its_names) in zip(axes.flat, names.items(), strict=False):
    A = activation.forward(Z, out=np.empty_like(Z))
    slope = activation.derivative(Z, A, out=np.empty_like(Z))
    ax.axhline(0, color="0.8", linewidth=0.8)
    ax.axvline(0, color="0.8", linewidth=0.8)
    ax.plot(Z[:, 0], A[:, 0], label="$f(z)$")
    ax.plot(Z[:, 0], slope[:, 0], "--", label="$f'(z)$")
    ax.set(title=" or ".join(its_names), ylim=(-2.2, 3.2))
    ax.tick_params(labelbottom=True)
figure.legend(
    *axes.flat[0].get_legend_handles_labels(),
    loc="outside upper center",
    ncols=2,
    fontsize="large",
    frameon=False,
)
