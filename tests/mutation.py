"""What the tests notice: lines of the package drawn at random, each changed a little, and whether a test fails.

Cosmic Ray changes a line, coverage.py says which tests run it, and those are run until one fails. A line that JAX
may have compiled, or that is run at the import, is judged by all tests of each file in which one runs it: later
tests use what the first has compiled. What is found is written after every line, so that a run goes on where it
stopped::

    python tests/mutation.py run build/mutation/after.json --commit HEAD

Two commits are compared on lines that are in both. The second is asked about the survivors of the first alone: what
its tests notice there is what the first has lost. A test that both have, with the same words, has been asked::

    python tests/mutation.py run build/mutation/after.json --commit HEAD --also-in f1efa65
    python tests/mutation.py run build/mutation/before.json --commit f1efa65 --select "not slow" \\
        --survivors-of build/mutation/after.json
    python tests/mutation.py table build/mutation/after.json build/mutation/before.json
"""

import argparse
import ast
import difflib
import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "bayesreg"
DEFAULT = "not slow and not extended"  # what `make test` runs
# Operators of bits raise at once where numbers are floats: any test would notice.
TOO_EASY = re.compile(r"Replace(Binary|Unary)Operator_\w*(Bit|Shift|Invert|Delete)")
HANGS_AFTER = 300  # seconds of one test
FULL_DISK = "full_disk"  # in the names of tests that limit the size of files
PLUGIN = "mutation_plugin"
IN_TEST, FIXTURES, WANTED = "MUTATION_TEST", "MUTATION_FIXTURES", "MUTATION_WANTED"  # the plugin's
SILENT = "ignore:Error reading persistent compilation cache entry"


@dataclass
class Mutant:
    """One changed line, and what became of it."""

    path: str
    line: int
    operator: str
    occurrence: int
    change: str
    outcome: str = ""  # killed, survived or not run by any test
    by: str = ""
    seconds: float = 0.0


@dataclass
class Covered:
    """The tests of a file, and which of them, by number, run a line of a path."""

    tests: list[str]
    lines: dict[str, dict[str, list[int]]]

    def those(self, numbers) -> set[str]:
        """Return tests by number."""
        return {self.tests[number] for number in numbers}


def main() -> None:
    """Run or tabulate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run")
    run.add_argument("results", type=Path)
    run.add_argument("--commit", default="HEAD", help="of package and tests")
    run.add_argument("--select", default=DEFAULT, help="pytest's -m")
    run.add_argument("--files", default="test_*.py", help="the tests' files, as a pattern")
    run.add_argument("--lines", type=int, default=150)
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--also-in", help="a commit that has the lines too")
    run.add_argument("--survivors-of", type=Path, help="judge what survived in this file of results")
    run.add_argument(
        "--limit", type=float, default=3600.0, help="seconds for one line; more counts as killed"
    )
    run.add_argument("--until", type=float, default=float("inf"), help="stop after so many seconds")
    run.set_defaults(do=run_all)
    table = commands.add_parser("table")
    table.add_argument("results", type=Path, nargs="+")
    table.set_defaults(do=print_table)
    given = parser.parse_args()
    given.do(given)


def run_all(given: argparse.Namespace) -> None:
    """Judge every line that has no outcome yet."""
    began = time.monotonic()
    tree = checked_out(given.commit, given.results.with_suffix(""))
    if given.results.exists():
        mutants = read(given.results)
    elif given.survivors_of:
        mutants = found_again(survivors(given.survivors_of), other_tree(given.survivors_of), tree)
    else:
        other = checked_out(given.also_in, given.results.with_suffix("") / "also") if given.also_in else None
        mutants = draw(tree, given.lines, given.seed, other)
    write(given, mutants)
    covered = coverage_by_file(tree, given.select, given.files)
    if given.survivors_of:
        covered = unlike(covered, tree, other_tree(given.survivors_of))
    for mutant in mutants:
        if mutant.outcome:
            continue
        if time.monotonic() - began > given.until:
            break
        judge(mutant, tree, covered, given.select, given.limit)
        print(
            f"{mutant.outcome:8} {mutant.seconds:6.0f} s  {mutant.path}:{mutant.line}  {mutant.by}",
            flush=True,
        )
        write(given, mutants)


def write(given: argparse.Namespace, mutants: list[Mutant]) -> None:
    """Keep what is found so far."""
    kept = {"commit": given.commit, "select": given.select, "mutants": [asdict(one) for one in mutants]}
    given.results.parent.mkdir(parents=True, exist_ok=True)
    given.results.write_text(json.dumps(kept, indent=1))


def other_tree(results: Path) -> Path:
    """Return the checkout in which these results' lines were drawn."""
    return results.with_suffix("").resolve() / "tree"


def checked_out(commit: str, folder: Path) -> Path:
    """Return a copy of a commit, beside the results."""
    tree = folder / "tree"
    if not tree.exists():
        tree.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    return tree.resolve()


# Lines.


def all_operators() -> list:
    """Return Cosmic Ray's operators by name, those left out that any test would notice."""
    from cosmic_ray.plugins import get_operator, operator_names

    return [
        (name, get_operator(name)())
        for name in sorted(operator_names())
        if not get_operator(name).arguments() and not TOO_EASY.search(name) and "NoOp" not in name
    ]


def draw(tree: Path, n: int, seed: int, other: Path | None = None) -> list[Mutant]:
    """Draw lines that an operator can change, and one change for each; in both trees, if another is given."""
    operators = all_operators()
    by_line: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for path in sorted((tree / PACKAGE).rglob("*.py")):
        name = str(path.relative_to(tree))
        for line, *change in changes(path.read_text(), operators):
            by_line.setdefault((name, line), []).append(tuple(change))
    rng = random.Random(seed)
    mutants = []
    for path, line in rng.sample(sorted(by_line), len(by_line)):
        if len(mutants) == n:
            break
        if other is not None and line not in same_lines(tree / path, other / path):
            continue
        operator, occurrence = rng.choice(by_line[path, line])
        before = (tree / path).read_text()
        after = mutated(before, operator, occurrence)
        if is_python(after):
            said = [
                row
                for row in difflib.ndiff(before.splitlines(), after.splitlines())
                if row[:2] in ("- ", "+ ")
            ]
            mutants.append(Mutant(path, line, operator, occurrence, "\n".join(said)))
    return mutants


def same_lines(here: Path, there: Path) -> dict[int, int]:
    """Return the lines of a file that another version of it has too, and which line that is."""
    if not there.exists():
        return {}
    old, new = here.read_text().splitlines(), there.read_text().splitlines()
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return {block.a + 1 + step: block.b + 1 + step for block in blocks for step in range(block.size)}


def found_again(mutants: list[Mutant], here: Path, there: Path) -> list[Mutant]:
    """Return the same changes in another version of the package."""
    operators, found = dict(all_operators()), []
    for one in mutants:
        line = same_lines(here / one.path, there / one.path)[one.line]

        def of_line(tree: Path, wanted: int, name: str = one.operator, path: str = one.path) -> list[int]:
            each = changes((tree / path).read_text(), [(name, operators[name])])
            return [occurrence for at, _, occurrence in each if at == wanted]

        place = of_line(here, one.line).index(one.occurrence)
        found.append(Mutant(one.path, line, one.operator, of_line(there, line)[place], one.change))
    return found


def changes(source: str, operators: list) -> list[tuple[int, str, int]]:
    """Return line, operator and occurrence of every change, those of annotations left out."""
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes = list(ast_nodes(get_ast(source)))
    typed = annotations(source)
    return [
        (start[0], name, occurrence)
        for name, operator in operators
        for occurrence, (start, _) in enumerate(
            place for node in nodes for place in operator.mutation_positions(node)
        )
        if not any(low <= start < high for low, high in typed)
    ]


def annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where annotations begin and end: the type checker reads them, tests do not."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for one in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if one is not None:
                found.append(((one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset)))
    return found


def is_python(source: str) -> bool:
    """Return whether it can be compiled: `**, name` cannot."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def mutated(source: str, operator: str, occurrence: int) -> str:
    """Return the source with one change."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    return mutate_code(source, get_operator(operator)(), occurrence)


# Tests.


def environment(tree: Path) -> dict[str, str]:
    """Return what the tests' processes find: this tree, and programs that an earlier process compiled."""
    return {
        **os.environ,
        "PYTHONPATH": f"{tree}{os.pathsep}{tree.parent}",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BAYESREG_TEST_PROGRAMS": str(tree.parent / "programs"),
        "JAX_COMPILATION_CACHE_DIR": str(tree.parent / "programs"),  # for tests that know no such folder
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }


def pytest_command(files: list[str], select: str) -> list[str]:
    """Return the command that runs these files until one test fails."""
    until_one_fails = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-W", SILENT, "-m", select]
    hanging = [f"faulthandler_timeout={HANGS_AFTER}", "faulthandler_exit_on_timeout=true"]
    return [*until_one_fails, *(part for option in hanging for part in ("-o", option)), *files]


def coverage_by_file(tree: Path, select: str, pattern: str) -> dict[str, Covered]:
    """Return, for each test file, which of its tests run which lines of the package.

    Each file is run once, with coverage; what is found is kept. Processes that a test starts count as the test.
    """
    folder = tree.parent / "covered"
    folder.mkdir(exist_ok=True)
    (tree.parent / f"{PLUGIN}.py").write_text((ROOT / "tests" / "mutation_plugin.py").read_text())
    covered = {}
    for file in sorted((tree / "tests").glob(pattern)):
        kept = folder / f"{file.stem}.json"
        if not kept.exists():
            began = time.monotonic()
            kept.write_text(json.dumps(asdict(lines_run_by(file, tree, folder, select))))
            print(f"covered  {time.monotonic() - began:6.0f} s  {file.name}", flush=True)
        covered[f"tests/{file.name}"] = Covered(**json.loads(kept.read_text()))
    return covered


def unlike(covered: dict[str, Covered], here: Path, there: Path) -> dict[str, Covered]:
    """Leave out the tests that have run in the other tree too, and whose functions are the same there."""
    has_run = {test for file in coverage_by_file(there, DEFAULT, "test_*.py").values() for test in file.tests}
    kept = {}
    for name, file in covered.items():
        ours, theirs = functions(here / name), functions(there / name)
        own = [test.split("::")[-1].split("[")[0] for test in file.tests]
        new = {
            at
            for at, (test, function) in enumerate(zip(file.tests, own, strict=True))
            if test not in has_run or ours.get(function) != theirs.get(function)
        }
        lines = {
            path: {line: sorted(new.intersection(numbers)) for line, numbers in of.items()}
            for path, of in file.lines.items()
        }
        kept[name] = Covered([test if at in new else "" for at, test in enumerate(file.tests)], lines)
    return kept


def functions(path: Path) -> dict[str, str]:
    """Return the functions of a file by name, as trees without comments and layout."""
    nodes = ast.walk(ast.parse(path.read_text())) if path.exists() else ()
    return {node.name: ast.dump(node) for node in nodes if isinstance(node, ast.FunctionDef)}


def lines_run_by(file: Path, tree: Path, folder: Path, select: str) -> Covered:
    """Run one test file with coverage; it must pass, but for a test of a full disk: coverage cannot write then."""
    from coverage import CoverageData
    from coverage.exceptions import DataError

    data = folder / file.stem
    data.mkdir(exist_ok=True)
    (data / "rc").write_text(
        f"[run]\nsource = {tree / PACKAGE}\nparallel = true\ncore = ctrace\ndata_file = {data / 'c'}\n"
        f"context = ${{{IN_TEST}-}}\n"
    )
    all_of_it = [part for part in pytest_command([f"tests/{file.name}"], select) if part != "-x"]
    done = subprocess.run(
        [sys.executable, *all_of_it, "-p", PLUGIN],
        cwd=tree,
        env={
            **environment(tree),
            "COVERAGE_PROCESS_START": str(data / "rc"),
            FIXTURES: str(data / "fixtures.json"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, flags=re.MULTILINE)
    if done.returncode not in (0, 1, 5) or any(
        FULL_DISK not in name for name in failed
    ):  # 5: none is selected
        raise SystemExit(f"{file.name} fails as it is:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
    users = json.loads((data / "fixtures.json").read_text())  # of a context: the tests that it is of
    tests = sorted({test for each in users.values() for test in each})
    number = {test: at for at, test in enumerate(tests)}
    found: dict[str, dict[str, set[int]]] = {}
    for one in data.glob("c*"):
        part = CoverageData(str(one))
        try:
            part.read()
        except DataError:  # of a process that a test has killed
            one.unlink()
            continue
        for path in part.measured_files():
            lines = found.setdefault(str(Path(path).relative_to(tree)), {})
            for line, contexts in part.contexts_by_lineno(path).items():
                numbers = {number[test] for context in contexts for test in users.get(context, ())}
                lines.setdefault(str(line), set()).update(numbers)
        one.unlink()
    return Covered(tests, {path: {line: sorted(n) for line, n in of.items()} for path, of in found.items()})


def judge(mutant: Mutant, tree: Path, covered: dict[str, Covered], select: str, limit: float) -> None:
    """Run the tests that run the line, the files first that run most of its module, until a test fails."""
    wanted = tests_of(mutant, tree, covered)
    if not wanted:
        mutant.outcome = "not run"
        return
    files = sorted(wanted, key=lambda name: -len(covered[name].lines[mutant.path]))
    names = {test for tests in wanted.values() for test in tests}
    (tree.parent / "wanted.json").write_text(json.dumps(sorted(names)))
    command = [sys.executable, *pytest_command(files, select), "-p", PLUGIN]
    place = tree / mutant.path
    before, began = place.read_text(), time.monotonic()
    place.write_text(mutated(before, mutant.operator, mutant.occurrence))
    try:
        mutant.outcome, mutant.by = outcome_of(command, tree, limit)
    finally:
        place.write_text(before)
    mutant.seconds = round(time.monotonic() - began, 1)


def tests_of(mutant: Mutant, tree: Path, covered: dict[str, Covered]) -> dict[str, set[str]]:
    """Return the tests that may notice a change, by file."""
    source = (tree / mutant.path).read_text()
    compiled = re.search(r"^\s*(import|from) jax", source, flags=re.MULTILINE)
    at_import = not in_function(source, mutant.line)
    found = {}
    for name, file in covered.items():
        lines = file.lines.get(mutant.path, {})
        some = file.those(at for of in lines.values() for at in of)  # tests that run a function of the module
        direct = file.those(lines.get(str(mutant.line), ()))
        if at_import:
            found[name] = some
        elif compiled and str(mutant.line) in lines:
            found[name] = set(file.tests) - {""}
        else:
            found[name] = direct
    return {name: tests for name, tests in found.items() if tests}


def in_function(source: str, line: int) -> bool:
    """Return whether a line is in the body of a function."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body[0].lineno <= line <= (node.end_lineno or 0)
        for node in ast.walk(ast.parse(source))
    )


def outcome_of(command: list[str], tree: Path, limit: float) -> tuple[str, str]:
    """Return whether tests fail, and the first that does."""
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env={**environment(tree), WANTED: str(tree.parent / "wanted.json")},
            capture_output=True,
            text=True,
            check=False,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return "killed", "takes too long"
    if done.returncode == 0:
        return "survived", ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, flags=re.MULTILINE)
    return "killed", failed[1] if failed else "cannot be run to the end"


# Results.


def read(path: Path) -> list[Mutant]:
    """Return what a run has found."""
    return [Mutant(**one) for one in json.loads(path.read_text())["mutants"]]


def survivors(path: Path) -> list[Mutant]:
    """Return what no test noticed."""
    return [one for one in read(path) if one.outcome in ("survived", "not run")]


def print_table(given: argparse.Namespace) -> None:
    """Print how many were noticed, and what was not."""
    for path in given.results:
        mutants = [one for one in read(path) if one.outcome]
        kinds = {
            kind: sum(one.outcome == kind for one in mutants) for kind in ("killed", "survived", "not run")
        }
        print(f"{path.stem}: {len(mutants)} lines; " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
        for one in mutants:
            if one.outcome != "killed":
                print(f"\n{one.outcome}: {one.path}:{one.line} ({one.operator.split('/')[-1]})\n{one.change}")
        print()


if __name__ == "__main__":
    main()
