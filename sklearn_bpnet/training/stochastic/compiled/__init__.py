"""The epoch pass that Numba compiles. Only with Numba can it be imported."""
