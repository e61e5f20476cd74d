"""All that the package answers on some forty problems, to the last bit: whether a rebuilding changed any of it.

`python tests/recorded_answers.py write FILE` before, `python tests/recorded_answers.py compare FILE` after; FILE is no part
of the repository, as other machines round otherwise. Only public names are used.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpyro.distributions as dist

import bayesreg as br

NUMBER = re.compile(r"(?<![\w.#])[-−]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]*[\w])")
TIMED = ("seconds", "took", "date", "version", "created", "time")
FLAT_NOISE = dist.ImproperUniform(dist.constraints.positive, (), ())


@dataclass
class Case:
    """A model on data."""

    prior: Any
    noise: Any = None
    data: str = "rows"
    options: dict[str, Any] = field(default_factory=dict)
    methods: tuple[str, ...] = ("auto",)


def columns(n: int = 40, p: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.6 * rng.normal(size=(n, 1)) + 1.0
    coef = np.where(np.arange(p) % 2 == 0, 1.5, 0.0)[: min(p, 8)]
    return X, X[:, : coef.size] @ coef + rng.normal(size=n) - 2.0


def data_of(kind: str) -> Any:
    import scipy.sparse

    X, y = columns(15, 25) if kind.startswith("wide") else columns()
    weights = np.random.default_rng(1).uniform(0.5, 3.0, size=len(y))
    weights[3] = 0.0
    return {
        "rows": lambda: br.RowData.from_arrays(X, y),
        "weighted rows": lambda: br.RowData.from_arrays(X, y, sample_weight=weights),
        "sparse rows": lambda: br.RowData.from_arrays(scipy.sparse.csr_array(np.where(X > 0.5, X, 0.0)), y),
        "statistics": lambda: br.GramData.from_arrays(X, y),
        "weighted statistics": lambda: br.GramData.from_arrays(X, y, sample_weight=weights),
        "blocks": lambda: br.GramData.from_chunks((X[k : k + 10], y[k : k + 10]) for k in range(0, len(y), 10)),
        "constant column": lambda: br.RowData.from_arrays(np.column_stack([X, np.full(len(y), 3.0)]), y),
        "wide": lambda: br.RowData.from_arrays(X, y),
        "wide statistics": lambda: br.GramData.from_arrays(X, y),
    }[kind]()  # fmt: skip


ALL = ("auto", "independence", "whitened", "mixture", "gibbs")
L, G, E = br.LaplacePrior, br.GaussianPrior, br.ElasticNetPrior
CASES = {
    "laplace": Case(L(0.5), methods=ALL),
    "laplace, known noise": Case(L(0.5), 1.0, methods=ALL),
    "laplace, relative": Case(L(0.5, relative_to_noise=True), methods=("auto", "gibbs")),
    "laplace, default scale": Case(L()),
    "laplace, standardised": Case(L(), options={"standardize": True}),
    "laplace, small scale": Case(L(0.02), methods=("auto",)),
    "laplace, statistics": Case(L(0.5), 1.0, "statistics"),
    "laplace, weighted rows": Case(L(0.5), 1.0, "weighted rows"),
    "laplace, weighted statistics": Case(L(0.5), None, "weighted statistics"),
    "laplace, sparse rows": Case(L(0.5), 1.0, "sparse rows"),
    "laplace, blocks": Case(L(0.5), 1.0, "blocks"),
    "laplace, constant column": Case(L(0.5), None, "constant column"),
    "laplace, constant column, no intercept": Case(L(0.5), 1.0, "constant column", {"fit_intercept": False}),
    "laplace, no intercept": Case(L(0.5), 1.0, options={"fit_intercept": False}),
    "laplace, intercept with a prior": Case(L(0.5), 1.0, options={"intercept_prior": G(5.0)}),
    "laplace, array of scales": Case(L(np.array([0.1, 0.5, 1.0, np.inf, 2.0])), 1.0),
    "laplace, named scales": Case(L({"x0": 0.1, "x1": 0.5, "x2": 1.0, "x3": 2.0, "x4": np.inf})),
    "laplace, factor": Case(L(0.5, factor=np.array([1.0, 1.0, 0.1, np.inf, 3.0])), 1.0),
    "laplace, sampled scale": Case(L(dist.HalfNormal(1.0)), methods=("auto", "gibbs")),
    "laplace, sampled relative scale": Case(L(dist.Gamma(2.0, 2.0), relative_to_noise=True)),
    "laplace, flat noise": Case(L(0.5), FLAT_NOISE),
    "laplace, bounded noise": Case(L(0.5), dist.Uniform(0.5, 1.4)),
    "laplace, noise with a prior": Case(L(0.5), dist.HalfNormal(1.0)),
    "laplace, wide": Case(L(0.3), None, "wide", methods=("auto", "mixture")),
    "laplace, wide, known noise": Case(L(0.3), 1.0, "wide"),
    "laplace, wide statistics": Case(L(0.3), 1.0, "wide statistics"),
    "gaussian": Case(G(0.8), methods=("auto", "marginal", "gibbs", "whitened")),
    "gaussian, known noise": Case(G(0.8), 1.0),
    "gaussian, relative": Case(G(0.8, relative_to_noise=True)),
    "gaussian, default scale": Case(G()),
    "gaussian, weighted rows": Case(G(0.8), 1.0, "weighted rows"),
    "gaussian, statistics": Case(G(0.8), None, "statistics"),
    "gaussian, factor": Case(G(0.8, factor=np.array([1.0, 1.0, 0.1, np.inf, 3.0])), 1.0),
    "gaussian, sampled scale": Case(G(dist.HalfNormal(1.0))),
    "gaussian, wide": Case(G(0.3), None, "wide"),
    "elastic net": Case(E(0.5, 0.8), methods=("auto", "gibbs", "whitened")),
    "elastic net, known noise": Case(E(0.5, 0.8), 1.0),
    "elastic net, relative": Case(E(0.5, 0.8, relative_to_noise=True)),
    "elastic net, sampled scale": Case(E(dist.HalfNormal(1.0), 0.8)),
    "elastic net, wide": Case(E(0.3, 0.5), 1.0, "wide"),
    "flat": Case(br.FlatPrior(), methods=("auto",)),
    "flat, known noise": Case(br.FlatPrior(), 1.0),
}
SELECTIONS = ("cv", "cv-1se", "loo", "gcv", "aic", "bic", "evidence")
COMMANDS = (
    ("--scale", "cv"),
    ("--prior", "gaussian", "--scale", "evidence"),
    ("--prior", "elastic-net", "--noise-scale", "1.0"),
    ("--prior", "laplace", "--relative-to-noise", "--scale", "0.5"),
)


def attempt(what: Callable[[], Any]) -> Any:
    """Return an answer, or the name of the error; its words may be mended."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = what()
        except Exception as error:
            return f"raised {type(error).__name__}"
    told = sorted({one.category.__name__ for one in caught if one.category.__module__.startswith("bayesreg")})
    return {"": answer, "warned": " ".join(told)} if told else answer


def flat(name: str, value: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield all numbers and words of a nested answer with their names."""
    import pandas as pd
    import xarray as xr

    if isinstance(value, xr.DataTree):
        for group in value.subtree:
            for key, array in group.dataset.variables.items():
                yield f"{name}{group.path}/{key}", np.asarray(array)
        told = {k: v for k, v in value.attrs.items() if k.startswith(("certif", "method", "kernel", "parts"))}
        yield from flat(f"{name}/attrs", told)
    elif isinstance(value, pd.DataFrame):
        for key in value.columns:
            yield f"{name}/{key}", value[key].to_numpy()
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from flat(f"{name}/{key}" if key else name, one)
    elif isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        for key, one in enumerate(value):
            yield from flat(f"{name}/{key}", one)
    elif value is None or isinstance(value, str | bool | int | float | np.ndarray | np.generic):
        yield name, np.asarray("None" if value is None else value)
    else:
        raise TypeError(f"{name}: {type(value)}")


def fields(answer: Any, names: str) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in names.split()}


def penalty(of: Any) -> dict[str, Any]:
    return fields(of, "l1 l2")


def mode(model: Any, data: Any) -> dict[str, Any]:
    found = br.map_estimate(model, data)
    told = fields(found, "coef intercept noise_scale duality_gap kkt_residual n_iter converged")
    modes = [fields(one, "noise_scale log_density") for one in found.local_modes]
    return {**told, "penalty": penalty(found.penalty), "local modes": modes}


def path(model: Any, data: Any) -> dict[str, Any]:
    found = br.map_path(model, data, n_scales=12)
    told = fields(found, "scales coefs intercepts duality_gaps")
    return {**told, "l1": [one.l1 for one in found.penalties], "l2": [one.l2 for one in found.penalties]}


def selection(model: Any, data: Any, method: str) -> dict[str, Any]:
    scales = np.geomspace(0.05, 5.0, 8)
    found = br.select_scale(model, data, method, scales=scales, num_samples=100, progress=False)
    return {
        **fields(found, "scale scales scores standard_errors effective_df"),
        "penalty": penalty(found.penalty),
    }


def posterior(model: Any, data: Any, method: str) -> dict[str, Any]:
    n_draws = {"num_warmup": 200, "num_samples": 150, "num_chains": 2}
    tree = br.sample_posterior(
        model, data, method=method, seed=3, progress=False, log_likelihood=True, **n_draws
    )
    judged = br.certify_posterior(tree, model, data)
    return {"tree": tree, "z": judged.z, "sizes": judged.sizes, "masses": [one.mass for one in judged.bulks]}


def after(model: Any, data: Any) -> dict[str, Any]:
    """All that is made of draws."""
    few = {"num_warmup": 100, "num_samples": 100, "num_chains": 2, "seed": 1, "progress": False}
    tree = br.sample_posterior(model, data, **few)
    X = np.linspace(-1.0, 1.0, 3)[:, None] * np.ones(tree["posterior"].sizes["feature"])
    return {
        "sensitivity": attempt(lambda: br.scale_sensitivity(tree)),
        "prior": attempt(lambda: br.sample_prior(model, data, num_samples=20, seed=0)),
        "predict": attempt(lambda: br.predict_posterior(tree, X)),
        "loo": attempt(lambda: np.asarray(br.exact_loo(tree, model, data).elpd_i)),
        "log likelihood": attempt(lambda: br.add_log_likelihood(tree, model, data)),
        "check": attempt(lambda: br.check_predictions(tree, data).places),
        "evidence": attempt(lambda: np.asarray(br.log_marginal_likelihood(model, data))),
    }


def others() -> Iterator[tuple[str, Any]]:
    """Slow ones, and the estimator's, on one problem."""
    from sklearn.linear_model import LassoCV, Ridge

    X, y = columns()
    data = br.RowData.from_arrays(X, y)
    model = br.LinearModel(L(0.5), br.GaussianLikelihood(1.0))
    for how in ("psis-loo", "posterior", "evidence"):
        yield f"slow/{how}", attempt(lambda how=how: selection(model, data, how))
    yield (
        "slow/path intervals",
        attempt(lambda: br.path_intervals(model, data, [0.1, 1.0], num_samples=100, progress=False)),
    )
    yield "slow/bootstrap", attempt(lambda: br.bootstrap_map(model, data, 20, progress=False).coefs)
    yield (
        "slow/intervals",
        attempt(lambda: br.compare_intervals(model, data, n_replicates=20, progress=False)),
    )
    for name, prior in {"laplace": L(0.5), "gaussian": G(), "sampled": L(dist.HalfNormal(1.0))}.items():
        fitted = br.BayesRegressor(prior).fit(X, y)
        yield (
            f"regressor/{name}",
            attempt(lambda fitted=fitted: fields(fitted, "coef_ intercept_ duality_gap_")),
        )
        fitted.sample(num_samples=100, num_chains=2, seed=0, progress=False)
        yield f"regressor/{name}/std", attempt(lambda fitted=fitted: fitted.predict(X[:3], return_std=True))
        yield f"regressor/{name}/interval", attempt(lambda fitted=fitted: fitted.predict(X[:3], interval=0.9))
    for theirs in (LassoCV(), Ridge(2.0)):
        ours = br.from_sklearn(theirs.fit(X, y), X, y)
        yield f"from_sklearn/{type(theirs).__name__}", fields(ours, "coef_ intercept_ duality_gap_")
    for name in ("statsmodels.OLS", "rstanarm.normal", "bambi"):
        yield f"implied/{name}", attempt(lambda name=name: penalty(br.implied_penalty(name, X, y).penalty))


def translations() -> Iterator[tuple[str, Any]]:
    X, y = columns()
    for name in br.CONVENTIONS:
        for one in (br.Penalty(3.0, 0.0), br.Penalty(0.0, 3.0), br.Penalty(2.0, 1.0)):

            def answer(name: str = name, one: Any = one) -> dict[str, Any]:
                found = br.translate(one, "Penalty", name, X=X, y=y, noise_scale=1.0)
                return {"values": found.values, "code": found.code}

            yield f"translate/{name}/{one.l1:g}, {one.l2:g}", attempt(answer)
    for one in (br.Penalty(3.0, 0.0), br.Penalty(0.0, 3.0), br.Penalty(2.0, 1.0)):
        told = attempt(lambda one=one: br.equivalents(one, X, y, 1.0))
        yield f"equivalents/{one.l1:g}, {one.l2:g}", told
        yield (
            f"audit/{one.l1:g}, {one.l2:g}",
            attempt(
                lambda one=one: fields(
                    br.audit(np.ones(5), 0.5, X, y, one), "objective duality_gap kkt_violation"
                )
            ),
        )


def commands() -> Iterator[tuple[str, Any]]:
    """The command's JSON, and every number of its report."""
    X, y = columns()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        np.savetxt(file, np.column_stack([X, y]), delimiter=",", header="a,b,c,d,e,y", comments="")
        for options in COMMANDS:
            out = Path(folder) / "out"
            command = [
                sys.executable,
                "-m",
                "bayesreg",
                "fit",
                str(file),
                "--target",
                "y",
                "--out",
                str(out),
                "--report",
                "--json",
            ]
            run = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
            name = f"fit {' '.join(options)}"
            told = json.loads(run.stdout) if run.returncode == 0 else {"stderr": run.stderr}
            yield f"{name}/json", _without_times(told, str(folder))
            page = re.sub(
                r"<style.*?</style>|<script.*?</script>|<svg.*?</svg>|<[^>]*>",
                " ",
                (out / "report.html").read_text(),
                flags=re.S,
            )
            lines = [line for line in page.split("\n") if not any(word in line.lower() for word in TIMED)]
            yield f"{name}/report", " ".join(NUMBER.findall("\n".join(lines)))


def _without_times(told: Any, folder: str) -> Any:
    if isinstance(told, dict):
        return {
            k: _without_times(v, folder)
            for k, v in told.items()
            if not any(word in k.lower() for word in TIMED)
        }
    if isinstance(told, list):
        return [_without_times(one, folder) for one in told]
    return told.replace(folder, "") if isinstance(told, str) else told


def answers() -> Iterator[tuple[str, Any]]:
    for name, case in CASES.items():
        model = br.LinearModel(case.prior, br.GaussianLikelihood(case.noise), **case.options)
        data = data_of(case.data)
        yield f"{name}/mode", attempt(lambda model=model, data=data: mode(model, data))
        yield f"{name}/path", attempt(lambda model=model, data=data: path(model, data))
        for how in SELECTIONS:
            yield (
                f"{name}/{how}",
                attempt(lambda model=model, data=data, how=how: selection(model, data, how)),
            )
        for how in case.methods:
            yield (
                f"{name}/{how}",
                attempt(lambda model=model, data=data, how=how: posterior(model, data, how)),
            )
        yield f"{name}/after", attempt(lambda model=model, data=data: after(model, data))
    yield from others()
    yield from translations()
    yield from commands()


def recorded() -> dict[str, np.ndarray]:
    from tqdm import tqdm

    found: dict[str, np.ndarray] = {}
    for name, answer in tqdm(answers(), disable=None):
        for key, value in flat(name, answer):
            found[key] = value.astype(str) if value.dtype == object else value
    return found


def differences(before: dict[str, np.ndarray], now: dict[str, np.ndarray]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        if name not in now or name not in before:
            yield f"{name}: only {'before' if name in before else 'now'}"
            continue
        one, other = before[name], now[name]
        if one.dtype != other.dtype or one.shape != other.shape:
            yield f"{name}: {one.dtype}{one.shape} was, {other.dtype}{other.shape} is"
        elif one.tobytes() != other.tobytes():
            same = one.dtype.kind not in "fc" or np.allclose(one, other, rtol=1e-9, atol=0.0, equal_nan=True)
            yield f"{name}: {'last digits' if same and one.dtype.kind in 'fc' else f'{one.ravel()[:3]} was, {other.ravel()[:3]} is'}"


def main(what: str, file: str) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = recorded()
    if what == "write":
        np.savez_compressed(file, **{key.replace("/", "|"): value for key, value in found.items()})
        print(f"{len(found)} answers are in {file}")
        return
    with np.load(file) as kept:
        before = {key.replace("|", "/"): kept[key] for key in kept.files}
    told = list(differences(before, found))
    print("\n".join([*told, f"{len(found)} answers, {len(told)} of them differ"]))
    sys.exit(bool(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
