#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse.sh: builds sparse from the source package of Debian's suite forky
# unless the cache has it, and prints the program. Linux 7.x does not take the
# one of Debian 12: it does not know __typeof_unqual__.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

dir=$CACHE/sparse
# shellcheck disable=SC2034 # for apt_private
apt_kinds=deb-src

fetch_and_build()
{
	local arch

	arch=$(dpkg --print-architecture)
	apt_private forky "$arch" apt-get update
	rm -rf "$dir.part"
	mkdir -p "$dir.part"
	cd "$dir.part"
	apt_private forky "$arch" apt-get source --download-only sparse
	dpkg-source -x ./*.dsc source
	# Only the checker: the other programs need libraries
	make -C source -j"$JOBS" CC=gcc sparse
	mv source/sparse sparse
	rm -r source
	mv "$dir.part" "$dir"
}

if [ ! -x "$dir/sparse" ]; then
	mkdir -p "$CACHE"
	exec 9>"$CACHE/lock-sparse"
	flock 9
	[ -x "$dir/sparse" ] ||
		step "fetch and build sparse" "$BUILD/log/sparse.log" fetch_and_build
fi
echo "$dir/sparse"
