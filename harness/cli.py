"""The command line: a table of subcommands; each handler calls the library and prints what came of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError, UsageError

if TYPE_CHECKING:
    from harness.board import Board
    from harness.cluster import Cluster
    from harness.contest import Contest
    from harness.entries import Entry
    from harness.hand_in import HandedIn
    from harness.plugins import Registry
    from harness.types import Corpus, Task

Args = argparse.Namespace
EXIT_BUG = 3
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. 0 done, 1 the user's problem, 2 usage, 3 a bug of ours, 130 stopped by Ctrl-C."""
    args = _parser().parse_args(argv)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin for long stall where cores are shared
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        if args.assets:
            os.environ["HARNESS_ASSETS"] = str(args.assets)
        code: int = args.handler(args)
        return code
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nharness: stopped; the same command goes on from here", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # whoever read our output is gone
        return 0
    except Exception as error:
        from harness.privacy import describe

        print(f"harness: a bug of ours: {describe(error)}\n  -> please report this line", file=sys.stderr)
        return EXIT_BUG


# --------------------------------------------------------------------------- handlers


def _list(args: Args) -> int:
    from harness.plugins import KINDS, registry

    kinds = {f"{kind}s": kind for kind in KINDS}
    plugins = registry(args.plugin)
    for what in [args.what] if args.what else [*kinds, "models"]:
        print(f"{what}:")
        if what == "models":
            from harness.assets import status

            lines = [(one.name, f"{one.licence}, {'here' if one.present else 'not here'}") for one in status()]
        else:
            lines = [(e.name, e.summary or e.origin) for e in plugins.entries(kinds[what])]
        for name, text in lines:
            print(f"  {name:22} {text}")
    return 0


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

    with _cluster(args) as cluster:
        contest = _contest(args, told=_say_corpus, cluster=cluster)
        task = contest.task
        checked = ", ".join(f"{count} {what}" for what, count in contest.leak_check.items())
        drawn = f", a sample drawn with seed {contest.seed}: partial, never ranked" if contest.limit else ""
        looked = "targets cut out" if task.document == "note" else "copies of targets looked for"
        print(f"{len(contest.cases)} cases{drawn}; {looked}: {checked}")
        entered = enter(contest, args.system, label=args.label, overrides=parse_assignments(args.set))
    print("\n".join(entered.lines()))
    _print_handed_in(entered.handed_in, task)
    return 1 if entered.failed else 0


def _fit(args: Args) -> int:
    from harness.corpora import open_corpus
    from harness.lineup import find_lineup, parse_assignments, read_lineup
    from harness.tuning.fit import fit

    plugins, task = _task(args)
    lineup = read_lineup(find_lineup(args.lineup))
    split = args.split or task.default_split
    corpus = open_corpus(args.data, task, split)
    overrides = parse_assignments(args.set)
    for one in fit(args.system, task, corpus, split, lineup, plugins, overrides, prepare=args.prepare):
        print(one.folder if one.trained else f"prepared: {one.folder}\n  -> {one.command}")
    return 0


def _plan(args: Args) -> int:
    from harness.competitor import find_competitor
    from harness.corpora import open_corpus
    from harness.lineup import find_lineup, parse_assignments, read_lineup
    from harness.tuning.plan import plan

    plugins, task = _task(args)
    lineup = read_lineup(find_lineup(args.lineup))
    split = args.split or task.default_split
    competitor = find_competitor(args.system, plugins, lineup, task, parse_assignments(args.set))
    for line in plan(competitor, lineup, task, open_corpus(args.data, task, split), split):
        print(line, flush=True)
    return 0


def _merge(args: Args) -> int:
    from harness.errors import SettingsError
    from harness.lineup import ServerSettings, VllmSettings, find_lineup, read_lineup
    from harness.tuning.merge import merge

    engine = read_lineup(find_lineup(args.lineup)).engine
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
    from harness.corpora import open_corpus
    from harness.hand_in import import_submission
    from harness.lineup import find_lineup, read_lineup
    from harness.scoring import scoring_of

    plugins, task = _task(args)
    lineup = read_lineup(find_lineup(args.lineup))
    split = args.split or task.default_split
    corpus = open_corpus(args.data, task, split)
    with scoring_of(task, corpus, split, plugins, lineup, args.scorers, args.jobs) as scoring:
        handed_in = import_submission(args.file, args.label, task, corpus, split, scoring, args.out, lineup.team)
    _print_handed_in(handed_in, task)
    return 0


def _explain(args: Args) -> int:
    import shutil

    from harness.selection.explain import explain, lines

    contest = _contest(args, only=args.case)
    for one in explain(contest, args.system):
        title = f"{args.system}, case {args.case}, {contest.task.field(one.field).title}"
        print("\n".join(lines(one, title, shutil.get_terminal_size().columns)))
    return 0


def _pool_report(args: Args) -> int:
    from harness.files import private_folder, write_atomic
    from harness.selection.pool_report import report
    from harness.selection.pool_report_text import as_json, markdown, picture

    with _cluster(args) as cluster:
        contest = _contest(args, cluster=cluster)
        told = report(contest, args.system)
    titles = {field.name: field.title for field in contest.task.fields}
    text = markdown(told, titles)
    folder = private_folder(contest.folder(args.system if args.limit is None else f"{args.system}-limit{args.limit}"))
    made = {".gitignore": b"*\n", "pool-report.md": text.encode(), "pool-report.json": as_json(told).encode()}
    for name, data in {**made, "pool-report.svg": picture(told, titles)}.items():
        write_atomic(folder / name, data)
    print(f"{text}\n{folder / 'pool-report.md'}, .json and .svg")
    return 0


def _say_corpus(corpus: Corpus, split: str) -> None:
    print(f"{corpus.name} {split}: {'restricted' if corpus.restricted else 'public'}, {corpus.licence or 'no licence'}")
    for what, count in corpus.warnings(split).items():
        print(f"  note: {count} {what}")


def _cluster(args: Args) -> AbstractContextManager[Cluster | None]:
    """The workers that the arguments ask for, if they do; let go at the end."""
    from harness.cluster import open_cluster
    from harness.lineup import find_lineup, read_lineup

    hosts = read_lineup(find_lineup(args.lineup)).cluster.hosts
    return open_cluster(args.workers, args.ray, hosts) or nullcontext()


def _contest(
    args: Args,
    only: str = "",
    told: Callable[[Corpus, str], None] | None = None,
    cluster: Cluster | None = None,
) -> Contest:
    """The contest that the arguments name; `told` is told of the corpus before anything of it is prepared."""
    from harness.contest import open_contest
    from harness.corpora import open_corpus
    from harness.lineup import find_lineup, read_lineup

    plugins, task = _task(args)
    lineup = read_lineup(find_lineup(args.lineup))
    split = args.split or task.default_split
    corpus = open_corpus(args.data, task, split)
    if told:
        told(corpus, split)
    return open_contest(
        task,
        corpus,
        split,
        lineup,
        plugins,
        args.out,
        limit=args.limit,
        seed=args.seed,
        cut_leaks=args.cut_leaks,
        scorers=args.scorers,
        jobs=args.jobs,
        only=only,
        cluster=cluster,
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
    from harness.validate import summary, validate

    restrict()  # nobody says whose text stands in this file
    _, task = _task(args)
    split = args.split or task.default_split
    ids = open_corpus(args.data, task, split).ids(split) if args.data else None
    problems = validate(args.path, task, ids)
    print(summary(problems, task.submission.judge))
    return 1 if any(problem.level == "refused" for problem in problems) else 0


def _score(args: Args) -> int:
    from dataclasses import replace

    from harness.judge import Judgement, score_paths
    from harness.lineup import find_lineup, read_lineup

    plugins, task = _task(args)
    lineup = read_lineup(find_lineup(args.lineup))
    ids = _read_ids(args.ids) if args.ids else None
    judgement = Judgement(task, plugins, lineup, args.data, args.split, ids, args.scorers, args.jobs, args.variant)
    with _cluster(args) as cluster:
        scored = score_paths(args.paths, replace(judgement, cluster=cluster))
    if scored.entries:
        _print_boards(scored.entries, plugins, args, "md")
    for line in (*scored.missing, *scored.warnings):
        print(line)
    return _print_refusals(scored.refusals)


def _dry_run(args: Args) -> int:
    from harness.board.cells import four
    from harness.dry_run import dry_run
    from harness.judge import Judgement
    from harness.lineup import find_lineup, read_lineup
    from harness.validate import summary

    plugins, task = _task(args)
    lineup = read_lineup(find_lineup(args.lineup))
    ids = _read_ids(args.ids) if args.ids else None
    done = dry_run(args.file, Judgement(task, plugins, lineup, args.data, args.split, ids, args.scorers, args.jobs))
    print(summary(done.problems, task.submission.judge))
    if done.folder is None or done.official is None or done.corrected is None:
        return 1
    print(f"{done.folder}, which the server's container has at /app\n{'':12} official  corrected")
    for key, value in done.official.items():
        cells = ["n/a" if one is None else four(one) for one in (value, done.corrected[key])]
        print(f"{key:12} {cells[0]:>8}  {cells[1]:>9}")
    for line in done.missing:
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
        return frozenset(path.read_text(encoding="utf-8").split())
    except OSError as error:
        raise UsageError(f"--ids {path} cannot be read: {error.strerror}", todo="name a file, one id a line") from None
    except UnicodeDecodeError:
        raise UsageError(f"--ids {path} is not UTF-8", todo="name a text file, one id a line") from None


def _leaderboard(args: Args) -> int:
    from harness.entries import collect
    from harness.plugins import registry

    if args.private and args.format != "html":
        raise UsageError("--private is a report with texts", todo="write --format html --out FOLDER --private")
    collected = collect(args.dir)
    if collected.entries or not collected.refusals:
        plugins = registry(args.plugin)
        if args.format == "html":
            _report(collected.entries, plugins, args)
        else:
            _print_boards(collected.entries, plugins, args, args.format, args.out)
    return _print_refusals(collected.refusals)


def _report(entries: Sequence[Entry], plugins: Registry, args: Args) -> None:
    from harness.report.build import write_report

    if args.out is None:
        raise UsageError("a report is a folder", todo="say where it is to lie: --out FOLDER")
    print("\n".join(write_report(_boards(entries, plugins, args), args.out, private=args.private)))


def _print_refusals(refusals: Sequence[HarnessError]) -> int:
    for refusal in refusals:
        print(f"harness: {refusal}", file=sys.stderr)
    return 1 if refusals else 0


def _print_boards(entries: Sequence[Entry], plugins: Registry, args: Args, form: str, out: Path | None = None) -> None:
    from harness.board.text import render
    from harness.files import write_atomic

    text = render(_boards(entries, plugins, args), form)
    if out is None:
        print(text, end="")
        return
    try:
        write_atomic(out, text.encode())
    except OSError as error:
        raise UsageError(
            f"--out {out} cannot be written: {error.strerror}", todo="name a file in a folder that is there"
        ) from None


def _boards(entries: Sequence[Entry], plugins: Registry, args: Args) -> list[Board]:
    from harness.board.statistics import Wanted
    from harness.leaderboard import boards

    if not entries:
        raise UsageError("there is nothing scored here yet", todo="make submit SYSTEM=des")
    wanted = Wanted(resamples=args.resamples, compare=args.compare)
    return boards(entries, lambda name: plugins.entry("task", name).load()(), wanted)


def _purge(args: Args) -> int:
    from harness.purge import delete, derived, size
    from harness.workspace import workspace_folder

    folders = derived(args.data, args.out)
    for folder in folders:
        print(f"{size(folder) / 1e6:10.1f} MB  {folder}")
    print(f"searched: {workspace_folder()}, and {args.out} for runs; those elsewhere are found with --out DIR")
    if not folders:
        print("there is nothing that derives from it")
        return 0
    if not args.yes:
        if not sys.stdin.isatty():
            print("nothing was deleted: add --yes to delete these")
            return 0
        if input(f"delete these {len(folders)} folders? [y/N] ").strip().lower() != "y":
            return 0
    delete(folders, args.out)
    print(f"deleted {len(folders)} folders")
    return 0


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
    from harness.lineup import find_lineup, read_lineup

    if args.wheels:
        lineup = read_lineup(find_lineup(args.lineup))
        print("\n".join(export(args.file, lineup, args.extras, args.names).lines()))
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
    for result in check_file(args.file):
        print(result)
        failed |= not result.passed
    return 1 if failed else 0


def _task(args: Args) -> tuple[Registry, Task]:
    from harness.plugins import registry

    plugins = registry(args.plugin)
    task: Task = plugins.entry("task", args.task).load()()
    return plugins, task


# --------------------------------------------------------------------------- the table


class _Command(argparse.ArgumentParser):
    """A subcommand; `more` is help that is made when it is asked for."""

    more: Callable[[], str] | None = None

    def format_help(self) -> str:
        return super().format_help() + (f"\n{self.more()}\n" if self.more else "")


def _checks() -> str:
    from harness.validate import checks_help

    return checks_help()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness", description="A competition for language models that write discharge summaries."
    )
    parser.add_argument(
        "--assets", type=Path, help="folder of models, encoders and vocabularies (default: $HARNESS_ASSETS)"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Command)

    def command(name: str, handler: Callable[[Args], int], text: str, *groups: str) -> _Command:
        sub: _Command = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(handler=handler)
        for group in groups:
            _GROUPS[group](sub)
        return sub

    sub = command("list", _list, "what there is to use", "plugins")
    sub.add_argument("what", nargs="?", choices=["tasks", "systems", "scorers", "models"])

    sub = command("data", _data, "write a synthetic ward (six tables a split), or instruction pairs about other notes")
    sub.add_argument("action", choices=["synthesize", "primer"])
    sub.add_argument("--out", type=Path, required=True, metavar="PATH", help="a ward's folder, a primer's .jsonl[.gz]")
    sub.add_argument("--stays", type=int, default=64, metavar="N", help="stays of all splits together")
    sub.add_argument("--seed", type=int, default=0, metavar="S")
    sub.add_argument("--ward-version", type=int, metavar="N", help="a frozen version of the ward (default: the latest)")
    sub.add_argument("--shuffle", action="store_true", help="of a primer: every answer under another question")

    everything = ("plugins", "task", "data", "scoring", "out")
    sharing = (*everything, "cluster")
    sub = command("submit", _submit, "let a system compete: a scored submission.zip", *sharing, "system")
    _sample_group(sub)
    sub.add_argument("--as", dest="label", default="", metavar="LABEL", help="the run's name (default: the system's)")

    sub = command("explain", _explain, "why a pool chose what it chose for a case; shows its texts", *everything)
    sub.add_argument("system", metavar="SYSTEM", help="a pool that was submitted")
    sub.add_argument("case", metavar="CASE", help="the id of a case")
    _sample_group(sub)

    sub = command("pool-report", _pool_report, "what a pool gains over its best member, and by what", *sharing)
    sub.add_argument("system", metavar="SYSTEM", help="a pool; members are asked for what is missing")
    _sample_group(sub)

    asking = ("plugins", "task", "data", "lineup", "system")
    command("plan", _plan, "what a system's model needs: memory, disk and time; downloads no model", *asking)

    sub = command("fit", _fit, "train what a system learns, without letting it write", *asking)
    sub.add_argument("--prepare", action="store_true", help="only make it ready for `accelerate launch`")

    sub = command("merge", _merge, "put an adapter into its base for good: a model that any program loads", "lineup")
    sub.add_argument("adapter", type=Path, metavar="FOLDER", help="an adapter, as `harness fit` names it")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new model's folder (mode 0700)")
    sub.add_argument("--dtype", choices=["bfloat16", "float16", "float32"], default="bfloat16")

    sub = command("import", _import, "make a run of somebody's csv or zip", *everything)
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--as", dest="label", required=True, metavar="LABEL")

    sub = command("validate", _validate, "say everything that is wrong with a submission", "plugins", "task", "data")
    sub.add_argument("path", type=Path, metavar="PATH")
    sub.more = _checks

    judging = ("plugins", "task", "data", "scoring", "cluster", "statistics")
    sub = command("score", _score, "score runs, csv and zip files, folders of them", *judging)
    sub.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    sub.add_argument("--ids", type=Path, metavar="FILE", help="score only these cases, one id a line")
    sub.add_argument(
        "--variant",
        choices=["corrected", "official"],
        default="corrected",
        help="official: what the task's published script makes of the cases, bug for bug",
    )

    sub = command("leaderboard", _leaderboard, "one table of everything scored", "plugins", "statistics")
    sub.add_argument("dir", type=Path, nargs="?", default=Path("submissions"), metavar="DIR")
    sub.add_argument("--format", choices=["md", "csv", "latex", "json", "html"], default="md")
    sub.add_argument("--out", type=Path, metavar="F", help="a file; of html a folder")
    sub.add_argument("--private", action="store_true", help="of html: with the texts, a page for each case")

    sub = command("dry-run", _dry_run, "do with a zip what the task's server does", *everything[:-1])
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--ids", type=Path, metavar="FILE", help="the hidden cases, one id a line (default: all)")

    sub = command("ledger", _ledger, "what was scored on a corpus, when, and how often")
    sub.add_argument("--data", type=Path, metavar="DIR", help="the corpus (default: every one)")

    sub = command("purge", _purge, "list, then delete, all that derives from a corpus", "out")
    sub.add_argument("--data", type=Path, metavar="DIR", help="the corpus (default: every one)")
    sub.add_argument("--yes", action="store_true", help="delete without asking")

    sub = command("new", _new, "write a working system with its test")
    sub.add_argument("kind", choices=["system"])
    sub.add_argument("name", metavar="NAME")
    sub.add_argument("--dir", type=Path, default=Path(), metavar="DIR", help="where to (default: here)")

    sub = command("check", _check, "run the contract tests on a plugin file")
    sub.add_argument("file", type=Path, metavar="FILE")

    sub = command("assets", _assets, "models, encoders and vocabularies: list, fetch, export, import")
    actions = sub.add_subparsers(dest="action", metavar="list|fetch|export|import", required=True)
    actions.add_parser("list", help="what is there, how large, which licence")
    actions.add_parser("fetch", help="fetch and convert").add_argument("names", nargs="*", metavar="NAME")
    export = actions.add_parser("export", help="one file or folder for a machine without network")
    export.add_argument("file", type=Path, metavar="PATH", help="a file (.tar, .tar.gz), or with --wheels a folder")
    export.add_argument("names", nargs="*", metavar="NAME", help="assets (default: all)")
    export.add_argument("--wheels", action="store_true", help="a folder with all packages and the harness itself, too")
    _lineup_group(export)
    export.add_argument("--extras", type=_names, default=(), metavar="A,B", help="beside those that the lineup needs")
    actions.add_parser("import", help="take such a file in").add_argument("file", type=Path, metavar="FILE")
    return parser


def _plugins_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--plugin", type=Path, action="append", default=[], metavar="F", help="a file with a plugin")


def _task_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--task", default="discharge-me", metavar="T")


def _data_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--data", type=Path, metavar="DIR", help="folder of the tables (default: a synthetic ward)")
    sub.add_argument("--split", metavar="S", help="default: the task's")


def _sample_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--limit", type=int, metavar="N", help="only a seeded sample of N cases; never ranked")
    sub.add_argument("--seed", type=int, default=0, metavar="S")
    sub.add_argument("--cut-leaks", action="store_true", help="cut what is left of a target instead of stopping")


def _scoring_group(sub: argparse.ArgumentParser) -> None:
    _lineup_group(sub)
    sub.add_argument("--scorers", type=_names, default=(), metavar="A,B", help="who judges (default: the task's)")
    sub.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes that score (default: 1)")


def _cluster_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--workers", type=_count, metavar="N", help="Ray workers that share the work, on this machine")
    sub.add_argument("--ray", metavar="HOST:PORT", help="the workers are those of the Ray cluster with its head there")


def _statistics_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--resamples", type=_count, default=10_000, metavar="N", help="of the statistics (default: 10000)")
    sub.add_argument(
        "--compare", choices=["adjacent", "all"], default="adjacent", help="each row with the next one, or with all"
    )


def _lineup_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--lineup", metavar="F", help="a lineup's file or name (default: embedded)")


def _system_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("system", metavar="SYSTEM", help="an entry of the lineup, else a plugin's name")
    sub.add_argument("--set", action="append", default=[], metavar="K=V", help="a setting of the system")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _out_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--out", type=Path, default=Path("submissions"), metavar="DIR", help="folder of the runs")


_GROUPS = {
    "plugins": _plugins_group,
    "task": _task_group,
    "data": _data_group,
    "scoring": _scoring_group,
    "lineup": _lineup_group,
    "system": _system_group,
    "out": _out_group,
    "cluster": _cluster_group,
    "statistics": _statistics_group,
}


if __name__ == "__main__":
    sys.exit(main())
