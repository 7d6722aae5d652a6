#!/usr/bin/env bash
# main_job.sh DIR: builds the release tool, runs the main job of the README into DIR and checks that DIR is whole.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh

[ $# -eq 1 ] || die "usage: main_job.sh DIR"
build_tool
say "./nescsim run configs/vc707.yaml"
./nescsim run configs/vc707.yaml --out "$1"
sh scripts/check_result.sh "$1"
