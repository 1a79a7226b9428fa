"""The one root of everything that derives from a corpus, apart from the runs: `<workspace>/<corpus>/`, mode 0700.

Indexes, learned orders, embeddings and caches live here and in no user-wide cache, so that
`harness purge` can name and delete all of it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from harness.files import digest_bytes, private_folder, write_atomic

MARK_FILE = ".gitignore"
_MARK = b"# made by discharge-harness, which deletes this folder on purge\n*\n"
"""Stands in every root: git keeps out, and purge tells our folders from other people's."""


def workspace_folder() -> Path:
    return Path(os.environ.get("HARNESS_WORKSPACE", "workspace"))


def corpus_root(name: str, data: Path) -> Path:
    """The folder for what derives from the corpus at `data`; two corpora of one name have two folders."""
    root = private_folder(workspace_folder() / f"{name}-{_digest(data)}")
    if not (root / MARK_FILE).exists():
        write_atomic(root / MARK_FILE, _MARK)
    return root


def corpus_roots(data: Path | None = None) -> list[Path]:
    """The roots that `corpus_root` made for the corpus at `data`, whatever it was called then, or for any corpus. Where
    `data` is given the name is enough: a command that goes on after a purge makes the root anew without its mark."""
    if data is not None:
        return sorted(root for root in workspace_folder().glob(f"*-{_digest(data)}") if root.is_dir())
    marks = workspace_folder().glob(f"*-{'[0-9a-f]' * 8}/{MARK_FILE}")
    return sorted(mark.parent for mark in marks if mark.is_file() and mark.read_bytes() == _MARK)


def is_root_of(name: str, data: Path) -> bool:
    """Whether a folder of this name is a root that `corpus_root` made for the corpus at `data`, or was one."""
    return name.endswith(f"-{_digest(data)}")


def _digest(data: Path) -> str:
    return digest_bytes(str(data.resolve()).encode())[:8]


def salt(root: Path) -> str:
    """A secret of this corpus's root, with which ids are hashed before they leave it."""
    path = root / "salt"
    if not path.exists():
        write_atomic(path, secrets.token_hex(16).encode())
    return path.read_text()
