"""The rules for scorers."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import subprocess
import sys
import time
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from harness.board import base
from harness.contract.trial import QUIET, SETTINGS, Trial, ending_the_check, imports_quietly, settings_can_be_set
from harness.errors import AssetError, CannotJudge, HarnessError, PluginError, RunError
from harness.files import canonical_json, private_folder
from harness.measure import NAME_THE_PAIR, Floats
from harness.panel import Choice, OpenScorer, ScorerContext, fault, open_scorer
from harness.plugins import Tag
from harness.types import Pair, Scorer, Signature

STAYS = 8
"""Two texts of each are measured: a batch of 7 leaves a rest, one of 8 does not."""
SOME = 4
SPLIT = "train"
BATCHES = (1, 7, 8)
NEARLY = 1e-6
"""How much another batch may change a row where a network computes in float32."""
LARGE = 1_000_000
LARGE_SECONDS = 20
TEXT_RUN = 4
"""Words of a text in a row that a signature must not hold."""

_FOLDER = re.compile(r"(?:^|[\s:=,(])(?:/|~/|[A-Za-z]:\\)\w")

ODD_TEXTS = (
    ("one", "word"),
    ("___", "___"),
    ("...", "!?"),
    ("Übelkeit, ﬁèvre", "naïve İstanbul"),
    ("日本語の退院要約", "יציאה 😀 退院"),
    ("a\u0301 \u200b\u2028 b", "\ufeffBOM\r\nand\ttabs"),
    ("x" * 10_000, "pain " * 2_000),
    ("NA", "x" * 10_000),
    ("{{ chart }} %s \\1", "<b>&amp;</b>"),
    ("NA", "NA"),
    ("half a pair: \ud83d", "\ude00"),
)


class ScorerTrial:
    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.name = trial.entry.name

    @cached_property
    def context(self) -> ScorerContext:
        work = private_folder(self.trial.ward.folder / "scorers")
        contest = self.trial.ward.contest
        return ScorerContext(contest.task.language, work, contest.corpus.data / SPLIT)

    @cached_property
    def opened(self) -> OpenScorer:
        with ending_the_check():
            return self.opened_with({})

    def opened_with(self, settings: Mapping[str, Any]) -> OpenScorer:
        return open_scorer(Choice(self.trial.entry, settings, "--set"), self.context)

    @property
    def scorer(self) -> Scorer:
        if self.opened.scorer is None:
            raise AssetError(f"it cannot be tried: {self.opened.lack}", todo="harness assets fetch")
        return self.opened.scorer

    def measure(self, pairs: Sequence[Pair]) -> Floats:
        try:
            values = np.asarray(self.scorer.measure(pairs), dtype=np.float64)
        except CannotJudge as refusal:
            if refusal.at is None:
                raise PluginError(
                    f"it does not say which text it refuses: {fault(refusal)}", todo=NAME_THE_PAIR
                ) from None
            raise
        if values.shape != (due := (len(pairs), len(self.opened.columns))):
            raise RunError(
                f"measure() returned an array of shape {values.shape} where {due} (pairs, columns) is due",
                todo="return one row a pair, one number a column",
            )
        return values

    @cached_property
    def nearly(self) -> float:
        """How far apart two rows of one pair may lie."""
        tag: Tag = self.trial.plugin.__harness__
        return 0.0 if tag.exact else NEARLY

    @cached_property
    def pairs(self) -> list[Pair]:
        """What was written for one stay beside what was written for the next."""
        contest = self.trial.ward.contest
        stays = [stay for stay in contest.corpus.stays(SPLIT) if stay.targets][:STAYS]
        return [
            Pair(stay.id, stay.group, f.name, (stay.targets or {})[f.name], (other.targets or {})[f.name])
            for stay, other in zip(stays, [*stays[1:], stays[0]], strict=True)
            for f in contest.task.fields
        ]

    @cached_property
    def values(self) -> Floats:
        with ending_the_check():
            return self.measure(self.pairs)

    @cached_property
    def signs(self) -> Floats:
        """1 a column in which more is better, -1 a column in which less is; what no task knows is taken to be 1."""
        tasks, _ = self.trial.registry.tasks()
        fewer = {column.key for task in tasks for column in task.columns if not column.higher_is_better}
        return np.array([-1.0 if base(column) in fewer else 1.0 for column in self.opened.columns])


# --------------------------------------------------------------------------- the rules


def columns_are_known(trial: ScorerTrial) -> None:
    _ = trial.opened  # set up as a run does it, which says what it lacks
    plugin = trial.trial.plugin
    before = tuple(plugin().columns) if isinstance(plugin, type) else (trial.name,)
    named = all(isinstance(column, str) and column for column in before)
    if not before or len({*before}) != len(before) or not named:
        raise PluginError(f"its columns are {before!r}", todo="name each once, and one at least")
    if before != tuple(trial.scorer.columns):
        raise PluginError(
            f"it announces the columns {before} and opens with {tuple(trial.scorer.columns)}",
            todo="let both be the same: a missing asset makes the announced ones n/a",
        )


def finite_numbers(trial: ScorerTrial) -> None:
    if not np.isfinite(trial.values).all():
        raise PluginError("measure() returned a value that is not a finite number", todo="guard the division by 0")


def worst_is_worst(trial: ScorerTrial) -> None:
    worst = np.array([trial.scorer.worst(column) for column in trial.opened.columns], dtype=np.float64)
    if not np.isfinite(worst).all():
        raise PluginError(f"its worst is {worst.tolist()}", todo="a failed text counts in the mean: return a number")
    better = (worst * trial.signs > (trial.values * trial.signs).min(axis=0)).nonzero()[0]
    if len(better):
        raise PluginError(
            f"in the column {trial.opened.columns[better[0]]} a failed text gets {worst[better[0]]:g}, "
            "which is better than a text that was written",
            todo="let worst() return what no text can fall below: a system never gains by failing",
        )


def batches_do_not_matter(trial: ScorerTrial) -> None:
    pairs, expected = trial.pairs, trial.values
    order = random.Random(0).sample(range(len(pairs)), len(pairs))
    ways = {
        **{f"in batches of {size}": _in_batches(trial, size) for size in BATCHES},
        "in another order": trial.measure([pairs[at] for at in order])[np.argsort(order)],
    }
    for how, values in ways.items():
        _refuse_others(trial, f"measured {how}", values, expected)


def _refuse_others(trial: ScorerTrial, how: str, values: Floats, expected: Floats) -> None:
    unlike = (np.abs(values - expected) > trial.nearly).any(axis=1)
    if unlike.any():
        raise PluginError(
            f"{how} the pair {int(unlike.argmax())} of {len(expected)} has other values",
            todo="judge each pair by itself, to the last bit (a network: to 1e-6, if its tag says exact=False): no "
            "statistics over the batch, no state between calls",
        )


def _in_batches(trial: ScorerTrial, size: int) -> Floats:
    pairs = trial.pairs
    return np.concatenate([trial.measure(pairs[at : at + size]) for at in range(0, len(pairs), size)])


def the_reference_beats_its_shuffled_words(trial: ScorerTrial) -> None:
    rng = random.Random(0)

    def shuffled(text: str) -> str:
        words = text.split()
        return " ".join(rng.sample(words, len(words)))

    same = trial.measure([replace(pair, hypothesis=pair.reference) for pair in trial.pairs])
    mixed = trial.measure([replace(pair, hypothesis=shuffled(pair.reference)) for pair in trial.pairs])
    if (below := ((same - mixed) * trial.signs < 0).any(axis=0)).any():
        raise PluginError(
            f"in the column {trial.opened.columns[int(below.argmax())]} a reference scores less than its own words "
            "in another order",
            todo="see which text is the reference; where less is better, return 1 - x, or -x with worst=, or let a "
            "task of yours say it: Column(..., higher_is_better=False)",
        )


def signs_what_it_is(trial: ScorerTrial) -> None:
    for column in trial.opened.columns:
        before = trial.opened.signature(column)
        trial.measure(trial.pairs)
        signature = trial.opened.signature(column)
        items = [*signature.identity.items(), *signature.environment.items()]
        if not signature.identity or not all(isinstance(s, str) and s for item in items for s in item):
            raise PluginError(
                f"the signature of {column} has no identity, or a part that is no text or empty",
                todo="say what the number is: metric, variant, parameters, version, each as a str",
            )
        _refuse_strangers(column, [value for _, value in items], set(_text_runs(trial.pairs)))
        if signature != before:
            raise PluginError(f"the signature of {column} changes by measuring", todo="let it follow from settings")


def _refuse_strangers(column: str, values: Sequence[str], runs: set[tuple[str, ...]]) -> None:
    for value in values:
        if _FOLDER.search(value):
            raise PluginError(f"the signature of {column} holds a path", todo="name an asset by its digest")
        words = value.split()
        if runs & {tuple(words[at : at + TEXT_RUN]) for at in range(len(words))}:
            raise PluginError(f"the signature of {column} holds a text", todo="leave texts out: signatures are public")


def _text_runs(pairs: Sequence[Pair]) -> Iterator[tuple[str, ...]]:
    for pair in pairs:
        for text in (pair.reference, pair.hypothesis):
            words = text.split()
            yield from zip(*(words[start:] for start in range(TEXT_RUN)), strict=False)


def signs_its_settings(trial: ScorerTrial) -> None:
    """A setting that changes a number must show in a signature, or in the names of the columns."""
    plugin: type[Any] = trial.trial.plugin
    before, pairs = _signatures(trial.opened), trial.pairs[:SOME]
    for field in dataclasses.fields(plugin):
        for value in _others(plugin, field.name):
            try:
                opened = trial.opened_with({field.name: value})
            except HarnessError:
                continue  # the scorer knows that it cannot work so
            if opened.scorer is None or _signatures(opened) != before:
                continue
            values = np.asarray(opened.scorer.measure(pairs), dtype=np.float64)
            if (np.abs(values - trial.values[:SOME]) > trial.nearly).any():
                raise PluginError(
                    f"with {field.name}={value!r} it has other values, and the same signatures",
                    todo="put every setting that changes a number into the identity of the signatures",
                )


def _signatures(opened: OpenScorer) -> dict[str, Signature]:
    return {column: opened.signature(column) for column in opened.columns} if opened.scorer else {}


def _others(plugin: type[Any], name: str) -> list[Any]:
    """Values that a setting may have beside its default, of the type of its annotation."""
    hint, default = typing.get_type_hints(plugin)[name], getattr(plugin(), name)
    choices = [value for option in (hint, *typing.get_args(hint)) for value in _values(option)]
    return [value for value in choices if value != default]


def _values(hint: Any) -> list[Any]:
    if typing.get_origin(hint) is typing.Literal:
        return list(typing.get_args(hint))
    samples: dict[Any, list[Any]] = {bool: [True, False], int: [1, 2], float: [0.25, 0.5], str: ["other"]}
    return samples.get(hint, [])


_FRESH = """
import json, sys
from pathlib import Path
import numpy as np
from harness.panel import Choice, ScorerContext, open_scorer
from harness.plugins import registry
from harness.types import Pair

asked = json.load(sys.stdin)
entry = registry([Path(file) for file in asked["files"]]).entry("scorer", asked["name"])
tables = Path(asked["tables"])
opened = open_scorer(Choice(entry), ScorerContext(asked["language"], Path(asked["work"]), tables))
rows = np.asarray(opened.scorer.measure([Pair(**pair) for pair in asked["pairs"]]), dtype=np.float64)
print("\\n" + json.dumps([[value.hex() for value in row] for row in rows.tolist()]))
"""


def a_fresh_process_agrees(trial: ScorerTrial) -> None:
    context, expected = trial.context, trial.values
    asked = {
        "files": [str(path.resolve()) for path in trial.trial.registry.files],
        "name": trial.name,
        "language": context.language,
        "work": str(context.work),
        "tables": str(context.tables),
        "pairs": [dataclasses.asdict(pair) for pair in trial.pairs],
    }
    done = subprocess.run(
        [sys.executable, "-c", _FRESH],
        input=json.dumps(asked),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        *_, said = ["see what it needs beside its file", *done.stderr.strip().splitlines()]
        raise PluginError("it cannot measure in a process of its own", todo=said)
    rows = [[float.fromhex(value) for value in row] for row in json.loads(done.stdout.splitlines()[-1])]
    _refuse_others(trial, "measured in a fresh process", np.array(rows).reshape(expected.shape), expected)


def takes_odd_texts(trial: ScorerTrial) -> None:
    for reference, hypothesis in ODD_TEXTS:
        values = _unless_refused(trial, replace(trial.pairs[0], reference=reference, hypothesis=hypothesis))
        if not np.isfinite(values).all():
            raise PluginError(
                f"it has no finite value for a text that begins with {hypothesis[:12]!r}",
                todo="guard the division by 0: a text may have no word that the metric knows",
            )


def _unless_refused(trial: ScorerTrial, pair: Pair) -> Floats:
    try:
        return trial.measure([pair])
    except CannotJudge as refusal:
        if refusal.at == 0 and refusal.what:
            return np.zeros((1, len(trial.opened.columns)))
        raise PluginError(
            f"it refuses the pair {refusal.at} of 1, for the reason {refusal.what!r}",
            todo=NAME_THE_PAIR,
        ) from None


def takes_a_large_text(trial: ScorerTrial) -> None:
    pair = trial.pairs[0]
    text = (pair.reference + " ") * (LARGE // (len(pair.reference) + 1) + 1)
    start = time.monotonic()
    _unless_refused(trial, replace(pair, hypothesis=text[:LARGE]))
    if (seconds := time.monotonic() - start) > LARGE_SECONDS:
        raise PluginError(
            f"it took {seconds:.0f} seconds for a text of a million letters",
            todo="read no more of it than counts, or refuse it: raise CannotJudge(reason, at=index)",
        )


def leaves_pairs_alone(trial: ScorerTrial) -> None:
    before = canonical_json(trial.pairs)
    trial.measure(trial.pairs)
    if canonical_json(trial.pairs) != before:
        raise PluginError("it changes the pairs that it was given", todo="work on a copy: other scorers read them too")


SIGNED_SETTINGS = "its signature changes with every setting that changes a number"
RULES: dict[str, Callable[[ScorerTrial], None]] = {
    QUIET: lambda trial: imports_quietly(trial.trial),
    SETTINGS: lambda trial: settings_can_be_set(trial.trial),
    "its columns are known before it is opened": columns_are_known,
    "one finite number a pair and column": finite_numbers,
    "it leaves its pairs alone": leaves_pairs_alone,
    "batches and order do not matter": batches_do_not_matter,
    "no text is worse than its worst": worst_is_worst,
    "a reference scores no less than its shuffled words": the_reference_beats_its_shuffled_words,
    "it takes odd texts": takes_odd_texts,
    "a text of a million letters takes no more than 20 seconds, or is refused": takes_a_large_text,
    "its signature says what the number is, and nothing else": signs_what_it_is,
    SIGNED_SETTINGS: signs_its_settings,
    "a fresh process has the same values": a_fresh_process_agrees,
}


def rules(trial: Trial) -> dict[str, Callable[[ScorerTrial], None]]:
    """A function has no settings."""
    chosen = dict(RULES)
    if not isinstance(trial.plugin, type):
        del chosen[SETTINGS], chosen[SIGNED_SETTINGS]
    return chosen
