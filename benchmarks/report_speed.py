"""What a report of a large board takes: time to build, bytes, and how soon a browser paints it.

    python -m benchmarks.report_speed [--systems 200] [--stays 10962] [--seed 0] [--runs 5]

The score cards and their statistics are made here (random scores, no text), as `harness score` writes them; then the
command `harness leaderboard --format html` runs on them in a process of its own, and Chromium opens the page.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from harness.score import Measured, Stats
from harness.scorecard import make_card, write_cards
from harness.tasks.discharge_me import discharge_me
from harness.types import Manifest, Signature

TASK = discharge_me()
FIELDS = tuple(field.name for field in TASK.fields)
COLUMNS = tuple(column.key for column in TASK.columns)
QUIET = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"


def write_run(folder: Path, at: int, systems: int, stays: int, seed: int) -> None:
    """One system's card and statistics: how hard a case is, how good the system, and chance."""
    random = np.random.default_rng([seed, at])
    hard = np.random.default_rng(seed).normal(0, 0.1, (len(FIELDS), stays, 1))
    level = 0.2 + 0.3 * at / systems
    values = np.clip(level + hard + random.normal(0, 0.1, (len(FIELDS), stays, len(COLUMNS))), 0, 1)
    shape = values.shape[:2]
    stats = Stats(
        fields=FIELDS,
        columns=COLUMNS,
        ids=tuple(f"{case:016x}" for case in range(stays)),
        groups=tuple(f"{case * 4 // 5:016x}" for case in range(stays)),
        values=values,
        failed=np.zeros(shape, np.bool_),
        short=np.zeros(shape, np.bool_),
        refused=np.zeros(values.shape, np.uint16),
        reasons=(),
        ledger=(),
        seen=np.zeros((*shape, 0, 2)),
        words=random.poisson(200, (*shape, 2)).astype(np.uint32),
        grade=random.normal(9, 2, shape),
    )
    label = f"system-{at:03}"
    signatures = {column: Signature({"metric": column}, {}) for column in COLUMNS}
    measured = Measured(stats, "made", "made", signatures, dict.fromkeys(COLUMNS, "made"), ())
    folder.mkdir(parents=True)
    write_cards([make_card(measured, manifest(label, stays), TASK, "corrected")], stats, folder)


def manifest(label: str, stays: int) -> Manifest:
    return Manifest(
        task=TASK.name,
        task_version=TASK.version,
        corpus="made",
        corpus_digest="made",
        restricted=True,
        split=TASK.default_split,
        cases=stays,
        partial=False,
        ids_digest="made",
        system=label,
        label=label,
        settings={},
        seed=0,
        origin="generated",
        model_digests={},
        packages={},
        revision="",
        hosts=(),
        leak_check={"clean": stays},
        candidates_digest=label,
        csv_digest=label,
    )


def first_paints(page: Path, runs: int) -> list[float]:
    """Milliseconds from opening the page to its first paint with content, each in an empty profile."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        return []
    arguments = [*QUIET.split(), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for _ in range(runs):
            context = browser.new_context()
            tab = context.new_page()
            tab.goto(page.as_uri())
            tab.locator("#board tbody tr").last.wait_for()
            found.append(tab.evaluate(PAINT))
            context.close()
        browser.close()
    return found


PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => resolve(
    list.getEntriesByName("first-contentful-paint")[0].startTime)).observe({ type: "paint", buffered: true }))"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--stays", type=int, default=10_962)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5)
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        runs, out = Path(scratch) / "submissions", Path(scratch) / "report"
        for at in range(settings.systems):
            write_run(runs / f"system-{at:03}", at, settings.systems, settings.stays, settings.seed)
        command = [sys.executable, "-m", "harness.cli", "leaderboard", str(runs), "--format", "html", "--out", str(out)]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = sum(path.stat().st_size for path in out.rglob("*"))
        print(f"{settings.systems} systems, {settings.stays:,} stays: {seconds:.1f} s", end=", ")
        print(f"{used.ru_utime + used.ru_stime:.1f} s of processors, peak {used.ru_maxrss / 1024:,.0f} MB")
        print(f"public report: {size / 1e6:.2f} MB")
        if paints := first_paints(out / "index.html", settings.runs):
            print(f"first contentful paint: median {statistics.median(paints):.0f} ms, slowest {max(paints):.0f} ms")


if __name__ == "__main__":
    main()
