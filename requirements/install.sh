#!/usr/bin/env bash
# install.sh [folder] [lock]: creates a virtual environment from a hashed lock, unless it exists (requirements/install.py).
# Without arguments: .venv from dev.txt. PYTHON names another Python than python3 for the environment.
unset CDPATH
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3}
venv=${1:-.venv}
lock=${2:-requirements/dev.txt}
look='import sys; print(sys.version, sys.base_prefix)'

# The check runs with the environment's own Python, so it fails if that was removed or replaced.
if [[ -f $venv/bin/.ready ]] && "$venv/bin/python" -I -S requirements/install.py --check "$venv" "$lock" 2>/dev/null; then
  [[ -n ${PYTHON:-} ]] && [[ $("$PYTHON" -I -S -c "$look") != $("$venv/bin/python" -I -S -c "$look") ]] || exit 0
  rm -f "$venv/bin/.ready"
fi

command -v "$python" >/dev/null || { echo "No $python here. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv)." >&2; exit 1; }
"$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "$("$python" --version) is too old: 3.11 or newer is needed. Point to one with: make PYTHON=python3.12 …" >&2; exit 1; }
"$python" -I -c 'import ensurepip, venv' 2>/dev/null || {
  echo "This Python cannot make virtual environments. Install the module (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }
exec "$python" -I -X utf8 requirements/install.py "$venv" "$lock"
