#!/bin/sh
# Installs the built wheel into an empty environment, away from the sources, and runs it.
set -eu
cd "$(dirname "$0")/.."
project=$PWD
proof=$project/.envs/wheel

rm -rf "$proof"
echo "an empty environment for the wheel"
.venv/bin/python -m venv "$proof"
"$proof/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
"$proof/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$project"/dist/waystation-*.whl
"$proof/bin/python" -m pip check
cd "$proof"
"$proof/bin/waystation" --version
"$proof/bin/waystation" --help >/dev/null
echo "the wheel runs"
