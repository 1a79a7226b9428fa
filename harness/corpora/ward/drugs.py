"""How the drugs that patients take at home are prescribed. Pure data, simplified, no medical advice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

SHEET = """
apixaban | PO BID | twice a day | for clot prevention | to thin your blood
rivaroxaban | PO DAILY | once a day with dinner | for clot prevention | to thin your blood
warfarin | PO DAILY | every evening | for clot prevention | to thin your blood
enoxaparin | SC DAILY | once a day as a shot | for prophylaxis | to prevent clots
aspirin | PO DAILY | once a day | for platelet inhibition | to keep vessels open
clopidogrel | PO DAILY | once a day | for platelet inhibition | to keep vessels open
ticagrelor | PO BID | twice a day | for the stent | to keep the stent open
atorvastatin | PO QPM | at bedtime | for lipid lowering | to lower fats in the blood
rosuvastatin | PO QPM | at bedtime | for lipid lowering | to lower fats in the blood
simvastatin | PO QPM | at bedtime | for lipid lowering | to lower fats in the blood
lisinopril | PO DAILY | once a day | for pressure control | for the pressure
losartan | PO DAILY | once a day | for pressure control | for the pressure
amlodipine | PO DAILY | once a day | for pressure control | for the pressure
hydrochlorothiazide | PO DAILY | once a day | for pressure control | for the pressure
metoprolol succinate | PO DAILY | once a day | for beta blockade | to protect the heart
carvedilol | PO BID | twice a day | for beta blockade | to protect the heart
diltiazem | PO DAILY | once a day | for the ventricular response | to slow the heart
amiodarone | PO DAILY | once a day | for rhythm | to steady the heart
furosemide | PO DAILY | once a day | for volume | as a water pill
torsemide | PO DAILY | once a day | for volume | as a water pill
spironolactone | PO DAILY | once a day | for volume | as a water pill
empagliflozin | PO DAILY | every morning | for the myocardium | for heart and sugar
metformin | PO BID | twice a day with meals | for glycemia | for your sugars
glipizide | PO BID | twice a day before meals | for glycemia | for your sugars
insulin glargine | SC QHS | at bedtime as a shot | for glycemia | for your sugars
insulin lispro | SC TID | before meals as a shot | for glycemia | for your sugars
pantoprazole | PO Q12H | twice a day | for acid suppression | to lower stomach acid
omeprazole | PO DAILY | once a day | for acid suppression | to lower stomach acid
sucralfate | PO QID | four times a day | for mucosal protection | to coat the stomach
ferrous sulfate | PO DAILY | once a day | for repletion | to build up iron
folic acid | PO DAILY | once a day | as a supplement | as a vitamin
thiamine | PO DAILY | once a day | as a supplement | as a vitamin
multivitamin | PO DAILY | once a day | as a supplement | as a vitamin
vitamin D | PO DAILY | once a day | as a supplement | for your bones
calcium carbonate | PO TID | three times a day | as a supplement | for your bones
alendronate | PO QWEEK | once a week | for bone density | for your bones
levofloxacin | PO DAILY | once a day | to finish treatment | against the infection
cefpodoxime | PO Q12H | twice a day | to finish treatment | against the infection
cephalexin | PO QID | four times a day | to finish treatment | against the infection
ciprofloxacin | PO Q12H | twice a day | to finish treatment | against the infection
metronidazole | PO Q8H | three times a day | to finish treatment | against the infection
amoxicillin-clavulanate | PO Q12H | twice a day | to finish treatment | against the infection
doxycycline | PO Q12H | twice a day | to finish treatment | against the infection
vancomycin | PO QID | four times a day | to finish treatment | against the infection
fidaxomicin | PO BID | twice a day | to finish treatment | against the infection
ceftriaxone | IV Q24H | once a day through the long line | to finish treatment | against the infection
cefazolin | IV Q8H | three times a day through the long line | to finish treatment | against the infection
nystatin | PO QID | four times a day | for the mucosa | to clear your mouth
prednisone | PO DAILY | every morning with food | as a taper | to calm the inflammation
albuterol | IH Q6H PRN | as needed | for bronchodilation | to open your airways
tiotropium | IH DAILY | once a day | for bronchodilation | to open your airways
fluticasone-salmeterol | IH BID | twice a day | as controller | to keep your airways calm
montelukast | PO QPM | at bedtime | as controller | to keep your airways calm
nicotine patch | TD DAILY | once a day | for craving | to help you not to smoke
levothyroxine | PO DAILY | every morning | as replacement | for your thyroid
sertraline | PO DAILY | once a day | for mood | for your mood
escitalopram | PO DAILY | once a day | for mood | for your mood
bupropion | PO DAILY | once a day | for mood | for your mood
buspirone | PO BID | twice a day | for nerves | for your nerves
hydroxyzine | PO Q8H PRN | as needed | for nerves | for your nerves
lorazepam | PO QHS PRN | at night if needed | for nerves | for your nerves
quetiapine | PO QHS | at bedtime | for sleep | for your sleep
melatonin | PO QHS | at bedtime | for sleep | for your sleep
levetiracetam | PO BID | twice a day | for spell control | to prevent spells
lamotrigine | PO BID | twice a day | for spell control | to prevent spells
gabapentin | PO TID | three times a day | for neuropathic pain | for nerve pain
allopurinol | PO DAILY | once a day | for urate | to lower uric acid
colchicine | PO DAILY | once a day | for crystals | for your joints
tamsulosin | PO QHS | at bedtime | for outflow | to help you empty your bladder
finasteride | PO DAILY | once a day | for outflow | to shrink the prostate
potassium chloride | PO DAILY | once a day | for repletion | to keep the level up
magnesium oxide | PO DAILY | once a day | for repletion | to keep the level up
sodium chloride tablets | PO TID | three times a day | for repletion | to keep the level up
lactulose | PO TID | three times a day | titrated to stools | to clear toxins
rifaximin | PO BID | twice a day | for the liver | to clear toxins
nadolol | PO DAILY | once a day | for the portal pressure | to shrink swollen veins
hydroxyurea | PO DAILY | once a day | for the blood | to prevent crises
oxycodone | PO Q6H PRN | every six hours if needed | for pain | for strong pain
acetaminophen | PO Q8H PRN | three times a day if needed | for pain | for pain
ibuprofen | PO Q8H PRN | three times a day if needed | for pain | for pain
naproxen | PO BID PRN | twice a day if needed | for pain | for pain
senna | PO QHS | at bedtime | for the bowels | to keep your bowels moving
polyethylene glycol | PO DAILY | once a day | for the bowels | to keep your bowels moving
ondansetron | PO Q8H PRN | as needed | for the stomach | to settle your stomach
simethicone | PO QID PRN | as needed | for gas | for gas
midodrine | PO TID | three times a day | for the pressure | for the pressure
methotrexate | PO QWEEK | once a week | for the joints | for your joints
sumatriptan | PO DAILY PRN | as needed | for the head | for your head
latanoprost | OU QHS | at bedtime | for the eyes | for your eyes
pramipexole | PO QHS | at bedtime | for the legs | for your legs
naltrexone | PO DAILY | once a day | for craving | to help you not to drink
acyclovir | PO TID | three times a day | to finish treatment | against the virus
"""


class Drug(NamedTuple):
    """`times` as an order has it and as patients are told, `purpose` likewise."""

    times: str
    lay_times: str
    purpose: str
    lay_purpose: str


@cache
def sheet() -> Mapping[str, Drug]:
    rows = (line.split(" | ") for line in SHEET.strip().splitlines())
    return {name: Drug(*cells) for name, *cells in rows}
