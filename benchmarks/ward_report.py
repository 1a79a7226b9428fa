"""What the synthetic ward is good for, measured before any model is run on it. Prints the tables of docs/ward.md.

    python benchmarks/ward_report.py [--stays 1000] [--seeds 1 2 3] [--real FOLDER]

The ladder: texts that should be bad and texts that should be good, judged by the harness's own scorers, with 95 %
intervals by resampling patients of all seeds. Copies: how far a passage or sentences of the chart go. Language: the
ward's targets beside real ones. Agreement: whether each fact is found where the ledger has it, and nowhere else.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from harness import Pair
from harness.corpora import open_corpus
from harness.corpora.synthetic import synthesize
from harness.corpora.ward.matcher import mask, read_facts
from harness.corpora.ward.matcher import sentences as fact_sentences
from harness.lineup import find_lineup, read_lineup
from harness.panel import OpenScorer, ScorerContext, choose, open_scorers
from harness.plugins import registry
from harness.prepare import prepare
from harness.submission import read_submission
from harness.types import Task

TRAIN, SPLIT = "train", "test_phase_1"
RESAMPLES = 2_000
DRAWS = 5
"""Random train targets of each case; their mean is the rung, for one alone scatters."""
WINDOW_STEP = 5
"""Words between the starts of two passages that are tried."""
SCORERS = ("rouge", "bleu", "meteor", "facts")
LEXICAL = ("rouge1", "rouge2", "rougel")
RUNGS = ("median boilerplate", "random train target", "lead", "nearest train target", "second wording", "the target")

Texts = Mapping[str, Mapping[str, str]]
"""Case -> field -> text."""
Scores = Mapping[str, Any]
"""Column -> array (cases, fields)."""

_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")


def sentences(text: str) -> list[str]:
    return [" ".join(found.split()) for found in _SENTENCE.split(text) if found.strip()]


# --------------------------------------------------------------------------- a corpus as texts


@dataclass(frozen=True)
class Corpus:
    """One corpus's train targets, and the cases that are scored: references, patients, redacted charts."""

    train: Texts
    references: Texts
    groups: Mapping[str, str]
    charts: Mapping[str, str]


def read_corpus(data: Path, task: Task, split: str = SPLIT) -> Corpus:
    corpus = open_corpus(data, task, split)
    stays = [stay for stay in corpus.stays(split) if stay.targets]
    cases = {stay.id: prepare(stay, task).case for stay in stays}
    return Corpus(
        train={stay.id: stay.targets for stay in corpus.stays(TRAIN) if stay.targets},
        references={stay.id: stay.targets or {} for stay in stays},
        groups={stay.id: stay.group for stay in stays},
        charts={i: "\n".join(p.text for p in case.parts if p.source == "note") for i, case in cases.items()},
    )


# --------------------------------------------------------------------------- the rungs


def rungs_of(corpus: Corpus, data: Path, task: Task, second: Texts) -> dict[str, list[Texts]]:
    """Of each rung its texts; a rung of several is worth their mean."""
    fields = [f.name for f in task.fields]
    rng = random.Random(f"{data.name}/random")
    pool = sorted(corpus.train)

    def drawn() -> Texts:
        return {case: {f: corpus.train[rng.choice(pool)][f] for f in fields} for case in corpus.references}

    constant = {f: boilerplate(corpus.train, f) for f in fields}
    made: dict[str, list[Texts]] = {
        "median boilerplate": [dict.fromkeys(corpus.references, constant)],
        "random train target": [drawn() for _ in range(DRAWS)],
        "lead": [handed_in("lead", data, task)],
        "nearest train target": [handed_in("nearest", data, task)],
        "second wording": [second],
        "the target": [corpus.references],
    }
    return {name: made[name] for name in RUNGS}


def boilerplate(train: Texts, field: str) -> str:
    """The sentences that most train targets share word for word, the commonest first, up to the median length."""
    counts = Counter(sentence for texts in train.values() for sentence in {*sentences(texts[field])})
    left = median(len(texts[field].split()) for texts in train.values())
    chosen = []
    for sentence, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if (left := left - len(sentence.split())) < 0:
            break
        chosen.append(sentence)
    return " ".join(chosen)


def handed_in(system: str, data: Path, task: Task) -> Texts:
    """What `harness submit` hands in for the system on this corpus."""
    out = data.parent / f"runs-{data.name}"
    command = [sys.executable, "-m", "harness.cli", "submit", system, "--data", str(data), "--split", SPLIT]
    command += ["--scorers", "rouge"]  # the ladder's own panel judges below
    subprocess.run([*command, "--out", str(out)], check=True, capture_output=True)
    (path,) = out.rglob(f"{SPLIT}/{system}/submission.csv")
    return read_submission(path, task).rows


# --------------------------------------------------------------------------- judging


def judge(rung: Sequence[Texts], corpus: Corpus, fields: Sequence[str], scorers: Sequence[OpenScorer]) -> Scores:
    """Column -> array (cases, fields), the mean over the texts of a rung."""
    found = [judge_one(texts, corpus, fields, scorers) for texts in rung]
    return {column: np.mean([scores[column] for scores in found], axis=0) for column in found[0]}


def judge_one(texts: Texts, corpus: Corpus, fields: Sequence[str], scorers: Sequence[OpenScorer]) -> Scores:
    pairs = [
        Pair(case, corpus.groups[case], f, corpus.references[case][f], texts[case][f])
        for case in corpus.references
        for f in fields
    ]
    scores: dict[str, Any] = {}
    for one in (one for one in scorers if one.scorer is not None):
        rows = np.asarray(one.ready.measure(pairs)).reshape(len(corpus.references), len(fields), -1)
        scores |= {column: rows[:, :, at] for at, column in enumerate(one.columns)}
    return scores


def interval(values: Any, groups: Sequence[str], rng: Any) -> tuple[float, float]:
    """95 % of the means of resampled patients: all stays of a patient are drawn together."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(member, weights=values), np.bincount(member)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    low, high = np.quantile(drawn @ sums / (drawn @ counts), [0.025, 0.975])
    return float(low), float(high)


# --------------------------------------------------------------------------- the tables


def ladder(judged: Mapping[str, Scores], groups: Sequence[str]) -> Iterator[str]:
    """One row a rung: each column's mean over cases and fields, its interval, and whether the rung below is apart."""
    columns = list(judged["the target"])
    yield "| rung | " + " | ".join(columns) + " |"
    yield "| :--- |" + " ---: |" * len(columns)
    rng = np.random.default_rng(0)
    for name in RUNGS:
        means = {column: judged[name][column].mean(axis=1) for column in columns}
        cells = []
        for column in columns:
            low, high = interval(means[column], groups, rng)
            cells.append(f"{means[column].mean():.3f} [{low:.3f}, {high:.3f}]")
        yield f"| {name} | " + " | ".join(cells) + " |"


def steps(judged: Mapping[str, Scores], groups: Sequence[str]) -> Iterator[str]:
    """The difference of each rung to the next, paired by case, with its interval."""
    columns = list(judged["the target"])
    yield "| step | " + " | ".join(columns) + " |"
    yield "| :--- |" + " ---: |" * len(columns)
    rng = np.random.default_rng(0)
    climbed = [name for name in RUNGS if name != "median boilerplate"]
    floors = sorted(climbed[1:3], key=lambda name: float(judged[name]["rougel"].mean()))
    for lower, upper in pairwise((climbed[0], *floors, *climbed[3:])):
        cells = []
        for column in columns:
            gain = (judged[upper][column] - judged[lower][column]).mean(axis=1)
            low, high = interval(gain, groups, rng)
            apart = "" if low > 0 or high < 0 else " (not apart)"
            cells.append(f"{gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]{apart}")
        yield f"| {lower} -> {upper} | " + " | ".join(cells) + " |"


def copies(corpus: Corpus, second: Texts, fields: Sequence[str], rouge: OpenScorer) -> Iterator[str]:
    """Mean ROUGE-L of the best passage of the chart as long as the target, of the best sentences of the chart
    (chosen one by one with the target in sight), and of the second wording."""
    yield "| field | best passage | best sentences | second wording |"
    yield "| :--- | ---: | ---: | ---: |"
    for field in fields:
        rows = []
        for case, texts in corpus.references.items():
            target = texts[field]
            if len(target.split()) < 20:
                continue
            rows.append(
                (
                    best_passage(corpus.charts[case], target, rouge),
                    best_sentences(corpus.charts[case], target, rouge),
                    rouge_l(rouge, target, [second[case][field]])[0],
                )
            )
        yield f"| {field} | " + " | ".join(f"{fmean(column):.3f}" for column in zip(*rows, strict=True)) + " |"


def rouge_l(rouge: OpenScorer, target: str, texts: Sequence[str]) -> list[float]:
    assert rouge.scorer is not None
    pairs = [Pair("", "", "", target, text) for text in texts]
    values: list[float] = rouge.scorer.measure(pairs)[:, rouge.columns.index("rougel")].tolist()
    return values


def best_passage(chart: str, target: str, rouge: OpenScorer) -> float:
    words, size = chart.split(), len(target.split())
    starts = range(0, max(1, len(words) - size + 1), WINDOW_STEP)
    return max(rouge_l(rouge, target, [" ".join(words[start : start + size]) for start in starts]))


def best_sentences(chart: str, target: str, rouge: OpenScorer) -> float:
    """Greedy: the sentence that helps most is added, in the chart's order, until none helps."""
    pool, chosen, best = sentences(chart), frozenset[int](), 0.0
    while len(chosen) < len(pool):
        tried = [chosen | {at} for at in range(len(pool)) if at not in chosen]
        values = rouge_l(rouge, target, [" ".join(pool[at] for at in sorted(some)) for some in tried])
        if max(values) <= best:
            break
        best = max(values)
        chosen = tried[values.index(best)]
    return best


def language(name: str, targets: Sequence[str], words: int) -> str:
    """A row on the first `words` words: how the vocabulary grows, different 4-grams a word, and the share of
    sentences of four words and more that another of these targets has word for word."""
    some = list(within(targets, words))
    text = " ".join(some).lower().split()
    grams = {*zip(*(text[n:] for n in range(4)), strict=False)}
    said = Counter(s for target in some for s in {*sentences(target)} if len(s.split()) >= 4)
    return (
        f"| {name} | {len(some)} | {median(len(target.split()) for target in targets):.0f} | "
        f"{len({*text[: len(text) // 2]})} | {len({*text})} | {len(grams) / len(text):.3f} | "
        f"{sum(n for n in said.values() if n > 1) / said.total():.3f} |"
    )


def within(targets: Sequence[str], words: int) -> Iterator[str]:
    for target in targets:
        if (words := words - len(target.split())) < 0:
            return
        yield target


def skeletons(targets: Iterable[str]) -> tuple[str, float, int]:
    """The commonest skeleton of target sentences (what is left when names and numbers are masked), its share, and
    how many sentences there are."""
    counts = Counter(mask(sentence) for target in targets for sentence in fact_sentences(target))
    skeleton, most = counts.most_common(1)[0]
    return skeleton, most / counts.total(), counts.total()


def shared_sentences(one: Texts, other: Texts, fields: Sequence[str]) -> int:
    """Target sentences with a fact that two splits share word for word."""
    said = [{s for texts in split.values() for f in fields for s in fact_sentences(texts[f])} for split in (one, other)]
    return sum(bool(read_facts(sentence)) for sentence in said[0] & said[1])


def elsewhere(ledger: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> Iterator[str]:
    """Per field: facts a target states, and the share of them that stand nowhere else in the note or the tables."""
    for field in fields:
        stated = [f["stated"] for row in ledger for f in row["facts"] if field in f["stated"]]
        alone = sum(all(place.split(":")[-1] in fields for place in places) for places in stated)
        yield f"| {field} | {len(stated) / len(ledger):.1f} | {alone / len(stated):.3f} |"


def read_ledger(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# --------------------------------------------------------------------------- putting it together


@dataclass(frozen=True)
class Measured:
    """One seed's ward: its texts, and what every rung scored."""

    corpus: Corpus
    ledger: list[dict[str, Any]]
    second: Texts
    judged: Mapping[str, Scores]


def measure(seed: int, stays: int, scratch: Path, task: Task) -> Measured:
    data = scratch / f"ward-{seed}"
    synthesize(data, stays, seed)
    corpus, fields = read_corpus(data, task), [f.name for f in task.fields]
    ledger = read_ledger(data / SPLIT / "facts.jsonl.gz")
    second = {row["hadm_id"]: row["again"] for row in ledger}
    scorers = panel(task, data / SPLIT, scratch)
    rungs = rungs_of(corpus, data, task, second)
    return Measured(
        corpus, ledger, second, {name: judge(texts, corpus, fields, scorers) for name, texts in rungs.items()}
    )


def panel(task: Task, tables: Path | None, scratch: Path) -> tuple[OpenScorer, ...]:
    chosen = choose(SCORERS if tables else SCORERS[:3], registry(), read_lineup(find_lineup(None)))
    return open_scorers(chosen, ScorerContext(task.language, scratch / "scorers", tables))


def together(wards: Sequence[Measured]) -> tuple[dict[str, Scores], list[str]]:
    """The cases of all seeds as one sample; a patient of one seed is none of another's."""
    judged: dict[str, Scores] = {
        name: {c: np.concatenate([ward.judged[name][c] for ward in wards]) for c in wards[0].judged[name]}
        for name in RUNGS
    }
    groups = [f"{at}/{ward.corpus.groups[case]}" for at, ward in enumerate(wards) for case in ward.corpus.references]
    return judged, groups


def only(judged: Mapping[str, Scores], groups: Sequence[str], chosen: Any) -> tuple[dict[str, Scores], list[str]]:
    kept: dict[str, Scores] = {
        name: {column: rows[chosen] for column, rows in scores.items()} for name, scores in judged.items()
    }
    return kept, [group for group, keep in zip(groups, chosen, strict=True) if keep]


def report(wards: Sequence[Measured], task: Task, real: Corpus | None, scratch: Path) -> Iterator[str]:
    fields = [f.name for f in task.fields]
    judged, groups = together(wards)
    yield f"## The ladder\n\n{len(groups)} stays of {len(wards)} seeds, {SPLIT}; mean [95 % interval].\n"
    yield from ladder(judged, groups)
    yield "\n### The steps\n"
    yield from steps(judged, groups)
    for mark in ("unseen_reason", "unseen_style"):
        unseen = np.array([row[mark] for ward in wards for row in in_order(ward)])
        for name, chosen in ((mark.replace("_", " "), unseen), (mark.replace("unseen_", "seen "), ~unseen)):
            yield f"\n### Only {name}: {chosen.sum()} stays\n"
            yield from ladder(*only(judged, groups, chosen))
    first = wards[0]
    rouge = next(one for one in panel(task, None, scratch) if one.name == "rouge")
    yield "\n## Copies\n\nMean ROUGE-L with the target; the first seed.\n"
    yield from copies(first.corpus, first.second, fields, rouge)
    yield "\n## Facts of a target, and those that stand nowhere else in the chart\n"
    yield "| field | facts a target | nowhere else |\n| :--- | ---: | ---: |"
    yield from elsewhere([row for ward in wards for row in ward.ledger], fields)
    yield "\n## Language\n"
    yield from languages(wards[0], real, fields)


def in_order(ward: Measured) -> list[dict[str, Any]]:
    rows = {row["hadm_id"]: row for row in ward.ledger}
    return [rows[case] for case in ward.corpus.references]


def languages(ward: Measured, real: Corpus | None, fields: Sequence[str]) -> Iterator[str]:
    """The targets' language beside real ones, on as many words as the smaller of the two has."""
    yield "| targets | n | median words | words in half | words in all | 4-grams a word | sentences said twice |"
    yield "| :--- |" + " ---: |" * 6
    for field in fields:
        texts = {"ward": [texts[field] for texts in ward.corpus.train.values()]}
        if real:
            texts["real"] = [t[field] for t in (*real.train.values(), *real.references.values())]
        words = min(sum(len(text.split()) for text in one) for one in texts.values())
        yield from (language(f"{name}, {field}", targets, words) for name, targets in texts.items())
    everything = [text for texts in ward.corpus.train.values() for text in texts.values()]
    skeleton, share, count = skeletons(everything)
    yield f"\nThe commonest skeleton of {count} target sentences makes up {share:.2%} of them: `{skeleton}`"
    shared = shared_sentences(ward.corpus.train, ward.corpus.references, fields)
    yield f"\nSentences with a fact that {TRAIN} and {SPLIT} share: {shared}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stays", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--real", type=Path, help="a folder of real summaries in the official layout")
    args = parser.parse_args()
    task: Task = registry().task("discharge-me")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        wards = [measure(seed, args.stays, scratch, task) for seed in args.seeds]
        real = read_corpus(args.real, task) if args.real else None
        for line in report(wards, task, real, scratch):
            print(line, flush=True)


if __name__ == "__main__":
    main()
