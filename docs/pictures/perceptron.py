"""A perceptron, and four points that no line separates."""

import matplotlib.pyplot as plt
import numpy as np
from diagrams import BLUE, GREY, ORANGE, arrow, neuron, note

figure, (left, middle, right) = plt.subplots(
    1, 3, figsize=(11, 3.4), width_ratios=(1.5, 1, 1)
)
left.set(xlim=(-0.6, 5.6), ylim=(-0.4, 3.4), aspect="equal")
left.set_axis_off()
for y, text, weight in ((3, "$1$", "b"), (1.5, "$x_1$", "w_1"), (0, "$x_2$", "w_2")):
    neuron(left, 0, y, text, GREY if text == "$1$" else BLUE)
    arrow(left, (0, y), (2.6, 1.5))
    note(left, 1.25, 1.5 + (y - 1.5) * 0.52 + 0.28, f"${weight}$")
neuron(left, 2.6, 1.5, r"$\Sigma$", "#5b6678", 0.42, 15)
arrow(left, (2.6, 1.5), (4.6, 1.5), gap=0.46)
neuron(left, 4.6, 1.5, r"$\hat y$", ORANGE, 0.42, 15)
note(left, 3.55, 1.85, "$z > 0$?")

points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
for ax, labels, name in ((middle, [0, 0, 0, 1], "AND"), (right, [0, 1, 1, 0], "XOR")):
    for (a, b), label in zip(points, labels, strict=True):
        ax.scatter(
            a, b, s=190, marker="so"[label], color=(BLUE, ORANGE)[label], zorder=3
        )
    ax.set(xlim=(-0.4, 1.4), ylim=(-0.4, 1.4), aspect="equal", title=name)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xticks=[0, 1], yticks=[0, 1])
middle.plot([0.1, 1.4], [1.4, 0.1], color="0.3")
right.text(0.5, 0.5, "no line", ha="center", va="center", color="0.3", fontsize=12)
