"""Why it failed: the text of a log -> `Failure` values. No I/O.

    lines.py       raw lines -> what was said, by which process, at which level
    tracebacks.py  lines -> exceptions with their frames, also interleaved and chained
    place.py       which frame is the user's own code
    reading.py     lines -> what was recognised, in order, apart for each attempt to start
    diagnosis.py   one attempt -> the cause, and not what came of it
    wording.py     a failure -> rows for a person

What is recognised stands in `portside.knowledge.failures`.
"""

from portside.failures.failure import Failure, Place
from portside.failures.reading import Reader, explain

__all__ = ["Failure", "Place", "Reader", "explain"]
