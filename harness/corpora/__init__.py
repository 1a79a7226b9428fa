"""Sources of cases. `open_corpus` opens the one that a command is about, and restricts the process if it must."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.errors import CorpusError
from harness.files import private_folder
from harness.privacy import restrict
from harness.workspace import workspace_folder

if TYPE_CHECKING:
    from harness.types import Corpus, Task

WARD_STAYS = 64
WARD_SEED = 0


def open_corpus(data: Path | None, task: Task, split: str | None = None) -> Corpus:
    """The task's cases at `data`. Without `data` those that the task can do without: a task of six tables has a
    synthetic ward, which is written on first use.

    Everything is restricted that does not say it is public: then no connection leaves this process any more."""
    corpus = (task.corpus or _tables_or_ward)(data, task)
    if corpus.restricted:
        restrict()
    if split is not None and split not in corpus.splits():
        raise CorpusError(
            f"{corpus.data} has no split {split}", todo=f"choose one of {', '.join(corpus.splits()) or 'none'}: --split"
        )
    return corpus


def _tables_or_ward(data: Path | None, task: Task) -> Corpus:
    from harness.corpora.tables import open_tables

    return open_tables(data or _default_ward(), task)


def _default_ward() -> Path:
    from harness.corpora.synthetic import LATEST, synthesize

    folder = workspace_folder() / f"ward-{LATEST}-{WARD_STAYS}-{WARD_SEED}"
    if not folder.exists():
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=private_folder(workspace_folder())) as unfinished:
            ward = Path(unfinished) / folder.name
            synthesize(ward, WARD_STAYS, WARD_SEED)
            try:
                ward.rename(folder)
            except OSError:
                if not folder.exists():  # else another process wrote the same ward first
                    raise
    return folder


def default_wards() -> list[Path]:
    """The synthetic wards that were written on first use."""
    marked = workspace_folder().glob("ward-[0-9]*-[0-9]*/corpus.toml")
    return sorted(path.parent for path in marked)
