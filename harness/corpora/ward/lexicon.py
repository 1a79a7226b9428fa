"""The ward's vocabulary: what can be the case, and every name that the ward has for it.

A line is `clinical names | abbreviations | what patients are told | names that are read only`; the first clinical name
is the concept. A name belongs to one family, so that a mention says what kind of fact it is. Pure data, no advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

SYMPTOMS = """
shortness of breath, dyspnea | SOB | trouble breathing, shortness of breath | respiratory distress
cough | | cough, coughing
fever, fevers | | fever, fevers | febrile illness
chills, rigors | | chills, shaking chills
chest pain, chest pressure | CP | chest pain, pain in your chest
pleuritic pain, pleuritic chest pain | | pain when you take a deep breath, sharp pain with breathing
palpitations | | a racing heartbeat, a pounding heart
lightheadedness, dizziness | LH | feeling faint, dizziness
syncope, loss of consciousness | LOC | fainting, passing out
leg swelling, lower extremity swelling | LE swelling | swelling in your legs, swollen legs
orthopnea | | trouble breathing when lying flat
weight gain | | sudden weight gain, gaining weight
wheezing, wheeze | | wheezing
purulent sputum, sputum production | | coughing up phlegm
hemoptysis | | coughing up blood
abdominal pain, belly pain | abd pain | belly pain, stomach pain
epigastric pain, epigastric discomfort | | pain in your upper belly
right upper quadrant pain | RUQ pain | pain under your right ribs
left lower quadrant pain | LLQ pain | pain in your lower left belly
right lower quadrant pain | RLQ pain | pain in your lower right belly
flank pain | | pain in your side
nausea | | nausea, feeling sick to your stomach
vomiting, emesis | | vomiting, throwing up
diarrhea, loose stools | | diarrhea, watery stools
constipation, obstipation | | constipation, not being able to move your bowels
melena, black stools | | black stools, black and tarry stools
hematochezia, bright red blood per rectum | BRBPR | blood in your stool, bleeding from your rectum
hematemesis | | vomiting blood
dysuria | | burning when you urinate, pain when you urinate
urinary frequency, urinary urgency | | needing to urinate often
hematuria | | blood in your urine
poor urine output, decreased urine output | poor UOP | passing very little urine
altered mental status, encephalopathy | AMS | confusion, being confused
headache | HA | headache, bad headaches
neck stiffness | | a stiff neck
photophobia | | bright light hurting your eyes
arm weakness, weakness of the arm | | weakness in your arm, a weak arm
facial droop | | drooping of your face, a drooping face
slurred speech, dysarthria | | slurred speech, trouble speaking
numbness, paresthesias | | numbness, tingling
vision changes, blurry vision | | changes in your vision
convulsions, seizure activity | | seizures, a seizure
tremors, tremulousness | | shaking hands, tremors
hallucinations | | seeing or hearing things that are not there
night sweats, diaphoresis | | sweating, night sweats
fatigue, malaise | | tiredness, feeling very tired
poor appetite, anorexia | poor PO intake | poor appetite, not wanting to eat
weight loss | | losing weight
polyuria | | passing a lot of urine
polydipsia, excessive thirst | | being very thirsty
calf pain, leg pain | | pain in your calf, leg pain
leg redness, redness of the leg | | redness of your leg, a red leg
joint swelling | | a swollen joint
knee pain | | pain in your knee, knee pain
hip pain, groin pain | | pain in your hip, hip pain
mechanical fall, fall from standing | | a fall, falling
back pain | | back pain
limb pain, bony pain | | pain in your arms and legs
foot drainage, foot wound | | a draining sore on your foot
wound drainage, drainage from the incision | | drainage from your wound, pus from your cut
rash | | rash, a skin rash
itching, pruritus | | itching
abdominal distension, bloating | | a swollen belly, bloating
rhinorrhea, upper respiratory symptoms | URI sx | a runny nose, cold symptoms
sore throat | | a sore throat
gum bleeding, epistaxis | | nosebleeds, bleeding that does not stop
low mood | | feeling down
change in stool caliber | | narrow stools
jaundice, yellowing of the skin | | yellow skin or eyes
"""

SIGNS = """
crackles, rales
expiratory wheezes, diffuse wheezes
rhonchi
decreased breath sounds
pitting edema
elevated JVP, jugular venous distension | JVD
S3 gallop
irregularly irregular rhythm
systolic murmur, new murmur
tachypnea
accessory muscle use
epigastric tenderness
RUQ tenderness, right upper quadrant tenderness
LLQ tenderness, left lower quadrant tenderness
RLQ tenderness, right lower quadrant tenderness
Murphy's sign, positive Murphy
rebound tenderness, guarding
CVA tenderness, costovertebral angle tenderness
high-pitched bowel sounds
fluid wave, shifting dullness
asterixis
scleral icterus, icteric sclerae
conjunctival pallor, pale conjunctivae
dry mucous membranes
erythema, spreading erythema
induration
fluctuance
plantar ulcer, ulcer probing to bone
pronator drift
gaze deviation
aphasia
neglect
nuchal rigidity
calf tenderness
calf asymmetry
shortened and externally rotated leg
joint effusion
reduced range of motion, limited range of motion
coarse tremor
tongue laceration
postictal state
splinter hemorrhages
palpable bladder, suprapubic fullness
guaiac positive stool
cool extremities
bradycardia, slow regular pulse
orthostasis, orthostatic hypotension
fruity breath
Kussmaul respirations
pelvic mass
bibasilar dullness
"""

FINDINGS = """
consolidation, airspace opacity | | | infiltrate
pulmonary edema, interstitial edema
pleural effusion, effusion | | fluid around your lung
pneumothorax | PTX
hyperinflation | | | hyperinflated lungs
cardiomegaly, enlarged cardiac silhouette
air bronchograms
filling defects, segmental filling defects
right ventricular strain, right heart strain | RV strain
right ventricular dilation, dilated right ventricle
noncompressible femoral vein, occlusive femoral thrombus
gallstones, cholelithiasis | | gallstones
gallbladder wall thickening
pericholecystic fluid
common bile duct dilation, dilated common bile duct | CBD dilation |
peripancreatic stranding, peripancreatic fat stranding
pancreatic necrosis
sigmoid wall thickening, sigmoid thickening
diverticular abscess, pericolic abscess | | a pocket of infection
free air, pneumoperitoneum
pancolonic wall thickening, pancolitis
hydronephrosis | hydro | a swollen kidney
obstructing stone, ureteral calculus | | a kidney stone stuck in the tube that drains the kidney
bladder distension, distended bladder
nodular liver, nodular liver contour
perihepatic fluid, large volume ascites | | fluid in your belly
splenomegaly | |
esophageal varices, varices | | swollen veins in your food pipe
duodenal ulcer, clean-based duodenal ulcer | | an ulcer in the gut
visible vessel, adherent clot
gastritis, erosive gastritis | | irritation of the stomach
diverticulosis, colonic diverticula | | small pouches in the bowel
colonic polyp, sessile polyp | | a polyp
cerebral infarct, territorial infarct, area of restricted diffusion | | | infarction
intracranial hemorrhage | ICH | bleeding in the brain
vessel occlusion, M2 occlusion | | a blocked blood vessel
carotid stenosis, carotid narrowing | | a narrowed artery in the neck
valve vegetation, mobile vegetation | | a clump of germs on a heart valve
mitral regurgitation | MR |
left atrial enlargement, dilated left atrium
global hypokinesis, diffuse hypokinesis
regional wall motion abnormality | RWMA |
coronary stenosis, culprit lesion | | a blocked artery in your heart
marrow edema, marrow signal abnormality
cortical erosion, bony erosion
soft tissue gas, subcutaneous gas
displaced fracture, displaced femoral neck fracture line
dilated appendix, distended appendix | | a swollen appendix
appendicolith | |
transition point | |
dilated small bowel loops, dilated loops of small bowel | |
bibasilar atelectasis, atelectasis
lung nodule, pulmonary nodule | | a small spot in your lung
joint space narrowing, tricompartmental narrowing
ascending colon mass, colonic mass | | a growth in your bowel
liver metastases, metastatic disease
lymphocytic pleocytosis | |
ST depressions, ST segment depressions
complete AV dissociation, AV dissociation
epileptiform discharges, interictal discharges
chronic microvascular changes, small vessel disease
renal cortical thinning, echogenic kidneys
fecal loading, stool burden
degenerative changes, degenerative change
avascular necrosis | AVN |
"""

DIAGNOSES = """
acute decompensated heart failure, decompensated heart failure, heart failure exacerbation | ADHF, CHF exacerbation | a flare of your heart failure, worsening heart failure | ACUTE ON CHRONIC SYSTOLIC (CONGESTIVE) HEART FAILURE
community acquired pneumonia, bacterial pneumonia | CAP, PNA | pneumonia, a lung infection called pneumonia | PNEUMONIA, UNSPECIFIED ORGANISM
COPD exacerbation, exacerbation of COPD | AECOPD | a COPD flare, a flare of your COPD | CHRONIC OBSTRUCTIVE PULMONARY DISEASE WITH (ACUTE) EXACERBATION
non-ST elevation myocardial infarction, type 1 NSTEMI | NSTEMI | a heart attack | NON-ST ELEVATION (NSTEMI) MYOCARDIAL INFARCTION
atrial fibrillation with rapid ventricular response, rapid atrial fibrillation | AF with RVR, Afib with RVR | a fast irregular heart rhythm, a rapid irregular heartbeat | UNSPECIFIED ATRIAL FLUTTER
upper gastrointestinal bleed, upper GI bleeding | UGIB | bleeding from your stomach, bleeding from the upper gut | GASTROINTESTINAL HEMORRHAGE, UNSPECIFIED
acute pancreatitis, gallstone pancreatitis | | inflammation of your pancreas, pancreatitis | BILIARY ACUTE PANCREATITIS WITHOUT NECROSIS OR INFECTION
acute cholecystitis, acute calculous cholecystitis | | an infected gallbladder, an inflamed gallbladder | ACUTE CHOLECYSTITIS
small bowel obstruction, adhesive small bowel obstruction | SBO | a blockage of your bowel, a blocked bowel | UNSPECIFIED INTESTINAL OBSTRUCTION
acute ischemic stroke, ischemic stroke | CVA | a stroke | CEREBRAL INFARCTION, UNSPECIFIED
femoral neck fracture, hip fracture | FNF | a broken hip | FRACTURE OF UNSPECIFIED PART OF NECK OF FEMUR
diabetic ketoacidosis, moderate diabetic ketoacidosis | DKA | very high sugars with acid in your blood, diabetic ketoacidosis | TYPE 1 DIABETES MELLITUS WITH KETOACIDOSIS WITHOUT COMA
acute pyelonephritis, pyelonephritis | pyelo | a kidney infection | ACUTE TUBULO-INTERSTITIAL NEPHRITIS
cellulitis, lower extremity cellulitis | | a skin infection, an infection of the skin | CELLULITIS OF LIMB
pulmonary embolism, acute pulmonary embolus | PE | a blood clot in your lung, blood clots in your lungs | OTHER PULMONARY EMBOLISM WITHOUT ACUTE COR PULMONALE
deep vein thrombosis, deep venous thrombosis | DVT | a blood clot in your leg | ACUTE EMBOLISM AND THROMBOSIS OF DEEP VEINS OF LOWER EXTREMITY
acute diverticulitis, sigmoid diverticulitis | | diverticulitis, an infection of a pouch in your bowel | DIVERTICULITIS OF LARGE INTESTINE
C. difficile colitis, Clostridioides difficile infection | CDI | a bowel infection called C. diff, C. diff infection | ENTEROCOLITIS DUE TO CLOSTRIDIUM DIFFICILE
asthma exacerbation, acute asthma exacerbation | | an asthma attack, an asthma flare | ASTHMA WITH (ACUTE) EXACERBATION
severe hyponatremia, symptomatic hyponatremia | | a very low salt level in your blood, very low sodium | HYPO-OSMOLALITY AND HYPONATREMIA
alcohol withdrawal, severe alcohol withdrawal | EtOH withdrawal | alcohol withdrawal, withdrawal from alcohol | ALCOHOL DEPENDENCE WITH WITHDRAWAL
breakthrough seizures, breakthrough seizure | | a seizure despite your medicines | EPILEPTIC DISORDER, UNSPECIFIED
infective endocarditis, bacterial endocarditis | IE | an infection of your heart valve, a heart valve infection | ACUTE AND SUBACUTE INFECTIVE ENDOCARDITIS
obstructive uropathy, obstructive nephropathy | | a blockage in passing urine that hurt your kidneys | OBSTRUCTIVE AND REFLUX UROPATHY
vaso-occlusive crisis, sickle cell pain crisis | VOC | a sickle cell pain crisis | HB-SS DISEASE WITH CRISIS
nephrolithiasis, obstructing nephrolithiasis | | kidney stones, a kidney stone | CALCULUS OF URETER
transient ischemic attack | TIA | a mini-stroke, a warning stroke | TRANSIENT CEREBRAL ISCHEMIC ATTACK
diverticular bleed, lower gastrointestinal bleed | LGIB | bleeding from your bowel, bleeding from your colon | DIVERTICULOSIS OF LARGE INTESTINE WITH BLEEDING
decompensated cirrhosis, decompensated liver cirrhosis | | worsening liver disease, a flare of your liver disease | UNSPECIFIED CIRRHOSIS OF LIVER
osteomyelitis, osteomyelitis of the foot | OM | a bone infection, an infection in the bone | ACUTE OSTEOMYELITIS
acute appendicitis, uncomplicated appendicitis | | appendicitis, an infected appendix | UNSPECIFIED ACUTE APPENDICITIS
end-stage knee osteoarthritis, severe knee osteoarthritis | knee OA | severe arthritis of your knee, a worn out knee | UNILATERAL PRIMARY OSTEOARTHRITIS
ascending colon adenocarcinoma, colon adenocarcinoma | | a tumor in your colon, colon cancer | MALIGNANT NEOPLASM OF ASCENDING COLON
complete heart block, third degree heart block | CHB | a very slow heartbeat from a block in the heart's wiring | ATRIOVENTRICULAR BLOCK, COMPLETE
aseptic meningitis, viral meningitis | | viral meningitis, an infection around your brain | VIRAL MENINGITIS, UNSPECIFIED
acute kidney injury | AKI | a kidney injury, stress on your kidneys | ACUTE KIDNEY FAILURE, UNSPECIFIED
hypokalemia | hypoK | low potassium | HYPOKALEMIA
delirium, hospital delirium | | a period of confusion in the hospital, hospital delirium | DISORIENTATION, UNSPECIFIED
urinary retention, acute urinary retention | | not being able to empty your bladder, trouble emptying your bladder | RETENTION OF URINE, UNSPECIFIED
iron deficiency anemia, iron deficiency | IDA | low iron, low blood counts from low iron | IRON DEFICIENCY ANEMIA, UNSPECIFIED
thrush, oral candidiasis | | thrush, a yeast infection in your mouth | CANDIDAL STOMATITIS
hospital acquired pneumonia, nosocomial pneumonia | HAP | a pneumonia that began in the hospital | PNEUMONIA DUE TO OTHER GRAM-NEGATIVE BACTERIA
postoperative ileus, ileus | | slow bowels | ILEUS, UNSPECIFIED
catheter-associated urinary tract infection, urinary tract infection | CAUTI, UTI | a bladder infection, a urine infection | URINARY TRACT INFECTION, SITE NOT SPECIFIED
demand ischemia, type 2 myocardial injury | | strain on your heart | OTHER MYOCARDIAL INFARCTION TYPE
steroid-induced hyperglycemia, hyperglycemia | | high sugars from medicines, high blood sugar | HYPERGLYCEMIA, UNSPECIFIED
drug eruption, morbilliform drug rash | | an allergic reaction to a medicine, an allergic rash | LOCALIZED SKIN ERUPTION DUE TO DRUGS
superficial thrombophlebitis, thrombophlebitis | | a sore vein from the IV | PHLEBITIS AND THROMBOPHLEBITIS
incidental pulmonary lesion | | an unexpected finding in your lung | SOLITARY PULMONARY NODULE
hypophosphatemia, refeeding hypophosphatemia | | low phosphate | DISORDER OF PHOSPHORUS METABOLISM
sacral pressure injury, stage 2 pressure injury | | a pressure sore | PRESSURE ULCER OF SACRAL REGION
hypertension | HTN | high blood pressure | ESSENTIAL (PRIMARY) HYPERTENSION
hyperlipidemia | HLD | high cholesterol | HYPERLIPIDEMIA, UNSPECIFIED
type 2 diabetes mellitus, type 2 diabetes | T2DM, DM2 | diabetes, type 2 diabetes | TYPE 2 DIABETES MELLITUS WITHOUT COMPLICATIONS
coronary artery disease | CAD | heart artery disease | ATHEROSCLEROTIC HEART DISEASE OF NATIVE CORONARY ARTERY
atrial fibrillation | AF, Afib | an irregular heart rhythm, atrial fibrillation | UNSPECIFIED ATRIAL FIBRILLATION
chronic kidney disease | CKD | chronic kidney disease, kidney disease | CHRONIC KIDNEY DISEASE, STAGE 3 UNSPECIFIED
hypothyroidism | | a low thyroid, an underactive thyroid | HYPOTHYROIDISM, UNSPECIFIED
gastroesophageal reflux disease, reflux disease | GERD | acid reflux | GASTRO-ESOPHAGEAL REFLUX DISEASE WITHOUT ESOPHAGITIS
depression, major depression | MDD | depression | DEPRESSION, UNSPECIFIED
chronic obstructive pulmonary disease | COPD | COPD | CHRONIC OBSTRUCTIVE PULMONARY DISEASE, UNSPECIFIED
obstructive sleep apnea | OSA | sleep apnea | OBSTRUCTIVE SLEEP APNEA (ADULT) (PEDIATRIC)
benign prostatic hyperplasia | BPH | a large prostate | BENIGN PROSTATIC HYPERPLASIA
osteoporosis | | thin bones | AGE-RELATED OSTEOPOROSIS
gout | | gout | GOUT, UNSPECIFIED
anxiety, generalized anxiety | GAD | anxiety | ANXIETY DISORDER, UNSPECIFIED
chronic low back pain, lumbar spinal stenosis | cLBP | chronic back pain | LOW BACK PAIN, UNSPECIFIED
systolic heart failure, ischemic cardiomyopathy | HFrEF | heart failure | CHRONIC SYSTOLIC (CONGESTIVE) HEART FAILURE
type 1 diabetes mellitus, type 1 diabetes | T1DM | type 1 diabetes | TYPE 1 DIABETES MELLITUS WITHOUT COMPLICATIONS
asthma, moderate persistent asthma | | asthma | UNSPECIFIED ASTHMA, UNCOMPLICATED
epilepsy, focal epilepsy | | epilepsy | GENERALIZED SEIZURE DISORDER
sickle cell disease | SCD | sickle cell disease | SICKLE-CELL DISEASE WITHOUT CRISIS
alcohol use disorder | AUD | drinking too much alcohol | ALCOHOL DEPENDENCE, UNCOMPLICATED
cirrhosis, alcoholic cirrhosis | | liver cirrhosis | ALCOHOLIC CIRRHOSIS OF LIVER
migraine, migraines | | migraine headaches | MIGRAINE, UNSPECIFIED
rheumatoid arthritis | | rheumatoid arthritis | RHEUMATOID ARTHRITIS, UNSPECIFIED
peripheral artery disease, peripheral vascular disease | PAD, PVD | poor circulation in your legs | PERIPHERAL VASCULAR DISEASE, UNSPECIFIED
restless legs syndrome | RLS | restless legs | RESTLESS LEGS SYNDROME
glaucoma | | glaucoma | UNSPECIFIED GLAUCOMA
viral bronchitis, acute bronchitis | | bronchitis | ACUTE BRONCHITIS, UNSPECIFIED
viral gastroenteritis | | a stomach virus | VIRAL INTESTINAL INFECTION, UNSPECIFIED
acute coronary syndrome | ACS | a heart attack in progress |
aortic dissection | | a tear in the aorta |
musculoskeletal pain, muscular strain | MSK strain | a pulled muscle |
panic attack | | a panic attack |
peptic ulcer disease | PUD | an ulcer |
mesenteric ischemia | | poor blood flow to the bowel |
septic arthritis | | an infected joint |
ruptured Baker cyst | | a burst cyst |
gastritis flare | | an irritated stomach |
hypoglycemia | | a low sugar |
complex migraine | | a migraine |
psychogenic spells | PNES | spells |
pubic ramus fracture | | a cracked pelvis |
cholangitis, ascending cholangitis | | infected bile ducts |
irritable bowel syndrome | IBS | an irritable bowel |
gout flare | | a gout attack |
contact dermatitis | | an irritated skin |
inflammatory bowel disease | IBD | an inflamed bowel |
ovarian torsion, mesenteric adenitis | | swollen glands in your belly |
dehydration | | dehydration |
sick sinus syndrome | SSS | a slow heartbeat |
sinusitis | | a sinus infection |
acute chest syndrome | | a lung problem from sickle cell |
"""

LABS = """
white blood cell count, white count | WBC | white blood cell count
hemoglobin | Hgb, Hb | blood count
platelet count, platelets | Plt, Plt Ct | platelet count
INR | INR | INR, blood thinner level | INR(PT)
glucose, blood glucose | Glucose, FSBG | blood sugar
urea nitrogen, blood urea nitrogen | BUN, UreaN |
creatinine | Cr, Creat | kidney test called creatinine, creatinine
sodium | Na | sodium
potassium | K | potassium
bicarbonate | HCO3 | bicarbonate
anion gap | AG, AnGap |
calcium | Calcium | calcium
phosphate | Phos | phosphate
magnesium | Mg | magnesium
ALT | ALT |
AST | AST |
alkaline phosphatase | AlkPhos, ALP |
total bilirubin, bilirubin | Tbili, TotBili | bilirubin
lipase | Lipase | pancreas test called lipase
troponin, troponin T | TnT, cTropnT | heart damage test called troponin
BNP, pro-BNP | proBNP | heart strain test called BNP
lactate | Lactate |
CRP | CRP |
ESR, sedimentation rate | ESR |
D-dimer | D-Dimer |
hemoglobin A1c, A1c | HbA1c | three month sugar test
LDL, LDL cholesterol | LDLcalc | bad cholesterol
TSH | TSH | thyroid test
ferritin | Ferritin | iron stores
serum osmolality | Osmolal |
beta-hydroxybutyrate | BHB |
ammonia | Ammonia |
albumin | Albumin |
phenytoin level | Phenytoin | seizure medicine level
reticulocyte count | Retic |
PaCO2, pCO2 | pCO2 |
arterial pH, venous pH | pH |
"""

MEASURES = """
ejection fraction, LVEF | EF | pumping strength
discharge weight, weight at discharge | dc wt | weight when you left, weight at discharge
net diuresis, net fluid balance | net neg | fluid removed
peak flow | PEF | peak flow
CIWA score, peak CIWA | CIWA |
NIHSS, NIH stroke scale | NIHSS |
post-void residual, postvoid residual | PVR |
stone size, calculus size | | stone size
nodule size, nodule measurement | | spot size
estimated blood loss, operative blood loss | EBL | blood loss
ulcer size, ulcer measurement | | ulcer size
stenosis severity, luminal narrowing | |
ventricular rate, telemetry rate | | heart monitor rate
urine sodium, spot urine sodium | UNa |
CHA2DS2-VASc score, CHADS-VASc | |
paracentesis volume, ascitic volume drained | | fluid drained
Foley output, initial Foley output | | urine drained
packed cells transfused, red cell transfusion | pRBC | blood transfused
"""

VITALS = """
temperature, maximum temperature | Tmax, T | temperature
heart rate, pulse | HR | pulse | heartrate
respiratory rate, breathing rate | RR | breathing rate | resprate
oxygen saturation, saturation | SpO2, O2 sat | oxygen level | o2sat
systolic pressure | SBP | top blood pressure number | sbp
diastolic pressure | DBP | bottom blood pressure number | dbp
"""

SPECIMENS = """
blood culture, blood cultures | BCx | blood cultures
urine culture, urine cultures | UCx | urine culture
sputum culture | | phlegm culture
wound culture, bone culture | | wound culture
CSF culture, spinal fluid culture | | spinal fluid culture
ascitic fluid culture, peritoneal fluid culture | | belly fluid culture
stool toxin assay, stool PCR | | stool test
"""

ORGANISMS = """
no growth | NGTD | no germs
E. coli, Escherichia coli | | E. coli
Klebsiella pneumoniae | | Klebsiella
Streptococcus pneumoniae, pneumococcus | | pneumococcus
MRSA | MRSA | MRSA
MSSA, methicillin-sensitive Staphylococcus aureus | MSSA | staph
Enterococcus faecalis | | Enterococcus
viridans streptococci | | a strep germ
Pseudomonas aeruginosa | | Pseudomonas
group B Streptococcus | GBS | strep
C. difficile toxin, toxin-producing C. difficile | | C. diff germ
enterovirus | | enterovirus
mixed flora, mixed skin flora | | mixed germs
"""

TESTS = """
final blood culture results, final culture data | | last results from the blood bottles
final pathology, surgical pathology | path | biopsy results
H. pylori stool antigen, Helicobacter testing | | stomach germ test
susceptibility testing, final susceptibilities | | germ resistance tests
thrombophilia panel, hypercoagulable panel | | clotting tests
genetic testing, familial testing | | genetic tests
vitamin B12 level | B12 | vitamin B12 level
hepatitis serologies | | hepatitis tests
CSF viral PCR, CSF PCR panel | | spinal fluid virus test
autoimmune serologies | | autoimmune tests
stone analysis | | stone analysis
event monitor report, ambulatory monitor report | | heart monitor report
antiepileptic drug levels | AED levels | seizure medicine levels
hemoglobin electrophoresis | | sickle blood test
iron studies, transferrin saturation | | iron tests
cytology, fluid cytology | | fluid cell tests
"""

STUDIES = """
chest radiograph, chest x-ray | CXR | chest x-ray
CT chest | CT chest | CT scan of your chest
CT angiogram of the chest, CTA chest | CTA chest | CT scan of your chest vessels
CT abdomen and pelvis, CT of the abdomen | CT A/P, CTAP | CT scan of your belly
abdominal radiograph | KUB | x-ray of your belly
right upper quadrant ultrasound | RUQ US | ultrasound of your gallbladder
renal ultrasound | renal US | ultrasound of your kidneys
lower extremity ultrasound, lower extremity duplex | LENI | ultrasound of your legs
CT head, head CT | NCHCT | CT scan of your head
MRI brain, brain MRI | MRI brain | MRI of your brain
CT angiogram of the head and neck, CTA head and neck | CTA H/N | scan of your neck vessels
hip radiograph, pelvis and hip films | | x-ray of your hip
knee radiograph, knee films | | x-ray of your knee
foot radiograph, foot films | | x-ray of your foot
MRI foot, foot MRI | | MRI of your foot
echocardiogram, transthoracic echocardiogram | TTE | ultrasound of your heart, echo
electrocardiogram | EKG, ECG | EKG
EEG, routine EEG | EEG | brain wave test
"""

PROCEDURES = """
upper endoscopy, EGD | EGD | a camera test of your stomach, an upper endoscopy
colonoscopy | | a colonoscopy, a camera test of your bowel
coronary angiography, cardiac catheterization | cath | a heart catheterization
drug-eluting stent placement, stent to the culprit vessel | DES | a stent in your heart
DC cardioversion, electrical cardioversion | DCCV | a shock to reset your heartbeat, a cardioversion
transesophageal echocardiogram | TEE | an ultrasound of your heart through the mouth
laparoscopic cholecystectomy | lap chole | surgery to remove your gallbladder, gallbladder surgery
laparoscopic appendectomy | lap appy | surgery to remove your appendix, appendix surgery
laparoscopic right hemicolectomy, right hemicolectomy | | surgery to remove part of your colon, colon surgery
hip hemiarthroplasty, bipolar hemiarthroplasty | | surgery to replace part of your hip, hip surgery
total knee arthroplasty, total knee replacement | TKA | knee replacement surgery, a new knee
nasogastric decompression, nasogastric tube placement | NGT | a tube through your nose to drain the stomach
ERCP with sphincterotomy, ERCP | ERCP | a procedure to clear your bile duct
thoracentesis | | draining fluid from around your lung
paracentesis, large volume paracentesis | LVP | draining fluid from your belly
ureteral stent placement, cystoscopy with ureteral stent | | a stent in the tube from your kidney
Foley catheter placement, bladder catheterization | Foley | a bladder catheter
percutaneous drain placement, CT-guided drainage | IR drain | a drain placed through the skin
bone biopsy | | a bone biopsy
surgical debridement, operative debridement | | cleaning out of the wound
PICC placement, PICC line placement | PICC | a long-term IV line
lumbar puncture | LP | a spinal tap
pacemaker implantation, dual chamber pacemaker | PPM | a pacemaker
mechanical thrombectomy, endovascular thrombectomy | | a procedure to pull the clot from your brain
exploratory laparotomy, laparotomy with lysis of adhesions | ex lap | open belly surgery
IVC filter placement | IVC filter | a filter in your vein
exchange transfusion | | an exchange transfusion
incision and drainage | I&D | opening and draining the infection
"""

TREATMENTS = """
intravenous fluids, IV fluids | IVF | fluids through the vein, IV fluids
noninvasive ventilation, BiPAP | BiPAP | a breathing mask
high flow nasal cannula, high flow oxygen | HFNC | high flow oxygen
supplemental oxygen, nasal cannula oxygen | NC | extra oxygen
insulin infusion, insulin drip | insulin gtt | insulin through the vein
bowel rest, nothing by mouth | NPO | resting your bowel
fluid restriction, free water restriction | FWR | drinking less fluid
hypertonic saline | | salt water through the vein
seizure precautions | | seizure precautions
delirium precautions, frequent reorientation | | help to stay oriented
leg elevation, elevation of the leg | | raising your leg
physical therapy, PT evaluation | PT | physical therapy
incentive spirometry | | a breathing exerciser
nebulizer treatments, standing nebulizers | nebs | breathing treatments
patient-controlled analgesia, PCA | PCA | a pain pump
thrombolysis, systemic thrombolysis | tPA | a clot-busting drug
temporary pacing wire, temporary pacing | TVP | a temporary pacemaker
bladder irrigation | CBI | rinsing of the bladder
wound care, dressing changes | | wound care
warm compresses | | warm compresses
"""

DRUGS = """
ceftriaxone | CTX | ceftriaxone
azithromycin | azithro | azithromycin
levofloxacin | | levofloxacin
doxycycline | | doxycycline
vancomycin | vanc | vancomycin
cefepime | | cefepime
piperacillin-tazobactam | pip-tazo | piperacillin-tazobactam
metronidazole | | metronidazole
ciprofloxacin | cipro | ciprofloxacin
cefazolin | | cefazolin
cephalexin | | cephalexin
amoxicillin-clavulanate | | amoxicillin-clavulanate
ampicillin-sulbactam | | ampicillin-sulbactam
cefpodoxime | | cefpodoxime
fidaxomicin | | fidaxomicin
gentamicin | gent | gentamicin
acyclovir | | acyclovir
nystatin | | nystatin mouth rinse
furosemide | Lasix | furosemide
torsemide | | torsemide
bumetanide | | bumetanide
metolazone | | metolazone
spironolactone | | spironolactone
lisinopril | | lisinopril
losartan | | losartan
amlodipine | | amlodipine
hydrochlorothiazide | HCTZ | hydrochlorothiazide
metoprolol succinate | | metoprolol succinate
carvedilol | | carvedilol
diltiazem | dilt | diltiazem
amiodarone | amio | amiodarone
digoxin | | digoxin
aspirin | ASA | aspirin
clopidogrel | | clopidogrel
ticagrelor | | ticagrelor
apixaban | | apixaban
rivaroxaban | | rivaroxaban
warfarin | | warfarin
heparin | heparin gtt | heparin
enoxaparin | | enoxaparin
atorvastatin | | atorvastatin
rosuvastatin | | rosuvastatin
simvastatin | | simvastatin
pantoprazole | | pantoprazole
omeprazole | | omeprazole
sucralfate | | sucralfate
octreotide | | octreotide
metformin | | metformin
glipizide | | glipizide
insulin glargine | glargine | insulin glargine
insulin lispro | lispro | insulin lispro
empagliflozin | | empagliflozin
prednisone | | prednisone
methylprednisolone | | methylprednisolone
albuterol | | albuterol inhaler
tiotropium | | tiotropium inhaler
fluticasone-salmeterol | | fluticasone-salmeterol inhaler
ipratropium-albuterol | duonebs | ipratropium-albuterol
montelukast | | montelukast
nicotine patch | | nicotine patch
levothyroxine | | levothyroxine
sertraline | | sertraline
escitalopram | | escitalopram
bupropion | | bupropion
quetiapine | | quetiapine
buspirone | | buspirone
lorazepam | | lorazepam
diazepam | | diazepam
phenobarbital | | phenobarbital
levetiracetam | Keppra | levetiracetam
lamotrigine | | lamotrigine
gabapentin | | gabapentin
allopurinol | | allopurinol
colchicine | | colchicine
tamsulosin | | tamsulosin
finasteride | | finasteride
ferrous sulfate | | ferrous sulfate
folic acid | | folic acid
thiamine | | thiamine
multivitamin | MVI | multivitamin
vitamin D | | vitamin D
potassium chloride | KCl | potassium chloride
magnesium oxide | | magnesium oxide
sodium chloride tablets | salt tabs | salt tablets
lactulose | | lactulose
rifaximin | | rifaximin
nadolol | | nadolol
hydroxyurea | | hydroxyurea
hydromorphone | | hydromorphone
morphine | | morphine
oxycodone | | oxycodone
acetaminophen | APAP | acetaminophen
ibuprofen | | ibuprofen
naproxen | | naproxen
ketorolac | | ketorolac
senna | | senna
polyethylene glycol | Miralax | polyethylene glycol
ondansetron | | ondansetron
simethicone | | simethicone
loperamide | | loperamide
melatonin | | melatonin
hydroxyzine | | hydroxyzine
diphenhydramine | | diphenhydramine
alteplase | | alteplase
atropine | | atropine
midodrine | | midodrine
alendronate | | alendronate
calcium carbonate | | calcium carbonate
methotrexate | | methotrexate
sumatriptan | | sumatriptan
latanoprost | | latanoprost
pramipexole | | pramipexole
naltrexone | | naltrexone
"""

ALLERGENS = """
penicillin, penicillins | PCN | penicillin
sulfa, sulfonamides | | sulfa drugs
iodinated contrast, contrast dye | | contrast dye
latex | | latex
codeine | | codeine
shellfish | | shellfish
adhesive tape | | adhesive tape
"""

CLINICS = """
primary care, primary care physician | PCP | your primary care doctor
cardiology | cards | cardiology, the heart clinic
pulmonology, pulmonary | pulm | pulmonology, the lung clinic
gastroenterology | GI | gastroenterology, the GI clinic
general surgery | ACS clinic | general surgery, the surgery clinic
orthopedics, orthopaedic surgery | ortho | orthopedics, the bone clinic
neurology | neuro | neurology
nephrology | renal clinic | nephrology, the kidney clinic
urology | | urology
endocrinology | endo | endocrinology, the diabetes clinic
infectious disease, infectious diseases | ID | infectious disease
hematology | heme | hematology, the blood clinic
hepatology | liver clinic | hepatology, the liver clinic
vascular surgery | | vascular surgery
podiatry | | podiatry, the foot clinic
psychiatry | psych | psychiatry
addiction medicine | | addiction medicine
oncology | onc | oncology, the cancer clinic
electrophysiology | EP | electrophysiology, the rhythm clinic
wound clinic | | the wound clinic
geriatrics | geri | geriatrics
dermatology | derm | dermatology
allergy clinic | | the allergy clinic
colorectal surgery | CRS | colorectal surgery
"""

ADVICE = """
rate control | | slowing the heart rate
early invasive strategy | | an early look at the heart arteries
dual antiplatelet therapy, dual antiplatelets | DAPT | two clot-preventing medicines
anticoagulation for three months | | a blood thinner for three months
lifelong anticoagulation | | a blood thinner for life
outpatient stress testing | | a stress test later
interval cholecystectomy | | gallbladder removal later
serial abdominal exams | | repeated belly exams
slow correction of sodium | | bringing the sodium up slowly
nonoperative management | | treatment without surgery
weight bearing as tolerated | WBAT | putting weight on the leg as you are able
long-term suppression | | a long course of prevention
repeat colonoscopy | | another colonoscopy
six weeks of intravenous antibiotics | | six weeks of antibiotics through the vein
permissive hypertension | | letting the blood pressure run a bit high
cardiac rehabilitation | | cardiac rehab
pulmonary rehabilitation | | lung rehab
secondary prevention | | preventing another event
low threshold for imaging | | another scan if needed
sleep study | | a sleep study
bisphosphonate therapy | | bone strengthening medicine
basal-bolus insulin | | long and short acting insulin
offloading | | keeping pressure off the foot
dose adjustment by levels | | adjusting doses by blood levels
voiding trial | TOV | a trial without the catheter
diuretic up-titration | | stronger water pills
beta-blocker prophylaxis | | medicine to shrink the veins
adjuvant chemotherapy evaluation | | talking about chemotherapy
contact precautions | | gloves and gowns for visitors
transfusion goal above seven | |
"""

DISPOSITIONS = """
discharged home, home with family | | home with your family | Discharge home
home with services, home with visiting nursing | home w/ VNA | home with a visiting nurse | Home With Service
acute rehabilitation, inpatient rehabilitation | acute rehab | a rehab hospital | Extended Care rehabilitation
skilled nursing facility | SNF | a nursing facility | Extended Care nursing
"""

CODES = """
full code, full resuscitation | FC | full treatment in an emergency
do not resuscitate, DNR/DNI | DNR | no resuscitation
"""

INSTRUCTIONS = """
daily weights, weight each morning | | weigh yourself every morning, weigh yourself daily, step on the scale each morning
low sodium diet, two gram sodium diet | 2g Na diet | keep your salt under two grams, eat less salt, follow a low salt diet
fluid limit of two liters, two liter fluid limit | 2L FR | drink no more than two liters, limit your fluids to two liters
no heavy lifting, ten pound lifting limit | | do not lift more than ten pounds, avoid heavy lifting, lift nothing heavier than a milk jug
no driving on narcotics, driving restriction on opioids | | do not drive while taking pain medicine, stay off the road while on pain pills
no driving until seen, driving restriction | | do not drive until you are seen in clinic, leave the driving to others for now
no tub baths, showers only | | take showers but no tub baths, keep the wound out of bath water
keep dressing dry, dry sterile dressing | DSD | keep the bandage dry, change the bandage daily
full weight bearing with walker, walker for ambulation | WBAT w/ walker | use your walker when you get up, walk with the walker
hip precautions, posterior hip precautions | | do not bend your hip past ninety degrees, follow the hip precautions
knee range of motion exercises | ROM exercises | bend and straighten the knee several times a day, do your knee exercises
alcohol abstinence, abstinence from alcohol | EtOH abstinence | do not drink any alcohol, stay away from alcohol
smoking cessation, tobacco cessation | | stop smoking, do not smoke
low fat diet | | eat a low fat diet, avoid greasy food
low residue diet, low fiber diet | | eat a low fiber diet, stay on soft low fiber foods
high fiber diet | | eat plenty of fiber, choose high fiber foods
carbohydrate consistent diet, diabetic diet | | eat regular meals with steady carbohydrates, follow your diabetic diet
fingersticks four times daily, glucose checks before meals | FS QID | check your sugar before meals and at bedtime, test your sugar four times a day
finish the antibiotic course, antibiotic completion | | finish all of your antibiotics, take every dose of the antibiotic
avoid NSAIDs, NSAID avoidance | no NSAIDs | do not take ibuprofen-like pain pills, avoid anti-inflammatory pain pills
leg elevation at rest | | keep your leg raised when sitting, prop up your leg
foot care, daily foot inspection | | look at your feet every day, check your feet daily
no foot pressure, heel weight bearing only | NWB forefoot | stay off the front of your foot, wear the special shoe
inhaler technique, spacer use | | use a spacer with your inhaler, rinse your mouth after the inhaler
increased oral fluids, hydration | | drink plenty of water, drink two to three liters of water a day
strain urine, urine straining | | strain your urine to catch the stone
hand hygiene, handwashing with soap | | wash your hands with soap and water
seizure safety, no swimming alone | | do not swim or bathe alone, stay off ladders
pacemaker arm restriction, arm below shoulder | | keep your arm below your shoulder, do not raise the arm on the pacemaker side
compression stockings | TEDs | wear compression stockings
slow position changes, rise slowly | | get up slowly, sit on the edge of the bed before standing
catheter care, Foley care | | clean around the catheter every day, empty the catheter bag often
bleeding precautions, fall and bleeding precautions | | use a soft toothbrush, be careful not to bump your head
early ambulation, walking several times daily | | walk a little several times a day, get out of bed and walk
warm hydration and rest, avoidance of cold | | keep warm and rest, avoid getting cold
quiet dark room | | rest in a quiet dark room
home oxygen as prescribed | home O2 | use your oxygen as prescribed
"""

TRIGGERS = """
dietary indiscretion, a high salt intake | | eating salty food
missed medication doses, missed doses | | missed doses of your medicines
a recent viral illness, a viral prodrome | viral URI | a recent virus
uncontrolled blood pressure, elevated blood pressures at home | | blood pressure that was too high
heavy alcohol intake, binge drinking | EtOH use | drinking a lot of alcohol
recent long travel, a long flight | | a long trip
prolonged immobility, recent bedrest | | moving too little
over-the-counter NSAID use, frequent NSAID use | NSAID use | taking ibuprofen-like pills
recent antibiotic exposure, a recent antibiotic course | recent abx | antibiotics that you took before
exposure to smoke, smoke exposure | | breathing smoke
a fatty meal, recent fatty meals | | fatty food
poor oral intake, little oral intake | poor PO | not eating and drinking enough
an indwelling device, hardware in place | | an implanted device
a minor skin break, a skin abrasion | | a small break in the skin
poorly fitting footwear, ill-fitting shoes | | shoes that did not fit
injection drug use | IVDU | injecting drugs
cold weather, exposure to cold | | cold weather
prior abdominal surgery, adhesions from prior surgery | | scars from an earlier operation
sleep deprivation, lack of sleep | | too little sleep
a loose rug at home, tripping at home | | tripping at home
a new diuretic, recent diuretic change | | a new water pill
a sick contact, a sick household contact | | somebody who was sick at home
pollen exposure, seasonal allergens | | pollen
constipating medications, anticholinergic use | | medicines that slow the bladder
"""

SITES = """
right lower lobe | RLL
left lower lobe | LLL
right upper lobe | RUL
right middle lobe | RML
lingula
left upper lobe | LUL
"""

FAMILIES: Mapping[str, str] = {
    "symptom": SYMPTOMS,
    "sign": SIGNS,
    "finding": FINDINGS,
    "dx": DIAGNOSES,
    "lab": LABS,
    "measure": MEASURES,
    "vital": VITALS,
    "culture": SPECIMENS,
    "organism": ORGANISMS,
    "test": TESTS,
    "study": STUDIES,
    "procedure": PROCEDURES,
    "treatment": TREATMENTS,
    "drug": DRUGS,
    "allergen": ALLERGENS,
    "clinic": CLINICS,
    "advice": ADVICE,
    "disposition": DISPOSITIONS,
    "code": CODES,
    "instruction": INSTRUCTIONS,
    "trigger": TRIGGERS,
    "site": SITES,
}


@dataclass(frozen=True)
class Concept:
    """A thing with its names: `full` for prose, `short` for notes in haste, `lay` for patients, `also` to be read."""

    family: str
    id: str
    full: tuple[str, ...]
    short: tuple[str, ...]
    lay: tuple[str, ...]
    also: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.full, *self.short, *self.lay, *self.also)


@cache
def concepts() -> Mapping[tuple[str, str], Concept]:
    """(family, id) -> concept, in the order of the tables."""
    return {(one.family, one.id): one for family, table in FAMILIES.items() for one in _read(family, table)}


def _read(family: str, table: str) -> Iterator[Concept]:
    for line in table.strip().splitlines():
        cells = [*line.split("|"), "", "", ""]
        full, short, lay = map(_names, cells[:3])
        title = cells[3].strip()
        also = (title,) if title else ()  # a title of the coding system is one name though it has commas
        yield Concept(family, full[0], full, short, lay, also)


def _names(cell: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in cell.split(",") if one.strip())
