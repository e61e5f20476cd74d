"""Old names of modules, so that pickles written with them still load."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_HOMES = {
    "auditing": "compare.audit",
    "bootstrap": "compare.bootstrap",
    "conventions.implied": "compare.default_priors",
    "data.table": "data.files.table",
    "errors": "base.errors",
    "mode.solve": "mode.estimate",
    "penalty": "priors.penalty",
    "posterior.bulks": "posterior.marginals.bulks",
    "posterior.predictive_check": "posterior.draws.predictive_check",
}
_ROOT = __name__.split(".")[0]
_NEW = {f"{_ROOT}.{old}": f"{_ROOT}.{new}" for old, new in _HOMES.items()}


class _OldHomes(MetaPathFinder, Loader):
    """Find a module under its old name; it returns the names of the module that replaced it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a module's specification if it is one of these."""
        return ModuleSpec(name, self) if name in _NEW else None

    def exec_module(self, module: ModuleType) -> None:
        """Make the module return the names of its replacement."""
        home = _NEW[module.__name__]

        def of_new_home(name: str) -> Any:
            return getattr(import_module(home), name)

        module.__getattr__ = of_new_home  # type: ignore[method-assign]


def find_old_homes() -> None:
    """Let `import` find old names, after all others."""
    sys.meta_path.append(_OldHomes())
