"""Files that the examples write while Sphinx-Gallery runs them."""

from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def remove(gallery_conf, fname):
    """Remove the figure that plot_digits.py saves as a script."""
    (EXAMPLES / "digits.png").unlink(missing_ok=True)
