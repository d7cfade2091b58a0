#!/bin/sh
# Writes requirements/*.txt from pyproject.toml: for every platform, with hashes, naming no registry.
set -eu
cd "$(dirname "$0")/.."

if [ ! -x .envs/lock/bin/uv ]; then
    .venv/bin/python -m venv .envs/lock
    .envs/lock/bin/python -m pip install --disable-pip-version-check --require-hashes -r requirements/lock.txt
fi

lock() {
    file=$1
    shift
    echo "locking requirements/$file.txt"
    .envs/lock/bin/uv pip compile "$@" --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-strip-extras -o "requirements/$file.txt"
}

lock dev pyproject.toml --extra local --group dev "$@"
# The smaller files take the versions of dev, so that one environment can hold them all.
lock runtime pyproject.toml --extra local --constraint requirements/dev.txt "$@"
lock build --group build --constraint requirements/dev.txt "$@"
lock train --group train --constraint requirements/dev.txt "$@"
lock lock --group lock "$@"
