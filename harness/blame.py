"""What a plugin is not to be blamed for, although it was at work."""

from __future__ import annotations

import signal

from harness.engines.runtime import out_of_memory
from harness.errors import HarnessError
from harness.files import no_room


def raise_if_nobodys(error: BaseException, full_memory: HarnessError) -> None:
    """Raises what came from outside: the end of the process by a signal, a full disk as the machine names it, and
    `full_memory` where that is full."""
    if ended_from_outside(error):
        raise error
    if full := no_room(error):
        raise full from None
    if out_of_memory(error):
        raise full_memory from None


def ended_from_outside(error: BaseException) -> bool:
    """Whether a signal ends the process, which Ray answers by a SystemExit wherever we are."""
    answer = getattr(signal.getsignal(signal.SIGTERM), "__code__", None)
    trace = error.__traceback__ if isinstance(error, SystemExit) else None
    while trace and trace.tb_frame.f_code is not answer:
        trace = trace.tb_next
    return trace is not None
