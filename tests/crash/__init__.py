"""The crash harness: processes are killed, interrupted and forked at random moments.

Disks are full, files are damaged. ``SKLEARN_BPNET_CRASH_ROUNDS`` is the number of
rounds per test, ``SKLEARN_BPNET_CRASH_SEED`` the seed of what is random.
"""
