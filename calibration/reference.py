"""An independent quadrature, in ../shared beside the repository, to compare with ours."""

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from .positive import FLAT, Positive
from .posterior import Posterior

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "validation" / "laplace_exact" / "exact.py"
_KINDS = {"HalfNormal": "halfnormal", "HalfCauchy": "halfcauchy", FLAT: "flat"}
_EDGE = 1e-9  # weight at the ends of its grid; more means that it leaves mass out


def difference_from_reference(posterior: Posterior, answer: dict[str, Any]) -> float | None:
    """Return the largest difference of a coefficient's mean or sd, in sds. Return None if it does not apply."""
    noise = posterior.noise
    if (
        not isinstance(noise, Positive)
        or noise.family not in _KINDS
        or not isinstance(posterior.laplace, float)
    ):
        return None
    if posterior.gaussian is not None or set(posterior.copies) - {1}:
        return None
    reference = _reference()
    ask = reference.orth if posterior.copies else reference.grid2
    scaled, parameters = ("scaled" if posterior.relative else "absolute"), [*noise.parameters, None]
    theirs, edge, _ = ask(
        posterior.X, posterior.y, scaled, posterior.laplace, _KINDS[noise.family], parameters[0]
    )
    if not edge < _EDGE:
        return None
    pairs = [(answer["parameters"][f"coef[{j}]"], theirs[f"b{j + 1}"]) for j in range(posterior.X.shape[1])]
    return float(max(abs(a[key] - b[key]) / a["sd"] for a, b in pairs for key in ("mean", "sd")))


@cache
def _reference() -> Any:
    spec = spec_from_file_location("laplace_exact_reference", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    # Its quantiles take most of its time, but they are not compared.
    module.optimize = SimpleNamespace(brentq=lambda *arguments, **options: np.nan)  # type: ignore[attr-defined]
    module.cdf = lambda *arguments: 0.0  # type: ignore[attr-defined]
    return module
