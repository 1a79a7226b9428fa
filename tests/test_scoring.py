"""Scorers at work: what is kept is not measured again, whoever is killed; the number of processes changes nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import Pair
from harness.errors import ScoreError
from harness.measure import Rows
from harness.panel import Choice, OpenScorer, ScorerContext
from harness.plugins import registry
from harness.privacy import is_restricted
from harness.score_cache import ScoreCache, pair_key
from harness.scoring import Scoring
from harness.workers import Batch, measure_here
from tests import clusters

PLUGIN = '''
import os, socket, sys, time
from dataclasses import dataclass
import numpy as np
from harness import CannotJudge, Pair, Signature, scorer

@scorer("slow", batch=3)
@dataclass(frozen=True)
class Slow:
    """Notes in `log` what it measures, and in which process."""

    log: str = ""
    seconds: float = 0.0
    scale: float = 1.0
    columns = ("length", "vowels")

    def open(self, context):
        return Opened(self)

class Opened:
    columns = Slow.columns

    def __init__(self, settings):
        self.settings = settings

    def measure(self, pairs):
        with open(self.settings.log, "a") as log:
            for pair in pairs:
                log.write(f"{os.getpid()} {pair.case} {pair.field}\\n")
        for at, pair in enumerate(pairs):
            match pair.hypothesis:
                case "die": os._exit(9)
                case "raise": raise LookupError(pair.reference)
                case "refuse": raise CannotJudge("it says so", at=at)
                case "call": socket.create_connection(("192.0.2.1", 80), timeout=1)
                case "environment": sys.stderr.write(os.environ.get("HF_HUB_OFFLINE", "") + " offline\\n")
            time.sleep(self.settings.seconds)
        scale = self.settings.scale
        return np.array([[len(p.hypothesis) / 7 * scale, sum(map(p.hypothesis.count, "aeiou"))] for p in pairs])

    def truncated(self, pairs):
        return np.array([[len(p.hypothesis.split()), 0] for p in pairs], dtype=float).reshape(len(pairs), 2)

    def worst(self, column):
        return 0.0

    def signature(self, column):
        return Signature({"metric": column, "scale": str(self.settings.scale)}, {})
'''


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(PLUGIN)
    return tmp_path / "log"


def scoring(log: Path, jobs: int = 1, **settings: Any) -> Scoring:
    folder = log.parent
    choice = Choice(registry([folder / "slow.py"]).entry("scorer", "slow"), {"log": str(log), **settings}, "f.toml")
    return Scoring([choice], ScorerContext("en", folder), folder / "kept.sqlite", jobs)


def pairs(count: int, text: str = "a text of case {}") -> list[Pair]:
    return [Pair(str(i), f"s{i}", "course", f"reference {i}", text.format(i)) for i in range(count)]


def measure(log: Path, what: Sequence[Pair], jobs: int = 1, **settings: Any) -> Any:
    with scoring(log, jobs, **settings) as session:
        (rows,) = session.measure(what, lambda _: None)
    return rows


def measured(log: Path) -> list[str]:
    """The cases in the order in which they were measured."""
    return [line.split()[1] for line in log.read_text().splitlines()] if log.exists() else []


# --------------------------------------------------------------------------- what is kept


def test_nothing_is_measured_twice(log: Path) -> None:
    first = measure(log, pairs(10))
    assert first.cells.shape == (10, 4)  # two columns, and what was cut
    assert measured(log) == [str(i) for i in range(10)]
    assert measure(log, pairs(10)).cells.tobytes() == first.cells.tobytes()
    assert len(measured(log)) == 10
    changed = pairs(10)
    changed[4] = replace(changed[4], hypothesis="another text")
    again = measure(log, changed)
    assert measured(log)[10:] == ["4"]
    assert (again.cells != first.cells).any(axis=1).nonzero()[0].tolist() == [4]


@pytest.mark.parametrize("field", ["case", "group", "field", "reference", "hypothesis"])
def test_a_row_belongs_to_all_that_a_scorer_sees(log: Path, field: str) -> None:
    measure(log, pairs(1))
    measure(log, [replace(pairs(1)[0], **{field: "other"})])  # type: ignore[arg-type]
    assert len(measured(log)) == 2


five_texts = st.lists(st.text(st.characters()), min_size=5, max_size=5)


@given(five_texts, five_texts)
def test_unlike_pairs_have_unlike_keys(one: list[str], other: list[str]) -> None:
    first, second = Pair(*one), Pair(*other)
    assert (pair_key(first) == pair_key(second)) == (one == other)
    assert pair_key(Pair("1", "g", "f", "ab", "c")) != pair_key(Pair("1", "g", "f", "a", "bc"))


def test_another_setting_or_an_edited_file_is_another_measure(log: Path) -> None:
    measure(log, pairs(2))
    assert measure(log, pairs(2), scale=2.0).cells[0, 0] == 2 * measure(log, pairs(2)).cells[0, 0]
    assert len(measured(log)) == 4
    (log.parent / "slow.py").write_text(PLUGIN + "# edited\n")
    measure(log, pairs(2))
    assert len(measured(log)) == 6


def test_a_refusal_is_asked_for_again_and_a_row_beside_it_is_kept(log: Path) -> None:
    some = [*pairs(2), *pairs(1, "refuse")]
    for _ in range(2):
        rows = measure(log, [replace(pair, case=str(i)) for i, pair in enumerate(some)])
        assert rows.refusals == {2: "it says so"}
        assert np.isnan(rows.cells).all(axis=1).tolist() == [False, False, True]
    assert measured(log).count("0") == 2  # once in the batch that was refused, once without the refused pair
    assert measured(log).count("2") == 2


def test_a_refusal_that_comes_back_shifts_no_batch(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cuts: list[list[tuple[int, ...]]] = []

    def noted(scorers: Sequence[OpenScorer], batches: Sequence[Batch]) -> Iterator[tuple[Batch, Rows]]:
        cuts.append([batch.at for batch in batches])
        return measure_here(scorers, batches)

    monkeypatch.setattr("harness.scoring.measure_here", noted)
    some = pairs(8)
    some[1] = replace(some[1], hypothesis="refuse")
    measure(log, some[:3])  # as far as a command that is killed then
    measure(log, some)
    whole = [(0, 1, 2), (3, 4, 5), (6, 7)]
    assert cuts == [whole[:1], [(1,), *whole[1:]]]


def test_what_is_kept_is_private_and_what_is_torn_is_named(log: Path) -> None:
    kept = log.parent / "kept.sqlite"
    measure(log, pairs(2))
    assert oct(kept.stat().st_mode & 0o777) == "0o600"
    kept.write_bytes(b"torn" * 100)
    with pytest.raises(ScoreError) as error:
        measure(log, pairs(2))
    assert str(error.value) == (
        f"the kept scores in {kept} cannot be read or written: file is not a database\n"
        "  -> make room on the disk; or delete the file: what it holds is measured again"
    )


def test_two_processes_may_keep_rows_at_once(tmp_path: Path) -> None:
    one, other = ScoreCache(tmp_path / "kept"), ScoreCache(tmp_path / "kept")
    for at in range(20):
        for cache in (one, other):
            cache.put("m", [bytes([at])], np.array([[at / 3]]))
            cache.flush()
    assert one.get("m", [bytes([at]) for at in range(21)], 1)[:, 0].tolist()[:20] == [at / 3 for at in range(20)]
    assert np.isnan(other.get("m", [b"x"], 1)).all()
    assert np.isnan(other.get("m", [bytes([1])], 2)).all()  # of another width: not this row
    one.close()
    other.close()


# --------------------------------------------------------------------------- several processes


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_the_result_does_not_depend_on_the_number_of_processes(log: Path, jobs: int) -> None:
    rows = measure(log, pairs(20), jobs)
    expected = [[len(p.hypothesis) / 7, sum(map(p.hypothesis.count, "aeiou")), 5, 0] for p in pairs(20)]
    assert rows.cells.tolist() == expected
    processes = {line.split()[0] for line in log.read_text().splitlines()}
    assert (str(os.getpid()) in processes) == (jobs == 1)
    with sqlite3.connect(log.parent / "kept.sqlite") as db:
        assert db.execute("SELECT count(*) FROM rows").fetchone() == (20,)
    db.close()


def test_faults_come_out_of_a_process_as_they_are_here(log: Path) -> None:
    bad = [*pairs(4), replace(pairs(1, "raise")[0], case="77")]
    messages = []
    for jobs in (1, 2):
        with pytest.raises(ScoreError) as error:
            measure(log, bad, jobs)
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert "the scorer 'slow' failed: LookupError in slow.py" in messages[0]
    assert "on case 77, course" in messages[0]
    refused = [*pairs(4), replace(pairs(1, "refuse")[0], case="78")]
    assert measure(log, refused, 2).refusals == {4: "it says so"}


def test_a_process_that_dies_ends_the_command_with_a_message_and_keeps_the_rest(log: Path) -> None:
    bad = [*pairs(3), replace(pairs(1, "die")[0], case="66")]
    with pytest.raises(ScoreError) as error:
        measure(log, bad, 2)
    assert str(error.value) == (
        "one of 2 scoring processes ended unasked: killed, perhaps for want of memory\n"
        "  -> what was measured is kept: give the same command again, with fewer --jobs if memory is short"
    )
    assert measure(log, pairs(3), 1).cells.shape == (3, 4)


# --------------------------------------------------------------------------- a command in a process of its own

COMMAND = """
import sys
from pathlib import Path
from tests.test_scoring import measure, pairs
from harness.privacy import restrict

if __name__ == "__main__":
    log, jobs, count, seconds, text = Path(sys.argv[1]), *map(int, sys.argv[2:4]), float(sys.argv[4]), sys.argv[5]
    if "--restricted" in sys.argv:
        restrict()
    try:
        print(measure(log, pairs(count, text), jobs, seconds=seconds).cells.sum())
    except Exception as error:
        sys.exit(str(error))
"""


def command(log: Path, jobs: int, count: int, seconds: float, text: str, *more: str) -> subprocess.Popen[str]:
    script = log.parent / "command.py"
    script.write_text(COMMAND)
    arguments = [sys.executable, str(script), str(log), str(jobs), str(count), str(seconds), text, *more]
    house = str(Path(__file__).resolve().parent.parent)
    return subprocess.Popen(
        arguments, env={**os.environ, "PYTHONPATH": house}, stdout=-1, stderr=-1, text=True, start_new_session=True
    )


def wait_for(lines: int, log: Path) -> None:
    end = time.monotonic() + 60
    while len(measured(log)) < lines and time.monotonic() < end:
        time.sleep(0.02)


def gone(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


@pytest.mark.parametrize("jobs", [1, 2])
def test_kill_9_loses_no_more_than_a_second_and_leaves_no_process(log: Path, jobs: int) -> None:
    """The rows that are there after a kill are not measured again, and all rows are those of an undisturbed command."""
    running = command(log, jobs, 120, 0.05, "a text of case {}")
    wait_for(80, log)
    running.kill()
    running.wait()
    processes = {line.split()[0] for line in log.read_text().splitlines()}
    end = time.monotonic() + 20
    while not all(map(gone, processes)) and time.monotonic() < end:
        time.sleep(0.05)
    assert all(map(gone, processes))
    before = len(measured(log))
    rows = measure(log, pairs(120))
    repeated = len(measured(log)) - 120
    assert 0 <= repeated <= (1.0 / 0.05 + 3) * jobs < before  # what waited for a second, and a batch
    log.unlink()
    (log.parent / "kept.sqlite").unlink()
    assert measure(log, pairs(120)).cells.tobytes() == rows.cells.tobytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_all_processes_without_a_word_from_them(log: Path, jobs: int) -> None:
    running = command(log, jobs, 400, 0.05, "a text of case {}")
    wait_for(8, log)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, err = running.communicate(timeout=30)
    assert err.count("Traceback") == 1  # the parent's own, which harness.cli turns into a line
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert all(gone(line.split()[0]) for line in log.read_text().splitlines())
    assert 3 <= len(measured(log)) < 400


def test_a_process_that_has_just_been_started_says_nothing_of_ctrl_c_either(log: Path) -> None:
    running = command(log, 2, 400, 0.05, "a text of case {}")
    while running.poll() is None and not any("spawn_main" in line for line in clusters.below(running.pid).values()):
        time.sleep(0.005)
    time.sleep(0.05)  # it imports
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert err.count("Traceback") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_restricted_is_restricted_in_every_process(log: Path, jobs: int) -> None:
    done = command(log, jobs, 3, 0, "call", "--restricted")
    _, err = done.communicate(timeout=60)
    assert done.returncode == 1
    assert "a connection to 192.0.2.1 was refused: the corpus that is loaded is restricted" in err
    done = command(log, jobs, 3, 0, "environment", "--restricted")
    _, err = done.communicate(timeout=60)
    assert (done.returncode, err.count("1 offline")) == (0, 3)
    assert not is_restricted()
