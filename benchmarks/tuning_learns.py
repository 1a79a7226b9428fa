"""What does tuning teach? The system qlora beside its own base, on the synthetic ward or on a corpus of yours.

    python -m benchmarks.tuning_learns --out FOLDER [--stays 1100] [--ward-seeds 1 2 3] [--training-seeds 0 1 2]
                                       [--limit N] [--train-limit N] [--epochs 3] [--primed]
                                       [--data FOLDER] [--split S] [--threads 0] [--dtype float32] [--batch-size 8]

Beside each other stand: the base prompted with 0, 1 or 3 shots (the number is chosen on the valid split, by overlap5;
same base, budget, length, stops and repetition control), the systems `nearest` and `lead`, qlora, and qlora taught with
shuffled pairs, which can learn the style alone. "It learned" is said only where true pairs beat shuffled ones in fact
recall: the 95 % interval of the paired difference, by subject, lies above 0. With `--primed` there stand instead, at
equal trained tokens: the task alone (the qlora of the other table), a primer and then the task, a primer with shuffled
answers and then the task.

Everything is kept in FOLDER, and the same command goes on from there: it may take hours. The intervals are about
cases; training seeds are averaged per case and shown beside, as the spread of their means.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness import stats
from harness.contest import Contest, open_contest
from harness.corpora import open_corpus
from harness.corpora.synthetic import synthesize
from harness.corpora.ward.primer import write_primer
from harness.enter import Entered, enter
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.plugins import registry
from harness.run import adapters
from harness.scorecard import read_stats
from harness.tuning.adapters import MANIFEST, SHIPPED, AdapterManifest, read_manifest

SHOTS = (0, 1, 3)
VALID_CASES = 12
SCORERS = ("bleu", "rouge", "meteor")
COLUMNS = {"overlap5": ("bleu", "rouge1", "rouge2", "rougel", "meteor")}
FACTS = {name: (name,) for name in ("fact_recall", "fact_critical", "fact_precision")}
PRIMER_STAYS = 400
TASK_ONLY, PRIMED, PRIMED_BY_SHUFFLED = "qlora, task only", "qlora, primer first", "qlora, shuffled primer first"


@dataclass(frozen=True)
class Entry:
    """A system's scores on one split: `values` of shape (fields, cases, columns), cases in ascending order of ids."""

    fields: tuple[str, ...]
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    values: Any
    named: Mapping[str, float] = field(default_factory=dict)
    tokens: int = 0
    steps: int = 0


@dataclass(frozen=True)
class Course:
    """One ward (or corpus) on which everybody competes."""

    name: str
    data: Path
    split: str
    asked: argparse.Namespace

    def contest(self, split: str, limit: int | None) -> Contest:
        plugins = registry()
        task = plugins.task("discharge-me")
        corpus = open_corpus(self.data, task, split)
        scorers = (*SCORERS, *corpus.scorers)
        lineup = read_lineup(_lineup(self.asked))
        root = self.asked.out / "submissions" / self.data.name
        return open_contest(task, corpus, split, lineup, plugins, root, limit=limit, scorers=scorers, cut_leaks=True)

    def tables(self) -> Iterator[tuple[str, Sequence[Entry]]]:
        """(row of the table, one entry a training seed), as they are done."""
        if self.asked.primed:
            yield from self.primed(self.contest(self.split, self.asked.limit))
        else:
            yield from self.tuned()

    def tuned(self) -> Iterator[tuple[str, Sequence[Entry]]]:
        valid, contest = self.contest("valid", VALID_CASES), self.contest(self.split, self.asked.limit)
        budgets = [few_shot(valid, shots) for shots in SHOTS]
        means = {shots: entry_of(valid, one).named["overlap5"] for shots, one in zip(SHOTS, budgets, strict=True)}
        best = max(means, key=lambda shots: means[shots])
        told = ", ".join(f"{shots} shots {mean:.4f}" for shots, mean in means.items())
        print(f"{self.name}: few-shot on {len(valid.ids)} valid cases, overlap5: {told}", flush=True)
        yield "few-shot", [entry_of(contest, few_shot(contest, best))]
        for name in ("nearest", "lead"):
            yield name, [entry_of(contest, enter(contest, name))]
        for name, settings in {"qlora": {}, "qlora, shuffled pairs": {"shuffled": True}}.items():
            yield name, self.tune(contest, name, settings)

    def primed(self, contest: Contest) -> Iterator[tuple[str, Sequence[Entry]]]:
        """A primer takes half of the tokens that the task alone is given. Its notes are longer than a row, so each of
        its rows is full, and it needs fewer steps for as many tokens."""
        alone = self.tune(contest, "qlora", {})
        yield TASK_ONLY, alone
        tuning = contest.lineup.entrants["qlora"].settings
        full = tuning["accumulation"] * tuning["sequence_length"]
        half = {"prime_steps": round(alone[0].tokens / 2 / full), "steps": alone[0].steps - alone[0].steps // 2}
        for name, kind in ((PRIMED, "primer"), (PRIMED_BY_SHUFFLED, "primer-shuffled")):
            primer = self.asked.out / f"{kind}.jsonl"
            if not primer.exists():
                write_primer(primer, PRIMER_STAYS, seed=0, shuffle=name == PRIMED_BY_SHUFFLED)
            yield name, self.tune(contest, name, {**half, "prime_on": (str(primer),)})

    def tune(self, contest: Contest, name: str, settings: Mapping[str, Any]) -> list[Entry]:
        """One entry a training seed."""
        common = {"train_limit": self.asked.train_limit, "epochs": self.asked.epochs, **settings}
        found = []
        for seed in self.asked.training_seeds:
            label = f"{name.replace(', ', '-').replace(' ', '-')}-seed{seed}"
            entered = enter(contest, "qlora", label=label, overrides={**common, "training_seed": seed})
            taught = self.taught(entered)
            tokens, steps = sum(one.tokens for one in taught), sum(one.steps for one in taught)
            found.append(replace(entry_of(contest, entered), tokens=tokens, steps=steps))
        return found

    def taught(self, entered: Entered) -> list[AdapterManifest]:
        """The adapters of a run: the one that wrote, and those that it was trained on from."""
        made = self.asked.out.glob(f"workspace/**/adapters/*/{MANIFEST}")
        found = (*made, *SHIPPED.glob(f"*/{MANIFEST}"))
        known = {one.weights: one for one in (read_manifest(file.parent) for file in found)}
        return [known[weights] for weights in adapters(entered.handed_in.folder)]


def few_shot(contest: Contest, shots: int) -> Entered:
    tuned = contest.lineup.entrants["qlora"].settings
    same = {name: tuned[name] for name in ("budget", "unit", "max_new_tokens")}
    return enter(contest, "few-shot", label=f"few-shot-{shots}", overrides={**same, "shots": shots})


def entry_of(contest: Contest, entered: Entered) -> Entry:
    folder = entered.handed_in.folder
    card = entered.handed_in.card
    assert card is not None
    found = read_stats(folder, card)
    order = sorted(contest.ids)
    groups = {case.id: case.group for case in contest.cases}
    chosen = [found.columns.index(column) for column in COLUMNS["overlap5"]]
    means = {"overlap5": float(np.nanmean(found.values[:, :, chosen], axis=1).mean())}
    return Entry(found.fields, found.columns, tuple(order), tuple(groups[one] for one in order), found.values, means)


def _lineup(asked: argparse.Namespace) -> Path:
    """The embedded line-up with the number of threads that was asked for, kept beside the runs."""
    path: Path = asked.out / "lineup.toml"
    text = DEFAULT_LINEUP.read_text(encoding="utf-8")
    text = text.replace("[engine]\n", f"[engine]\nthreads = {asked.threads}\n", 1)
    text = text.replace('dtype = "float32"', f'dtype = "{asked.dtype}"', 1)
    text = text.replace("batch_size = 8", f"batch_size = {asked.batch_size}", 1)
    path.write_text(text, encoding="utf-8")
    return path


# --------------------------------------------------------------------------- tables


def together(courses: Sequence[Mapping[str, Sequence[Entry]]]) -> dict[str, Entry]:
    """Of each system one entry over all wards: training seeds averaged a case, cases of all wards behind each other."""
    found = {}
    for name in courses[0]:
        parts = [(n, course[name]) for n, course in enumerate(courses)]
        first = parts[0][1][0]
        values = np.concatenate([np.mean([e.values for e in seeds], axis=0) for _, seeds in parts], axis=1)
        ids = tuple(f"{n}:{one}" for n, seeds in parts for one in seeds[0].ids)
        groups = tuple(f"{n}:{one}" for n, seeds in parts for one in seeds[0].groups)
        found[name] = Entry(first.fields, first.columns, ids, groups, values)
    return found


def only(entries: Mapping[str, Entry], chosen: frozenset[str]) -> dict[str, Entry]:
    def cut(one: Entry) -> Entry:
        kept = [at for at, i in enumerate(one.ids) if i in chosen]
        ids, groups = tuple(one.ids[at] for at in kept), tuple(one.groups[at] for at in kept)
        return Entry(one.fields, one.columns, ids, groups, one.values[:, kept])

    return {name: cut(one) for name, one in entries.items()}


def report(title: str, entries: Mapping[str, Entry]) -> Iterator[str]:
    sample = stats.gather(entries, variant="corrected")
    measures = {m.name: m for m in stats.measures(sample, {**COLUMNS, **FACTS})}
    names = [name for name in (*COLUMNS, *FACTS, "rougel") if name in measures]
    resamples = stats.bootstrap(sample)
    found = stats.intervals(resamples, [measures[name] for name in names])
    cases = len(next(iter(entries.values())).ids)
    yield f"\n{title}: {cases} cases\n"
    yield "| system | " + " | ".join(names) + " |"
    yield "| :--- |" + " ---: |" * len(names)
    for system in entries:
        cells = [_cell(found[system][measures[name]]) for name in names]
        yield f"| {system} | " + " | ".join(cells) + " |"
    yield from differences(resamples, [measures[name] for name in names], entries)


def differences(resamples: Any, measures: Sequence[Any], entries: Mapping[str, Entry]) -> Iterator[str]:
    judged = PRIMED if PRIMED in entries else "qlora"
    others = [name for name in entries if name != judged]
    yield f"\n| {judged} less | " + " | ".join(m.name for m in measures) + " |"
    yield "| :--- |" + " ---: |" * len(measures)
    compared = {
        m.name: {c.second: c for c in stats.compare(resamples, m, [(judged, other) for other in others])}
        for m in measures
    }
    for other in others:
        cells = [_cell(compared[m.name][other].difference) for m in measures]
        yield f"| {other} | " + " | ".join(cells) + " |"
    if "fact_recall" in compared:
        yield _verdict(judged, {other: found.difference.low for other, found in compared["fact_recall"].items()})


def _verdict(judged: str, lows: Mapping[str, float]) -> str:
    """`lows` are the lower ends of fact recall over each other system."""
    beaten, shown, not_shown = (
        ((TASK_ONLY, PRIMED_BY_SHUFFLED), "Priming helped", "Not shown that priming helped")
        if judged == PRIMED
        else (("qlora, shuffled pairs",), "It learned", "Not shown that it learned more than the style")
    )
    ends = ", ".join(f"{lows[other]:+.4f} over {other}" for other in beaten)
    said = shown if all(lows[other] > 0 for other in beaten) else not_shown
    return f"\n{said}: fact recall's lower ends are {ends}."


def _cell(found: Any) -> str:
    return "n/a" if found is None else f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def spread(courses: Sequence[Mapping[str, Sequence[Entry]]]) -> Iterator[str]:
    """Means and trained tokens of each training seed, ward by ward."""
    yield "\n| system | overlap5 of each training seed, ward by ward | trained tokens |\n| :--- | :--- | :--- |"
    for name in courses[0]:
        told = (lambda one: f"{one.named['overlap5']:.4f}", lambda one: f"{one.tokens:,}")
        cells = ["; ".join(", ".join(map(tell, course[name])) for course in courses) for tell in told]
        yield f"| {name} | " + " | ".join(cells) + " |"


def subsets(courses: Sequence[Course], limit: int | None) -> Iterator[tuple[str, frozenset[str]]]:
    """Lists of cases that the ward keeps beside its tables: reasons and styles that the train split knows or not."""
    lists = sorted(path.stem for path in (courses[0].data / courses[0].split / "ids").glob("*.txt"))
    for name in lists:
        files = [course.data / course.split / "ids" / f"{name}.txt" for course in courses]
        yield name, frozenset(f"{n}:{one}" for n, file in enumerate(files) for one in file.read_text().split())


def courses_of(asked: argparse.Namespace) -> list[Course]:
    if asked.data:
        return [Course(asked.data.resolve().name, asked.data, asked.split, asked)]
    found = []
    for seed in asked.ward_seeds:
        data = asked.out / f"ward-{seed}"
        if not (data / "corpus.toml").exists():
            synthesize(data, asked.stays, seed)
        found.append(Course(f"ward, seed {seed}", data, asked.split, asked))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stays", type=int, default=1100)
    parser.add_argument("--ward-seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--training-seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--limit", type=int, help="score a sample of the test split only")
    parser.add_argument("--train-limit", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--primed", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", default="test_phase_1")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--batch-size", type=int, default=8)
    asked = parser.parse_args()
    asked.out = asked.out.resolve()
    asked.out.mkdir(parents=True, exist_ok=True)
    os.environ["HARNESS_WORKSPACE"] = str(asked.out / "workspace")
    courses = courses_of(asked)
    done = [dict(course.tables()) for course in courses]
    everything = together(done)
    print("\n".join(report("All cases", everything)))
    for name, chosen in subsets(courses, asked.limit):
        part = only(everything, chosen)
        if next(iter(part.values())).ids:
            print("\n".join(report(name.replace("_", " "), part)))
    print("\n".join(spread(done)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
