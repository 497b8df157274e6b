"""The end of a fit, after which nothing of it is left on the cluster."""

from __future__ import annotations

from sklearn_bpnet.dask._rounds import Rounds


class Ended:
    """Releases the tasks of a fit at the end of a ``with`` block.

    Those that wait are cancelled, also after an interrupt (Ctrl-C), and the workers
    free their memory. ``with ended, ended:`` does so even if an interrupt hits one of
    the two exits.

    Parameters
    ----------
    rounds : Rounds
        The tasks of the fit.
    """

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds

    def __enter__(self) -> Ended:
        return self

    def __exit__(self, *_: object) -> None:
        self.rounds.release()


__all__ = ["Ended"]
