"""Workers on a Ray cluster: one that this process starts on its own machine, or one that is there and is joined.

All of Ray stands in this module, and is imported where workers are asked for and nowhere else. A worker is an actor
that opens a bench (an engine, a system, the scorers) and does one job at a time on it. What a worker had before it
when it died is given to the one that Ray starts in its place, on whichever node: no job is lost, none answered twice.
What comes of a job does not depend on who does it: what a text or a score is, is not decided here.

A cluster of our own listens on the loopback device alone, asks for a token that is made for it, has neither dashboard
nor usage statistics, and keeps sockets, logs and spilled objects under the corpus's root. Of a cluster that is joined
this is its operator's to settle (docs/ray.md); with a restricted corpus the address of each of its nodes has to be the
loopback address or stand in the line-up's allow-list.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.errors import HarnessError, PrivacyError, RunError, SettingsError
from harness.files import locked, no_room, private_folder
from harness.privacy import allow, describe, is_restricted, may_reach, restrict

Job = TypeVar("Job")

RETRIES = 3
"""How many workers a job may outlive. The next one that dies of it ends the run."""

_OBJECT_STORE = 256 << 20
"""Bytes of shared memory for what is on its way; what does not fit is spilled."""

LOCK = "lock"
HEAD_SECONDS = 10
"""How long a cluster's head may take to answer."""

_PASSED_ON = ("HARNESS_", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


class Bench(Protocol):
    """What a worker works on: a frozen dataclass that can be sent, and equals another where the same would be opened.

    `threads` of 0 leaves a worker its share of the processors; `cards` are the GPUs that it can use."""

    @property
    def threads(self) -> int: ...
    @property
    def cards(self) -> int: ...

    def open(self) -> Callable[[Any], Any]:
        """In the worker, with its first job: the function that answers jobs."""
        ...


def open_cluster(workers: int | None, address: str | None, hosts: tuple[str, ...] = ()) -> Cluster | None:
    """What a command asks for: `workers` on this machine; those of the cluster whose head listens at `address`
    (HOST:PORT), as many as it has room for where `workers` is None; or None where it asks for neither.

    Nothing is started before there is a job. `hosts` may be sent text of a restricted corpus. Raises SettingsError
    where Ray is not installed, or the address is none."""
    if workers is None and address is None:
        return None
    if find_spec("ray") is None:
        raise SettingsError(
            "--workers and --ray need Ray, which is not installed here",
            todo="pip install -c constraints.txt -e '.[ray]', or leave them out: one process does the same work",
        )
    if address is not None and not (address.rpartition(":")[0] and address.rpartition(":")[2].isdecimal()):
        raise SettingsError(
            f"--ray {address} is no address of a cluster's head", todo="write HOST:PORT, as `ray start --head` shows it"
        )
    return Cluster(workers, address, hosts)


@dataclass
class Cluster:
    """Workers that answer jobs. They stay for as long as the same bench is asked for, and then make room."""

    workers: int | None
    address: str | None = None
    hosts: tuple[str, ...] = ()
    _session: _Session | None = None
    _hired: _Hired | None = None
    _worked: set[str] = field(default_factory=set)

    def run(self, bench: Bench, jobs: Iterable[Job], root: Path) -> Iterator[tuple[Job, Any]]:
        """See `Crew.run`."""
        self._start(root)
        import ray

        with _telling():
            idle = list(self._staff(bench, root))
        waiting, busy = iter(jobs), dict[Any, tuple[Any, Job]]()
        try:
            while True:
                for job in islice(waiting, len(idle)):
                    worker = idle.pop()
                    busy[worker.answer.remote(job)] = worker, job
                if not busy:
                    return
                with _telling():
                    (ready,), _ = ray.wait([*busy], num_returns=1)
                    answer = self._answer(ready, root)
                worker, job = busy.pop(ready)
                idle.append(worker)
                self._worked.add(answer.by)
                yield job, answer.value()
        finally:
            if busy:  # whoever asked has stopped half-way: nobody waits for these answers
                self._dismiss()

    def _answer(self, ready: Any, root: Path) -> _Answer:
        import ray
        from ray.exceptions import ActorDiedError

        try:
            answer: _Answer = ray.get(ready)
        except ActorDiedError as error:
            if not error.actor_init_failed:
                raise
            self.nodes(root)  # raises what the worker did, where its machine may not be sent text
            raise RunError(
                "a worker cannot begin on one of the cluster's machines",
                todo="give all nodes the same environment; where the corpus is restricted, let the line-up's [cluster] "
                "hosts name their addresses",
            ) from None
        return answer

    def nodes(self, root: Path) -> tuple[str, ...]:
        """See `Crew.nodes`."""
        if self.address is None:
            return ()
        self._start(root)
        with _telling():
            found = _addresses()
        for node in found:
            _admit(node, self.hosts)
        return found

    def worked(self) -> tuple[str, ...]:
        """See `Crew.worked`."""
        return tuple(sorted(self._worked)) if self.address else ()

    def close(self) -> None:
        """Let the workers go; end a cluster of our own, and delete what it kept."""
        self._hired = None
        if self._session:
            self._session.end()
            self._session = None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, root: Path) -> None:
        """To be called before anything imports Ray, which reads its environment when it is imported."""
        if self._session and self._session.root == root:
            return
        self.close()
        if self.address is None:
            self._session = _start_here(root, self.workers or 1)
        else:
            self._session = _join(root, self.address, self.hosts)

    def _staff(self, bench: Bench, root: Path) -> list[Any]:
        """The workers at this bench; those of another are dismissed."""
        import ray

        if self._hired is None or self._hired.bench != bench:
            self._dismiss()
            count, cpus, gpus = self._room(bench)
            admitted = *self.nodes(root), *self.hosts
            told = _Told(str(Path.cwd()), _environment(), is_restricted(), admitted)
            hire = ray.remote(_Worker).options(
                num_cpus=cpus, num_gpus=gpus, max_restarts=-1, max_task_retries=RETRIES, scheduling_strategy="SPREAD"
            )
            sent = _Parcel(ray.put(bench))
            self._hired = _Hired(bench, sent, [hire.remote(told, sent) for _ in range(count)])
        return self._hired.workers

    def _room(self, bench: Bench) -> tuple[int, int, float]:
        """How many workers, and how many processors and cards (or what part of one) each takes. Raises RunError where
        they do not fit on the nodes: Ray would wait for ever for a place for the others."""
        import ray

        there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        nodes = [(int(node.get("CPU", 0)), int(node.get("GPU", 0))) for node in there]
        cpus = max(1, nodes[0][0] // (self.workers or 1) if self.address is None else bench.threads)
        cards = bench.cards if any(has for _, has in nodes) else 0
        count = self.workers or max(1, _places(nodes, cpus, cards))
        sharing = count if cards == 1 else 1
        shared = next((by for by in range(1, sharing + 1) if _places(nodes, cpus, cards, by) >= count), 0)
        if not shared:
            where = "this machine" if self.address is None else f"the cluster at {self.address}"
            takes = {0: "", 1: " and a card (whole or shared)"}.get(cards, f" and {cards} cards")
            raise RunError(
                f"{where} has room for {_places(nodes, cpus, cards, sharing)} workers with {cpus} processors{takes} "
                f"each, not for {count}",
                todo="what a worker takes has to be on one node: ask for fewer --workers, threads or cards "
                "(tensor_parallel), or add nodes",
            )
        return count, cpus, cards / shared

    def _dismiss(self) -> None:
        import ray

        for worker in self._hired.workers if self._hired else ():
            with suppress(Exception):  # it may be gone, and the cluster with it
                ray.kill(worker)
        self._hired = None


@dataclass(frozen=True)
class _Hired:
    """Workers at their bench. `sent` holds it in Ray's store for as long as one may have to be started again."""

    bench: Bench
    sent: _Parcel
    workers: list[Any]


@dataclass(frozen=True)
class Crew:
    """A cluster at work for one corpus, under whose `root` it keeps what it keeps."""

    cluster: Cluster
    root: Path

    def run(self, bench: Bench, jobs: Iterable[Job]) -> Iterator[tuple[Job, Any]]:
        """Yield each job with its answer as it is done; `jobs` are taken from their iterator as workers come free.

        Raises the HarnessError that a worker met, RunError where workers die of a job or the cluster is gone."""
        return self.cluster.run(bench, jobs, self.root)

    def nodes(self) -> tuple[str, ...]:
        """The addresses of the machines that work; none of a cluster of our own.

        Raises PrivacyError where text of a restricted corpus may not be sent to one of them."""
        return self.cluster.nodes(self.root)

    def worked(self) -> tuple[str, ...]:
        """The addresses of the machines that have answered, those too that joined later or are gone; none of a cluster
        of our own."""
        return self.cluster.worked()


# --------------------------------------------------------------------------- a cluster of our own, or one that is there


@dataclass(frozen=True)
class _Session:
    """A connection to a cluster; `made` is what to delete, and to let go of, at the end of one of our own."""

    root: Path
    made: ExitStack = field(default_factory=ExitStack)

    def end(self) -> None:
        import ray

        ray.shutdown()
        self.made.close()


def _start_here(root: Path, workers: int) -> _Session:
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # Ray reads it once in a process
    os.environ.update(
        RAY_USAGE_STATS_ENABLED="0",
        RAY_AUTH_MODE="token",
        # What Ray does by itself on a Mac: a node without a cluster has the loopback address.
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",
    )
    import ray

    made = ExitStack()
    folder, short = _own_folder(root, made)
    try:
        ray.init(
            "local",
            num_cpus=max(workers, os.cpu_count() or 1),
            object_store_memory=_OBJECT_STORE,
            include_dashboard=False,
            configure_logging=False,
            log_to_driver=False,
            _temp_dir=str(short),
        )
    except Exception as error:
        raise RunError(f"Ray does not start here: {_first_line(error)}", todo=f"its logs are in {folder}") from None
    return _Session(root, made)


def _own_folder(root: Path, made: ExitStack) -> tuple[Path, Path]:
    """A folder for Ray's files under the corpus's root, locked while we live, and a short name for it: the path of a
    socket has 107 characters at most. What dead processes left of theirs is deleted."""
    place = private_folder(root / "ray")
    for left in place.iterdir():
        with suppress(RunError), locked(left / LOCK, str(left)):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=place))
    made.callback(shutil.rmtree, folder, ignore_errors=True)
    made.enter_context(locked(folder / LOCK, str(folder)))
    link = Path(tempfile.mkdtemp(prefix="harness-", dir="/tmp"))
    made.callback(shutil.rmtree, link, ignore_errors=True)
    (link / "ray").symlink_to(folder.resolve())
    return folder, link / "ray"


def _join(root: Path, address: str, hosts: tuple[str, ...]) -> _Session:
    name, _, port = address.rpartition(":")
    head = name.strip("[]")
    _admit(head, hosts)
    try:
        socket.create_connection((head, int(port)), HEAD_SECONDS).close()  # Ray would wait for minutes
        import ray

        ray.init(address, configure_logging=False, log_to_driver=False)
    except HarnessError:
        raise
    except Exception as error:
        raise RunError(
            f"the Ray cluster at {address} cannot be joined: {_first_line(error)}",
            todo="start it, with this version of Ray and the same token: `ray start --head`, see docs/ray.md",
        ) from None
    return _Session(root)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _addresses() -> tuple[str, ...]:
    import ray

    return tuple(sorted({node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}))


def _places(nodes: Iterable[tuple[int, int]], cpus: int, cards: int, shared: int = 1) -> int:
    """How many workers with so many `cpus` and `cards` fit on `nodes` (their processors, their cards), each whole on
    one of them, where so many have a card as `shared` says."""
    return sum(min(has // cpus, has_cards * shared // cards) if cards else has // cpus for has, has_cards in nodes)


def _admit(node: str, hosts: Iterable[str]) -> None:
    """Raises PrivacyError where text of the corpus may not be sent to this machine: `hosts` are those that may."""
    allow(host for host in hosts if "/" not in host)
    if any(_lies_in(node, network) for network in hosts if "/" in network):
        allow([node])
    if not may_reach(node):
        raise PrivacyError(
            f"the cluster's machine {node} was refused: the corpus that is loaded is restricted, and what is sent to "
            "a worker lies in that machine's memory",
            todo=f'nothing was sent; if it may be, let the line-up say so: [cluster] hosts = ["{node}"]',
        )


def _lies_in(node: str, network: str) -> bool:
    try:
        return ip_address(node) in ip_network(network)
    except ValueError:
        return False


@contextmanager
def _telling() -> Iterator[None]:
    """Ray's own errors, as ours. Their messages are left out: they repeat what a worker printed."""
    from ray.exceptions import RayError

    try:
        yield
    except RayError as error:
        raise RunError(
            f"workers were lost more than {RETRIES} times over the same job, or the cluster is gone: "
            f"{type(error).__name__}",
            todo="what was made is kept: see whether a worker's memory is short, and give the same command again",
        ) from None


# --------------------------------------------------------------------------- in a worker


@dataclass(frozen=True)
class _Told:
    """What a worker is told of who hired it: the folder that paths start from, the environment, whether the corpus is
    restricted, and the `hosts` that may be sent its text: the machines that were there when it was hired, and all that
    the line-up names, for Ray may start it again on one that joined later."""

    folder: str
    environment: Mapping[str, str]
    restricted: bool
    hosts: tuple[str, ...]

    def heed(self) -> None:
        """Raises PrivacyError on a machine that may not be sent text: before any comes."""
        os.environ.update(self.environment)
        if self.restricted:
            restrict()
            _admit(_own_address(), self.hosts)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}


def _own_address() -> str:
    import ray

    own = ray.get_runtime_context().get_node_id()
    address: str = next(node["NodeManagerAddress"] for node in ray.nodes() if node["NodeID"] == own)
    return address


@dataclass(frozen=True)
class _Parcel:
    """What lies in Ray's store until it is opened. What an argument itself refers to, Ray would bring to a worker's
    machine before the worker has seen where it is."""

    held: Any

    def open(self) -> Any:
        import ray

        return ray.get(self.held)


@dataclass(frozen=True)
class _Answer:
    """What came of a job, on the machine of the address `by`."""

    by: str
    what: Any = None
    error: HarnessError | None = None

    def value(self) -> Any:
        if self.error:
            raise self.error
        return self.what


class _Worker:
    """An actor. Ray sends it no job before it has begun, and none where it raises while it begins. After that it raises
    nothing: Ray would keep the message of an error, and the head node with it."""

    def __init__(self, told: _Told, bench: _Parcel) -> None:
        told.heed()
        self._told, self._bench, self._here = told, bench, _own_address()
        self._work: Callable[[Any], Any] | None = None

    def answer(self, job: Any) -> _Answer:
        try:
            return _Answer(self._here, self._done(job))
        except HarnessError as error:
            return _Answer(self._here, error=error)

    def _done(self, job: Any) -> Any:
        try:
            if self._work is None:
                self._work = self._open()
            return self._work(job)
        except HarnessError:
            raise
        except Exception as error:
            if full := no_room(error):
                what = f"the worker on {self._here} cannot write: {full.strerror}"
                raise RunError(what, todo="make room there; the same command goes on from here") from None
            raise RunError(f"a worker failed: {describe(error)}", todo="please report this line") from None

    def _open(self) -> Callable[[Any], Any]:
        try:
            os.chdir(self._told.folder)
        except OSError as error:
            raise RunError(
                f"the worker on {self._here} has no folder {self._told.folder}: {error.strerror}",
                todo="let all nodes share the folders of the command, its data and its assets, under the same paths",
            ) from None
        bench: Bench = self._bench.open()
        return bench.open()
