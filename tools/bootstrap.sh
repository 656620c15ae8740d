#!/bin/sh
# Create or refresh .venv from the lock files and install this project into it, editable.
#
#   tools/bootstrap.sh          what `make demo`, `make test` and `make check` need
#   tools/bootstrap.sh bench    that and requirements-bench.lock (needs a C++ compiler)
#   tools/bootstrap.sh supply   that and requirements-supply.lock, in .cache/supply: what reads lock files
#                               shall not change what they say
#   tools/bootstrap.sh mutants  that and requirements-mutants.lock
#
# Runs on nothing but a POSIX shell and Python 3.11 or later with venv. A stamp says what was
# installed, so that a second run costs a few milliseconds; a marker says that an installation was
# interrupted, so that the next one starts afresh.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
oldest=11
newest=14
wanted=${PYTHON:-}

fail() {
    echo "$*" >&2
    exit 1
}

# The lock covers 3.11 to 3.14. Python 2 must be able to read this.
is_supported() {
    "$1" -c "import sys; sys.exit(not (3, $oldest) <= sys.version_info[:2] <= (3, $newest))" 2>/dev/null
}

# Debian splits ensurepip off into python3-venv, but leaves the module venv in place.
has_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

version_of() {
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null
}

find_python() {
    found_old=
    found_bare=
    for candidate in ${wanted:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
        version=$(version_of "$candidate") || continue
        if ! is_supported "$candidate"; then
            found_old=${found_old:-"$candidate is Python $version"}
        elif ! has_venv "$candidate"; then
            found_bare=${found_bare:-"$candidate (Python $version)"}
        else
            python=$candidate
            return
        fi
    done
    if [ -n "$found_bare" ]; then
        fail "$found_bare cannot create virtual environments: install its venv module (on Debian and Ubuntu: apt install python3-venv), or name another Python: make PYTHON=/path/to/python3."
    elif [ -n "$found_old" ]; then
        fail "Python 3.$oldest to 3.$newest is needed, but $found_old: install one of these, or name it: make PYTHON=/path/to/python3."
    elif [ -n "$wanted" ]; then
        fail "PYTHON=$wanted cannot be run: name a Python 3.$oldest to 3.$newest, or leave PYTHON out."
    fi
    fail "No Python was found: install Python 3.$oldest to 3.$newest, or name one: make PYTHON=/path/to/python3."
}

# What the environment must have been made from. A moved project counts as a change: the scripts in
# .venv/bin and the editable install name the folder.
fingerprint() {
    pwd
    cat "$@" | cksum
}

# Exit status 0 when .venv can be kept and only needs its packages brought up to date.
is_usable() {
    [ -x $venv/bin/python ] && [ ! -e $venv/.unfinished ] || return 1
    is_supported $venv/bin/python && $venv/bin/python -m pip --version >/dev/null 2>&1 || return 1
    [ ! -e $venv/.installed ] || [ "$(head -n 1 $venv/.installed)" = "$(pwd)" ] || return 1
    [ -z "$wanted" ] || [ "$(version_of "$wanted")" = "$(version_of $venv/bin/python)" ]
}

# $1: a lock file. With --no-build-isolation nothing unpinned is fetched to build a source
# distribution. --use-pep517 is what newer pips do anyway.
install_lock() {
    pip_install --require-hashes --no-build-isolation --use-pep517 -r "$1" ||
        fail "Installing from $1 failed, as said above; run the same command again when that is mended."
}

pip_install() {
    PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
        $venv/bin/python -m pip install --quiet --no-warn-script-location "$@"
}

install_project() {
    if ! is_usable; then
        find_python
        echo "Creating $venv with Python $(version_of "$python")." >&2
        # `--clear` would follow a symbolic link and fail on a file.
        rm -rf $venv
        mkdir $venv
        : >$venv/.unfinished
        "$python" -m venv $venv >&2 ||
            fail "$python could not create $venv: install its venv module (on Debian and Ubuntu: apt install python3-venv)."
    fi
    if [ -e $venv/.unfinished ]; then
        echo "Installing $(grep -c '^[a-z0-9].*==' requirements.lock) packages from requirements.lock: about two minutes, once." >&2
    else
        echo "Bringing $venv up to date with requirements.lock." >&2
    fi
    rm -f $venv/.installed $venv/.installed-bench $venv/.installed-mutants
    install_lock requirements-build.lock
    install_lock requirements.lock
    pip_install --no-deps --no-build-isolation --editable . ||
        fail "Installing this project into $venv failed, as said above."
    fingerprint requirements.lock requirements-build.lock pyproject.toml >$venv/.installed
    rm -f $venv/.unfinished
}

install_bench() {
    command -v c++ >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 ||
        fail "A C++ compiler is needed to build pdqhash, which only the benchmarks use: install one (on Debian and Ubuntu: apt install g++ python3-dev)."
    echo "Installing what only the benchmarks need from requirements-bench.lock." >&2
    install_lock requirements-bench.lock
    fingerprint requirements-bench.lock >$venv/.installed-bench
}

install_supply() {
    echo "Installing what reads the lock files from requirements-supply.lock." >&2
    rm -rf .cache/supply
    $venv/bin/python -m venv .cache/supply
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 .cache/supply/bin/python -m pip install --quiet \
        --require-hashes -r requirements-supply.lock ||
        fail "Installing from requirements-supply.lock failed, as said above."
    fingerprint requirements-supply.lock >.cache/supply/.installed
}

install_mutants() {
    echo "Installing what only \`make mutants\` needs from requirements-mutants.lock." >&2
    install_lock requirements-mutants.lock
    fingerprint requirements-mutants.lock >$venv/.installed-mutants
}

is_current() {
    stamp=$1
    shift
    [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint "$@")" ]
}

# A stray PYTHONPATH or PYTHONHOME would let foreign packages in.
unset PYTHONPATH PYTHONHOME

if command -v flock >/dev/null 2>&1; then
    # `make demo` beside `make test` on a fresh clone: the second waits for the first.
    mkdir -p .cache
    exec 9>.cache/bootstrap.lock
    flock 9
fi

is_current $venv/.installed requirements.lock requirements-build.lock pyproject.toml && is_usable || install_project
[ "${1:-}" != bench ] || is_current $venv/.installed-bench requirements-bench.lock || install_bench
[ "${1:-}" != supply ] || is_current .cache/supply/.installed requirements-supply.lock || install_supply
[ "${1:-}" != mutants ] || is_current $venv/.installed-mutants requirements-mutants.lock || install_mutants
