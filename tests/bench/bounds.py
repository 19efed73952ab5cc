"""How a measuring program ends: what missed a bound is another thing than what went wrong.

Times of one run on a machine that others use say too much by chance, so `.ci/run` measures again where a program ends with `MISSED`; a
wrong result is an error, and nothing is tried again after it.
"""

import sys

MISSED = 9


def end(missed, is_gate):
    """Prints each text of what was missed, and ends the program."""
    for miss in missed:
        print(f"  MISSED {miss}")
    sys.exit(MISSED if is_gate and missed else 0)
