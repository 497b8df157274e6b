"""The client of a cluster, and its libraries, which are imported when they are used."""

from __future__ import annotations

from typing import Any


def libraries() -> tuple[Any, Any]:
    """The modules dask and distributed.

    Raises
    ------
    ImportError
        If one of them is missing.
    """
    try:
        import dask
        import distributed
    except ImportError as error:
        raise ImportError(
            "sklearn_bpnet.dask needs the packages dask and distributed: "
            "pip install 'sklearn_bpnet[dask]'."
        ) from error
    return dask, distributed


def client_of(client: Any) -> Any:
    """The given client, or the running one.

    Raises
    ------
    ValueError
        If none is given and none is running, or it is not connected.
    """
    _, distributed = libraries()
    if client is None:
        try:
            client = distributed.Client.current(allow_global=True)
        except ValueError:
            raise ValueError(
                "client=None, and no Dask client is running in this process. Start one "
                "before fit: from dask.distributed import Client; client = Client() "
                "starts workers on this machine, Client('address:8786') connects to a "
                "cluster."
            ) from None
    if not isinstance(client, distributed.Client):
        raise TypeError(
            f"client must be a dask.distributed.Client or None; got {client!r}."
        )
    if client.asynchronous:
        raise ValueError(
            "client is asynchronous, but fit waits for its results. Use "
            "Client(..., asynchronous=False)."
        )
    if client.status != "running":
        raise ValueError(
            f"client is not connected: its status is {client.status!r}. Start another "
            "one with dask.distributed.Client()."
        )
    return client
