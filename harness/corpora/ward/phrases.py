"""How clinicians put things, by what is put ("move") and voice. Pure data.

In a template `[a|b]` is one of its wordings, `{slot}` a piece that the writer fills. The words around the slots hold no
name of the lexicon; a cue (`started`, `held`, `denies`) stands only where the reader of facts is to find it.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[str, tuple[str, ...]]

PROSE: Table = {
    "opening": (
        "[{Mr} ___ is|This is|In brief, {Mr} ___ is|Briefly, this is] {an} {age}[ year old|-year-old| y/o] {man}{history}{gap}[who presented with|admitted with|presenting with|who was brought in for|hospitalized with] {sx}{onset}[, found to have|, ultimately diagnosed with|, admitted for|, due to|, in the setting of] {dx}",
        "{Sx}{onset} [brought|led] {Mr} ___, {an} {age}[ year old|-year-old| y/o] {man}{history}, [to the hospital|to us|to our attention|in], [where|and] {dx} was [diagnosed|established|identified|confirmed]",
        "{An} {age}[ year old|-year-old| y/o] {man}{history}{gap}[arrived|came in|presented] with {sx}{onset}, [leading to|prompting|resulting in] [the diagnosis of|a diagnosis of|admission for] {dx}",
        "[Admitted|Hospitalized|Transferred to the floor] for {dx} after {spell}{sx} was {an} {age}[ year old|-year-old| y/o] {man}{history}",
    ),
    "trigger": (
        "[The likely|The most likely|The probable|A plausible] [precipitant|trigger|cause] was [felt to be |thought to be |]{trigger}",
        "{Trigger} was [felt to be|judged to be|thought to be|taken as] [the trigger|the precipitant|contributory|to blame]",
        "[This|The episode|The presentation] was [attributed to|blamed on|explained by|ascribed to] {trigger}",
        "[Review of the history|Further history|The family's account] pointed to {trigger}",
    ),
    "labs": (
        "[Labs|Initial labs|Admission labs|Laboratory studies|First blood tests] [on arrival |at presentation |] [were notable for|showed|revealed|were remarkable for|included] {labs}",
        "{Labs} [on arrival|at presentation|on the first draw|at the time of admission][ set the baseline| {was} of note|]",
        "{Pt} had {labs} [on arrival|at presentation|on first testing|in the emergency room]",
        "[Among the labs|Of the initial labs|On laboratory testing], {labs} [stood out|{was} noted|drew attention]",
    ),
    "signs": (
        "[On exam|On examination|On arrival|At the bedside] [there {was}|{he} had|we noted|the team found] {signs}",
        "[Exam|Physical exam|The examination] [was notable for|showed|revealed|was remarkable for] {signs}",
        "{Signs} [{was} noted on exam|stood out on exam|could be made out at the bedside]",
    ),
    "vitals": (
        "[Vitals|Vital signs|Presenting vitals|First vitals] [were notable for|showed|included] {vitals}",
        "{Pt} [arrived|presented|came in] with {vitals}[ in triage| at the door|]",
        "{Vitals} [on arrival|in triage|at the door][ reflected the severity| {was} of note|]",
    ),
    "study": (
        "{study} [showed|demonstrated|revealed|was notable for|was remarkable for] {found}{absent}",
        "[A|The|Initial|Subsequent] {study} [showed|demonstrated|revealed|confirmed|displayed] {found}{absent}",
        "{Found} [{was} seen|{was} noted|{was} found|could be seen|appeared] on {study}{absent}",
        "[Imaging with|Workup with|Evaluation by] {study} [showed|demonstrated|brought out|turned up] {found}{absent}",
    ),
    "working": (
        "[In the emergency room|At first|Initially|Early on|In triage] [there was concern for|the working diagnosis was|the initial impression was|suspicion was highest for] {working}[, but this was not borne out|, later abandoned|, which the workup did not support|, set aside once results came back]",
        "[The emergency room|The night team|The referring team] [raised concern for|had suspicion of|made a working diagnosis of] {working}[, which did not hold up|, later revised|, subsequently dropped]",
        "[The first suspicion was|The first suspicion in triage was|What was suspected on arrival:] {working}[, not borne out|, soon revised|]",
    ),
    "symptoms": (
        "{Pt} [developed|went on to have|was noted to have|complained of] {sx}[ during the stay| overnight| while on the floor|]{day}",
        "[The stay was marked by|There was|The course included] {sx}{day}",
        "{Sx} [appeared|set in|came on|arose][ during the stay| on the floor|]{day}",
    ),
    "denied": (
        "[There was no|{Pt} had no|The team noted no] {denied}",
        "{Pt} [denied|consistently denied] {denied}",
    ),
    "given": (
        "{Pt} was [treated with|managed with|given|covered with] {drugs}{days}{response}",
        "{Pt} received {drugs}{days}{response}",
        "{Drugs} {was} given{days}{response}",
        "[Inpatient|Initial|Hospital] [treatment|therapy|management]: {he} [received|was given] {drugs}{days}{response}",
    ),
    "treatments": (
        "{Pt} [required|needed|was supported with|was placed on|benefited from] {tx}[ for a time| early on| for part of the stay|]",
        "{Tx} {was} [required|provided|used|put in place][ early on| for a time|]{response}",
        "[Supportive care|Other care|Further measures] [included|consisted of|amounted to] {tx}",
    ),
    "consult": (
        "{Clinic} was [consulted|involved|consulted early]{advice_and}",
        "{Clinic} [recommended|advised] {advice}",
        "[Seen by|Evaluated by] {clinic}, who [favored|suggested|leaned towards|proposed] {advice}",
        "[Recommendations from|Input from] {clinic} [centered on|came down to|called for] {advice}",
        "[After|With] {clinic} consultation, {advice} [was pursued|was favored|was chosen|was agreed upon]",
    ),
    "consult_only": (
        "{Clinic} was [consulted|involved|consulted early][ and followed along| and agreed with the plan|]",
        "[Seen by|Evaluated by] {clinic}[ during the stay| on the floor|]",
    ),
    "procedure": (
        "{Pt} [underwent|had|was taken for|went for] {proc}{day}{result}",
        "{Proc} was [performed|done|carried out|completed]{day}{result}",
        "[Decision was made for|The team proceeded with|We proceeded to|Next came] {proc}{day}{result}",
    ),
    "culture": (
        "{specimen} [grew|was positive for|came back with|returned] {organism}",
        "[Final|Preliminary|Later] {specimen} [grew|was positive for|yielded] {organism}",
        "{Organism} [was found in|was recovered from|was reported from] the {specimen}",
    ),
    "sterile": (
        "{specimen} [showed|had|remained with|came back with] {organism}",
        "[Final|Preliminary|Serial] {specimen} [showed|had|demonstrated] {organism}",
    ),
    "trend": (
        "{lab} [improved|went|came|moved] {from_to}[ by discharge| over the stay| before leaving|]",
        "[Over the stay|With treatment|In the following days|Thereafter], {lab} [improved|went|came|moved] {from_to}",
    ),
    "ended": (
        "[By discharge|At discharge|On the last check|Before leaving] {lab} [had settled at|was|had come to|stood at] {last}",
        "{lab} [came to|settled at|was|ended at] {last}[ on the day of discharge| at the end| on the final draw|]",
    ),
    "worst": (
        "{lab} [got as far as|touched|was at its worst at|hit an extreme of] {value}[ on hospital day {n}| before turning|]",
        "[The worst|The most abnormal] {lab} was {value}[ on hospital day {n}|]",
    ),
    "measure": (
        "{measure} [was|was measured at|came to|was recorded as] {value}",
        "[Of note, |]{measure} {value}[ was documented| was recorded| on file|]",
        "[On record|For the record|Documented] was {measure} of {value}",
    ),
    "start": (
        "{Pt} was [started on|newly prescribed] {drug} {dose} {times}{purpose}{days}",
        "{Drug} {dose} {times} was [started|added|initiated|prescribed]{purpose}{days}",
        "[We started|The team started|We added|The team added] {drug} {dose} {times}{purpose}{days}",
        "[For discharge,|On leaving,|Going forward,|At the end of the stay,] {drug} {dose} {times} was [started|added|initiated]{purpose}{days}",
    ),
    "stop": (
        "{Drug} was [stopped|discontinued]{why}",
        "[We stopped|The team stopped|The team discontinued|We discontinued] {his} {drug}{why}",
        "[Home|Outpatient|Longstanding] {drug} was [stopped|discontinued]{why}",
    ),
    "hold": (
        "[Home|Outpatient|{His}] {drug} was [held|paused]{until}",
        "[We held|The team held|We paused] {his} {drug}{until}",
        "{Drug} was [held|paused|held on arrival]{until}",
    ),
    "change": (
        "{Drug} was [increased|decreased] from {old} to {new}{times}",
        "[We increased|We decreased|The team increased|The team decreased] {drug} from {old} to {new}{times}",
        "[The dose of|Home|Outpatient] {drug} was [increased|decreased] from {old} to {new}{times}",
    ),
    "continue": (
        "[Home|Outpatient|{His}] {drug} was continued[ without change| throughout| as before|]",
        "{Pt} was [kept on|maintained on|continued on] {drug}[ as at home| throughout| at the usual dose|]",
        "[We continued|The team continued] {drug}[ as at home| throughout|]",
    ),
    "stable": (
        "{dx} [was stable|was quiet|gave no trouble|remained at baseline|was not active][ this admission| throughout| during the stay|]",
        "[Nothing happened with|Little to report on|A quiet course for] the {dx}",
    ),
    "chronic": (
        "For {dx}, {continued}",
        "[Regarding|As for|With respect to] {dx}, {continued}",
        "{Dx}: {continued}",
    ),
    "allergy": (
        "[New allergy to|An allergic reaction to] {drug} was [documented|added to the chart|recorded]",
        "{Drug} was [judged responsible and listed as an allergy|recorded as a new allergy|entered as an allergy]",
        "[The reaction was traced to|This was a reaction to] {drug}[, now in the allergy list|, entered into the record|]",
    ),
    "recheck": (
        "[Please recheck|Recheck|Would recheck|Needs a recheck of] {labs} in {interval}",
        "{Labs} [should be rechecked|to be rechecked|must be rechecked] in {interval}",
    ),
    "pending": (
        "{Test} [was pending|remained pending|was outstanding|had not resulted and was pending] at discharge",
        "[Pending at discharge|Outstanding at discharge|Still pending|Pending on leaving]: {test}",
        "[The outpatient team should look for|Someone must chase|We will call about] the [pending|outstanding] {test}",
    ),
    "followup": (
        "[Follow up with|Follow up in|An appointment with|Scheduled with|Booked with] {clinic} in {interval}",
        "{Pt} [will follow up with|has an appointment with|is scheduled with|is booked with] {clinic} in {interval}",
        "{Clinic} [follow up|appointment|visit] in {interval}[ was arranged| was requested| is planned|]",
    ),
    "code": (
        "[Code status|Goals of care]: {code}[ (confirmed)| on this admission|, discussed|]",
        "[{Pt} remained|{Pt} was|{Pt} is] {code}[ during the stay| throughout| on admission|]",
    ),
    "disposition": (
        "[Disposition|Dispo|Plan on leaving]: {dispo}[ once stable| when cleared| per plan|]",
        "[After clearance|When ready|Once stable|In good condition], [the disposition was|{he} left:|plan was] {dispo}",
    ),
    "leaving": (
        "[By the day of discharge|At the time of discharge|On the morning of discharge|When leaving], {he} was [eating|walking|comfortable|up and about] and [eager to leave|felt ready|in good spirits|steady on {his} feet]",
        "{He} [improved steadily|did well|made a good recovery|progressed as hoped] and [was cleared for discharge|met all goals|was ready to go|felt near baseline]",
    ),
}

TERSE: Table = {
    "opening": (
        "{age}{MF}{history} [p/w|presenting w/|here w/|adm w/|who p/w] {sx}{onset}[, found to have|, dx'd w/|, adm for|, c/w|, i/s/o] {dx}",
        "{age}[yo |y/o |]{MF}{history}, [p/w|presented w/] {sx}{onset} [->|=>|due to|2/2] {dx}",
        "{dx} in {age}{MF}{history}[, presented w/|, p/w|, came in w/] {sx}{onset}",
        "[Adm|Admitted] [for|w/] {dx}[ after| following] {spell}{sx}, {age}{MF}{history}",
    ),
    "trigger": (
        "[Likely trigger|Trigger|Precipitant|Likely 2/2|Felt 2/2][:|] {trigger}",
        "[Thought|Likely|Prob] [2/2|d/t|due to|i/s/o] {trigger}",
        "{Trigger} [likely contributed|as likely driver|as trigger]",
    ),
    "labs": (
        "[Labs|Adm labs|On adm|Initial labs][:|] {labs}",
        "{Labs} [on adm|on arrival|initially|at presentation]",
        "[Notable|Sig] [labs|for]: {labs}",
    ),
    "signs": (
        "[Exam|PE|On exam][:| w/|] {signs}",
        "{Signs} on [exam|arrival]",
        "[Exam notable for|Exam sig for] {signs}",
    ),
    "vitals": (
        "[VS|Vitals|In ED VS][:|] {vitals}",
        "{Vitals} [on arrival|in triage|in ED]",
        "[Arrived|Came in] w/ {vitals}",
    ),
    "study": (
        "{study} [w/|showed|:|notable for] {found}{absent}",
        "{study} [->|=>|=] {found}{absent}",
        "{Found} on {study}{absent}",
    ),
    "working": (
        "[Initial|ED] [concern for|r/o] {working}[, not supported|, felt less likely|, abandoned|]",
        "[Initially|At first|In ED] [concern for|suspected|r/o] {working}[, later revised|, since dropped|]",
    ),
    "symptoms": (
        "[Developed|Then had|Noted to have|C/b] {sx}{day}",
        "{Sx}{day}[ noted| reported| during stay|]",
    ),
    "denied": ("[No|Denied|Denies] {denied}[ throughout| on adm|]", "[ROS|Review] [neg for|negative for] {denied}"),
    "given": (
        "[Treated w/|Given|Received|Got] {drugs}{days}{response}",
        "[Mgmt: received|Rx: given|Inpt: received] {drugs}{days}{response}",
        "{Drugs} given{days}{response}",
    ),
    "treatments": (
        "[Required|Needed|Placed on|Supported w/|S/p] {tx}[ initially| transiently| briefly|]",
        "{Tx} [for support|initially|transiently|as needed]{response}",
    ),
    "consult": (
        "{Clinic} [consulted|recs|input][:| ->|] {advice}",
        "[Per|Seen by|Consulted] {clinic}[:|,] {advice}",
        "{Clinic} [advised|recommended] {advice}",
    ),
    "consult_only": ("{Clinic} [consulted|involved]", "[Seen by|Evaluated by] {clinic}[ this adm|]"),
    "procedure": (
        "[S/p|Underwent|Had|Taken for] {proc}{day}{result}",
        "{Proc} [done|performed|completed]{day}{result}",
    ),
    "culture": ("{specimen} [w/|grew|pos for|+] {organism}", "{specimen}: {organism}[ (final)| on final|]"),
    "sterile": ("{specimen} [w/|:|final] {organism}", "{specimen} {organism}[ to date| (final)| x2|]"),
    "trend": ("{lab} {from_to}[ at d/c| by d/c| on dc labs|]", "[Trend|Course of labs]: {lab} {from_to}[ by d/c|]"),
    "ended": (
        "{lab} {last} [at d/c|on dc|on last check]",
        "[D/c|Discharge|Last] {lab} {last}",
    ),
    "worst": ("[Worst|Extreme] {lab} {value}[ on HD {n}|]", "{lab} [as far as|touched] {value}[ on HD {n}|]"),
    "measure": ("{measure} {value}[ noted| recorded|]", "{measure} [of|was|=] {value}", "[W/|Noted] {measure} {value}"),
    "start": (
        "[Started|Started on|Added|Initiated|New:|New med:] {drug} {dose} {times}{purpose}{days}",
        "{Drug} {dose} {times} [started|added|initiated]{purpose}{days}",
    ),
    "stop": (
        "[Stopped|Discontinued] {drug}{why}",
        "{Drug} [stopped|discontinued]{why}",
        "[STOPPED|Home meds stopped]: {drug}{why}",
    ),
    "hold": (
        "[Held|Holding|Paused] [home |]{drug}{until}",
        "[Home |]{drug} held{until}",
        "[HELD|On hold]: {drug}{until}",
    ),
    "change": (
        "[Increased|Decreased|Changed|Adjusted] {drug} {from_to}{times}",
        "{Drug} [increased|decreased|changed] {from_to}{times}",
        "[CHANGED|Changed dose]: {drug} {from_to}{times}",
    ),
    "continue": ("[Continued|Continue|Kept on|Maintained on] [home |]{drug}", "[Home |]{drug} continued[ unchanged|]"),
    "stable": (
        "{dx} [stable|at baseline|not active|quiet][ this adm| throughout|]",
        "[Nothing to report on|Quiet course of] {dx}",
    ),
    "chronic": ("{Dx}: {continued}", "[Re|As for|For] {dx}: {continued}", "{Dx} - {continued}"),
    "allergy": (
        "[New allergy|Allergy list updated|ALLERGY (new)]: {drug}",
        "[Reaction to|Likely reaction to] {drug}[, allergy list updated|, listed|]",
    ),
    "recheck": (
        "[Recheck|Please recheck|To recheck] {labs} in {interval}",
        "{Labs} [to be rechecked|recheck due] in {interval}",
    ),
    "pending": (
        "[Pending|Pending at d/c|Outstanding|Pending labs]: {test}",
        "{Test} [pending at d/c|outstanding|still pending]",
    ),
    "followup": (
        "[F/u|F/u with|F/u in|Appt with|Needs f/u with] {clinic} in {interval}",
        "{Clinic} [f/u|appt|follow up] in {interval}[ booked| requested|]",
    ),
    "code": ("[Code|Code status|CODE]: {code}[ (confirmed)| (presumed)|]", "{Code}[ this admission| confirmed|]"),
    "disposition": ("[Dispo|D/c to|Disposition]: {dispo}", "[D/c plan|Plan]: {dispo}[ when ready|]"),
    "leaving": (
        "[Doing well|Feeling well|Near baseline|Ambulating], [eager to go|ready for d/c|stable for d/c|cleared by team]",
        "[Improved|Recovered|Progressed] [well|steadily], [d/c'd in good condition|no further events|cleared for d/c]",
    ),
}

LETTER: Table = {
    "why": (
        "Our doctors took {sx}{onset} seriously and kept you here",
        "Remember how this began: {sx}{onset}",
        "You [came to|were admitted to|were brought to|came into] [the hospital|our hospital|us] [because of|for|with|after having] {sx}{onset}",
        "You [were having|had been having|had] {sx}{onset}[ when you came in| before coming here|, which is why you came to us|]",
        "[What brought you in was|The reason you came here was|Your stay began with] {sx}{onset}",
        "{Sx}{onset} [brought you to us|led you to come in|made you come to the emergency room]",
        "It was {sx}{onset} that [brought you here|alarmed those at home|left no choice but to come in]",
        "[Because of|On account of|Owing to] {sx}{onset}, you [were taken into our care|stayed with us|ended up on our ward]",
    ),
    "dx": (
        "Doctors call it {dx}",
        "All signs pointed to {dx}",
        "After some searching, the answer was {dx}",
        "[We found|Our tests found|Tests showed|The doctors found] that you had {dx}",
        "[The cause|The reason|The culprit] [turned out to be|was] {dx}",
        "You were [diagnosed with|found to have|told that you had] {dx}",
        "[It became clear|We learned|It turned out] that [this was from|this came from|you had] {dx}",
        "{Dx} [explained everything|turned out to be behind it|was what we found in the end|is the name of this illness]",
        "Behind [all of it|these troubles|this] [stood|lay] {dx}",
    ),
    "also": (
        "Meanwhile {dx} [kept us busy|needed attention|was looked after]",
        "[While you were here|During your stay|Along the way|In the hospital] you [also had|developed|also dealt with] {dx}",
        "[You also had|There was also|Another issue was] {dx}[, which we looked after|, which we dealt with| during this stay|]",
    ),
    "trigger": (
        "Looking back, {trigger} [made matters worse|was part of it|started it all]",
        "[This was probably|This was likely|We think this was|It may have been] [brought on by|set off by|due to|caused by] {trigger}",
        "{Trigger} [may have|probably|likely] [brought this on|played a part|set this off]",
    ),
    "working": (
        "[At first|In the emergency room|In the beginning] we [were worried about|wondered about|looked for] {working}[, but that is not what you had|, which you do not have|]",
    ),
    "found": (
        "Pictures ({study}) brought {found} to light",
        "Thanks to {study} we know about {found}",
        "[A|The|Your] {study} [showed|revealed|pointed to] {found}",
        "{Found} [{was} seen|showed up|appeared] on [a|your|the] {study}",
        "[We did a|You had a] {study} that [showed|revealed] {found}",
    ),
    "given": (
        "To fight this, our nurses gave {drugs}{days}{response}",
        "Medicine came in the form of treatment you received: {drugs}{days}",
        "[We treated you with|You were treated with|You received|You were given|We gave you] {drugs}{days}{response}",
        "{Drugs} {was} given to you{days}{response}",
        "[Our team treated you with|The doctors gave you|Your nurses gave you] {drugs}{days}{response}",
        "Treatment [here|on the ward|with us]: you received {drugs}{days}{response}",
    ),
    "treatments": (
        "{Tx} [made a difference|was a help|carried you through|did its part]",
        "Without {tx} recovery would have been slower",
        "You [needed|were helped by|also had] {tx}[ for a while| at first| during the stay|]",
        "[We also used|We helped you with|Your care included|We added in] {tx}",
    ),
    "procedure": (
        "Doctors also carried out {proc}{result}",
        "{Proc} [came next|followed|went as planned]{result}",
        "One big step was {proc}{result}",
        "You [had|needed|went through|had to have] {proc}{result}",
        "[Part of your care was|Your treatment included|Your stay included] {proc}{result}",
        "[Then came|The next step was|What followed was] {proc}{result}",
    ),
    "culture": ("[A|Your|The] {specimen} [grew|found|showed] {organism}",),
    "sterile": ("[A|Your|The] {specimen} [grew|showed] {organism}",),
    "labs": (
        "[Your|The] {lab} was {value}[ when you came in| at first|]",
        "[Blood tests showed|We found] {lab} of {value}",
    ),
    "trend": ("[Your|The] {lab} [was|had come to|had settled at] {last} [when you left|by the end|on the last test]",),
    "measure": ("[Your|The] {measure} [was|is|came to] {value}[ - please write this down|, for your records|]",),
    "consult": (
        "[You were seen by|You were evaluated by|We consulted] {clinic}{who}",
        "[During the stay|Along the way] you were [seen by|evaluated by] {clinic}{who}",
    ),
    "start": (
        "Pick up a newly prescribed bottle: {drug} {dose}, {times}{purpose}{days}",
        "Doctors added {drug} {dose}, {times}{purpose}{days}",
        "Please begin {drug} {dose} {times}{purpose}{days}",
        "[START|Start|Please start|Begin|You should start] [taking |]{drug} {dose} {times}{purpose}{days}",
        "[We started you on|We started|You were started on|We have prescribed|We added] {drug} {dose} {times}{purpose}{days}",
        "[A new medicine for you is|Your new medicine is|New for you is|One new medicine is] {drug} {dose} {times}{purpose}{days}",
        "{Drug} {dose} {times} was [added|started|prescribed]{purpose}{days}",
        "From now on {drug} {dose}, newly prescribed, [is taken|should be taken] {times}{purpose}{days}",
        "[Among your pills|On your list] there is a new one: {drug} {dose} {times}{purpose}{days}",
    ),
    "stop": (
        "Doctors stopped {drug}{why}",
        "Leave {drug} stopped{why}",
        "{Drug} has been discontinued{why}",
        "[STOP|Stop|Please stop] [taking |]{drug}{why}",
        "[Do not take|You should no longer take|Please do not take] {drug}{why}",
        "[We stopped|We have stopped] your {drug}{why}",
    ),
    "hold": (
        "Doctors put {drug} on hold{until}",
        "Leave {drug} on hold{until}",
        "[HOLD|Hold|Please hold|Pause|Please pause] [your |]{drug}{until}",
        "[We held|We have paused|We paused] your {drug}{until}",
        "Your {drug} [is on hold|is paused|was held]{until}",
    ),
    "change": (
        "Mind the amount: {drug} changed from {old} to {new}{times}",
        "Doctors changed {drug} from {old} to {new}{times}",
        "[CHANGE|Change|Please change] [your |]{drug} from {old} to {new}{times}",
        "[We increased|We decreased|We changed|We adjusted] your {drug} from {old} to {new}{times}",
        "Your {drug} was [changed|increased|decreased|adjusted] from {old} to {new}{times}",
    ),
    "continue": (
        "{Drug} continues as it was, unchanged",
        "Nothing changes about {drug}: continue it",
        "Carry on and continue {drug}",
        "[Keep taking|Continue|Continue to take|Please continue] [your |]{drug}[ as before| as you did at home| as usual|]",
    ),
    "allergy": (
        "[You had a reaction to|You are allergic to|You have a new allergy:] {drug}[ - tell every doctor| - make sure that all doctors know it|, and must avoid it|]",
        "[Please tell all doctors about your|Please remember your|Your chart now lists an] allergy to {drug}",
    ),
    "instruction": (
        "Healing needs patience: {positive}",
        "Nurses recommend this: {positive}",
        "Small habits count, so {positive}{reason}",
        "From the team: {positive}",
        "[Please |Be sure to |Remember to |It is important to |You should |Make sure to |]{positive}{reason}",
        "[We ask you to|We would like you to|You will need to|Our advice is to] {positive}{reason}",
        "[It helps to|It pays to|Nothing matters more than to|Try hard to|Make it a habit to] {positive}",
        "[One more thing:|At home,|In the coming weeks,|Starting today,|As you recover,] {positive}{reason}",
    ),
    "forbidden": (
        "Nurses ask one thing: {negative}",
        "Healing takes time, so {negative}",
        "From the team: {negative}",
        "[Please |]{negative}{reason}",
        "[For now, please|For safety,|As a rule, please|Until told otherwise,] {negative}{reason}",
    ),
    "recheck": (
        "Blood work is due to recheck {labs} in {interval}",
        "{Labs} must be rechecked in {interval}",
        "[Have your|You should have your|Please have your|We would like your] {labs} rechecked in {interval}",
        "[You need a recheck of your|Please get a recheck of your] {labs} in {interval}",
    ),
    "pending": (
        "Labs still owe us an answer: {test} pending{who_calls}",
        "[Still pending for you|Pending when you left|An outstanding test|Not yet back]: {test}{who_calls}",
        "[We are waiting for|One result is awaited,] the [pending|outstanding] {test}{who_calls}",
    ),
    "followup": (
        "Appointment booked: {clinic}, in {interval}{what_for}",
        "Mark a visit in your diary: {clinic} in {interval}",
        "{Clinic} follow up comes in {interval}{what_for}",
        "[Please follow up with|You have an appointment with|You are scheduled with|Please see|You will see|Please schedule a visit with] {clinic} in {interval}{what_for}",
        "{Clinic} [expects your visit|would like to see you|has a slot for your visit|has you scheduled] in {interval}{what_for}",
        "In {interval} you [will see|have an appointment with|are to visit] {clinic}{what_for}",
        "[Your appointment|An appointment|Your visit|A visit] with {clinic} [is|is booked|will be|has been scheduled] in {interval}{what_for}",
    ),
    "disposition": (
        "Ahead lies {dispo}",
        "Nurses have arranged {dispo}",
        "[You are going|You will go|You are leaving] {to_dispo}[ today|, as we discussed|]",
        "[The plan is|Our plan is|We agreed on] {dispo}[ as the next step| after this|]",
    ),
    "warnings": (
        "Pay heed to warning signs such as {sx}{tail}",
        "Doctors want a call about {sx}{tail}",
        "Do not sit out {sx}: call{tail}",
        "[Call your doctor|Please call us|Call the clinic|Call 911|Please call right away] [if you have|if you notice|for|for any|if you develop] {sx}{tail}",
        "[Return to the emergency room|Come back to the hospital|Come back|Please return] [if you have|for|if there is|with any|if you notice] {sx}{tail}",
        "[Seek care|Seek help|Get help] [right away |at once |]for {sx}{tail}",
        "If {sx} [should occur|should trouble you|appears|starts again], [call|come back|call or come back] [at once|without delay|the same day|before it gets worse]",
        "{Sx} [means|would mean] that you [must call|should come back|should call us] [at once|right away|that day]",
        "[Warning signs are|Worrisome signs include|Warning signs to know are] {sx}{tail}",
    ),
    "cheer": (
        "[You did|You have done] [well|very well] [with us|here|through all of this]",
        "[We are glad|It is good] [that you are better|to see you stronger|that you feel better]",
        "[You got better|You improved] [day by day|steadily|over the days here]",
    ),
}

BRIEF: Table = {
    "why": (
        "[Reason for your stay|Why you came|Main problem|Admitted for]: {sx}{onset}",
        "{Sx}{onset} [brought you in|led to this stay|made you come here]",
        "[Came in|Here] with {sx}{onset}",
    ),
    "dx": (
        "[Diagnosis|What it was|Cause|Final answer]: {dx}",
        "[This turned out to be|It was|Found to be] {dx}",
        "{Dx} [was the cause|was behind it|explains this]",
    ),
    "also": (
        "[Also|In addition|On top of that|Another problem]: {dx}",
        "{Dx} [came up too|was dealt with too|was another matter]",
    ),
    "trigger": (
        "[Likely trigger|Possible trigger|Set off by|Probably brought on by][:|] {trigger}",
        "{Trigger} [likely set it off|did not help|may be why]",
    ),
    "working": (
        "[First worried about|At first possible:|Early concern:|Looked for] {working}[ - not what you had|, ruled against by tests|]",
    ),
    "found": ("{study}: {found}", "{Found} on [the |]{study}", "[Result of|What showed on] {study}: {found}"),
    "given": (
        "[Treated with|Given|Treatment given|Received]: {drugs}{days}",
        "{Drugs} {was} given{days}{response}",
        "[Hospital treatment: you received|Here you received|On the ward you got] {drugs}{days}",
    ),
    "treatments": (
        "[Other help|Also used|Support|Along with]: {tx}",
        "{Tx} [for a while|at first|during the stay|as well]",
    ),
    "procedure": (
        "[Procedure|Done|Operation or test]: {proc}{result}",
        "{Proc} [went well|was done|took place]{result}",
        "[Had|Underwent] {proc}{result}",
    ),
    "culture": ("{specimen}: {organism}", "{Organism} in [the |your |]{specimen}"),
    "sterile": ("{specimen}: {organism}", "[Result:|Final:] {specimen} with {organism}"),
    "labs": ("{lab}: {value}[ at first| on arrival|]", "[First|Arrival] {lab} {value}"),
    "trend": ("{lab} at the end: {last}", "[Last|Final] {lab} {last}"),
    "measure": ("{measure}: {value}", "[Remember your|Note your|Write down] {measure}: {value}"),
    "consult": ("[Seen by|Evaluated by] {clinic}{who}",),
    "start": (
        "[NEW|New|START|Start|Added]: {drug} {dose} {times}{purpose}{days}",
        "{Drug} {dose} {times} [(new)|newly prescribed|started here]{days}",
        "[Begin|Start] {drug} {dose} {times}{purpose}{days}",
    ),
    "stop": ("[STOP|Stop|Stopped]: {drug}{why}", "[No longer take|Do not take] {drug}{why}", "{Drug}: stopped{why}"),
    "hold": ("[HOLD|Hold|On hold|Pause]: {drug}{until}", "{Drug} on hold{until}"),
    "change": (
        "[CHANGE|Changed dose|Changed]: {drug} {from_to}{times}",
        "{Drug} changed {from_to}{times}",
        "[Increased or decreased dose|Adjusted]: {drug} {from_to}{times}",
    ),
    "continue": ("[Continue|Keep taking|CONTINUE]: {drug}", "{Drug} unchanged"),
    "allergy": (
        "[New allergy|ALLERGY|Allergic to]: {drug}[ - tell all doctors| - carry a note of it|]",
        "[Avoid, due to allergy|Allergy found here]: {drug}",
    ),
    "instruction": ("{positive}{reason}", "[Also: |Daily: |Important: |Advice: |Home care: ]{positive}"),
    "forbidden": ("{negative}{reason}", "[Rule: |Important: |Remember: |For now: ]{negative}"),
    "recheck": ("[Recheck|Blood test to recheck] {labs} in {interval}", "{Labs} recheck[ due|] in {interval}"),
    "pending": ("[Pending|Awaited|Outstanding]: {test}{who_calls}", "{Test} still pending{who_calls}"),
    "followup": (
        "[See|Follow up|Appointment|Visit]: {clinic} in {interval}",
        "{Clinic} [visit|appointment] in {interval}{what_for}",
        "In {interval} [see|visit] {clinic}",
    ),
    "disposition": ("[Going|Where to]: {to_dispo}", "[Next stop|Leaving to]: {dispo}"),
    "warnings": (
        "[Call for|Call us for|Return for|Come back for|Seek help for|Warning signs:] {sx}{tail}",
        "[If any of these, call|Call at once with|Return with]: {sx}",
        "{Sx}: [call|come back|seek help] [now|right away|at once]",
    ),
    "cheer": ("[Steady progress|Good recovery so far|Well enough to leave]",),
}

DICTATED: Table = {
    "why": (
        "Presented with {sx}{onset}",
        "Brought in by {sx}{onset}",
        "{Pt} was [admitted|hospitalized|seen and admitted] [for|because of|with] {sx}{onset}",
        "[This admission followed|The admission was for|Reason for admission was] {sx}{onset}",
    ),
    "dx": (
        "Working through the results, team settled on {dx}",
        "Impression at the end: {dx}",
        "[Final diagnosis was|Diagnosis given was|The diagnosis explained to {him} is] {dx}",
        "{He} understands that [the problem was|this was] {dx}",
    ),
    "also": (
        "Additional issue: {dx}",
        "{Dx} complicated the stay",
        "[Course also included|Stay also involved|Of note there was] {dx}",
        "{Dx} was [discussed|explained] as well",
    ),
    "trigger": (
        "[Counselled about|Teaching covered] {trigger} as [a cause|the trigger]",
        "{Trigger} was named as [the likely cause|the trigger]",
    ),
    "working": (
        "[Told that|Made aware that] [initial concern for|suspicion of] {working} [did not hold|was not borne out]",
    ),
    "found": (
        "{study} [demonstrated|showed] {found}, [which was explained|discussed with {him}]",
        "[Results of|Report of] {study} [reviewed|shared]: {found}",
    ),
    "given": (
        "Inpatient drugs given: {drugs}{days}",
        "Therapy: received {drugs}{days}",
        "[While inpatient, {he} received|{He} received|{He} was given] {drugs}{days}",
        "{Drugs} {was} given[ here| in the hospital|]{days}",
    ),
    "treatments": (
        "Supportive measures: {tx}",
        "Supported by {tx}",
        "{He} [needed|was supported with|used] {tx}[ in the hospital| here|]",
        "{Tx} [was part of the care|helped]",
    ),
    "procedure": (
        "{Proc} was performed{result}",
        "Procedure: {proc}{result}",
        "{He} underwent {proc}{result}",
        "[Status post|Recovering after|Now after] {proc}{result}",
    ),
    "culture": ("{specimen} [grew|yielded] {organism}",),
    "sterile": ("{specimen} [showed|had] {organism}",),
    "labs": ("{lab} [on admission|initially] was {value}",),
    "trend": ("{lab} [on discharge|at discharge] was {last}",),
    "measure": ("{measure} [is|was|recorded as] {value}",),
    "consult": ("[Seen by|Evaluated by] {clinic} in house{who}",),
    "start": (
        "Newly prescribed: {drug} {dose} {times}{days}",
        "Add {drug} {dose} {times}{purpose}{days}",
        "Scripts written, among them a new one for {drug} {dose} {times}{days}",
        "[{He} is to start|Prescribed|Discharged with newly prescribed|To start] {drug} {dose} {times}{days}",
        "{Drug} {dose} {times}{purpose} was [prescribed|started|initiated]{days}",
    ),
    "stop": (
        "Discontinue {drug}{why}",
        "[{He} is to stop|{He} was told to stop|Instructed to discontinue] {drug}{why}",
        "{Drug} was discontinued{why}",
    ),
    "hold": (
        "Keep {drug} on hold{until}",
        "[{He} is to hold|To hold|Instructed to hold] {drug}{until}",
        "{Drug} is held{until}",
    ),
    "change": (
        "Change {drug} {from_to}{times}",
        "Dose update: {drug} changed {from_to}",
        "{Drug} was [changed|adjusted|increased or decreased] {from_to}{times}",
        "[{He} is to change|Told to change] {drug} {from_to}",
    ),
    "continue": (
        "Continue {drug}",
        "Home {drug} continued",
        "[{He} may continue|To continue|Resume and continue] {drug}",
    ),
    "allergy": ("[Aware of new allergy to|Educated on allergy to|Chart now carries an allergy to] {drug}",),
    "instruction": (
        "Activity and diet: {positive}",
        "{Positive} until seen",
        "Orders: {positive}",
        "[Instructed on|Counselled on|Advised|Recommended|Discharge plan includes|{He} agreed to] {positive}",
        "[Stressed before leaving|Reviewed at length|Expected at home|Required at home]: {positive}",
    ),
    "forbidden": (
        "Orders: {positive}",
        "{Positive} until seen",
        "[Instructed on|Counselled on|Advised|Discharge plan includes] {positive}",
    ),
    "recheck": (
        "Recheck {labs} in {interval}",
        "Lab order: recheck {labs} in {interval}",
        "[{He} is to have|Arranged is|Ordered was] a recheck of {labs} in {interval}",
        "{Labs} to be rechecked in {interval}",
    ),
    "pending": ("{Test} [pending|outstanding] at discharge",),
    "followup": (
        "Appointment with {clinic} in {interval}",
        "See {clinic} in {interval}",
        "{Clinic} visit in {interval}",
        "[{He} is to follow up with|{He} is to see|Instructed to follow up with|Scheduled with] {clinic} in {interval}",
        "{Clinic} follow up in {interval}[ arranged| requested| advised|]",
    ),
    "disposition": ("[Discharge to|Destination]: {dispo}", "[Left for|Discharge plan]: {dispo}"),
    "warnings": (
        "Seek care for {sx}",
        "Return if {sx}",
        "{Sx} to prompt a call",
        "[{He} is to return for|{He} was told to call for|Instructed to return for|Return precautions for|To seek care for] {sx}",
        "[Should {he} have|In case of|With any] {sx}, {he} is to [call|return|seek care]",
    ),
    "cheer": ("[Condition on leaving is good|{He} left in good condition|Questions were answered]",),
}

RESPONSE = (
    "",
    "",
    "",
    " with good effect",
    " with improvement",
    " with steady improvement",
    " with clear benefit",
    ", which helped",
)
LAY_RESPONSE = ("", "", "", ", which helped", " with good effect", ", and this worked", " with clear benefit")
WHY = (
    "",
    "",
    " given the above",
    " in light of this admission",
    " as it may have contributed",
    " for safety",
    " on balance of risks",
)
LAY_WHY = (
    "",
    " because of this illness",
    " for your safety",
    ", as it may do harm",
    " for good",
    ", as we talked about",
    " and throw away what is left",
)
UNTIL = (
    "",
    " until seen",
    " until further notice",
    " for the time being",
    ", to be taken up again as an outpatient",
    " given the above",
    " on discharge",
)
LAY_UNTIL = (
    " until your doctor says otherwise",
    " for now",
    " until you are told",
    " until you have been seen",
    " for the time being",
    " until you hear from us",
)
TAIL = (
    "",
    ", if it lasts",
    ", even if mild",
    ", day or night",
    " of any kind",
    ", or anything else that worries you",
    " at any time",
    " after going home",
)
REASON = (
    "",
    "",
    " until we see you",
    ", as we discussed",
    " from now on",
    " for the next weeks",
    ", even when you feel well",
    " every single day",
    " - this matters a great deal",
    " to protect yourself",
    " so that you heal well",
    " for as long as you are told",
)
WHAT_FOR = (
    "",
    " to see how you are doing",
    " to go over this stay",
    " to plan the next steps",
    " and bring this letter",
    " - call if the time does not suit",
    " to review your medicines",
    " for a check",
)
WHO_CALLS = (
    "",
    " (we will be in touch)",
    " (ask at your next visit)",
    ", and somebody will phone you",
    ", and the clinic will let you know",
    " - your doctor will get the answer",
)
WHO = (" too", " while you were here", ", who gave advice", " and shared their thoughts")

HISTORY: Table = {
    "prose": (
        " with [a history of|a past history of|known|a background of] {dx}",
        " known for {dx}",
        " who has {dx}",
        " with {dx}",
    ),
    "terse": (" [w/|with] {dx}", " [h/o|PMH] {dx}", " w/ [hx of|hx] {dx}", " ({dx})"),
}
FORMS = ("{name} of {value}", "{name} {value}", "a {name} of {value}", "{name} at {value}", "{name} {value}")
ABSENT = (", without", ", with no", " and no", " but no")
SHOWING = (", which showed", ", revealing", ", showing", ", where the team found", " that demonstrated")
AND_FAVORED = (" and favored", " and suggested", " and proposed")
WHO_FAVORED = (", who favored", ", who suggested", ", who proposed")
ONSET = {
    "prose": (" for {n} days", " over {n} days", " for the past {n} days", " of {n} days' standing"),
    "terse": (" x {n} d", " for {n} days", " x {n} days", " ({n} days)"),
}
CONTINUED = {
    "prose": (
        "[{he} was kept on|{he} was maintained on|we continued|the team continued] {drug}[ throughout| as at home|]",
        "{drug} was continued[ throughout| without change|]",
    ),
    "terse": ("[continued|kept on|continue] [home |]{drug}", "{drug} continued"),
}
LEADS = (
    "[The stay was complicated by|The course was complicated by|Next came|A further problem was|In addition there was|The stay also brought] {dx}",
    "{Dx} [was the next problem|complicated matters|was also dealt with|arose as well]",
    "[C/b|Course c/b|Also] {dx}",
)
LAY_ONSET = (" for {n} days", " over {n} days", " for about {n} days", " for the last {n} days")
LAY_SHOWING = (", which showed", ", and it showed", " that showed")
DAY = ("", " on hospital day {n}", " on day {n}", "")
DAYS = (
    " for {n} days",
    " for {n} days in all",
    " for a {n} day course",
    ", planned for {n} days",
    ", {n} days in total",
)
TAILS = (
    ", as planned",
    ", as discussed",
    ", as agreed",
    ", for completeness",
    ", as noted",
    ", of note",
    ", for the record",
    ", to be clear",
    ", in short",
    ", all in all",
)
"""What is added where nothing else makes a sentence one of its split's."""
