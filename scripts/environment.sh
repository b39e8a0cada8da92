#!/bin/sh
# Makes the environment in .venv from requirements.lock, once: the second run only compares a stamp.
# Needs Python 3.11 or 3.12 with venv, found as $PYTHON, python3.12, python3.11, python3 or in pyenv.
set -eu
cd "$(dirname "$0")/.."
venv=.venv

say() { printf '%s\n' "$*" >&2; }

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none
}

find_python() {
    for candidate in ${PYTHON:-} python3.12 python3.11 python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11.*/bin/python; do
        case $(version_of "$candidate") in
        3.11 | 3.12) echo "$candidate" && return ;;
        esac
    done
    say "Closebook needs Python 3.11 or 3.12; here are:"
    for candidate in ${PYTHON:-} python3 python; do
        say "  $candidate: $(version_of "$candidate")"
    done
    say "Install one (Debian 12: apt-get install python3 python3-venv), or name one:"
    say "  make demo PYTHON=/path/to/python3.11"
    exit 1
}

wanted=$(cksum <requirements.lock)
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/closebook-stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
if [ "$free" -lt 4 ]; then
    say "the disk of $PWD has $free GB free; the environment needs 4 GB: free some first"
    exit 1
fi

python=$(find_python)
say "making $venv with $python ($(version_of "$python")); a few minutes, once"
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    say "$python has no venv module: install it (Debian: apt-get install python3-venv)"
    exit 1
fi
rm -f "$venv/closebook-stamp"
if command -v uv >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
    VIRTUAL_ENV="$PWD/$venv" uv pip sync --quiet --require-hashes requirements.lock
    VIRTUAL_ENV="$PWD/$venv" uv pip install -qq --no-deps --no-build-isolation --editable .
else
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install -qq --no-deps --require-hashes --no-compile \
        --disable-pip-version-check --requirement requirements.lock
    "$venv/bin/python" -m pip install -qq --no-deps --no-build-isolation \
        --disable-pip-version-check --editable .
fi
# Compiled once here, or every process start would compile again. Some packages ship files that are
# not meant for this Python: those do not count.
env -u PYTHONDONTWRITEBYTECODE "$venv/bin/python" -m compileall -q -q -j 0 "$venv/lib" || true
printf '%s' "$wanted" >"$venv/closebook-stamp"
say "the environment is ready in $venv"
