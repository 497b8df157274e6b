"""Fuzzers: parameters in any combination, and data of any kind.

The rule for every case is in `rules`: the outcome is finite, well-shaped and
reproducible, or a ValueError or TypeError that names the parameter or column and the
remedy. `test_parameters` draws parameters, `test_data` containers, dtypes and values.

A run without arguments tries the same few hundred cases every time. By hand, other
cases, and as many as there is time for::

    FUZZ_CASES=5000 FUZZ_SEED=7 python -m pytest tests/fuzz
"""
