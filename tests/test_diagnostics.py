"""What the draws' diagnostics are, and what they say."""

import arviz as az
import numpy as np
import pytest
import xarray as xr

from bayesreg.posterior.diagnostics import diagnose
from bayesreg.posterior.to_arviz import named_draws


def draws(n=400, slow=0.2, **attributes):
    """Return four chains of a slow, a quick and a constant coefficient, and of σ."""
    rng = np.random.default_rng(0)
    coef = rng.normal(size=(4, n, 3))
    coef[..., 0] += slow * rng.normal(size=(4, n)).cumsum(axis=1)
    coef[..., 2] = 1.0
    groups = {
        "posterior": named_draws(
            {"coef": coef, "noise_scale": rng.chisquare(1.0, size=(4, n))}, ["a", "b", "c"]
        ),
        "sample_stats": named_draws({"diverging": np.zeros((4, n), dtype=bool)}, ()),
    }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs.update(attributes)
    return tree


def test_the_figures_are_arvizs_worst_of_all_that_was_sampled():
    tree = draws()
    found = diagnose(tree)
    summary = az.summary(
        tree, kind="diagnostics", round_to="none", coords={"feature": ["a", "b"]}, ci_prob=0.95
    )
    assert found.r_hat == pytest.approx(summary["r_hat"].max(), rel=1e-12)
    assert found.ess_bulk == pytest.approx(summary["ess_bulk"].min(), rel=1e-10)
    assert (found.n_chains, found.n_draws, found.n_divergent) == (4, 1600, 0)


@pytest.mark.parametrize("others", [0.5, 0.89])
def test_the_tails_are_those_of_a_90_percent_interval_whatever_arviz_is_set_to(others):
    tree = draws()
    with az.rc_context({"stats.ci_prob": others}):
        found = diagnose(tree)
    expected = az.ess(tree, method="tail", prob=(0.05, 0.95)).to_dataset()
    assert found.ess_tail == pytest.approx(min(float(expected[name].min()) for name in expected), rel=1e-10)


@pytest.mark.parametrize(
    ("told", "judged", "certified"),
    [
        ({}, False, True),
        ({"certificate": "not judged: too few", "certified": 0, "certificate_tests": 0}, False, True),
        ({"certificate": "not certified: shifted", "certified": 0, "certificate_tests": 8}, True, False),
        ({"certificate": "certified: largest z 1", "certified": 1, "certificate_tests": 8}, True, True),
    ],
)
def test_what_the_certificate_says_counts_where_it_could_tell(told, judged, certified):
    found = diagnose(draws(**told))
    assert (found.judged, found.certified) == (judged, certified)
    assert ("the density contradicts the draws" in found.complaints) is not certified


def test_the_sentence_says_what_confirms_the_draws():
    assert diagnose(draws()).sentence.startswith(
        "Do not rely on the means and intervals: the chains disagree"
    )
    agreed = draws(slow=0.0)
    assert diagnose(agreed).sentence.startswith("The chains agree and explored enough: means and intervals")
    agreed.attrs.update(certificate="certified: largest z 1", certified=1, certificate_tests=8)
    assert diagnose(agreed).sentence.startswith("The density confirms the draws: means and intervals are")


def test_there_is_one_verdict():
    """Tests that found nothing certify nothing if R-hat objects."""
    found = diagnose(
        draws(certificate="certified: largest z 1.2 of 8 tests", certified=1, certificate_tests=8)
    )
    assert found.complaints
    assert "certified" not in f"{found}. {found.sentence}"
    assert str(found).startswith("largest z 1.2 of 8 tests; largest R-hat")
    agreed = diagnose(
        draws(slow=0.0, certificate="certified: largest z 1.2 of 8 tests", certified=1, certificate_tests=8)
    )
    assert str(agreed).startswith("certified: largest z 1.2")
    assert "Do not rely" not in agreed.sentence


def test_the_remedy_is_that_of_the_reader():
    from bayesreg.app.fitted import Fit
    from bayesreg.app.words.headline import trust

    tree = draws(num_samples=300, num_warmup=200)
    of_command = Fit(None, None, None, tree, None, in_command=True)
    assert trust(of_command).endswith(
        "sample longer (--draws 1200 --warmup 800), or use a smaller prior scale."
    )
    of_python = Fit(None, None, None, tree, None)
    assert "sample longer (num_samples=1200, num_warmup=800)" in trust(of_python)
