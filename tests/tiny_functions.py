"""Two compiled functions, for a module of their own with a cache of its own."""

TINY = """
from sklearn_bpnet.training.stochastic.compiled.cache import jit

@jit(nogil=True)
def twice(x):
    return 2 * x

@jit(nogil=True)
def thrice(x):
    return 3 * x
"""
