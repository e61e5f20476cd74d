# The README's commands. Each sets up what it needs, the virtual environment included.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs

.PHONY: demo test test-all test-slow mutation lint format notebooks docs pictures bench bench-quick bench-peers bench-posterior bench-posterior-peers bench-scaling bench-first-second calibration certified sweep clean constraints

demo: $(STAMP)
	$(BIN)/bayesreg demo

# Two processes with one thread of BLAS each: more would spin while they wait, and take the other's core.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

# What a change is likely to break.
test: $(STAMP)
	$(PYTEST) -m "not slow and not extended"

# All that and notebooks, code of the documentation, references and statistics of draws.
test-all: $(STAMP)
	$(PYTEST) -m "not slow"

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

# Lines of the package changed at random: does `make test` notice? Hours; it goes on where it stopped.
mutation: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutation]'
	$(BIN)/python tests/mutation.py run build/mutation/after.json $(ARGS)
	$(BIN)/python tests/mutation.py table build/mutation/after.json

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(STAMP)
	for script in notebooks/*.py; do $(BIN)/jupytext --to ipynb --execute --set-kernel python3 $$script || exit 1; done

# The pictures on the reference's page of plots.
pictures: $(STAMP)
	$(BIN)/python docs/_site/pictures.py

# The documentation site: build/site/index.html opens from the disk, its search too.
docs: $(DOCS_STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# One case, say: make bench ARGS="--cases M1,M2"
bench: $(STAMP)
	$(BIN)/python -m benchmarks.run $(ARGS)

# Five cases beside the nearest peers, in four minutes on two cores; the pages are build/bench-quick/*.md
bench-quick: $(STAMP)
	$(BIN)/python -m benchmarks.run --cases M3,D1,L2 --peers bayesreg,scikit-learn,adelie,celer --cap 2 --long 0.5 --out build/bench-quick/modes.json
	$(BIN)/python -m benchmarks.posterior.run --cases P1,L5 --runners "bayesreg;NumPyro, statistics;NumPyro, as written" --limit 25 --budget 4 --repeats 3 --out build/bench-quick/posteriors.json

bench-peers:
	benchmarks/setup_peers.sh

bench-posterior: $(STAMP)
	$(BIN)/python -m benchmarks.posterior.run $(ARGS)

bench-posterior-peers:
	benchmarks/posterior/setup_peers.sh

# Time against rows and columns, of paths and posteriors, beside the fastest peers: some twelve minutes.
bench-scaling: $(STAMP)
	$(BIN)/python -m benchmarks.scaling $(ARGS)

# Fresh processes on a warm disk, beside other packages': three minutes.
bench-first-second: $(STAMP)
	$(BIN)/python -m benchmarks.first_second $(ARGS)

# Simulation-based calibration of every sampler and coverage of every interval, about half an hour.
calibration: $(STAMP)
	$(BIN)/python -m calibration.run $(ARGS)

# False alarms of the posterior's certificate, and what it catches from what size.
certified: $(STAMP)
	$(BIN)/python -m calibration.certified $(ARGS)

# 900 random posteriors whose answers are known, sampled at default settings, about half an hour; it goes on where it stopped.
sweep: $(STAMP)
	$(BIN)/python -m calibration.sweep $(ARGS)

constraints: $(DOCS_STAMP)
	$(BIN)/python -m pip freeze --exclude-editable | grep -v '@' > constraints.txt

$(STAMP): pyproject.toml setup.py $(wildcard bayesreg/base/*.[ch]) constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { \
	  echo "bayesreg needs Python 3.12 or later; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Installing bayesreg and what its tests need into $(VENV): one to three minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build/site .pytest_cache .mypy_cache .ruff_cache .hypothesis bayesreg-demo bayesreg-out
