"""Lineups: settings checked against their annotations, messages by their text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import Pool
from harness.competitor import find_competitor
from harness.errors import PluginError, SettingsError
from harness.lineup import (
    DEFAULT_LINEUP,
    EngineSettings,
    Entrant,
    build,
    find_lineup,
    parse_assignments,
    read_lineup,
)
from harness.panel import choose
from harness.plugins import registry
from harness.selection import objective
from harness.types import PoolSystem

LINEUPS = sorted(DEFAULT_LINEUP.parent.glob("*.toml"))


class Table(TypedDict, total=False):
    names: tuple[str, ...]
    heat: float


@dataclass(frozen=True)
class Settings:
    shots: int = 1
    heat: float = 0.0
    chat: bool = True
    model: str = "small"
    pick: Literal["nearest", "random"] = "nearest"
    members: tuple[str, ...] = ()
    limit: int | None = None
    style: str | None = "terse"
    tables: Mapping[str, Table] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Demanding:
    adapter: str
    rank: int = 8


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def message(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_lineup(written(tmp_path, text))
    return str(caught.value).replace(str(tmp_path), "")


# --------------------------------------------------------------------------- one setting


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Settings()),
        ({"shots": 3, "chat": False}, Settings(shots=3, chat=False)),
        ({"heat": 1}, Settings(heat=1.0)),
        ({"pick": "random"}, Settings(pick="random")),
        ({"members": ["lead", "nearest"]}, Settings(members=("lead", "nearest"))),
        ({"limit": 5}, Settings(limit=5)),
        ({"limit": "none"}, Settings(limit=None)),
        ({"style": "none"}, Settings(style=None)),
        ({"style": "nonesuch"}, Settings(style="nonesuch")),
        ({"tables": {"a": {"names": ["x"]}, "b": {}}}, Settings(tables={"a": {"names": ("x",)}, "b": {}})),
        ({"extra": {"a": [1, "two"]}}, Settings(extra={"a": [1, "two"]})),
    ],
)
def test_values_become_settings(values: dict[str, Any], expected: Settings) -> None:
    made = build(Settings, values, "here")
    assert made == expected
    assert type(made.heat) is float


TODO = "\n  -> correct it in the lineup or after --set"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"shots": "three"}, "here: shots: takes int, not 'three'" + TODO),
        ({"shots": 3.0}, "here: shots: takes int, not 3.0" + TODO),
        ({"shots": True}, "here: shots: takes int, not True" + TODO),
        ({"heat": "warm"}, "here: heat: takes float, not 'warm'" + TODO),
        ({"chat": 1}, "here: chat: takes bool, not 1" + TODO),
        ({"model": 8}, "here: model: takes str, not 8" + TODO),
        ({"pick": "best"}, "here: pick: takes one of 'nearest', 'random', not 'best'" + TODO),
        ({"pick": ["nearest"]}, "here: pick: takes one of 'nearest', 'random', not ['nearest']" + TODO),
        ({"members": ["lead", 2]}, "here: members: takes str, not 2" + TODO),
        ({"members": "lead"}, "here: members: takes a list of str, not 'lead'" + TODO),
        ({"limit": "many"}, "here: limit: takes int or None, not 'many'" + TODO),
        ({"extra": 3}, "here: extra: takes a table, not 3" + TODO),
        ({"tables": {"a": 3}}, "here: tables.a: takes a table, not 3" + TODO),
        ({"tables": {"a": {"heat": "warm"}}}, "here: tables.a.heat: takes float, not 'warm'" + TODO),
        ({"tables": {"a": {"haet": 1.0}}}, "here: tables.a: there is no setting 'haet'\n  -> did you mean heat?"),
        ({"heat": math.nan}, "here: heat: nan is no finite number" + TODO),
        ({"heat": -math.inf}, "here: heat: -inf is no finite number" + TODO),
        ({"limit": math.inf}, "here: limit: inf is no finite number" + TODO),
        ({"tables": {"a": {"heat": math.nan}}}, "here: tables.a.heat: nan is no finite number" + TODO),
        ({"extra": {"a": [1, {"b": math.nan}]}}, "here: extra.a: nan is no finite number" + TODO),
        ({"shotts": 3}, "here: there is no setting 'shotts'\n  -> did you mean shots?"),
        (
            {"zzz": 3},
            "here: there is no setting 'zzz'\n"
            "  -> there are: chat, extra, heat, limit, members, model, pick, shots, style, tables",
        ),
    ],
)
def test_wrong_values_are_named(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build(Settings, values, "here")
    assert str(caught.value) == expected


def test_a_setting_without_a_value_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        build(Demanding, {"rank": 4}, "mine.toml [systems.tuned]")
    assert str(caught.value) == "mine.toml [systems.tuned]: no value for adapter\n  -> add --set adapter=VALUE"
    assert build(Demanding, {"adapter": "a"}, "") == Demanding("a", 8)


# --------------------------------------------------------------------------- --set


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("shots=3", {"shots": 3}),
        ("heat=0.7", {"heat": 0.7}),
        ("chat=false", {"chat": False}),
        ("pick=random", {"pick": "random"}),
        ('model="8"', {"model": "8"}),
        ("model=a=b", {"model": "a=b"}),
        ("model=", {"model": ""}),
        ('members=["lead","nearest"]', {"members": ["lead", "nearest"]}),
        ("model=meta-llama/Llama 3 # 8B", {"model": "meta-llama/Llama 3 # 8B"}),
    ],
)
def test_assignments_are_read_as_toml_else_as_text(assignment: str, expected: dict[str, Any]) -> None:
    assert parse_assignments([assignment]) == expected


def test_of_two_assignments_the_later_holds() -> None:
    assert parse_assignments(["shots=1", "pick=random", "shots=2"]) == {"shots": 2, "pick": "random"}


@pytest.mark.parametrize("assignment", ["shots", "=3", ""])
def test_what_is_no_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_assignments([assignment])
    assert str(caught.value) == f"--set {assignment}: this is not name=value\n  -> write --set shots=3"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_breaks_the_parser(text: str) -> None:
    assert parse_assignments([f"model={text}"]).keys() == {"model"}


# --------------------------------------------------------------------------- a file


def test_a_lineup_is_read(tmp_path: Path) -> None:
    lineup = read_lineup(
        written(
            tmp_path,
            """
            title = "mine"
            [engine]
            model = "big"
            batch_size = 2
            [systems.lead]
            [systems.careful]
            plugin = "few-shot"
            shots = 5
            [scorers.medcon]
            matcher = "quickumls"
            """,
        )
    )
    assert lineup.scorers == {"medcon": {"matcher": "quickumls"}}
    assert lineup.engine == EngineSettings(model="big", batch_size=2)
    assert lineup.entrants["careful"] == Entrant("careful", "few-shot", {"shots": 5})
    assert lineup.entrant("careful", ["few-shot"]) == lineup.entrants["careful"]
    assert lineup.entrant("few-shot", ["few-shot"]) == Entrant("few-shot", "few-shot", {})


def test_a_name_that_neither_lineup_nor_plugins_have_brings_the_nearest(tmp_path: Path) -> None:
    lineup = read_lineup(written(tmp_path, "[systems.careful]"))
    with pytest.raises(PluginError) as caught:
        lineup.entrant("carefull", ["lead"])
    assert str(caught.value) == "there is no system 'carefull'\n  -> did you mean careful?"


NUMBERS = "batch_size and batch_tokens take 1 or more, threads 0 or more"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[engines]", "/mine.toml: unknown table [engines]\n  -> there are: title, engine, encoder, systems, scorers"),
        (
            "[engine]\nmodels = 'x'",
            "/mine.toml [engine]: there is no setting 'models'\n  -> did you mean model?",
        ),
        ("[engine]\nbatch_size = 'big'", "/mine.toml [engine]: batch_size: takes int, not 'big'" + TODO),
        ("engine = 'vllm'", "/mine.toml: engine is no table\n  -> write [engine], its settings below"),
        ("[systems]\nlead = 3", "/mine.toml: systems.lead is no table\n  -> write [systems.lead], its settings below"),
        ("scorers = 3", "/mine.toml: scorers is no table\n  -> write [scorers], its settings below"),
        (
            "[systems.careful]\nplugin = 3",
            "/mine.toml [systems.careful]: plugin: takes str, not 3" + TODO,
        ),
        ("[engine]\nbatch_size = nan", "/mine.toml [engine]: batch_size: nan is no finite number" + TODO),
        ("[engine]\nbatch_size = 0", f"/mine.toml [engine]: {NUMBERS}" + TODO),
        ("[engine]\nbatch_tokens = -1", f"/mine.toml [engine]: {NUMBERS}" + TODO),
        ("[engine]\nthreads = -1", f"/mine.toml [engine]: {NUMBERS}" + TODO),
        ('[engine]\nkind = "vllm"\nthreads = -1', "/mine.toml [engine]: threads takes 0 or more" + TODO),
        ("[engine\nmodel = 1", "/mine.toml: Expected ']' at the end of a table declaration (at line 1, column 8)"),
    ],
)
def test_faults_are_named_with_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    assert message(tmp_path, text).startswith(expected)


def test_a_lineup_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(SettingsError, match=r"mine\.toml: .*can't decode byte 0xff"):
        read_lineup(path)


def test_lineups_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    mine = written(tmp_path, "")
    assert find_lineup(None) == DEFAULT_LINEUP
    assert find_lineup("embedded") == find_lineup("embedded.toml") == DEFAULT_LINEUP
    assert find_lineup(str(mine)) == mine
    with pytest.raises(SettingsError) as caught:
        find_lineup("embeded")
    assert str(caught.value).startswith("there is no lineup embeded\n  -> give a file, or one of embedded, ")


# --------------------------------------------------------------------------- what is shipped


@pytest.mark.parametrize("path", LINEUPS, ids=lambda path: path.stem)
def test_shipped_lineups_name_plugins_and_settings_that_exist(path: Path) -> None:
    lineup, plugins = read_lineup(path), registry()
    task = plugins.task("discharge-me")
    assert lineup.entrants
    for name in lineup.entrants:
        competitor = find_competitor(name, plugins, lineup, task)
        if isinstance(competitor.system, PoolSystem):
            pool: Pool = competitor.system.pool()
            assert pool.members
            for member in pool.members:
                find_competitor(member, plugins, lineup, task)


JUDGE = """
from dataclasses import dataclass
from harness import scorer

@scorer("judge")
@dataclass(frozen=True)
class Judge:
    width: int = 2
    columns = ("judge",)
    def open(self, context): ...
"""


def test_line_ups_of_the_embedded_model_repeat_its_settings_as_they_are() -> None:
    """Each file is whole by itself, so what several of them hold is written more than once; the adapter that is shipped
    is found by these settings."""
    embedded, vllm, full = (read_lineup(find_lineup(name)).entrants for name in ("embedded", "vllm", "full-pool"))
    for name in ("few-shot", "qlora"):
        assert vllm[name] == full[name] == embedded[name]
    assert vllm["des"] == embedded["des"]
    tuned = embedded["qlora"].settings
    assert full["qlora-samples"].settings == {**tuned, "samples": 4, "temperature": 0.7, "top_p": 0.95}
    assert full["qlora-primed"].settings == {**tuned, "prime_on": ["primer.jsonl"]}


BROKEN = """
    @property
    def columns(self):
        raise KeyError("Mr Smith")
"""


def test_a_lineup_gives_scorers_their_settings(tmp_path: Path) -> None:
    (tmp_path / "judge.py").write_text(JUDGE)
    plugins = registry([tmp_path / "judge.py"])
    judge, bleu = choose(["judge", "bleu"], plugins, read_lineup(written(tmp_path, "[scorers.judge]\nwidth = 3")))
    assert (judge.name, judge.settings, judge.where) == ("judge", {"width": 3}, "mine.toml [scorers.judge]")
    assert bleu.settings == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[scorers.judge]\nwidht = 3",
            "mine.toml [scorers.judge]: there is no setting 'widht'\n  -> did you mean width?",
        ),
        ("[scorers.judge]\nwidth = 'wide'", "mine.toml [scorers.judge]: width: takes int, not 'wide'" + TODO),
        ("[scorers.rougge]", "there is no scorer 'rougge'\n  -> did you mean rouge or judge?"),
    ],
)
def test_faults_in_the_settings_of_scorers_are_named_before_anything_is_opened(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "judge.py").write_text(JUDGE)
    with pytest.raises((PluginError, SettingsError)) as caught:
        choose(["judge"], registry([tmp_path / "judge.py"]), read_lineup(written(tmp_path, text)))
    assert str(caught.value) == message


def test_who_fills_the_columns_of_the_objective_is_chosen_by_the_tasks_settings() -> None:
    plugins, lineup = registry(), read_lineup(DEFAULT_LINEUP)
    task = replace(
        plugins.task("dialogue-note"),
        scorers=("meteor", "bleu", "rouge"),
        scorer_settings={"rouge": {"columns": ("rougelsum",)}},
        means={"overlap5": ("bleu", "rougelsum")},
    )
    assert objective.scorers(task, plugins, lineup) == ("bleu", "rouge")


def test_a_scorer_that_cannot_name_its_columns_is_named(tmp_path: Path) -> None:
    (tmp_path / "judge.py").write_text(JUDGE.replace('columns = ("judge",)', BROKEN))
    plugins = registry([tmp_path / "judge.py"])
    task = replace(plugins.task("discharge-me"), scorers=("judge",))
    with pytest.raises(PluginError) as caught:
        objective.scorers(task, plugins, read_lineup(DEFAULT_LINEUP))
    assert re.fullmatch(
        rf"the scorer 'judge' \({tmp_path}/judge.py\) cannot say its columns: KeyError in judge.py, line \d+\n"
        "  -> mend the file",
        str(caught.value),
    )


def test_the_command_line_wins_over_the_lineup_and_the_lineup_over_the_plugin() -> None:
    plugins = registry()
    task = plugins.task("discharge-me")
    lineup = read_lineup(DEFAULT_LINEUP)
    plain = find_competitor("few-shot", plugins, lineup, task).settings
    assert plain["budget"] == lineup.entrants["few-shot"].settings["budget"] == 600
    over = find_competitor("few-shot", plugins, lineup, task, parse_assignments(["budget=100", "shots=2"])).settings
    assert (over["budget"], over["shots"], over["max_new_tokens"]) == (100, 2, plain["max_new_tokens"])


def test_a_setting_that_a_system_does_not_have_is_named() -> None:
    plugins = registry()
    task = plugins.task("discharge-me")
    with pytest.raises(SettingsError) as caught:
        find_competitor("few-shot", plugins, read_lineup(DEFAULT_LINEUP), task, {"shoots": 2})
    assert str(caught.value) == "--set: there is no setting 'shoots'\n  -> did you mean shots?"


@pytest.mark.parametrize(
    ("lineup", "given", "expected"),
    [
        ("shoots = 2", {"shots": 2}, "mine.toml [systems.few-shot]: there is no setting 'shoots'"),
        ("shots = 2", {"shots": "two"}, "--set: shots: takes int, not 'two'"),
        ("shots = 'two'", {"budget": 9}, "mine.toml [systems.few-shot]: shots: takes int, not 'two'"),
        ("samples = 3", {"temperature": -1.0}, "mine.toml [systems.few-shot] and --set: temperature"),
        ("", {"temperature": -1.0}, "--set: temperature"),
        ("temperature = -1.0", {}, "mine.toml [systems.few-shot]: temperature"),
    ],
)
def test_a_wrong_setting_is_laid_at_where_it_stands(
    tmp_path: Path, lineup: str, given: dict[str, Any], expected: str
) -> None:
    plugins = registry()
    mine = read_lineup(written(tmp_path, f"[systems.few-shot]\n{lineup}\n"))
    with pytest.raises(SettingsError) as caught:
        find_competitor("few-shot", plugins, mine, plugins.task("discharge-me"), given)
    assert caught.value.what.startswith(expected)


@pytest.mark.parametrize("samples", [None, "all", 0, 2.5, True])
def test_samples_that_are_no_number_of_candidates_are_refused(samples: object, tmp_path: Path) -> None:
    (tmp_path / "taught.py").write_text(
        "from dataclasses import dataclass\nfrom typing import Any\nfrom harness import system\n\n"
        "@system('learned-from')\n@dataclass(frozen=True)\nclass Taught:\n"
        f"    samples: Any = {samples!r}\n    def open(self, context): ...\n"
    )
    plugins = registry([tmp_path / "taught.py"])
    with pytest.raises(SettingsError) as caught:
        find_competitor("learned-from", plugins, read_lineup(DEFAULT_LINEUP), plugins.task("discharge-me"))
    assert str(caught.value) == (
        f"the system 'learned-from' has samples = {samples!r}: so many candidates it is to write a case\n"
        "  -> give a whole number from 1 on; where its author means something else by it, under another name"
    )
