#!/bin/sh
# `nescsim report`: is the page of a run, a sweep and a collection whole, well-formed and the same each time; does it say what the
# terminal says; does its recipe make the results again; can no name become markup; and is every mistake told, with nothing left?
. tests/cli/cli.sh
for needed in gnuplot xmllint; do
	command -v $needed >/dev/null || {
		echo "no $needed"
		exit 1
	}
done
# Where it draws; nothing may stay there.
mkdir "$scratch/tmp" "$scratch/in"
TMPDIR=$scratch/tmp LC_ALL=C
export TMPDIR LC_ALL

# query PAGE XPATH: what xmllint says.
query() {
	xmllint --nonet --xpath "$2" "$1" 2>/dev/null
}

# expect_query PAGE XPATH TEXT
expect_query() {
	found=$(query "$1" "$2")
	[ "$found" = "$3" ] || bad "$1: $2 is '$found' instead of '$3'"
}

# check_page PAGE: well-formed, and needs nothing from elsewhere.
check_page() {
	xmllint --nonet --noout "$1" 2>"$scratch/lint" || bad "$1 is not well-formed: $(head -n 3 "$scratch/lint")"
	head -n 1 "$1" | grep -qx '<!DOCTYPE html>' || bad "$1 does not begin as a page"
	query "$1" '//@src | //@href' | tr ' ' '\n' | grep -o '^[a-z]*=".\{0,8\}' | grep -v '^[a-z]*="\(data:\|#s[0-9]\)' >"$scratch/outside"
	[ ! -s "$scratch/outside" ] || bad "$1 refers to something outside: $(cat "$scratch/outside")"
	if grep -nEi '(https?|file|ftp)://|@import|url\(' "$1" >"$scratch/outside"; then
		bad "$1 refers to something outside: $(cut -c 1-200 "$scratch/outside")"
	fi
	expect_query "$1" 'count(//th[not(@scope)])' 0
	expect_query "$1" 'count(//img[not(@alt) or @alt=""])' 0
	expect_query "$1" 'count(//table[not(caption)])' 0
	expect_query "$1" 'count(//h1)' 1
	[ "$(query "$1" '//@id' | tr ' ' '\n' | grep -c '^id=')" -eq \
		"$(query "$1" '//@id' | tr ' ' '\n' | grep '^id=' | sort -u | wc -l)" ] || bad "$1 has an id twice"
	if grep -q "$scratch" "$1"; then
		bad "$1 names a folder of this machine"
	fi
}

# again PAGE WORDS: the same bytes a second time, from elsewhere.
again() {
	page=$1
	shift
	cp "$page" "$scratch/before.html"
	(cd "$scratch/in" && "$tool" report "$@" --out ../after.html) >"$scratch/out" 2>"$scratch/err" || bad "again: $(cat "$scratch/err")"
	cmp "$scratch/before.html" "$scratch/after.html" || bad "$page is not the same each time"
}

case $tool in /*) ;; *) tool=$PWD/$tool ;; esac

# ---- a run -----------------------------------------------------------------------------------------------------------------

run run configs/vc707.yaml --set 'vms[0].workload.window=200 ms' --out "$scratch/in/mail"
expect 0
cp "$scratch/out" "$scratch/terminal"
run report "$scratch/in/mail/"
expect 0
out "$scratch/in/mail.html"
page=$scratch/in/mail.html
check_page "$page"
again "$page" mail
expect_query "$page" 'string(/html/head/title)' mail
# Every figure that plot draws, with what it shows.
run plot "$scratch/in/mail" --out "$scratch/figures/"
expect 0
expect_query "$page" 'count(//figure)' "$(wc -l <"$scratch/out")"
while read -r picture; do
	picture=$(base64 -w 0 <"$picture")
	grep -qF "$picture" "$page" || bad 'a figure is not that of plot'
done <"$scratch/out"
expect_query "$page" 'string(//figure[1]/figcaption)' \
	'Speed-up by operation (ratio of mean latencies): speed-up of each scheme over the first, by operation'
# The terminal's numbers and words.
mean=$(awk '$2 == "write" && $3 == "emulation" { print $8 }' "$scratch/terminal")
speed_up=$(awk '$2 == "write" && $3 == "emulation" { sub("x", "", $NF); print $NF }' "$scratch/terminal")
row='//section/div[1]//tr[th="emulation" and td[1]="write"]'
expect_query "$page" "string($row/td[5])" "$mean"
expect_query "$page" "string($row/td[11])" "$speed_up×"
expect_query "$page" "count(//section/div[1]//tbody/tr)" "$(grep -cE '^ 1  (read|write|flush|discard|all) ' "$scratch/terminal")"
for scheme in host nesc virtio emulation; do
	expect_query "$page" "concat('$scheme: ', //dt[.='$scheme']/following-sibling::dd[1])" "$(grep "^$scheme: " "$scratch/terminal")"
done
queue=$(awk '$1 == "queue" { print $4 }' "$scratch/terminal")
expect_query "$page" 'string(//tr[th="queue"]/td[3])' "$queue"
latency=$(awk '$1 == "latency," { print $5 }' "$scratch/terminal")
expect_query "$page" 'string(//tfoot//td[3])' "$latency"
# What is not the default, and what it would be.
expect_query "$page" 'concat(//table[@class="config"]//tr[th="schemes"]/td[1], " / ", //table[@class="config"]//tr[th="schemes"]/td[2])' \
	'[host, nesc, virtio, emulation] / [host, nesc]'
expect_query "$page" 'count(//table[@class="config"]//tr[th="nesc.btlb.entries"])' 0
# By what the page says, the same bytes.
query "$page" 'string(//pre[@class="yaml"])' >configs/nescsim-test-report.yaml
run run configs/nescsim-test-report.yaml --quiet --out "$scratch/again"
expect 0
rm configs/nescsim-test-report.yaml
for file in "$scratch/in/mail"/*; do
	cmp "$file" "$scratch/again/${file##*/}" || bad "${file##*/} is not what the page's recipe makes"
done
saved=$(query "$page" 'string(//a[@download="mail.yaml"]/@href)' | sed 's/^data:text.plain;base64,//' | base64 -d)
[ "$saved" = "$(query "$page" 'string(//pre[@class="yaml"])')" ] || bad 'what can be saved is not what is shown'
# The files that it read, as they can be checked.
query "$page" 'string((//pre)[last()])' | (cd configs && sha256sum --check --strict) >"$scratch/log" 2>&1 ||
	bad "the files of the page: $(cat "$scratch/log")"
grep -qx '../traces/postmark.blktrace.0.xz: OK' "$scratch/log" || bad "the files of the page: $(cat "$scratch/log")"

# Several VMs have a table each, notes and failures are said.
run run configs/tenants.yaml --quiet --out "$scratch/in/tenants"
expect 0
run report "$scratch/in/tenants" --title 'Four & more' --out "$scratch/titled.html"
expect 0
check_page "$scratch/titled.html"
expect_query "$scratch/titled.html" 'string(//h1)' 'Four & more'
expect_query "$scratch/titled.html" 'count(//tr[th="nesc" and td[1]="2"])' 1

# ---- a sweep ---------------------------------------------------------------------------------------------------------------

run sweep configs/dd.yaml --quiet --schemes host,nesc --set 'vms[0].workload.count=40' --param 'vms[0].workload.request_bytes=4 KiB,64 KiB,512 B' \
	--param 'zip:nesc.btlb.entries=8,16;nesc.walker.count=1,2' --repeat 2 --out "$scratch/in/grid"
expect 0
run report "$scratch/in/grid"
expect 0
page=$scratch/in/grid.html
check_page "$page"
again "$page" grid
expect_query "$page" 'count(//table[@class="sortable filterable"]/tbody/tr)' 12
expect_query "$page" 'string(//table[@class="sortable filterable"]//tr[td="64 KiB"][1]/td[1]/@data-value)' 65536
expect_query "$page" 'count(//table[@class="config"]//tr[starts-with(th, "nesc.") or th="vms[0].workload.request_bytes"])' 0
expect_query "$page" 'string(//table[@class="config"]//tr[th="vms[0].workload.count"]/td[1])' 40
mean=$(grep -E '^512 B,16,2,mean,nesc,app,all,all,' "$scratch/in/grid/sweep.csv" | cut -d, -f14 | awk '{ printf "%.3f", $1 }')
expect_query "$page" 'string(//tr[th="nesc" and td[1]="512 B" and td[2]="16"]/td[7])' "$mean"
[ "$(query "$page" 'count(//figure)')" -gt 1 ] || bad 'a sweep without figures'
# Both of its recipes give the table again.
eval "$(query "$page" 'string(//pre[1])' | sed "s/^nescsim /run /; s|--out grid|--out '$scratch/first'|")"
expect 0
cmp "$scratch/in/grid/sweep.csv" "$scratch/first/sweep.csv" || bad 'the original command makes another table'
query "$page" 'string(//pre[@class="yaml"])' >"$scratch/grid.yaml"
eval "$(query "$page" 'string(//pre[2])' | sed "s/^nescsim /run /; s|--out grid|--out '$scratch/second'|; s|grid.yaml|'$scratch/grid.yaml'|")"
expect 0
cmp "$scratch/in/grid/sweep.csv" "$scratch/second/sweep.csv" || bad "the page's own recipe makes another table"

# What a label says comes back, whatever is in it: commas, what looks like a range, and either or both quotation marks. Repeats
# have their seeds, even when the first point has no result.
labels="\"c, d\",'1..3',\"it's; 2\",' x',6\" wide,[a;b],\"\",plain it's,'\"q\"',it's 6\" 'w;'"
run sweep configs/dd.yaml --quiet --schemes nesc --set 'vms[0].workload.count=20' \
	--param "zip:@says=$labels;nesc.btlb.entries=4,8,16,32,64,128,256,512,1024,1" --repeat 3 --out "$scratch/labels"
expect 0
cp "$scratch/labels/sweep.csv" "$scratch/labels.csv"
rm -r "$scratch/labels/points/0001" "$scratch/labels/points/0002"
run report "$scratch/labels"
expect 0
page=$scratch/labels.html
query "$page" 'string(//pre[@class="yaml"])' >"$scratch/labels.yaml"
grep -qx '  seed: 1' "$scratch/labels.yaml" || bad 'the seed is not that of the first repeat'
grep -q ', seed 1\. The same' "$page" || bad 'the page tells another seed than that of the first repeat'
eval "$(query "$page" 'string(//pre[2])' | sed "s/^nescsim /run /; s|--out labels|--out '$scratch/third/labels'|; s| labels.yaml| '$scratch/labels.yaml'|")"
expect 0
cmp "$scratch/labels.csv" "$scratch/third/labels/sweep.csv" || bad 'the command for labels makes another table'

# A point that is missing is said; so is what a long table leaves out.
cp -R "$scratch/in/grid" "$scratch/holes"
rm -r "$scratch/holes/points/0003"
# No longer than needed: under strict_string_checks a CSV takes the square of its length.
cut -d, -f 1-19 "$scratch/in/grid/sweep.csv" | awk -F, 'NR == 1 || /,app,all,all,/ { print } $4 == "mean" && /,app,all,all,/ { row[++num] = $0 }
	END { for (i = 0; i < 170; i++) for (j = 1; j <= num; j++) print row[j] }' >"$scratch/holes/sweep.csv"
run report "$scratch/holes"
expect 0
grep -q 'have no result, and are in no table or figure: 3\.' "$scratch/holes.html" || bad 'a missing point is not told'
grep -q 'Only the first 2000 of 2052 rows are shown here' "$scratch/holes.html" || bad 'a long table is not cut'
expect_query "$scratch/holes.html" 'count(//table[@class="sortable filterable"]/tbody/tr)' 2000
# Of one whose points were tidied away, the table is left.
rm -r "$scratch/holes/points"
run report "$scratch/holes"
expect 0
grep -q 'The folders of the points are gone' "$scratch/holes.html" || bad 'points that are gone are not told'

# ---- a collection ----------------------------------------------------------------------------------------------------------

mkdir "$scratch/in/mail-figures"
echo 'not about this' >"$scratch/in/notes.txt"
run report "$scratch/in" --out "$scratch/all.html"
expect 0
check_page "$scratch/all.html"
expect_query "$scratch/all.html" 'count(//main/section)' 3
expect_query "$scratch/all.html" 'concat(//nav//li[1], ", ", //nav//li[2], ", ", //nav//li[3])' 'grid (sweep), mail (run), tenants (run)'
expect_query "$scratch/all.html" 'string(id("s2")/h2)' ''
expect_query "$scratch/all.html" 'string(//section[@id="s2"]/h2)' mail
again "$scratch/all.html" .  --title in

# ---- names that look like markup -------------------------------------------------------------------------------------------

evil='<script>alert(1)</script>'
mkdir "$scratch/evil"
folder="$scratch/evil/a\"b'<i>&amp; \$(touch x)"
cp -R "$scratch/in/mail" "$folder"
for file in "$folder"/*; do
	sed "s|\"nesc\"|\"$evil\"|; s|^nesc,|$evil,|; s|latency-bound|$evil|; s|\"notes\": \[\]|\"notes\": [\"$evil\"]|; s|\"seed\": 1,\$|&|" "$file" >"$scratch/changed"
	cp "$scratch/changed" "$file"
done
cp -R "$scratch/in/grid" "$scratch/evil/sweep"
for file in "$scratch/evil/sweep"/sweep.*; do
	printf '\001\377' >"$scratch/bytes"
	sed "s|nesc.btlb.entries|$evil|g; s|\"config\": \".*\"|\"config\": \"/$evil/$evil\"|; s|,nesc,|,$evil$(printf '\377'),|" "$file" >"$scratch/changed"
	cp "$scratch/changed" "$file"
done
run report "$scratch/evil" --title "$evil" --out "$scratch/evil.html"
[ "$code" -eq 0 ] || bad "$last: exit code $code: $(cat "$scratch/err")"
check_page "$scratch/evil.html"
expect_query "$scratch/evil.html" 'count(//script)' 1
expect_query "$scratch/evil.html" 'string(//h1)' "$evil"
expect_query "$scratch/evil.html" 'string(//li[contains(., "alert")][1])' "$evil."
expect_query "$scratch/evil.html" 'string(//section[1]/h2)' "a\"b'<i>&amp; \$(touch x)"
[ "$(query "$scratch/evil.html" "count(//th[contains(., '$evil')])")" -gt 5 ] || bad 'the names are not there'

# ---- without gnuplot, or with one that fails -------------------------------------------------------------------------------

mkdir "$scratch/bin"
PATH=$scratch/bin "$tool" report "$scratch/in/mail" --out "$scratch/bare.html" >"$scratch/out" 2>"$scratch/err"
code=$? last='report without gnuplot'
[ "$code" -eq 0 ] || bad "$last: exit code $code"
err 'warning: the page lacks figures: '
err 'gnuplot-nox'
check_page "$scratch/bare.html"
expect_query "$scratch/bare.html" 'count(//figure)' 0
expect_query "$scratch/bare.html" 'starts-with(//p[@class="note"], "Figures are missing: ")' true
expect_query "$scratch/bare.html" 'string(//tr[th="queue"]/td[3])' "$queue"
printf '#!/bin/sh\necho "line 3: I cannot" >&2\nexit 1\n' >"$scratch/bin/gnuplot"
chmod +x "$scratch/bin/gnuplot"
PATH=$scratch/bin "$tool" report "$scratch/in/mail" --out "$scratch/bare.html" >"$scratch/out" 2>"$scratch/err"
code=$? last='report with a gnuplot that fails'
[ "$code" -eq 0 ] || bad "$last: exit code $code"
err 'I cannot'
check_page "$scratch/bare.html"

# ---- mistakes --------------------------------------------------------------------------------------------------------------

# mistake CODE TEXT WORDS: fails so, says this, and leaves nothing.
mistake() {
	wanted=$1 says=$2
	shift 2
	run report "$@"
	expect "$wanted"
	err "$says"
	[ ! -e "$scratch/none.html" ] || bad "$last: a page in spite of that"
}
broken=$scratch/broken
# breaks FILE COMMAND: a copy of the run whose FILE is what the command makes of it.
breaks() {
	rm -rf "$broken"
	cp -R "$scratch/in/mail" "$broken"
	file=$1
	shift
	"$@" "$scratch/in/mail/$file" >"$broken/$file"
}
mistake 4 'this is no folder' "$scratch/nowhere" --out "$scratch/none.html"
mistake 2 'this is no folder' README.md --out "$scratch/none.html"
mistake 2 'this is no result folder, and there is none in it' "$scratch/bin" --out "$scratch/none.html"
mistake 2 'does not end in .html' "$scratch/in/mail" --out "$scratch/in/mail/summary.csv"
mistake 2 'does not end in .html' "$scratch/in/mail" --out "$scratch/x/.html"
mistake 4 'cannot write' "$scratch/in/mail" --out "$scratch/no/where/none.html"
mkdir "$scratch/taken.html"
mistake 2 'no ordinary file' "$scratch/in/mail" --out "$scratch/taken.html"
breaks summary.csv cat
rm "$broken/result.json"
mistake 2 'there is no result.json in it (it is half a result' "$broken" --out "$scratch/none.html"
breaks summary.csv cat
rm "$broken/stages.csv"
mistake 2 'there is no stages.csv in it' "$broken" --out "$scratch/none.html"
breaks result.json head -c 700
mistake 3 'result.json:' "$broken" --out "$scratch/none.html"
grep -Eq 'result\.json:[0-9]+(:[0-9]+)?: error: ' "$scratch/err" || bad 'no place in result.json'
breaks result.json sed 's/"config"/"konfig"/'
mistake 3 "it does not have 'config' as it should" "$broken" --out "$scratch/none.html"
breaks result.json sed 's/"entries": [0-9]*/"entries": null/'
mistake 3 "'nesc.btlb.entries' in 'config' is null, which no value is" "$broken" --out "$scratch/none.html"
breaks result.json sed 's/"entries": [0-9]*/"entries": 1.5/'
mistake 3 "'nesc.btlb.entries' in 'config' is a fraction" "$broken" --out "$scratch/none.html"
for strange in '["a"]' '[{}]' '{}' '"a"' 'null'; do
	breaks result.json sed "/^  \"files\": \\[/,/^  \\]/c \"files\": $strange"
	mistake 3 "'files' is not what a run writes there" "$broken" --out "$scratch/none.html"
done
# Earlier versions did not say which files.
breaks result.json sed 's/"files"/"other"/'
run report "$broken" --out "$scratch/earlier.html"
expect 0
! grep -q 'read these files' "$scratch/earlier.html" || bad 'files from nowhere'
breaks result.json sed 's/"nescsim"/"other"/'
mistake 3 "this is nothing of nescsim's" "$broken" --out "$scratch/none.html"
breaks summary.csv sed '4s/,.*//'
mistake 3 'summary.csv:4: error: 1 cells' "$broken" --out "$scratch/none.html"
breaks summary.csv sed '1s/iops/oops/'
mistake 3 "summary.csv:1: error: there is no column 'iops'" "$broken" --out "$scratch/none.html"
breaks histogram.csv sed '7s/,.*//'
mistake 3 'histogram.csv:7: error: 1 cells' "$broken" --out "$scratch/none.html"
rm -rf "$broken"
cp -R "$scratch/in/grid" "$broken"
sed 's/"entries": [0-9]*/"entries": null/' "$scratch/in/grid/points/0001/result.json" >"$broken/points/0001/result.json"
mistake 3 "points/0001/result.json: error: 'nesc.btlb.entries' in 'config' is null" "$broken" --out "$scratch/none.html"
# It would look for each of them.
rm -r "$broken/points"
for num in 9000000000000000000 1000001 0 -1; do
	sed "s/\"points\": [0-9]*/\"points\": $num/" "$scratch/in/grid/sweep.json" >"$broken/sweep.json"
	timeout 20 "$tool" report "$broken" --out "$scratch/none.html" >"$scratch/out" 2>"$scratch/err"
	code=$? last="report of $num points"
	expect 3
	err "'points' is $num, and no sweep has so many"
done
rm -rf "$scratch/two"
mkdir "$scratch/two"
breaks result.json head -c 700
mv "$broken" "$scratch/two/one"
cp -R "$scratch/in/grid" "$scratch/two/other"
rm "$scratch/two/other/sweep.csv"
mistake 3 'there is no sweep.csv in it' "$scratch/two" --out "$scratch/none.html"
err 'two/one/result.json:'
mistake 3 'two/one/result.json:' "$scratch/two"
[ ! -e "$scratch/two.html" ] || bad 'a page of what is broken'
TMPDIR=$scratch/nowhere "$tool" report "$scratch/in/mail" --out "$scratch/none.html" >"$scratch/out" 2>"$scratch/err"
code=$? last='report without a place to draw'
expect 4
err 'cannot make the folder'
[ -z "$(ls -A "$TMPDIR")" ] || bad "drawings were left: $(ls -A "$TMPDIR")"
for file in "$scratch"/*.partial-* "$scratch"/in/*.partial-*; do
	[ ! -e "$file" ] || bad "$file was left"
done
finish
