#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# doc-programs.sh <target>: compiles the C programs in README.md (```c) and in
# Documentation/ (.. code-block:: c) against the library that build.sh left in
# build/<target>, and links those that have a main(). Prints TAP. A program in the
# documentation is a whole file, so that what people copy works.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

use_target "${1:?usage: doc-programs.sh <target>, one of: $ALL_TARGETS}"
dir=$out/doc-programs
rm -rf "$dir"
mkdir -p "$dir"

# Each program becomes <page>-<line>.c. In reStructuredText it is what is indented
# behind the directive; both forms keep the tabs.
cd "$TOP"
find README.md Documentation -name '*.md' -o -name '*.rst' | while read -r page; do
	name=${page//\//-}
	awk -v prefix="$dir/${name%.*}" '
	/^```c$/ { file = prefix "-" NR ".c"; fence = 1; next }
	/^```$/ { file = ""; fence = 0; next }
	/^\.\. code-block:: c$/ { file = prefix "-" NR ".c"; next }
	file && !fence && /^[^ \t]/ { file = "" }
	file { if (!fence) sub(/^(  |\t)/, ""); print >file }' "$page"
done

compile()
{
	local source=$1 object=${1%.c}.o

	"${cross}gcc" -std=gnu11 -Wall -Wextra -Werror -I"$TOP/tools/libzpcifd" \
		-I"$TOP/include/uapi" -c -o "$object" "$source" || return
	! grep -q '^int main(' "$source" ||
		"${cross}gcc" -static -o "${source%.c}" "$object" "$out/lib/libzpcifd.a"
}

failed=0
n=0
for source in "$dir"/*.c; do
	[ -e "$source" ] || die "no page has a program: the way they are marked must have changed"
	n=$((n + 1))
	page=${source##*/}
	if (compile "$source") >"${source%.c}.log" 2>&1; then
		echo "ok $n - the program in ${page%.c} compiles"
	else
		cat "${source%.c}.log" >&2
		echo "not ok $n - the program in ${page%.c} compiles"
		failed=1
	fi
done
echo "1..$n"
exit $failed
