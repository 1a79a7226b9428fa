"""Who writes, and for which house: clinicians and houses, varied independently of each other and of the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """A clinician. `voice` is "prose" or "terse"; `layout` of the course by problem: "hash", "numbered", "dash" or
    "paragraphs"; `short` the chance of an abbreviation where there is one, `arrow` that of `->` for from-to; `joined` the
    chance that two sentences become one; `twist` turns every choice of words to this clinician's habit; `names` the
    ways of naming the patient; `grouped` whether acute and chronic issues have headings; `letter` the voice in which patients are told: "letter",
    "brief" or "dictated"; `width` of its lines, 0 for no breaks, and the `gap` between sentences."""

    name: str
    voice: str
    layout: str
    short: float
    arrow: float
    joined: float
    twist: int
    names: tuple[str, ...]
    grouped: bool = False
    last: str = "TRANSITIONAL ISSUES"
    width: int = 78
    gap: str = " "
    letter: str = "letter"
    unseen: bool = False


_HE, _PT, _MR = ("{He}", "{He}", "The patient"), ("Pt", "Pt", "Patient"), ("{Mr} ___", "{He}", "{He}")

STYLES: tuple[Style, ...] = (
    Style("wren", "prose", "hash", 0.1, 0.0, 0.15, 0, _MR, grouped=True),
    Style("osprey", "terse", "hash", 0.75, 0.8, 0.35, 1, _PT, last="TRANSITIONAL:", letter="brief"),
    Style("heron", "prose", "paragraphs", 0.05, 0.0, 0.3, 2, ("The patient", "{He}", "{Mr} ___"), letter="dictated"),
    Style("finch", "terse", "dash", 0.5, 0.5, 0.2, 3, ("Pt", "{He}"), last="To do", letter="brief"),
    Style("plover", "prose", "numbered", 0.35, 0.1, 0.2, 4, _HE, last="Transitional issues"),
    Style("kestrel", "prose", "hash", 0.55, 0.3, 0.3, 5, ("Pt", "{He}", "{He}"), grouped=True, width=0),
    Style("tern", "terse", "numbered", 0.9, 1.0, 0.4, 6, _PT, last="F/U ISSUES", width=0, letter="brief"),
    Style(
        "dunlin",
        "prose",
        "paragraphs",
        0.25,
        0.0,
        0.45,
        7,
        ("{Mr} ___", "The patient"),
        last="",
        letter="dictated",
        gap="  ",
    ),
    Style("curlew", "prose", "dash", 0.15, 0.0, 0.1, 8, _MR, last="ISSUES FOR THE OUTPATIENT TEAM", letter="dictated"),
    Style(
        "merlin",
        "terse",
        "hash",
        0.3,
        0.4,
        0.15,
        9,
        ("{He}", "Pt"),
        grouped=True,
        last="[ ] TRANSITIONAL ISSUES",
        letter="brief",
    ),
    Style("siskin", "prose", "hash", 0.4, 0.2, 0.25, 10, _HE, last="Transitional Issues"),
    Style(
        "avocet",
        "prose",
        "numbered",
        0.05,
        0.0,
        0.25,
        11,
        ("The patient", "The patient", "{He}"),
        width=0,
        last="",
        letter="dictated",
        gap="  ",
    ),
    Style("lapwing", "terse", "paragraphs", 0.65, 0.6, 0.4, 12, _PT, last="", unseen=True, letter="dictated"),
    Style(
        "bittern",
        "prose",
        "hash",
        0.2,
        0.1,
        0.5,
        13,
        ("{Mr} ___", "{Mr} ___", "{He}"),
        last="For the PCP",
        unseen=True,
        gap="  ",
    ),
    Style(
        "whimbrel",
        "prose",
        "dash",
        0.6,
        0.5,
        0.2,
        14,
        ("Pt", "{He}", "The patient"),
        last="ACTION ITEMS",
        unseen=True,
        letter="brief",
    ),
)


@dataclass(frozen=True)
class House:
    """A hospital: the frame of its instructions and the headings of its notes.

    `letter` are the parts of a letter to the patient, in their order: headings, boilerplate ("=...") and the names of
    what is told; a part that begins with "-" is told in bullets. `leaflet` likewise after a procedure."""

    name: str
    letter: tuple[str, ...]
    leaflet: tuple[str, ...]
    headings: Mapping[str, str]
    order: tuple[str, ...] = ()


HOUSES: tuple[House, ...] = (
    House(
        "harbour",
        (
            "=Dear {Mr} ___,",
            "WHY WERE YOU ADMITTED?",
            "-why",
            "WHAT HAPPENED IN THE HOSPITAL?",
            "-did",
            "WHAT SHOULD YOU DO AT HOME?",
            "-home",
            "-plans",
            "-warn",
            "=Sincerely,\nYour ___ Team",
        ),
        (
            "=Dear {Mr} ___,",
            "why",
            "did",
            "MEDICINES",
            "-drugs",
            "ACTIVITY AND CARE",
            "-care",
            "=Our office is open on weekdays from eight to five; after hours the operator reaches the doctor on duty.",
            "-plans",
            "WHEN TO CALL",
            "warn",
        ),
        {},
    ),
    House(
        "ridge",
        (
            "why",
            "did",
            "=A list of medicines is attached.",
            "drugs",
            "care",
            "plans",
            "warn",
        ),
        (
            "INSTRUCTIONS AFTER YOUR OPERATION",
            "=Expect to tire easily for a while; most people need more sleep than usual.",
            "did",
            "care",
            "drugs",
            "plans",
            "warn",
            "=Stitches dissolve or come out at the first visit. The glue or strips fall off on their own.",
        ),
        {
            "brief_hospital_course": "HOSPITAL COURSE",
            "discharge_instructions": "DISCHARGE INSTRUCTIONS",
            "history_of_present_illness": "HISTORY OF PRESENT ILLNESS",
            "past_medical_history": "PAST MEDICAL HISTORY",
            "physical_exam": "PHYSICAL EXAMINATION",
            "pertinent_results": "LABORATORY DATA",
            "medications_on_admission": "HOME MEDICATIONS",
            "discharge_medications": "DISCHARGE MEDICATIONS",
            "discharge_disposition": "DISPOSITION",
            "discharge_diagnosis": "FINAL DIAGNOSES",
            "discharge_condition": "CONDITION AT DISCHARGE",
            "followup_instructions": "FOLLOW-UP",
            "chief_complaint": "CHIEF COMPLAINT",
            "procedure": "PROCEDURES PERFORMED",
            "allergies": "ALLERGIES",
            "social_history": "SOCIAL HISTORY",
            "family_history": "FAMILY HISTORY",
        },
    ),
    House(
        "meadow",
        (
            "=Dear {Mr} ___,",
            "why",
            "did",
            "=Here is what to do next:",
            "-drugs",
            "-care",
            "-plans",
            "warn",
            "=We wish you the best,\nThe nurses and doctors of ___",
        ),
        (
            "Dear patient,",
            "did",
            "Your wound and your body",
            "-care",
            "Medicines",
            "-drugs",
            "=Pain is normal in the first days and should ease week by week. Ice packs help.",
            "Appointments",
            "-plans",
            "Danger",
            "warn",
        ),
        {"brief_hospital_course": "Summary of Hospital Course", "followup_instructions": "Follow-up"},
        order=("medications_on_admission",),
    ),
    House(
        "quarry",
        (
            "-why",
            "-did",
            "MEDICATION CHANGES:",
            "-drugs",
            "=All other tablets stay the same.",
            "FOLLOW UP:",
            "-plans",
            "OTHER:",
            "-care",
            "-warn",
        ),
        (
            "PROCEDURE:",
            "did",
            "CARE:",
            "-care",
            "MEDICATION:",
            "-drugs",
            "APPOINTMENTS:",
            "-plans",
            "EMERGENCIES:",
            "warn",
            "=If you are unsure, ring the ward at any hour: ___.",
        ),
        {
            "brief_hospital_course": "Hospital Course by Problem",
            "discharge_instructions": "Discharge Instructions",
            "medications_on_admission": "Home Medications",
            "discharge_diagnosis": "Discharge Diagnoses",
            "physical_exam": "Admission Physical Exam",
        },
    ),
    House(
        "summit",
        (
            "=Dear {Mr} ___,",
            "why",
            "did",
            "drugs",
            "plans",
            "care",
            "warn",
            "=Be well.",
        ),
        (
            "=These pages go with what your surgeon told you.",
            "why",
            "did",
            "drugs",
            "care",
            "=Do what feels comfortable and rest when you are tired. Nobody expects you to be back to normal at once.",
            "warn",
            "plans",
        ),
        {
            "brief_hospital_course": "BRIEF HOSPITAL COURSE",
            "history_of_present_illness": "HPI",
            "past_medical_history": "PMH",
        },
    ),
    House(
        "orchard",
        (
            "Why was I here?",
            "why",
            "What was done for me?",
            "did",
            "What do I take?",
            "-drugs",
            "What else do I do?",
            "-care",
            "Who will I see?",
            "-plans",
            "When should I worry?",
            "warn",
            "=Your care team at ___",
        ),
        (
            "What was done?",
            "did",
            "How do I look after myself?",
            "-care",
            "What do I take?",
            "-drugs",
            "Whom do I see?",
            "-plans",
            "When do I get help?",
            "warn",
            "=Keep these pages on the fridge.",
        ),
        {},
        order=("discharge_diagnosis", "discharge_condition"),
    ),
    House(
        "canal",
        ("why", "did", "care", "drugs", "warn", "plans"),
        ("did", "drugs", "care", "plans", "warn"),
        {
            "brief_hospital_course": "Course in Hospital",
            "discharge_instructions": "Instructions to the Patient",
            "history_of_present_illness": "Present Illness",
            "medications_on_admission": "Medications on Admission",
            "discharge_diagnosis": "Final Diagnosis",
        },
    ),
    House(
        "mill",
        ("PATIENT COPY", "why", "-drugs", "-plans", "did", "care", "warn"),
        (
            "PATIENT COPY",
            "did",
            "-care",
            "-plans",
            "drugs",
            "warn",
            "=Bring this sheet to the first visit. The desk on the ground floor can print it again.",
        ),
        {
            "brief_hospital_course": "HOSPITAL COURSE ___",
            "discharge_instructions": "DISCHARGE PLAN",
            "history_of_present_illness": "HISTORY OF PRESENT ILLNESS",
            "past_medical_history": "PAST MEDICAL AND SURGICAL HISTORY",
            "physical_exam": "PHYSICAL EXAM ON ADMISSION",
            "pertinent_results": "PERTINENT LABORATORY DATA",
            "medications_on_admission": "MEDICATIONS ON ADMISSION",
            "discharge_medications": "MEDICATIONS ON DISCHARGE",
            "discharge_disposition": "DISCHARGE DISPOSITION",
            "discharge_diagnosis": "DISCHARGE DIAGNOSES",
            "discharge_condition": "CONDITION ON DISCHARGE",
            "followup_instructions": "FOLLOW-UP INSTRUCTIONS",
            "chief_complaint": "CHIEF COMPLAINT",
            "procedure": "PROCEDURES",
            "allergies": "ALLERGIES",
            "social_history": "SOCIAL HISTORY",
            "family_history": "FAMILY HISTORY",
        },
        order=("medications_on_admission",),
    ),
    House(
        "beacon",
        (
            "=Hello {Mr} ___,",
            "why",
            "Tests and treatment",
            "did",
            "Tablets",
            "-drugs",
            "Day to day",
            "care",
            "Diary",
            "-plans",
            "Alarm",
            "warn",
            "=Until soon,\nthe ___ crew",
        ),
        (
            "=Hello {Mr} ___,",
            "Operation",
            "did",
            "Wound, walking, washing",
            "-care",
            "Tablets",
            "drugs",
            "Diary",
            "plans",
            "Alarm",
            "-warn",
        ),
        {
            "brief_hospital_course": "Brief Hospital Course by System",
            "discharge_medications": "Discharge Meds",
            "chief_complaint": "Reason for Admission",
        },
    ),
    House(
        "lantern",
        (
            "=Dear {Mr} ___,",
            "SUMMARY:",
            "-why",
            "-did",
            "NEXT STEPS:",
            "-plans",
            "-drugs",
            "-care",
            "PLEASE NOTE:",
            "-warn",
            "=Warm regards,\n___, MD",
        ),
        (
            "=You are going home after an operation.",
            "SUMMARY:",
            "-did",
            "NEXT STEPS:",
            "-care",
            "-plans",
            "-drugs",
            "PLEASE NOTE:",
            "-warn",
            "=Most questions are answered by the nurse line, ___, which is open every day.",
        ),
        {"followup_instructions": "Followup Instructions"},
    ),
)
