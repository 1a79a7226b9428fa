"""The shared task "Discharge Me!" (BioNLP @ ACL 2024), as its page, its paper and its published scorer state it."""

from __future__ import annotations

from harness import Column, Field, Section, SubmissionFormat, Task, task

_BEFORE_THE_COURSE = (
    "header",
    "service",
    "allergies",
    "attending",
    "chief_complaint",
    "procedure",
    "history_of_present_illness",
    "past_medical_history",
    "social_history",
    "family_history",
    "physical_exam",
    "pertinent_results",
    "medications_on_admission",
    "other",
)
_AT_DISCHARGE = (
    "discharge_medications",
    "discharge_disposition",
    "discharge_diagnosis",
    "discharge_condition",
)

_SECTIONS = (
    Section("header", ("name", "unit no", "admission date", "discharge date", "date of birth", "sex")),
    Section("service", ("service",)),
    Section("allergies", (r"allergies(/\w+)?", "allergy")),
    Section("attending", ("attending",)),
    Section("chief_complaint", ("chief complaints?", "reason for (admission|hospitalization)", "presenting complaint")),
    Section(
        "procedure",
        (
            r"major surgical or invasive procedures?",
            r"(principal |operations? and |surgical )?(procedures?|operations?)( performed)?",
        ),
    ),
    Section(
        "history_of_present_illness",
        ("(brief )?history of (the )?present(ing)? illness", "hpi", "present illness", "(brief )?history"),
    ),
    Section("past_medical_history", (r"past (medical|surgical)( and surgical)? history", "medical history", "pmhx?")),
    Section("social_history", ("social history",)),
    Section("family_history", ("family history",)),
    Section("physical_exam", ("(admission |discharge )?physical exam(ination)?( on admission)?", "exam(ination)?")),
    Section(
        "pertinent_results",
        ("pertinent results", "(pertinent )?(laboratory|lab|diagnostic) (data|studies|results|findings)", "imaging"),
    ),
    Section(
        "medications_on_admission", ("(medications|meds) (on|at|prior to) admission", "(home|admission) medications")
    ),
    Section("discharge_medications", (r"discharge (medications|meds)", "medications (on|at) discharge")),
    Section("discharge_disposition", ("(discharge )?disposition",)),
    Section(
        "discharge_diagnosis",
        ("(primary |secondary |final |principal )*(discharge )?diagnos[ie]s", "diagnos[ie]s (on|at) discharge"),
    ),
    Section(
        "discharge_condition", ("discharge condition", "condition (on|at|of the patient at) (the time of )?discharge")
    ),
    Section("followup_instructions", (r"follow[- ]?up( instructions| appointments?| care| plans?)?",)),
)

_TABLES = ("radiology", "edstays", "triage", "diagnosis")


@task("discharge-me")
def discharge_me() -> Task:
    """Brief Hospital Course and Discharge Instructions of a discharge summary (BioNLP 2024)."""
    return Task(
        name="discharge-me",
        title="Discharge Me! (BioNLP 2024)",
        language="en",
        fields=(
            Field(
                name="brief_hospital_course",
                title="Brief Hospital Course",
                known=_BEFORE_THE_COURSE,
                tables=_TABLES,
                headings=(r".*\bhospital (course|summary)\b.*", r".*\bcourse in (the )?hospital\b.*"),
                # The organisers' rule: the first in this order that matches anywhere after the heading.
                until=(
                    r".*\bon admission",
                    r".*\bmedications",
                    r".*\bdisposition",
                    r".*\bdiagnos[ie]s",
                    r".*\bcondition",
                ),
            ),
            Field(
                name="discharge_instructions",
                title="Discharge Instructions",
                known=(*_BEFORE_THE_COURSE, *_AT_DISCHARGE),
                tables=_TABLES,
                after=("brief_hospital_course",),
                headings=(r".*\bdischarge instructions?\b.*",),
                until=(r"follow[- ]?up.*",),
            ),
        ),
        sections=_SECTIONS,
        times={"radiology": "charttime"},
        columns=(
            Column("bleu", "BLEU-4"),
            Column("rouge1", "ROUGE-1"),
            Column("rouge2", "ROUGE-2"),
            Column("rougel", "ROUGE-L"),
            Column("bertscore", "BERTScore"),
            Column("meteor", "METEOR"),
            Column("align", "AlignScore"),
            Column("medcon", "MEDCON"),
        ),
        means={
            "open7": ("bleu", "rouge1", "rouge2", "rougel", "bertscore[minilm-l6]", "meteor", "medcon[open]"),
            "overlap5": ("bleu", "rouge1", "rouge2", "rougel", "meteor"),
            "overlap4": ("bleu", "rouge1", "rouge2", "rougel"),
        },
        submission=SubmissionFormat(
            id_column="hadm_id", columns=("hadm_id", "brief_hospital_course", "discharge_instructions")
        ),
        scorers=("bleu", "rouge"),
        splits=("train", "valid", "test_phase_1", "test_phase_2"),
        default_split="test_phase_1",
    )
