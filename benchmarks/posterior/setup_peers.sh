#!/usr/bin/env bash
# Make the posterior's peers' environment, benchmarks/posterior/.peers, with R's rstanarm from the distribution.
# PEERS_PYTHON names the Python to use.
set -euo pipefail
cd "$(dirname "$0")"

[ -x .peers/bin/python ] || "${PEERS_PYTHON:-python3}" -m venv .peers
.peers/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r requirements.txt

if ! Rscript -e 'library(rstanarm)' > /dev/null 2>&1; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends r-base-core r-cran-rstanarm r-cran-jsonlite
fi
.peers/bin/python -c 'import bambi, pymc, nutpie, numpyro; print("bambi", bambi.__version__, "pymc", pymc.__version__, "nutpie", nutpie.__version__, "numpyro", numpyro.__version__)'
Rscript -e 'cat("rstanarm", as.character(packageVersion("rstanarm")), "\n")'
