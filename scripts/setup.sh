#!/bin/sh
# Finds a Python that is new enough and hands over to setup.py. Arguments: run, dev or bench.
set -eu
cd "$(dirname "$0")/.."

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if ! new_enough "$PYTHON"; then
        echo "set-up: PYTHON=$PYTHON does not start, or is older than Python 3.11" >&2
        exit 1
    fi
    exec "$PYTHON" scripts/setup.py "$@"
fi

for candidate in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$candidate"; then
        exec "$candidate" scripts/setup.py "$@"
    fi
done

echo "set-up: Python 3.11 or newer is needed and none was found." >&2
echo "        Debian 12, Ubuntu 24.04 or newer: apt-get install -y python3 python3-venv make" >&2
echo "        Elsewhere: install it and run: make run PYTHON=/path/to/python3" >&2
exit 1
