#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# ism.sh [size]: makes two simulated ISM functions in user-mode Linux, then in an
# s390x guest, and lets the ism-pair example move 64 MiB, or as much as is said,
# each way between the two processes that own them; then one of them is killed.
# For each of the two it prints what was done, and "ism: PASS" or "ism: FAIL
# <why>". The last line and the exit code are of both.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

size=${1:-64M}
targets=(um-7 s390x-7)

why='see the error above'
result=fail
tmp=
# shellcheck disable=SC2317 # called by the trap
finish()
{
	rm -rf "$tmp"
	if [ "$result" != pass ]; then
		echo "ism: FAIL $why"
		exit 1
	fi
}
trap finish EXIT
trap 'why="interrupted"; exit 1' INT TERM

[[ $size =~ ^[0-9]+[KMG]?$ ]] || {
	why="'$size' is no size: say a number of bytes, or of MiB with M after it"
	exit 1
}

# show: what the guest printed, its verdict left out; on a terminal with a bar
# instead of a line for each step
show()
{
	local line percent bar

	while IFS= read -r line; do
		if [[ $line == 'ism: PASS' || $line == 'ism: FAIL '* ]]; then
			continue
		elif [ -t 1 ] && [[ $line =~ ^ism:\ ([0-9]+)\ %\ (of\ .*)$ ]]; then
			percent=${BASH_REMATCH[1]}
			printf -v bar '%*s' $((percent * 2 / 5)) ''
			printf '\r[%-40s] %3d %% %s' "${bar// /#}" "$percent" "${BASH_REMATCH[2]}"
			[ "$percent" -lt 100 ] || echo
		else
			printf '%s\n' "$line"
		fi
	done
}

# same_sums: the guest printed both directions, with checksums that are the same
same_sums()
{
	awk '
	/^ism: .* bytes, checksum sent .*, received / {
		n++
		sent = $(NF - 2)
		sub(/,$/, "", sent)
		if (sent != $NF || $5 != bytes)
			bad = 1
	}
	END { exit n != 2 || bad }' bytes="$(numfmt --from=iec "$size")" "$tmp/out"
}

# run: one target; sets why when it fails
run()
{
	local status=0

	why=
	"$RIG/boot.sh" -t 600 -n "ism-$target" "$target" "$tmp/job" | tee "$tmp/out" | show ||
		status=$?
	if [ "$status" != 0 ]; then
		why=$(sed -n 's/^ism: FAIL //p' "$tmp/out")
		: "${why:=the guest ended with $status, its console is in build/log/ism-$target.log}"
	elif ! grep -qx 'ism: PASS' "$tmp/out"; then
		why="the guest did not say that it passed"
	elif ! same_sums; then
		why="the guest did not print the same checksums of $size for both ends"
	fi
	[ -z "$why" ]
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/zpcifd-ism.XXXXXX")
step=25
[ ! -t 1 ] || step=2
cat >"$tmp/job" <<JOB
load_modules || exit
one=\$(make_sim one model=ism fabric=7) && two=\$(make_sim two model=ism fabric=7) || exit
ism-pair --kill --progress $step --bytes $size "\$one" "\$two" || exit
remove_sim one && remove_sim two && unload_modules
JOB

"$RIG/packages.sh" um s390x
failed=
for target in "${targets[@]}"; do
	"$RIG/build.sh" "$target"
	say "boot $target, $size each way ..."
	start=$SECONDS
	echo "ism: $target"
	if run; then
		echo 'ism: PASS'
	else
		echo "ism: FAIL $why"
		failed+="${failed:+; }$target: $why"
	fi
	say "$target: the guest ended after $((SECONDS - start)) s"
done
why=$failed
[ -n "$failed" ] || result=pass
