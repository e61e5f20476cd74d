"""Who takes part, in which environment, and the child process that each runs in."""

import contextlib
import json
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, Any, Self

from . import ours
from .peers import adelie, celer, glmnet, glum, scikit_learn, skglm

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = ROOT / "benchmarks" / ".peers" / "bin" / "python"


@dataclass(frozen=True)
class Runner:
    """A package under test: `module` says what it can do, `command` starts its worker."""

    name: str
    module: ModuleType
    command: tuple[str, ...]
    warm_each_tolerance: bool = False

    @property
    def missing(self) -> str | None:
        """Say why the worker cannot start, or return None."""
        return None if shutil.which(self.command[0]) else "not installed: `make bench-peers`"


def _python(name: str, module: ModuleType, python: Path | str, **options: Any) -> Runner:
    return Runner(name, module, (str(python), "-m", "benchmarks.worker", module.__name__), **options)


RUNNERS: dict[str, Runner] = {
    runner.name: runner
    for runner in [
        _python("bayesreg", ours, sys.executable, warm_each_tolerance=True),
        _python(
            "scikit-learn", scikit_learn, sys.executable
        ),  # the newer NumPy and BLAS are this environment's
        _python("celer", celer, PEERS_PYTHON),
        _python("skglm", skglm, PEERS_PYTHON),
        _python("adelie", adelie, PEERS_PYTHON),
        _python("glum", glum, PEERS_PYTHON),
        Runner("glmnet", glmnet, ("Rscript", "--vanilla", "benchmarks/peers/glmnet.R")),
    ]
}


class WorkerError(RuntimeError):
    """A request that failed, in the worker's own words; the worker lives on."""


class WorkerGoneError(RuntimeError):
    """The worker died or was stopped at the time limit."""


class Worker:
    """One child process. While it works this process only waits."""

    def __init__(self, runner: Runner, log: Path) -> None:
        self._log: IO[str] = log.open("w")
        self._path = log
        self.spawned = time.time()
        self._process = subprocess.Popen(
            runner.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=ROOT
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def ask(self, verb: str, limit: float, **pairs: Any) -> dict[str, Any]:
        """Send one request and wait for its reply, at most `limit` seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = "\t".join([verb, *(f"{key}={value}" for key, value in pairs.items())]) + "\n"
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            self._gone()
        if not select.select([self._process.stdout], [], [], limit)[0]:
            self.close()
            raise WorkerGoneError(f"stopped after {limit:.0f} s")
        answer = self._process.stdout.readline()
        if not answer:
            self._gone()
        reply: dict[str, Any] = json.loads(answer)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _gone(self) -> None:
        code = self._process.wait()
        self.close()
        tail = self._path.read_text(errors="replace").strip().split("\n")[-1]
        raise WorkerGoneError(f"process ended with status {code}: {tail}")
