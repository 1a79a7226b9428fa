"""The contract, asked of everything registered; and for each rule a plugin that breaks it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import assets
from harness.contract import Result, ask, check, check_file, pools, rules_and_subject, scorers, systems, tasks
from harness.contract.systems import ORDER
from harness.contract.trial import QUIET, SETTINGS, Trial, Ward
from harness.plugins import KINDS, registry, registry_of
from tests.tiny_models import write_align

REGISTRY = registry()


UNTRAINED = "a reference scores no less than its shuffled words"
"""What random weights do not keep."""


def stands_in() -> bool:
    return not assets.place("alignscore-base").is_dir()


@pytest.fixture(scope="module", autouse=True)
def _stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where AlignScore's checkpoint is not, random weights are."""
    folder = tmp_path_factory.mktemp("assets")
    for one in assets.assets_folder().glob("[!.]*"):
        (folder / one.name).symlink_to(one)
    if stands_in():
        write_align(folder / "alignscore-base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_ASSETS", str(folder))
        yield


def every_rule() -> Iterator[Any]:
    for kind in KINDS:
        for entry in REGISTRY.entries(kind):
            rules, _ = rules_and_subject(Trial(entry, REGISTRY, Ward(Path())))
            left_out = {UNTRAINED} if entry.name == "alignscore" and stands_in() else set()
            for rule in [rule for rule in rules if rule not in left_out]:
                yield pytest.param(kind, entry.name, rule, id=f"{kind} {entry.name}: {rule}")


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    return Ward(tmp_path_factory.mktemp("ward"))


@pytest.fixture(scope="module")
def asked(ward: Ward) -> dict[tuple[str, str], Any]:
    """Rules and subject of every plugin."""
    entries = [entry for kind in KINDS for entry in REGISTRY.entries(kind)]
    return {(entry.kind, entry.name): rules_and_subject(Trial(entry, REGISTRY, ward)) for entry in entries}


@pytest.mark.parametrize(("kind", "name", "rule"), [*every_rule()])
def test_everything_registered_keeps_the_contract(
    asked: dict[tuple[str, str], Any], kind: str, name: str, rule: str
) -> None:
    rules, subject = asked[kind, name]
    if kind == "scorer" and subject.opened.scorer is None:
        pytest.skip(subject.opened.lack)
    result, _ = ask(name, rule, rules[rule], subject)
    assert result.passed, str(result)


# --------------------------------------------------------------------------- plugins that break it

FUNCTION = """
from harness import *

@system("broken")
def write(asked):
    BODY
"""

RUNNER = """
import random
from dataclasses import dataclass
from pathlib import Path
from harness import *

@system("broken")
@dataclass(frozen=True)
class Broken:
    SETTINGS

    def open(self, context):
        return Runner(context)

@dataclass
class Runner:
    context: object

    def generate(self, inputs):
        for at, asked in enumerate(inputs):
            BODY
"""

GOOD = "yield Candidate(asked.case, asked.field, 'a text')"


def function(body: str, top: str = "") -> str:
    return FUNCTION.replace("BODY", body) + top


def runner(body: str = GOOD, settings: str = "") -> str:
    return RUNNER.replace("BODY", textwrap.indent(textwrap.dedent(body), " " * 12).strip()).replace(
        "SETTINGS", settings
    )


SYSTEMS = [
    (
        QUIET,
        function(
            "return ''", "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: ..."
        ),
        "importing it connects to 127.0.0.1\n  -> let nothing leave the machine: assets are fetched by `harness",
    ),
    (
        QUIET,
        function("return ''", "try:\n    open('/nowhere/model.safetensors')\nexcept OSError: ..."),
        "importing it reads model.safetensors\n  -> read models in open(context), not at the top level",
    ),
    (
        QUIET,
        function("return ''", "import logging\nlogging.basicConfig()"),
        "importing it configures logging\n  -> leave that to who runs it: only get a logger",
    ),
    (
        QUIET,
        function("return ''", "import sys\nif 'pytest' not in sys.modules: raise SystemExit('only in tests')"),
        "it cannot be imported in a process of its own\n  -> system 'broken' (",
    ),
    (
        "it answers every input",
        runner("if False: yield"),
        "it yielded 0 candidates for case *, brief_hospital_course, where 1 is due\n  -> yield Candidate(asked.case, ",
    ),
    (
        "it answers every input",
        runner(f"{GOOD}\n{GOOD}"),
        "it yielded 2 candidates for case *, brief_hospital_course, where 1 is",
    ),
    (
        "it answers every input",
        runner(GOOD, "samples: int = 2"),
        "it yielded 1 candidates for case *, brief_hospital_course, where 2 are due, by its setting samples\n",
    ),
    (
        "it answers every input",
        runner().replace("yield", "text ="),
        "generate() returned NoneType\n  -> yield Candidate(asked.case, ",
    ),
    (
        "it answers every input",
        runner().replace("return Runner(context)", "Runner(context)"),
        "the system 'broken': open() returned NoneType, which has no generate()\n  -> return something with generate(",
    ),
    ("it answers every input", runner("yield 'a text'"), "generate() yielded str\n  -> yield Candidate(asked.case, "),
    (
        "it answers every input",
        runner("yield Candidate('1', asked.field, '')"),
        "it answered for case 1, brief_hospital_course: not asked",
    ),
    (
        "it answers every input",
        runner("yield Failure(asked.case, asked.field, ' ')"),
        "its Failure on case *, brief_hospital_course gives no reason",
    ),
    (
        "it answers every input",
        runner("raise KeyError('x')\nyield"),
        "it raised KeyError: 'x' (broken.py, line 21, in generate)",
    ),
    ("it answers every input", function("return 3"), "it returned int where a str is due\n  -> return the text"),
    (
        SETTINGS,
        "from harness import *\n\n@system('broken')\nclass Broken: ...",
        "it is a class but no dataclass\n  -> put @dataclass(frozen=True) under its decorator",
    ),
    (
        "its texts are text",
        runner("yield Candidate(asked.case, asked.field, 3)"),
        "the text of its candidate for case *, brief_hospital_course is int\n  -> make a str of it",
    ),
    (
        "its texts are text",
        runner("yield Candidate(asked.case, asked.field, 'text', raw=None)"),
        "the raw of its candidate for case *, brief_hospital_course is NoneType",
    ),
    (
        "it leaves its inputs alone",
        function("asked.earlier['note'] = 'seen'\n    return ''"),
        "it changes the inputs that it was given\n  -> work on a copy",
    ),
    (
        "it reads only what it says it needs",
        runner(f"self.context.guide.words(asked.field)\n{GOOD}"),
        "it reads context.guide without saying so\n  -> write needs=('guide',) in its decorator",
    ),
    (
        "it prints nothing of a chart",
        function("print(*(word for part in asked.chart for word in part.text.split()), sep='\\n')\n    return ''"),
        "it prints text of a chart\n  -> print nothing: charts are of patients",
    ),
    (
        "it prints nothing of a chart",
        function("import logging; logging.warning(asked)\n    return ''"),
        "it prints text of a chart\n  -> print nothing: charts are of patients",
    ),
    (
        "it takes an empty chart",
        function("return asked.chart[0].text"),
        "it raised IndexError: tuple index out of range (broken.py, line 6, in write)",
    ),
    (
        "same inputs, same texts",
        runner("yield Candidate(asked.case, asked.field, str(random.random()))"),
        "the second time its text for case *, brief_hospital_course is another one\n  -> draw by random.Random(",
    ),
    (
        "same inputs, same texts",
        runner("if not isinstance(inputs, list): raise ValueError('a list, please')\n" + GOOD),
        "the second time its text for case *, brief_hospital_course is another one: ValueError: a list, please",
    ),
    (
        "it writes to its work folder only",
        function("open('cache.txt', 'w').close()\n    return ''"),
        "it writes cache.txt where it was started\n  -> write below context.work",
    ),
    (
        "it writes to its work folder only",
        runner(f"Path(__file__).with_name('cache.txt').touch()\n{GOOD}"),
        "it writes cache.txt beside its own file\n  -> write below context.work",
    ),
    (
        "a run that was stopped ends with the same texts",
        runner("yield Candidate(asked.case, asked.field, f'one of {len(inputs)}')"),
        "after a stop half-way its text for case *, brief_hospital_course is another one\n  -> let a text follow from ",
    ),
    (
        ORDER,
        runner("yield Candidate(asked.case, asked.field, f'number {at}')"),
        "its text for case *, brief_hospital_course is another one if the inputs come in reverse order\n  -> let",
    ),
    (
        ORDER,
        runner("yield Candidate(asked.case, asked.field, f'one of {len(inputs)}')"),
        "its text for case *, brief_hospital_course is another one if the inputs come one by one",
    ),
    (
        SETTINGS,
        runner().replace("frozen=True", ""),
        "its settings can change while it runs, and a candidate is kept by them\n  -> write @dataclass(frozen=True)",
    ),
    (SETTINGS, runner(GOOD, "shots: int"), "the setting 'shots' has no default\n  -> give it one that works"),
    (
        SETTINGS,
        runner(GOOD, "folder: Path = Path('x')"),
        "the setting 'folder' cannot be given on the command line (--set: folder: takes Path, not 'x')\n  -> annot",
    ),
    (
        SETTINGS,
        runner(GOOD, "shots: int = 'three'"),
        "the setting 'shots' cannot be given on the command line (--set: shots: takes int, not 'three')",
    ),
    (
        SETTINGS,
        runner(GOOD, "members: tuple[str, ...] | str = frozenset({'a'})"),
        "the default of 'members' comes back from the command line as another value",
    ),
]

POOL = """
import random
from dataclasses import dataclass
from harness import *

@system("broken", needs=("guide",))
@dataclass(frozen=True)
class Broken:
    shots: int = 1

    def pool(self):
        return Pool(MEMBERS, Selector())

class Selector:
    reads = READS
    ready = True

    def fit(self, offers, scores):
        return self

    def choose(self, offer):
        BODY
"""


def pool(body: str = "return 0", members: str = "('lead',)", reads: str = "('words',)") -> str:
    return POOL.replace("BODY", body).replace("MEMBERS", members).replace("READS", reads)


POOLS = [
    (QUIET, pool() + "\nimport logging\nlogging.basicConfig()", "importing it configures logging"),
    (
        SETTINGS,
        pool().replace("int = 1", "set = frozenset()"),
        "the setting 'shots' cannot be given on the command line",
    ),
    ("its members exist", pool(members="()"), "it has no members\n  -> name systems that write"),
    ("its members exist", pool(members="('broken',)"), "it has itself among its members"),
    ("its members exist", pool(members="('leed',)"), "there is no system 'leed'\n  -> did you mean lead"),
    (
        "it reads features that there are",
        pool(reads="('member:leed',)"),
        "its selector: there is no member 'leed'\n  -> did you mean lead?",
    ),
    (
        "it reads features that there are",
        pool(reads="('wards',)"),
        "its selector: there is no feature 'wards'\n  -> did you mean words",
    ),
    (
        "it chooses one of what is offered",
        pool("return 3"),
        "before fit() it chose 3 of 1 candidates\n  -> return an int from 0 to len(offer.features) - 1",
    ),
    ("it chooses one of what is offered", pool("return -1"), "before fit() it chose -1 of 1 candidates"),
    ("it chooses one of what is offered", pool("return 0.0"), "before fit() it chose 0.0 of 1 candidates"),
    (
        "it chooses one of what is offered",
        pool().replace("return self", "return None"),
        "it raised AttributeError: 'NoneType' object has no attribute 'ready'",
    ),
    (
        "it chooses by the features alone",
        pool("return random.randrange(len(offer.features))"),
        "offered the same again it chose another\n  -> let the choice follow from features alone",
    ),
    (
        "it chooses by the features alone",
        pool("offer.features[0].clear()\n        return 0"),
        "it changes the features that it was given\n  -> work on a copy",
    ),
]

SCORER = """
from dataclasses import dataclass
import numpy as np
from harness import *

@scorer("broken")
@dataclass(frozen=True)
class Broken:
    columns = ("broken",)

    def open(self, context):
        return Opened()

class Opened:
    columns = ("broken",)
    seen = 0

    def measure(self, pairs):
        self.seen += len(pairs)
        self.last = pairs[-1].reference
        rows = [[float(p.reference == p.hypothesis)] for p in pairs]
        return np.array(ROWS)

    def worst(self, column):
        return WORST

    def signature(self, column):
        return Signature(IDENTITY, {})
"""


def scorer(rows: str = "rows", worst: str = "0.0", identity: str = "{'metric': column}") -> str:
    return SCORER.replace("ROWS", rows).replace("WORST", worst).replace("IDENTITY", identity)


def with_setting(setting: str, rows: str = "np.array(rows) + (self.order in (1, 'b'))", **more: str) -> str:
    """A scorer with the setting `order`, which its rows depend on unless told otherwise."""
    text = scorer(rows, **more).replace("    columns =", f"    {setting}\n    columns =", 1)
    opened = "opened = Opened()\n        opened.order = self.order\n        return opened"
    return "from typing import Literal\n" + text.replace("return Opened()", opened)


def short_scorer(body: str, worst: str = "0.0") -> str:
    return f"from harness import *\n\n@scorer('broken', worst={worst})\ndef measure(pair):\n    {body}\n"


SIGNED = "its signature changes with every setting that changes a number"
LARGE = "a text of a million letters takes no more than 20 seconds, or is refused"
BLANK = "it has no finite value for a text that begins with '___'"

SCORERS = [
    (QUIET, scorer() + "\nimport logging\nlogging.basicConfig()", "importing it configures logging"),
    (SETTINGS, scorer().replace("frozen=True", ""), "its settings can change while it runs"),
    (
        "its columns are known before it is opened",
        scorer().replace("seen = 0", "columns = ('other',)"),
        "it announces the columns ('broken',) and opens with ('other',)\n  -> let both be the same",
    ),
    (
        "its columns are known before it is opened",
        scorer().replace('("broken",)', "()"),
        "its columns are ()\n  -> name each once",
    ),
    (
        "one finite number a pair and column",
        scorer("rows[1:]"),
        "measure() returned an array of shape (15, 1) where (16, 1) (pairs, columns) is due\n  -> return one row",
    ),
    (
        "one finite number a pair and column",
        scorer("np.full((len(pairs), 1), np.nan)"),
        "measure() returned a value that is not a finite number",
    ),
    (
        "one finite number a pair and column",
        short_scorer("return {}[pair.field]"),
        "it raised KeyError: 'brief_hospital_course' (broken.py, line 5,",
    ),
    (
        "it leaves its pairs alone",
        short_scorer("object.__setattr__(pair, 'hypothesis', pair.hypothesis.lower() + '.')\n    return 0.0"),
        "it changes the pairs that it was given\n  -> work on a copy: other scorers read them too",
    ),
    (
        "batches and order do not matter",
        scorer("rows + np.mean([len(p.reference) for p in pairs])"),
        "measured in batches of 1 the pair 0 of 16 has other values\n  -> judge each pair by itself",
    ),
    (
        "batches and order do not matter",
        scorer("rows + np.arange(len(pairs))[:, None]"),
        "measured in batches of 1 the pair 1 of 16 has other values",
    ),
    (
        "batches and order do not matter",
        scorer("np.array(rows) + self.seen"),
        "measured in batches of 1 the pair 0 of 16 has other values",
    ),
    (
        "no text is worse than its worst",
        scorer(worst="0.5"),
        "in the column broken a failed text gets 0.5, which is better than a text that was written\n  -> let worst()",
    ),
    (
        "no text is worse than its worst",
        scorer(worst="float('-inf')"),
        "its worst is [-inf]\n  -> a failed text counts in the mean",
    ),
    (
        "a reference scores no less than its shuffled words",
        scorer("1 - np.array(rows)"),
        "in the column broken a reference scores less than its own words in another order\n  -> see which text",
    ),
    (
        "it takes odd texts",
        short_scorer("return 1.0 if any(c.isalnum() for c in pair.hypothesis) else float('inf')"),
        "it has no finite value for a text that begins with '___'\n  -> guard the division by 0",
    ),
    (
        "it takes odd texts",
        short_scorer("return 1.0 / pair.hypothesis.isascii()"),
        "it raised ZeroDivisionError: float division by zero",
    ),
    (
        "it takes odd texts",
        scorer().replace(
            "        rows =", "        if '___' == self.last: raise CannotJudge('', at=0)\n        rows ="
        ),
        "it refuses the pair 0 of 1, for the reason ''\n  -> raise CannotJudge(reason, at=index of the pair)",
    ),
    (
        "it takes odd texts",
        scorer().replace("        rows =", "        if '___' == self.last: raise CannotJudge('blank')\n        rows ="),
        "it does not say which text it refuses: CannotJudge in broken.py, line 21\n"
        "  -> raise CannotJudge(reason, at=index of the pair)",
    ),
    (
        LARGE,
        short_scorer("import time; time.sleep(len(pair.hypothesis) > 999_000 and 0.2)\n    return 0.0"),
        "it took 0 seconds for a text of a million letters\n  -> read no more of it than counts, or refuse it",
    ),
    (
        SIGNED,
        with_setting("order: int = 4"),
        "with order=1 it has other values, and the same signatures\n  -> put every setting that changes a number",
    ),
    (
        SIGNED,
        with_setting("order: Literal['a', 'b'] | None = 'a'"),
        "with order='b' it has other values, and the same signatures",
    ),
    (
        "a fresh process has the same values",
        scorer("np.array(rows) + hash('salted anew in every process') % 97"),
        "measured in a fresh process the pair 0 of 16 has other values",
    ),
    (
        "a fresh process has the same values",
        scorer("rows") + "\nimport os\nif os.environ.get('PYTHONHASHSEED') == '1':\n    raise OSError('not here')\n",
        "it cannot measure in a process of its own\n  -> ",
    ),
    (
        "its signature says what the number is, and nothing else",
        scorer(identity="{}"),
        "the signature of broken has no identity, or a part that is no text or empty\n  -> say what the number is",
    ),
    (
        "its signature says what the number is, and nothing else",
        scorer(identity="{'order': 4}"),
        "the signature of broken has no identity, or a part",
    ),
    (
        "its signature says what the number is, and nothing else",
        scorer(identity="{'model': '/home/me/model'}"),
        "the signature of broken holds a path\n  -> name an asset by its digest",
    ),
    (
        "its signature says what the number is, and nothing else",
        scorer(identity="{'seen': str(self.seen)}"),
        "the signature of broken changes by measuring\n  -> let it follow from settings",
    ),
    (
        "its signature says what the number is, and nothing else",
        scorer(identity="{'example': self.last}"),
        "the signature of broken holds a text\n  -> leave texts out: signatures are public",
    ),
    (
        SIGNED,
        with_setting("order: int = 4").replace("Signature(", "dict([]) or ("),
        "the scorer 'broken' signs its column broken with tuple\n  -> let `signature` return a harness.Signature",
    ),
]

TASK = """
from dataclasses import replace
from harness import *
from harness.tasks.discharge_me import discharge_me

@task("broken")
def broken():
    right = replace(discharge_me(), name="broken")
    course, instructions = right.fields
    return WRONG
"""


def task(wrong: str) -> str:
    return TASK.replace("WRONG", wrong)


TASKS = [
    (QUIET, task("right") + "\nimport logging\nlogging.basicConfig()", "importing it configures logging"),
    ("it returns a task of its name", task("None"), "it returned NoneType\n  -> return a harness.Task"),
    (
        "it returns a task of its name",
        task("replace(right, name='other')"),
        "it calls itself 'other'\n  -> give it the name of its",
    ),
    (
        "its parts are of their types",
        task("replace(right, corpus='open_tables')"),
        "corpus is str, where a function is due\n  -> give the function itself, without quotes",
    ),
    (
        "its names are unique",
        task("replace(right, fields=(course, course))"),
        "the field 'brief_hospital_course' stands there 2 times",
    ),
    ("its names are unique", task("replace(right, columns=())"), "it has no column\n  -> a task has one at least"),
    (
        "its means are of its columns",
        task("replace(right, means={'all': ('blue',)})"),
        "the mean 'all': there is no column 'blue'\n  -> did you mean bleu",
    ),
    ("its means are of its columns", task("replace(right, means={'all': ()})"), "the mean 'all' is of nothing"),
    (
        "its means are of its columns",
        task("replace(right, means={'rouge1': ('rouge1', 'rouge2')})"),
        "the mean 'rouge1' has a name that is taken: a column's\n  -> give it another name",
    ),
    (
        "its means are of its columns",
        task("replace(right, means={'Overall': ('bleu',)})"),
        "the mean 'Overall' has a name that is taken: that of the columns in_overall\n  -> give it another name",
    ),
    (
        "its means have one direction",
        task("replace(right, columns=(*right.columns, Column('misses', 'Misses', higher_is_better=False)))"),
        "the mean 'Overall' is of columns of which more is better and of 'misses', of which less is\n"
        "  -> leave it out: Column('misses', ..., higher_is_better=False, in_overall=False)",
    ),
    (
        "its means have one direction",
        task(
            "replace(right, means={'all': ('bleu', 'misses')}, columns=(*right.columns, "
            "Column('misses', 'Misses', higher_is_better=False, in_overall=False)))"
        ),
        "the mean 'all' is of columns of which more is better and of 'misses', of which less is\n  -> leave it out of",
    ),
    (
        "its headings are regular expressions",
        task("replace(right, sections=(Section('plan', ('(plan',)),))"),
        "a heading of the section plan is no regular expression: '(plan': missing ), unterminated subpattern",
    ),
    (
        "its fields read what exists",
        task("replace(right, fields=(replace(course, after=('discharge_instructions',)), instructions))"),
        "the field 'brief_hospital_course': there is no field written earlier 'discharge_instructions'",
    ),
    (
        "its fields read what exists",
        task("replace(right, fields=(replace(course, known=('servize',)), instructions))"),
        "the field 'brief_hospital_course': there is no section 'servize'\n  -> did you mean service",
    ),
    (
        "its fields read what exists",
        task("replace(right, fields=(replace(course, kind='label'), instructions))"),
        "the field 'brief_hospital_course' is a label and has none",
    ),
    (
        "its fields read what exists",
        task("replace(right, fields=(replace(course, known=(), tables=()), instructions), times={})"),
        "nothing is known when the field 'brief_hospital_course' is written: no section of the note, no table",
    ),
    (
        "its fields read what exists",
        task("replace(right, times={'labs': 'charttime'})"),
        "times: there is no table 'labs'",
    ),
    (
        "a submission holds its fields",
        task("replace(right, fields=(course,))"),
        "a submission has the columns hadm_id, brief_hospital_course, discharge_instructions\n  -> let them be",
    ),
    (
        "its published script finds its csv",
        task("replace(right, submission=replace(right.submission, unpacked=False))"),
        "a published script scores it, which reads the csv out of a zip, and a bare csv would be accepted\n  -> say so",
    ),
    (
        "its default split is one of its splits",
        task("replace(right, default_split='test')"),
        "default_split: there is no split 'test'\n  -> did you mean test_phase_",
    ),
    (
        "its scorers exist",
        task("replace(right, scorers=('rogue',))"),
        "scorers: there is no scorer 'rogue'\n  -> did you mean rouge?",
    ),
    (
        "its scorers take its settings",
        task("replace(right, scorer_settings={'rouge': {'stemer': 'none'}})"),
        "broken: rouge: there is no setting 'stemer'\n  -> did you mean stemmer?",
    ),
    (
        "its means can be filled",
        task("replace(right, scorers=tuple(one for one in right.scorers if one != 'meteor'))"),
        "none of its scorers (rouge, bleu, bertscore, alignscore, medcon, sacrebleu) fills the column 'meteor'",
    ),
    (
        "its scorers take its settings",
        task("replace(right, scorer_settings={'rogue': {}})"),
        "scorer_settings: there is no scorer 'rogue'\n  -> did you mean rouge?",
    ),
    (
        "its parts are what split cuts",
        task("replace(right, split=dict)"),
        "it has 2 fields, 0 parts and a split\n  -> a task of one field may have parts",
    ),
    (
        "its parts are what split cuts",
        task("replace(right, fields=(course,), parts=(Field('plan', 'Plan'),), split=lambda text: {'plans': text})"),
        "split: there is no part 'plans'\n  -> did you mean plan?",
    ),
    (
        "its parts are what split cuts",
        task("replace(right, fields=(course,), parts=(Field('a', 'A'),), split=lambda text: {'a': text.upper()})"),
        "split gives texts that are no pieces of the text\n  -> let it cut, and change nothing",
    ),
]

BROKEN = [*SYSTEMS, *POOLS, *SCORERS, *TASKS]


def tried(folder: Path, text: str, ward: Ward) -> Iterator[Result]:
    path = folder / "plugins" / "broken.py"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    registry, (entry, *_) = registry_of(path)
    return check(Trial(entry, registry, ward))


def is_said(message: str, expected: str) -> bool:
    """`*` in the expected beginning stands for an id."""
    before, star, after = expected.partition("*")
    return message.startswith(before) and (
        not star or message.removeprefix(before).lstrip("0123456789").startswith(after)
    )


@pytest.mark.parametrize(
    ("rule", "text", "expected"), BROKEN, ids=[f"{at} {rule}" for at, (rule, *_) in enumerate(BROKEN)]
)
def test_a_plugin_that_breaks_a_rule_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ward: Ward, rule: str, text: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if rule == LARGE:
        monkeypatch.setattr(scorers, "LARGE_SECONDS", 0.1)
    broken = next(result for result in tried(tmp_path, text, ward) if result.rule == rule and not result.passed)
    assert is_said(broken.detail, expected), broken.detail
    assert str(broken) == f"FAIL {broken.plugin}: {rule}: {broken.detail}"


@pytest.mark.parametrize(
    "text",
    [
        function("return 'a text'"),
        runner(),
        runner(GOOD, "style: str | None = None"),
        runner("yield Failure(asked.case, asked.field, 'no')"),
        pool(),
        scorer(),
        scorer("np.array(rows) + 1e-8 * len(pairs)").replace('("broken")', '("broken", exact=False)'),
        with_setting("order: int = 4", identity="{'order': str(self.order)}"),
        with_setting("order: int = 4", rows="rows"),
        short_scorer("if len(pair.hypothesis) > 9_000: raise CannotJudge('over 9,000 letters')\n    return 0.0"),
        task("right"),
        task("replace(right, columns=(*right.columns, Column('fact_recall', 'Facts', in_overall=False)))"),
    ],
)
def test_the_same_plugins_unbroken_keep_every_rule(tmp_path: Path, ward: Ward, text: str) -> None:
    results = list(tried(tmp_path, text, ward))
    assert results
    assert [str(result) for result in results if not result.passed] == []


def test_every_rule_can_be_broken() -> None:
    assert {rule for rule, *_ in SYSTEMS} == {*systems.RULES}
    assert {rule for rule, *_ in POOLS} == {*pools.RULES}
    assert {rule for rule, *_ in SCORERS} == {*scorers.RULES}
    assert {rule for rule, *_ in TASKS} == {*tasks.RULES}


def test_a_plugin_that_cannot_be_loaded_has_one_result(tmp_path: Path, ward: Ward) -> None:
    (result,) = tried(tmp_path, function("return ''", "1 / 0"), ward)
    assert str(result).startswith(
        f"FAIL broken: it can be loaded: system 'broken' ({tmp_path / 'plugins' / 'broken.py'}, line "
    )
    assert "cannot be imported: ZeroDivisionError: division by zero" in result.detail


SHAPE = "one finite number a pair and column"


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (SETTINGS, "from harness import *\n\n@system('broken')\nclass Broken: ...", "it is a class but no dataclass"),
        (SETTINGS, "from harness import *\n\n@scorer('broken')\nclass Broken: ...", "it is a class but no dataclass"),
        (SETTINGS, runner(GOOD, "shots: int"), "the setting 'shots' has no default"),
        (
            "it answers every input",
            runner().replace("def open", "def opens"),
            "* the system 'broken' has neither open(context) nor pool()",
        ),
        (
            "it answers every input",
            runner().replace("return Runner(context)", "Runner(context)"),
            "the system 'broken': open() returned NoneType, which has no generate()",
        ),
        ("it answers every input", runner("yield 'a text'"), "generate() yielded str"),
        (
            "its columns are known before it is opened",
            scorer().replace('    columns = ("broken",)\n\n    def open', "    def open"),
            "the scorer 'broken' (*) has no columns\n  -> give it columns = (\"NAME\",): see docs/plugins.md",
        ),
        (
            "its columns are known before it is opened",
            scorer().replace("return Opened()", "1 / 0"),
            "the scorer 'broken' (*) cannot be opened: ZeroDivisionError in broken.py, line 12",
        ),
        (
            "its columns are known before it is opened",
            scorer().replace("def worst", "def worse"),
            "the scorer 'broken' (*) opens with Opened, which has no worst",
        ),
        (SHAPE, scorer("[[0.5, 0.5]]"), "measure() returned an array of shape (1, 2) where (16, 1)"),
        (SHAPE, scorer("[0.5 for pair in pairs]"), "measure() returned an array of shape (16,) where (16, 1)"),
        (SHAPE, short_scorer("return {'f1': 0.5}"), "the scorer 'broken' returned dict for case *, brief_hospital_"),
        (
            SHAPE,
            scorer().replace("self.seen +=", "raise CannotJudge('no')\n        self.seen +="),
            "it does not say which text it refuses: CannotJudge in broken.py, line 19",
        ),
        (
            "batches and order do not matter",
            scorer("rows if len(pairs) > 1 else 0.5"),
            "measure() returned an array of shape () where (1, 1) (pairs, columns) is due",
        ),
    ],
)
def test_what_cannot_be_tried_is_told_once_and_ends_the_check(
    tmp_path: Path, ward: Ward, rule: str, text: str, expected: str
) -> None:
    *_, last = results = list(tried(tmp_path, text, ward))
    assert [result.rule for result in results if not result.passed] == [last.rule] == [rule]
    before, _, after = expected.partition("*")
    assert last.detail.startswith(before)
    assert after in last.detail


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (function("raise SystemExit(3)"), "line 6, in write"),
        (short_scorer("raise SystemExit(3)"), "line 5, in measure"),
    ],
)
def test_a_plugin_that_exits_is_told_so(tmp_path: Path, ward: Ward, text: str, place: str) -> None:
    *_, last = tried(tmp_path, text, ward)
    assert not last.passed
    assert last.detail == f"it raised SystemExit, exit code 3 (broken.py, {place})"


def test_a_scorer_whose_asset_is_missing_is_not_called_good(tmp_path: Path, ward: Ward) -> None:
    text = scorer().replace("return Opened()", "from harness.errors import AssetError; raise AssetError('no model')")
    *_, last = tried(tmp_path, text, ward)
    assert not last.passed
    assert last.detail == "it cannot be tried: no model\n  -> harness assets fetch"


def test_results_come_as_they_are_found(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(function("raise SystemExit"), encoding="utf-8")
    results = check_file(tmp_path / "broken.py")
    assert str(next(results)) == f"ok   broken: {QUIET}"
