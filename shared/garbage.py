"""A process looks for garbage rarely, and never among what it keeps for good.

Every event makes a few dozen objects that live as long as its batch. Python's own setting looks
through what is alive after each 700 of them, which took nearly half the time of folding events.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BETWEEN = 50_000


def look_for_garbage_rarely() -> None:
    """Call once in a process, when what it consists of is imported and before it works."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN)


@contextmanager
def kept_for_good() -> Iterator[None]:
    """Make very many objects in some milliseconds, none of which is ever looked through again.

    They still end when nobody refers to them; only what refers to itself in a circle, of them and
    of all that is alive just then, would stay. It holds for all threads, and whoever ends first of
    several lets garbage be looked for again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
