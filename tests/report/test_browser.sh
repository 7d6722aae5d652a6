#!/usr/bin/env bash
# The pages of `nescsim report` in headless Chromium: do they load without a word on the console, are all figures visible, does
# sorting sort, is nothing wider than a phone, and can they be printed? Skipped (77) without Chromium.
set -u
case ${1:?usage: test_browser.sh TOOL} in /*) ;; *) set -- "$PWD/$1" ;; esac
for needed in chromium pdfinfo pdftotext gnuplot xmllint; do
	command -v "$needed" >/dev/null || {
		echo "SKIPPED: there is no $needed (./test.sh --browser installs it)"
		exit 77
	}
done
harness=$(realpath tests/report/harness.js)
# shellcheck source=tests/cli/cli.sh
. tests/cli/cli.sh

# browse OPTION... FILE: headless, and nothing of the user's.
browse() {
	HOME=$scratch timeout --kill-after=5 90 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run \
		--disable-extensions --disable-background-networking --user-data-dir="$scratch/profile" --enable-logging=stderr "$@"
}

# look PAGE OPTION...: the harness's lines, and those of the console, into $scratch/findings.
look() {
	local page=$1
	shift
	cp "$harness" "$scratch/harness.js"
	printf '<!DOCTYPE html><meta charset="utf-8"><body><iframe src="%s" style="width:1280px;height:900px;border:0"></iframe>
<iframe src="%s" style="width:375px;height:700px;border:0"></iframe><pre id="findings"></pre><script src="harness.js"></script>' \
		"${page##*/}" "${page##*/}" >"$scratch/harness.html"
	browse "$@" --allow-file-access-from-files --window-size=1700,1000 --virtual-time-budget=20000 --dump-dom "file://$scratch/harness.html" \
		>"$scratch/dom" 2>"$scratch/log" || echo 'chromium fails' >>"$scratch/dom"
	sed -n '/<pre id="findings">/,/<\/pre>/p' "$scratch/dom" | sed 's/.*<pre id="findings">//; s/<\/pre>.*//' >"$scratch/findings"
	grep ':CONSOLE' "$scratch/log" >>"$scratch/findings"
}

expect_good() {
	look "$@"
	grep -qE '^checked [0-9]{3,}( by night)?$' "$scratch/findings" || bad "$*: not looked at: $(cat "$scratch/findings"; tail -n 5 "$scratch/log")"
	[ "$(grep -vc '^checked' "$scratch/findings")" -eq 0 ] || bad "$*: $(cat "$scratch/findings")"
}

# expect_found TEXT SED: with such a page, the harness says so.
expect_found() {
	sed "$2" "$scratch/mail.html" >"$scratch/wrong.html"
	! cmp -s "$scratch/mail.html" "$scratch/wrong.html" || bad "nothing was changed by $2"
	look "$scratch/wrong.html"
	grep -q "$1" "$scratch/findings" || bad "$2: nobody finds '$1': $(cat "$scratch/findings")"
}

# ---- pages -----------------------------------------------------------------------------------------------------------------

mkdir "$scratch/in"
"$tool" run configs/vc707.yaml --quiet --set 'vms[0].workload.window=1 s' --out "$scratch/in/mail" &&
	"$tool" run configs/tenants.yaml --quiet --out "$scratch/in/tenants" &&
	"$tool" sweep configs/dd.yaml --quiet --schemes host,nesc --set 'vms[0].workload.count=40' --param 'vms[0].workload.request_bytes=4 KiB,64 KiB,512 B' \
		--param nesc.btlb.entries=8,16,128 --param vms[0].workload.depth=1,4 --repeat 2 --out "$scratch/in/grid" &&
	"$tool" report "$scratch/in/mail" --out "$scratch/mail.html" >/dev/null &&
	"$tool" report "$scratch/in/grid" --out "$scratch/grid.html" >/dev/null &&
	"$tool" report "$scratch/in" --out "$scratch/all.html" >/dev/null &&
	"$tool" reproduce configs/figures/p4800x.yaml --validate --quiet --out "$scratch/judged" &&
	mv "$scratch/judged/report.html" "$scratch/judged.html" || exit 1

for page in mail grid all judged; do
	expect_good "$scratch/$page.html"
	printf '%s: %s\n' "$page" "$(tail -n 1 "$scratch/findings")"
done
# By night.
expect_good "$scratch/all.html" --blink-settings=preferredColorScheme=0
grep -q 'by night$' "$scratch/findings" || bad 'it was not dark'

# ---- on paper --------------------------------------------------------------------------------------------------------------

# print PAGE LEAST MOST: so many pages, from the title to the last part, with all figures.
print() {
	browse --no-pdf-header-footer --print-to-pdf="$scratch/$1.pdf" "file://$scratch/$1.html" >/dev/null 2>"$scratch/log"
	pages=$(pdfinfo "$scratch/$1.pdf" 2>/dev/null | sed -n 's/^Pages: *//p')
	if [ "${pages:-0}" -lt "$2" ] || [ "${pages:-0}" -gt "$3" ]; then
		bad "$1: ${pages:-no} pages on paper, not $2 to $3"
	fi
	pdftotext -layout "$scratch/$1.pdf" "$scratch/$1.txt"
	for text in "How to reproduce" "Made by nescsim" "p99.9"; do
		grep -qF "$text" "$scratch/$1.txt" || bad "$1: '$text' is not on paper"
	done
}
print mail 3 9
print grid 3 12
print all 8 30
print judged 3 8

# ---- does it find what is wrong? -------------------------------------------------------------------------------------------

expect_found CONSOLE 's|^"use strict";|"use strict"; throw new Error("seeded");|'
expect_found 'is no picture' 's|svg+xml;base64,.|svg+xml;base64,!|'
expect_found 'is not in ascending order' 's|Number(one), second = Number(other)|NaN, second = NaN|'
expect_found 'no aria-sort' 's|setAttribute("aria-sort"|setAttribute("data-sort"|'
expect_found '375: the page is' 's|<footer>|<footer style="width:600px">|'
expect_found 'contrast' 's|--soft: #515a68|--soft: #a0a0a0|'
expect_found CONSOLE 's|<footer>|<img alt="" src="https://example.org/x.png"/><footer>|'

[ "$failures" -eq 0 ] || printf '%d failures\n' "$failures"
exit $((failures != 0))
