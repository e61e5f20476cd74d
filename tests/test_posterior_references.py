"""Posteriors that nobody here computed: posteriordb by quadrature, and an exact Laplace posterior."""

import importlib.util
import json

import pytest

import bayesreg as br

NAMES = [
    "earnings-earn_height",
    "earnings-log10earn_height",
    "earnings-logearn_height",
    "earnings-logearn_height_male",
    "earnings-logearn_interaction_z",
    "earnings-logearn_logheight_male",
    "kidiq-kidscore_interaction",
    "kidiq-kidscore_momhs",
    "kidiq-kidscore_momhsiq",
    "kidiq-kidscore_momiq",
    "mesquite-mesquite",
    "nes1972-nes",
    "sblri-blr",
]


def noise_prior(spec):
    import numpyro.distributions as dist

    if spec["dist"] == "flat":
        return dist.ImproperUniform(dist.constraints.positive, (), ())
    return {"halfcauchy": dist.HalfCauchy, "halfnormal": dist.HalfNormal}[spec["dist"]](float(spec["scale"]))


def sampled_until_effective(model, data):
    """Sample with default settings, but for num_samples, until every bulk ESS reaches 4,000."""
    import arviz as az

    for num_samples in (2000, 4000, 8000):
        tree = br.sample_posterior(model, data, num_samples=num_samples, progress=False)
        summary = az.summary(tree, round_to="none")
        if summary["ess_bulk"].min() >= 4000:
            break
    assert summary["ess_bulk"].min() >= 4000
    assert summary["ess_tail"].min() >= 400
    assert summary["r_hat"].max() < 1.01
    assert not tree["sample_stats"]["diverging"].any()
    return tree, summary


def scorer(validation):
    spec = importlib.util.spec_from_file_location("score", validation / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score


def named(tree, summary, feature_names):
    """Pair each reference name with draws and effective sample size."""
    posterior = tree["posterior"]
    table = {
        f"coef:{name}": (posterior["coef"].sel(feature=name).values, f"coef[{name}]")
        for name in feature_names
    }
    for name in ("intercept", "noise_scale"):
        if name in posterior:
            table["sigma" if name == "noise_scale" else name] = (posterior[name].values, name)
    return {name: (draws, float(summary.loc[row, "ess_bulk"])) for name, (draws, row) in table.items()}


@pytest.mark.extended
@pytest.mark.parametrize("name", NAMES)
def test_posteriordb(validation, name):
    folder = validation / "posteriordb" / name
    design = json.loads((folder / "design.json").read_text())
    reference = json.loads((folder / "reference_summary.json").read_text())
    flat = design["coef_prior"]["dist"] == "flat"
    prior = br.FlatPrior() if flat else br.GaussianPrior(float(design["coef_prior"]["scale"]))
    model = br.LinearModel(
        prior, br.GaussianLikelihood(noise_prior(design["sigma_prior"])), fit_intercept=design["intercept"]
    )
    data = br.RowData.from_arrays(design["X"], design["y"], feature_names=design["columns"])
    tree, summary = sampled_until_effective(model, data)
    ours = named(tree, summary, design["columns"])
    keys = {key: value["maps_to"] for key, value in reference["parameters"].items()}
    draws = {key: ours[to][0] for key, to in keys.items()}
    ess = {key: ours[to][1] for key, to in keys.items()}
    rows, _ = scorer(validation)(reference, draws, ess)
    assert len(rows) == len(design["columns"]) + 1 + design["intercept"]
    assert all(row[3] for row in rows), rows


@pytest.mark.extended
def test_exact_laplace_posterior(validation):
    reference = json.loads((validation / "laplace_exact" / "orth8_abs_tau0.5_halfnormal2.json").read_text())
    model = br.LinearModel(
        br.LaplacePrior(float(reference["coef_prior"]["value"])),
        br.GaussianLikelihood(noise_prior(reference["sigma_prior"])),
    )
    names = [f"b{j}" for j in range(1, 9)]
    data = br.RowData.from_arrays(reference["X"], reference["y"], feature_names=names)
    tree, summary = sampled_until_effective(model, data)
    ours = {key.removeprefix("coef:"): value for key, value in named(tree, summary, names).items()}
    exact = {
        "parameters": {key: {"quadrature": value} for key, value in reference["exact"].items() if key in ours}
    }
    assert len(exact["parameters"]) >= 9
    draws, ess = ({key: value[i] for key, value in ours.items()} for i in (0, 1))
    rows, _ = scorer(validation)(exact, draws, ess)
    assert all(row[3] for row in rows), rows
