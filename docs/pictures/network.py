"""A network of two hidden layers, and the formula of a layer above it."""

from diagrams import BLUE, GREY, ORANGE, arrow, canvas, neuron, note

ax = canvas(9, 4.4, -0.8, 9.6, -2.6, 2.6)
layers = [3, 4, 4, 2]
xs = [0, 3, 6, 9]
heights = [[1.1 * (i - (n - 1) / 2) for i in range(n)] for n in layers]
for i in range(3):
    for a in heights[i]:
        for b in heights[i + 1]:
            arrow(ax, (xs[i], a), (xs[i + 1], b), "#b9c1cf", 0.9, style="-")
    note(ax, (xs[i] + xs[i + 1]) / 2, 2.35, rf"$W_{i + 1},\ b_{i + 1}$", size=13)
for i, column in enumerate(heights):
    for unit, y in enumerate(column):
        color = (GREY, BLUE, BLUE, ORANGE)[i]
        neuron(ax, xs[i], y, rf"$x_{3 - unit}$" if i == 0 else "", color)
names = ["$A_0 = X$", "$A_1$", "$A_2$", r"$A_3 = \hat Y$"]
for x, name in zip(xs, names, strict=True):
    note(ax, x, -2.3, name, size=13)
