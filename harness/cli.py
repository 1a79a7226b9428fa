"""The command line: a handler a subcommand, which calls the library and prints what came of it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace as Args
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from errno import EACCES, EDQUOT, EISDIR, ENOENT, ENOMEM, ENOSPC, ENOTDIR, EPERM, EROFS
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from harness.arguments import Handler, parser
from harness.errors import HarnessError, UsageError

if TYPE_CHECKING:
    from harness.board import Board
    from harness.cluster import Cluster
    from harness.contest import Contest
    from harness.entries import Entry
    from harness.hand_in import HandedIn
    from harness.judge import Judgement
    from harness.lineup import Entrant, Lineup
    from harness.plugins import Registry
    from harness.types import Corpus, Task

EXIT_BUG = 3
EXIT_INTERRUPTED = 130
EXIT_UNHEARD = 141
"""What a shell says of a program that SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. 0 done, 1 the user's problem, 2 usage, 3 a bug of ours, 130 stopped by Ctrl-C, 141 by a reader of
    its output who was gone before it was done."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no – shows a ?, and ends no finished work
    args = parser(HANDLERS).parse_args(argv)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin for long stall where cores are shared
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    if args.assets:
        os.environ["HARNESS_ASSETS"] = str(args.assets)
    return exit_code(lambda: args.handler(args))


def exit_code(work: Callable[[], int]) -> int:
    """What `work` returns, or what the error that it raises stands for, which is told without a traceback."""
    code = _done(work)
    try:
        print(end="", flush=True)
    except BrokenPipeError:  # which the interpreter, at its end, would tell as a fault of ours
        sys.stdout = None
    return code


def _done(work: Callable[[], int]) -> int:
    try:
        return work()
    except HarnessError as error:
        _tell(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        print("\nharness: stopped; the same command goes on from here", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # whoever read our output is gone
        return EXIT_UNHEARD
    except (Exception, SystemExit) as error:
        from harness.blame import ended_from_outside
        from harness.engines.runtime import out_of_memory
        from harness.files import no_room
        from harness.privacy import describe

        if ended_from_outside(error):
            raise
        refused = no_room(error) or error
        if isinstance(refused, OSError) and refused.errno:
            _tell(_refused(refused.errno, refused.filename))
            return HarnessError.exit_code
        if out_of_memory(error):
            _tell(_refused(ENOMEM, None))
            return HarnessError.exit_code
        if isinstance(error, SystemExit):  # nothing of ours raises it
            _tell(f"a plugin ended the program: {describe(error)}\n  -> mend it: let it raise an error that says why")
            return HarnessError.exit_code
        _tell(f"a bug of ours: {describe(error)}\n  -> please report this line")
        return EXIT_BUG


def _tell(message: str) -> None:
    """Say what ends a command. Names of files in it come from other people too: no codes for a terminal."""
    from harness.characters import printable

    print("\n".join(map(printable, f"harness: {message}".split("\n"))), file=sys.stderr)


def _refused(errno: int, filename: object) -> str:
    """What the user's machine refused, in its own words: in an error's text anything may stand."""
    where = "" if filename is None else f"{filename}: "
    return f"{where}{os.strerror(errno)}\n  -> {_REMEDIES.get(errno, _SEE_TO_IT)}"


_SEE_TO_IT = "see to that, or name another place; the same command goes on from here"
_MAKE_ROOM = "make room, or name another folder; the same command goes on from here"
_MAY = "see who may read or write it; runs and the workspace go where --out and HARNESS_WORKSPACE say"
_REMEDIES = {
    **dict.fromkeys((ENOSPC, EDQUOT), _MAKE_ROOM),
    **dict.fromkeys((EACCES, EPERM, EROFS), _MAY),
    EISDIR: "a file is due where that folder is: move it, or name another place",
    ENOTDIR: "a folder is due where a file is: move it, or name another place",
    ENOENT: "name a folder that is there; where one was deleted meanwhile, the same command makes it again",
    ENOMEM: "end what else takes memory, or lower --jobs and batch sizes; the same command goes on from here",
}


# --------------------------------------------------------------------------- handlers


def _list(args: Args) -> int:
    from harness.plugins import KINDS, registry

    kinds = {f"{kind}s": kind for kind in KINDS}
    plugins = registry(args.plugin)
    for what in [args.what] if args.what else [*kinds, "models"]:
        if what == "models":
            from harness.assets import status

            lines = {one.name: f"{one.licence}, {'here' if one.present else 'not here'}" for one in status()}
            _print_names(what, lines)
            continue
        said = {one.name: one.summary or one.origin for one in plugins.entries(kinds[what])}
        _print_names(what, said)
        if what == "systems":
            lineup = _lineup(args)
            own = {name: one for name, one in lineup.entrants.items() if name not in said}
            _print_names(f"systems of the line-up {lineup.path.stem}", {n: _of_lineup(one) for n, one in own.items()})
    return 0


def _of_lineup(entrant: Entrant) -> str:
    assumes = entrant.settings.get("assumes")
    return f"{entrant.plugin}, with settings of its own" + (f": assumes that {assumes}" if assumes else "")


def _print_names(what: str, said: Mapping[str, str]) -> None:
    print(f"{what}:")
    for name, text in said.items():
        print(f"  {name:22} {text}")


def _data(args: Args) -> int:
    if args.action == "primer":
        from harness.corpora.ward.primer import write_primer

        print(f"{args.out}: {write_primer(args.out, args.stays, args.seed, args.shuffle)} pairs")
        return 0
    from harness.corpora.synthetic import synthesize

    for split, stays in synthesize(args.out, args.stays, args.seed, args.ward_version).items():
        print(f"{split}: {stays} stays")
    return 0


def _submit(args: Args) -> int:
    from harness.enter import enter
    from harness.lineup import parse_assignments
    from harness.turns import settle

    overrides = parse_assignments(args.set)
    with _cluster(args) as cluster:
        contest = _contest(args, _settled(settle, args, overrides), told=_say_corpus, cluster=cluster)
        task = contest.task
        checked = ", ".join(f"{count} {what}" for what, count in contest.leak_check.items())
        drawn = f", a sample drawn with seed {contest.seed}: partial, never ranked" if contest.limit else ""
        withheld = ", ".join(f"{count} {what}" for what, count in contest.withheld.items())
        looked = "targets cut out" if task.document == "note" else "copies of targets looked for"
        print(f"{len(contest.cases)} cases{drawn}; {looked}: {checked}{withheld and f'; withheld: {withheld}'}")
        entered = enter(contest, args.system, label=args.label, overrides=parse_assignments(args.set))
    print("\n".join(entered.lines()))
    _print_handed_in(entered.handed_in, task)
    return 1 if entered.failed else 0


def _fit(args: Args) -> int:
    from harness.lineup import parse_assignments
    from harness.tuning.fit import fit

    it, overrides = _named(args), parse_assignments(args.set)
    for one in fit(args.system, it.task, it.corpus, it.split, it.lineup, it.plugins, overrides, prepare=args.prepare):
        print(one.folder if one.trained else f"prepared: {one.folder}\n  -> {one.command}")
    return 0


def _plan(args: Args) -> int:
    from harness.competitor import find_competitor
    from harness.lineup import parse_assignments
    from harness.tuning.plan import plan

    it = _named(args)
    competitor = find_competitor(args.system, it.plugins, it.lineup, it.task, parse_assignments(args.set))
    for line in plan(competitor, it.lineup, it.task, it.corpus, it.split):
        print(line, flush=True)
    return 0


def _merge(args: Args) -> int:
    from harness.errors import SettingsError
    from harness.lineup import ServerSettings, VllmSettings
    from harness.tuning.merge import merge

    engine = _lineup(args).engine
    if isinstance(engine, VllmSettings):
        engine = engine.learner
    if isinstance(engine, ServerSettings):
        raise SettingsError(
            f"--lineup {args.lineup} asks a server: its model's weights are not here",
            todo="name one with a local [engine] model, the adapter's base",
        )
    merged = merge(args.adapter, engine, args.out, args.dtype)
    print(f"{args.out}: {merged.base} with the adapter, {merged.dtype}")
    for how, share in merged.agreement.items():
        print(f"  the same token as unmerged ({how}) at {share:.2%} of {merged.places} places: {merged.sample}")
    if merged.restricted:
        print("  it learned from restricted data: readable by you alone; nothing but its merged.json says so elsewhere")
    return 0


def _import(args: Args) -> int:
    from harness.hand_in import import_submission
    from harness.scoring import scoring_of

    it = _named(args)
    task, corpus, split, team = it.task, it.corpus, it.split, it.lineup.team
    with scoring_of(task, corpus, split, it.plugins, it.lineup, args.scorers, args.jobs) as scoring:
        handed_in = import_submission(args.file, args.label, task, corpus, split, scoring, args.out, team)
    _print_handed_in(handed_in, task)
    return 0


def _explain(args: Args) -> int:
    import shutil

    from harness.enter import settle_pool
    from harness.lineup import parse_assignments
    from harness.selection.explain import explain, lines

    overrides = parse_assignments(args.set)
    contest = _contest(args, lambda one: settle_pool(one, args.system, args.label, overrides), only=args.case)
    for one in explain(contest, args.system, args.label, overrides):
        title = f"{args.system}, case {args.case}, {contest.task.field(one.field).title}"
        print("\n".join(lines(one, title, shutil.get_terminal_size().columns)))
    return 0


def _pool_report(args: Args) -> int:
    from harness.enter import settle_pool
    from harness.files import write_atomic
    from harness.lineup import parse_assignments
    from harness.run import claimed
    from harness.selection.pool_report import report
    from harness.selection.pool_report_text import as_json, markdown, picture
    from harness.turns import label_of

    overrides = parse_assignments(args.set)
    with _cluster(args) as cluster:
        contest = _contest(args, _settled(settle_pool, args, overrides), cluster=cluster)
        told = report(contest, args.system, args.label, overrides)
    titles = {field.name: field.title for field in contest.task.fields}
    text = markdown(told, titles)
    folder = contest.folder(args.label or label_of(args.system, contest.limit))
    made = {"pool-report.md": text.encode(), "pool-report.json": as_json(told).encode()}
    print(text)
    with claimed(folder, None, contest.corpus.data):  # so that purge finds it, and a pool fitted by it may move in
        for name, data in {**made, "pool-report.svg": picture(told, titles)}.items():
            write_atomic(folder / name, data)
    print(f"{folder / 'pool-report.md'}, .json and .svg")
    return 0


def _say_corpus(corpus: Corpus, split: str) -> None:
    print(f"{corpus.name} {split}: {'restricted' if corpus.restricted else 'public'}, {corpus.licence or 'no licence'}")
    for what, count in corpus.warnings(split).items():
        print(f"  note: {count} {what}")


def _cluster(args: Args) -> AbstractContextManager[Cluster | None]:
    """The workers that the arguments ask for, if they do; let go at the end."""
    from harness.cluster import open_cluster

    return open_cluster(args.workers, args.ray, _lineup(args).cluster.hosts) or nullcontext()


def _settled(settle: Callable[..., object], args: Args, overrides: Mapping[str, object]) -> Callable[[Contest], None]:
    """A look at what the arguments say of a system, whose turn `settle` settles, and of scorers."""

    def look(contest: Contest) -> None:
        settle(contest, args.system, args.label, overrides)
        contest.scoring()

    return look


def _contest(
    args: Args,
    look: Callable[[Contest], object],
    only: str = "",
    told: Callable[[Corpus, str], None] | None = None,
    cluster: Cluster | None = None,
) -> Contest:
    """The contest that the arguments name. Before anything of the corpus is prepared, which takes minutes, `told` is
    told of it, and `look` may refuse what else they say."""
    from harness.contest import open_contest

    it = _named(args)
    if told:
        told(it.corpus, it.split)
    return open_contest(
        it.task,
        it.corpus,
        it.split,
        it.lineup,
        it.plugins,
        args.out,
        limit=args.limit,
        seed=args.seed,
        cut_leaks=args.cut_leaks,
        scorers=args.scorers,
        jobs=args.jobs,
        only=only,
        cluster=cluster,
        look=look,
    )


def _print_handed_in(handed_in: HandedIn, task: Task) -> None:
    from harness.board.text import row_lines
    from harness.entries import read_entry
    from harness.leaderboard import row
    from harness.scorecard import CARD_FILES
    from harness.validate import summary

    print(f"{handed_in.folder / task.submission.archive_name}\n{summary(handed_in.problems, task.submission.judge)}")
    for line in (*handed_in.missing, *handed_in.warnings):
        print(line)
    if handed_in.card:
        print(row_lines(row(read_entry(handed_in.folder / CARD_FILES["corrected"]), task)))
    else:
        print(f"this split has no references here: it is for {task.submission.judge} to score")


def _validate(args: Args) -> int:
    from harness.corpora import open_corpus
    from harness.privacy import restrict
    from harness.validate import summary, validate, will_accept

    restrict()  # nobody says whose text stands in this file
    _, task = _task(args)
    split = args.split or task.default_split
    ids = open_corpus(args.data, task, split).ids(split) if args.data else None
    problems = validate(args.path, task, ids)
    print(summary(problems, task.submission.judge))
    return 0 if will_accept(problems) else 1


def _judgement(args: Args) -> Judgement:
    from harness.judge import Judgement

    plugins, task = _task(args)
    ids, lineup = _read_ids(args.ids) if args.ids else None, _lineup(args)
    return Judgement(task, plugins, lineup, args.data, args.split, ids, args.scorers, args.jobs)


def _score(args: Args) -> int:
    from dataclasses import replace

    from harness.judge import score_paths

    _need_a_place(args)
    judgement = _judgement(args)
    with _cluster(args) as cluster:
        scored = score_paths(args.paths, replace(judgement, variants=(args.variant,), cluster=cluster))
    if scored.entries:
        _show(scored.entries, judgement.registry, args)
    for line in (*scored.missing, *scored.warnings):
        print(line, file=sys.stdout if args.format == "md" else sys.stderr)
    for line in scored.told:
        print(line, file=sys.stderr)
    return _print_refusals(scored.refusals)


def _dry_run(args: Args) -> int:
    from harness.board.cells import four
    from harness.dry_run import dry_run
    from harness.validate import summary

    judgement = _judgement(args)
    done = dry_run(args.file, judgement)
    print(summary(done.problems, judgement.task.submission.judge))
    if done.folder is None or done.official is None or done.corrected is None:
        return 1
    print(f"{done.folder}, which the server's container has at /app\n{'':12} official  corrected")
    for key, value in done.official.items():
        cells = ["n/a" if one is None else four(one) for one in (value, done.corrected[key])]
        print(f"{key:12} {cells[0]:>8}  {cells[1]:>9}")
    for line in (*done.missing, *done.warnings):
        print(line)
    return 0


def _ledger(args: Args) -> int:
    from harness import ledger
    from harness.workspace import corpus_roots, workspace_folder

    roots = {root: found for root in corpus_roots(args.data) if (found := ledger.read(root))}
    for root, found in roots.items():
        worn = [line for split in sorted({one.split for one in found}) for line in ledger.warnings(root, split)]
        print("\n".join([root.name, *ledger.table(found), *worn]))
    if not roots:
        print(f"nothing was scored yet, as far as {workspace_folder()} knows")
    return 0


def _read_ids(path: Path) -> frozenset[str]:
    try:
        ids = frozenset(path.read_text(encoding="utf-8-sig").split())
    except OSError as error:
        raise UsageError(f"--ids {path} cannot be read: {error.strerror}", todo="name a file, one id a line") from None
    except UnicodeDecodeError:
        raise UsageError(f"--ids {path} is not UTF-8", todo="name a text file, one id a line") from None
    if not ids:
        raise UsageError(f"--ids {path} names no id", todo="name a text file, one id a line")
    return ids


def _leaderboard(args: Args) -> int:
    from harness.entries import collect, of_tasks
    from harness.plugins import registry

    if args.private and args.format != "html":
        raise UsageError("--private is a report with texts", todo="write --format html --out FOLDER --private")
    _need_a_place(args)
    plugins = registry(args.plugin)
    collected = of_tasks(collect(args.dir), plugins.names("task"))
    if collected.entries or not collected.refusals:
        _show(collected.entries, plugins, args, private=args.private)
    return _print_refusals(collected.refusals)


def _print_refusals(refusals: Sequence[HarnessError]) -> int:
    for refusal in refusals:
        _tell(str(refusal))
    return max((refusal.exit_code for refusal in refusals), default=0)


def _need_a_place(args: Args) -> None:
    if args.format == "html" and args.out is None:
        raise UsageError("a report is a folder", todo="say where it is to lie: --out FOLDER")


def _show(entries: Sequence[Entry], plugins: Registry, args: Args, *, private: bool = False) -> None:
    from harness.board.text import render
    from harness.files import write_atomic

    if args.format == "html":
        from harness.report.build import write_report

        print("\n".join(write_report(_boards(entries, plugins, args), args.out, private=private)))
        return
    text = render(_boards(entries, plugins, args), args.format)
    if args.out is None:
        print(text, end="")
        return
    try:
        write_atomic(args.out, text.encode())
    except OSError as error:
        raise UsageError(
            f"--out {args.out} cannot be written: {error.strerror}", todo="name a file in a folder that is there"
        ) from None


def _boards(entries: Sequence[Entry], plugins: Registry, args: Args) -> list[Board]:
    from harness.board.statistics import Wanted
    from harness.leaderboard import boards

    if not entries:
        raise UsageError("there is nothing scored here yet", todo="make submit SYSTEM=des")
    wanted = Wanted(resamples=args.resamples, compare=args.compare)
    return boards(entries, plugins.task, wanted)


def _purge(args: Args) -> int:
    from harness.purge import delete, derived, size
    from harness.workspace import workspace_folder

    folders = derived(args.data, args.out)
    for folder in folders:
        print(f"{size(folder) / 1e6:10.1f} MB  {folder}")
    print(f"searched: {workspace_folder()}, and {args.out} for runs; those elsewhere are found with --out DIR")
    if not folders:
        elsewhere = "; while they lay elsewhere something may have been: `harness purge` without --data lists all"
        print(f"nothing was made from data at {args.data}{elsewhere}" if args.data else "there is nothing to delete")
        return 0
    if not args.yes:
        if not sys.stdin.isatty():
            print("nothing was deleted: add --yes to delete these")
            return 0
        if not _agreed(f"delete these {len(folders)} folders? [y/N] "):
            return 0
    delete(folders, args.out)
    print(f"deleted {len(folders)} folders")
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() == "y"
    except EOFError:  # Ctrl-D
        print()
        return False


def _assets(args: Args) -> int:
    from harness import assets

    match args.action:
        case "list":
            for one in assets.status():
                state = f"{one.bytes / 1e6:.0f} MB" if one.present else "not here"
                print(f"{one.name:24} {one.kind:10} {one.licence:12} {state}")
                for line in one.contents:
                    print(f"  {line}")
            print(f"in {assets.assets_folder()}")
        case "fetch":
            assets.fetch(args.names)
        case "export":
            _export(args)
        case "import":
            assets.import_(args.file)
    return 0


def _export(args: Args) -> None:
    from harness import assets
    from harness.air_gap.export import export

    if args.wheels:
        print("\n".join(export(args.file, _lineup(args), args.extras, args.names).lines()))
    elif args.lineup or args.extras:
        raise UsageError("--lineup and --extras say which packages to take along", todo="add --wheels")
    else:
        assets.export(args.names, args.file)


def _new(args: Args) -> int:
    from harness.scaffold import new_system

    for line in new_system(args.name, args.dir):
        print(line)
    return 0


def _check(args: Args) -> int:
    from harness.contract import check_file

    failed = False
    for result in check_file(args.file, args.plugin):
        print(result)
        failed |= not result.passed
    return 1 if failed else 0


# --------------------------------------------------------------------------- what the arguments name


@dataclass(frozen=True)
class _Named:
    plugins: Registry
    task: Task
    corpus: Corpus
    split: str
    lineup: Lineup


def _named(args: Args) -> _Named:
    from harness.corpora import open_corpus

    plugins, task = _task(args)
    lineup, split = _lineup(args), args.split or task.default_split
    return _Named(plugins, task, open_corpus(args.data, task, split), split, lineup)


def _task(args: Args) -> tuple[Registry, Task]:
    from harness.plugins import registry

    plugins = registry(args.plugin)
    return plugins, plugins.task(args.task)


def _lineup(args: Args) -> Lineup:
    from harness.lineup import find_lineup, read_lineup

    return read_lineup(find_lineup(args.lineup))


HANDLERS: Mapping[str, Handler] = {
    "list": _list,
    "data": _data,
    "submit": _submit,
    "explain": _explain,
    "pool-report": _pool_report,
    "plan": _plan,
    "fit": _fit,
    "merge": _merge,
    "import": _import,
    "validate": _validate,
    "score": _score,
    "leaderboard": _leaderboard,
    "dry-run": _dry_run,
    "ledger": _ledger,
    "purge": _purge,
    "new": _new,
    "check": _check,
    "assets": _assets,
}


if __name__ == "__main__":
    sys.exit(main())
