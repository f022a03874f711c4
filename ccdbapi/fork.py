"""What a forked child must leave alone."""

from __future__ import annotations

import ctypes


def keep_forever(inherited: object) -> None:
    """Keeps the child's garbage collector from finalizing what belongs to the parent.

    Parent and child share one epoll instance and the sockets: a finalizer that unregisters or closes one in the child
    would deafen the parent's event loop. Threads, on the other hand, only the parent has. One reference that is never
    given back prevents it.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))
