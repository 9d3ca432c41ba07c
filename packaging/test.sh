#!/usr/bin/env bash
# Set up what is missing, then pass the tests; arguments go to pytest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

system_packages "${qt_packages[@]}" xvfb xauth openbox || exit 1
make_environment test

# Most UI tests run offscreen; those marked `window` want a real display, made here where there is none.
exec "$python" -m pytest "$@"
