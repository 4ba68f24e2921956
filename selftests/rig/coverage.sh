#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# coverage.sh: runs all tests of check.sh in user-mode Linux on modules that count
# how often each line runs, and tells which lines of drivers/zpcifd/ never did:
# a table of the files, then the functions and the lines. Fails when a test
# does, or when less than 90 % of the lines were reached.
#
# The modules are built in build/coverage/, apart from those of the other
# scripts; the guest leaves its counters there, beside what gcov needs to read
# them. The guest's console is in build/log/coverage.log.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

use_target um-7
least=90
dir=$BUILD/coverage
module=$dir/module
log=$BUILD/log/coverage.log

"$RIG/packages.sh" um
"$RIG/build.sh" "$target"
kernel=$("$RIG/kernel.sh" "$target")

mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9

# Everything anew: what gcov reads must be of one build
build_modules()
{
	local file

	rm -rf "$module" "$dir/guest"
	mkdir -p "$module" "$dir/guest/modules"
	(cd "$TOP" && cp -pr Kbuild include drivers "$module/")
	# shellcheck disable=SC2046 # two words on purpose
	make -C "$kernel/source" O="$kernel" $(kernel_arch "$rig") -j"$JOBS" \
		M="$module" GCOV_PROFILE=y modules
	while read -r file; do
		strip --strip-debug -o "$dir/guest/modules/${file##*/}" "$file"
	done < <(find "$module" -name '*.ko')
}

step "build of modules that count" "$BUILD/log/build-coverage.log" build_modules

# The kernel keeps the counters of modules that were unloaded
{
	cat "$RIG/check-job.sh"
	cat <<-JOB
	counters=/sys/kernel/debug/gcov$module
	mkdir /tmp/module
	mount -t hostfs -o "$module" none /tmp/module
	cd "\$counters" || exit
	find . -name '*.gcda' | while read -r file; do
		cat "\$file" >"/tmp/module/\$file" || exit
	done
	JOB
} >"$dir/job"

say "boot $target and run all tests ..."
status=0
rm -f "$log"
"$RIG/boot.sh" -q -t 3600 -a "$dir/guest" -n coverage "$target" "$dir/job" || status=$?
[ -z "$(find "$module" -name '*.gcda')" ] || (
	cd "$module"
	python3 -B "$RIG/coverage.py" "$least" drivers/zpcifd
) || status=1
awk -f "$RIG/tap.awk" "$log" | awk -F '\t' '
	$1 == "suite" { pass += $3; fail += $4; skip += $5 }
	$1 == "fail" { print "fail: " $2 }
	END { printf "%d passed, %d failed, %d skipped\n", pass, fail, skip; exit fail > 0 }' ||
	status=1
[ "$status" = 0 ]
