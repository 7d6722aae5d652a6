# shellcheck shell=bash
# shellcheck disable=SC2034 # the lists are for the scripts that source this
# Sourced by quickstart.sh, test.sh and .ci/run: packages and builds. Debian package names.

# What the tool needs to be built and run. binutils brings objcopy; gnuplot is for `nescsim plot`.
build_packages=(gcc binutils libc6-dev cmake ninja-build pkgconf libsimgrid-dev libyaml-dev libjansson-dev
	libarchive-dev libgsl-dev libext2fs-dev nettle-dev gnuplot-nox)
# What only the tests need: g++ compiles the public headers as C++, e2fsprogs makes images of filesystems, libxml2-utils takes
# pages apart.
test_packages=(libcmocka-dev g++ e2fsprogs libxml2-utils)
# What ./test.sh --browser needs besides.
browser_packages=(chromium poppler-utils)
# What only ./test.sh --slurm needs. Nothing of them is configured: the tests start daemons of their own.
slurm_packages=(slurmctld slurmd slurm-client munge)

say() { printf '==> %s\n' "$*"; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Prints those of the given packages that are not installed, one per line.
missing_packages() {
	local package
	for package in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' installed') ;;
		*) printf '%s\n' "$package" ;;
		esac
	done
}

# Installs those of the given packages that are missing. Without any, this asks nothing of the network.
ensure_packages() {
	local package missing=() as_root=()
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		say "This is no Debian; the build needs what Debian calls: $*"
		return 0
	fi
	for package in $(missing_packages "$@"); do
		missing+=("$package")
	done
	if [ "${#missing[@]}" -eq 0 ]; then
		return 0
	fi
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "please run as root: apt-get install ${missing[*]}"
		as_root=(sudo)
		[ -t 0 ] || as_root+=(-n)
	fi
	as_root+=(env DEBIAN_FRONTEND=noninteractive)
	say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
	"${as_root[@]}" apt-get -q update || say "apt-get update failed; trying with the package lists at hand"
	"${as_root[@]}" apt-get -q install -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Use-Pty=0 "${missing[@]}" || die "could not install: ${missing[*]}"
}

# build_preset NAME: configures and builds a preset of CMakePresets.json in build/NAME.
build_preset() {
	local preset=$1 cache=build/$1/CMakeCache.txt jobs
	local -a generator=()
	jobs=$(nproc)
	if [ -f "$cache" ]; then
		# A build folder keeps its generator; CMake refuses to change it.
		generator=(-G "$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$cache")")
	elif ! command -v ninja >/dev/null; then
		generator=(-G 'Unix Makefiles')
	fi
	say "Building preset $preset in build/$preset"
	cmake --preset "$preset" "${generator[@]}" >"${TMPDIR:-/tmp}/nescsim-configure.$$" 2>&1 || {
		cat "${TMPDIR:-/tmp}/nescsim-configure.$$" >&2
		rm -f "${TMPDIR:-/tmp}/nescsim-configure.$$"
		die "cmake could not configure preset $preset"
	}
	rm -f "${TMPDIR:-/tmp}/nescsim-configure.$$"
	cmake --build --preset "$preset" -j "$jobs" || die "preset $preset does not build"
}

# Builds the release preset and points ./nescsim at it.
build_tool() {
	build_preset release
	[ -x build/release/nescsim ] || die "the build left no build/release/nescsim"
	ln -sfn build/release/nescsim nescsim
}
