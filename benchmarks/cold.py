"""A first fit in a fresh process, without and with compiled programs kept on disk: `python -m benchmarks.cold`."""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tqdm import tqdm

from .cases import CASES
from .problem import save
from .report import duration
from .runners import ROOT

_REPEATS = 5
_CODE = """
import sys, time
from pathlib import Path
from benchmarks.problem import load
problem = load(Path(sys.argv[1]))
import jax
started = time.perf_counter()
import bayesreg as br
from benchmarks import ours
if sys.argv[2]:
    br.use_compilation_cache(sys.argv[2])
ours.fit(problem, "default", 1e-6)
print(time.perf_counter() - started)
"""


def main(names: list[str]) -> None:
    """Print a Markdown table: seconds above `import jax`, reading X taken off."""
    print("| case | compiled anew | from disk |\n| --- | --- | --- |")
    for name in tqdm(names, disable=None):
        with tempfile.TemporaryDirectory() as folder:
            problem, cache = Path(folder) / "problem", Path(folder) / "cache"
            save(CASES[name].problem(), problem)
            _first_fit(problem, cache)
            anew, kept = ([_first_fit(problem, place) for _ in range(_REPEATS)] for place in (None, cache))
        tqdm.write(f"| {name} | {_spread(anew)} | {_spread(kept)} |")


def _first_fit(problem: Path, cache: Path | None) -> float:
    command = [sys.executable, "-c", _CODE, str(problem), str(cache or "")]
    return float(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _spread(seconds: list[float]) -> str:
    return f"{duration(median(seconds))} ({duration(min(seconds))}–{duration(max(seconds))})"


if __name__ == "__main__":
    main(sys.argv[1:] or ["M1", "M2", "M3", "M4'"])
