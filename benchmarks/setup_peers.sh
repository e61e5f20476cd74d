#!/usr/bin/env bash
# Make the peers' environment: a Python 3.12 venv in benchmarks/.peers, and R with glmnet from the distribution.
# PEERS_PYTHON names another Python 3.12 where none is found.
set -euo pipefail
cd "$(dirname "$0")"

is_312() { [ "$("$@" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.12 ]; }

python=${PEERS_PYTHON:-python3.12}
if ! is_312 "$python" && command -v pyenv > /dev/null; then
  version=$(pyenv versions --bare | grep -m1 '^3\.12' || true)
  if [ -n "$version" ]; then python=$(pyenv prefix "$version")/bin/python; fi
fi
is_312 "$python" || { echo "the peers need Python 3.12: PEERS_PYTHON=/path/to/python3.12 make bench-peers" >&2; exit 1; }

[ -x .peers/bin/python ] || "$python" -m venv .peers
.peers/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r peers/requirements.txt

if ! Rscript -e 'library(glmnet)' > /dev/null 2>&1; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends r-base-core r-cran-glmnet
fi

.peers/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version
print(*(f"{name} {version(name)}" for name in ("adelie", "celer", "skglm", "glum", "numpy")), sep=", ")
PYTHON
Rscript -e 'cat("glmnet", as.character(packageVersion("glmnet")), "\n")'
