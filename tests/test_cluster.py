"""Workers on a Ray cluster: the same texts as one process writes, whoever dies."""

from __future__ import annotations

import ast
import errno
import importlib.util
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import cluster, privacy, run
from harness.cli import main
from harness.cluster import Bench, Cluster, Crew, open_cluster
from harness.competitor import find_competitor
from harness.corpora.marking import FILE_NAME
from harness.corpora.synthetic import synthesize
from harness.corpora.tables import open_tables
from harness.engines.batches import plan
from harness.engines.remote import EngineBench, RemoteEngine, remote
from harness.engines.transformers import TransformersEngine
from harness.errors import PrivacyError, RunError, SettingsError
from harness.lineup import DEFAULT_LINEUP, EngineSettings, ServerSettings, read_lineup
from harness.plugins import registry
from harness.resources import Resources, open_engine
from harness.shards import SHARD, ShardedRunner, sharded
from harness.tasks.discharge_me import discharge_me
from harness.types import Candidate, Completion, Failure, ModelInput, Part, Prompt, Sampling
from tests import clusters, networks
from tests.tiny_llama import write_tiny_llama

HOUSE = Path(__file__).resolve().parent.parent
PLUGINS = '''
import time
from dataclasses import dataclass
from harness import Candidate, ModelInput, Pool, Prompt, Sampling, system

@system("each")
def each(asked: ModelInput) -> str:
    """Writes each case by itself, and takes its time."""
    time.sleep(0.1)
    return f"{asked.case}: {asked.chart[0].text[:300]}"

class Runs:
    def __init__(self, context):
        self.context = context
    def generate(self, inputs):
        prompts = [Prompt(a.case, a.field, (("user", a.chart[0].text[: 100 + int(a.case) % 200]),)) for a in inputs]
        for at, (done,) in self.context.engine.complete(prompts, Sampling(max_new_tokens=12)):
            yield Candidate(prompts[at].case, prompts[at].field, done.text, logprob=done.logprob)

@system("talk", needs=("engine",))
@dataclass(frozen=True)
class Talk:
    """Asks the engine."""
    def open(self, context):
        return Runs(context)

class First:
    reads, ready = (), True
    def fit(self, offers, scores):
        return self
    def choose(self, offer):
        return 0

@system("both")
@dataclass(frozen=True)
class Both:
    """Takes one of the two."""
    def pool(self):
        return Pool(("each", "talk"), First())
'''
LINEUP = """
[engine]
model = "{model}"
dtype = "float32"
threads = 1
batch_size = 3
"""
PROMPTS = [Prompt(str(20000 + at), "course", (("user", "pain " * (at * 7 % 10)),)) for at in range(10)]
SHORT = Sampling(max_new_tokens=6)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("model") / "tiny-llama")


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    return closed_ward(tmp_path)


def closed_ward(folder: Path) -> Path:
    """A ward that does not say it is public, so that everything about it is restricted."""
    synthesize(folder / "ward", 120, 3)
    (folder / "ward" / FILE_NAME).unlink()
    return folder / "ward"


class HereCluster(Cluster):
    """Opens the bench in this process, and answers in another order."""

    def run(self, bench: Bench, jobs: Iterable[Any], root: Path) -> Iterator[tuple[Any, Any]]:
        work, waiting = bench.open(), list(jobs)
        random.Random(0).shuffle(waiting)
        for job in waiting:
            yield job, work(job)


def crew(root: Path) -> Crew:
    return Crew(HereCluster(2), root)


# --------------------------------------------------------------------------- the real thing


@dataclass(frozen=True)
class Ended:
    """Two runs that came to their end, `alone` and `shared`, in `folder`: by the processes of the second, one of which
    was killed, the network devices that each had."""

    folder: Path
    devices: Mapping[int, frozenset[str]]


@pytest.fixture(scope="module")
def ended(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A pool competes on a closed ward: in one process, and on two workers, one of which is killed. Where this machine
    lets us make one, the second run is in a network namespace that has the loopback device alone."""
    folder = tmp_path_factory.mktemp("runs")
    closed_ward(folder)
    (folder / "tiny.toml").write_text(LINEUP.format(model=model))
    (folder / "plugins.py").write_text(PLUGINS)
    alone = clusters.begin(arguments("alone"), folder, folder / "alone.log")
    assert alone.wait() == 0, (folder / "alone.log").read_text()

    python = networks.PYTHON_ALONE if networks.namespaces() else (sys.executable,)
    shared = clusters.begin([*arguments("shared"), "--workers", "2"], folder, folder / "shared.log", python)
    assert clusters.wait_for(5, folder / "shared", shared)
    devices = {pid: networks.devices(pid) for pid in (shared.pid, *clusters.below(shared.pid))}
    clusters.kill(clusters.workers(shared.pid)[:1])
    assert shared.wait() == 0, (folder / "shared.log").read_text()
    return Ended(folder, devices)


def test_a_pool_on_two_workers_one_of_them_killed_is_the_pool_of_one_process(ended: Ended) -> None:
    assert made(ended.folder / "shared") == made(ended.folder / "alone")
    for path in (ended.folder / "shared").rglob("candidates.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(lines) == len({(line["case"], line["field"]) for line in lines}) == 32
        assert not [line for line in lines if line["text"] in (ended.folder / "shared.log").read_text()]
    assert [*(ended.folder / "workspace").glob("*/ray/*")] == []
    assert ends(ended.devices)


@networks.needs_namespace
def test_that_run_had_no_network_but_the_loopback_device(ended: Ended) -> None:
    """So the compiled parts of Ray, whose sockets no guard of Python sees, need no way out."""
    assert len(ended.devices) > 3  # the command, two workers, and Ray's own
    assert {*ended.devices.values()} == {frozenset({"lo"})}


LARGE = """
import os, sys, time
from dataclasses import dataclass
from pathlib import Path
from harness.cluster import open_cluster
from tests import clusters

@dataclass(frozen=True)
class Large:
    load: bytes
    threads: int = 1
    cards: int = 0
    def open(self):
        return lambda job: (time.sleep(0.05), len(self.load))[1]

with open_cluster(2, None) as cluster:
    found = {}
    for job, answer in cluster.run(Large(os.urandom(1_000_000)), range(24), Path(sys.argv[1])):
        found[job] = answer
        if len(found) in (6, 14):
            clusters.kill(clusters.workers(os.getpid()))
    assert found == dict.fromkeys(range(24), 1_000_000), found
"""


def test_a_worker_with_much_to_know_is_started_again_and_again(tmp_path: Path) -> None:
    """What an actor is built from lies in Ray's store where it is large, as the patients of a split of 68,785 are; the
    second time it was gone."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run([sys.executable, "-c", LARGE, tmp_path], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def arguments(out: str) -> list[str]:
    said = f"submit both --plugin plugins.py --lineup tiny.toml --data ward --scorers bleu,rouge --out {out}"
    return said.split()


def made(folder: Path) -> dict[str, bytes]:
    """What must not depend on who wrote it, by its place below `folder`."""
    names = ("submission.csv", "submission.zip", "manifest.json", "scores.json")
    found = {str(path.relative_to(folder)): path.read_bytes() for name in names for path in folder.rglob(name)}
    assert len(found) == 3 * len(names)
    return found


def ends(pids: Iterable[int]) -> bool:
    for _ in range(200):
        if not set(pids) & clusters.processes().keys():
            return True
        time.sleep(0.1)
    return False


# --------------------------------------------------------------------------- batches and shards


@given(
    st.lists(st.integers(1, 2000), min_size=1, max_size=60),
    st.integers(1, 300),
    st.integers(1, 9),
    st.integers(1, 6000),
    st.integers(1, 4),
)
def test_a_batch_of_the_plan_alone_is_planned_as_itself(
    lengths: list[int], new: int, size: int, tokens: int, samples: int
) -> None:
    for batch in plan(lengths, new, size, tokens, samples):
        alone = plan([lengths[at] for at in batch], new, size, tokens, samples)
        assert alone == [tuple(range(len(batch)))]


@pytest.fixture
def settings(model: Path) -> EngineSettings:
    return EngineSettings(model=str(model), dtype="float32", threads=1, batch_size=3)


def bench(settings: EngineSettings, identity: str | None = None) -> EngineBench:
    from harness.files import digest
    from harness.resources import engine_identity

    return EngineBench(settings, identity or digest(engine_identity(settings)), settings.threads, cards=0)


def test_workers_complete_what_one_engine_would(settings: EngineSettings, tmp_path: Path) -> None:
    engine = open_engine(settings)
    ours = dict(remote(engine, bench(settings), crew(tmp_path)).complete(PROMPTS, SHORT))
    theirs = dict(open_engine(settings).complete(PROMPTS, SHORT))
    assert {at: one[0].text for at, one in ours.items()} == {at: one[0].text for at, one in theirs.items()}
    assert {at: one[0].logprob for at, one in ours.items()} == {at: one[0].logprob for at, one in theirs.items()}
    assert isinstance(engine, TransformersEngine)
    assert "model" not in vars(engine.weights), "who hires loads no weights"


def test_workers_are_sent_no_batch_that_is_stored_whole(settings: EngineSettings, tmp_path: Path) -> None:
    engine = remote(open_engine(settings), bench(settings), crew(tmp_path))
    first, *others = (set(batch) for batch in engine.engine.batches(PROMPTS, SHORT))
    done = {*first, next(iter(others[0]))}
    assert {at for at, _ in engine.complete(PROMPTS, SHORT, done)} == set(range(len(PROMPTS))) - first


def test_a_prompt_without_room_is_told_before_anybody_works(settings: EngineSettings, tmp_path: Path) -> None:
    engine = remote(open_engine(settings), bench(settings), crew(tmp_path))
    with pytest.raises(RunError, match="with 2048 new ones the model's 2048 have room for 0"):
        next(engine.complete(PROMPTS, replace(SHORT, max_new_tokens=2048)))


def test_a_worker_with_another_model_refuses(settings: EngineSettings) -> None:
    with pytest.raises(RunError, match="another model, torch or transformers than the command that hired it"):
        bench(settings, "another").open()


def test_an_engine_without_a_plan_is_refused(settings: EngineSettings, tmp_path: Path) -> None:
    class Unplanned:
        pass

    with pytest.raises(SettingsError, match="the engine 'transformers' does not say which prompts it completes togeth"):
        remote(Unplanned(), bench(settings), crew(tmp_path))  # type: ignore[arg-type]


def test_requests_to_a_server_are_not_sent_by_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.resources.open_engine", lambda settings: "a server")
    lineup = replace(read_lineup(DEFAULT_LINEUP), engine=ServerSettings(url="http://127.0.0.1:1/v1"))
    task = discharge_me()
    resources = Resources(task, open_tables(closed, task), "test_phase_1", lineup, set(), crew(tmp_path))
    assert resources.engine == "a server"
    assert resources.hosts == ("127.0.0.1",)


def test_shards_come_back_whole_and_a_worker_with_another_source_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    plugin = tmp_path / "plugins.py"
    plugin.write_text(PLUGINS.replace("time.sleep(0.1)", "asked.chart[0]"))
    task, lineup, plugins = discharge_me(), read_lineup(DEFAULT_LINEUP), registry([plugin])
    resources = Resources(task, open_tables(closed, task), "test_phase_1", lineup, set())
    competitor = find_competitor("each", plugins, lineup, task)
    field = task.fields[0].name
    chart = (Part("note", "history", "History", "short"),)
    inputs = [ModelInput(str(at), "1", field, chart if at % 50 else ()) for at in range(2 * SHARD + 7)]

    runner = sharded(competitor, resources, 0, crew(tmp_path))
    found = {one.case: one for one in runner.generate(inputs)}
    assert found.keys() == {asked.case for asked in inputs}
    failed = {case for case, one in found.items() if not hasattr(one, "text")}
    assert failed == {asked.case for asked in inputs if not asked.chart}

    edited = sharded(replace(competitor, source="another"), resources, 0, crew(tmp_path))
    with pytest.raises(RunError, match="a worker has another source of the system 'each'"):
        next(edited.generate(inputs))


@dataclass(frozen=True)
class MinuteBench:
    """Each text took its worker a minute, as it may where many are at work at the same time."""

    answer: Callable[[Any], Any]
    threads: int = 1
    cards: int = 0

    def open(self) -> Callable[[Any], Any]:
        return self.answer


def test_the_seconds_of_texts_that_workers_completed_are_those_that_passed(
    settings: EngineSettings, tmp_path: Path
) -> None:
    local: Any = open_engine(settings)
    bench: Any = MinuteBench(lambda batch: [(at, [Completion("text", "stop", 1, 60.0)]) for at in batch.at])
    started = time.monotonic()
    found = list(RemoteEngine(local, bench, crew(tmp_path)).complete(PROMPTS, SHORT))
    passed = time.monotonic() - started
    assert len(found) == len(PROMPTS)
    assert 0 < sum(one.seconds for _, [one] in found) <= passed


def test_the_seconds_of_cases_that_workers_wrote_are_those_that_passed(tmp_path: Path) -> None:
    def write(shard: Iterable[ModelInput]) -> list[Candidate | Failure]:
        made = [Candidate(asked.case, asked.field, "text", seconds=60.0) for asked in shard]
        return [*made[:-1], Failure(made[-1].case, made[-1].field, "nothing to say")]

    bench: Any = MinuteBench(write)
    inputs = [ModelInput(str(at), "1", "course", ()) for at in range(SHARD + 7)]
    started = time.monotonic()
    found = list(ShardedRunner(bench, crew(tmp_path)).generate(inputs))
    passed = time.monotonic() - started
    texts = [one for one in found if isinstance(one, Candidate)]
    assert (len(found), len(texts)) == (SHARD + 7, SHARD + 5)
    assert 0 < sum(one.seconds or 0 for one in texts) <= passed


# --------------------------------------------------------------------------- asking for workers


def test_a_worker_whose_disk_is_full_is_no_bug_of_ours() -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    told, bench = SimpleNamespace(heed=lambda: None, folder="."), SimpleNamespace(open=lambda: full)
    sent = SimpleNamespace(open=lambda: bench)
    answer = cluster._Worker(told, sent).answer("job")  # type: ignore[arg-type]
    assert isinstance(answer.error, RunError)
    assert re.fullmatch(r"the worker on \S+ cannot write: No space left on device", answer.error.what)
    assert answer.error.todo == "make room there; the same command goes on from here"


def test_ray_stands_in_one_module_and_is_imported_when_it_is_needed() -> None:
    for path in (HOUSE / "harness").rglob("*.py"):
        tree = ast.parse(path.read_text())
        here = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) and names_ray(node)]
        assert not here or path.name == "cluster.py", path
        assert not set(here) & set(tree.body), "at the top of the module"


def names_ray(node: ast.Import | ast.ImportFrom) -> bool:
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
    return any(module.partition(".")[0] == "ray" for module in modules)


def test_without_ray_the_message_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(cluster, "find_spec", lambda name: None if name == "ray" else find(name))
    assert main(["score", str(tmp_path), "--workers", "2"]) == 1
    told = capsys.readouterr().err
    assert "--workers and --ray need Ray, which is not installed here" in told
    assert "pip install -c constraints.txt -e '.[ray]'" in told


def test_nobody_asks_for_workers_by_default() -> None:
    assert open_cluster(None, None) is None


@pytest.mark.parametrize("address", ["auto", "head", ":6379", "head:port", "ray://head:10001/x"])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(SettingsError, match=f"--ray {address} is no address of a cluster's head"):
        open_cluster(None, address)


def test_a_head_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RunError, match=f"the Ray cluster at {address} cannot be joined: .*refused"):
            Crew(Cluster(None, address), tmp_path).nodes()


def test_a_restricted_corpus_is_sent_to_no_machine_that_the_line_up_does_not_name(tmp_path: Path) -> None:
    privacy.restrict()
    with pytest.raises(PrivacyError) as refused:
        Crew(Cluster(None, "192.0.2.77:6379"), tmp_path).nodes()
    assert "the cluster's machine 192.0.2.77 was refused: the corpus that is loaded is restricted" in str(refused.value)
    assert 'let the line-up say so: [cluster] hosts = ["192.0.2.77"]' in str(refused.value)


@pytest.mark.parametrize("hosts", [("192.0.2.77",), ("198.51.100.0/24", "192.0.2.0/24")])
def test_a_machine_that_the_line_up_names_is_asked(hosts: tuple[str, ...], tmp_path: Path) -> None:
    def refuse(address: tuple[str, int], seconds: float) -> None:
        raise TimeoutError("timed out")

    privacy.restrict()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(privacy, "_allowed", set())
        patch.setattr("socket.create_connection", refuse)
        with pytest.raises(RunError, match=r"the Ray cluster at 192.0.2.77:6379 cannot be joined: timed out"):
            Crew(Cluster(None, "192.0.2.77:6379", hosts), tmp_path).nodes()


@pytest.mark.parametrize("hosts", [("10.42.0.0/16",), ("10.42.0.1", "10.42.0.9"), ("10.42.0.1",)])
def test_a_worker_may_start_again_on_a_machine_that_joined_later_where_the_line_up_names_it(
    hosts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(privacy, "_allowed", set())
    privacy.restrict()
    nodes = pretend([(1, 0)], monkeypatch, opened.append)
    shared = Cluster(None, "10.42.0.1:6379", hosts, cluster._Session(tmp_path))
    (hired,) = shared._staff(MinuteBench(lambda job: job), tmp_path)
    assert opened == [], "nothing is brought to a machine before the worker has seen where it is"

    nodes[0]["NodeManagerAddress"] = "10.42.0.9"
    monkeypatch.setattr(privacy, "_allowed", set())  # in another process
    if "10.42.0.9" in hosts or "10.42.0.0/16" in hosts:
        answer = cluster._Worker(*hired).answer("job")
        assert (answer.value(), answer.by) == ("job", "10.42.0.9")
        assert len(opened) == 1
    else:
        with pytest.raises(PrivacyError, match=r"the cluster's machine 10\.42\.0\.9 was refused"):
            cluster._Worker(*hired)
        assert opened == []


@pytest.mark.parametrize(
    ("address", "error", "told"),
    [
        (
            "10.42.0.9",
            PrivacyError,
            r"(?s)machine 10\.42\.0\.9 was refused.*let the line-up say so: \[cluster\]",
        ),
        (
            "10.42.0.1",
            RunError,
            "(?s)a worker cannot begin on one of the .* give all nodes the same environment",
        ),
    ],
)
def test_a_worker_that_cannot_begin_where_it_is_started_again_is_told_as_what_it_is(
    address: str, error: type[Exception], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as a memory that is short."""
    from ray.exceptions import ActorDiedError, RayTaskError

    died = ActorDiedError(RayTaskError("__init__", "", None, ip=address))

    def get(ready: object) -> None:
        raise died

    monkeypatch.setattr(privacy, "_allowed", set())
    privacy.restrict()
    nodes = pretend([(1, 0)], monkeypatch, get)
    shared = Cluster(None, "10.42.0.1:6379", ("10.42.0.1",), cluster._Session(tmp_path))
    shared._staff(MinuteBench(lambda job: job), tmp_path)
    nodes[0]["NodeManagerAddress"] = address
    with pytest.raises(error, match=told), cluster._telling():
        shared._answer("ready", tmp_path)


def test_the_manifest_names_a_machine_that_joined_while_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is gone at the end: it was sent text. One that never worked is not named."""
    monkeypatch.setattr(HereCluster, "nodes", lambda self, root: ("10.42.0.1",))
    monkeypatch.setattr(HereCluster, "worked", lambda self: ("10.42.0.1", "10.42.0.9"))
    monkeypatch.setattr(cluster, "open_cluster", lambda *asked: HereCluster(2))
    monkeypatch.chdir(tmp_path)
    synthesize(tmp_path / "ward", 24, 3)
    (tmp_path / "plugins.py").write_text(PLUGINS)
    said = "submit each --plugin plugins.py --data ward --limit 1 --scorers bleu --out made --workers 2"
    assert main(said.split()) == 0
    manifest = json.loads(next((tmp_path / "made").rglob("manifest.json")).read_text())
    assert manifest["hosts"] == ["10.42.0.1", "10.42.0.9"]


def test_a_command_that_is_stopped_has_noted_where_text_may_have_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HereCluster, "nodes", lambda self, root: ("10.42.0.1",))
    monkeypatch.setattr(HereCluster, "worked", lambda self: ("10.42.0.9",))
    monkeypatch.setattr(privacy, "_allowed", set())
    privacy.restrict()
    lineup = SimpleNamespace(cluster=SimpleNamespace(hosts=("10.42.0.0/16",)))
    competitor = SimpleNamespace(tag=SimpleNamespace(needs=()), batched=False)
    asked: Any = SimpleNamespace(
        folder=tmp_path, competitor=competitor, resources=SimpleNamespace(crew=crew(tmp_path), lineup=lineup)
    )

    def stopped() -> None:
        with run._noting_hosts(asked):
            assert run.hosts(tmp_path) == ("10.42.0.1",)
            assert run.allowed_hosts(tmp_path) == ("10.42.0.0/16",)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert run.hosts(tmp_path) == ("10.42.0.1", "10.42.0.9")


def test_the_clusters_that_are_shown_have_a_line_up_that_can_name_their_machines() -> None:
    """With restricted data any other is refused, and those that are shipped name none."""
    shipped = {path.stem: read_lineup(path).cluster.hosts for path in (HOUSE / "lineups").glob("*.toml")}
    shown = re.findall(r"--ray \S+ --lineup (\S+) --data /secure", (HOUSE / "docs" / "ray.md").read_text())
    assert set(shipped.values()) == {()}
    assert (len(shown), shipped.keys() & set(shown)) == (2, set())


def test_a_line_up_names_the_machines_of_a_cluster(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('[cluster]\nhosts = ["node-1", "10.0.0.7"]\n')
    assert read_lineup(path).cluster.hosts == ("node-1", "10.0.0.7")
    path.write_text('[cluster]\nhosts = ["10.42.0.0/99"]\n')
    with pytest.raises(
        SettingsError, match=r"\[cluster\]: '10.42.0.0/99' does not appear to be an IPv4 or IPv6 network"
    ):
        read_lineup(path)
    path.write_text('[cluster]\nhosts = "node-1"\n')
    with pytest.raises(SettingsError, match=r"\[cluster\]: hosts: takes a list of str, not 'node-1'"):
        read_lineup(path)


@pytest.mark.parametrize(
    ("nodes", "workers", "threads", "cards", "room"),
    [
        ([(6, 0), (6, 0)], None, 4, 1, (2, 4, 0.0)),
        ([(8, 0), (2, 0)], None, 0, 1, (10, 1, 0.0)),
        ([(8, 0), (2, 0)], 3, 2, 1, (3, 2, 0.0)),
        ([(16, 4), (16, 4)], None, 0, 1, (8, 1, 1.0)),
        ([(0, 0), (16, 4)], 5, 1, 1, (5, 1, 0.5)),
        ([(0, 0), (16, 4)], 2, 1, 1, (2, 1, 1.0)),
        ([(2, 4), (4, 0)], None, 1, 1, (2, 1, 1.0)),  # cards without processors, processors without cards
        ([(16, 4), (64, 0)], None, 8, 1, (2, 8, 1.0)),
        ([(1, 4), (16, 2)], 5, 1, 1, (5, 1, 0.5)),
        ([(16, 4), (64, 0)], None, 8, 0, (10, 8, 0.0)),
        ([(16, 4), (16, 3)], None, 1, 2, (3, 1, 2.0)),
        ([(16, 4)], 1, 1, 2, (1, 1, 2.0)),
    ],
)
def test_workers_are_as_many_as_the_nodes_have_room_for(
    nodes: list[tuple[int, int]],
    workers: int | None,
    threads: int,
    cards: int,
    room: tuple[int, int, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(nodes, monkeypatch)
    bench = EngineBench(EngineSettings(), "", threads, cards)
    assert Cluster(workers, "head:6379")._room(bench) == room


def test_more_workers_than_there_is_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend([(6, 0), (6, 0)], monkeypatch)
    bench = EngineBench(EngineSettings(), "", 4, cards=1)
    told = "the cluster at head:6379 has room for 2 workers with 4 processors each, not for 3"
    with pytest.raises(RunError, match=told):
        Cluster(3, "head:6379")._room(bench)


@pytest.mark.parametrize(
    ("nodes", "workers", "threads", "cards", "told"),
    [
        ([(16, 1)] * 4, None, 1, 2, "0 workers with 1 processors and 2 cards each, not for 1"),
        ([(16, 4)], 3, 1, 2, "2 workers with 1 processors and 2 cards each, not for 3"),
        ([(16, 4), (64, 0)], 4, 8, 1, "2 workers with 8 processors and a card (whole or shared) each, not for 4"),
        ([(0, 4), (64, 0)], None, 8, 1, "0 workers with 8 processors and a card (whole or shared) each, not for 1"),
    ],
)
def test_workers_that_no_node_has_room_for_are_refused(
    nodes: list[tuple[int, int]],
    workers: int | None,
    threads: int,
    cards: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ray would wait for ever for a node that has their processors and their cards."""
    pretend(nodes, monkeypatch)
    with pytest.raises(RunError) as refused:
        Cluster(workers, "head:6379")._room(EngineBench(EngineSettings(), "", threads, cards))
    assert f"the cluster at head:6379 has room for {told}\n" in str(refused.value)
    assert "what a worker takes has to be on one node: ask for fewer --workers, threads or ca" in str(refused.value)


def test_a_machine_without_the_cards_of_all_its_workers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend([(16, 4)], monkeypatch)
    told = "this machine has room for 2 workers with 5 processors and 2 cards each, not for 3"
    with pytest.raises(RunError, match=told):
        Cluster(3)._room(EngineBench(EngineSettings(), "", 0, cards=2))
    assert Cluster(3)._room(EngineBench(EngineSettings(), "", 0, cards=1)) == (3, 5, 1.0)
    assert Cluster(8)._room(EngineBench(EngineSettings(), "", 0, cards=1)) == (8, 2, 0.5)


def pretend(
    nodes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, get: Callable[[Any], Any] = lambda sent: sent
) -> list[dict[str, Any]]:
    """A Ray that knows these nodes, of so many processors and cards each, which are told. An actor of it is what it
    is built from; `get` hears of what is fetched. Its errors are the real ones."""
    importlib.import_module("ray.exceptions")
    told = [
        {
            "Alive": True,
            "NodeID": str(at),
            "NodeManagerAddress": "10.42.0.1",
            "Resources": {"CPU": float(cpus), "GPU": float(cards)},
        }
        for at, (cpus, cards) in enumerate(nodes)
    ]
    actors = SimpleNamespace(options=lambda **asked: SimpleNamespace(remote=lambda *built: built))
    fake = SimpleNamespace(
        nodes=lambda: told,
        put=lambda sent: sent,
        get=lambda sent: (get(sent), sent)[1],
        remote=lambda actor: actors,
        get_runtime_context=lambda: SimpleNamespace(get_node_id=lambda: "0"),
    )
    monkeypatch.setitem(sys.modules, "ray", fake)
    return told
