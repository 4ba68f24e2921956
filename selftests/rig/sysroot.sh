#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# sysroot.sh <rig>: unpacks what the rig's guests and programs need beside the
# compiler's own C library, from Debian's port of the guest's architecture,
# and prints the directory. Cached, keyed by the list of packages.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

rig=${1:?usage: sysroot.sh um|s390x}

# Static libraries are in the -dev packages. libjson-c's and libnl's headers
# need nothing beyond the C library.
packages="busybox-static libjson-c-dev libnl-3-dev libnl-genl-3-dev libmd-dev liburing-dev"

case $rig in
um) arch=amd64 ;;
s390x) arch=s390x ;;
*) die "unknown rig '$rig': use um or s390x" ;;
esac

# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
sysroot=$CACHE/sysroot-$arch-$(echo "$suite $packages" | sha256sum | cut -c 1-12)

fetch()
{
	apt_private "$suite" "$arch" apt-get update
	rm -rf "$sysroot.part"
	mkdir -p "$sysroot.part/deb"
	(
		cd "$sysroot.part/deb"
		# shellcheck disable=SC2086 # a list of words
		apt_private "$suite" "$arch" apt-get download $packages
	)
	for deb in "$sysroot.part"/deb/*.deb; do
		dpkg -x "$deb" "$sysroot.part"
	done
	rm -r "$sysroot.part/deb"
	mv "$sysroot.part" "$sysroot"
}

if [ ! -d "$sysroot" ]; then
	mkdir -p "$CACHE"
	exec 9>"$CACHE/lock-sysroot"
	flock 9
	[ -d "$sysroot" ] ||
		step "fetch libraries for $arch" "$BUILD/log/sysroot-$arch.log" fetch
fi
echo "$sysroot"
