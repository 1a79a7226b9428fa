"""kill -9 Ray workers at random moments of a run, ten runs with one kill each, and compare each submission with that of
one process without Ray; then kill the head node of a cluster, start it again, and give the same command again.

    python -m benchmarks.ray_kills [--seed S] [--runs 10] [--kills 1] [--stays 120] [--new-tokens 8] [--keep FOLDER]

The system is few-shot on the embedded model, one thread a process, two workers, 16 cases (120 stays of the ward).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.corpora.synthetic import synthesize
from tests import clusters

LINEUP = """
[engine]
dtype = "float32"
threads = 1
batch_size = 2

[encoder]
threads = 1

[systems.few-shot]
budget = 100
shot_budget = 50
unit = "tokens"
max_new_tokens = {tokens}
"""
HEAD = "127.0.0.1:6399"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--kills", type=int, default=1, help="in each run")
    parser.add_argument("--stays", type=int, default=120, help="of the ward; about an eighth of them is written for")
    parser.add_argument("--new-tokens", type=int, default=8)
    parser.add_argument("--keep", type=Path, help="a folder for the runs; what is there already is gone on with")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or Path(scratch)
        if not (folder / "ward").is_dir():
            synthesize(folder / "ward", args.stays, 3)
        (folder / "kills.toml").write_text(LINEUP.format(tokens=args.new_tokens))
        return compare(folder, random.Random(args.seed), args.runs, args.kills)


def compare(folder: Path, rng: random.Random, runs: int, kills: int) -> int:
    started = time.monotonic()
    done = submit(folder, "alone").wait()
    wanted, texts = digests(folder / "alone"), clusters.kept(folder / "alone")
    seconds = time.monotonic() - started
    print(f"one process: exit {done}, {texts} texts, {seconds:.0f} s, csv {short(wanted)}", flush=True)
    made, hits = zip(*(killed(folder, f"killed-{at}", rng, texts, kills) for at in range(1, runs + 1)), strict=True)
    same = [one == wanted for one in made]
    same.append(head_restarted(folder, rng, texts)[:2] == wanted[:2])  # its manifest names the cluster's machines
    print(f"{sum(hits)} of {runs * kills} kills met a worker")
    print(f"{sum(same)} of {len(same)} submissions are that of one process")
    return 0 if all(same) and sum(hits) == runs * kills and done == 0 else 1


def killed(folder: Path, label: str, rng: random.Random, texts: int, kills: int) -> tuple[tuple[str, ...], int]:
    """One run on two workers, one of which is killed each time that a random number of texts is kept: the digests of
    what came of it, and how many kills met a worker (none does where the run is over sooner)."""
    moments, hits, started = sorted(rng.sample(range(texts - 2), kills)), 0, time.monotonic()
    command = submit(folder, label, "--workers", "2")
    for moment in moments:
        clusters.wait_for(moment, folder / label, command)
        while not clusters.workers(command.pid) and command.poll() is None:
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 2))
        found, kept = clusters.workers(command.pid), clusters.kept(folder / label)
        clusters.kill([rng.choice(found)] if found else [])
        hits += bool(found)
        print(f"  {label}: {'a worker' if found else 'NOBODY'} killed with {kept} texts kept", flush=True)
    code = command.wait()
    made, lines, seconds = digests(folder / label), clusters.kept(folder / label), time.monotonic() - started
    print(f"{label}: exit {code}, {lines} lines, {seconds:.0f} s, csv {short(made)}", flush=True)
    return made, hits


def head_restarted(folder: Path, rng: random.Random, texts: int) -> tuple[str, ...]:
    """One run on a cluster that is joined, whose every process is killed; then the same command on a new cluster."""
    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    head = start_head(folder)
    command = submit(folder, "head", "--ray", HEAD, "--workers", "2")
    clusters.wait_for(rng.randrange(1, texts // 2), folder / "head", command)
    kill_head(head)
    started = time.monotonic()
    code = command.wait()
    kept, told = clusters.kept(folder / "head"), (folder / "head.log").read_text().rpartition("harness:")[2]
    print(
        f"head killed with {kept} texts kept: exit {code} after {time.monotonic() - started:.0f} s:{told}", flush=True
    )
    head = start_head(folder)
    code = submit(folder, "head", "--ray", HEAD, "--workers", "2").wait()
    kill_head(head)
    made = digests(folder / "head")
    print(f"again: exit {code}, {clusters.kept(folder / 'head')} lines, csv {short(made)}", flush=True)
    return made


def start_head(folder: Path) -> subprocess.Popen[bytes]:
    ray, port = Path(sys.executable).with_name("ray"), HEAD.partition(":")[2]
    options = f"--port={port} --num-cpus=2 --temp-dir={folder / 'ray'} --include-dashboard=false --disable-usage-stats"
    command = [str(ray), "start", "--head", "--block", *options.split()]
    quiet = subprocess.DEVNULL
    head = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
    while not answers():
        time.sleep(0.2)
    time.sleep(10)  # the node has to register, too
    return head


def answers() -> bool:
    host, _, port = HEAD.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def kill_head(head: subprocess.Popen[bytes]) -> None:
    clusters.kill([*clusters.below(head.pid), head.pid])
    head.wait()
    while answers():
        time.sleep(0.2)


def submit(folder: Path, out: str, *more: str) -> subprocess.Popen[bytes]:
    arguments = ["submit", "few-shot", "--lineup", "kills.toml", "--data", "ward", "--scorers", "bleu", "--out", out]
    return clusters.begin([*arguments, *more], folder, folder / f"{out}.log")


def digests(folder: Path) -> tuple[str, ...]:
    """Of the csv, the zip and the manifest."""
    paths = [path for name in ("csv", "zip") for path in folder.rglob(f"submission.{name}")]
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in [*paths, *folder.rglob("manifest.json")])


def short(made: tuple[str, ...]) -> str:
    return made[0][:16] if made else "missing"


if __name__ == "__main__":
    sys.exit(main())
