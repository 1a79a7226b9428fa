"""Every error that a user can meet. Shown as a message without traceback; says what to do next.

    HarnessError                exit 1: the user's problem
    ├── UsageError              exit 2: the command line itself is wrong
    ├── PluginError             a plugin is unknown, doubled or broken
    ├── SettingsError           a setting or a lineup is wrong
    ├── CorpusError             tables that cannot be read
    ├── LeakError               a target is left in what a system would see
    ├── AssetError              a model, encoder or vocabulary is missing or torn
    ├── RunError                a run cannot go on
    ├── TuningError             training that cannot go on
    ├── GenerationError         prompts that an engine could not complete; the others are
    ├── SubmissionError         a submission that cannot be read
    ├── ScoreError              scores that cannot be computed
    ├── CannotJudge             one pair that a scorer cannot judge; the others go on
    ├── LeaderboardError        score cards that cannot stand in one table
    └── PrivacyError            something would leave the machine or the corpus's root

Messages never hold text of a patient. Ids may stand in them: they go to the user's own terminal only.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence


class HarnessError(Exception):
    """The user's problem: `what` was wrong and where, then what to do about it."""

    exit_code = 1

    def __init__(self, what: str, *, todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}\n  -> {self.todo}" if self.todo else self.what


class UsageError(HarnessError):
    exit_code = 2


class PluginError(HarnessError):
    pass


class SettingsError(HarnessError):
    pass


class CorpusError(HarnessError):
    pass


class LeakError(HarnessError):
    pass


class AssetError(HarnessError):
    pass


class RunError(HarnessError):
    pass


class TuningError(HarnessError):
    pass


class GenerationError(HarnessError):
    """Raised by `Engine.complete` after it has yielded all that it could complete. `reasons` says why, by index, for
    the prompts that it could not; they hold nothing of prompts and answers."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        first = next(iter(reasons.values()))
        super().__init__(f"{len(reasons)} prompts could not be completed, the first because {first}")
        self.reasons = reasons


class SubmissionError(HarnessError):
    pass


class ScoreError(HarnessError):
    pass


class CannotJudge(HarnessError):
    """Raised by `Scorer.measure` for the pair at the index `at` of its pairs, which it has to name. `reason` holds
    nothing of its texts, nor their size, so that equal reasons can be counted. A function of one pair leaves `at`
    out."""

    def __init__(self, reason: str, *, at: int | None = None) -> None:
        super().__init__(reason)
        self.at = at


class LeaderboardError(HarnessError):
    pass


class PrivacyError(HarnessError):
    pass


def unknown(kind: str, name: str, names: Sequence[str]) -> PluginError:
    """The error for a name that nothing has: lists the nearest, or all."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names) or 'none'}"
    return PluginError(f"there is no {kind} '{name}'", todo=hint)


# --------------------------------------------------------------------------- what plugins raise beside these


def told(error: BaseException, *, message: bool = True) -> str:
    """Type of an error, with its message where that may be shown; of `sys.exit` the exit code too."""
    kind = type(error).__name__
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return f"{kind}, exit code {error.code or 0}"
        kind = f"{kind}, exit code 1"  # any other value is a message
    return f"{kind}: {error}" if message else kind
