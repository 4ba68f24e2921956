#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# initramfs.sh <target>: packs busybox, the modules and the programs that
# build.sh left in build/<target> into build/<target>/base.cpio.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

use_target "${1:?usage: initramfs.sh <target>, one of: $ALL_TARGETS}"
sysroot=$("$RIG/sysroot.sh" "$rig")

root=$(mktemp -d "$out/root.XXXXXX")
trap 'rm -rf "$root" "$root.cpio"' EXIT

mkdir -p "$root"/{bin,rig,modules,selftests,proc,sys,dev,tmp,run}
cp "$sysroot/bin/busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
cp "$RIG/init" "$root/init"
cp "$RIG"/{guest,examples,hotplug,states}.sh "$root/rig/"

# strip_into <directory> <files...>: without debugging information, which is
# most of a file and which the guest has no use for
strip_into()
{
	local dir=$1 file
	shift
	for file; do
		[ -e "$file" ] || continue
		"${cross}strip" --strip-debug -o "$dir/${file##*/}" "$file"
	done
}

shopt -s globstar nullglob
strip_into "$root/modules" "$out"/module/**/*.ko
strip_into "$root/bin" "$out"/bin/*
strip_into "$root/selftests" "$out"/selftests/*

(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$root.cpio"
mv "$root.cpio" "$out/base.cpio"
