"""The layers hold: imports go one way, and only where docs/architecture.md says so."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "bayesreg"
# From the bottom up. A module may import what stands before it; those of one line, not each other.
LAYERS = [
    ["arguments", "errors", "files", "scales", "compilation", "terminal"],
    ["jax_context"],
    ["hyperpriors"],
    ["priors"],
    ["penalty"],
    ["data.checks", "data.file_columns", "data.flat", "data.folds", "data.products", "data.threads"],
    ["data.doubtful_text", "data.file_kinds"],
    ["data.csv_file", "data.levels", "data.parquet_file"],
    ["data.table"],
    ["data.least_squares", "conventions.context"],
    ["conventions.convention"],
    ["conventions.table"],
    ["conventions.translation"],
    ["likelihoods"],
    ["model"],
    ["data.gram_least_squares"],
    ["data.row_least_squares"],
    ["data.rows"],
    ["data.gram"],
    ["problem"],
    ["gaussian", "ridge_scores"],
    ["propriety"],
    ["evidence"],
    ["mode.sweeps", "mode.certificate", "mode.gap"],
    ["mode.interior_point"],
    ["mode.quadratic", "mode.held_quadratic"],
    ["mode.working_set"],
    ["mode.coefs", "mode.degrees"],
    ["mode.noise"],
    ["mode.grid"],
    ["mode.solve"],
    ["mode.logistic", "scale_path"],
    ["cross_validation"],
    ["posterior.diagnostics", "posterior.left_out", "posterior.log_grid", "posterior.summary"],
    ["posterior.density", "posterior.sensitivity"],
    ["posterior.identity"],
    ["posterior.checkpoint"],
    [
        "posterior.ladder",
        "posterior.log_priors",
        "posterior.pareto",
        "posterior.propagation",
        "posterior.watershed",
    ],
    ["posterior.scale_grid"],
    ["posterior.bulks"],
    ["posterior.chains", "posterior.centre", "posterior.to_arviz", "posterior.to_numpyro"],
    ["posterior.batches", "posterior.score"],
    ["posterior.stein"],
    ["posterior.certificate"],
    ["posterior.nuts", "posterior.whitened", "posterior.mixture", "posterior.marginal", "posterior.predict"],
    ["posterior.prior", "posterior.convergence", "posterior.leave_one_out", "posterior.predictive_check"],
    ["posterior.gibbs", "posterior.independence"],
    ["posterior.expected"],
    ["posterior.ways"],
    ["posterior.sample"],
    ["path_sampling", "bands"],
    ["choosers"],
    ["selection"],
    ["auditing", "compare", "equivalence", "conventions.implied", "bootstrap"],
    ["intervals"],
    ["estimators", "plots.strengths", "plots.style"],
    [
        "plots.certificate",
        "plots.forest",
        "plots.geometry",
        "plots.paths",
        "plots.posterior_certificate",
        "plots.predictive",
        "plots.priors",
        "plots.scales",
    ],
    ["draws_file", "model_text", "text"],
    ["outputs"],
    ["code_lines", "figures", "fitted"],
    ["pictures", "cautions"],
    ["report.data_summary", "report.formula", "report.section"],
    ["report.figures", "report.lambdas"],
    ["report.checks", "report.inputs", "report.results"],
    ["report.page"],
    ["commands.as_json", "commands.coefficients", "commands.rows", "commands.values"],
    [
        "commands.audit",
        "commands.conventions",
        "commands.predict",
        "commands.translate",
        "commands.fit_json",
        "commands.fit_text",
    ],
    ["demo", "analysis"],
    ["cli"],
    ["__main__"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}
# What may be loaded at import, by module; everything else is imported where it is used.
EAGER = {
    "estimators": {"sklearn"},
    "cli": {"click"},
    "demo": {"pandas", "rich"},
    "text": {"rich"},
    "mode.quadratic": {"jax"},
    "mode.sweeps": {"jax"},
    "posterior.density": {"jax"},
    "posterior.chains": {"jax"},
    "posterior.gibbs": {"jax"},
    "posterior.independence": {"jax"},
    "posterior.mixture": {"jax"},
    "posterior.whitened": {"jax"},
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


def test_every_module_has_a_layer():
    assert set(FILES) == set(RANK)


@pytest.mark.parametrize("name", sorted(FILES))
def test_imports_go_up_the_list_only(name):
    for target in imported_modules(name):
        if target in ("__version__", ""):
            continue
        assert target in RANK, f"{name} imports {target}, which is no module"
        assert RANK[target] < RANK[name], f"{name} must not import {target}"


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
        if not name.startswith("conventions.") and name != "demo":
            assert not words & {"alpha", "l1_ratio", "lambda_"}, name


def test_no_mutable_global_jax_setting():
    for name, path in FILES.items():
        if name != "compilation":  # which is for those who ask for it
            assert "jax.config" not in path.read_text(), name


def test_the_document_lists_every_module():
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    for name in FILES:
        assert f"{name.split('.')[-1]}.py" in text, f"docs/architecture.md does not mention {name}"
