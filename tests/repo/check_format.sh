#!/bin/sh
# Is the code formatted by .clang-format? Skipped (77) without clang-format 14, whose output other versions' differs from.
set -u
root=$1
command -v clang-format > /dev/null || exit 77
clang-format --version | grep -q 'version 14\.' || exit 77
cd "$root" || exit 2
failed=0
for file in $(find src include tests bench -name '*.[ch]' | sort); do
	if ! clang-format "$file" | cmp -s "$file" -; then
		echo "$file is not formatted: clang-format -i $file"
		failed=1
	fi
done
exit $failed
