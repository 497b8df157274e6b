"""Units of compiled code: functions that are called by their address.

Numba compiles a function together with everything that it calls, anew for every
combination of types and for every caller. So all that differs between trainings (how X
is read, the blocks, the loss, the rule of the step) is compiled apart, when it is first
used, and called by its address, which is a number like any other argument.

A unit takes whole numbers, then real ones. An array is handed over as the address of
its first element: a whole number to the caller, who is compiled once for all dtypes,
and a pointer to the unit.

On disk Numba keeps a compiled function until the function's own file changes, whatever
else was compiled into it. So a unit, with all that it calls other than by an address,
stands in one file, this one and the unit's ``parts`` excepted (see `cache.jit`); and a
unit's types stand beside it, as it is compiled anew for other types.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

from sklearn_bpnet.training.stochastic.compiler import compile_with

Types = tuple[Any, ...]

_addresses: dict[tuple[Any, Types], int] = {}


def pointer(dtype: Any) -> Any:
    """The type of the address of an array's first element."""
    return types.CPointer(dtype)


def with_code(code: int, arguments: Types) -> Types:
    """The types of a unit that is compiled for one code, its first argument."""
    return types.literal(int(code)), *arguments[1:]


def address_of(unit: Any, arguments: Types) -> int:
    """The address of a unit, compiled or loaded for the types of its arguments.

    The compiler is asked once, as it locks itself for this, too.
    """
    key = unit, arguments
    if key not in _addresses:
        _addresses[key] = compile_with(lambda: _new_address(unit, arguments))
    return _addresses[key]


def _new_address(unit: Any, arguments: Types) -> int:
    if arguments not in unit.overloads:
        unit.compile(arguments)
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


@intrinsic
def call(typing_context, address, integers, numbers):  # type: ignore[no-untyped-def]
    """Call the unit at an address with integers and real numbers; it returns one."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        # to a processor a pointer is an integer
        taken = [*([types.intp] * len(integers)), *([types.float64] * len(numbers))]
        convention = context.call_conv
        form = convention.get_function_type(types.float64, taken)
        unit = builder.inttoptr(values[0], form.as_pointer())
        given = []
        for kind, packed in zip((integers, numbers), values[1:], strict=True):
            to = types.intp if kind is integers else types.float64
            unpacked = cgutils.unpack_tuple(builder, packed)
            for of, value in zip(kind, unpacked, strict=True):
                given.append(context.cast(builder, value, of, to))
        _, result = convention.call_function(builder, unit, types.float64, taken, given)
        return result

    return types.float64(types.intp, integers, numbers), codegen


@intrinsic
def copy_memory(typing_context, target, source, n_bytes):  # type: ignore[no-untyped-def]
    """Copy bytes from one address to another."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        to, of = (builder.inttoptr(value, cgutils.voidptr_t) for value in values[:2])
        cgutils.raw_memcpy(builder, to, of, values[2], 1)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


# Matrix products: those of BLAS, by the address that SciPy gives


def blas_address(dtype: Any) -> int:
    """The address of BLAS's product of general matrices of a dtype."""
    name = "sgemm" if dtype == types.float32 else "dgemm"
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))


def _gemm(context: Any, builder: Any, number: Any, *values: Any) -> Any:
    """Call BLAS for C = A @ B: see `multiply_parts`, whose pointers these are."""
    blas, form, m, n, k, A, row_of_A, B, row_of_B, C, row_of_C = values
    integer, character = cgutils.int32_t, cgutils.int8_t

    def place(value: Any) -> Any:
        return cgutils.alloca_once_value(builder, value)

    # BLAS counts along columns, and so sees transposes: C' = B' A'
    is_first, is_second = (
        builder.icmp_signed("==", form, form.type(i)) for i in (1, 2)
    )
    plain, transposed = character(ord("N")), character(ord("T"))
    of_B = place(builder.select(is_second, transposed, plain))
    of_A = place(builder.select(is_first, transposed, plain))
    rows_of_A, rows_of_B, rows_of_C = (
        place(builder.trunc(row, integer)) for row in (row_of_A, row_of_B, row_of_C)
    )
    sizes = [place(builder.trunc(size, integer)) for size in (n, m, k)]
    one, zero = place(number(1.0)), place(number(0.0))
    arguments = [
        of_B, of_A, *sizes, one, B, rows_of_B, A, rows_of_A, zero, C, rows_of_C,
    ]  # fmt: skip
    form_of_gemm = cgutils.ir.FunctionType(
        cgutils.ir.VoidType(), [argument.type for argument in arguments]
    )
    gemm = builder.inttoptr(blas, form_of_gemm.as_pointer())
    builder.call(gemm, arguments)
    return context.get_dummy_value()


@intrinsic
def multiply(typing_context, blas, form, m, n, k, A, B, C):  # type: ignore[no-untyped-def]
    """C = A @ B of shape (m, n), summed over k; a form transposes one of them.

    All are row after row. With form 0 A has shape (m, k) and B (k, n); with form 1 A
    has shape (k, m), with form 2 B has shape (n, k).
    """

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        blas, form, m, n, k, A, B, C = values
        number = context.get_value_type(signature.args[5].dtype)
        is_first, is_second = (
            builder.icmp_signed("==", form, form.type(i)) for i in (1, 2)
        )
        row_of_A = builder.select(is_first, m, k)
        row_of_B = builder.select(is_second, k, n)
        return _gemm(
            context, builder, number, blas, form, m, n, k, A, row_of_A, B, row_of_B, C,
            n,
        )  # fmt: skip

    return types.void(*(types.intp,) * 5, A, B, C), codegen


@intrinsic
def multiply_parts(  # type: ignore[no-untyped-def]
    typing_context, blas, form, m, n, k, A, at_A, row_of_A, B, at_B, row_of_B, C, at_C,
    row_of_C,
):  # fmt: skip
    """The same of parts of larger matrices.

    A part begins at some number of its matrix, and its rows are so many numbers apart.
    """

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        sizes, parts = values[:5], (values[5:8], values[8:11], values[11:14])
        number = context.get_value_type(signature.args[5].dtype)
        given = []
        for array, start, row in parts:
            given += [builder.gep(array, [start]), row]
        return _gemm(context, builder, number, *sizes, *given)

    of_parts = [t for array in (A, B, C) for t in (array, types.intp, types.intp)]
    return types.void(*(types.intp,) * 5, *of_parts), codegen
