"""The harness beside the bare engine, called directly on the same prompts, in one run: what the harness adds.

    python -m benchmarks.engines [--prompts 500] [--new 32] [--lineup embedded] [--set batch_size=16]...

A synthetic ward is written and few-shot's prompts about it are made, which is also when what is learned once is learned
(order of sections, vectors of the examples). Then the line-up's engine is given all prompts of a field in one call, as
it comes; and the harness makes a run of it: prompts, engine, post-processing, every candidate on disk before the next.
The engine is the same object and loaded before. Texts have to be equal. Short texts are asked for: beside longer ones
the harness's share is smaller. Ends with 1 where texts differ, or where the time outside the engine's call is 5 % or
more of the whole.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import Any

from harness.competitor import Competitor, find_competitor
from harness.contest import Contest, open_contest
from harness.corpora import open_corpus
from harness.corpora.synthetic import SHARES, synthesize
from harness.engines.wrapped import Wrapped
from harness.files import private_folder
from harness.lineup import Lineup, build, find_lineup, parse_assignments, read_lineup
from harness.pace import Pace, lines, noting
from harness.plugins import registry
from harness.run import Generated, Run, generate
from harness.types import Completion, Engine, Prompt, Sampling

SYSTEM, SPLIT = "few-shot", "test_phase_1"
AIM = 0.05
Asked = list[tuple[Sequence[Prompt], Sampling]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--new", type=int, default=32, help="tokens of the longest text")
    parser.add_argument("--lineup", default="embedded")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="settings of the engine")
    args = parser.parse_args()
    lineup = read_lineup(find_lineup(args.lineup))
    engine = {**dataclasses.asdict(lineup.engine), **parse_assignments(args.set)}
    lineup = replace(lineup, engine=build(type(lineup.engine), engine, "--set"))
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HARNESS_WORKSPACE"] = f"{scratch}/workspace"
        return compare(Path(scratch), lineup, args.prompts, args.new)


def compare(scratch: Path, lineup: Lineup, prompts: int, new: int) -> int:
    contest, competitor = prepared(scratch, lineup, prompts, {"max_new_tokens": new})
    engine = contest.resources.engine
    asked = prompts_of(contest, competitor, scratch / "prompts")
    lengths = sorted(engine.count_prompt(one.messages) for some, _ in asked for one in some)
    print(f"{len(lengths)} prompts of {lengths[0]} to {lengths[-1]} tokens, at most {new} new ones; {lineup.engine}")
    warm(engine, asked)
    alone, bare = directly(engine, asked)
    say("the bare engine", bare)
    texts, run = through_the_harness(contest, competitor, scratch / "run")
    say("through the harness", run)
    equal = sum(texts[place] == text for place, text in alone.items())
    share = run.outside_seconds / run.seconds
    print(f"{equal} of {len(alone)} texts equal; the whole took {run.seconds / bare.seconds - 1:+.1%}")
    print(f"outside the engine's call: {share:.2%}, {1000 * run.outside_seconds / len(lengths):.1f} ms a prompt")
    print(f"the aim is under {AIM:.0%}: {'met' if share < AIM else 'MISSED'}")
    return int(share >= AIM or equal < len(alone))


def say(who: str, pace: Pace) -> None:
    print(f"{who}: {pace.seconds:.1f} s", *lines(pace), sep="\n  ", flush=True)


# --------------------------------------------------------------------------- the prompts


def prepared(scratch: Path, lineup: Lineup, prompts: int, settings: Mapping[str, Any]) -> tuple[Contest, Competitor]:
    plugins = registry(())
    task = plugins.task("discharge-me")
    stays = ceil(prompts / len(task.fields))
    synthesize(scratch / "ward", ceil(stays / SHARES[SPLIT]) + len(SHARES), seed=0)
    corpus = open_corpus(scratch / "ward", task, SPLIT)
    contest = open_contest(task, corpus, SPLIT, lineup, plugins, scratch, limit=stays)
    return contest, find_competitor(SYSTEM, plugins, lineup, task, settings)


@dataclass(frozen=True)
class Recorder(Wrapped):
    """An engine that writes nothing and keeps what it is asked."""

    asked: Asked = field(default_factory=list)

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        self.asked.append((prompts, sampling))
        return iter(())

    def adapted(self, adapter: Path) -> Engine:
        return self.engine.adapted(adapter)


def prompts_of(contest: Contest, competitor: Competitor, folder: Path) -> Asked:
    """What the system asks, field by field."""
    started, resources = time.perf_counter(), contest.resources
    recorder, engine = Recorder(resources.engine), resources.engine
    resources.engine = recorder
    a_run(contest, competitor, folder, Pace())
    resources.engine = engine
    print(f"learned once, and prompts made: {time.perf_counter() - started:.1f} s")
    return recorder.asked


# --------------------------------------------------------------------------- the two ways


def warm(engine: Engine, asked: Asked) -> None:
    prompts, sampling = asked[0]
    list(engine.complete(prompts[:1], replace(sampling, max_new_tokens=2)))


def directly(engine: Engine, asked: Asked) -> tuple[dict[Any, str], Pace]:
    """The raw texts by place, and the pace: all of the time is the engine's."""
    texts, pace, started = {}, Pace(), time.perf_counter()
    for prompts, sampling in asked:
        for at, (completion,) in engine.complete(prompts, sampling):
            pace.count(completion)
            texts[prompts[at].case, prompts[at].field] = completion.text
    pace.seconds = pace.engine_seconds = time.perf_counter() - started
    return texts, pace


def through_the_harness(contest: Contest, competitor: Competitor, folder: Path) -> tuple[dict[Any, str], Pace]:
    with noting(private_folder(folder)) as pace:
        generated = a_run(contest, competitor, folder, pace)
    return {place: found[0].raw for place, found in generated.candidates.items()}, pace


def a_run(contest: Contest, competitor: Competitor, folder: Path, pace: Pace) -> Generated:
    private_folder(folder)
    return generate(Run(folder, competitor, contest.cases, contest.task, contest.seed, contest.resources, pace))


if __name__ == "__main__":
    sys.exit(main())
