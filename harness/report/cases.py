"""The private part of a report: every case with its input, its reference, the systems' texts, and what can be said of
them. Cases are written as they are read, some in each file, with an index for the list and one of words for the search.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from harness.board import Board
from harness.corpora import open_corpus
from harness.errors import LeaderboardError
from harness.files import canonical_json
from harness.nlp.claims import KINDS, Claim, Reader, known_keys, unsupported
from harness.prepare import model_input, prepare
from harness.progress import bar
from harness.references import read_references
from harness.report import folder
from harness.report.concepts import ConceptsOf, drug_names, kept_concepts
from harness.report.runs import Run, data_of_run, read_run
from harness.score import Stats, ids_digest
from harness.types import Case, Corpus, Reference, Task
from harness.validate import id_order

CHUNK_BYTES = 400_000
"""How large a file of cases may get before the next one begins: what a click on a case has to load."""

_WORD = re.compile(r"[^\W_]{2,}")
_PREFIX = 2


@dataclass(frozen=True)
class Desk:
    """What the cases of one board are described with; `columns` are the metrics, `ranking` those of the mean."""

    board: Board
    corpus: Corpus
    runs: Sequence[Run]
    columns: Sequence[str]
    ranking: Sequence[str]
    fields: Sequence[str]
    concepts: ConceptsOf | None
    reader: Reader

    @property
    def task(self) -> Task:
        return self.board.task

    @property
    def split(self) -> str:
        return self.board.split


@dataclass
class Index:
    """What the list knows of every case: columns as long as there are cases, one for each system where it is a list of
    lists; `claims` counts those that stand in neither input nor reference. `chunks` are the first cases of each
    file."""

    ids: list[str] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    scores: list[list[float | None]] = field(default_factory=list)
    claims: list[list[int]] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)


def corpus_of(board: Board) -> Corpus:
    """The corpus of a board. Raises LeaderboardError where it is not what was scored."""
    manifest = board.standings[0].card.manifest
    corpus = open_corpus(data_of_run(board.standings[0]), board.task, manifest.split)
    if corpus.digest(manifest.split) != manifest.corpus_digest:
        raise LeaderboardError(
            f"{corpus.data} is not what '{manifest.label}' was scored on any more",
            todo="score the runs again, or leave out --private",
        )
    return corpus


def write_cases(board: Board, corpus: Corpus, pages: Path) -> None:
    """Write the cases of a board into the folder `pages`."""
    pages.mkdir()
    desk = _desk(board, corpus)
    index, postings = Index(), Postings()
    for at, chunk in enumerate(_chunks(_described(desk, index, postings))):
        index.chunks.append(len(index.ids) - len(chunk))
        folder.write(pages / f"chunk-{at}.js", f"cases.chunk({at},[{','.join(chunk)}]);\n")
    for prefix, found in postings.shards().items():
        folder.write_data(pages / f"words-{prefix}.js", "cases.words", prefix, found)
    about = {
        "systems": [one.label for one in desk.runs],
        "fields": [desk.task.field(name).title for name in desk.fields],
        "columns": [desk.board.column(key).title for key in desk.columns],
        "score": board.ranked_by or desk.columns[0],
        "drugs": desk.reader.drug_names is not None,
        "concepts": desk.concepts.column if desk.concepts else "",
        "shards": sorted(postings.shards()),
        "corpus": desk.corpus.name,
        "split": desk.split,
        "task": desk.task.title,
    }
    folder.write_data(pages / "index.js", "cases.index", about, index)


def _desk(board: Board, corpus: Corpus) -> Desk:
    """Raises LeaderboardError for a board without a column."""
    runs = [read_run(one, board.task) for one in board.standings]
    columns = [key for key in board.shown if any(key in run.stats.columns for run in runs)]
    if not columns:
        raise LeaderboardError(
            f"{board.title}: every column is n/a, and cases are listed by one",
            todo="score the runs again with scorers that this machine has (--scorers), or leave out --private",
        )
    return Desk(
        board=board,
        corpus=corpus,
        runs=runs,
        columns=columns,
        ranking=board.column(board.ranked_by).members if board.ranked_by else tuple(columns[:1]),
        fields=runs[0].stats.fields,
        concepts=kept_concepts(board, corpus.root),
        reader=Reader(drug_names(corpus.root)),
    )


# --------------------------------------------------------------------------- one case


def _described(desk: Desk, index: Index, postings: Postings) -> Iterator[str]:
    """Each case as JSON, its line in the index and its words on the way."""
    references = _references(desk)
    places = {id: at for at, id in enumerate(sorted(references, key=id_order))}  # as in the statistics
    means = [_case_means(one.stats, desk.ranking) for one in desk.runs]
    for case in _cases(desk, references):
        one, at = references[case.id], places[case.id]
        texts = _texts(one, desk)
        claims = desk.reader.claims_of([*(part.text for part in case.parts), *texts])
        fields = [_field(name, one, case, claims, at, desk) for name in desk.fields]
        index.ids.append(one.id)
        index.words.append(sum(len(text.split()) for text in one.values.values()))
        index.scores.append([_rounded(mean[at]) for mean in means])
        index.claims.append([sum(_invented(f["systems"][s]) for f in fields) for s in range(len(desk.runs))])
        postings.add(len(index.ids) - 1, texts)
        yield canonical_json({"id": one.id, "parts": _parts(case, desk.task, desk.fields), "fields": fields})


def _references(desk: Desk) -> dict[str, Reference]:
    """Raises LeaderboardError where they are not those that the board was scored on."""
    found = {one.id: one for one in read_references(desk.corpus, desk.task, desk.split)}
    if ids_digest(found) != desk.board.standings[0].card.ids_digest:
        raise LeaderboardError(
            f"the board was scored on other cases than {desk.corpus.data} has references for",
            todo="score the runs again on all cases, or leave out --private",
        )
    return found


def _cases(desk: Desk, references: Mapping[str, Reference]) -> Iterator[Case]:
    """The cases that have references, as systems saw them."""
    stays = desk.corpus.stays(desk.split, references)
    for stay in bar(stays, "writing cases", total=len(references), unit="case"):
        yield prepare(stay, desk.task, cut_leaks=True).case


def _texts(one: Reference, desk: Desk) -> list[str]:
    written = (run.submission.rows.get(one.id, {}) for run in desk.runs)
    return [*one.values.values(), *(text for row in written for text in row.values())]


def _parts(case: Case, task: Task, fields: Sequence[str]) -> list[Any]:
    """The chart as [heading, text, the fields that may be written from it]."""
    allowed = [{*model_input(case, task, task.field(name), {}).chart} for name in fields]
    known = [(part, [f for f, chart in enumerate(allowed) if part in chart]) for part in case.parts]
    return [[part.heading or part.name, part.text, of] for part, of in known if of]


def _field(
    name: str, one: Reference, case: Case, claims: Mapping[str, Sequence[Claim]], at: int, desk: Desk
) -> dict[str, Any]:
    """One field of a case; `claims` are the doses, dates and drugs of all its texts."""
    written = one.values.get(name, "")
    chart = model_input(case, desk.task, desk.task.field(name), {}).chart
    known = known_keys(claim for part in chart for claim in claims[part.text])
    wanted = known_keys(claims.get(written, ()))
    texts = [run.submission.rows.get(one.id, {}).get(name, "") for run in desk.runs]
    found = desk.concepts.compared(written, texts) if desk.concepts else None
    systems = [
        {
            "text": text,
            "by": run.writers.get((one.id, name), ""),
            "scores": _scores(run.stats, name, at, desk.columns),
            "claims": _claims(text, claims.get(text, ()), known, wanted),
            "concepts": found.systems[s] if found else None,
        }
        for s, (run, text) in enumerate(zip(desk.runs, texts, strict=True))
    ]
    return {"reference": written, "concepts": found.reference if found else None, "systems": systems}


def _claims(text: str, claims: Sequence[Claim], known: frozenset[str], wanted: frozenset[str]) -> list[list[int]]:
    """[start, end, kind, 1 if the reference says so too] of what the input does not contain; places count UTF-16
    units, as the page does."""
    unwanted = {(claim.start, claim.end) for claim in unsupported(claims, wanted)}
    units = [0, *accumulate(1 + (character > "\uffff") for character in text)]
    return [
        [units[one.start], units[one.end], KINDS.index(one.kind), int((one.start, one.end) not in unwanted)]
        for one in unsupported(claims, known)
    ]


def _invented(system: Mapping[str, Any]) -> int:
    """How many claims stand in neither the input nor the reference."""
    return sum(not wanted for _, _, _, wanted in system["claims"])


def _scores(stats: Stats, name: str, at: int, columns: Sequence[str]) -> list[float | None]:
    row = stats.values[stats.fields.index(name), at]
    return [_rounded(row[stats.columns.index(column)]) if column in stats.columns else None for column in columns]


def _case_means(stats: Stats, columns: Sequence[str]) -> Any:
    """A number a case: the mean over the fields that have a reference of the mean over these columns; none for a run
    that lacks one of them."""
    if not {*columns} <= {*stats.columns}:
        return np.full(len(stats.ids), np.nan)
    there = [stats.columns.index(column) for column in columns]
    with np.errstate(invalid="ignore"):
        by_field = stats.values[:, :, there].mean(axis=2)
        known = ~np.isnan(by_field)
        return np.where(known, by_field, 0).sum(axis=0) / known.sum(axis=0)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


# --------------------------------------------------------------------------- files


def _chunks(described: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for one in described:
        chunk.append(one)
        if sum(map(len, chunk)) >= CHUNK_BYTES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class Postings:
    """Which cases a word stands in, in the reference or a system's text."""

    def __init__(self) -> None:
        self._cases: dict[str, array[int]] = {}

    def add(self, case: int, texts: Iterable[str]) -> None:
        for word in {word for text in texts for word in _WORD.findall(text.lower())}:
            self._cases.setdefault(word, array("I")).append(case)

    def shards(self) -> dict[str, dict[str, list[int]]]:
        """By the first letters of the words: word -> the first case, then the steps to each next."""
        found: dict[str, dict[str, list[int]]] = {}
        for word, cases in self._cases.items():
            steps = [cases[0], *(after - before for before, after in pairwise(cases))]
            found.setdefault(_shard(word), {})[word] = steps
        return found


def _shard(word: str) -> str:
    """A name of a file: the first letters as their numbers, so that any alphabet is fine."""
    return "-".join(f"{ord(letter):x}" for letter in word[:_PREFIX])
