"""The vocabulary of the synthetic ward: reasons for admission, complications, chronic conditions, drugs, studies.

Pure data. In every template `[a|b]` is one of several wordings and `{fact}` a fact of the course; `{Pt}` names the
patient in one of several ways. A lab's or vital sign's range is (low, high). ICD-10-CM codes stand without their dot,
titles in capitals, as in the hospital's tables. Clinical content is simplified and is no medical advice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Range: TypeAlias = tuple[float, float]
Draws: TypeAlias = Mapping[str, Sequence[object]]
"""Facts to draw: name -> what it may be. `a|b` names two facts that are drawn together, from pairs."""


@dataclass(frozen=True)
class Code:
    """An ICD-10-CM diagnosis."""

    code: str
    title: str


@dataclass(frozen=True)
class Drug:
    """A drug with the doses that the ward gives; `use` is what the patient is told it is for."""

    name: str
    doses: tuple[str, ...]
    use: str
    route: str = "PO"
    times: str = "DAILY"


@dataclass(frozen=True)
class Study:
    """A radiology study: title, the short name that clinicians use, and templates of its report."""

    title: str
    short: str
    question: str
    findings: str
    impression: str
    technique: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happens in the course with some chance, told to the clinician (`course`) and, where it
    concerns the patient, in plain words (`letter`). `pending` is what is left to the outpatient doctors, `results` are
    lines of the pertinent results."""

    course: str
    letter: str = ""
    chance: float = 1.0
    procedure: str = ""
    pending: str = ""
    starts: tuple[Drug, ...] = ()
    stops: tuple[str, ...] = ()
    studies: tuple[Study, ...] = ()
    results: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lab:
    """A laboratory value: its label in the results, reference range, decimals, panel. `routine` ones are always "
    "drawn."""

    label: str
    normal: Range
    decimals: int
    panel: str
    routine: bool = True


@dataclass(frozen=True)
class Condition:
    """A chronic condition with its home drugs (one of each tuple), `course` while in hospital."""

    title: str
    short: str
    code: Code
    drugs: tuple[tuple[Drug, ...], ...]
    course: tuple[str, ...]
    weight: int = 1
    sexes: str = "FM"
    labs: Mapping[str, tuple[Range, Range | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Complication:
    """A further problem of the stay. `holds` are home drugs that are paused for it."""

    title: str
    code: Code
    event: Event
    sexes: str = "FM"
    draws: Draws = field(default_factory=dict)
    labs: Mapping[str, tuple[Range, Range | None]] = field(default_factory=dict)
    holds: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """A reason for admission and what belongs to it, in the order in which a chart tells it."""

    title: str
    short: str
    codes: tuple[Code, ...]
    symptom: Code
    services: tuple[str, ...]
    ages: range
    days: range
    complaints: tuple[str, ...]
    presenting: str
    plain: str
    lay: str
    story: tuple[str, ...]
    emergency: str
    denies: tuple[str, ...]
    exam: Mapping[str, str]
    recovered: Mapping[str, str]
    labs: Mapping[str, tuple[Range, Range | None]]
    results: tuple[str, ...]
    studies: tuple[Study, ...]
    events: tuple[Event, ...]
    advice: tuple[str, ...]
    alarms: tuple[str, ...]
    clinic: str
    draws: Draws = field(default_factory=dict)
    vitals: Mapping[str, Range] = field(default_factory=dict)
    oxygen: tuple[str, ...] = ("RA",)
    implies: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    rehab: float = 0.1


# --------------------------------------------------------------------------- laboratory, vital signs, examination

LABS: Mapping[str, Lab] = {
    "WBC": Lab("WBC", (4.0, 10.5), 1, "BLOOD"),
    "Hgb": Lab("Hgb", (12.0, 16.0), 1, "BLOOD"),
    "Hct": Lab("Hct", (36.0, 48.0), 1, "BLOOD"),
    "Plt": Lab("Plt Ct", (150, 400), 0, "BLOOD"),
    "INR": Lab("INR(PT)", (0.9, 1.1), 1, "COAG"),
    "Glucose": Lab("Glucose", (70, 125), 0, "CHEM"),
    "BUN": Lab("UreaN", (6, 20), 0, "CHEM"),
    "Creat": Lab("Creat", (0.6, 1.1), 1, "CHEM"),
    "Na": Lab("Na", (135, 145), 0, "CHEM"),
    "K": Lab("K", (3.5, 5.0), 1, "CHEM"),
    "Cl": Lab("Cl", (96, 108), 0, "CHEM"),
    "HCO3": Lab("HCO3", (22, 30), 0, "CHEM"),
    "Ca": Lab("Calcium", (8.4, 10.2), 1, "MINERAL"),
    "Phos": Lab("Phos", (2.7, 4.5), 1, "MINERAL"),
    "Mg": Lab("Mg", (1.6, 2.6), 1, "MINERAL"),
    "ALT": Lab("ALT", (8, 40), 0, "LIVER", routine=False),
    "AST": Lab("AST", (8, 40), 0, "LIVER", routine=False),
    "AlkPhos": Lab("AlkPhos", (40, 120), 0, "LIVER", routine=False),
    "Bili": Lab("TotBili", (0.2, 1.2), 1, "LIVER", routine=False),
    "Lipase": Lab("Lipase", (10, 60), 0, "LIVER", routine=False),
    "Trop": Lab("cTropnT", (0.0, 0.01), 2, "CARDIAC", routine=False),
    "BNP": Lab("proBNP", (0, 450), 0, "CARDIAC", routine=False),
    "Lactate": Lab("Lactate", (0.5, 2.0), 1, "GAS", routine=False),
    "pH": Lab("pH", (7.35, 7.45), 2, "GAS", routine=False),
    "CRP": Lab("CRP", (0, 5), 1, "OTHER", routine=False),
    "Dimer": Lab("D-Dimer", (0, 500), 0, "OTHER", routine=False),
    "A1c": Lab("%HbA1c", (4.0, 6.0), 1, "OTHER", routine=False),
    "LDL": Lab("LDLcalc", (0, 129), 0, "OTHER", routine=False),
    "TSH": Lab("TSH", (0.27, 4.2), 1, "OTHER", routine=False),
}

VITALS: Mapping[str, Range] = {
    "temperature": (97.4, 98.8),
    "heartrate": (68, 94),
    "resprate": (14, 19),
    "o2sat": (95, 99),
    "sbp": (112, 152),
    "dbp": (60, 86),
}

EXAM: Mapping[str, str] = {
    "GENERAL": "[Alert, oriented, no acute distress|Well appearing, in NAD|Pleasant, lying in bed, NAD]",
    "HEENT": "[Sclerae anicteric, MMM, oropharynx clear|NC/AT, PERRL, EOMI, MMM|Anicteric, moist mucous membranes]",
    "NECK": "[Supple, JVP not elevated, no LAD|Supple, no JVD|No lymphadenopathy, JVP flat]",
    "CV": "[Regular rate and rhythm, normal S1 + S2, no murmurs|RRR, nl S1/S2, no m/r/g]",
    "LUNGS": "[Clear to auscultation bilaterally, no wheezes or rhonchi|CTAB, normal work of breathing]",
    "ABD": "[Soft, non-tender, non-distended, bowel sounds present|Soft, NT/ND, normoactive BS, no organomegaly]",
    "EXT": "[Warm, well perfused, 2+ pulses, no edema|WWP, no clubbing, cyanosis or edema]",
    "SKIN": "[Warm and dry, no rashes|No rashes or notable lesions]",
    "NEURO": "[CN II-XII intact, moving all extremities, gait deferred|A&Ox3, strength 5/5 throughout, no focal "
    "deficits]",
}

# --------------------------------------------------------------------------- drugs that several places name

_ACETAMINOPHEN = Drug("Acetaminophen", ("650 mg", "1000 mg"), "pain", times="Q8H:PRN Pain - Mild")
_ASPIRIN = Drug("Aspirin", ("81 mg",), "preventing clots")
_STATIN = Drug("Atorvastatin", ("40 mg", "80 mg"), "cholesterol", times="QPM")
_APIXABAN = Drug("Apixaban", ("5 mg",), "thinning the blood", times="BID")
_PANTOPRAZOLE = Drug("Pantoprazole", ("40 mg",), "stomach acid", times="Q12H")
_SENNA = Drug("Senna", ("8.6 mg", "17.2 mg"), "constipation", times="QHS:PRN Constipation")

# --------------------------------------------------------------------------- chronic conditions

_HELD_STEADY = "[Blood pressures|BPs] were [well controlled|at goal|acceptable] on {drug}, which was continued."

CONDITIONS: Mapping[str, Condition] = {
    "htn": Condition(
        "Hypertension",
        "HTN",
        Code("I10", "ESSENTIAL (PRIMARY) HYPERTENSION"),
        (
            (
                Drug("Lisinopril", ("5 mg", "10 mg", "20 mg", "40 mg"), "blood pressure"),
                Drug("Amlodipine", ("5 mg", "10 mg"), "blood pressure"),
                Drug("Losartan Potassium", ("25 mg", "50 mg", "100 mg"), "blood pressure"),
            ),
        ),
        (_HELD_STEADY, "[Remained normotensive|Normotensive throughout]; continued {drug}."),
        weight=9,
    ),
    "hld": Condition(
        "Hyperlipidemia",
        "HLD",
        Code("E785", "HYPERLIPIDEMIA, UNSPECIFIED"),
        (
            (
                Drug("Atorvastatin", ("20 mg", "40 mg"), "cholesterol", times="QPM"),
                Drug("Simvastatin", ("20 mg", "40 mg"), "cholesterol", times="QPM"),
                Drug("Rosuvastatin Calcium", ("10 mg", "20 mg"), "cholesterol", times="QPM"),
            ),
        ),
        ("Continued home {drug}.", "[Kept on|Maintained on] {drug}."),
        weight=7,
    ),
    "t2dm": Condition(
        "Type 2 diabetes mellitus",
        "T2DM",
        Code("E119", "TYPE 2 DIABETES MELLITUS WITHOUT COMPLICATIONS"),
        ((Drug("MetFORMIN (Glucophage)", ("500 mg", "850 mg", "1000 mg"), "diabetes", times="BID"),),),
        (
            "{drug} was [held|paused] while inpatient in favor of [an insulin sliding scale|sliding scale insulin] "
            "and [resumed|restarted] on discharge.",
            "[Sugars|Fingersticks] were [covered|managed] with insulin sliding scale; home {drug} to resume at home.",
        ),
        weight=6,
        labs={"Glucose": ((142, 238), (108, 178)), "A1c": ((6.6, 9.1), None)},
    ),
    "cad": Condition(
        "Coronary artery disease",
        "CAD",
        Code("I2510", "ATHEROSCLEROTIC HEART DISEASE OF NATIVE CORONARY ARTERY WITHOUT ANGINA PECTORIS"),
        (
            (_ASPIRIN,),
            (
                Drug("Metoprolol Succinate XL", ("25 mg", "50 mg", "100 mg"), "the heart"),
                Drug("Carvedilol", ("3.125 mg", "6.25 mg"), "the heart", times="BID"),
            ),
        ),
        ("No [chest pain|anginal symptoms] this admission, continued {drug}.", "[Stable|Without angina]. On {drug}."),
        weight=4,
    ),
    "af": Condition(
        "Atrial fibrillation",
        "AF",
        Code("I4891", "UNSPECIFIED ATRIAL FIBRILLATION"),
        (
            (_APIXABAN, Drug("Rivaroxaban", ("20 mg",), "thinning the blood", times="DINNER")),
            (Drug("Diltiazem Extended-Release", ("120 mg", "180 mg", "240 mg"), "the heart rate"),),
        ),
        ("Rates [stayed|remained] [below 100|controlled]; anticoagulated with {drug}.",),
        weight=3,
    ),
    "ckd": Condition(
        "Chronic kidney disease, stage 3",
        "CKD",
        Code("N1830", "CHRONIC KIDNEY DISEASE, STAGE 3 UNSPECIFIED"),
        (),
        (
            "[Creatinine|Cr] was [near|around] baseline at {Creat_out} on the day of discharge; [renally "
            "dosed|adjusted] medications.",
        ),
        weight=3,
        labs={"Creat": ((1.4, 1.9), (1.3, 1.8)), "BUN": ((24, 38), (22, 34))},
    ),
    "hypothyroid": Condition(
        "Hypothyroidism",
        "hypothyroidism",
        Code("E039", "HYPOTHYROIDISM, UNSPECIFIED"),
        ((Drug("Levothyroxine Sodium", ("50 mcg", "75 mcg", "88 mcg", "112 mcg"), "the thyroid"),),),
        ("Continued {drug}.", "[Clinically euthyroid|No symptoms], continued {drug}."),
        weight=3,
    ),
    "gerd": Condition(
        "Gastroesophageal reflux disease",
        "GERD",
        Code("K219", "GASTRO-ESOPHAGEAL REFLUX DISEASE WITHOUT ESOPHAGITIS"),
        ((Drug("Omeprazole", ("20 mg", "40 mg"), "stomach acid"),),),
        ("Continued home {drug}.", "[Asymptomatic|Controlled] on {drug}."),
        weight=4,
    ),
    "depression": Condition(
        "Depression",
        "depression",
        Code("F32A", "DEPRESSION, UNSPECIFIED"),
        (
            (
                Drug("Sertraline", ("50 mg", "100 mg"), "mood"),
                Drug("Escitalopram Oxalate", ("10 mg", "20 mg"), "mood"),
                Drug("BuPROPion XL (Once Daily)", ("150 mg", "300 mg"), "mood"),
            ),
        ),
        ("Mood [stable|good], continued {drug}.", "Continued {drug} without [changes|adjustment]."),
        weight=4,
    ),
    "copd": Condition(
        "Chronic obstructive pulmonary disease",
        "COPD",
        Code("J449", "CHRONIC OBSTRUCTIVE PULMONARY DISEASE, UNSPECIFIED"),
        (
            (Drug("Tiotropium Bromide", ("1 CAP",), "breathing", route="IH"),),
            (Drug("Albuterol Inhaler", ("2 PUFF",), "breathing", route="IH", times="Q6H:PRN wheezing"),),
        ),
        ("No [wheeze|evidence of flare]; continued {drug}.", "Breathing [at baseline|comfortable] on {drug}."),
        weight=3,
    ),
    "osa": Condition(
        "Obstructive sleep apnea on CPAP",
        "OSA",
        Code("G4733", "OBSTRUCTIVE SLEEP APNEA (ADULT) (PEDIATRIC)"),
        (),
        ("[Used|Wore] CPAP [overnight|at night] [at home settings|without issues].",),
        weight=2,
    ),
    "bph": Condition(
        "Benign prostatic hyperplasia",
        "BPH",
        Code("N400", "BENIGN PROSTATIC HYPERPLASIA WITHOUT LOWER URINARY TRACT SYMPTOMS"),
        ((Drug("Tamsulosin", ("0.4 mg",), "the prostate", times="QHS"),),),
        ("Continued {drug}; [voiding well|no retention].",),
        weight=3,
        sexes="M",
    ),
    "osteoporosis": Condition(
        "Osteoporosis",
        "osteoporosis",
        Code("M810", "AGE-RELATED OSTEOPOROSIS WITHOUT CURRENT PATHOLOGICAL FRACTURE"),
        ((Drug("Vitamin D", ("1000 UNIT", "2000 UNIT"), "bone health"),),),
        ("Continued {drug}.", "Supplementation with {drug} [went on|was continued]."),
        weight=3,
        sexes="F",
    ),
    "gout": Condition(
        "Gout",
        "gout",
        Code("M109", "GOUT, UNSPECIFIED"),
        ((Drug("Allopurinol", ("100 mg", "300 mg"), "gout"),),),
        ("No [acute flare|flare this admission], continued {drug}.",),
        weight=2,
    ),
    "anxiety": Condition(
        "Anxiety",
        "anxiety",
        Code("F419", "ANXIETY DISORDER, UNSPECIFIED"),
        ((Drug("BusPIRone", ("5 mg", "10 mg"), "anxiety", times="BID"),),),
        ("Continued home {drug}.", "Continued {drug} [with good effect|as at home]."),
        weight=3,
    ),
    "backpain": Condition(
        "Chronic low back pain",
        "chronic back pain",
        Code("M5450", "LOW BACK PAIN, UNSPECIFIED"),
        ((Drug("Gabapentin", ("100 mg", "300 mg"), "nerve pain", times="TID"),),),
        ("Pain [controlled|manageable] with {drug}.",),
        weight=3,
    ),
    "hfref": Condition(
        "Heart failure with reduced ejection fraction",
        "HFrEF",
        Code("I5022", "CHRONIC SYSTOLIC (CONGESTIVE) HEART FAILURE"),
        (
            (Drug("Furosemide", ("20 mg",), "removing fluid"),),
            (Drug("Metoprolol Succinate XL", ("25 mg", "50 mg", "100 mg"), "the heart"),),
        ),
        ("Euvolemic on {drug}.",),
        weight=0,
    ),
    "t1dm": Condition(
        "Type 1 diabetes mellitus",
        "T1DM",
        Code("E109", "TYPE 1 DIABETES MELLITUS WITHOUT COMPLICATIONS"),
        (
            (Drug("Glargine", ("16 Units", "20 Units", "24 Units"), "diabetes", route="SC", times="BEDTIME"),),
            (Drug("Insulin Lispro", ("4 Units", "6 Units"), "diabetes", route="SC", times="TID with meals"),),
        ),
        ("Continued {drug}.",),
        weight=0,
    ),
}

# --------------------------------------------------------------------------- studies that any stay may have

_NO_OLD_FILMS = "[None.|___.|No prior studies available.|Prior study from ___.|Prior of ___.]"
COMPARISON = _NO_OLD_FILMS

COMMON_STUDIES: tuple[Study, ...] = (
    Study(
        "CHEST (PORTABLE AP)",
        "CXR (portable)",
        "interval change",
        "Lung volumes are [low|slightly low|within normal limits]. [There is|Note is made of] minimal bibasilar "
        "atelectasis. No [focal consolidation|new opacity], large effusion or pneumothorax. Heart size is "
        "[normal|top normal|mildly enlarged].",
        "[Minimal bibasilar atelectasis|Mild bibasilar atelectasis without consolidation]. No pneumothorax.",
        "[Portable upright AP view of the chest.|Single AP portable view of the chest.]",
    ),
    Study(
        "PORTABLE ABDOMEN",
        "KUB",
        "constipation, ileus",
        "Bowel gas pattern is [nonobstructive|nonspecific and nonobstructive]. [Moderate|Mild] stool burden in the "
        "[ascending|right] colon. No [free air|pneumatosis] on this [supine|limited] view. Degenerative changes of "
        "the lumbar spine.",
        "Nonobstructive bowel gas pattern.",
        "[Supine abdominal radiograph.|Portable supine view of the abdomen.]",
    ),
    Study(
        "CT HEAD W/O CONTRAST",
        "CT head",
        "intracranial hemorrhage",
        "There is no evidence of [acute hemorrhage|hemorrhage], edema, mass effect or [large territorial|acute] "
        "infarction. Ventricles and sulci are [age appropriate|mildly prominent, consistent with involutional "
        "change]. The paranasal sinuses are [clear|well aerated]. No fracture.",
        "[No acute intracranial process.|No acute intracranial abnormality.]",
        "Contiguous axial images of the brain were obtained without contrast.",
    ),
    Study(
        "UNILAT LOWER EXT VEINS",
        "Lower extremity ultrasound",
        "DVT",
        "There is normal compressibility, flow and augmentation of the [common femoral, femoral and popliteal|deep] "
        "veins. Normal color flow is [demonstrated|seen] in the posterior tibial and peroneal veins. No [medial "
        "popliteal fossa|Baker's] cyst.",
        "No evidence of deep venous thrombosis in the imaged lower extremity veins.",
        "Grey scale, color and spectral Doppler evaluation was performed.",
    ),
    Study(
        "KNEE (2 VIEWS)",
        "Knee radiograph",
        "pain, effusion",
        "Two views of the knee. No acute fracture. Moderate joint space narrowing of the medial compartment. "
        "[No|Trace] joint effusion. No [lytic|suspicious] lesion.",
        "Degenerative change without fracture.",
        "Two views.",
    ),
    Study(
        "LIVER OR GALLBLADDER US (SINGLE ORGAN)",
        "RUQ ultrasound",
        "abnormal liver tests",
        "The liver [echotexture is normal|parenchyma is mildly echogenic] with a smooth contour. The main portal "
        "vein is patent. The common bile duct measures {duct} mm. The spleen is normal in [size|length].",
        "[Patent portal vein, no biliary dilatation.|No biliary dilatation or ascites.]",
        "Grey scale and color Doppler ultrasound images of the abdomen were obtained.",
    ),
    Study(
        "RENAL U.S.",
        "Renal ultrasound",
        "hydronephrosis",
        "The right kidney measures {kidney} cm. There is no hydronephrosis, stones or masses bilaterally. Normal "
        "cortical echogenicity is seen [bilaterally|in both kidneys]. The bladder is [moderately "
        "distended|decompressed].",
        "[Normal renal ultrasound.|No hydronephrosis.]",
        "Grey scale and color Doppler ultrasound images of the kidneys were obtained.",
    ),
    Study(
        "CHEST (PA AND LAT)",
        "CXR (PA and lateral)",
        "pleural effusion",
        "PA and lateral views show [clear|well expanded] lungs. No effusion is [seen|present] on the lateral view. "
        "The aorta is [tortuous|mildly calcified]. Osseous structures are intact.",
        "No [pleural effusion|acute cardiopulmonary process].",
        "Chest PA and lateral.",
    ),
    Study(
        "FOOT AP,LAT & OBL",
        "Foot radiograph",
        "pain, fracture",
        "Three views of the foot. No [acute fracture|fracture or dislocation]. Mild degenerative changes at the "
        "first MTP joint. [Small plantar calcaneal spur|Vascular calcifications are noted].",
        "No acute fracture.",
        "Three views.",
    ),
    Study(
        "GLENO-HUMERAL SHOULDER (W/ Y VIEW)",
        "Shoulder radiograph",
        "pain",
        "No fracture or dislocation. There are [mild|moderate] degenerative changes of the acromioclavicular joint. "
        "The visualized lung apex is clear.",
        "[No acute fracture.|Degenerative change of the AC joint.]",
        "Three views.",
    ),
)

_RENAL_ULTRASOUND = COMMON_STUDIES[6]
_HEAD_CT = COMMON_STUDIES[2]

# --------------------------------------------------------------------------- complications

COMPLICATIONS: Mapping[str, Complication] = {
    "aki": Complication(
        "Acute kidney injury",
        Code("N179", "ACUTE KIDNEY FAILURE, UNSPECIFIED"),
        Event(
            "Creatinine [rose|went up] to {Creat_in}, [most likely|felt to be] [prerenal|from hypovolemia] given "
            "FeNa of {fena}%. It [improved|recovered] to {Creat_out} with [IV fluids|volume resuscitation].",
            "Your kidneys were [irritated|injured] for a short time and got better with fluids.",
            pending="[Recheck|Please check] chemistry panel [at PCP visit|in one week] (discharge creatinine "
            "{Creat_out}).",
            studies=(_RENAL_ULTRASOUND,),
            results=("URINE ___: FeNa {fena}%",),
        ),
        draws={"fena": ("0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8")},
        labs={"Creat": ((1.6, 3.1), (0.9, 1.3)), "BUN": ((30, 58), (14, 26))},
        holds=("Lisinopril", "Losartan Potassium"),
        excludes=("ckd",),
    ),
    "hypokalemia": Complication(
        "Hypokalemia",
        Code("E876", "HYPOKALEMIA"),
        Event(
            "Potassium [nadir|as low as] {K_in}, [repleted|corrected] with oral and IV potassium chloride to "
            "{K_out}. [Telemetry showed no arrhythmia.|No EKG changes were seen.]",
            "Your potassium was low and we [gave you extra|replaced it].",
            pending="Repeat potassium [and magnesium |]at [follow-up|the next visit].",
        ),
        labs={"K": ((2.7, 3.3), (3.8, 4.4))},
    ),
    "hyponatremia": Complication(
        "Hyponatremia",
        Code("E871", "HYPO-OSMOLALITY AND HYPONATREMIA"),
        Event(
            "Sodium on presentation was {Na_in}, [consistent with|attributed to] [poor oral intake|hypovolemia] with "
            "urine sodium of {urine_na}. [Corrected|Slowly corrected] to {Na_out} before discharge.",
            "The [salt|sodium] level in your blood was low and came back to normal.",
            pending="Recheck sodium within [one week|a week] of discharge.",
            results=("URINE ___: Na {urine_na}",),
        ),
        draws={"urine_na": range(8, 20)},
        labs={"Na": ((123, 131), (134, 138)), "Cl": ((88, 95), (97, 101))},
    ),
    "delirium": Complication(
        "Delirium",
        Code("R410", "DISORIENTATION, UNSPECIFIED"),
        Event(
            "On hospital day {delirium_day} {he} became [confused|disoriented and restless] [overnight|in the "
            "evening]. Infectious and metabolic workup was [negative|unrevealing] and head imaging showed nothing "
            "acute. [Cleared|Resolved] with [delirium precautions|reorientation, sleep hygiene] and avoidance of "
            "sedatives.",
            "You were confused [for a while|for a night or two], which [can happen|often happens] in the hospital, "
            "and this [went away|got better].",
            pending="[Avoid|Please avoid] benzodiazepines and [anticholinergics|other deliriogenic medications].",
            studies=(_HEAD_CT,),
        ),
        draws={"delirium_day": (2, 2, 3)},
    ),
    "retention": Complication(
        "Urinary retention",
        Code("R339", "RETENTION OF URINE, UNSPECIFIED"),
        Event(
            "Bladder scan [showed|revealed] {pvr} cc, so a Foley [catheter |]was placed. [Passed|Successfully "
            "completed] a voiding trial {foley_days} days later.",
            "You had trouble [urinating|passing urine] and needed a catheter for a [short time|few days].",
            procedure="Foley catheter placement",
            pending="Monitor for recurrent urinary retention.",
            results=("BLADDER SCAN ___: {pvr} cc",),
        ),
        draws={"pvr": range(520, 990, 10), "foley_days": (2, 3)},
    ),
    "anemia": Complication(
        "Anemia",
        Code("D649", "ANEMIA, UNSPECIFIED"),
        Event(
            "Hemoglobin {Hgb_in} on arrival with ferritin of {ferritin}, [consistent with|suggesting] iron "
            "deficiency. [No overt bleeding was seen|There was no evidence of active bleeding] and counts were "
            "[stable|steady] at {Hgb_out}.",
            "Your blood count was [somewhat |]low, so you [should|will] take iron.",
            pending="Outpatient [colonoscopy|GI evaluation] for iron deficiency [anemia |]if not up to date.",
            starts=(Drug("Ferrous Sulfate", ("325 mg",), "low iron"),),
            results=("IRON STUDIES ___: ferritin {ferritin}",),
        ),
        draws={"ferritin": range(6, 22)},
        labs={"Hgb": ((8.4, 10.2), (8.6, 10.4))},
    ),
    "diarrhea": Complication(
        "Diarrhea",
        Code("R197", "DIARRHEA, UNSPECIFIED"),
        Event(
            "Developed {stools} loose stools a day [during the stay|while on treatment]. C. difficile [PCR|testing] "
            "was negative. [Self-limited.|Resolved without specific therapy.|Managed with loperamide.]",
            "You had loose stools; the test for [an infection|infection] of the bowel was negative.",
            results=("MICRO: C. difficile PCR ___: negative",),
        ),
        draws={"stools": (3, 4, 5, 6)},
    ),
    "thrush": Complication(
        "Oral candidiasis",
        Code("B370", "CANDIDAL STOMATITIS"),
        Event(
            "White plaques on the tongue were [noted|found] on hospital day 2 and treated with nystatin [swish and "
            "swallow|suspension].",
            "You had [a mild yeast infection|thrush] in your mouth, which we treated with a mouth rinse.",
            starts=(Drug("Nystatin Oral Suspension", ("5 mL",), "thrush", times="QID"),),
        ),
    ),
    "nodule": Complication(
        "Pulmonary nodule",
        Code("R911", "SOLITARY PULMONARY NODULE"),
        Event(
            "An incidental {nodule} mm [right|left] [upper|lower] lobe nodule was [seen|found] on imaging. [{Pt} was "
            "informed.|Discussed with the patient.]",
            "We [also |]saw a small spot [on|in] your lung that needs another [scan|picture] [later|in some months].",
            pending="Repeat chest CT in {nodule_months} months for pulmonary nodule.",
            studies=(
                Study(
                    "CT CHEST W/O CONTRAST",
                    "CT chest",
                    "characterize nodule",
                    "There is a {nodule} mm solid nodule (series 4, image {image}). No lymphadenopathy by CT size "
                    "criteria. Airways are patent to the [segmental|subsegmental] level. Mild coronary "
                    "calcification. [Limited views of the upper abdomen are unremarkable.|Imaged upper abdomen is "
                    "normal.]",
                    "{nodule} mm solid pulmonary nodule. Follow-up CT is [recommended|advised] per Fleischner "
                    "criteria.",
                    "Multidetector CT of the chest without contrast.",
                ),
            ),
        ),
        draws={"nodule": (4, 5, 6, 7, 9), "nodule_months": (3, 6, 12)},
    ),
}

# --------------------------------------------------------------------------- reasons for admission

_CXR_TECHNIQUE = (
    "[Chest PA and lateral.|Single portable AP view of the chest.|Upright AP and lateral views of the chest.]"
)

_HEART_FAILURE = Reason(
    title="Acute on chronic systolic heart failure",
    short="heart failure",
    codes=(Code("I5023", "ACUTE ON CHRONIC SYSTOLIC (CONGESTIVE) HEART FAILURE"),),
    symptom=Code("R0602", "SHORTNESS OF BREATH"),
    services=("CARDIOLOGY", "MEDICINE"),
    ages=range(56, 90),
    days=range(4, 9),
    complaints=("Dyspnea", "Shortness of breath", "Leg swelling, dyspnea"),
    presenting="[progressive|worsening] dyspnea on exertion and [leg swelling|lower extremity edema]",
    plain="you had [trouble breathing|shortness of breath] and [swelling in your legs|swollen legs]",
    lay="[Extra fluid|Fluid] had built up in your [lungs and legs|body] because your heart [does not pump|is not "
    "pumping] as strongly as it should. [This seems to have been set off by|A likely cause was] {trigger_lay}.",
    draws={
        "trigger|trigger_lay": (
            ("dietary indiscretion", "eating salty food"),
            ("missed doses of diuretic", "missing some doses of your water pill"),
            ("a recent viral illness", "a viral infection"),
            ("uncontrolled blood pressure", "high blood pressure"),
        ),
        "ef": range(20, 41, 5),
        "pillows": (2, 3, 4),
        "gain": range(6, 19),
        "liters": range(4, 12),
        "lasix": (40, 60, 80, 120),
        "dry": range(62, 104),
        "drip": (5, 10, 15),
        "pasp": range(34, 60),
        "edema": ("moderate", "mild to moderate", "mild"),
    },
    story=(
        "{Pt} [noticed|reports] [gradually worsening|increasing] shortness of breath over the past {ill} days, "
        "initially with stairs and [now|more recently] when walking [across the room|to the bathroom].",
        "{He} [now sleeps on|has been using] {pillows} pillows and has woken up gasping at night [twice|several "
        "times].",
        "[Weight|{His} weight] is up about {gain} pounds, with [tight shoes|swelling up to the knees] and "
        "[some|mild] abdominal bloating.",
        "On further questioning {he} recalls {trigger} in the [days|week] before the symptoms started.",
    ),
    emergency="furosemide {lasix} mg IV was given with [good|brisk] urine output",
    denies=("chest pain", "palpitations", "fevers", "syncope", "cough productive of sputum", "calf pain"),
    vitals={"heartrate": (88, 112), "resprate": (20, 28), "o2sat": (88, 93), "sbp": (128, 168), "dbp": (70, 96)},
    oxygen=("2L NC", "3L NC", "4L NC"),
    exam={
        "NECK": "JVP [elevated to the angle of the jaw|12 cm|14 cm]",
        "CV": "[RRR|Regular], S3 [gallop |]present, II/VI systolic murmur at the apex",
        "LUNGS": "[Bibasilar crackles|Crackles to the mid lung fields bilaterally], decreased at the right base",
        "EXT": "[2+|3+] pitting edema to the [knees|mid shins] bilaterally, warm",
    },
    recovered={
        "NECK": "JVP [8 cm|not elevated]",
        "EXT": "[Trace|1+] edema at the ankles",
        "CV": "RRR, soft systolic murmur",
    },
    labs={
        "BNP": ((3200, 14800), None),
        "Trop": ((0.01, 0.05), None),
        "Na": ((131, 137), (134, 139)),
        "BUN": ((24, 42), (22, 38)),
    },
    results=(
        "TTE ___: The left ventricle is [mildly|moderately] dilated with global hypokinesis (LVEF = {ef}%). "
        "[Mild|Moderate] mitral regurgitation. Estimated PA systolic pressure is {pasp} mmHg.",
        "EKG: [Sinus rhythm|NSR], left axis deviation, [LBBB|nonspecific ST-T changes]",
    ),
    studies=(
        Study(
            "CHEST (PORTABLE AP)",
            "CXR",
            "pulmonary edema",
            "There is [moderate|stable moderate] cardiomegaly. [Perihilar haziness and|Vascular indistinctness with] "
            "Kerley B lines are [seen|present]. Small [bilateral|right greater than left] pleural effusions. No "
            "pneumothorax.",
            "{Edema} pulmonary edema with small [bilateral |]pleural effusions.",
            _CXR_TECHNIQUE,
        ),
    ),
    events=(
        Event(
            "[Decompensation was attributed to|The likely precipitant was] {trigger}. [Volume overload was "
            "evident|Overloaded on exam] with [proBNP|BNP] {BNP_in}, and {he} was diuresed with IV furosemide "
            "{lasix} mg [twice daily|BID].",
            "We gave you [medicine through the vein|strong water pills] to remove [about|over] {liters} liters of "
            "fluid.",
        ),
        Event(
            "A furosemide drip [with metolazone|at {drip} mg/hr] was needed for [one day|two days] because of an "
            "inadequate response.",
            "For a [short|brief] time you needed [this medicine|it] as a drip.",
            chance=0.3,
            studies=(
                Study(
                    "CHEST (PA AND LAT)",
                    "CXR (follow-up)",
                    "interval change in edema",
                    "Compared with the prior study there is [interval|marked] improvement of the pulmonary edema. "
                    "The effusions are [smaller|nearly resolved]. Cardiomegaly is unchanged.",
                    "[Improved|Near complete resolution of] pulmonary edema.",
                    _CXR_TECHNIQUE,
                ),
            ),
        ),
        Event(
            "[In total|Over the stay] {he} was net negative {liters} L, weaned to room air, and "
            "[transitioned|switched] to [oral torsemide|torsemide by mouth] {torsemide_dose}. Echo showed an LVEF of "
            "{ef}%.",
            "An ultrasound of your heart showed that it [pumps weakly|is weak].",
            starts=(Drug("Torsemide", ("20 mg", "40 mg", "60 mg"), "removing fluid"),),
            stops=("Furosemide",),
            pending="Discharge weight: {dry} kg. [Check|Recheck] electrolytes in [one week|5-7 days] on torsemide.",
            results=("I/O: net negative {liters} L over the stay, discharge weight {dry} kg",),
        ),
        Event(
            "[Guideline directed therapy was advanced:|For GDMT,] spironolactone [was started|was added].",
            "[We also|Our team] added a medicine that helps [people with a weak heart|weak hearts].",
            chance=0.5,
            starts=(Drug("Spironolactone", ("12.5 mg", "25 mg"), "the heart"),),
            pending="[Monitor|Follow] potassium on spironolactone.",
        ),
    ),
    advice=(
        "Weigh yourself every morning[ before breakfast|]. Call your doctor if you gain more than 3 pounds in [a "
        "day|two days].",
        "[Keep|Limit] [the |]salt in your food below 2 grams a day[ and drink less than 2 liters|].",
    ),
    alarms=("trouble breathing when lying flat", "chest pain", "fainting", "swelling that gets worse"),
    clinic="cardiology",
    implies=("hfref",),
    excludes=("hyponatremia",),
)

_PNEUMONIA = Reason(
    title="Community acquired pneumonia",
    short="pneumonia",
    codes=(Code("J189", "PNEUMONIA, UNSPECIFIED ORGANISM"),),
    symptom=Code("R059", "COUGH, UNSPECIFIED"),
    services=("MEDICINE",),
    ages=range(34, 90),
    days=range(4, 8),
    complaints=("Cough, fever", "Fever", "Cough", "Dyspnea"),
    presenting="[fever and productive cough|productive cough and fevers]",
    plain="you had a [fever and a bad cough|bad cough with fever]",
    lay="A [chest X-ray|picture of your lungs] showed [pneumonia|an infection of the lung] on the {side} side.",
    draws={
        "side": ("right", "left"),
        "lobe": ("lower", "upper", "lower"),
        "sputum": ("green", "yellow", "rust colored"),
        "tmax": ("101.3", "101.8", "102.2", "102.6", "103.1"),
        "abx_days": (5, 7),
        "contact": ("a grandchild", "{his} spouse", "a coworker", "a neighbor"),
        "need": ("2L", "3L", "4L"),
        "icu": (2, 3),
        "defervesced": (2, 3),
        "gram": ("gram positive cocci in pairs", "mixed respiratory flora"),
    },
    story=(
        "{Pt} was [in {his} usual state of health|well] until {ill} days ago, when {he} developed [chills "
        "and|malaise and] a cough [productive of|with] {sputum} sputum.",
        "{He} [measured|had] a temperature of {tmax} at home and took acetaminophen with [some|brief] relief.",
        "[There is pleuritic pain on the {side} side|{He} has sharp {side} sided chest discomfort with deep breaths] "
        "and [poor|reduced] appetite.",
        "[Of note, {contact}|Sick contacts: {contact}] had [a cold|similar symptoms] the week before.",
    ),
    emergency="blood cultures were drawn and {he} received ceftriaxone and azithromycin [as well as|with] 1L of fluids",
    denies=("hemoptysis", "leg swelling", "recent travel", "dysuria", "abdominal pain", "headache", "rash"),
    vitals={
        "temperature": (100.6, 103.0),
        "heartrate": (98, 122),
        "resprate": (20, 28),
        "o2sat": (87, 93),
        "sbp": (98, 136),
    },
    oxygen=("2L NC", "3L NC", "4L NC"),
    exam={
        "GENERAL": "[Tired|Ill] appearing, [coughing|intermittently coughing], speaking in full sentences",
        "LUNGS": "[Crackles and|Rhonchi with] [bronchial breath sounds|egophony] over the {side} {lobe} lung field",
        "CV": "Tachycardic, regular, no murmurs",
    },
    recovered={"LUNGS": "[Faint|Few residual] crackles on the {side}, otherwise clear, breathing comfortably"},
    labs={"WBC": ((12.4, 21.0), (6.2, 10.4)), "Lactate": ((1.6, 2.9), None), "CRP": ((68, 210), None)},
    results=(
        "MICRO: Blood cultures ___: no growth. Urine Legionella antigen [negative|NEGATIVE]. Sputum gram stain: "
        "[contaminated with upper respiratory secretions|{gram}].",
    ),
    studies=(
        Study(
            "CHEST (PA AND LAT)",
            "CXR",
            "pneumonia",
            "[A|There is a new] {side} {lobe} lobe [consolidation|airspace opacity] with air bronchograms[ is "
            "seen|]. [No|Trace] pleural effusion. The heart is not enlarged. [Hila are unremarkable.|No "
            "pneumothorax.]",
            "{Side} {lobe} lobe pneumonia.",
            _CXR_TECHNIQUE,
        ),
    ),
    events=(
        Event(
            "Imaging [confirmed|demonstrated] a {side} {lobe} lobe infiltrate with leukocytosis to {WBC_in}. "
            "[Treated|{He} was treated] with ceftriaxone and [azithromycin|doxycycline], [initially|at first] "
            "requiring {need} of oxygen.",
            "You [were given|got] antibiotics and [needed|were given] oxygen at first.",
        ),
        Event(
            "[Respiratory status worsened|Hypoxia progressed] on the second day, requiring high flow nasal cannula "
            "in the [step-down unit|ICU] for {icu} days[ before improving|].",
            "Your breathing got worse on the second day, so you [spent some days|were watched closely] in the "
            "[intensive care unit|ICU].",
            chance=0.2,
            studies=(
                Study(
                    "CT CHEST W/CONTRAST",
                    "CT chest",
                    "empyema, abscess",
                    "There is dense consolidation of the {side} {lobe} lobe without cavitation. A small [simple|free "
                    "flowing] parapneumonic effusion is present. Mildly enlarged hilar nodes are likely reactive. "
                    "The airways are patent.",
                    "{Side} {lobe} lobe consolidation with small parapneumonic effusion. No abscess.",
                    "MDCT of the chest after intravenous contrast.",
                ),
            ),
        ),
        Event(
            "Strep pneumoniae urinary antigen [returned positive|was positive] and coverage was narrowed accordingly.",
            "A test showed [which germ|the germ that] caused [it|the infection].",
            chance=0.3,
        ),
        Event(
            "[Defervesced|Fever resolved] by hospital day {defervesced}, [ambulating|walking] on room air with "
            "saturations of {O2_out}% and [changed|transitioned] to oral antibiotics to complete {abx_days} days.",
            "Your fever [went away|stopped] and you were able to [breathe without oxygen|walk without oxygen].",
            starts=(Drug("LevoFLOXacin", ("500 mg", "750 mg"), "the lung infection"),),
            pending="[Repeat chest imaging in 6-8 weeks|CXR in 6 weeks] to [ensure|document] resolution.",
        ),
    ),
    advice=(
        "[Finish|Take] all of the antibiotics, even [if|when] you feel better.",
        "[Rest|Get plenty of rest], drink fluids and use the breathing device (spirometer) [every hour|a few times "
        "an hour] while awake.",
    ),
    alarms=("fever above 100.4", "worse shortness of breath", "coughing up blood", "confusion"),
    clinic="pulmonary",
)

_COPD = Reason(
    title="Acute exacerbation of COPD",
    short="a COPD flare",
    codes=(Code("J441", "CHRONIC OBSTRUCTIVE PULMONARY DISEASE WITH (ACUTE) EXACERBATION"),),
    symptom=Code("R0602", "SHORTNESS OF BREATH"),
    services=("MEDICINE",),
    ages=range(52, 88),
    days=range(3, 7),
    complaints=("Dyspnea", "Shortness of breath", "Wheezing"),
    presenting="[increasing shortness of breath and wheezing|wheezing, cough and worsening dyspnea]",
    plain="you were [wheezing and short of breath|short of breath, coughing and wheezing]",
    lay="You had [a flare|an exacerbation] of your [COPD|lung disease], [which was probably|likely] [caused|set off] "
    "by {trigger_lay}.",
    draws={
        "trigger|trigger_lay": (
            ("a viral upper respiratory infection", "a cold"),
            ("rhinovirus infection", "a cold virus"),
            ("exposure to wood smoke", "breathing smoke"),
            ("running out of inhalers", "running out of your inhalers"),
        ),
        "packs": range(30, 76, 5),
        "smoking": ("Heavy smoking history, has cut down but not quit", "Still smokes a few cigarettes a day"),
        "fev": range(31, 62),
        "prednisone_days": (5, 5, 7),
        "home_o2": ("no home oxygen", "2L home oxygen at night"),
        "co2": range(48, 72),
        "panel": ("negative", "rhinovirus positive", "negative for influenza and RSV"),
    },
    story=(
        "{Pt} [has had|reports] {ill} days of [increasing|worsening] dyspnea with [more|thicker] sputum and audible "
        "wheezing.",
        "{He} uses {home_o2} and has smoked [roughly|about] {packs} pack-years; the last FEV1 was {fev}% of predicted.",
        "Albuterol [was needed|has been needed] every [two|three] hours [without much benefit|with only brief "
        "benefit].",
        "[The symptoms followed|It began after] {trigger}.",
    ),
    emergency="{he} [was given|received] stacked nebulizers, methylprednisolone 125 mg IV and azithromycin",
    denies=("chest pain", "hemoptysis", "fevers", "orthopnea", "leg swelling", "calf pain"),
    vitals={"heartrate": (96, 118), "resprate": (22, 30), "o2sat": (84, 91), "sbp": (124, 160)},
    oxygen=("2L NC", "3L NC", "4L NC"),
    exam={
        "GENERAL": "[Sitting upright|Leaning forward], speaking in [short|three word] sentences, pursed lip breathing",
        "LUNGS": "[Diffuse expiratory wheezes|Expiratory wheezing throughout], prolonged expiratory phase, poor air "
        "movement",
    },
    recovered={"LUNGS": "[Occasional end expiratory wheeze|Mild scattered wheezes], good air movement"},
    labs={"WBC": ((8.8, 13.9), (9.0, 14.2)), "HCO3": ((28, 34), (27, 32)), "pH": ((7.27, 7.34), None)},
    results=(
        "VBG ___: pH {pH_in}, pCO2 {co2}",
        "Respiratory viral panel: {panel}",
        "EKG: [sinus tachycardia|sinus tachycardia, P pulmonale]",
    ),
    studies=(
        Study(
            "CHEST (PORTABLE AP)",
            "CXR",
            "pneumonia",
            "The lungs are hyperinflated with flattening of the diaphragms. [No|There is no] focal consolidation, "
            "effusion or pneumothorax. [Heart size is normal.|The cardiac silhouette is small.]",
            "[Hyperinflation consistent with COPD|Emphysema]. No [focal |]pneumonia.",
            _CXR_TECHNIQUE,
        ),
    ),
    events=(
        Event(
            "[Trigger was felt to be|Precipitated by] {trigger}. {Pt} received [ipratropium-albuterol "
            "nebulizers|standing duonebs], azithromycin and [steroids|a prednisone burst].",
            "We treated you with [nebulizers|breathing treatments], [steroids|a steroid] and an antibiotic.",
        ),
        Event(
            "[Due to|For] hypercarbia with pCO2 {co2} {he} [spent the first night|was placed] on BiPAP in the ICU, "
            "[weaned|off] by the next [morning|day].",
            "[During|For] the first night you [needed|wore] a mask that [helped|supports] breathing.",
            chance=0.35,
        ),
        Event(
            "Oxygen [requirement|need] [returned|came back] to baseline ({home_o2}) by discharge. Prednisone [to be "
            "completed|continues] for a {prednisone_days} day course.",
            "[Your oxygen level|The oxygen in your blood] is [back to where it was|back to normal for you].",
            starts=(Drug("PredniSONE", ("40 mg",), "the lung flare"),),
            pending="[Refer to|Consider] pulmonary rehabilitation.",
        ),
        Event(
            "[Controller therapy was stepped up|Inhaler regimen was escalated] with [fluticasone-salmeterol|an "
            "ICS/LABA].",
            "You have a new inhaler [to use twice a day|for every day].",
            chance=0.5,
            starts=(Drug("Fluticasone-Salmeterol Diskus (250/50)", ("1 INH",), "breathing", route="IH", times="BID"),),
        ),
        Event(
            "Smoking cessation was [discussed|encouraged] and nicotine replacement [prescribed|offered].",
            "[Please stop smoking|Not smoking is the best thing you can do for your lungs]; the patch can help.",
            chance=0.5,
            starts=(Drug("Nicotine Patch", ("14 mg/day", "21 mg/day"), "stopping smoking", route="TD"),),
        ),
    ),
    advice=(
        "[Take|Keep taking] prednisone [in the morning |]with food until it is finished.",
        "[Use|Carry] your rescue inhaler when you feel short of breath, and [rinse|please rinse] your mouth after "
        "the daily inhaler.",
    ),
    alarms=("trouble breathing", "blue lips", "fevers", "needing the rescue inhaler more than every four hours"),
    clinic="pulmonary",
    implies=("copd",),
)

_NSTEMI = Reason(
    title="Non-ST elevation myocardial infarction",
    short="a heart attack (NSTEMI)",
    codes=(Code("I214", "NON-ST ELEVATION (NSTEMI) MYOCARDIAL INFARCTION"),),
    symptom=Code("R079", "CHEST PAIN, UNSPECIFIED"),
    services=("CARDIOLOGY",),
    ages=range(45, 86),
    days=range(3, 6),
    complaints=("Chest pain", "Chest pressure"),
    presenting="[substernal chest pressure|chest pain radiating to the {radiation}]",
    plain="you had [chest pain|pressure in your chest]",
    lay="[Blood tests showed|Tests showed] [that you had |]a heart attack, [which means|meaning] that a blood vessel "
    "of the heart was [blocked|narrowed].",
    draws={
        "radiation": ("left arm", "jaw", "left shoulder", "back"),
        "activity": ("climbing stairs", "shoveling snow", "carrying groceries", "watching television", "gardening"),
        "minutes": range(20, 100, 5),
        "vessel|vessel_name": (
            ("LAD", "left anterior descending"),
            ("RCA", "right coronary"),
            ("LCx", "left circumflex"),
        ),
        "stenosis": range(75, 100, 5),
        "ef": range(40, 61, 5),
        "peak": ("0.42", "0.58", "0.77", "1.13", "1.86", "2.35"),
        "access": ("right radial", "left radial", "right femoral"),
    },
    story=(
        "{Pt} [developed|had sudden onset of] chest [pressure|tightness] while {activity}, [rated {pain}/10|{pain} "
        "out of 10], radiating to the {radiation}.",
        "It lasted [about|roughly] {minutes} minutes and came with [diaphoresis|sweating] and [nausea|mild dyspnea].",
        "{He} had noticed [milder|similar but shorter] episodes with exertion over the {ill} days before.",
        "[{He} took an aspirin at home|EMS gave aspirin 324 mg] and the pain [eased|improved] after [sublingual "
        "|]nitroglycerin.",
    ),
    emergency="EKG showed ST depressions, and {he} was [loaded with|given] aspirin and started on a heparin drip",
    denies=("syncope", "orthopnea", "leg swelling", "fevers", "black stools", "recent surgery"),
    vitals={"heartrate": (78, 106), "sbp": (132, 172), "dbp": (74, 98), "o2sat": (94, 98)},
    exam={
        "GENERAL": "[Anxious|Mildly anxious] appearing, currently chest pain free",
        "CV": "[RRR, S4 present|Regular, normal S1/S2], no murmurs or rubs, no chest wall tenderness",
    },
    recovered={"EXT": "Access site at the {access} artery without hematoma or bruit, distal pulses intact"},
    labs={"Trop": ((0.12, 0.38), None), "LDL": ((104, 178), None), "A1c": ((5.4, 6.4), None)},
    results=(
        "EKG: Sinus rhythm, [1-2 mm|1 mm] ST depressions in [V4-V6|II, III, aVF], no Q waves",
        "Cardiac catheterization ___: Right dominant. The {vessel} had a {stenosis}% [mid|proximal] stenosis. Mild "
        "disease elsewhere.",
        "TTE ___: LVEF {ef}%, [regional hypokinesis in the {vessel} territory|no significant valvular disease].",
    ),
    studies=(
        Study(
            "CHEST (PORTABLE AP)",
            "CXR",
            "acute process, widened mediastinum",
            "Cardiomediastinal silhouette is [normal|within normal limits]. The lungs are clear [without "
            "edema|without consolidation]. No effusion or pneumothorax.",
            "No acute cardiopulmonary [process|abnormality].",
            _CXR_TECHNIQUE,
        ),
    ),
    events=(
        Event(
            "Troponin [rose from|went from] {Trop_in} to a peak of {peak} [with|in the setting of] ischemic EKG "
            "changes. {Pt} was [managed|treated] with aspirin, heparin and high intensity statin.",
            "[We gave you|You received] blood thinners to [keep the vessel open|protect the heart].",
            results=("cTropnT ___: peak {peak}",),
        ),
        Event(
            "Coronary angiography via {access} access [revealed|found] a {stenosis}% {vessel} lesion, [which was "
            "treated|successfully treated] with [one|a single] drug eluting stent.",
            "[A stent|A small metal tube (stent)] was placed in [the artery|your heart artery] to keep it open.",
            procedure="Coronary angiography with drug eluting stent to the {vessel_name} artery",
            chance=0.85,
            starts=(Drug("Ticagrelor", ("90 mg",), "keeping the stent open", times="BID"),),
            pending="Dual antiplatelet therapy for [at least |]12 months; do not interrupt without cardiology input.",
        ),
        Event(
            "Ejection fraction by echo was {ef}%. [Metoprolol was started|Beta blocker was initiated] and "
            "[tolerated|titrated] well.",
            "[An ultrasound|An echo] showed [how well your heart pumps|the strength of the heart].",
            starts=(
                _ASPIRIN,
                Drug("Atorvastatin", ("80 mg",), "cholesterol", times="QPM"),
                Drug("Metoprolol Succinate XL", ("25 mg", "50 mg"), "the heart"),
            ),
            stops=("Simvastatin", "Rosuvastatin Calcium", "Carvedilol"),
            pending="Repeat lipid panel in [6|8] weeks (LDL {LDL_in}).",
        ),
        Event(
            "There was [a short run|an episode] of NSVT on telemetry [without|with no] symptoms.",
            "The heart monitor showed a few extra beats, which did not cause harm.",
            chance=0.2,
        ),
    ),
    advice=(
        "[Never|Do not] stop aspirin or [ticagrelor|your blood thinners] unless your cardiologist tells you to.",
        "[Do not lift|Avoid lifting] more than 10 pounds for [one week|a week]. Cardiac rehab is a good way to [get "
        "stronger|build strength].",
    ),
    alarms=("chest pain", "trouble breathing", "bleeding from where the catheter went in", "black stools"),
    clinic="cardiology",
    excludes=("af", "anemia"),
)

_AF_RVR = Reason(
    title="Atrial fibrillation with rapid ventricular response",
    short="atrial fibrillation",
    codes=(Code("I4891", "UNSPECIFIED ATRIAL FIBRILLATION"),),
    symptom=Code("R002", "PALPITATIONS"),
    services=("CARDIOLOGY", "MEDICINE"),
    ages=range(48, 90),
    days=range(3, 6),
    complaints=("Palpitations", "Palpitations, lightheadedness", "Rapid heart rate"),
    presenting="[palpitations and lightheadedness|a racing heart and lightheadedness]",
    plain="your heart was [beating too fast|racing] and you felt lightheaded",
    lay="You have [an irregular heart rhythm|a heart rhythm problem] called atrial fibrillation. [It|This] can cause "
    "[blood clots and strokes|a stroke], [so|which is why] you need a blood thinner.",
    draws={
        "drinking": ("Beer on most weekends", "Drinks alcohol on weekends, at times heavily"),
        "rate": range(138, 176),
        "trigger|trigger_lay": (
            ("binge alcohol use", "alcohol"),
            ("untreated sleep apnea", "poor sleep from sleep apnea"),
            ("dehydration after gastroenteritis", "dehydration"),
            ("a respiratory infection", "a cold"),
        ),
        "score": (2, 3, 4, 5),
        "atrium": ("mildly", "moderately", "severely"),
        "ef": range(45, 66, 5),
    },
    story=(
        "{Pt} [woke up with|noticed] [a fluttering sensation|palpitations] {ill} days ago that [came and went|were "
        "intermittent at first] and then [persisted|became constant].",
        "{He} felt lightheaded on standing and [tired|winded] after [one flight of stairs|short walks].",
        "{He} has no [prior history|known history] of arrhythmia. The onset [followed|came after] {trigger}.",
        "A home [monitor|blood pressure cuff] read a pulse of {rate}, [prompting|which led to] the visit.",
    ),
    emergency="EKG showed AF at {rate}; IV diltiazem [pushes were|10 mg was] given with [partial|some] response",
    denies=("chest pain", "syncope", "heat intolerance", "focal weakness", "leg swelling", "fevers"),
    vitals={"heartrate": (132, 168), "sbp": (98, 134), "dbp": (58, 84), "o2sat": (94, 98)},
    exam={
        "CV": "Irregularly irregular, tachycardic, no murmurs [appreciated|heard]",
        "NECK": "JVP not elevated, no goiter",
    },
    recovered={"CV": "[Rate controlled|Normal rate], no murmurs [appreciated|heard]"},
    labs={"TSH": ((0.8, 3.8), None), "BNP": ((420, 1900), None), "Trop": ((0.0, 0.02), None)},
    results=(
        "EKG: Atrial fibrillation with rapid ventricular response at {rate} bpm, no ischemic changes",
        "TTE ___: Left atrium {atrium} dilated. LVEF {ef}%. [No|Trace] mitral regurgitation. No pericardial effusion.",
    ),
    studies=(
        Study(
            "CHEST (PORTABLE AP)",
            "CXR",
            "acute process",
            "The heart is [top normal in size|mildly enlarged]. [No overt|There is no] pulmonary edema. No "
            "consolidation, effusion or pneumothorax.",
            "No acute cardiopulmonary process[. Mild cardiomegaly|].",
            _CXR_TECHNIQUE,
        ),
    ),
    events=(
        Event(
            "[New onset|This was new] AF with rates up to {rate}, [thought secondary|attributed] to {trigger}. TSH "
            "was normal at {TSH_in}. Rate control [was achieved|achieved] with [metoprolol|a metoprolol regimen], "
            "uptitrated to {metoprolol_dose} [daily|a day].",
            "[We slowed|Medicines slowed] your heart rate down. {Trigger_lay} may have [brought it on|played a part].",
            starts=(Drug("Metoprolol Succinate XL", ("50 mg", "100 mg"), "the heart rate"),),
            stops=("Carvedilol",),
        ),
        Event(
            "[{Pt} remained|{He} stayed] in AF, so TEE [excluded|showed no] thrombus and DC cardioversion [restored "
            "sinus rhythm|was successful] [on the first|after one] shock.",
            "You had a procedure (cardioversion) that [brought|put] your heart back into a normal rhythm.",
            chance=0.4,
            procedure="TEE and DC cardioversion",
            pending="[Uninterrupted anticoagulation|No missed doses of anticoagulation] for at least 4 weeks after "
            "cardioversion.",
        ),
        Event(
            "CHA2DS2-VASc [score |]of {score}; [apixaban was started|started on apixaban] after discussion of risks "
            "and benefits.",
            "You [are now taking|started] a blood thinner[ called apixaban|].",
            starts=(_APIXABAN,),
            stops=("Aspirin",),
            pending="Outpatient [rhythm monitor|Holter] [and sleep study|to assess AF burden].",
        ),
        Event(
            "Echocardiogram [had|showed] a {atrium} dilated left atrium and EF of {ef}%.",
            "",
            chance=0.7,
        ),
    ),
    advice=(
        "[Take|Please take] the blood thinner twice [a day|every day] and do not skip doses.",
        "[Limit|Cut back on] alcohol and caffeine[, and avoid ibuprofen or similar pain pills|].",
    ),
    alarms=("a racing heartbeat", "fainting", "weakness of the face or an arm", "bleeding that does not stop"),
    clinic="cardiology",
    excludes=("af", "anemia"),
)

_GI_BLEED = Reason(
    title="Upper GI bleed due to duodenal ulcer",
    short="a GI bleed",
    codes=(Code("K264", "CHRONIC OR UNSPECIFIED DUODENAL ULCER WITH HEMORRHAGE"),),
    symptom=Code("K921", "MELENA"),
    services=("MEDICINE",),
    ages=range(40, 88),
    days=range(4, 8),
    complaints=("Melena", "Black stools", "Hematemesis"),
    presenting="[melena and lightheadedness|{bm} days of black tarry stools]",
    plain="you had black stools and felt [weak|dizzy]",
    lay="You were bleeding from [an ulcer|a sore (ulcer)] in the first part of the [small intestine|gut], [most "
    "likely|probably] from {cause_lay}.",
    draws={
        "cause|cause_lay": (
            ("ibuprofen use for knee pain", "taking ibuprofen"),
            ("naproxen use for back pain", "taking naproxen"),
            ("high dose aspirin use", "taking a lot of aspirin"),
            ("Helicobacter pylori infection", "a stomach germ called H. pylori"),
        ),
        "bm": (2, 3, 4),
        "ulcer": (5, 6, 7, 9, 10, 12, 14, 15, 16, 20),
        "units": ("two units", "three units", "four units"),
        "forrest": ("Forrest IIa", "Forrest Ib", "Forrest IIc"),
        "tablets": (2, 3, 4, 6),
    },
    story=(
        "{Pt} [reports|describes] {ill} days of [black, sticky|tarry] stools, [up to|about] {bm} a day.",
        "{He} [felt dizzy|became lightheaded] [getting out of bed|in the shower] and [had to sit down|nearly fell].",
        "[There has been|{He} notes] [gnawing|dull] epigastric discomfort that [improves|gets better] with food.",
        "{He} [had been taking|admits to] {tablets} over the counter pain tablets [on most days|daily] for [several "
        "weeks|a month].",
    ),
    emergency="[two large bore IVs were placed|IV access was obtained], pantoprazole 80 mg IV was given and {he} was "
    "[typed and crossed|crossmatched]",
    denies=("hematochezia", "chest pain", "syncope", "weight loss", "liver disease", "dysphagia"),
    vitals={"heartrate": (100, 124), "sbp": (88, 112), "dbp": (48, 66), "o2sat": (96, 100)},
    exam={
        "GENERAL": "[Pale|Pale, tired appearing], no acute distress",
        "HEENT": "[Conjunctival pallor|Pale conjunctivae], MMM",
        "ABD": "Soft, [mild|moderate] epigastric tenderness without guarding. Rectal: melena, guaiac positive",
    },
    recovered={"ABD": "Soft, non-tender, [brown stool|no further melena]"},
    labs={
        "Hgb": ((5.9, 7.9), (8.1, 9.8)),
        "BUN": ((32, 58), (12, 20)),
        "INR": ((1.0, 1.2), (1.0, 1.1)),
    },
    results=(
        "EGD ___: A single {ulcer} mm cratered ulcer in the duodenal bulb ({forrest}). [Mild gastritis.|Normal "
        "esophagus and stomach.] Biopsies taken.",
    ),
    studies=(
        Study(
            "CHEST (PORTABLE AP)",
            "CXR",
            "free air, aspiration",
            "No free air is seen beneath the diaphragm. The lungs are clear. Cardiomediastinal contours are "
            "[normal|unremarkable].",
            "No free [intraperitoneal |]air. Clear lungs.",
            _CXR_TECHNIQUE,
        ),
    ),
    events=(
        Event(
            "Hemoglobin [was|on arrival was] {Hgb_in} with hemodynamic changes, and {units} of packed red "
            "cells were [given|transfused] along with an IV PPI.",
            "You [lost blood and needed|received] {units} of blood[, as you had lost a lot|].",
        ),
        Event(
            "[EGD|Upper endoscopy] by GI [identified|showed] a {ulcer} mm duodenal ulcer, [treated|managed] with "
            "[epinephrine and clips|bipolar cautery and one clip]. [Etiology was|Felt to be from] {cause}.",
            "[Doctors|The stomach doctors] looked with a camera and [stopped|treated] the bleeding.",
            procedure="EGD with endoscopic hemostasis",
            starts=(_PANTOPRAZOLE,),
            stops=("Aspirin", "Omeprazole", "Apixaban", "Rivaroxaban"),
            pending="[Follow up|Follow] H. pylori biopsies; PPI twice daily for 8 weeks.",
        ),
        Event(
            "[Rebleeding on the next day|Recurrent melena] required a second [EGD|endoscopy] with [another "
            "clip|additional clips].",
            "The bleeding came back once, so the camera test was [repeated|done again].",
            chance=0.2,
            studies=(
                Study(
                    "CTA ABD & PELVIS",
                    "CTA abdomen",
                    "active bleeding",
                    "There is wall thickening of the duodenal bulb. No [active extravasation|contrast extravasation] "
                    "on the arterial or venous phase. The liver, spleen and pancreas are unremarkable. Mild aortic "
                    "atherosclerosis.",
                    "Duodenal wall thickening[, compatible with known ulcer|]. No active extravasation.",
                    "MDCT angiography of the abdomen and pelvis in arterial and portal venous phases.",
                ),
            ),
        ),
        Event(
            "Counts [remained|were] stable for 48 hours thereafter, hemoglobin {Hgb_out} at discharge, [tolerating a "
            "regular diet|diet advanced].",
            "[Since then|After that] your blood count [stayed|has been] stable.",
            pending="CBC within one week.",
        ),
    ),
    advice=(
        "[Do not take|Avoid] ibuprofen, naproxen or [other |]similar [pain |]pills; acetaminophen is safe for you.",
        "[Take|Be sure to take] the acid medicine twice a day, [half an hour|30 minutes] before meals.",
    ),
    alarms=("black or bloody stools", "vomiting blood", "lightheadedness", "severe belly pain"),
    clinic="gastroenterology",
    excludes=("anemia", "gerd"),
)

_PANCREATITIS = Reason(
    title="Acute gallstone pancreatitis",
    short="gallstone pancreatitis",
    codes=(Code("K8510", "BILIARY ACUTE PANCREATITIS WITHOUT NECROSIS OR INFECTION"),),
    symptom=Code("R1013", "EPIGASTRIC PAIN"),
    services=("MEDICINE", "SURGERY"),
    ages=range(30, 80),
    days=range(3, 8),
    complaints=("Abdominal pain", "Epigastric pain", "Abd pain, N/V"),
    presenting="[severe epigastric pain with vomiting|epigastric pain, nausea and vomiting]",
    plain="you had [bad|severe] pain in your upper belly [and were vomiting|with vomiting]",
    lay="Your pancreas was inflamed because [a gallstone|a stone from the gallbladder] [had blocked|blocked] the "
    "duct[ that drains it|].",
    draws={
        "drinking": ("Alcohol on rare occasions", "Rarely drinks alcohol"),
        "stones": ("multiple", "several small", "numerous"),
        "cbd": (5, 6, 7, 8, 9),
        "meal": ("a fatty meal", "dinner at a restaurant", "eating pizza", "a holiday meal"),
        "fluids": (3, 4, 5, 6),
        "npo": (1, 2, 3),
    },
    story=(
        "{Pt} [developed|had onset of] [constant|boring] epigastric pain radiating to the back {ill} days [ago|prior "
        "to arrival], a few hours after {meal}.",
        "[The pain reached {pain}/10|It was {pain} out of 10 at its worst] and was accompanied by [nausea|retching] "
        "and [non-bloody|bilious] vomiting.",
        "{He} [could not|was unable to] keep food or [water|liquids] down and [found leaning forward helpful|could "
        "not get comfortable].",
        "{He} drinks alcohol [rarely|only on occasion] and [has had milder|recalls similar milder] attacks after "
        "meals.",
    ),
    emergency="lipase was {Lipase_in} and {he} [was given|received] 2L of lactated Ringer's, ondansetron and "
    "[morphine|hydromorphone]",
    denies=("fevers", "jaundice", "chest pain", "diarrhea", "dark urine", "hematemesis"),
    vitals={"temperature": (98.4, 100.6), "heartrate": (94, 118), "sbp": (106, 148)},
    exam={
        "GENERAL": "[Uncomfortable|In moderate discomfort], lying still",
        "ABD": "Soft, [marked|moderate] epigastric tenderness with voluntary guarding, hypoactive bowel sounds, "
        "negative Murphy sign",
        "HEENT": "Sclerae anicteric, [dry|tacky] mucous membranes",
    },
    recovered={"ABD": "Soft, [minimally tender|non-tender] in the epigastrium, [port sites clean and dry|no guarding]"},
    labs={
        "WBC": ((10.8, 17.2), (6.1, 9.9)),
        "Lipase": ((980, 4800), (48, 190)),
        "ALT": ((98, 412), (34, 96)),
        "AST": ((88, 380), (28, 64)),
        "AlkPhos": ((128, 286), (92, 148)),
        "Bili": ((1.3, 3.4), (0.4, 1.1)),
        "Ca": ((8.0, 8.7), (8.5, 9.4)),
    },
    results=("MRCP ___: [No|Without] choledocholithiasis; peripancreatic [stranding|edema] without necrosis.",),
    studies=(
        Study(
            "LIVER OR GALLBLADDER US (SINGLE ORGAN)",
            "RUQ ultrasound",
            "cholelithiasis",
            "The gallbladder contains {stones} stones without wall thickening or pericholecystic fluid. The common "
            "bile duct measures {cbd} mm. No intrahepatic biliary dilatation. The pancreas is [obscured by bowel "
            "gas|incompletely seen].",
            "Cholelithiasis without cholecystitis. CBD {cbd} mm.",
            "Grey scale and color Doppler ultrasound images of the abdomen were obtained.",
        ),
        Study(
            "CT ABD & PELVIS WITH CONTRAST",
            "CT abdomen/pelvis",
            "pancreatitis, complications",
            "The pancreas is [edematous|enlarged] with peripancreatic fat stranding and [trace|small] fluid in the "
            "anterior pararenal space. The gland enhances homogeneously. No [walled off|organized] collection. "
            "Splenic vein is patent.",
            "[Acute interstitial pancreatitis|Interstitial edematous pancreatitis] without necrosis.",
            "MDCT of the abdomen and pelvis with intravenous contrast.",
        ),
    ),
    events=(
        Event(
            "[Lipase|Presented with lipase] of {Lipase_in} and ALT {ALT_in} [pointed to|indicated] a biliary "
            "etiology. [Supported|Managed] with bowel rest for {npo} days, {fluids} L of crystalloid and [IV "
            "opioids|opioid analgesia].",
            "We [rested your gut|let your gut rest], gave you fluids through the vein and [treated|controlled] the "
            "pain.",
        ),
        Event(
            "Given [bilirubin|a bilirubin] of {Bili_in}, ERCP was performed with sphincterotomy and [stone|sludge] "
            "extraction.",
            "[Using a camera test (ERCP)|With a camera (ERCP)] doctors [removed|took out] a stone from the bile duct.",
            chance=0.3,
            procedure="ERCP with sphincterotomy",
        ),
        Event(
            "[Liver tests|LFTs] downtrended, and [surgery performed|{he} underwent] laparoscopic cholecystectomy "
            "[without complication|uneventfully] prior to discharge.",
            "[Your gallbladder was removed|Surgeons removed your gallbladder] so that this does not happen again.",
            chance=0.6,
            procedure="Laparoscopic cholecystectomy",
            starts=(Drug("OxyCODONE (Immediate Release)", ("5 mg",), "strong pain", times="Q6H:PRN Pain - Severe"),),
            pending="[Wound check|Incision check] at the surgery visit.",
        ),
        Event(
            "Diet was advanced to low fat solids, [which was tolerated|tolerated] with [minimal|no] pain; lipase "
            "fell to {Lipase_out}.",
            "You [are now eating|were able to eat] [without pain|again].",
            starts=(_ACETAMINOPHEN,),
            pending="Repeat liver tests in [2|1-2] weeks.",
        ),
    ),
    advice=(
        "[Eat|Stay with] small, low fat meals for [the next |]two weeks.",
        "[Do not drink alcohol|Avoid alcohol] while your pancreas heals.",
    ),
    alarms=("worse belly pain", "yellow skin or eyes", "vomiting that does not stop", "fever or chills"),
    clinic="surgery",
)

_CHOLECYSTITIS = Reason(
    title="Acute cholecystitis",
    short="cholecystitis",
    codes=(Code("K8000", "CALCULUS OF GALLBLADDER WITH ACUTE CHOLECYSTITIS WITHOUT OBSTRUCTION"),),
    symptom=Code("R1011", "RIGHT UPPER QUADRANT PAIN"),
    services=("SURGERY",),
    ages=range(28, 84),
    days=range(3, 6),
    complaints=("Abdominal pain", "RUQ abdominal pain", "Abd pain"),
    presenting="[right upper quadrant pain and fever|RUQ abdominal pain with nausea]",
    plain="you had pain in the right side of your [belly|upper belly]",
    lay="Your gallbladder was [inflamed and infected|infected] because of gallstones.",
    draws={
        "wall": (4, 5, 6, 7, 9),
        "stone": (9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 22, 24),
        "or_day": ("the day of admission", "hospital day 1", "hospital day 2"),
        "ebl": (10, 20, 25, 50, 75),
        "finding": (
            "gangrenous changes",
            "an inflamed, edematous gallbladder",
            "dense adhesions",
            "a hydropic gallbladder",
        ),
    },
    story=(
        "{Pt} has had [intermittent|colicky] right upper quadrant pain after [fatty meals|eating] for months, which "
        "{ill} days ago became [constant|severe].",
        "[The pain radiates|It radiates] to the right shoulder blade and is {pain}/10.",
        "{He} [had|also had] nausea, [two|three] episodes of emesis and subjective [fevers|chills].",
        "{He} [was told|had been told] of gallstones [in the past|on an ultrasound years ago] but [never "
        "had|declined] surgery.",
    ),
    emergency="surgery was consulted and {he} was made NPO, [started on|given] ceftriaxone and metronidazole, and "
    "given IV fluids",
    denies=("jaundice", "dark urine", "chest pain", "diarrhea", "hematochezia", "dysuria"),
    vitals={"temperature": (99.6, 101.9), "heartrate": (92, 114), "sbp": (112, 150)},
    exam={
        "ABD": "Soft, tender in the RUQ with positive Murphy sign, [no rebound|voluntary guarding]",
        "GENERAL": "Uncomfortable, no distress",
    },
    recovered={
        "ABD": "Soft, appropriately tender, laparoscopic incisions [clean, dry and intact|c/d/i with steri-strips]"
    },
    labs={
        "WBC": ((12.1, 19.4), (6.8, 10.2)),
        "ALT": ((28, 88), (22, 60)),
        "AST": ((24, 76), (20, 52)),
        "AlkPhos": ((92, 168), (80, 130)),
        "Bili": ((0.7, 1.9), (0.4, 1.0)),
        "Lipase": ((18, 58), None),
    },
    results=(
        "PATHOLOGY ___: Gallbladder, cholecystectomy: [pending|acute and chronic cholecystitis, cholelithiasis].",
    ),
    studies=(
        Study(
            "LIVER OR GALLBLADDER US (SINGLE ORGAN)",
            "RUQ ultrasound",
            "cholecystitis",
            "The gallbladder is distended with a {wall} mm wall and [pericholecystic fluid|mural edema]. A {stone} "
            "mm stone is [impacted|lodged] in the neck. Sonographic Murphy sign is positive. The common bile duct is "
            "not dilated.",
            "[Findings consistent with|Findings compatible with] acute cholecystitis.",
            "Grey scale and color Doppler ultrasound images of the abdomen were obtained.",
        ),
    ),
    events=(
        Event(
            "[Ultrasound|Sonography] with a {wall} mm gallbladder wall and an impacted stone, WBC {WBC_in}. "
            "[Antibiotics|Ceftriaxone and metronidazole] were given [pre-operatively|before surgery].",
            "[You were given|We gave you] antibiotics [first|right away].",
        ),
        Event(
            "On {or_day} {he} [underwent|was taken for] laparoscopic cholecystectomy, [which showed|notable for] "
            "{finding} (EBL {ebl} mL). [Extubated in the OR|Taken to the PACU] in stable condition.",
            "[You had surgery|We operated] to take out [the|your] gallbladder through small cuts.",
            procedure="Laparoscopic cholecystectomy",
            pending="Pathology pending at discharge.",
        ),
        Event(
            "[Conversion to open|The case was converted to open] because of [inflammation|poor exposure]; a JP drain "
            "was [left and later removed|removed before discharge].",
            "The surgeons had to make a larger cut because of the [inflammation|swelling].",
            chance=0.12,
            studies=(
                Study(
                    "GALLBLADDER SCAN",
                    "HIDA scan",
                    "cystic duct obstruction",
                    "There is prompt uptake of tracer by the liver with excretion into the small bowel. The "
                    "gallbladder is not visualized [at 60 minutes|after morphine].",
                    "Nonvisualization of the gallbladder, consistent with [acute cholecystitis|cystic duct "
                    "obstruction].",
                    "Hepatobiliary imaging after intravenous Tc-99m mebrofenin.",
                ),
            ),
        ),
        Event(
            "[Post-operatively|After surgery] pain was [controlled|well controlled] on an oral regimen, diet "
            "advanced, [voiding|voided] without difficulty, WBC down to {WBC_out}.",
            "[Afterwards|After the operation] you were [eating, walking|walking, eating] and had little pain.",
            starts=(
                _ACETAMINOPHEN,
                Drug("OxyCODONE (Immediate Release)", ("2.5 mg", "5 mg"), "strong pain", times="Q4H:PRN Pain - Severe"),
                _SENNA,
            ),
        ),
    ),
    advice=(
        "[Do not lift more than|Lift nothing over] 10 pounds [for|in the next] [4|six] weeks.",
        "You may shower[, but do not take a bath|]; let the [paper strips|steri-strips] fall off by themselves. Do "
        "not drive while taking oxycodone.",
    ),
    alarms=("redness or drainage from the cuts", "yellow skin or eyes", "fever above 101", "worse belly pain"),
    clinic="surgery",
    excludes=("anemia",),
)

_UROSEPSIS = Reason(
    title="Sepsis due to pyelonephritis",
    short="urosepsis",
    codes=(Code("A419", "SEPSIS, UNSPECIFIED ORGANISM"), Code("N10", "ACUTE PYELONEPHRITIS")),
    symptom=Code("R509", "FEVER, UNSPECIFIED"),
    services=("MEDICINE",),
    ages=range(26, 90),
    days=range(4, 9),
    complaints=("Fever, flank pain", "Fever", "Flank pain", "Weakness"),
    presenting="[fever, rigors and {side} flank pain|{side} sided flank pain and fevers]",
    plain="you had fever, chills and pain in your {side} side",
    lay="[You had an infection|We found an infection] of the [kidney and urine|urine that had reached the kidney][ "
    "and your blood pressure was low|].",
    draws={
        "side": ("right", "left"),
        "organism": ("E. coli", "Klebsiella pneumoniae", "Proteus mirabilis"),
        "resistance": ("ampicillin", "ampicillin and tetracycline", "trimethoprim-sulfamethoxazole"),
        "liters": (2, 3, 4),
        "narrowed": (2, 3),
        "colonies": ("10,000-100,000", ">100,000"),
        "tmax": ("102.4", "102.9", "103.3", "103.8"),
        "course_days": (7, 10, 14),
    },
    story=(
        "{Pt} [developed|first noticed] [burning|dysuria] and frequency {ill} days ago, [followed by|then] shaking "
        "chills and {side} flank pain.",
        "Temperature at home was {tmax}, with [nausea|poor oral intake] and [one episode of vomiting|generalized "
        "weakness].",
        "{He} [tried|had been drinking] cranberry juice and [took ibuprofen|rested] without improvement.",
        "There is [a history of|no history of] [prior UTI|kidney stones], and no [recent|prior] instrumentation.",
    ),
    emergency="lactate was {Lactate_in}; cultures were sent, {liters} L of crystalloid were [given|infused] and "
    "cefepime was [started|administered]",
    denies=("hematuria", "vaginal or penile discharge", "cough", "diarrhea", "neck stiffness", "chest pain"),
    vitals={
        "temperature": (101.2, 103.6),
        "heartrate": (108, 132),
        "resprate": (20, 26),
        "sbp": (82, 104),
        "dbp": (44, 60),
    },
    exam={
        "GENERAL": "[Ill appearing|Fatigued], [rigoring|flushed], answers questions",
        "CV": "Tachycardic, regular, no murmurs",
        "ABD": "Soft, [mild suprapubic tenderness|non-distended], {side} CVA tenderness",
    },
    recovered={"ABD": "Soft, non-tender, no CVA tenderness"},
    labs={
        "WBC": ((14.6, 25.8), (6.4, 10.8)),
        "Lactate": ((2.4, 4.6), (0.9, 1.6)),
        "Plt": ((118, 190), (150, 260)),
        "HCO3": ((17, 21), (23, 27)),
    },
    results=(
        "URINE: Leuk [Large|LG], Nitrite POS, WBC >182, Bacteria [Many|MOD]",
        "URINE CULTURE ___: {organism}, {colonies} CFU/mL, resistant to {resistance}. Blood cultures [1 of 2 bottles "
        "with {organism}|no growth].",
    ),
    studies=(
        Study(
            "CT ABD & PELVIS WITH CONTRAST",
            "CT abdomen/pelvis",
            "obstruction, abscess",
            "The {side} kidney shows [striated|wedge shaped areas of decreased] enhancement with perinephric "
            "stranding. No hydronephrosis or [calculus|stone]. No abscess. The bladder wall is mildly thickened. The "
            "bowel is normal in caliber.",
            "{Side} pyelonephritis without obstruction or abscess.",
            "MDCT of the abdomen and pelvis with intravenous contrast.",
        ),
    ),
    events=(
        Event(
            "Met sepsis criteria with [fever, tachycardia|tachycardia, fever], hypotension to {SBP} systolic and "
            "lactate {Lactate_in}. [Source|The source] was {side} pyelonephritis; {he} [received|was resuscitated "
            "with] {liters} L of fluid and was [started|placed] on cefepime.",
            "[You got|We gave you] fluids and antibiotics through the vein, and your blood pressure [improved|came "
            "up].",
        ),
        Event(
            "[Transient|Brief] norepinephrine in the ICU for [less than a day|one night] was [needed|required] for "
            "persistent hypotension.",
            "[You were in|You spent a night in] the intensive care unit to support your blood pressure.",
            chance=0.25,
            procedure="Central venous line placement",
            studies=(
                Study(
                    "RENAL U.S.",
                    "Renal ultrasound",
                    "hydronephrosis",
                    "The {side} kidney is [mildly enlarged|slightly swollen] without hydronephrosis. No [perinephric "
                    "collection|stones]. Bladder is [normal|partially distended].",
                    "No hydronephrosis[ or collection|].",
                    "Grey scale and color Doppler ultrasound images of the kidneys were obtained.",
                ),
            ),
        ),
        Event(
            "[Cultures grew|Urine grew] {organism} [resistant to|with resistance to] {resistance}, and therapy was "
            "narrowed to [ceftriaxone|IV ceftriaxone] on day {narrowed}.",
            "[Tests of your urine|The urine test] showed which [germ|bacteria] caused it.",
        ),
        Event(
            "Afebrile for 48 hours with lactate {Lactate_out} and WBC {WBC_out}, {he} was [switched|changed] to oral "
            "therapy for a [total|planned] {course_days} day course.",
            "[Now|At discharge] you can take the antibiotics as pills until you have had {course_days} days [in "
            "all|of treatment].",
            starts=(Drug("Cefpodoxime Proxetil", ("200 mg", "400 mg"), "the kidney infection", times="Q12H"),),
            pending="[Follow up|Follow] final blood cultures.",
        ),
    ),
    advice=(
        "[Finish|Take] every dose of the antibiotic.",
        "Drink plenty of [water|fluids] and [do not hold your urine|empty your bladder often].",
    ),
    alarms=("fever or chills", "worse pain in your side", "being unable to urinate", "confusion or fainting"),
    clinic="urology",
)

_CELLULITIS = Reason(
    title="Cellulitis of the {side} lower limb",
    short="cellulitis of the leg",
    codes=(Code("L0311{skin}", "CELLULITIS OF {SIDE} LOWER LIMB"),),
    symptom=Code("M7960{leg}", "PAIN IN {SIDE} LEG"),
    services=("MEDICINE",),
    ages=range(30, 86),
    days=range(3, 6),
    complaints=("Leg redness", "Leg pain, swelling", "Cellulitis"),
    presenting="[redness and swelling of the {side} leg|a painful, red {side} leg]",
    plain="your {side} leg was red, [swollen|painful] and [warm|hot]",
    lay="You had [an infection of the skin|a skin infection] (cellulitis), [which probably started|most likely "
    "starting] from {entry_lay}.",
    draws={
        "side|skin|leg": (("right", "5", "4"), ("left", "6", "5")),
        "entry|entry_lay": (
            ("tinea pedis", "athlete's foot"),
            ("a scratch from a dog", "a dog's scratch"),
            ("an insect bite", "an insect bite"),
            ("a small abrasion", "a scrape on the skin"),
        ),
        "size": range(9, 25),
        "drug": ("cefadroxil", "clindamycin", "doxycycline"),
        "iv": ("cefazolin", "vancomycin", "vancomycin followed by cefazolin"),
        "course_days": (7, 10),
    },
    story=(
        "{Pt} [noticed|first saw] [a small patch of|some] redness on the {side} shin {ill} days ago after {entry}.",
        "It [spread|has spread] [upwards|toward the knee] despite [two days of {drug} from urgent care|elevation and "
        "topical ointment].",
        "{He} [had|reports] chills last night and pain of {pain}/10 when [walking|bearing weight].",
        "There was no [purulent drainage|discharge] and no [prior|history of] MRSA infection.",
    ),
    emergency="the margins were marked and {he} was given {iv} [IV|intravenously]",
    denies=("dyspnea", "chest pain", "trauma to the joint", "recent immobilization", "numbness", "nausea"),
    vitals={"temperature": (99.8, 101.8), "heartrate": (86, 108)},
    exam={
        "EXT": "{Side} leg with [confluent|well demarcated] erythema {size} cm in length, warm and tender, 1+ edema, "
        "no crepitus, pulses intact",
        "SKIN": "[Maceration between the toes|A small scabbed lesion on the shin], no bullae",
    },
    recovered={"EXT": "{Side} leg erythema [receded well|now fading] within the marked borders, less edema, pulses 2+"},
    labs={"WBC": ((11.2, 16.8), (6.0, 9.6)), "CRP": ((42, 160), None), "Lactate": ((1.0, 1.9), None)},
    results=("MICRO: Blood cultures ___ [x2|(two sets)]: NO GROWTH.",),
    studies=(
        Study(
            "UNILAT LOWER EXT VEINS {SIDE}",
            "Leg ultrasound",
            "DVT",
            "[Normal|There is normal] compressibility and flow in the {side} common femoral, femoral and popliteal "
            "veins. Subcutaneous edema is [noted|present] in the calf.",
            "No deep venous thrombosis in the {side} leg. Subcutaneous edema.",
            "Grey scale, color and spectral Doppler evaluation was performed.",
        ),
    ),
    events=(
        Event(
            "[Nonpurulent|Non-purulent] infection of {size} cm with {entry} as [portal of entry|the likely entry "
            "point]. [Ultrasound|Duplex] excluded DVT. [Treated with|{Pt} received] {iv}.",
            "[An ultrasound|A test] showed no blood clot. [You got|We gave you] antibiotics through the vein.",
        ),
        Event(
            "[Erythema extended|The redness extended] beyond the marked border on day 2, so [coverage was "
            "broadened|vancomycin was added] and surgery [saw|evaluated] {him}, without concern for "
            "[deep|necrotizing] infection.",
            "The redness [spread|grew] at first and surgeons checked your leg, but [no operation was needed|you did "
            "not need surgery].",
            chance=0.2,
            studies=(
                Study(
                    "TIB/FIB (AP & LAT) {SIDE}",
                    "Tibia/fibula radiograph",
                    "gas, osteomyelitis",
                    "Soft tissue swelling is [seen|present] over the {side} lower leg. No subcutaneous gas or "
                    "radiopaque foreign body. No cortical destruction or periosteal reaction.",
                    "Soft tissue swelling without [gas or |]osseous abnormality.",
                    "Two views.",
                ),
            ),
        ),
        Event(
            "With [elevation|leg elevation] and antibiotics the erythema [receded|regressed], WBC [fell|declined] "
            "from {WBC_in} to {WBC_out}, and {he} was [transitioned|switched] to cephalexin, to end after "
            "{course_days} days.",
            "The redness is [going down|fading] and you can take [antibiotic pills|pills] at home.",
            starts=(Drug("Cephalexin", ("500 mg",), "the skin infection", times="Q6H"),),
            pending="[Reassess|Examine] the leg [at follow-up|within a week].",
        ),
        Event(
            "[Topical clotrimazole|Clotrimazole cream] was [started|prescribed] for [tinea|the interdigital spaces].",
            "Use the [antifungal |]cream between your toes.",
            chance=0.4,
            starts=(Drug("Clotrimazole Cream", ("1 Appl",), "foot fungus", route="TP", times="BID"),),
        ),
    ),
    advice=(
        "Keep your leg [raised|up on pillows] when you [sit|rest].",
        "[Finish|Take all of] the antibiotics. [Keep|Clean] the skin [clean and dry|and keep it moist with lotion].",
    ),
    alarms=("redness spreading past the marked line", "fever", "blisters or severe pain", "numbness of the foot"),
    clinic="infectious disease",
)

_EMBOLISM = Reason(
    title="Acute pulmonary embolism",
    short="a pulmonary embolism",
    codes=(Code("I2699", "OTHER PULMONARY EMBOLISM WITHOUT ACUTE COR PULMONALE"),),
    symptom=Code("R0789", "OTHER CHEST PAIN"),
    services=("MEDICINE",),
    ages=range(32, 86),
    days=range(3, 6),
    complaints=("Dyspnea", "Pleuritic chest pain", "Chest pain, dyspnea"),
    presenting="[sudden dyspnea and pleuritic chest pain|acute pleuritic chest pain]",
    plain="you had [sudden |]shortness of breath and [sharp chest pain|pain with breathing]",
    lay="A [scan|CT scan] showed [a blood clot|blood clots] in your lungs ([pulmonary embolism|called pulmonary "
    "embolism]), [possibly|perhaps] because of {risk_lay}.",
    draws={
        "risk|risk_lay": (
            ("a long-haul flight", "sitting still on a long flight"),
            ("recent knee arthroscopy", "your knee procedure"),
            ("immobility after an ankle sprain", "not moving much with your sprained ankle"),
            ("a 12 hour car journey", "sitting for long in a car"),
        ),
        "side": ("right", "left"),
        "level": ("segmental", "lobar", "subsegmental"),
        "rv": ("no right heart strain", "mild RV dilation", "no septal bowing"),
        "weeks": (1, 2, 3),
        "months": (3, 6),
    },
    story=(
        "{Pt} [reports|noted] [sudden|abrupt] onset of sharp {side} sided chest pain {ill} days ago, worse with "
        "[inspiration|deep breaths].",
        "Since then {he} [gets|has been] short of breath [walking one block|on minimal exertion].",
        "{He} [had|mentions] {risk} about {weeks} weeks [earlier|before].",
        "The {side} calf [felt tight|was sore] [last week|for a few days] but [has improved|this went away].",
    ),
    emergency="[CTA|CT angiography] was positive and {he} was started on a heparin [drip|infusion]",
    denies=("hemoptysis", "syncope", "fevers", "prior clots", "weight loss", "family history of clotting"),
    vitals={"heartrate": (98, 124), "resprate": (20, 28), "o2sat": (89, 94), "sbp": (108, 142)},
    oxygen=("1L NC", "2L NC", "3L NC"),
    exam={
        "CV": "Tachycardic, regular, [loud P2|no RV heave]",
        "LUNGS": "[Splinting|Shallow breaths], clear [bilaterally|to auscultation]",
        "EXT": "{Side} calf [1 cm larger|slightly larger] than the other side, [mild|no] tenderness",
    },
    recovered={"EXT": "No calf tenderness, trace asymmetry"},
    labs={"Dimer": ((1450, 6800), None), "Trop": ((0.0, 0.04), None), "BNP": ((180, 1250), None)},
    results=(
        "EKG: Sinus tachycardia, [S1Q3T3 pattern|no ischemic changes]",
        "TTE ___: Normal LV function, {rv}.",
    ),
    studies=(
        Study(
            "CTA CHEST",
            "CTA chest",
            "PE",
            "There are filling defects in the {side} lower lobe {level} [branches|arteries], [extending|continuing] "
            "distally. [A small wedge shaped opacity may be an infarct.|No pulmonary infarct.] The main pulmonary "
            "artery is of normal caliber, {rv}. No effusion.",
            "[Acute|Findings of acute] pulmonary embolism, {side} lower lobe {level}, {rv}.",
            "MDCT angiography of the chest with intravenous contrast.",
        ),
    ),
    events=(
        Event(
            "[CT angiogram|CTA] demonstrated {side} {level} emboli, [provoked by|in the setting of] {risk}. "
            "Hemodynamically stable; [echo|TTE] with {rv}. [Anticoagulated|{He} was anticoagulated] with heparin.",
            "We [treated you with|gave you] [a blood thinner|blood thinners] through the vein.",
        ),
        Event(
            "A {side} popliteal DVT was [also present|identified] on duplex.",
            "There was also a clot in your {side} leg.",
            chance=0.4,
            studies=(
                Study(
                    "BILAT LOWER EXT VEINS",
                    "Lower extremity ultrasound",
                    "DVT",
                    "There is noncompressible [echogenic|occlusive] thrombus in the {side} popliteal vein. The "
                    "common femoral veins are patent on both sides.",
                    "Deep venous thrombosis of the {side} popliteal vein.",
                    "Grey scale, color and spectral Doppler evaluation was performed.",
                ),
            ),
        ),
        Event(
            "[After 24 hours|Thereafter] {he} was transitioned to [apixaban|oral apixaban], [planned|with a plan] "
            "for {months} months. [Ambulatory saturation|Saturation with walking] was {O2_out}% on room air.",
            "You now take a blood thinner by mouth and [will need it|should stay on it] for at least {months} months.",
            starts=(_APIXABAN,),
            stops=("Aspirin",),
            pending="Reassess duration of anticoagulation at {months} months; age appropriate cancer screening.",
        ),
    ),
    advice=(
        "Take apixaban every day [as prescribed|exactly as written]; [a missed dose can lead to|missing doses may "
        "cause] another clot.",
        "[Avoid|Do not use] ibuprofen and aspirin [unless told to|unless a doctor tells you so]. [Walk|Get up and "
        "walk] often on long trips.",
    ),
    alarms=(
        "coughing up blood",
        "worse shortness of breath",
        "a fall with a blow to the head",
        "bleeding that does not stop",
    ),
    clinic="hematology",
    excludes=("af", "anemia"),
)

_STROKE = Reason(
    title="Acute ischemic stroke",
    short="a stroke",
    codes=(Code("I639", "CEREBRAL INFARCTION, UNSPECIFIED"),),
    symptom=Code("R531", "WEAKNESS"),
    services=("NEUROLOGY",),
    ages=range(50, 90),
    days=range(3, 8),
    complaints=("Weakness", "Slurred speech", "Facial droop", "R/O stroke"),
    presenting="[acute {side} sided weakness and dysarthria|slurred speech and {side} arm weakness]",
    plain="you had [sudden |]weakness on your {side} side and [trouble speaking|slurred speech]",
    lay="You had a stroke, [which happens|which occurs] when [a clot|a blood clot] blocks [blood flow to part of the "
    "brain|a vessel in the brain].",
    draws={
        "side|brain": (("right", "left"), ("left", "right")),
        "nihss": range(3, 12),
        "territory": ("MCA", "lenticulostriate", "corona radiata"),
        "strength": ("4/5", "4-/5", "3/5"),
        "stenosis": ("less than 40%", "40-50%", "no significant"),
        "hours": (5, 6, 8, 10, 12),
        "better": ("4+/5", "5-/5"),
        "mechanism": ("small vessel disease", "artery to artery embolism", "embolic of undetermined source"),
        "infarct": range(6, 34),
        "dapt": (21, 90),
    },
    story=(
        "{Pt} was last known well about {hours} hours before [arrival|presentation].",
        "[On waking|While making breakfast] {he} [dropped|could not hold] a cup with the {side} hand and family "
        "[noticed|saw] a {side} facial droop.",
        "Speech was [slurred|thick] but {he} [understood|was able to understand] questions. The [deficits|symptoms] "
        "[fluctuated|did not improve] on the way to the hospital.",
        "[There was no|{He} had no] [headache|seizure activity] at onset. {He} had noted [brief tingling|a minute of "
        "clumsiness] of the same hand {ill} days before.",
    ),
    emergency="a code stroke was called, NIHSS was {nihss}, and {he} was outside the window for thrombolysis [so "
    "aspirin was given|and received aspirin]",
    denies=("headache", "vision loss", "vertigo", "chest pain", "palpitations", "neck pain", "fevers"),
    vitals={"sbp": (152, 196), "dbp": (82, 108)},
    exam={
        "NEURO": "Alert, [mild|moderate] dysarthria, {side} lower facial droop, {side} arm {strength}, {side} leg "
        "4+/5, sensation [intact|decreased on the {side}], {side} pronator drift",
    },
    recovered={
        "NEURO": "Alert, [minimal|mild residual] dysarthria, {side} arm {better}, leg 5/5, [gait steady with "
        "walker|walks with supervision]"
    },
    labs={"LDL": ((96, 172), None), "A1c": ((5.3, 6.4), None), "TSH": ((0.7, 3.6), None)},
    results=(
        "TTE ___: No [intracardiac|left atrial] thrombus, no PFO. LVEF >55%. TELEMETRY: [sinus rhythm|no atrial "
        "fibrillation].",
    ),
    studies=(
        Study(
            "CT HEAD W/O CONTRAST",
            "CT head",
            "stroke, hemorrhage",
            "No hemorrhage. There is [subtle loss|subtle blurring] of grey-white differentiation in the {brain} "
            "{territory} territory. Ventricles are normal in size. [No midline shift.|Basal cisterns are patent.]",
            "No hemorrhage. [Possible|Subtle] early {brain} {territory} infarct.",
            "Contiguous axial images of the brain were obtained without contrast.",
        ),
        Study(
            "CTA HEAD AND CTA NECK",
            "CTA head/neck",
            "large vessel occlusion",
            "The circle of Willis is patent without [occlusion|large vessel occlusion] or aneurysm. "
            "[Calcified|Mixed] plaque at the {brain} carotid bifurcation causes {stenosis} stenosis by NASCET "
            "criteria. Vertebral arteries are patent.",
            "No large vessel occlusion. {Stenosis} stenosis of the {brain} carotid.",
            "CT angiography of the head and neck with intravenous contrast and reformats.",
        ),
        Study(
            "MR HEAD W/O CONTRAST",
            "MRI head",
            "infarct",
            "There is [slow diffusion|restricted diffusion] in the {brain} {territory} distribution measuring "
            "{infarct} mm. No hemorrhagic transformation. Scattered white matter FLAIR hyperintensities are "
            "[nonspecific|likely from small vessel disease].",
            "Acute {brain} {territory} infarct.",
            "Multiplanar multisequence MRI of the brain without contrast.",
        ),
    ),
    events=(
        Event(
            "[MRI|Imaging] confirmed an infarct [in|of] the {brain} {territory} distribution; NIHSS {nihss}, [no "
            "tPA|not a tPA candidate] [given|because of] the time of onset. [Etiology is|Mechanism was] [most "
            "likely|probably] {mechanism}.",
            "[Brain scans|Pictures of your brain] showed the [area|part] that was [affected|injured].",
            starts=(
                _ASPIRIN,
                Drug("Clopidogrel", ("75 mg",), "preventing another stroke"),
                Drug("Atorvastatin", ("80 mg",), "cholesterol", times="QPM"),
            ),
            stops=("Simvastatin", "Rosuvastatin Calcium"),
            pending="Aspirin plus clopidogrel for {dapt} days, then aspirin alone.",
        ),
        Event(
            "[Vessel imaging|CTA] had {stenosis} carotid stenosis, LDL {LDL_in}, [HbA1c|A1c] {A1c_in}%. [Permissive "
            "hypertension|Blood pressure was allowed to autoregulate] for [24|48] hours.",
            "We looked for causes[ such as narrow neck arteries|] and [started|gave you] medicines to prevent "
            "another stroke.",
        ),
        Event(
            "[Failed|{He} failed] the [first |]bedside swallow screen; speech therapy [advanced|later cleared] {him} "
            "to [a soft diet|ground solids with thin liquids].",
            "[Swallowing was|Your swallowing was] weak at first, and you [now|can now] eat soft food.",
            chance=0.4,
        ),
        Event(
            "[PT and OT|Therapists] worked with {him} daily, {side} arm strength [improving|improved] to {better}.",
            "[With therapy|Thanks to therapy] your strength is [coming back|improving].",
            pending="Outpatient [30 day event monitor|cardiac monitor] to look for occult AF.",
        ),
    ),
    advice=(
        "[Take|Please take] aspirin, clopidogrel and atorvastatin every day.",
        "[Keep|Continue] doing your exercises from [therapy|physical therapy], and [do not drive|stay off driving] "
        "until a doctor [says|agrees] it is safe.",
    ),
    alarms=(
        "new weakness or numbness",
        "drooping of the face",
        "sudden trouble speaking or seeing",
        "the worst headache of your life",
    ),
    clinic="neurology",
    excludes=("af", "delirium", "anemia"),
    rehab=0.45,
)

_KETOACIDOSIS = Reason(
    title="Diabetic ketoacidosis",
    short="DKA",
    codes=(Code("E1010", "TYPE 1 DIABETES MELLITUS WITH KETOACIDOSIS WITHOUT COMA"),),
    symptom=Code("R739", "HYPERGLYCEMIA, UNSPECIFIED"),
    services=("MEDICINE",),
    ages=range(20, 56),
    days=range(3, 6),
    complaints=("Hyperglycemia", "N/V", "Nausea, vomiting, high blood sugar"),
    presenting="[nausea, vomiting and hyperglycemia|vomiting and high blood sugars]",
    plain="you were vomiting and your blood sugar was [very high|too high]",
    lay="You had diabetic ketoacidosis ([also called |]DKA), [which happens|a problem that occurs] when the body "
    "[has|gets] too little insulin. [The cause was|It was brought on by] {trigger_lay}.",
    draws={
        "trigger|trigger_lay": (
            ("missed insulin doses", "missing your insulin"),
            ("insulin pump failure", "a problem with your insulin pump"),
            ("viral gastroenteritis", "a stomach bug"),
            ("running out of insulin", "running out of insulin"),
        ),
        "gap": range(20, 33),
        "ketones": ("80", "150", ">150"),
        "drip": range(8, 30, 2),
        "fluids": (3, 4, 5, 6),
        "closed": (10, 12, 14, 16, 18, 20),
        "readings": ("in the 400s", "above 500", "'HI' on the meter"),
    },
    story=(
        "{Pt} [has felt|reports feeling] [thirsty|unwell] with [polyuria|frequent urination] for {ill} days after "
        "{trigger}.",
        "[Home sugars|Fingersticks] were {readings}, and [since yesterday|overnight] {he} vomited [five|six|eight] "
        "times.",
        "There is [diffuse|crampy] abdominal discomfort and [deep|fast] breathing[ noted by family|].",
        "The last HbA1c was {A1c_in}%; {he} has had [one prior episode|no prior episode] of [the same|DKA].",
    ),
    emergency="glucose was {Glucose_in} with an anion gap of {gap}; {he} [was given|got] 2L of saline and an insulin "
    "drip",
    denies=("chest pain", "cough", "dysuria", "diarrhea", "headache", "sick contacts"),
    vitals={"heartrate": (108, 132), "resprate": (22, 30), "sbp": (98, 128), "dbp": (54, 74)},
    exam={
        "GENERAL": "[Tired|Drowsy] but arousable, fruity breath odor",
        "HEENT": "[Dry mucous membranes|Very dry oral mucosa], anicteric",
        "LUNGS": "Clear, [deep rapid|Kussmaul] respirations",
        "ABD": "Soft, mild diffuse tenderness, no rebound",
    },
    recovered={"HEENT": "Moist mucous membranes, anicteric"},
    labs={
        "Glucose": ((412, 726), (118, 212)),
        "HCO3": ((6, 13), (21, 26)),
        "pH": ((7.02, 7.22), (7.34, 7.4)),
        "K": ((5.1, 6.1), (3.8, 4.5)),
        "Na": ((126, 133), (135, 140)),
        "A1c": ((9.4, 13.2), None),
        "Phos": ((2.8, 4.8), (2.1, 3.2)),
    },
    results=("URINE: Glucose 1000, Ketone {ketones}, Nitrite NEG, Leuk NEG",),
    studies=(
        Study(
            "CHEST (PORTABLE AP)",
            "CXR",
            "infection",
            "The lungs are well expanded and clear. [Normal|Unremarkable] cardiomediastinal silhouette. No effusion "
            "or pneumothorax.",
            "[No evidence of pneumonia.|No acute cardiopulmonary process.]",
            _CXR_TECHNIQUE,
        ),
    ),
    events=(
        Event(
            "[Presented|Admitted to the ICU] with pH {pH_in}, bicarbonate {HCO3_in} and gap of {gap}, [precipitated "
            "by|due to] {trigger}. Insulin infusion at up to {drip} units/hr and {fluids} L of fluids were "
            "[given|used].",
            "You [were treated|stayed] in the intensive care unit with [insulin and fluids|fluids and an insulin "
            "drip].",
        ),
        Event(
            "[Gap closed|The anion gap closed] after {closed} hours [and|, after which] {he} was "
            "[bridged|transitioned] to subcutaneous glargine. [Potassium and phosphate|Electrolytes] were repleted "
            "[aggressively|per protocol].",
            "[When|Once] your blood [had cleared|was back in balance] we [switched|changed] you to insulin shots.",
        ),
        Event(
            "[Endocrine|The ___ diabetes service] [recommended|advised] glargine {glargine_dose} [nightly|at "
            "bedtime] [with|plus] mealtime lispro; A1c was {A1c_in}%.",
            "The diabetes [team|doctors] [changed|adjusted] your insulin doses.",
            starts=(
                Drug(
                    "Glargine",
                    ("18 Units", "22 Units", "26 Units", "30 Units"),
                    "diabetes",
                    route="SC",
                    times="BEDTIME",
                ),
            ),
            pending="[Titrate|Uptitrate] insulin [in clinic|at endocrine follow-up].",
        ),
        Event(
            "[Diabetes education|A nurse educator] [reviewed|went over] sick day rules [and ketone strips|with {him}].",
            "A nurse [went over|explained] what to do on sick days.",
            chance=0.6,
        ),
    ),
    advice=(
        "[Never|Do not] stop your long acting insulin, even [if|when] you [cannot eat|are not eating].",
        "Check your blood sugar [before meals and at bedtime|four times a day] and [write it down|bring the numbers "
        "to your visit].",
    ),
    alarms=("blood sugar above 350", "vomiting", "fast breathing", "a blood sugar below 60"),
    clinic="endocrinology",
    implies=("t1dm",),
    excludes=("t2dm", "hypokalemia", "hyponatremia"),
)

_HIP_FRACTURE = Reason(
    title="{Side} femoral neck fracture",
    short="a hip fracture",
    codes=(
        Code(
            "S7200{hip}A",
            "FRACTURE OF UNSPECIFIED PART OF NECK OF {SIDE} FEMUR, INITIAL ENCOUNTER FOR CLOSED FRACTURE",
        ),
    ),
    symptom=Code("M2555{hip}", "PAIN IN {SIDE} HIP"),
    services=("ORTHOPAEDICS",),
    ages=range(64, 92),
    days=range(4, 8),
    complaints=("s/p Fall", "Hip pain", "s/p Fall, hip pain"),
    presenting="[{side} hip pain after a fall|a mechanical fall onto the {side} hip]",
    plain="you fell and [broke|injured] your {side} hip",
    lay="[X-rays|Pictures] showed [that |]the top of your {side} thigh bone was broken.",
    draws={
        "side|hip": (("right", "1"), ("left", "2")),
        "fall": ("tripping over a rug", "slipping on ice", "missing a step", "slipping in the bathroom"),
        "operation|operation_lay": (
            ("hemiarthroplasty", "replaced half of the hip joint"),
            ("total hip arthroplasty", "replaced the hip joint"),
            ("closed reduction and percutaneous pinning", "fixed the bone with screws"),
        ),
        "ebl": range(100, 450, 50),
        "pod": (1, 1, 2),
        "nadir": ("6.8", "7.0", "7.2", "7.4"),
        "dvt": (4, 5),
        "weight_bearing": ("weight bearing as tolerated", "touch down weight bearing"),
    },
    story=(
        "{Pt} [fell|had a mechanical fall] after {fall} [at home|yesterday evening], landing on the {side} side.",
        "{He} was [unable|not able] to [stand|bear weight] and [called a neighbor|lay on the floor for an hour] "
        "until help arrived.",
        "[There was no|No] head strike or loss of consciousness, and no [preceding dizziness|prodrome].",
        "At baseline {he} walks [with a cane|independently|with a walker] and manages stairs. There "
        "had been {ill} days of [a mild cold|poor sleep] before.",
    ),
    emergency="films showed a fracture, orthopedics was consulted and a fascia iliaca block [was placed|gave relief]",
    denies=("headache", "neck pain", "chest pain", "numbness", "abdominal pain", "palpitations"),
    vitals={"heartrate": (82, 106), "sbp": (128, 168)},
    exam={
        "EXT": "{Side} leg shortened and externally rotated, pain with log roll, [compartments soft|skin intact], "
        "sensation intact, DP pulse 2+",
        "GENERAL": "[Uncomfortable with movement|In pain with movement], frail appearing",
    },
    recovered={
        "EXT": "{Side} hip [incision|dressing] clean, dry and intact, thigh soft, fires [EHL/TA/GSC|FHL/TA], toes warm"
    },
    labs={"Hgb": ((10.6, 12.6), (8.2, 9.8)), "INR": ((1.0, 1.2), (1.0, 1.2))},
    results=("EKG: [Sinus rhythm|NSR], no acute ischemic changes",),
    studies=(
        Study(
            "HIP UNILAT MIN 2 VIEWS {SIDE}",
            "Hip radiograph",
            "fracture",
            "There is a [displaced|mildly displaced] fracture of the {side} femoral neck with [varus "
            "angulation|superior migration of the shaft]. No dislocation. The pubic rami are intact. Bones are "
            "demineralized.",
            "[Displaced|Acute] {side} femoral neck fracture.",
            "AP pelvis and two views of the hip.",
        ),
        Study(
            "CT HEAD W/O CONTRAST",
            "CT head",
            "bleed after fall",
            "No hemorrhage, edema or mass effect. [Age related|Mild] involutional changes. No fracture [is "
            "identified|of the calvarium].",
            "No acute intracranial [process|injury].",
            "Contiguous axial images of the brain were obtained without contrast.",
        ),
        Study(
            "HIP 1 VIEW {SIDE} IN O.R.",
            "Hip films (intraoperative)",
            "hardware position",
            "Intraoperative images show [expected|satisfactory] position of the {side} hip hardware. [No|There is "
            "no] periprosthetic fracture.",
            "[Expected|Satisfactory] appearance after {operation}.",
            "Fluoroscopic spot images without a radiologist present.",
        ),
    ),
    events=(
        Event(
            "[Cleared|Medically optimized and cleared] by medicine, {he} [went|was taken] to the operating room for "
            "{side} {operation}, EBL {ebl} mL, [without complication|well tolerated].",
            "[In the operating room surgeons|Surgeons] {operation_lay}.",
            procedure="{Side} {operation}",
        ),
        Event(
            "[Acute blood loss anemia|Post-operative anemia] with hemoglobin [nadir|low] of {nadir} was treated with "
            "[one unit|1 unit] of red cells.",
            "You [lost some blood and needed|were given] one unit of blood.",
            chance=0.35,
            results=("POST-OPERATIVE CBC ___: Hgb {nadir}",),
        ),
        Event(
            "[Mobilized|Worked] with physical therapy from POD {pod}, {weight_bearing} on the {side} leg. "
            "[Enoxaparin|Lovenox] for DVT prophylaxis [was begun|continues] for {dvt} [weeks|weeks in total].",
            "[Physical therapy helped|Therapists helped] you [stand and walk|get out of bed].",
            starts=(
                Drug("Enoxaparin Sodium", ("30 mg", "40 mg"), "preventing clots", route="SC"),
                _ACETAMINOPHEN,
                _SENNA,
            ),
            pending="Staple removal [at 2 weeks|in 14 days]; [start|consider] osteoporosis therapy.",
        ),
        Event(
            "Pain was [managed|controlled] with [standing |]acetaminophen and low dose oxycodone[, avoiding "
            "oversedation|].",
            "Take [the stronger pain pill|oxycodone] only when you really need it.",
            chance=0.7,
            starts=(
                Drug("OxyCODONE (Immediate Release)", ("2.5 mg", "5 mg"), "strong pain", times="Q4H:PRN Pain - Severe"),
            ),
        ),
    ),
    advice=(
        "[Keep|Please keep] the dressing [on|in place] for [5|7] days and the wound dry.",
        "[Use|Take] the blood thinner injection [every day|daily] for the full {dvt} weeks, and always use your "
        "walker.",
    ),
    alarms=("redness or drainage at the wound", "calf pain or swelling", "another fall", "numbness of the leg"),
    clinic="orthopedics",
    excludes=("anemia", "osa", "af"),
    rehab=0.7,
)

_OBSTRUCTION = Reason(
    title="Small bowel obstruction",
    short="a small bowel obstruction",
    codes=(Code("K5650", "INTESTINAL ADHESIONS [BANDS], UNSPECIFIED AS TO PARTIAL VERSUS COMPLETE OBSTRUCTION"),),
    symptom=Code("R109", "UNSPECIFIED ABDOMINAL PAIN"),
    services=("SURGERY",),
    ages=range(36, 88),
    days=range(5, 9),
    complaints=("Abdominal pain", "Abd distention, vomiting", "N/V"),
    presenting="[abdominal pain, distension and vomiting|vomiting and crampy abdominal pain]",
    plain="you had [belly pain and vomiting|vomiting and a swollen belly]",
    lay="Your [bowel|small intestine] was blocked by scar tissue from your {surgery_lay}.",
    draws={
        "surgery|surgery_lay": (
            ("open appendectomy", "old appendix surgery"),
            ("ventral hernia repair", "hernia surgery"),
            ("partial colectomy", "colon surgery"),
            ("exploratory laparotomy", "old belly surgery"),
        ),
        "ngt": range(600, 1900, 100),
        "decompression": (2, 3, 4),
        "caliber": ("3.4", "3.7", "4.1", "4.4"),
        "emesis": (3, 4, 5, 7),
        "flatus": (1, 2),
        "or_day": (3, 4),
        "return_day": (3, 4, 5),
    },
    story=(
        "{Pt} [developed|had] [crampy|colicky] periumbilical pain {ill} days ago that comes in waves, with "
        "[increasing|progressive] distension.",
        "{He} [has vomited|vomited] {emesis} times, [bilious|green], and last passed gas [yesterday|more than "
        "{flatus} days ago].",
        "Surgical history [includes|is notable for] {surgery} [decades|many years] ago; [no|there were no] prior "
        "obstructions.",
        "{He} has [eaten nothing|kept nothing down] since [the day before|breakfast yesterday].",
    ),
    emergency="a nasogastric tube was placed with return of {ngt} mL of bilious fluid, and {he} received "
    "[saline|lactated Ringer's]",
    denies=("hematemesis", "melena", "fevers", "dysuria", "weight loss", "chest pain"),
    vitals={"heartrate": (92, 116), "sbp": (106, 144)},
    exam={
        "ABD": "[Distended and tympanitic|Distended], mild diffuse tenderness, high pitched bowel sounds, [well "
        "healed midline scar|well healed scars], no peritonitis, no hernia",
        "HEENT": "NG tube in place, dry mucous membranes",
    },
    recovered={"ABD": "Soft, non-distended, non-tender, [active|normal] bowel sounds"},
    labs={
        "WBC": ((9.2, 14.8), (5.6, 9.4)),
        "Lactate": ((1.1, 2.4), None),
        "BUN": ((22, 38), (9, 18)),
        "HCO3": ((27, 32), (23, 27)),
        "K": ((3.2, 3.7), (3.8, 4.5)),
    },
    results=("URINE: specific gravity 1.030, otherwise [negative|unremarkable]",),
    studies=(
        Study(
            "CT ABD & PELVIS WITH CONTRAST",
            "CT abdomen/pelvis",
            "obstruction",
            "Dilated loops of small bowel measure up to {caliber} cm with a transition point in the [right lower "
            "quadrant|mid abdomen|pelvis]. The distal ileum and colon are decompressed. No pneumatosis, free air or "
            "[closed loop|portal venous gas]. [Trace|Small] free fluid.",
            "Small bowel obstruction with transition point, likely adhesive. No ischemia.",
            "MDCT of the abdomen and pelvis with intravenous contrast.",
        ),
    ),
    events=(
        Event(
            "[Adhesive|Likely adhesive] obstruction [after|from] prior {surgery}, with bowel up to {caliber} cm on "
            "CT and no ischemia. [Managed|Treated] with bowel rest, IV fluids and NG decompression for "
            "{decompression} days ({ngt} mL on placement).",
            "A tube through your nose [drained|emptied] the stomach, and you [got|received] fluids through the vein.",
        ),
        Event(
            "[Gastrografin|A water soluble contrast challenge] [reached|showed contrast in] the colon [at 8 hours|by "
            "24 hours].",
            "[A test with contrast|A contrast X-ray] showed that things were [moving again|starting to move].",
            chance=0.6,
            studies=(
                Study(
                    "PORTABLE ABDOMEN",
                    "KUB (Gastrografin challenge)",
                    "contrast in colon",
                    "Enteric tube terminates in the stomach. Contrast has [reached|passed into] the [cecum|ascending "
                    "colon]. [Small bowel dilatation has improved.|Fewer dilated loops than before.]",
                    "[Oral contrast|Contrast] within the colon[, consistent with partial or resolving obstruction|].",
                    "Supine abdominal radiograph.",
                ),
            ),
        ),
        Event(
            "[Failing|Because of failure of] nonoperative management, {he} [underwent|had] laparoscopic lysis of "
            "adhesions on day {or_day}, [no resection|without bowel resection].",
            "The blockage did not open by itself, so you had surgery to [cut|free] the scar tissue.",
            chance=0.25,
            procedure="Laparoscopic lysis of adhesions",
            starts=(_ACETAMINOPHEN,),
        ),
        Event(
            "[Flatus and stool|Bowel function] [returned|resumed] by day {return_day}, the tube was removed and "
            "[diet|{his} diet] advanced from clears to regular. [WBC|White count] {WBC_out} at discharge.",
            "[Your bowels|Your bowel] [started|began] to work again and you [were able to|can now] eat.",
            starts=(Drug("Docusate Sodium", ("100 mg",), "constipation", times="BID"),),
            pending="[Low threshold|Return] for [repeat |]imaging if symptoms recur.",
        ),
    ),
    advice=(
        "[Eat|Start with] small, soft meals and chew [well|your food well] for [the next |]two weeks.",
        "[Drink|Be sure to drink] enough [water|fluids] and [stay active|walk every day] to keep your bowels "
        "[moving|regular].",
    ),
    alarms=("vomiting", "a swollen belly", "no gas or stool for a day", "fever or bad belly pain"),
    clinic="surgery",
    excludes=("hypokalemia",),
)

REASONS: tuple[Reason, ...] = (
    _HEART_FAILURE,
    _PNEUMONIA,
    _COPD,
    _NSTEMI,
    _AF_RVR,
    _GI_BLEED,
    _PANCREATITIS,
    _CHOLECYSTITIS,
    _UROSEPSIS,
    _CELLULITIS,
    _EMBOLISM,
    _STROKE,
    _KETOACIDOSIS,
    _HIP_FRACTURE,
    _OBSTRUCTION,
)

COMMON_DRAWS: Draws = {
    "duct": (3, 4, 5),
    "kidney": ("9.8", "10.4", "10.9", "11.3", "11.7"),
    "image": range(28, 190),
    "smoking": ("Never smoker", "Former smoker, quit ___ years ago", "Quit smoking in ___", "Smokes half a pack a day"),
    "drinking": (
        "Drinks alcohol socially",
        "No alcohol",
        "A glass of wine with dinner",
        "One to two beers on weekends",
    ),
}

# --------------------------------------------------------------------------- who comes to the ward

RACES: tuple[str, ...] = (
    "WHITE",
    "WHITE",
    "WHITE",
    "WHITE - OTHER EUROPEAN",
    "BLACK/AFRICAN AMERICAN",
    "BLACK/CAPE VERDEAN",
    "HISPANIC/LATINO - PUERTO RICAN",
    "HISPANIC/LATINO - DOMINICAN",
    "ASIAN - CHINESE",
    "ASIAN",
    "OTHER",
    "UNKNOWN",
)

ALLERGIES: tuple[str, ...] = (
    "No Known Allergies / Adverse Drug Reactions",
    "No Known Allergies / Adverse Drug Reactions",
    "No Known Allergies / Adverse Drug Reactions",
    "Penicillins",
    "Codeine",
    "Latex",
    "Sulfa (Sulfonamide Antibiotics)",
    "Shellfish Derived",
    "Penicillins / Codeine",
)

SOCIAL: tuple[str, ...] = (
    "[Lives with {his} ___|Lives alone in an apartment|Lives in ___ with family|Lives in a house with {his} ___].",
    "[Retired ___|Works as a ___|Previously worked in ___|Worked in an office for many years].",
    "{smoking}.",
    "{drinking}.",
    "[No illicit drugs|Denies drug use|No history of IV drug use].",
    "[Independent in ADLs|Has help with cleaning|Needs some help with shopping].",
)

FAMILY: tuple[str, ...] = (
    "[Father with MI in his ___|Father died of a stroke|Father had hypertension|Father healthy until ___].",
    "[Mother with diabetes|Mother had breast cancer|Mother lived to ___|Mother with dementia].",
    "[No family history of clotting disorders.|Siblings healthy.|Brother with CAD.|No known cancers in siblings.|]",
)
