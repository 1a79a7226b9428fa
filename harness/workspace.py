"""The one root of everything that derives from a corpus, apart from the runs: `<workspace>/<corpus>/`, mode 0700.

Indexes, learned orders, embeddings and caches live here and in no user-wide cache, so that
`harness purge` can name and delete all of it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from harness.files import digest_bytes, private_folder, write_atomic


def workspace_folder() -> Path:
    return Path(os.environ.get("HARNESS_WORKSPACE", "workspace"))


def corpus_root(name: str, data: Path) -> Path:
    """The folder for what derives from the corpus at `data`; two corpora of one name have two folders."""
    return private_folder(root_path(name, data))


def root_path(name: str, data: Path) -> Path:
    return workspace_folder() / f"{name}-{digest_bytes(str(data.resolve()).encode())[:8]}"


def salt(root: Path) -> str:
    """A secret of this corpus's root, with which ids are hashed before they leave it."""
    path = root / "salt"
    if not path.exists():
        write_atomic(path, secrets.token_hex(16).encode())
    return path.read_text()
