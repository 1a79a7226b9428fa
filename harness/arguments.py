"""What the commands are called with: the table of subcommands and their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Handler = Callable[[argparse.Namespace], int]

_RUN = ("plugins", "task", "data", "scoring", "out")
"""The groups of whatever makes a run, or looks into one."""


class Command(argparse.ArgumentParser):
    """A subcommand; `more` is help that is made when it is asked for."""

    more: Callable[[], str] | None = None

    def format_help(self) -> str:
        return super().format_help() + (f"\n{self.more()}\n" if self.more else "")


@dataclass(frozen=True)
class Table:
    """The table as it is filled: `handlers` by the names of their commands."""

    commands: argparse._SubParsersAction[Command]
    handlers: Mapping[str, Handler]

    def add(self, name: str, text: str, *groups: str) -> Command:
        sub = self.commands.add_parser(name, help=text, description=text)
        sub.set_defaults(handler=self.handlers[name])
        for group in groups:
            _GROUPS[group](sub)
        return sub


def parser(handlers: Mapping[str, Handler]) -> argparse.ArgumentParser:
    """The parser of the whole command line; what it reads has the `handler` of the command."""
    whole = argparse.ArgumentParser(
        prog="harness", description="A competition for language models that write discharge summaries."
    )
    whole.add_argument(
        "--assets",
        type=Path,
        metavar="DIR",
        help="folder of models, encoders and vocabularies (default: $HARNESS_ASSETS, else ~/.cache/discharge-harness)",
    )
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Command)
    table = Table(commands, handlers)
    for fill in (_what_there_is, _competing, _tuning, _judging, _keeping, _plugins, _assets):
        fill(table)
    return whole


def _what_there_is(table: Table) -> None:
    sub = table.add("list", "what there is to use", "plugins", "lineup")
    sub.add_argument("what", nargs="?", choices=["tasks", "systems", "scorers", "models"])

    sub = table.add("data", "write a synthetic ward, or instruction pairs about other notes")
    actions = sub.add_subparsers(dest="action", metavar="synthesize|primer", required=True)
    ward = actions.add_parser("synthesize", help="a ward: six tables a split")
    primer = actions.add_parser("primer", help="instruction pairs about notes of other stays")
    for action, where in ((ward, "its folder"), (primer, "its file, .jsonl or .jsonl.gz")):
        action.add_argument("--out", type=Path, required=True, metavar="PATH", help=where)
        action.add_argument("--stays", type=int, default=64, metavar="N", help="in all (default: 64)")
        action.add_argument("--seed", type=int, default=0, metavar="S", help="of all that is drawn (default: 0)")
    ward.add_argument("--ward-version", type=int, metavar="N", help="a frozen version of it (default: the latest)")
    primer.add_argument("--shuffle", action="store_true", help="every answer under another question")


def _competing(table: Table) -> None:
    sub = table.add("submit", "let a system compete: a scored submission.zip", *_RUN, "cluster", "system", "label")
    _sample_group(sub)

    text = "why a pool that was submitted chose what it chose for a case; shows its texts"
    sub = table.add("explain", text, *_RUN, "system", "label")
    sub.add_argument("case", metavar="CASE", help="the id of a case")
    _sample_group(sub)

    text = "what a pool gains over its best member, and by what; members are asked for what is missing"
    sub = table.add("pool-report", text, *_RUN, "cluster", "system", "label")
    _sample_group(sub)


def _tuning(table: Table) -> None:
    asking = ("plugins", "task", "data", "lineup", "system")
    table.add("plan", "what a system's model needs: memory, disk and time; downloads no model", *asking)

    sub = table.add("fit", "train what a system learns, without letting it write", *asking)
    sub.add_argument("--prepare", action="store_true", help="only make it ready for `accelerate launch`")

    sub = table.add("merge", "put an adapter into its base for good: a model that any program loads", "lineup")
    sub.add_argument("adapter", type=Path, metavar="FOLDER", help="an adapter, as `harness fit` names it")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new model's folder (mode 0700)")
    sub.add_argument("--dtype", choices=["bfloat16", "float16", "float32"], default="bfloat16")


def _judging(table: Table) -> None:
    sub = table.add("import", "make a run of somebody's csv or zip", *_RUN)
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--as", dest="label", required=True, metavar="LABEL")

    sub = table.add("validate", "say everything that is wrong with a submission", "plugins", "task", "split")
    sub.add_argument("--data", type=Path, metavar="DIR", help="folder of the tables; without it no id is looked up")
    sub.add_argument("path", type=Path, metavar="PATH")
    sub.more = _checks

    judging = ("plugins", "task", "split", "scoring", "cluster", "board")
    sub = table.add("score", "score runs, csv and zip files, folders of them", *judging)
    sub.add_argument("--data", type=Path, metavar="DIR", help="folder of the tables (default: a run's own)")
    sub.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    sub.add_argument("--ids", type=Path, metavar="FILE", help="score only these cases, one id a line")
    sub.add_argument(
        "--variant",
        choices=["corrected", "official"],
        default="corrected",
        help="official: what the task's published script makes of the cases, bug for bug",
    )

    sub = table.add("leaderboard", "one table of everything scored", "plugins", "board")
    sub.add_argument("dir", type=Path, nargs="?", default=Path("submissions"), metavar="DIR")
    sub.add_argument("--private", action="store_true", help="of html: with the texts, a page for each case")

    sub = table.add("dry-run", "do with a zip what the task's server does", "plugins", "task", "data", "scoring")
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--ids", type=Path, metavar="FILE", help="the hidden cases, one id a line (default: all)")


def _keeping(table: Table) -> None:
    sub = table.add("ledger", "what was scored on a corpus, when, and how often")
    sub.add_argument("--data", type=Path, metavar="DIR", help="the corpus (default: every one)")

    sub = table.add("purge", "list, then delete, all that derives from a corpus", "out")
    sub.add_argument("--data", type=Path, metavar="DIR", help="the corpus (default: every one)")
    sub.add_argument("--yes", action="store_true", help="delete without asking")


def _plugins(table: Table) -> None:
    sub = table.add("new", "write a working system with its test")
    sub.add_argument("kind", choices=["system"])
    sub.add_argument("name", metavar="NAME")
    sub.add_argument("--dir", type=Path, default=Path(), metavar="DIR", help="where to (default: here)")

    sub = table.add("check", "run the contract tests on a plugin file", "plugins")
    sub.add_argument("file", type=Path, metavar="FILE")


def _assets(table: Table) -> None:
    sub = table.add("assets", "models, encoders and vocabularies: list, fetch, export, import")
    actions = sub.add_subparsers(dest="action", metavar="list|fetch|export|import", required=True)
    actions.add_parser("list", help="what is there, how large, which licence")
    actions.add_parser("fetch", help="fetch and convert").add_argument("names", nargs="*", metavar="NAME")
    export = actions.add_parser("export", help="one file or folder for a machine without network")
    export.add_argument("file", type=Path, metavar="PATH", help="a file (.tar, .tar.gz, .tgz); with --wheels a folder")
    export.add_argument("names", nargs="*", metavar="NAME", help="assets (default: all)")
    export.add_argument("--wheels", action="store_true", help="a folder with all packages and the harness itself, too")
    _lineup_group(export)
    export.add_argument("--extras", type=_names, default=(), metavar="A,B", help="beside those that the lineup needs")
    actions.add_parser("import", help="take such a file in").add_argument("file", type=Path, metavar="FILE")


def _checks() -> str:
    from harness.validate import checks_help

    return checks_help()


# --------------------------------------------------------------------------- what several commands share


def _plugins_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--plugin", type=Path, action="append", default=[], metavar="F", help="a file with a plugin")


def _task_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--task", default="discharge-me", metavar="T", help="default: discharge-me")


def _data_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--data", type=Path, metavar="DIR", help="folder of the tables (default: a synthetic ward)")
    _split_group(sub)


def _split_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--split", metavar="S", help="default: the task's")


def _sample_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--limit", type=int, metavar="N", help="only a seeded sample of N cases; never ranked")
    sub.add_argument("--seed", type=int, default=0, metavar="S", help="of the sample and of the systems (default: 0)")
    sub.add_argument("--cut-leaks", action="store_true", help="cut what is left of a target instead of stopping")


def _scoring_group(sub: argparse.ArgumentParser) -> None:
    _lineup_group(sub)
    sub.add_argument("--scorers", type=_names, default=(), metavar="A,B", help="who judges (default: the task's)")
    sub.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes that score (default: 1)")


def _cluster_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--workers", type=_count, metavar="N", help="Ray workers that share the work, on this machine")
    sub.add_argument("--ray", metavar="HOST:PORT", help="the workers are those of the Ray cluster with its head there")


def _board_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--format", choices=["md", "csv", "latex", "json", "html"], default="md")
    sub.add_argument("--out", type=Path, metavar="F", help="a file; of html a folder")
    sub.add_argument("--resamples", type=_count, default=10_000, metavar="N", help="of the statistics (default: 10000)")
    sub.add_argument(
        "--compare", choices=["adjacent", "all"], default="adjacent", help="each row with the next one, or with all"
    )


def _lineup_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--lineup", metavar="F", help="a lineup's file or name (default: embedded)")


def _system_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("system", metavar="SYSTEM", help="an entry of the lineup, else a plugin's name")
    sub.add_argument("--set", action="append", default=[], metavar="K=V", help="a setting of the system")


def _label_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--as", dest="label", default="", metavar="LABEL", help="the run's name (default: the system's)")


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
    "split": _split_group,
    "scoring": _scoring_group,
    "lineup": _lineup_group,
    "system": _system_group,
    "label": _label_group,
    "out": _out_group,
    "cluster": _cluster_group,
    "board": _board_group,
}
