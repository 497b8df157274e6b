"""Faults that use has found, F1 to F42: a regression test for each, named after it.

A module holds those of one area; `test_f36_...` is the test of fault 36. A fault stands
for its whole kind, so most tests try several inputs of the kind.
"""
