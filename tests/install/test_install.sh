#!/bin/sh
# test_install.sh BUILD CONSUMER CC CMAKE GENERATOR: installs BUILD into a scratch prefix, then: every installed header
# compiles alone in C11 and in C++, the consumer builds and runs by find_package and by pkg-config, the
# library shows only its own names, and the tool and its data are there.
set -eu
build=$1 consumer=$2 cc=$3 cmake=$4 generator=$5
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix

fail() {
	printf 'install: %s\n' "$*" >&2
	exit 1
}

"$cmake" --install "$build" --prefix "$prefix" >"$scratch/log" || {
	cat "$scratch/log"
	fail "cmake --install failed"
}

for header in "$prefix"/include/nescsim/*.h; do
	name=nescsim/$(basename "$header")
	printf '#include <%s>\nextern int unit;\n' "$name" >"$scratch/alone.c"
	cp "$scratch/alone.c" "$scratch/alone.cc"
	"$cc" -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include" "$scratch/alone.c" \
		|| fail "$name does not compile alone as C11"
	if command -v g++ >/dev/null; then
		g++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include" "$scratch/alone.cc" \
			|| fail "$name does not compile alone as C++"
	else
		echo "install: no g++, $name not tried as C++"
	fi
done

build_consumer() {
	"$cmake" -S "$consumer" -B "$scratch/consumer" -G "$generator" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
		&& "$cmake" --build "$scratch/consumer"
}
build_consumer >"$scratch/log" 2>&1 || {
	cat "$scratch/log"
	fail "the consumer does not build by find_package"
}
[ "$("$scratch/consumer/consumer")" = ok ] || fail "the consumer built by find_package says something else than ok"

pc=$(find "$prefix" -name nescsim.pc)
[ -n "$pc" ] || fail "no nescsim.pc"
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # flags are words
"$cc" -o "$scratch/by_pc" "$consumer/main.c" $(pkg-config --cflags --libs nescsim) \
	|| fail "the consumer does not build by pkg-config"
library=$(dirname "$(dirname "$pc")")
[ "$(LD_LIBRARY_PATH=$library "$scratch/by_pc")" = ok ] || fail "the consumer built by pkg-config says something else than ok"

for file in "$library"/libnescsim.*; do
	case $file in
	*.a) names=$(nm -g --defined-only "$file") ;;
	*) names=$(nm -D --defined-only "$file") ;;
	esac
	others=$(printf '%s\n' "$names" | awk 'NF == 3 && $3 !~ /^nescsim_/ { print $3 }')
	[ -z "$others" ] || fail "$file shows inner names:" "$others"
done

"$prefix/bin/nescsim" --help >/dev/null || fail "the installed tool does not run"
(cd "$scratch" && "$prefix/bin/nescsim" validate device-bandwidth --set 'schemes=[host, nesc]') >"$scratch/log" \
	|| fail "the installed tool does not validate away from its sources: $(cat "$scratch/log")"
for file in configs/vc707.yaml configs/figures/raw_latency.yaml traces/README.md; do
	[ -f "$prefix/share/nescsim/$file" ] || fail "share/nescsim/$file is not installed"
done
echo "install: all well"
