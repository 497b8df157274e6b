"""Activations go up through the layers, deltas come down."""

from diagrams import BLUE, GREEN, GREY, ORANGE, arrow, canvas, note

ax = canvas(8.6, 3.2, -0.9, 12.9, -2.2, 2.5)
boxes = [(0, "$x$", GREY), (4, "$z^1, a^1$", BLUE), (8, "$z^2, a^2$", BLUE)]
boxes.append((12, "$L$", ORANGE))
for x, text, color in boxes:
    box = {"boxstyle": "round,pad=0.55", "facecolor": color, "edgecolor": "none"}
    note(ax, x, 0, text, "white", 14, bbox=box, zorder=3)
for layer, start in enumerate((0, 4, 8)):
    arrow(ax, (start, 0.45), (start + 4, 0.45), BLUE, 2, 1.15)
    if layer:
        arrow(ax, (start + 4, -0.45), (start, -0.45), GREEN, 2, 1.15)
note(ax, 2, 1.35, r"$z^1 = \omega^1 x + b^1$", BLUE)
note(ax, 6, 1.35, r"$z^2 = \omega^2 a^1 + b^2$", BLUE)
note(ax, 10, 1.35, r"$L(y, a^2)$", BLUE)
note(ax, 6, 2.25, "forward pass: values, from left to right", BLUE, 11)
note(ax, 10, -1.1, r"$\delta^2 = \partial L / \partial a^2 \circ \sigma'(z^2)$", GREEN)
note(ax, 5.6, -1.1, r"$\delta^1 = (\omega^2)^T \delta^2 \circ \sigma'(z^1)$", GREEN)
note(ax, 6, -2, "backward pass: derivatives, from right to left", GREEN, 11)
