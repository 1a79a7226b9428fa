"""ICD-10-CM codes (without their dot) and titles of the diagnoses that the emergency department codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.corpora.ward.lexicon import concepts

_CODES = """
acute decompensated heart failure I5023
community acquired pneumonia J189
COPD exacerbation J441
non-ST elevation myocardial infarction I214
atrial fibrillation with rapid ventricular response I4892
upper gastrointestinal bleed K922
acute pancreatitis K8510
acute cholecystitis K810
small bowel obstruction K56609
acute ischemic stroke I639
femoral neck fracture S72009A
diabetic ketoacidosis E1010
acute pyelonephritis N10
cellulitis L03119
pulmonary embolism I2699
deep vein thrombosis I82409
acute diverticulitis K5792
C. difficile colitis A0472
asthma exacerbation J45901
severe hyponatremia E871
alcohol withdrawal F10239
breakthrough seizures G40909
infective endocarditis I330
obstructive uropathy N139
vaso-occlusive crisis D5700
nephrolithiasis N201
transient ischemic attack G459
diverticular bleed K5731
decompensated cirrhosis K7460
osteomyelitis M8618
acute appendicitis K3580
end-stage knee osteoarthritis M1710
ascending colon adenocarcinoma C182
complete heart block I442
aseptic meningitis A879
hypertension I10
hyperlipidemia E785
type 2 diabetes mellitus E119
coronary artery disease I2510
atrial fibrillation I4891
chronic kidney disease N1830
hypothyroidism E039
gastroesophageal reflux disease K219
depression F32A
chronic obstructive pulmonary disease J449
obstructive sleep apnea G4733
benign prostatic hyperplasia N400
osteoporosis M810
gout M109
anxiety F419
chronic low back pain M5450
systolic heart failure I5022
type 1 diabetes mellitus E109
asthma J45909
epilepsy G40409
sickle cell disease D571
alcohol use disorder F1020
cirrhosis K7030
migraine G43909
rheumatoid arthritis M069
peripheral artery disease I739
restless legs syndrome G2581
glaucoma H409
viral bronchitis J209
viral gastroenteritis A084
acute coronary syndrome I249
aortic dissection I7100
musculoskeletal pain M791
panic attack F410
peptic ulcer disease K279
mesenteric ischemia K559
septic arthritis M009
ruptured Baker cyst M660
gastritis flare K2970
hypoglycemia E162
complex migraine G43109
psychogenic spells F445
pubic ramus fracture S32509A
cholangitis K830
irritable bowel syndrome K589
gout flare M1000
contact dermatitis L259
inflammatory bowel disease K5190
ovarian torsion N83519
dehydration E860
sick sinus syndrome I495
sinusitis J329
acute chest syndrome D5701
"""


def _read() -> dict[str, tuple[str, str]]:
    known = concepts()
    codes = (line.rpartition(" ") for line in _CODES.strip().splitlines())
    return {name: (code, (known["dx", name].also or (name.upper(),))[0]) for name, _, code in codes}


ICD: Mapping[str, tuple[str, str]] = MappingProxyType(_read())
"""Diagnosis -> (code, title)."""
