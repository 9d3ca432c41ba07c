# Sourced by run.sh and test.sh: system libraries and a virtual environment in .venv, each only if missing.
# Sets $python. Options in the environment: PYTHON (the interpreter to start from), VENV (where it goes).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
venv=${VENV:-$root/.venv}

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# What Qt's window plugin and OpenGL want at run time, by Debian's package names.
qt_packages=(libegl1 libgl1 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4
    libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0
    libxcb-xkb1 libxcb-xinput0)

# Install Debian packages that are missing; without root, print the line that does it and go on or give up.
system_packages() {
    command -v dpkg-query >/dev/null || return 0 # another system: its package manager is its owner's
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "Some system libraries are missing. Please run this line, then start again:"
        say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
        return 1
    fi
    say "Installing system libraries: ${missing[*]}"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >&2 ||
        die "The system libraries could not be installed; the lines above say why."
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$candidate" && return
    done
    die "Python 3.11 or newer is needed. On Debian 12: apt-get install python3 python3-venv"
}

# make_environment [EXTRA]: the virtual environment with the project in it; done anew when pyproject.toml changed.
make_environment() {
    local extra=${1:-} stamp wanted base
    if [ ! -x "$venv/bin/python" ]; then
        base=$(find_python) || exit 1
        if ! "$base" -m ensurepip --version >/dev/null 2>&1; then
            system_packages python3-venv || exit 1
        fi
        say "Making a virtual environment in $venv"
        "$base" -m venv "$venv" || die "The virtual environment could not be made in $venv."
    fi
    python=$venv/bin/python
    stamp=$venv/.tlstudio${extra:+-$extra}
    wanted=$(sha256sum pyproject.toml | cut -d' ' -f1)
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "Installing TL Studio and what it needs (torch alone is large; the first time takes minutes)"
        "$python" -m pip install --quiet --disable-pip-version-check -e ".${extra:+[$extra]}" >&2 ||
            die "pip could not install the packages; the lines above say why."
        echo "$wanted" >"$stamp"
    fi
}
