"""Do the published numbers of a shared task come out again from its published submissions? And which hold?

    git clone https://github.com/wyim/aci-bench
    python -m benchmarks.replicate --data aci-bench/data/challenge_data --runs aci-bench [--splits S...] [--out DIR]

Imports every published run as somebody's csv, scores it against the references as `harness import` does, and prints
published and computed values side by side: of whole notes, and of their divisions. Then what the published tables
leave out: 95 % intervals, ranks and ties by `harness.stats`, and how many adjacent ranks are separable.
`--runs` names the organisers' repository (baselines/predictions/*.csv, tables/SPLIT.csv), or a folder with
runs_SPLIT.csv.gz (system, encounter_id, note) and published_SPLIT.csv. `--out` keeps the runs:
`harness leaderboard DIR` shows their board. Ends with exit code 1 if a value is not equal to two decimals.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import stats
from harness.corpora import open_corpus
from harness.entries import entry
from harness.errors import HarnessError, SubmissionError, UsageError
from harness.hand_in import import_submission
from harness.lineup import DEFAULT_LINEUP, TeamSettings, read_lineup
from harness.parts import divided_references, divided_submission, of_parts
from harness.plugins import registry
from harness.references import read_references
from harness.score import score
from harness.scorecard import read_part_stats, read_stats
from harness.scoring import Scoring, scoring_of
from harness.submission import write_csv
from harness.types import Corpus, Reference, Submission, Task

TASK = "dialogue-note"
REPOSITORY = "https://github.com/wyim/aci-bench"
SPLITS = {"test1": "clinicalnlp_taskB_test1", "test2": "clinicalnlp_taskC_test2", "test3": "clef_taskC_test3"}
"""What the organisers call the files of each split."""
PUBLISHED = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougelsum"}
"""The published columns that are computed here. What is published as ROUGE-L is ROUGE-Lsum."""
WHOLE = "ALL"

_SAMSUM, _PUBMED = r"BART+FT$_{\mathrm{SAMSum}}$", r"LED+FT$_{\mathrm{PubMed}}$"
MODELS = {
    "longest_speaker_turn": "longest spearker turn",
    "longest_doctor_turn": "longest doctor turn",
    "12_speaker_turns": "12 speaker turns",
    "12_doctor_turns": "12 doctor turns",
    "UMLS_similarity": r"train$_{\mathrm{UMLS}}$",
    "spacy_similarity": r"train$_{\mathrm{sent}}$",
    "BART_large_full": "BART",
    "BART_large_division_combined": "BART (Division)",
    "bart-large-xsum-samsum_full": _SAMSUM,
    "bart-large-xsum-samsum_division_combined": f"{_SAMSUM} (Division)",
    "BioBART_full": "BioBART",
    "BioBART_division_combined": "BioBART (Division)",
    "LED_full": "LED",
    "LED_division_combined": "LED (Division)",
    "LED_pubmed_full": _PUBMED,
    "LED_pubmed_division_combined": f"{_PUBMED} (Division)",
}
"""Names of runs whose rows in the published tables are named otherwise."""
SAME_NAME = ("transcript", "Text-Davinci-002", "Text-Davinci-003", "ChatGPT", "GPT-4")

Texts = Mapping[str, Mapping[str, str]]
"""Run -> case -> note."""
Values = Mapping[str, float]
"""Column -> value, 0 to 1."""


@dataclass(frozen=True)
class Row:
    """A published row beside what was computed: percent by column. `which` is ALL or a division."""

    system: str
    which: str
    published: Mapping[str, str]
    computed: Values

    def unequal(self) -> list[str]:
        return [c for c in self.published if f"{100 * self.computed[c]:.2f}" != f"{float(self.published[c]):.2f}"]


# --------------------------------------------------------------------------- what was handed in, and published


def read_runs(folder: Path, split: str) -> Texts:
    packed = folder / f"runs_{split}.csv.gz"
    if packed.exists():
        found: dict[str, dict[str, str]] = {}
        for row in read_rows(packed):
            found.setdefault(row["system"], {})[row["encounter_id"]] = row["note"]
        return found
    predictions = folder / "baselines" / "predictions"
    files = {system: predictions / file_name(system, split) for system in (*MODELS, *SAME_NAME)}
    there = {system: file for system, file in files.items() if file.exists()}
    if not there:
        raise UsageError(
            f"{folder}: there is no run of {split} in it", todo=f"clone {REPOSITORY}, and name it with --runs"
        )
    return {system: {row["encounter_id"]: row["note"] for row in read_rows(file)} for system, file in there.items()}


def file_name(system: str, split: str) -> str:
    """What the organisers call the file of a run."""
    for kind in ("_full", "_division_combined"):
        if system.endswith(kind):
            return f"{system.removesuffix(kind)}_{SPLITS[split]}{kind}.csv"
    return f"{split}{system}_.csv" if system in SAME_NAME[1:] else f"{system}_{SPLITS[split]}.csv"


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(1 << 24)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def table_file(folder: Path, split: str) -> Path:
    tables = (folder / f"published_{split}.csv", folder / "tables" / f"{split}.csv")
    for table in tables:
        if table.exists():
            return table
    raise UsageError(f"{folder}: there is no {tables[0].name} and no tables/{tables[1].name}", todo=f"see {REPOSITORY}")


def read_published(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    """ALL or division -> model -> column -> percent, as it is written."""
    tables: dict[str, dict[str, dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        header: list[str] = []
        for cells in csv.reader(file):
            if len(cells) == 1 and (cells[0] == WHOLE or cells[0].startswith("division-")):
                which = cells[0].removeprefix("division-")
            elif len(cells) > 1 and cells[0] == "Model":
                header = cells
            elif len(cells) > 1:
                row = dict(zip(header, cells, strict=True))
                kept = {key: row[title] for title, key in PUBLISHED.items()}
                tables.setdefault(which, {})[row["Model"]] = kept
    return tables


# --------------------------------------------------------------------------- scored


@dataclass(frozen=True)
class Replica:
    """One split: its rows, the resampled statistics of its runs, their parts' values as the harness has them, and
    why others were not imported."""

    split: str
    rows: tuple[Row, ...]
    resamples: stats.Bootstrap
    parts: Mapping[str, Mapping[str, Values]]
    refused: Mapping[str, str]


def replicate(task: Task, corpus: Corpus, runs: Path, split: str, out: Path) -> Replica:
    texts, published = read_runs(runs, split), read_published(table_file(runs, split))
    references = list(read_references(corpus, task, split))
    rows: list[Row] = []
    systems: dict[str, stats.CaseStats] = {}
    parts: dict[str, Mapping[str, Values]] = {}
    refused: dict[str, str] = {}
    with scoring_of(task, corpus, split, registry(), read_lineup(DEFAULT_LINEUP), ["rouge"], 1) as scoring:
        for system, notes in sorted(texts.items()):
            submission = Submission(task.name, {id: {"note": note} for id, note in notes.items()})
            try:
                whole, by_part = imported(system, submission, task, corpus, split, scoring, out)
            except SubmissionError as refusal:
                problems = [line.strip() for line in refusal.what.splitlines() if line.startswith("  [")]
                refused[system] = "; ".join(problems)
                continue
            systems[system], parts[system] = whole, means(by_part)
            computed = {WHOLE: means(systems[system])["note"], **as_published(submission, references, task, scoring)}
            model = MODELS.get(system, system)
            rows += [Row(system, which, table[model], computed[which]) for which, table in published.items()]
    resamples = stats.bootstrap(stats.gather(systems, variant="corrected"))
    return Replica(split, tuple(rows), resamples, parts, refused)


def imported(
    system: str, submission: Submission, task: Task, corpus: Corpus, split: str, scoring: Scoring, out: Path
) -> tuple[stats.CaseStats, stats.CaseStats]:
    """Hand the run in as its team would: a csv, which is validated, becomes a run, and is scored. What it scored case
    by case, whole and by part, the cases numbered: their salted names are not the same on every machine, and
    resamples would not be either."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / task.submission.file_name
        file.write_bytes(write_csv(submission.rows, task))
        handed_in = import_submission(file, system, task, corpus, split, scoring, out, TeamSettings())
    assert handed_in.card is not None
    parts = read_part_stats(handed_in.folder, handed_in.card)
    cases = entry(handed_in.card, read_stats(handed_in.folder, handed_in.card)).cases
    assert parts is not None
    assert cases is not None
    return cases, parts


def means(found: stats.CaseStats) -> dict[str, Values]:
    """Field -> column -> mean over the cases that have a reference."""
    return {
        field: dict(zip(found.columns, np.nanmean(found.values[f], axis=0).tolist(), strict=True))
        for f, field in enumerate(found.fields)
    }


def as_published(
    submission: Submission, references: Sequence[Reference], task: Task, scoring: Scoring
) -> dict[str, Values]:
    """The divisions as the organisers' script (evaluation/evaluate_fullnote.py at 5d3cd4d) hands them to ROUGE: a line
    break is the word lf1, and a division that is missing is the word EMPTY, on both sides; a run that never has it is
    without a text there. An empty note is read as the word nan."""
    wanted = divided_references(references, task)
    read = {id: {"note": row["note"] or "nan"} for id, row in submission.rows.items()}
    given = divided_submission(Submission(task.name, read), references, task).rows
    ever = {part.name for part in task.parts if any(row[part.name] for row in given.values())}

    def rendered(text: str, missing: str) -> str:
        return text.replace("\n", "__lf1__") or missing

    texts = {
        id: {part: rendered(text, "EMPTY" if part in ever else "") for part, text in row.items()}
        for id, row in given.items()
    }
    shown = [
        Reference(one.id, one.group, {part: rendered(text, "EMPTY") for part, text in one.values.items()})
        for one in wanted
    ]
    measured = score(Submission(task.name, texts), shown, of_parts(task), scoring, "", len(shown))
    return means(measured.stats)


# --------------------------------------------------------------------------- told


def side_by_side(replica: Replica) -> Iterator[str]:
    """Published and computed values of whole notes, best first by the first column."""
    yield f"\n## {replica.split}: whole notes, published / computed, percent\n"
    yield "| run | ROUGE-1 | ROUGE-2 | ROUGE-L (as published), ROUGE-Lsum | equal |"
    yield "| :-- | --: | --: | --: | :-- |"
    rows = [row for row in replica.rows if row.which == WHOLE]
    for row in sorted(rows, key=lambda row: -row.computed["rouge1"]):
        cells = [f"{float(row.published[c]):.2f} / {100 * row.computed[c]:.2f}" for c in PUBLISHED.values()]
        equal = f"no: {', '.join(row.unequal())}" if row.unequal() else "yes"
        yield f"| {row.system} | {' | '.join(cells)} | {equal} |"


def divisions(replica: Replica, task: Task) -> Iterator[str]:
    """ROUGE-1 of the divisions: published, computed the published way, and as the harness scores them."""
    yield f"\n## {replica.split}: divisions, ROUGE-1 in percent: published / computed that way / as scored here\n"
    yield f"| run | {' | '.join(part.title for part in task.parts)} |"
    yield f"| :-- |{' --: |' * len(task.parts)}"
    rows = {(row.system, row.which): row for row in replica.rows}
    for system in replica.parts:
        cells = []
        for part in task.parts:
            row = rows[system, part.name]
            values = (100 * row.computed["rouge1"], 100 * replica.parts[system][part.name]["rouge1"])
            cells.append(" / ".join(f"{value:.2f}" for value in (float(row.published["rouge1"]), *values)))
        yield f"| {system} | {' | '.join(cells)} |"


def ranks(replica: Replica, task: Task) -> Iterator[str]:
    """The board with what the data support: intervals, rank intervals, tie groups."""
    sample = replica.resamples.sample
    mean = stats.Measure("rouge3", task.means["rouge3"], sample.fields)
    ranking, found = stats.rank(sample, mean), stats.intervals(replica.resamples, [mean])
    yield f"\n## {replica.split}: ranked by rouge3 (mean of {', '.join(mean.columns)}), n = {sample.cases}, 95 %\n"
    yield "| rank | run | rouge3 | interval | rank lies in | group |"
    yield "| --: | :-- | --: | :-- | :-- | --: |"
    for place in ranking.places:
        interval = found[place.system][mean]
        assert interval is not None
        between = f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"
        value, span = f"{100 * place.value:.2f}", f"{place.low} to {place.high}"
        yield f"| {place.rank} | {place.system} | {value} | {between} | {span} | {place.group} |"


def separable(replica: Replica, task: Task) -> dict[str, tuple[int, int]]:
    """By measure: how many adjacent ranks differ at 95 % after Holm, and how many there are."""
    wanted = stats.measures(replica.resamples.sample, {"rouge3": task.means["rouge3"]})
    told = [measure for measure in wanted if measure.name in ("rouge3", *PUBLISHED.values())]
    compared = {measure.name: stats.compare(replica.resamples, measure) for measure in told}
    return {name: (sum(pair.p_holm <= 0.05 for pair in pairs), len(pairs)) for name, pairs in compared.items()}


def summary(replicas: Sequence[Replica], task: Task) -> Iterator[str]:
    yield "\n## In short\n"
    for what, kept in (("whole notes", True), ("divisions", False)):
        rows = [row for replica in replicas for row in replica.rows if (row.which == WHOLE) == kept]
        values = sum(len(row.published) for row in rows)
        unequal = [(row, column) for row in rows for column in row.unequal()]
        yield f"- {what}: {values - len(unequal)} of {values} published values equal to two decimals"
        for row, column in unequal:
            yield f"  - {row.system}, {row.which}, {column}: {row.published[column]} / {100 * row.computed[column]:.4f}"
    for replica in replicas:
        yield from (f"- {replica.split}: {system} was not imported: {why}" for system, why in replica.refused.items())
    counted = {replica.split: separable(replica, task) for replica in replicas}
    for name in next(iter(counted.values())):
        told = [f"{split} {counts[name][0]} of {counts[name][1]}" for split, counts in counted.items()]
        found, pairs = (sum(counts[name][at] for counts in counted.values()) for at in (0, 1))
        yield f"- adjacent ranks by {name} separable at 95 % after Holm: {found} of {pairs} ({', '.join(told)})"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the cases")
    parser.add_argument("--runs", type=Path, required=True, metavar="DIR", help="the runs, and the tables")
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=[*SPLITS], metavar="S")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the runs are kept (default: nowhere)")
    args = parser.parse_args(argv)
    try:
        return compare(args.data, args.runs, args.splits, args.out)
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def compare(data: Path, runs: Path, splits: Sequence[str], kept: Path | None) -> int:
    started = time.perf_counter()
    task: Task = registry().task(TASK)
    corpus = open_corpus(data, task)
    with tempfile.TemporaryDirectory() as folder:
        replicas = [replicate(task, corpus, runs, split, kept or Path(folder)) for split in splits]
        for replica in replicas:
            for told in (side_by_side(replica), divisions(replica, task), ranks(replica, task)):
                print("\n".join(told))
    print("\n".join(summary(replicas, task)))
    count = sum(len(replica.parts) for replica in replicas)
    print(f"- {count} runs imported, scored and compared in {time.perf_counter() - started:.0f} s")
    return 1 if any(row.unequal() for replica in replicas for row in replica.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
