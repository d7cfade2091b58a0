#!/bin/sh
# Finds a Python that is new enough and hands over to setup.py. Arguments: run, dev or bench.
# Among several, one that is much faster wins: those built without optimisation (pyenv's, for one) take twice the CPU time.
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

if new_enough .venv/bin/python; then
    exec .venv/bin/python scripts/setup.py "$@"
fi

# Prints how long a small program takes, in microseconds; fails for a Python that is too old or cannot make environments.
duration() {
    "$1" -c '
import sys
if sys.version_info < (3, 11):
    sys.exit(1)
import ensurepip, time, venv
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
def work():
    began = time.perf_counter()
    for number in range(20000):
        point = Point(number, {"y": number})
        len(point.y)
    return time.perf_counter() - began
print(int(min(work() for _ in range(7)) * 1e6))
' 2>/dev/null
}

chosen=""
least=0
for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3 /usr/local/bin/python3; do
    taken=$(duration "$candidate") || continue
    if [ -z "$chosen" ] || [ $((taken * 4)) -lt $((least * 3)) ]; then
        chosen=$candidate
        least=$taken
    fi
done
if [ -n "$chosen" ]; then
    exec "$chosen" scripts/setup.py "$@"
fi
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$candidate"; then
        exec "$candidate" scripts/setup.py "$@"
    fi
done

echo "set-up: Python 3.11 or newer is needed and none was found." >&2
echo "        Debian 12, Ubuntu 24.04 or newer: apt-get install -y python3 python3-venv make" >&2
echo "        Elsewhere: install it and run: make run PYTHON=/path/to/python3" >&2
exit 1
