#!/bin/sh
# Commands, options, help: who is right gets stdout and 0, who is wrong gets stderr, advice and 2.
. tests/cli/cli.sh

for words in --help -h help; do
	run "$words"
	expect 0
	out 'usage: nescsim COMMAND'
	out 'Exit codes: 0 ok'
done
run
expect 2
err 'usage: nescsim COMMAND'

run --version
expect 0
out 'nescsim 0.'
run version
expect 0
out 'nescsim 0.'

# Every command that the help names has a page of its own, by both ways.
run --help
commands=$(awk '/^  [a-z]/ { print $1 }' "$scratch/out")
[ "$(printf '%s\n' "$commands" | wc -l)" -ge 10 ] || bad "the help lists too few commands: $commands"
for command in $commands; do
	run help "$command"
	expect 0
	out "usage: nescsim $command"
	cp "$scratch/out" "$scratch/page"
	run "$command" --help
	expect 0
	cmp -s "$scratch/out" "$scratch/page" || bad "nescsim $command --help differs from nescsim help $command"
done

run rnu
expect 2
err "error: there is no command 'rnu' (did you mean run?)"
run help rnu
expect 2
err 'did you mean run?'
run qqqqqq
expect 2
err 'lists them'
run sweep configs/dd.yaml
expect 2

run run
expect 2
err 'needs an argument: nescsim run CONFIG'
run run configs/dd.yaml configs/vc707.yaml
expect 2
err "has no use for 'configs/vc707.yaml'"
run run configs/dd.yaml --oot x
expect 2
err 'did you mean --out?'
run run configs/dd.yaml -o x
expect 2
err 'two dashes'
run run configs/dd.yaml --out
expect 2
err '--out needs a value: --out DIR'
run run configs/dd.yaml --quiet=yes
expect 2
err '--quiet takes no value'
run run configs/dd.yaml --set nonsense
expect 2
err 'is not KEY=VALUE'
run run configs/dd.yaml --seed -1
expect 2
err 'not a whole number'
run run configs/dd.yaml --schemes host,nesk
expect 2
err 'did you mean nesc?'
run run configs/dd.yaml --schemes nesc,nesc
expect 2
err 'named twice'
run explain configs/dd.yaml --request 1.5
expect 2
run schemes extra
expect 2

for list in 'schemes nesc' 'media dram' 'workloads trace' 'readers blktrace'; do
	run "${list% *}"
	expect 0
	out "${list#* } "
done

run params
expect 0
out 'nesc.btlb.entries'
out 'vms[].workload.file'
run params nesc.btlb.entries
expect 0
out 'thesis: stated'
run params nesc.btlb.entires
expect 2
err 'nesc.btlb.entries'
for key in media.kind 'vms[0].workload.kind' vms.disk.map.kind; do
	run params "$key"
	expect 0
	out 'one of'
done
run params schemes
expect 0
out 'host, nesc'
run params --fitted
expect 0
out 'fitted to: 800 MB/s'
if grep 'source' "$scratch/out" | grep -qv 'fitted to'; then
	bad "--fitted lists keys that were not fitted: $(cat "$scratch/out")"
fi
run params nesc.btlb --fitted
expect 0
[ ! -s "$scratch/out" ] || bad "the translation cache has a fitted key: $(cat "$scratch/out")"
run check configs/dd.yaml --set device.sriov=true
expect 3
err 'device.sriov: with true SR-IOV VFs reach'

# A stdout that cannot be written is no success.
"$tool" params >/dev/full 2>"$scratch/err"
code=$? last='nescsim params >/dev/full'
: >"$scratch/out"
expect 4
err 'standard output'
"$tool" params >&- 2>"$scratch/err"
code=$? last='nescsim params >&-'
expect 4

finish
