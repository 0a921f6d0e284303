import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.launcher.child import Child
from config.launcher.errors import StopRequested
from config.launcher.supervisor import Supervisor

# Says its name when it is asked to end, so that the order can be seen.
OBEDIENT = (
    "import signal, sys; print('up', flush=True); "
    "signal.sigwait([signal.SIGTERM]); print('ended', flush=True)"
)
BLOCKED = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def python(code: str, grace: float = 5.0) -> Callable[[], Child]:
    command = [sys.executable, "-S", "-c", code]
    return lambda: Child(command, env={}, cwd=Path("/"), grace=grace)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def until(supervisor: Supervisor, happened: Callable[[], bool], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it didn't happen in time"
        supervisor.pause(0.05)


def test_everything_ends_in_the_reverse_of_the_order_in_which_it_started() -> None:
    lines: list[str] = []
    with Supervisor(lines.append) as supervisor:
        for name in ("first", "second"):
            supervisor.keep(name, python(BLOCKED + OBEDIENT))
        until(supervisor, lambda: sum(line.endswith("| up") for line in lines) == 2)
    assert lines[-3:] == ["earshot | Stopping…", "second  | ended", "first   | ended"]


def test_a_process_that_dies_is_started_again_and_that_is_said() -> None:
    lines: list[str] = []
    with Supervisor(lines.append) as supervisor:
        supervisor.keep("worker", python("import sys; print('up'); sys.exit(3)"), note=" Alas.")
        until(supervisor, lambda: lines.count("worker  | up") == 2)
    assert "earshot | worker ended (exit code 3) and starts again in 0.5 s. Alas." in lines


def test_a_process_that_dies_again_waits_longer_each_time() -> None:
    lines: list[str] = []
    with Supervisor(lines.append) as supervisor:
        supervisor.keep("worker", python("raise SystemExit(1)"))
        until(supervisor, lambda: sum("starts again" in line for line in lines) == 2)
    assert [line.split(" in ")[1] for line in lines if "starts again" in line] == ["0.5 s.", "1 s."]


def test_what_a_dead_process_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import os, time, signal\n"
        f"pid = os.fork()\nif pid: open({str(note)!r}, 'w').write(str(pid)); "
        "os.kill(os.getpid(), signal.SIGKILL)\ntime.sleep(60)"
    )
    lines: list[str] = []
    with Supervisor(lines.append) as supervisor:
        supervisor.keep("worker", python(code))
        until(supervisor, lambda: any("SIGKILL" in line for line in lines))
        left = int(note.read_text())
        until(supervisor, lambda: is_gone(left))


def test_a_process_that_will_not_end_is_ended_by_force_after_its_grace() -> None:
    lines: list[str] = []
    with Supervisor(lines.append) as supervisor:
        supervisor.keep("worker", python(STUBBORN, grace=0.3))
        until(supervisor, lambda: "worker  | up" in lines)
        started = time.monotonic()
    assert time.monotonic() - started < 2.0
    assert lines[-1] == "earshot | worker didn't end within 0.3 s and was ended by force."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_ends_the_run(number: signal.Signals) -> None:
    with Supervisor(lambda line: None) as supervisor:
        os.kill(os.getpid(), number)
        supervisor.run()


def test_a_request_to_stop_interrupts_a_process_that_runs_once() -> None:
    with Supervisor(lambda line: None) as supervisor:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StopRequested):
            supervisor.run_once("migrate", python("import time; time.sleep(60)"))


def test_a_process_that_runs_once_gives_its_output_and_its_exit_code() -> None:
    with Supervisor(lambda line: None) as supervisor:
        finished = supervisor.run_once("seed", python("print('grün'); print('b'); raise SystemExit(4)"))
    assert (finished.code, finished.output) == (4, ["grün", "b"])


def test_the_handlers_of_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Supervisor(lambda line: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    code = (
        "import pathlib, subprocess, sys, time\n"
        "from config.launcher.child import Child\n"
        "child = Child([sys.executable, '-S', '-c', "
        "'import os, time; pid = os.fork(); print(pid, flush=True) if pid else None; time.sleep(60)'],"
        " env={}, cwd=pathlib.Path('/'), grace=1.0)\n"
        f"words = f'{{child.pid}} {{child.process.stdout.readline().decode()}}'\n"
        f"pathlib.Path({str(note)!r}).write_text(words)\ntime.sleep(60)"
    )
    root = Path(__file__).parents[2]
    with Supervisor(lambda line: None) as supervisor:
        parent = Child([sys.executable, "-c", code], env={"PYTHONPATH": str(root)}, cwd=root)
        until(supervisor, lambda: note.exists() and len(note.read_text().split()) == 2)
        os.kill(parent.pid, signal.SIGKILL)
        parent.process.wait()
        for pid in map(int, note.read_text().split()):
            until(supervisor, lambda pid=pid: is_gone(pid))  # type: ignore[misc]
        parent.stop()
        if parent.process.stdout:
            parent.process.stdout.close()
