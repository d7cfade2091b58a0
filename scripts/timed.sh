#!/bin/sh
# Runs a command, says how long it took, and ends with its status: timed.sh NAME COMMAND...
set -u
name=$1
shift
began=$(date +%s)
"$@"
status=$?
echo "$name took $(($(date +%s) - began)) s"
exit $status
