#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [target...]: builds the targets, runs every test on each and prints
# what failed, what was skipped and why, a table, and as the last line
#
#	<n> passed, <n> failed, <n> skipped
#
# Works at all targets at once, as no guest keeps two processors busy. Succeeds when
# nothing failed and something passed on every target. The guests' consoles are in
# build/log/check-<target>.log.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || read -r -a ALL <<<"$ALL_TARGETS"
targets=("${@:-"${ALL[@]}"}")
for target in "${targets[@]}"; do
	use_target "$target"
done
start=$SECONDS
mkdir -p "$BUILD/log"
results=$(mktemp -d "${TMPDIR:-/tmp}/zpcifd-check.XXXXXX")
trap 'rm -rf "$results"' EXIT

# Lines of tap.awk, with the target before the suite
collect()
{
	awk -f "$RIG/tap.awk" | sed "s/^\([a-z]*\)\t/\1\t$1 /"
}

# outcome <target> <suite> <0 for success> <sentence>: one result of this script
outcome()
{
	local kind='ok'

	[ "$3" = 0 ] || kind='not ok'
	printf 'rig: suite %s\n%s 1 - %s\nrig: suite-end %s %s\n' "$2" "$kind" "$4" "$2" "$3" |
		collect "$1" >>"$results/$1"
}

# host_suite <target> <suite> <command...>: a suite that runs on the host
host_suite()
{
	local target=$1 suite=$2 status=0

	shift 2
	{
		echo "rig: suite $suite"
		"$@" || status=$?
		echo "rig: suite-end $suite $status"
	} | collect "$target" >>"$results/$target"
}

check_target()
{
	local target=$1 log=$BUILD/log/check-$1.log status=0

	if ! "$RIG/build.sh" "$target"; then
		outcome "$target" build 1 "the target builds"
		return
	fi
	outcome "$target" build 0 "the target builds"
	host_suite "$target" doc-programs "$RIG/doc-programs.sh" "$target"
	case $target in
	s390x-*) host_suite "$target" relay-path "$RIG/relay-path.sh" "$target" ;;
	esac
	# Compares with the newest kernel only
	case $target in
	s390x-7) host_suite "$target" ism-layout "$RIG/ism-layout.sh" ;;
	esac

	say "boot $target and run all tests ..."
	status=0
	rm -f "$log"
	"$RIG/boot.sh" -q -t 1800 -n "check-$target" "$target" "$RIG/check-job.sh" || status=$?
	[ ! -e "$log" ] || collect "$target" <"$log" >>"$results/$target"
	case $status in
	122) outcome "$target" guest 1 "the kernel does not complain" ;;
	123) outcome "$target" guest 1 "the guest lives until it is told to stop" ;;
	124) outcome "$target" guest 1 "the guest ends within the time limit" ;;
	*) outcome "$target" guest "$status" "the guest ends well and its kernel does not complain" ;;
	esac
	say "$target: $(awk -F '\t' '
		$1 == "suite" { pass += $3; fail += $4; skip += $5 }
		END { printf "%d passed, %d failed, %d skipped", pass, fail, skip }' "$results/$target")"
}

# Targets that are worked at, by process group
declare -A target_of=()
# shellcheck disable=SC2317 # called by the trap
stop()
{
	local job

	for job in "${!target_of[@]}"; do
		kill -- "-$job"
	done
	exit 130
}
trap stop INT TERM

# begin <target>
begin()
{
	set -m
	check_target "$1" &
	set +m
	target_of[$!]=$1
}

# Waits until one of them is done
reap()
{
	local job status=0

	wait -n -p job || status=$?
	[ "$status" = 0 ] || outcome "${target_of[$job]}" rig 1 "check.sh itself ends well"
	unset "target_of[$job]"
}

needs=()
for target in "${targets[@]}"; do
	needs+=("${target%-*}")
done
"$RIG/packages.sh" "${needs[@]}"
for target in "${targets[@]}"; do
	begin "$target"
done
while [ ${#target_of[@]} -gt 0 ]; do
	reap
done
cat "${targets[@]/#/$results/}" >"$results/all"

echo
printf '%-32s %8s %8s %8s\n' 'target and suite' passed failed skipped
awk -F '\t' '$1 == "suite" { printf "%-32s %8d %8d %8d\n", $2, $3, $4, $5 }' "$results/all"
for kind in skip fail; do
	if grep -q "^$kind" "$results/all"; then
		echo
		sed -n "s/^$kind\t/$kind: /p" "$results/all"
	fi
done
echo
say "all tests took $((SECONDS - start)) s"
awk -F '\t' -v targets="${targets[*]}" '
$1 == "suite" {
	split($2, word, " ")
	passed[word[1]] += $3
	pass += $3; fail += $4; skip += $5
}
END {
	printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
	n = split(targets, target, " ")
	for (i = 1; i <= n; i++)
		if (!passed[target[i]])
			exit 1
	exit fail > 0
}' "$results/all"
