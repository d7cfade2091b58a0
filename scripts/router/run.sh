#!/bin/sh
# Runs one of the router's programs in an environment of its own, with one thread, so that sums have one order.
set -eu
cd "$(dirname "$0")/../.."

environment=.envs/train
if [ ! -x $environment/bin/python ] || ! cmp -s requirements/train.txt $environment/requirements.txt; then
    sh scripts/setup.sh run >&2
    .venv/bin/python -m venv --clear $environment
    $environment/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/train.txt
    cp requirements/train.txt $environment/requirements.txt
fi

program=$1
shift
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH=src:scripts/router PYTHONHASHSEED=0 \
    exec $environment/bin/python "scripts/router/$program" "$@"
