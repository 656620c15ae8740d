#!/bin/sh
# Regenerate the six lock files (`make lock`): names, versions, hashes and markers for Python
# 3.11.0 to 3.14 on every platform; no URL, no host. $1 is the uv to use; further arguments are
# handed to it (`--upgrade`, `--upgrade-package NAME`).
set -eu
cd "$(dirname "$0")/.."
uv=$1
shift

# What the machine is set up to look at must not decide what is locked.
unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_FIND_LINKS UV_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL

compile() {
    output=$1
    shift
    # "fewest": one version of numpy and scipy for all Pythons, so that fingerprints are compared
    # between machines that compute alike.
    "$uv" pip compile --quiet --no-config --universal --python-version 3.11 \
        --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links \
        --no-header --output-file "$output" "$@"
    { printf '# Made by `make lock` from pyproject.toml; do not edit.\n'; cat "$output"; } >"$output.new"
    mv "$output.new" "$output"
}

compile requirements.lock pyproject.toml --extra celery --extra drf --extra lab --extra postgres --extra s3 --extra metrics --extra local --extra api --group dev "$@"
# What the container image installs: the site, and nothing that only developers need.
compile requirements-site.lock pyproject.toml --constraint requirements.lock --extra celery --extra postgres --extra s3 --extra metrics --extra local --extra api --group site "$@"
compile requirements-build.lock --constraint requirements.lock --group build "$@"
compile requirements-bench.lock --constraint requirements.lock --group bench "$@"
compile requirements-supply.lock --constraint requirements.lock --group supply "$@"
compile requirements-mutants.lock --constraint requirements.lock --group mutants "$@"
