"""Neurons and arrows, for the diagrams of the lecture."""

import matplotlib.pyplot as plt

BLUE, ORANGE, GREEN, GREY = "#3d6fd9", "#f08c2e", "#2ea06e", "#8a94a6"


def canvas(width, height, *limits):
    """Return axes without a frame, with equal units."""
    _, ax = plt.subplots(figsize=(width, height))
    ax.set(xlim=limits[:2], ylim=limits[2:], aspect="equal")
    ax.set_axis_off()
    return ax


def neuron(ax, x, y, text="", color=BLUE, radius=0.3, size=12):
    """Draw a unit."""
    ax.add_patch(
        plt.Circle((x, y), radius, facecolor=color, edgecolor="none", zorder=3)
    )
    ax.text(
        x, y, text, ha="center", va="center", color="white", fontsize=size, zorder=4
    )


def arrow(ax, start, end, color=GREY, width=1.4, gap=0.34, style="-|>", **options):
    """Draw a connection from one unit to another."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx**2 + dy**2) ** 0.5
    ux, uy = gap * dx / length, gap * dy / length
    ax.annotate(
        "",
        xy=(end[0] - ux, end[1] - uy),
        xytext=(start[0] + ux, start[1] + uy),
        arrowprops={
            "arrowstyle": style,
            "color": color,
            "linewidth": width,
            "shrinkA": 0,
            "shrinkB": 0,
            **options,
        },
        zorder=2,
    )


def note(ax, x, y, text, color="0.25", size=12, **options):
    """Write beside a diagram."""
    options = {"ha": "center", "va": "center"} | options
    ax.text(x, y, text, color=color, fontsize=size, **options)
