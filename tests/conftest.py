from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from harness import guide
from harness.engines.runtime import set_switches

# Before a test imports torch: MKL's own switches decide the last bit of a network's numbers. Two workers with two
# threads each are slower than with one; where the number of threads matters, a test names it.
set_switches()
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell that starts the suite in the background has it ignore Ctrl-C, and so would all programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The encoder reads a stay for a second or two, and many tests learn a guide on their way to something else: of two
# stays. What is told of the guide itself, and the main job's processes, learn it of as many as a user's.
GUIDE_SAMPLE, guide.SAMPLE = guide.SAMPLE, 2
# How long an example takes is for the machine to say.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
SHARED = Path(__file__).resolve().parents[2] / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")


def forget(plugin: Path) -> None:
    """Let a file given with --plugin be imported anew, as it is by each command, which has a process of its own."""
    for name in [name for name, module in sys.modules.items() if getattr(module, "__file__", None) == str(plugin)]:
        del sys.modules[name]


_LONGEST = ("test_main_job.py", "test_engine.py", "test_contract.py", "test_run.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest first, so that two workers, to each a file at a time, end together."""
    items.sort(key=lambda item: _LONGEST.index(item.path.name) if item.path.name in _LONGEST else len(_LONGEST))


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from harness.corpora.synthetic import synthesize

    folder = tmp_path_factory.mktemp("data") / "ward"
    synthesize(folder, 24, 1)
    return folder


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ward of which nobody says that it is public."""
    from harness.corpora.synthetic import synthesize

    folder = tmp_path_factory.mktemp("data") / "hospital"
    synthesize(folder, 24, 3)
    (folder / "corpus.toml").unlink()
    return folder


@pytest.fixture(autouse=True)
def unrestricted() -> Iterator[None]:
    """What a command restricts is free again for the next test: the hook asks the environment."""
    umask, environment = os.umask(0o077), dict(os.environ)
    os.umask(umask)
    yield
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)
