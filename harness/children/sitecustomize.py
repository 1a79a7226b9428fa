"""Python runs this first in every child of a restricted process: it installs the guard of `harness.privacy`, then runs
the `sitecustomize` that the child would have run without us. A child that cannot load the guard ends here.

Whichever Python the child is, an old one too, it has to be able to parse this file: what does not parse stops no child.
"""

import os
import sys

try:
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec
    from pathlib import Path

    _here = Path(__file__).parent
    _house = str(_here.parents[1])
    sys.path[:] = [path for path in sys.path if path != str(_here)]
    sys.path.insert(0, _house)
    from harness.privacy import inherit

    sys.path.remove(_house)
    inherit()
except Exception as error:
    _said = (
        "harness: a child was stopped: its Python " + sys.version.split()[0] + " cannot load the guard that refuses "
        "connections while a restricted corpus is loaded (" + type(error).__name__ + ")\n"
        "  -> start it with the Python that runs the harness: sys.executable\n"
    )
    try:
        os.write(2, _said.encode())
    finally:
        os._exit(1)  # an exception, SystemExit too, would end in a traceback or in a child that runs on

_theirs = PathFinder.find_spec("sitecustomize")
if _theirs and _theirs.loader:
    _theirs.loader.exec_module(module_from_spec(_theirs))
