"""The gallery: its order, and the files that the examples write while they run."""

from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

# what a reader needs first is first; an example that is not listed comes last
ORDER = """
adult_table served_model pipeline_search callbacks early_stopping calibration
ensemble_intervals quantiles own_loss embeddings imbalance sparse_text large_data
digits displays learning_rate unscaled_data l1_path

perceptron boolean_functions universality activations target_encodings losses
cross_entropy training_methods backpropagation check_gradient saturation
better_and_faster
""".split()


class Order:
    """The place of an example on its page, as a key to sort by."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, file_name):
        name = Path(file_name).stem.removeprefix("plot_")
        return (ORDER.index(name) if name in ORDER else len(ORDER)), name


def remove(gallery_conf, fname):
    """Remove the figure that plot_digits.py saves as a script."""
    for file in EXAMPLES.rglob("digits.png"):
        file.unlink(missing_ok=True)
