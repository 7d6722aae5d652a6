#!/bin/sh
# shellcheck disable=SC2016 # the backticks are the pages'
# test_check_docs.sh DIR: check_docs.sh in DIR passes a small tree and fails it after each seeded mistake.
set -u
dir=$(cd "${1:?usage: test_check_docs.sh DIR}" && pwd) || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
passed=0 failed=0

# A fresh tree that is right, and a nescsim that knows one key.
plant() {
	rm -rf "$tree"
	mkdir -p "$tree/docs" "$tree/configs" "$tree/src/base" "$tree/src/sim"
	echo 'number: 42' >"$tree/configs/a.yaml"
	echo 'STAGE(APP, app, "the application")' >"$tree/src/base/stages.def"
	echo 'X(NO_SYNC, "a bug")' >"$tree/src/sim/mutants.def"
	cat >"$tree/README.md" <<'PAGE'
# A tool

See [time](docs/time.md#the-units-of-time) and [elsewhere](https://example.org/), `configs/a.yaml`, `sim.seed`.

```console
$ nescsim run configs/a.yaml
number: 42
$ echo left >left; false
$ cat left; nescsim; echo "exit code $?"
left
exit code 2
```

```sh
$ rm -rf everything
```
PAGE
	printf '# Time\n\n## The units: of `time`\n\n## The units of time\n\n`NO_SYNC`\n' >"$tree/docs/time.md"
	printf '# Life\n\n`app`\n' >"$tree/docs/life-of-a-request.md"
	cat >"$scratch/nescsim" <<'PROGRAM'
#!/bin/sh
case $1:${2-} in
run:*) cat "$2" ;;
params:sim.seed) ;;
params:*) echo "no key $2" >&2; exit 2 ;;
*) exit 2 ;;
esac
PROGRAM
	chmod +x "$scratch/nescsim"
}

# expect pass|TEXT: check_docs.sh passes, or fails and says TEXT.
expect() {
	output=$(sh "$dir/check_docs.sh" "$tree" "$scratch/nescsim" 2>&1)
	case $1:$?:$output in
	pass:0:) passed=$((passed + 1)) ;;
	pass:* | *:0:*) wrong "$1" ;;
	"$1":*"$1"*) passed=$((passed + 1)) ;;
	*) wrong "$1" ;;
	esac
}

wrong() {
	failed=$((failed + 1))
	printf 'expected: %s; it said:\n%s\n' "$1" "$output"
}

# mistake TEXT FILE SED: with this edit, the check must say TEXT.
mistake() {
	plant
	sed -i "$3" "$tree/$2"
	expect "$1"
}

plant
expect pass
mistake '+number: 42' README.md 's/^number: 42$/number: 43/'
mistake '+exit code 2' README.md '/^exit code/d'
mistake '-and more' README.md 's/^left$/left\nand more/'
mistake '+number: 41' configs/a.yaml 's/42/41/'
mistake 'docs/tim.md' README.md 's/time\.md/tim.md/'
mistake '#the-unit-of-time' README.md 's/#the-units/#the-unit/'
mistake 'configs/b.yaml' README.md 's/`configs.a/`configs\/b/'
mistake 'sim.sede' README.md 's/sim.seed/sim.sede/'
mistake 'NO_SYNC' docs/time.md 's/`NO_SYNC`//'
mistake '`app`' docs/life-of-a-request.md 's/`app`/app/'

plant
sed -i 's/42/43/' "$tree/configs/a.yaml"
sh "$dir/check_docs.sh" --update "$tree" "$scratch/nescsim" >/dev/null
expect pass
grep -q '^number: 43$' "$tree/README.md" || wrong 'an updated number'

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
