#!/usr/bin/env bash
# From a bare Debian 12 to the first result: installs what is missing, builds ./nescsim and runs the main job.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")"
. scripts/setup.sh

case ${1-} in
'') ;;
*)
	printf 'usage: ./quickstart.sh\nInstalls missing Debian packages, builds ./nescsim and runs configs/vc707.yaml.\n'
	case $1 in -h | --help) exit 0 ;; *) exit 2 ;; esac
	;;
esac

ensure_packages "${build_packages[@]}"
build_tool
say "./nescsim run configs/vc707.yaml"
./nescsim run configs/vc707.yaml
say "Done. ./nescsim --help lists the other commands; ./test.sh runs the tests."
