#!/usr/bin/env bash
# Set up what is missing, then open the studio on the sample images. Where there is no display, do the same job
# headless: train on the sample, test every epoch's model, print the table and where the run lies.
# With arguments: run `tlstudio` with them instead.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

display=${DISPLAY:-}${WAYLAND_DISPLAY:-}
[ "$(uname -s)" = Darwin ] && display=mac
if [ -n "$display" ]; then
    system_packages "${qt_packages[@]}" || exit 1
fi
make_environment

if [ $# -gt 0 ]; then
    exec "$python" -m tlstudio "$@"
elif [ -n "$display" ]; then
    exec "$python" -m tlstudio --sample
else
    say "No display here, so the same job runs headless."
    exec "$python" -m tlstudio train --data sample --arch efficientnet_lite0 --weights bundled \
        --strategy feature-extraction --epochs 5
fi
