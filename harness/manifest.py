"""The identity that travels with a submission: built here, written beside the csv, read again."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import assets
from harness.competitor import Competitor
from harness.errors import SubmissionError
from harness.files import canonical_json, write_atomic
from harness.lineup import ServerSettings, TeamSettings
from harness.resources import Resources
from harness.run import Generated
from harness.score import ids_digest
from harness.tuning.origin import Origin, external
from harness.types import Corpus, Manifest, Task

FILE = "manifest.json"
REVISION = "REVISION"
"""The file that says of which commit a checkout is that was carried to a machine without a network, without its git."""
_PACKAGES = ("discharge-harness", "torch", "transformers", "numpy", "rouge-score", "nltk", "rapidfuzz", "datasets")
_HOUSE = Path(__file__).resolve().parent.parent
_CODE = ("harness", "systems", "scorers", "lineups", "pyproject.toml")
"""What makes the texts and the scores: a model or a report that lies in a checkout changes neither."""
_AGAIN = "submit or import again"


def begin(task: Task, corpus: Corpus, split: str, ids: Sequence[str], label: str) -> Manifest:
    """The manifest of a file that somebody handed in: what is known whoever made it."""
    return Manifest(
        task=task.name,
        task_version=task.version,
        corpus=corpus.name,
        corpus_digest=corpus.digest(split),
        restricted=corpus.restricted,
        split=split,
        cases=len(ids),
        partial=False,
        ids_digest=ids_digest(ids),
        system=label,
        label=label,
        settings={},
        seed=0,
        origin="imported",
        model_digests={},
        packages=packages(),
        revision=revision(),
        hosts=(),
        leak_check={},
        candidates_digest="",
        csv_digest="",
    )


def signed(manifest: Manifest, team: TeamSettings) -> Manifest:
    """The manifest with who hands in."""
    external = (*manifest.external_data, *team.external_data)
    return replace(manifest, team=team.name, description=team.description, external_data=external)


@cache
def packages() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def revision() -> str:
    """The git commit of the harness, with a + where its code or line-ups differ from it; empty outside a checkout. Of a
    checkout that was carried here, what it had where it came from. Read once a process: what is imported stays as it
    was."""
    if (_HOUSE / REVISION).is_file():
        return (_HOUSE / REVISION).read_text(encoding="utf-8").strip()
    git = ["git", "-C", str(_HOUSE)]
    try:
        asked = subprocess.run([*git, "rev-parse", "--show-prefix", "HEAD"], capture_output=True, text=True, check=True)
        prefix, head = asked.stdout.splitlines()
        if prefix:  # somebody else's repository, in which the harness is installed
            return ""
        status = [*git, "status", "--porcelain", "--", *_CODE]
        changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + "+" * bool(changed.strip())


def models(competitors: Sequence[Competitor], resources: Resources) -> tuple[dict[str, str], tuple[str, ...]]:
    """(digests of the models that the systems read, what the task's disclosure rule wants named of them). The digest
    of a model behind a server is that of what the server says of it."""
    needs = {need for competitor in competitors for need in competitor.tag.needs}
    engine, names, served = resources.lineup.engine, [], {}
    if "engine" in needs and isinstance(engine, ServerSettings):
        served[str(resources.engine_identity["model"])] = resources.digest_of("engine")
    elif "engine" in needs:
        names.append(engine.model)
    if needs & {"encoder", "guide"}:
        names.append(resources.lineup.encoder.model)
    digests = {Path(name).name: assets.digest(name) for name in names}
    told = [f"{name} (as a server names it)" for name in served]
    return {**served, **digests}, (*told, *map(assets.disclosure, names))


def lessons_from(origins: Iterable[Origin]) -> tuple[str, ...]:
    """What the task's disclosure rule wants named of what adapters were taught, beside the train split."""
    return tuple(sorted({name for one in origins for name in external(one)}))


def candidates_digest(generated: Generated) -> str:
    """Digest of all candidates by place, leaving out how long each took and its log-probability, the last bits of
    which are not the same in every process."""
    hashed = hashlib.sha256(b"[")  # piece by piece what `digest` makes of the list of all places
    for at, place in enumerate(sorted(generated.candidates)):
        timeless = [replace(candidate, seconds=None, logprob=None) for candidate in generated.candidates[place]]
        hashed.update(f"{',' if at else ''}{canonical_json(timeless)}".encode())
    hashed.update(b"]")
    return hashed.hexdigest()


def write(manifest: Manifest, folder: Path) -> None:
    write_atomic(folder / FILE, json.dumps(json.loads(canonical_json(manifest)), indent=1).encode() + b"\n")


def read(folder: Path) -> Manifest:
    """Raises SubmissionError where there is none, one that is torn or somebody else's, or one of another schema."""
    path = folder / FILE
    try:
        data: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SubmissionError(f"{folder} holds no {FILE}", todo="submit or import into it first") from None
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict):
        raise SubmissionError(f"{path} is no manifest of a run", todo=_AGAIN)
    if data.get("schema") != Manifest.schema:
        raise SubmissionError(f"{path} has another schema than {Manifest.schema}", todo=_AGAIN)
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    try:
        return Manifest(**plain)
    except TypeError:
        raise SubmissionError(f"{path} is no whole manifest of a run", todo=_AGAIN) from None
