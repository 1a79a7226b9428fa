"""Who competes, and who judges, with which settings: a TOML file.

    [engine]              kind, model and the engine's own settings
    [encoder]             model
    [systems.NAME]        plugin = "..." (default: NAME) and the plugin's settings
    [scorers.NAME]        the settings of the scorer NAME
    [cluster]             hosts: the machines of a Ray cluster that restricted text may be sent to
    [team]                who hands in: what the task's rules want told with a submission

A setting is checked against the annotation of the dataclass field that it sets. Numbers are finite: a run is known by
its settings, and nan is unlike itself.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import tomllib
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from harness.errors import SettingsError, unknown

T = TypeVar("T")

_LINEUPS = Path(__file__).resolve().parent.parent / "lineups"
DEFAULT_LINEUP = _LINEUPS / "embedded.toml"
_TABLES = ("title", "engine", "encoder", "systems", "scorers", "cluster", "team")


@dataclass(frozen=True)
class EngineSettings:
    """The engine `transformers`. `model` is the name of an asset or the folder of a local model. `threads` of 0
    leaves the number to torch; `batch_size` prompts at most, `batch_tokens` padded tokens at most go into a batch.
    `quantisation` of "nf4" holds the weights in 4 bits."""

    kind: str = "transformers"
    model: str = "smollm2-135m-instruct"
    dtype: str = "auto"
    device: str = "auto"
    threads: int = 0
    batch_size: int = 8
    batch_tokens: int = 16384
    chat: bool = True
    quantisation: Literal["none", "nf4"] = "none"

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.batch_tokens < 1 or self.threads < 0:
            raise ValueError("batch_size and batch_tokens take 1 or more, threads 0 or more")


@dataclass(frozen=True)
class VllmSettings:
    """The engine `vllm`. `model` is the name of an asset or the folder of a local model, which may be quantised already
    (AWQ, GPTQ and others); `quantisation` of "fp8" or "int8" rounds its weights while they are loaded. vLLM is given
    `batch_size` prompts at a time, and schedules them as it sees fit. It holds `memory_share` of the memory of each of
    the `tensor_parallel` devices, on a processor that share of the machine's for its cache (0: nine tenths of a device,
    an eighth of a machine). `context_length` (tokens) of 0 is the model's own. With `enforce_eager` nothing is
    compiled: it starts sooner, and writes more slowly. `threads` of 0 leaves the number to torch."""

    kind: str = "vllm"
    model: str = "smollm2-135m-instruct"
    dtype: str = "auto"
    quantisation: Literal["none", "fp8", "int8"] = "none"
    tensor_parallel: int = 1
    context_length: int = 0
    memory_share: float = 0.0
    batch_size: int = 1024
    enforce_eager: bool = False
    threads: int = 0
    chat: bool = True

    def __post_init__(self) -> None:
        if self.tensor_parallel < 1 or self.batch_size < 1 or self.context_length < 0:
            raise ValueError("tensor_parallel and batch_size take 1 or more, context_length 0 or more")
        if self.threads < 0:
            raise ValueError("threads takes 0 or more")
        if not 0 <= self.memory_share < 1:
            raise ValueError("memory_share takes a share: from 0 (the engine's choice) to less than 1")

    @property
    def learner(self) -> EngineSettings:
        """The model as it is trained: vLLM only writes."""
        return EngineSettings(model=self.model, threads=self.threads, chat=self.chat)


_OURS = ("model", "messages", "prompt", "stream", "n", "max_tokens", "temperature", "top_p", "seed", "stop")


@dataclass(frozen=True)
class ServerSettings:
    """The engine `server`: an endpoint that speaks OpenAI's API, at `url` (such as http://127.0.0.1:8000/v1).

    `model` is the server's name for the model; it may be left out where the server has one alone. Without `chat` the
    messages are joined by blank lines and completed as they stand. At most `concurrency` requests are under way; each
    waits `timeout` seconds for its answer and is made again up to `retries` times. `hosts` names the hosts, besides
    this machine, that texts of a restricted corpus may be sent to. `api_key_env` names the environment variable that
    holds the key, never the key. `tokenizer` (the name of an asset, or a folder) and `context_length` (tokens) serve
    where the server does not count or does not say. `extra` goes into each request as it is: what this server
    understands beyond OpenAI's API, or logprobs = false for one that refuses to give log-probabilities.
    """

    kind: str = "server"
    url: str = ""
    model: str = ""
    chat: bool = True
    concurrency: int = 8
    timeout: float = 600.0
    retries: int = 8
    hosts: tuple[str, ...] = ()
    api_key_env: str = ""
    tokenizer: str = ""
    context_length: int = 0
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError; no message repeats a value in which a key or a password may stand."""
        if not _is_plain_url(self.url):
            raise ValueError("url takes http://HOST:PORT/v1 or https://HOST/v1, without user, password or query")
        if self.api_key_env and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", self.api_key_env):
            raise ValueError("api_key_env takes the name of an environment variable, in capitals, and never a key")
        for host in self.hosts:
            if not host or "/" in host or "@" in host or re.search(r"[^:]:\d+$", host):
                raise ValueError("hosts takes names or addresses of hosts, without scheme and port")
        if self.concurrency < 1 or self.timeout <= 0 or self.retries < 0 or self.context_length < 0:
            raise ValueError("concurrency takes 1 or more, timeout more than 0, retries and context_length 0 or more")
        if taken := sorted(set(self.extra) & set(_OURS)):
            raise ValueError(f"extra may not hold {', '.join(taken)}: that is for the system or for [engine] to say")
        try:
            json.dumps(self.extra)
        except TypeError:
            raise ValueError("extra takes what JSON can say: texts, numbers, true and false, lists, tables") from None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


def _is_plain_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    named = bool(parts.hostname) and parts.username is None and parts.password is None
    return parts.scheme in ("http", "https") and named and not parts.query and not parts.fragment


AnyEngineSettings: TypeAlias = EngineSettings | VllmSettings | ServerSettings

_ENGINES: Mapping[str, type[AnyEngineSettings]] = {
    "transformers": EngineSettings,
    "vllm": VllmSettings,
    "server": ServerSettings,
}


@dataclass(frozen=True)
class EncoderSettings:
    """What turns texts into vectors: the name of an asset or a local folder."""

    model: str = "minilm-l6"
    threads: int = 0


@dataclass(frozen=True)
class TeamSettings:
    """What the manifest says of those who hand in: their name, a line on their system, and data and models that they
    used beside those that the manifest names by itself."""

    name: str = ""
    description: str = ""
    external_data: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterSettings:
    """`hosts` names the machines of a Ray cluster, besides this one, that text of a restricted corpus may be sent to:
    names, addresses, or networks (such as 10.42.0.0/16, where somebody else hands out the addresses)."""

    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for host in self.hosts:
            if "/" in host:
                ip_network(host)


@dataclass(frozen=True)
class Entrant:
    """A system of the lineup: its name there, the plugin behind it, and the settings that the lineup gives."""

    name: str
    plugin: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Lineup:
    path: Path
    engine: AnyEngineSettings
    encoder: EncoderSettings
    entrants: Mapping[str, Entrant]
    scorers: Mapping[str, Mapping[str, Any]]
    cluster: ClusterSettings = ClusterSettings()
    team: TeamSettings = TeamSettings()

    def entrant(self, name: str, plugins: Sequence[str]) -> Entrant:
        """The entry of this name, else the plugin of this name with its default settings."""
        if name in self.entrants:
            return self.entrants[name]
        if name in plugins:
            return Entrant(name, name, {})
        raise unknown("system", name, sorted({*self.entrants, *plugins}))


def find_lineup(name: str | None) -> Path:
    """A lineup's file: a path, the name of one that is shipped, or the default."""
    if name is None:
        return DEFAULT_LINEUP
    path, shipped = Path(name), _LINEUPS / f"{name.removesuffix('.toml')}.toml"
    if path.is_file():
        return path
    if path.name == name and shipped.is_file():
        return shipped
    raise SettingsError(
        f"there is no lineup {name}",
        todo=f"give a file, or one of {', '.join(sorted(p.stem for p in _LINEUPS.glob('*.toml')))}",
    )


def read_lineup(path: Path) -> Lineup:
    """Read a lineup. Raises SettingsError with file and key (and line, for broken TOML)."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}", todo="mend the TOML") from None
    for key in sorted(data.keys() - set(_TABLES)):
        raise SettingsError(f"{path}: unknown table [{key}]", todo=f"there are: {', '.join(_TABLES)}")
    systems, scorers = _table(data, "systems", path), _table(data, "scorers", path)
    return Lineup(
        path,
        _engine(_table(data, "engine", path), f"{path} [engine]"),
        build(EncoderSettings, _table(data, "encoder", path), f"{path} [encoder]"),
        {name: _entrant(name, _table(systems, name, path, "systems."), path) for name in systems},
        {name: _table(scorers, name, path, "scorers.") for name in scorers},
        build(ClusterSettings, _table(data, "cluster", path), f"{path} [cluster]"),
        build(TeamSettings, _table(data, "team", path), f"{path} [team]"),
    )


def _table(data: Mapping[str, Any], name: str, path: Path, above: str = "") -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {above}{name} is no table", todo=f"write [{above}{name}], its settings below")
    return table


def _engine(table: Mapping[str, Any], where: str) -> AnyEngineSettings:
    kind = _checked(table.get("kind", "transformers"), str, f"{where}: kind")
    if kind not in _ENGINES:
        raise SettingsError(f"{where}: there is no engine '{kind}'", todo=f"there are: {', '.join(_ENGINES)}")
    return build(_ENGINES[kind], table, where)


def _entrant(name: str, table: Mapping[str, Any], path: Path) -> Entrant:
    plugin = _checked(table.get("plugin", name), str, f"{path} [systems.{name}]: plugin")
    return Entrant(name, plugin, {key: value for key, value in table.items() if key != "plugin"})


def build(cls: type[T], values: Mapping[str, Any], where: str, given: Mapping[str, Any] | None = None) -> T:
    """Make a settings dataclass from values, each checked against its field's annotation. What is `given` on the
    command line wins over the others.

    Raises SettingsError that names `where` or --set, the setting, what it takes and what it got."""
    given = given or {}
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    checked = {}
    for name, value in {**values, **given}.items():
        place = "--set" if name in given else where
        _refuse_unknown(name, fields, place)
        checked[name] = _checked(value, hints[name], f"{place}: {name}")
    missing = [
        n
        for n, f in fields.items()
        if n not in checked and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise SettingsError(f"{where}: no value for {', '.join(missing)}", todo=f"add --set {missing[0]}=VALUE")
    try:
        return cls(**checked)
    except ValueError as error:
        if given:
            where = f"{where} and --set" if values else "--set"
        raise SettingsError(f"{where}: {error}", todo="correct it in the lineup or after --set") from None


def _refuse_unknown(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        near = unknown("setting", name, sorted(known))
        raise SettingsError(f"{where}: {near.what}", todo=near.todo)


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """`k=v` from the command line: v as TOML where it is TOML, else as text."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        if not sign or not key:
            raise SettingsError(f"--set {assignment}: this is not name=value", todo="write --set shots=3")
        try:
            values[key] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[key] = text
    return values


def _checked(value: Any, hint: Any, where: str) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(f"{where}: {value} is no finite number", todo="correct it in the lineup or after --set")
    if hint is Any:
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
        for one in inner:
            _checked(one, Any, where)
        return value
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        if value in args:
            return value
        raise _mismatch(where, f"one of {', '.join(map(repr, args))}", value)
    if origin is tuple:
        if isinstance(value, (list, tuple)):
            return tuple(_checked(v, args[0], where) for v in value)
        raise _mismatch(where, f"a list of {_name(args[0])}", value)
    if origin in (typing.Union, types.UnionType):
        if value == "none" and type(None) in args:
            return None
        for option in args:
            try:
                return _checked(value, option, where)
            except SettingsError:
                continue
        raise _mismatch(where, " or ".join(_name(a) for a in args), value)
    if origin is Mapping or typing.is_typeddict(hint):
        if not isinstance(value, Mapping):
            raise _mismatch(where, "a table", value)
        hints = typing.get_type_hints(hint) if origin is None else dict.fromkeys(value, args[1])
        for name in value:
            _refuse_unknown(name, hints, where)
        return {name: _checked(v, hints[name], f"{where}.{name}") for name, v in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise _mismatch(where, _name(hint), value)


def _name(hint: Any) -> str:
    if hint is type(None):
        return "None"
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _mismatch(where: str, wanted: str, value: Any) -> SettingsError:
    return SettingsError(f"{where}: takes {wanted}, not {value!r}", todo="correct it in the lineup or after --set")
