"""The shared task "Discharge Me!" (BioNLP @ ACL 2024), as its page, its paper and its published scorer state it."""

from __future__ import annotations

from harness import Column, Field, PublishedScript, Section, SubmissionFormat, Task, task

_BEFORE_THE_COURSE = (
    "header",
    "service",
    "allergies",
    "attending",
    "chief_complaint",
    "admission_diagnosis",
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
    Section(
        "header",
        ("name", "unit no", "sex", "date of birth", "(admission|discharge) date", "date of (admission|discharge)"),
    ),
    Section("service", ("service",)),
    Section("allergies", (r"allergies(/\w+)?", "allergy")),
    Section("attending", ("attending( physician)?",)),
    Section(
        "chief_complaint", ("chief complaints?", "reason for (admission|hospitali[sz]ation)", "presenting complaint")
    ),
    Section(
        "admission_diagnosis",
        ("(admission|admitting|preliminary) diagnos[ie]s", "diagnos[ie]s (on|at|upon) admission"),
    ),
    Section(
        "procedure",
        (
            "major surgical or invasive procedures?",
            "(principal |surgical |operations? and )?(procedures?|operations?)"
            "( performed| done)?( during (this |the )?hospitali[sz]ation)?",
        ),
    ),
    Section(
        "history_of_present_illness",
        (
            "(brief )?history of (the )?present(ing)? illness",
            "(brief )?hpi",
            "present illness",
            "(brief|current) history",
            "(brief )?(history and physical|h&p)",
            "admission summary",
        ),
    ),
    Section(
        "past_medical_history",
        (
            "past (medical|surgical)( and surgical)? history",
            "past medical/family/social history",
            "medical history",
            "pmhx?",
        ),
    ),
    Section("social_history", ("social history",)),
    Section("family_history", ("family history",)),
    Section(
        "physical_exam",
        ("(admission )?physical exam(ination)?( (on|at|upon) admission)?", "admission (physical|exam)"),
    ),
    Section(
        "pertinent_results",
        (
            "pertinent results",
            "(pertinent |significant |additional |admission )*(lab(s|oratory|oratories)?|diagnostic)"
            "( (and|&) x-?rays?)?( (data|studies|results|findings|tests))?( on admission)?",
            "imaging",
        ),
    ),
    Section(
        "medications_on_admission",
        ("(medications|meds) (on|at|upon|prior to) admission", "(home|admission) (medications|meds)"),
    ),
    Section(
        "discharge_medications",
        ("discharge (medications|meds)(/instructions)?", "(medications|meds) (on|at|upon) discharge"),
    ),
    Section("discharge_disposition", ("(discharge )?disposition",)),
    Section(
        "discharge_diagnosis",
        (
            "((primary|secondary|final|principal|additional|discharge) )*diagnos[ie]s(/reason for admission)?",
            "diagnos[ie]s (on|at|upon) discharge",
        ),
    ),
    Section(
        "discharge_condition",
        ("discharge condition", "condition (of (the )?patient )?(on|at|upon) (the time of )?discharge"),
    ),
    Section("followup_instructions", ("(discharge )?follow[- ]?up( .*)?",)),
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
                headings=(
                    r".*\bdischarge (instructions?|plan)\b.*",
                    "(special )?instructions( (to|for) .*)?",
                    "plan",
                ),
                # The organisers' rule is not published.
                until=(r".*\bfollow[- ]?up.*",),
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
            id_column="hadm_id",
            columns=("hadm_id", "brief_hospital_course", "discharge_instructions"),
            unpacked=True,
        ),
        published=PublishedScript(
            revision="b3d663e",
            batch=8,
            last_batch=("rouge1", "rouge2", "rougel"),
            batch_means=("meteor",),
            reference_file="discharge_target.csv",
        ),
        scorers=("rouge", "bleu", "meteor", "bertscore", "alignscore", "medcon", "sacrebleu"),
        splits=("train", "valid", "test_phase_1", "test_phase_2"),
        default_split="test_phase_1",
    )
