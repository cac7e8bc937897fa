#!/usr/bin/env bash
# install.sh [folder] [lock]: makes a virtual environment, in it uv from its hashed lock, and with that all of the lock.
# Without arguments: .venv from dev.txt. Finished when <folder>/bin/.ready exists; an interrupted run is simply done again.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=${1:-.venv}
lock=${2:-requirements/dev.txt}

command -v "$python" >/dev/null || { echo "No $python here. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv)." >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "$("$python" --version) is too old: 3.11 or newer is needed. Point to one with: make PYTHON=python3.12 …" >&2; exit 1; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || {
  echo "This Python cannot make virtual environments. Install the module (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }

echo "Installing into $venv (once; about 15 s) …"
[[ -x $venv/bin/python ]] || "$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
"$venv/bin/uv" pip sync -q --compile-bytecode --python "$venv/bin/python" --require-hashes "$lock"
touch "$venv/bin/.ready"
