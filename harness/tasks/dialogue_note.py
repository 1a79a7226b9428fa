"""Doctor-patient dialogue to clinical note: ACI-Bench (Yim et al., Scientific Data 2023), whose test sets are those of
MEDIQA-Chat 2023 (test1, test2) and MEDIQA-Sum 2023 (test3).

Columns and divisions are those of the organisers' evaluation, as its code at github.com/wyim/aci-bench states it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness import Column, Field, SubmissionFormat, Task, task
from harness.corpora.encounters import open_encounters

_PARTS = (
    Field("subjective", "Subjective"),
    Field("objective_exam", "Objective, exam"),
    Field("objective_results", "Objective, results"),
    Field("assessment_and_plan", "Assessment and plan"),
)

_HEADINGS = {
    # By part: what begins a heading whatever follows on its line, and what is one before a colon or alone on its line.
    "subjective": (
        "chief complaint|history of present illness|hpi|social history|past history",
        "cc|reason for visit|history|hpi notes|interval (?:history|hx)|subjective|ros|review of systems?",
    ),
    "objective_exam": (
        "physical exam|vitals reviewed",
        "pe|physical findings|exam(?:ination)?",
    ),
    "objective_results": ("results", "findings"),
    "assessment_and_plan": (
        "assessment and plan|summary plan|a:|p:|(?-i:IMPRESSION)",  # in small letters an impression is a radiologist's
        "assessment|plan|plan of care|medical decision-making plan|ap|a / p|assessment & plan|disposition / plan",
    ),
}


def _lines_of(anywhere: str, alone: str) -> re.Pattern[str]:
    pattern = rf"^[^\S\n]*(?:{anywhere}|(?:{alone})[^\S\n]*(?::|$))"
    return re.compile(pattern.replace(" ", r"[^\S\n]*"), re.IGNORECASE | re.MULTILINE)


_BEGINS = {part: _lines_of(*headings) for part, headings in _HEADINGS.items()}


def divide(note: str) -> Mapping[str, str]:
    """The divisions of a note that it has, headings included.

    The organisers' rule: a division begins with the first line that begins with one of its headings, and ends where
    the next division begins; what stands before all headings is subjective."""
    starts = {part: found.start() for part, pattern in _BEGINS.items() if (found := pattern.search(note))}
    if 0 not in starts.values():
        starts["subjective"] = 0
    order = sorted(starts, key=lambda part: starts[part])
    ends = [*(starts[part] for part in order[1:]), len(note)]
    return {part: note[starts[part] : end] for part, end in zip(order, ends, strict=True)}


@task("dialogue-note")
def dialogue_note() -> Task:
    """The clinical note of a visit from what doctor and patient said (ACI-Bench, MEDIQA 2023)."""
    return Task(
        name="dialogue-note",
        title="Dialogue to note (ACI-Bench)",
        language="en",
        fields=(Field("note", "Note"),),
        sections=(),
        corpus=open_encounters,
        document="transcript",
        # The organisers' own mean has BLEURT in it, which is not measured here: so there is no Overall.
        columns=(
            Column("rouge1", "ROUGE-1", in_overall=False),
            Column("rouge2", "ROUGE-2", in_overall=False),
            Column("rougel", "ROUGE-L", in_overall=False),
            Column("rougelsum", "ROUGE-Lsum", in_overall=False),
            Column("bertscore", "BERTScore", in_overall=False),
            Column("medcon", "MEDCON", in_overall=False),
        ),
        means={
            "own5": ("rouge1", "rouge2", "rougelsum", "bertscore", "medcon"),
            "open5": ("rouge1", "rouge2", "rougelsum", "bertscore[minilm-l6]", "medcon[open]"),
            "rouge3": ("rouge1", "rouge2", "rougelsum"),
        },
        submission=SubmissionFormat("encounter_id", ("encounter_id", "note"), judge="the organisers"),
        scorers=("rouge", "bertscore", "medcon"),
        scorer_settings={
            "rouge": {"columns": ("rouge1", "rouge2", "rougel", "rougelsum"), "stemmer": "none"},
            "bertscore": {"official": "deberta-xlarge-mnli"},
        },
        parts=_PARTS,
        split=divide,
        splits=("train", "valid", "test1", "test2", "test3"),
        default_split="test1",
    )
