"""The three kinds of error; the kind decides what happens to the work.

::

    NewswireError
    ├── Permanent   this input will never succeed: dead-letter it, its neighbours go on
    ├── Transient   it may succeed later: retry with backoff, then abort the batch and take it again
    └── Fatal       this process must not go on: stop it and let the supervisor start another
        └── Fenced  another instance owns our work now
"""


class NewswireError(Exception):
    """Base of every error that this package raises on purpose."""


class Permanent(NewswireError):
    """The input itself is at fault and no retry will help.

    Args:
        code: a short machine-readable cause from a closed set, used as a metric label (``bad_json``).
        why: one sentence for people.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


class Transient(NewswireError):
    """Something outside is unwell; the same work may succeed later."""


class Fatal(NewswireError):
    """This process cannot go on safely and must exit non-zero."""


class Fenced(Fatal):
    """Another instance has taken over this member's partitions or transactional id."""
