#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh [image]: boots an s390x guest, gives its virtio-blk function to zpcifd
# and lets the virtio-blk example read the first MiB of the image through the
# ring. What the guest read is compared with the image here, on the host.
# Without an image, one of random bytes is made.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

disk=${1:-}
start=$SECONDS
target=s390x-7

# The last line tells how it ended, whatever went wrong
why='see the error above'
result=fail
tmp=
finish()
{
	rm -rf "$tmp"
	if [ "$result" = pass ]; then
		echo 'demo: PASS'
	else
		echo "demo: FAIL $why"
		exit 1
	fi
}
trap finish EXIT
trap 'why="interrupted"; exit 1' INT TERM

fail()
{
	why=$*
	exit 1
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/zpcifd-demo.XXXXXX")
if [ -n "$disk" ]; then
	if [ ! -f "$disk" ] || [ ! -r "$disk" ]; then
		fail "cannot read the image '$disk': DISK must name a raw disk image"
	fi
	[ -s "$disk" ] || fail "the image '$disk' is empty"
else
	disk=$tmp/disk.img
	head -c 16M /dev/urandom >"$disk"
fi

"$RIG/packages.sh" s390x
"$RIG/build.sh" "$target"

cat >"$tmp/job" <<'JOB'
load_modules || exit
blk=$(find_function 0x010000) || exit
echo "demo: function $blk leaves $(basename "$(readlink "/sys/bus/pci/devices/$blk/driver")")"
zpctl bind "$blk" || exit
virtio-blk "$blk"
JOB

say "boot a $target guest with $disk ..."
status=0
"$RIG/boot.sh" -t 60 -d "$disk" -n demo "$target" "$tmp/job" |
	tee "$tmp/out" | sed -u -E '/^demo: (PASS|FAIL .*)$/d' || status=$?
say "guest ended after $((SECONDS - start)) s in all"

# The guest has said why already
if [ "$status" != 0 ]; then
	why=$(sed -n 's/^demo: FAIL //p' "$tmp/out")
	fail "${why:-the guest ended with $status, its console is in build/log/demo.log}"
fi
read -r hash bytes < <(sed -n 's/^demo: sha256 //p' "$tmp/out") ||
	fail "the guest printed no checksum"
grep -qx 'demo: PASS' "$tmp/out" || fail "the guest did not say that it passed"

# A disk has whole sectors: the last one is filled up with zeros
size=$(stat -L -c %s "$disk")
expected=$(((size + 511) / 512 * 512))
[ "$expected" -le 1048576 ] || expected=1048576
[ "$bytes" = "$expected" ] || fail "the guest read $bytes bytes, the image has $expected to read"
read -r expected _ < <({ head -c "$bytes" "$disk" && head -c 511 /dev/zero; } |
	head -c "$bytes" | sha256sum)
[ "$hash" = "$expected" ] || fail "the image has sha256 $expected, the guest read $hash"
result=pass
