"""Python runs this first in every child of a restricted process: it installs the guard of `harness.privacy`, then runs
the `sitecustomize` that the child would have run without us."""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

_here = Path(__file__).parent
_house = str(_here.parents[1])

sys.path[:] = [_house, *(path for path in sys.path if path != str(_here))]
try:
    from harness.privacy import inherit
finally:
    sys.path.remove(_house)
inherit()

_theirs = PathFinder.find_spec("sitecustomize")
if _theirs and _theirs.loader:
    _theirs.loader.exec_module(module_from_spec(_theirs))
