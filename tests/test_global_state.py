"""Importing and using the package changes nothing of the user's, and compiles once a shape."""

import subprocess
import sys
import textwrap

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import model, one_of_eight

import bayesreg as br
from bayesreg.base import compilation_cache as compilation
from bayesreg.mode.solvers import quadratic


def run(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_light():
    heavy = "{'numpyro', 'arviz', 'sklearn', 'pandas', 'matplotlib', 'jax', 'scipy', 'rich', 'click'}"
    run(f"""
        import sys, bayesreg
        assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)
        assert bayesreg.__version__ and 'LaplacePrior' in dir(bayesreg)
    """)


def test_the_mode_needs_no_plotting_or_sampling_library():
    run("""
        import sys, numpy as np, bayesreg as br
        rng = np.random.default_rng(0)
        data = br.RowData.from_arrays(rng.normal(size=(20, 3)), rng.normal(size=20))
        br.map_estimate(br.LinearModel(br.LaplacePrior(0.1)), data)
        assert not {'numpyro', 'arviz', 'sklearn', 'pandas', 'matplotlib'} & set(sys.modules)
    """)


def test_jax_settings_and_float32_arrays_stay():
    run("""
        import jax, jax.numpy as jnp, numpy as np
        before = dict(jax.config.values)
        mine = jnp.ones(3)
        import numpyro.distributions as dist
        import bayesreg as br
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(30, 4)).astype(np.float32), rng.normal(size=30).astype(np.float32)
        copies = X.copy(), y.copy()
        for prior in (br.LaplacePrior(0.1), br.GaussianPrior(), br.ElasticNetPrior(0.1, 1.0), br.FlatPrior()):
            for noise in (1.0, None, dist.LogNormal(jnp.zeros(()), 1.0)):
                mode = br.map_estimate(br.LinearModel(prior, br.GaussianLikelihood(noise)), br.RowData.from_arrays(X, y))
                assert type(mode.coef) is np.ndarray and mode.coef.dtype == np.float64
        br.map_path(br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0)), br.RowData.from_arrays(X, y))
        br.BayesRegressor(br.LaplacePrior(0.1), 1.0).fit(X, y)
        assert dict(jax.config.values) == before
        assert mine.dtype == jnp.float32 and jnp.ones(3).dtype == jnp.float32
        assert X.dtype == np.float32 and (X == copies[0]).all() and (y == copies[1]).all()
    """)


def test_works_when_the_user_has_enabled_x64():
    run("""
        import jax
        jax.config.update("jax_enable_x64", True)
        import numpy as np, bayesreg as br
        data = br.RowData.from_arrays([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
        mode = br.map_estimate(br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(1.0)), data)
        assert abs(mode.coef[0] - 0.5) < 1e-14
    """)


@pytest.mark.extended
@pytest.mark.parametrize(
    "method",
    [
        "auto",
        pytest.param("whitened", marks=pytest.mark.extended),
        pytest.param("gibbs", marks=pytest.mark.extended),
    ],
)
def test_computes_on_the_first_cpu_whatever_the_users_device(method):
    run(f"""
        import os
        os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
        import jax, jax.numpy as jnp, numpy as np
        first, users = jax.devices()
        jax.config.update("jax_default_device", users)
        import bayesreg as br
        from bayesreg.base.jax_context import float64_on_cpu
        with float64_on_cpu():
            inside = jnp.ones(3)
        assert inside.devices() == {{first}} and inside.dtype == jnp.float64
        rng = np.random.default_rng(0)
        data = br.RowData.from_arrays(rng.normal(size=(20, 3)), rng.normal(size=20))
        model = br.LinearModel(br.LaplacePrior(0.1))
        br.sample_posterior(model, data, num_samples=20, method={method!r}, progress=False)
        mine = jnp.ones(3)
        assert mine.devices() == {{users}} and mine.dtype == jnp.float32

    """)


class CompileCount:
    """Counts what JAX compiles, through its public monitoring events."""

    def __enter__(self):
        import jax

        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._listen)
        return self

    def _listen(self, event, duration, **_):
        self.count += event == "/jax/core/compile/backend_compile_duration"

    def __exit__(self, *_):
        import jax

        jax.monitoring.unregister_event_duration_listener(self._listen)


@pytest.mark.parametrize("loops", [quadratic.LOOPS, None], ids=["in C", "jitted"])
def test_a_second_fit_of_the_same_shape_compiles_nothing(monkeypatch, loops):
    monkeypatch.setattr(quadratic, "LOOPS", loops)

    def fit_all(n, seed):
        rng = np.random.default_rng(seed)
        data = br.RowData.from_arrays(rng.normal(size=(n, 13)), rng.normal(size=n))
        br.map_estimate(model(br.LaplacePrior(float(rng.uniform(0.01, 1)))), data)
        br.map_estimate(model(br.ElasticNetPrior(0.1, 1.0), fit_intercept=False, standardize=True), data)
        br.map_estimate(br.LinearModel(br.LaplacePrior()), data)
        br.map_path(model(br.LaplacePrior()), data, n_scales=9)

    compilation._held._programs.clear()  # other tests may have met the shape
    with CompileCount() as first:
        fit_all(50, seed=1)
    with CompileCount() as second:
        fit_all(50, seed=2)
        fit_all(77, seed=3)  # the solver sees the Gram matrix only: another n is the same shape
    assert (first.count > 0) == (not loops)  # the loops in C need no program
    assert second.count == 0


def test_a_second_fit_with_a_noise_distribution_compiles_nothing():
    X, y = one_of_eight()

    def fit(scale):
        br.map_estimate(
            br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(dist.HalfNormal(scale))),
            br.RowData.from_arrays(X, y),
        )

    fit(1.0)
    with CompileCount() as again:
        fit(2.0)
    assert again.count == 0


def test_public_names_resolve_and_unknown_ones_do_not():
    for name in br.__all__:
        assert getattr(br, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = br.nothing
