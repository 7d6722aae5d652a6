#!/bin/sh
# `nescsim validate`: chosen claims, both kinds apart, a miss is a miss with exit code 1, and no source tree is needed.
. tests/cli/cli.sh

# The claims about these two need no other scheme.
two='schemes=[host, nesc]'

run validate device-bandwidth --set "$two"
expect 0
out 'Calibration points'
out 'device-bandwidth  read   thesis'
out 'Calibration points: 2 hold, 0 miss.'
if grep -q -e 'Predictions' -e 'nesc-host' "$scratch/out"; then
	bad "$last: more than what was asked for: $(cat "$scratch/out")"
fi

# The same words in another folder: the experiments are part of the tool.
cp "$scratch/out" "$scratch/table"
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
root=$PWD
cd "$scratch" || exit 2
run validate --set "$two" device-bandwidth
expect 0
cmp -s "$scratch/out" "$scratch/table" || bad "$last: prints something else elsewhere"
cd "$root" || exit 2

# missed: exit code 1 with the whole table on stdout and one line on stderr.
missed() {
	[ "$code" -eq 1 ] || bad "$last: exit code $code instead of 1"
	[ "$(cat "$scratch/err")" = 'error: not every claim holds' ] || bad "$last: stderr: $(cat "$scratch/err")"
}

run validate device-bandwidth --set "$two" --set 'nesc.dma.read_setup=444 cycles'
missed
out 'MISS device-bandwidth, read: at 1 MiB.'
out 'Calibration points: 1 hold, 1 miss.'

run validate device-bandwidth nesc-host-bandwidth-small --set "$two" --set 'guest.driver=5 us'
missed
out 'Predictions: 0 hold, 1 miss.'
out 'Lacking: '

# A claim that could not be simulated is not one that holds.
run validate nesc-latency --set 'schemes=[host]'
missed
out 'not simulated'
out '0 hold, 0 miss, 2 not simulated.'

run validate device-bandwith
expect 2
err "there is no claim 'device-bandwith' (did you mean device-bandwidth?)"
run validate qqqqqq
expect 2
err 'they are: device-bandwidth, '
run validate device-bandwidth --set
expect 2
run validate device-bandwidth --set nonsense
expect 2
run validate --out x
expect 2
run validate device-bandwidth --set "$two" --set nesc.btlb.entrys=4
expect 3
err "did you mean 'entries'?"
[ "$(grep -c error: "$scratch/err")" -eq 1 ] || bad "$last: the same mistake more than once: $(cat "$scratch/err")"

finish
