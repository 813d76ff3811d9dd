"""A name for this process that is the same after a restart and unique on its machine."""

import fcntl
import socket
from collections.abc import Callable
from itertools import count
from pathlib import Path

from pipeline.errors import Fatal


def claim(folder: Path) -> tuple[str, Callable[[], None]]:
    """The first free of ``<host>-0``, ``<host>-1`` ..., and what gives it back.

    A group fences a member whose name another one takes over, so two processes must never share a name; and
    one that restarts wants its old name, to get its partitions back at once. A lock on a file in `folder` gives
    both: the system lets go of it when the process ends, however it ends.

    Raises:
        Fatal: the folder can't be written.
    """
    host = socket.gethostname()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count():
            lock = (folder / f"{host}-{number}.lock").open("wb")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
            else:
                return f"{host}-{number}", lock.close
    except OSError as error:
        raise Fatal(f"{folder}: can't write here: {error.strerror}") from error
    raise AssertionError("counting never ends")
