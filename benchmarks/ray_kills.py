"""kill -9 a Ray worker at a random moment of a run, ten times over, and compare each submission with that of one process
without Ray; then kill the head node of a cluster, start it again, and give the same command again.

    python -m benchmarks.ray_kills [--seed S] [--kills 10] [--stays 120] [--new-tokens 32]

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
budget = 200
shot_budget = 100
unit = "tokens"
max_new_tokens = {tokens}
"""
HEAD = "127.0.0.1:6399"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--stays", type=int, default=120, help="of the ward; about an eighth of them is written for")
    parser.add_argument("--new-tokens", type=int, default=32)
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        synthesize(folder / "ward", args.stays, 3)
        (folder / "kills.toml").write_text(LINEUP.format(tokens=args.new_tokens))
        return compare(folder, random.Random(args.seed), args.kills)


def compare(folder: Path, rng: random.Random, kills: int) -> int:
    started = time.monotonic()
    done = submit(folder, "alone").wait()
    wanted, texts = digests(folder / "alone"), clusters.kept(folder / "alone")
    print(
        f"one process: exit {done}, {texts} texts, {time.monotonic() - started:.0f} s, csv {wanted[0][:16]}", flush=True
    )
    same = [killed(folder, number, rng, texts) == wanted for number in range(1, kills + 1)]
    same.append(head_restarted(folder, rng, texts) == wanted)
    print(f"{sum(same)} of {len(same)} submissions and manifests are those of one process")
    return 0 if all(same) and done == 0 else 1


def killed(folder: Path, number: int, rng: random.Random, texts: int) -> tuple[str, ...]:
    """One run on two workers, one of which is killed once so many texts are kept."""
    label = f"kill-{number}"
    moment, started = rng.randrange(texts - 2), time.monotonic()
    command = submit(folder, label, "--workers", "2")
    if moment == 0:
        while not clusters.workers(command.pid) and command.poll() is None:
            time.sleep(0.05)
    clusters.wait_for(moment, folder / label, command)
    time.sleep(rng.uniform(0, 2))
    found = clusters.workers(command.pid)
    victim, kept = rng.choice(found or [0]), clusters.kept(folder / label)
    clusters.kill([victim] if victim else [])
    code = command.wait()
    print(
        f"kill {number}: worker {found.index(victim) + 1 if victim else '-'} of {len(found)} with {kept} texts kept: exit "
        f"{code}, {clusters.kept(folder / label)} lines, {time.monotonic() - started:.0f} s, "
        f"csv {digests(folder / label)[0][:16]}",
        flush=True,
    )
    return digests(folder / label)


def head_restarted(folder: Path, rng: random.Random, texts: int) -> tuple[str, ...]:
    """One run on a cluster that is joined, whose every process is killed; then the same command on a new cluster."""
    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    head = start_head(folder)
    moment = rng.randrange(1, texts // 2)
    command = submit(folder, "head", "--ray", HEAD, "--workers", "2")
    clusters.wait_for(moment, folder / "head", command)
    kill_head(head)
    started = time.monotonic()
    code = command.wait()
    kept = clusters.kept(folder / "head")
    print(f"head killed with {kept} texts kept: exit {code} after {time.monotonic() - started:.0f} s", flush=True)
    print("  " + "\n  ".join(line for line in (folder / "head.log").read_text().splitlines() if "harness:" in line))
    head = start_head(folder)
    code = submit(folder, "head", "--ray", HEAD, "--workers", "2").wait()
    kill_head(head)
    print(
        f"again: exit {code}, {clusters.kept(folder / 'head')} lines, csv {digests(folder / 'head')[0][:16]}",
        flush=True,
    )
    return digests(folder / "head")


def start_head(folder: Path) -> subprocess.Popen[bytes]:
    ray = Path(sys.executable).with_name("ray")
    spill = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
    head = subprocess.Popen(
        [ray, "start", "--head", f"--port={HEAD.partition(':')[2]}", "--num-cpus=2", f"--temp-dir={spill}"]
        + ["--include-dashboard=false", "--disable-usage-stats", "--block"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
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


if __name__ == "__main__":
    sys.exit(main())
