"""Every activation of a hidden unit that can be used by name."""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet.net.activations import ACTIVATIONS

Z = np.linspace(-4, 4, 401)[:, None]
names: dict[object, str] = {}  # an activation may have two names
for name, f in ACTIVATIONS.items():
    if name != "softmax":  # of a single unit it is 1
        names.setdefault(f, name)
figure, axes = plt.subplots(2, -(-len(names) // 2), figsize=(10, 2.8), sharex=True)
for ax in axes.flat[len(names) :]:
    ax.remove()
for ax, (f, name) in zip(axes.flat, names.items(), strict=False):
    ax.axhline(0, color="0.85", linewidth=0.8)
    ax.plot(Z, f.forward(Z, np.empty_like(Z)))
    ax.set_title(f'"{name}"', fontsize=9)
    ax.set(ylim=(-1.6, 2.6), xticks=[-4, 0, 4], yticks=[])
