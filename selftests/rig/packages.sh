#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# packages.sh <need...>: installs the Debian packages that are missing for
#
#	s390x	kernels, modules, programs and guests of s390x
#	um	the same of user-mode Linux
#	lint	the checks of lint.sh
#	docs	HTML from Documentation/
#	bench	the table and the drawing of bench.sh

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

# What a kernel build and an initramfs take
kernel="build-essential bc bison flex libelf-dev libssl-dev cpio kmod xz-utils python3"

packages=
for need; do
	case $need in
	s390x) packages+=" $kernel gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-system-misc" ;;
	um) packages+=" $kernel" ;;
	lint) packages+=" sparse shellcheck perl python3 python3-yaml python3-jsonschema git" ;;
	docs) packages+=" $kernel python3-sphinx" ;;
	bench) packages+=" jq gnuplot-nox" ;;
	*) die "packages.sh: unknown need '$need': use s390x, um, lint, docs or bench" ;;
	esac
done

command -v apt-get dpkg-query >/dev/null || die "the rig needs Debian: there is no apt-get"

# shellcheck disable=SC2086,SC2016 # a list of words; dpkg-query expands the format
missing=$({ dpkg-query -W -f '${Package} ${Status}\n' $packages 2>/dev/null || true; } |
	sed -n 's/ install ok installed$//p' |
	sort - <(printf '%s\n' $packages | sort -u) | uniq -u)

install()
{
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086
	apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing
}

install_all()
{
	apt_lists
	# Lists that are too old name packages that the mirror no longer has
	install || { apt-get update && install; }
}

if [ -n "$missing" ]; then
	# shellcheck disable=SC2086
	set -- $missing
	[ "$(id -u)" = 0 ] || die "packages are missing; as root: apt-get install $*"
	step "install $*" "$BUILD/log/packages.log" install_all
fi
