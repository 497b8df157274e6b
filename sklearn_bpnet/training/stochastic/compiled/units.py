"""Units of compiled code: functions that are called by their address.

Numba compiles a function together with everything that it calls, anew for every
combination of types and for every caller. So what differs between trainings (how X is
read, the activations, the loss, the rule of the step) is compiled apart, when it is
first used, and called by its address, which is a number like any other argument.

On disk Numba keeps a compiled function until the function's own file changes, whatever
else was compiled into it. So a unit, with all that it calls other than by an address,
stands in one file; and the types of a call stand in the file of the caller: where they
change, the caller is compiled anew because of its file, and the unit because it is
compiled for other types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from sklearn_bpnet.training.stochastic.compiler import compile_with

Types = tuple[Any, ...]


def vector(dtype: Any) -> Any:
    """The type of a contiguous array with one axis."""
    return types.Array(dtype, 1, "C")


def matrix(dtype: Any) -> Any:
    """The type of a contiguous array with two axes."""
    return types.Array(dtype, 2, "C")


def address_of(unit: Any, arguments: Types) -> int:
    """The address of a unit, compiled or loaded for the types of its arguments."""
    make(unit, arguments)
    compiled = unit.overloads[arguments]
    name = compiled.fndesc.llvm_func_name
    return int(compiled.library.get_pointer_to_function(name))


def make(function: Any, arguments: Types) -> None:
    """Compile a function for the types of its arguments, or load it, if needed.

    Nothing is done for a plain function.
    """
    overloads = getattr(function, "overloads", None)
    if overloads is not None and arguments not in overloads:
        compile_with(lambda: function.compile(arguments))


def caller(types_of: Callable[[Types], Types]) -> Any:
    """A compiled function (address, arguments) that calls the unit at an address.

    The unit returns a float64. ``types_of``, from the types of the arguments of a call,
    gives those of the unit's, to which they are converted, or Numba refuses the call;
    pointers are given as integers.
    """

    @intrinsic
    def call(typing_context, address, arguments):  # type: ignore[no-untyped-def]
        expected = types_of(arguments.types)
        given = [types.intp if _is_pointer(kind) else kind for kind in expected]

        def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
            convention = context.call_conv
            form = convention.get_function_type(types.float64, expected)
            unit = builder.inttoptr(values[0], form.as_pointer())
            unpacked = cgutils.unpack_tuple(builder, values[1])
            for i, kind in enumerate(expected):
                if _is_pointer(kind):
                    to = context.get_value_type(kind)
                    unpacked[i] = builder.inttoptr(unpacked[i], to)
            _, result = convention.call_function(
                builder, unit, types.float64, expected, unpacked
            )
            return result

        return types.float64(types.intp, types.Tuple(given)), codegen

    return call


def _is_pointer(kind: Any) -> bool:
    return isinstance(kind, types.CPointer)
