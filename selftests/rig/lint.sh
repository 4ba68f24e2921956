#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh: checkpatch, kernel-doc and shellcheck on the repository's files,
# whether generated files are current, the documentation, and on every target a
# build of the modules from nothing with W=1 and sparse. Any finding in a file of
# the repository fails. Logs are build/log/lint-*.log.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

read -r -a targets <<<"$ALL_TARGETS"
failed=()
cd "$TOP"

# files <pattern...>: what git has or would take
files()
{
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}

# finding <what> <log>: shows a check that failed
finding()
{
	failed+=("$1")
	cat "$2"
	echo "$1: findings, see $2" >&2
}

# judge <what> <command...>: fails when the command does or says anything
judge()
{
	local what=$1 log=$BUILD/log/lint-$1.log
	shift
	say "$what ..."
	if ! "$@" >"$log" 2>&1 || [ -s "$log" ]; then
		finding "$what" "$log"
	fi
}

check_patch()
{
	local args=(--no-tree --strict --terse --no-summary --show-types --max-line-length=100 -f)
	# Arguments that are types, members or constants: nothing to evaluate twice
	# and no parentheses to put around
	local ignore=MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE
	local kernel_files user_files

	mapfile -t kernel_files < <(files 'drivers/*.[ch]' 'include/*.h')
	mapfile -t user_files < <(files 'tools/*.[ch]' 'selftests/*.[ch]')
	"$source/scripts/checkpatch.pl" --ignore "$ignore" "${args[@]}" "${kernel_files[@]}"
	# Names that libraries give to their functions, such as libmd's SHA256Init,
	# and the types of stdint.h, which are user space's own
	ignore+=,CAMELCASE,PREFER_KERNEL_TYPES
	"$source/scripts/checkpatch.pl" --ignore "$ignore" "${args[@]}" "${user_files[@]}"
}

kernel_doc()
{
	local list

	mapfile -t list < <(files 'drivers/*.[ch]' 'include/*.h' 'tools/libzpcifd/*.h')
	"$source/scripts/kernel-doc" -none -Wall "${list[@]}"
}

shell_check()
{
	local list

	mapfile -t list < <(files | xargs grep -l -I -m 1 -E '^#!.*/(env )?(ba)?sh$|^# shellcheck shell=')
	shellcheck -x "${list[@]}"
}

# Everything is compiled again: a warning comes only once
build_modules()
{
	local kernel=$1 dir=$BUILD/lint/$target

	rm -rf "$dir"
	mkdir -p "$dir"
	cp -pr Kbuild include drivers "$dir/"
	# shellcheck disable=SC2046 # two words on purpose
	make -C "$kernel/source" O="$kernel" $(kernel_arch "$rig") -j"$JOBS" M="$dir" \
		W=1 C=2 CHECK="$sparse" modules
}

"$RIG/packages.sh" s390x um lint
sparse=$("$RIG/sparse.sh")
source=$("$RIG/kernel.sh" "${targets[-1]}")/source
mkdir -p "$BUILD/log"

judge checkpatch check_patch
judge kernel-doc kernel_doc
judge shellcheck shell_check
judge netlink-gen "$RIG/netlink-gen.sh" --check
"$RIG/docs.sh" || failed+=(documentation)
for target in "${targets[@]}"; do
	use_target "$target"
	kernel=$("$RIG/kernel.sh" "$target")
	what="W=1 and sparse for $target"
	log=$BUILD/log/lint-$target.log
	if ! (step "$what" "$log" build_modules "$kernel"); then
		failed+=("$what")
	# A kernel that does not like the checker goes on without it
	elif ! grep -q '^  CHECK ' "$log"; then
		echo "sparse did not run on $target" >"$log.findings"
		finding "$what" "$log.findings"
	# The kernel's own headers are in the cache
	elif grep -i -E 'warning|error' "$log" | grep -v "^$CACHE/" >"$log.findings"; then
		finding "$what" "$log.findings"
	fi
done

if [ ${#failed[@]} -gt 0 ]; then
	printf -v list ', %s' "${failed[@]}"
	die "lint: ${list#, }"
fi
say "lint: no finding"
