"""The crash harness: processes are killed, interrupted and forked at random moments.

Disks are full, folders vanish, files are damaged. ``CRASH_ROUNDS`` is the number of
rounds per test, ``CRASH_SEED`` the seed of what is random.
"""
