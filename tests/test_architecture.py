"""The floors hold: imports between packages go down, and none of the modules within goes round."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "bayesreg"
# From the bottom up. A package may import those of lower floors.
FLOORS = [
    ["base"],
    ["data", "priors"],
    ["conventions", "likelihoods"],
    ["model"],
    ["gaussian"],
    ["mode"],
    ["posterior"],
    ["compare", "selection"],
    ["estimators", "plots"],
    ["app"],
]
FLOOR = {package: floor for floor, packages in enumerate(FLOORS) for package in packages}
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}
# What may be loaded at import, by module; everything else is imported where it is used.
EAGER = {
    "app.options.grouped": {"click"},
    "estimators.from_sklearn": {"sklearn"},
    "estimators.regressor": {"sklearn"},
    "estimators.classifier": {"sklearn"},
    "estimators.estimator": {"sklearn"},
    "app.cli": {"click"},
    "app.one_line": {"click"},
    "app.options.audit": {"click"},
    "app.options.conventions": {"click"},
    "app.options.demo": {"click"},
    "app.options.fit": {"click"},
    "app.options.kinds": {"click"},
    "app.options.predict": {"click"},
    "app.options.reduce": {"click"},
    "app.options.shared": {"click"},
    "app.options.translate": {"click"},
    "app.demo": {"pandas", "rich"},
    "app.words.text": {"rich"},
    "mode.solvers.jitted_quadratic": {"jax"},
    "mode.solvers.sweeps": {"jax"},
    "posterior.targets.density": {"jax"},
    "posterior.kernels.chains": {"jax"},
    "posterior.kernels.gibbs": {"jax"},
    "posterior.kernels.independence": {"jax"},
    "posterior.targets.mixture": {"jax"},
    "posterior.targets.rows": {"jax"},
    "posterior.targets.row_mixture": {"jax"},
    "posterior.targets.source_target": {"jax"},
    "posterior.targets.whitened": {"jax"},
    "posterior.source_draws": {"jax"},
}


def at_run_time(tree):
    """Yield the import statements, those for the type checker left out."""
    checking = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and getattr(test.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    return [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) and id(n) not in checking]


def imported_modules(name):
    package = name.split(".")[:-1]
    for node in at_run_time(ast.parse(FILES[name].read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            if not node.module:  # `from .. import __version__`
                continue
            base = package[: len(package) - node.level + 1]
            target = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            yield from [target] if node.module else [alias.name for alias in node.names]


def test_every_package_has_a_floor_and_nothing_is_loose():
    assert len(FLOORS) <= 12
    assert {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"} == {
        *FLOOR,
        "__init__.py",
        "__main__.py",
        "py.typed",
    }


@pytest.mark.parametrize("name", sorted(set(FILES) - {"__main__"}))
def test_imports_go_to_lower_floors_only(name):
    package = name.split(".")[0]
    for target in imported_modules(name):
        assert target in FILES, f"{name} imports {target}, which is no module"
        other = target.split(".")[0]
        assert other == package or FLOOR[other] < FLOOR[package], f"{name} must not import {target}"


def test_no_imports_go_round():
    TopologicalSorter({name: set(imported_modules(name)) for name in FILES}).prepare()


@pytest.mark.parametrize("name", sorted(FILES))
def test_heavy_libraries_are_imported_where_they_are_used(name):
    top = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.parse(FILES[name].read_text()).body
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
    }
    heavy = {"jax", "numpyro", "arviz", "sklearn", "pandas", "matplotlib", "scipy", "rich", "click"}
    assert top & heavy == EAGER.get(name, set())


def test_only_conventions_knows_another_packages_scaling():
    for name, path in FILES.items():
        words = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        if not name.startswith("conventions.") and name not in ("app.demo", "compare.default_priors"):
            assert not words & {"alpha", "l1_ratio", "lambda_"}, name


def test_no_mutable_global_jax_setting():
    for name, path in FILES.items():
        if name != "base.compilation_cache":  # which is for those who ask for it
            assert "jax.config" not in path.read_text(), name


@pytest.mark.parametrize("name", sorted(set(FILES) - {"__main__"}))
def test_each_package_says_what_its_modules_are(name):
    said = ast.get_docstring(ast.parse((FILES[name].parent / "__init__.py").read_text()))
    assert re.search(rf"\b{name.split('.')[-1]}\b", said), (
        f"the docstring of {name}'s package does not name it"
    )


@pytest.mark.parametrize("package", sorted({path.parent for path in FILES.values()} - {PACKAGE}))
def test_each_package_says_what_its_packages_are(package):
    said = ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    for inner in package.iterdir():
        if (inner / "__init__.py").exists():
            assert re.search(rf"\b{inner.name}\b", said), inner


def test_the_picture_of_the_house_is_the_house():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    picture = re.search(r"```text\n(\s+app.*?)```", page, re.DOTALL)[1]
    shown = [line[:52].split() for line in picture.splitlines()]
    assert [sorted(floor) for floor in shown[::-1]] == [sorted(floor) for floor in FLOORS]


def test_the_page_names_files_that_are_there():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    named = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", page)
    assert len(named) > 30
    for file in named:
        assert list(PACKAGE.rglob(file)), file
    assert len(page.split()) < 1200, "two pages"


CONCRETE = {
    "LaplacePrior",
    "GaussianPrior",
    "ElasticNetPrior",
    "FlatPrior",
    "ElasticNetLaw",
    "GaussianLikelihood",
    "BernoulliLikelihood",
}


@pytest.mark.parametrize("name", sorted(set(FILES) - {"__main__"}))
def test_no_code_asks_which_prior_or_likelihood_it_has(name):
    """It asks what they can do: one more of either would be missed."""
    for node in ast.walk(ast.parse(FILES[name].read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            classes = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
            assert not classes & CONCRETE, f"{name}, line {node.lineno}"
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = {n.value for side in sides for n in ast.walk(side) if isinstance(n, ast.Constant)}
            assert not named & CONCRETE, f"{name}, line {node.lineno}"
