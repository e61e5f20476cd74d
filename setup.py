"""Builds the extension `bayesreg.base._loops`; everything else of the package is declared in pyproject.toml.

The extension is optional: where it cannot be compiled, the package installs without it, and JAX does its work.
"""

import os

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "bayesreg.base._loops",
            [f"bayesreg/base/{name}.c" for name in ("_certificate", "_gram", "_loops", "_stein", "_support")],
            depends=["bayesreg/base/_loops.h"],
            optional=True,
            py_limited_api=True,
            extra_compile_args=["/O2", "/std:c11"]
            if os.name == "nt"
            else ["-O3", "-std=c99", "-fno-trapping-math"],
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp312"}},
)
