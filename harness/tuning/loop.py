"""The training itself: step by step, survivable, the same result however often it was killed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from harness.engines.runtime import return_memory, told_if_out_of_memory
from harness.errors import TuningError
from harness.files import digest
from harness.progress import counter
from harness.tuning import progress
from harness.tuning.job import LESSONS, Job, read_job
from harness.tuning.lessons import LessonFile
from harness.tuning.progress import Checkpoint, Point, Progress
from harness.tuning.rows import Row, Step, plan_steps, rate, split_groups
from harness.tuning.student import LESS_TO_LEARN, Student, collate
from harness.tuning.team import ALONE, Team, like, whole

CHECKPOINT_SECONDS = 60.0
RETURN_STEPS = 8
"""After so many steps what they freed is given back. The system clears all of it before it lends it again: after each
step that cost a sixth of the pace, and eight steps keep little more than one (`docs/tuning.md`)."""
MAX_NORM = 1.0
_IN_THE_OPTIMISER = "in the optimiser, which keeps two moments of each weight that is learned"
_LESS_AT_ONCE = (
    "set batch = 1 and raise accumulation as much, then checkpointing = true, then lower sequence_length; "
    "`harness plan` says what each costs"
)
_SHORTER_LESSONS = "make room (`nvidia-smi` says who is on a card), or lower sequence_length"


@dataclass(frozen=True)
class Trained:
    """What a training came to. `stopped` says why it ended."""

    progress: Progress
    steps: int
    stopped: str
    peak_bytes: int


class Training:
    """One training on the way: what it learns from, the student, the optimiser, and how far it is."""

    def __init__(self, folder: Path, team: Team = ALONE) -> None:
        from harness.engines.runtime import prepare_torch

        self.folder, self.job, self.team = folder, read_job(folder), team
        prepare_torch(self.job.threads)
        self.lessons = LessonFile(folder / LESSONS)
        learned, self.held = split_groups(self.lessons.groups, self.tuning)
        self.steps: list[Step] = plan_steps(learned, self.lessons.lengths, self.tuning)
        if not self.steps:
            raise _nothing_to_learn(self.job, len(self.held))
        self.student = Student(self.job, team)
        self.parameters = self.student.parameters
        self.optimiser = torch.optim.AdamW(self.parameters.values(), lr=self.tuning.learning_rate, weight_decay=0.0)
        self.progress = Progress()
        self.best: dict[str, torch.Tensor] = {}
        self._resume()

    @property
    def tuning(self) -> Any:
        return self.job.tuning

    # ---------------------------------------------------------------- one step

    def step(self) -> None:
        """Take one step of the optimiser. Raises TuningError, the weights untouched, where the loss is no number."""
        started, number = time.monotonic(), self.progress.steps
        step, learning_rate = self.steps[number], rate(number, len(self.steps), self.tuning)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._backward(step, number)
        norm = whole(torch.nn.utils.clip_grad_norm_(self.parameters.values(), MAX_NORM))
        if not (math.isfinite(loss) and bool(torch.isfinite(norm))):
            self.save()
            raise TuningError(
                f"step {number + 1}: the loss is no number any more; the checkpoint of step {number} is kept",
                todo="lower learning_rate, or set compute_dtype to bfloat16 or float32",
            )
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        with _enough_memory(_IN_THE_OPTIMISER, LESS_TO_LEARN):
            self.optimiser.step()
        tokens = sum(self.lessons.lengths[at] for rows in step for row in rows for at in row)
        seconds = self.progress.seconds + self.team.told(time.monotonic() - started)
        point = Point(number + 1, loss, learning_rate, self.progress.tokens + tokens, seconds)
        self.progress = replace(self.progress, points=(*self.progress.points, point))

    def _backward(self, step: Step, number: int) -> float:
        """Gradients of the mean loss over all target tokens of the step, whoever in the team has them; that loss."""
        total = sum(self.lessons.targets[at] for rows in step for row in rows for at in row)
        found = 0.0
        for place, weight in self.team.share(len(step)):
            # Dropout is the same after a kill, and whichever process takes the micro-batch.
            torch.manual_seed(int(digest([self.tuning.training_seed, number, place])[:15], 16))
            with _enough_memory(f"in a micro-batch of {self._size(step[place])}", _LESS_AT_ONCE):
                loss = self.student.loss(self._batch(step[place])) * (weight / total)
                torch.autograd.backward(loss * self.team.size)  # a team's gradients are averaged
            found += loss.item()
        return self.team.total(found)

    def _batch(self, rows: Sequence[Row]) -> Any:
        return collate([[self.lessons[at] for at in row] for row in rows])

    def _size(self, rows: Sequence[Row]) -> str:
        return f"{len(rows)} rows of up to {max(sum(self.lessons.lengths[at] for at in row) for row in rows)} tokens"

    # ---------------------------------------------------------------- the lessons held out

    def evaluate(self) -> None:
        """Measure the loss on what is held out, and keep the weights if they are the best so far."""
        started = time.monotonic()
        self.student.model.eval()
        found = 0.0
        with torch.no_grad():
            for place, weight in self.team.share(len(self.held)):
                rows: list[Row] = [(self.held[place],)]
                with _enough_memory(f"on what is held out, in {self._size(rows)}", _SHORTER_LESSONS):
                    found += weight * float(self.student.loss(self._batch(rows)))
        self.student.model.train()
        tokens = sum(self.lessons.targets[at] for at in self.held)
        self.progress = self.progress.evaluated(self.team.total(found) / tokens)
        if self.progress.best_step == self.progress.steps:
            self.best = {name: one.clone() for name, one in self.student.state().items()}
        self.progress = self.progress.later(self.team.told(time.monotonic() - started))

    # ---------------------------------------------------------------- checkpoints

    def save(self) -> None:
        checkpoint = Checkpoint(self.progress, self.student.state(), self._moments(), self.best)
        if self.team.leads:
            progress.save(checkpoint, self.folder)

    def _moments(self) -> dict[str, Any]:
        found = {}
        for name, parameter in self.parameters.items():
            for moment, value in self.optimiser.state.get(parameter, {}).items():
                if moment != "step":
                    found[f"{moment}/{name}"] = whole(value)
        return found

    def _resume(self) -> None:
        kept = progress.load(self.folder)
        if kept is None:
            return
        self.progress, self.best = kept.progress, dict(kept.best)
        self.student.set_state(kept.weights)
        with _enough_memory(_IN_THE_OPTIMISER, LESS_TO_LEARN):
            for name, parameter in self.parameters.items():
                if f"exp_avg/{name}" in kept.moments:
                    self.optimiser.state[parameter] = {
                        "step": torch.tensor(float(kept.progress.steps)),
                        **{m: like(kept.moments[f"{m}/{name}"], parameter) for m in ("exp_avg", "exp_avg_sq")},
                    }

    def finish(self) -> None:
        """Leave the weights that are to be kept in the student: the best ones where lessons were held out."""
        if self.best:
            self.student.set_state(self.best)

    # ---------------------------------------------------------------- when to stop

    def ended(self) -> str:
        """Why training ends here, or nothing."""
        tuning, done = self.tuning, self.progress
        if tuning.max_minutes and done.seconds >= 60 * tuning.max_minutes:
            return f"the clock: {tuning.max_minutes:g} minutes"
        if tuning.patience and done.bad_evaluations() >= tuning.patience:
            return f"no better loss on what is held out since step {done.best_step}"
        return "its end" if done.steps >= len(self.steps) else ""

    @property
    def due(self) -> bool:
        """Whether what is held out is to be measured after this step."""
        every = self.tuning.evaluate_every
        return bool(self.held) and (self.progress.steps % every == 0 or self.progress.steps == len(self.steps))


def train(folder: Path, checkpoint_seconds: float = CHECKPOINT_SECONDS, team: Team = ALONE) -> tuple[Training, Trained]:
    """Do the job in `folder`, from its checkpoint where there is one. A checkpoint is written every so many seconds."""
    training = Training(folder, team)
    saved = training.progress.seconds
    with counter("training", len(training.steps), "step", shown=team.leads) as bar:
        bar.update(training.progress.steps)
        while not (why := training.ended()):
            training.step()
            if training.due:
                training.evaluate()
            if training.progress.steps % RETURN_STEPS == 0:
                return_memory()
            bar.set_postfix_str(_postfix(training), refresh=False)
            bar.update()
            if training.progress.seconds - saved >= checkpoint_seconds:
                training.save()
                saved = training.progress.seconds
    training.save()
    training.finish()
    return training, Trained(training.progress, len(training.steps), why, peak_bytes(training.student.device))


def _nothing_to_learn(job: Job, held: int) -> TuningError:
    if held:
        return TuningError(
            f"there is nothing to learn from: held_out = {job.tuning.held_out:g} keeps all {held} lessons apart",
            todo="lower held_out, or give more subjects to learn from",
        )
    taught = job.taught
    if taught.elsewhere and not taught.too_long:
        return TuningError(
            f"there is nothing to learn from: all {taught.elsewhere} lessons are of subjects that another split has",
            todo="give a train split of other subjects",
        )
    return TuningError(
        f"there is nothing to learn from: of {taught.lessons} lessons, "
        f"{taught.too_long} more had no room in {job.tuning.sequence_length} tokens",
        todo="raise sequence_length, or give a train split with targets",
    )


def _postfix(training: Training) -> str:
    done, last = training.progress, training.progress.points[-1]
    pace = done.tokens / done.seconds
    return f"loss {last.loss:.3f}, {pace:.0f} tok/s, {peak_bytes(training.student.device) / 2**30:.1f} GiB"


def peak_bytes(device: str) -> int:
    """The most memory so far: of the GPU, else of this process."""
    if device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated(device))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _enough_memory(where: str, todo: str) -> AbstractContextManager[None]:
    return told_if_out_of_memory(TuningError(f"out of memory {where}", todo=todo))
