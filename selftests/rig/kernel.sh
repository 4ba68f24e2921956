#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh <target>: builds the target's kernel unless the cache has it, and
# prints its build directory. The source tree is <build directory>/source, the
# headers for user programs are <build directory>-headers/usr/include.
#
# Linux 6.12 comes from the system's own suites; "7" is the newest 7.x of
# Debian's suite forky, asked for with a private apt configuration.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

use_target "${1:?usage: kernel.sh <target>, one of: $ALL_TARGETS}"
logs=$BUILD/log

apt_for_series()
{
	if [ "$series" = 6.12 ]; then
		"$@"
	else
		apt_private forky "$(dpkg --print-architecture)" "$@"
	fi
}

# The newest unpacked tree of the series, if there is one
unpacked()
{
	find "$CACHE/src" -maxdepth 1 -name "linux-source-$series*" ! -name '*.part' \
		2>/dev/null | sort -V | tail -n 1
}

fetch_source()
{
	local package part

	if [ "$series" = 6.12 ]; then
		apt_lists
	else
		apt_for_series apt-get update
	fi
	package=$(apt_for_series apt-cache search --names-only "^linux-source-${series}[0-9.]*\$" |
		awk '{ print $1 }' | sort -V | tail -n 1)
	[ -n "$package" ] || die "apt offers no linux-source-$series"
	part=$CACHE/src/$package.part
	rm -rf "$part"
	mkdir -p "$part"
	(
		cd "$part"
		apt_for_series apt-get -o APT::Sandbox::User=root download "$package"
		dpkg -x ./*.deb deb
		rm ./*.deb
		tar --strip-components=1 -xf deb/usr/src/"$package".tar.xz
		rm -r deb
	)
	mv "$part" "$CACHE/src/$package"
}

configure()
{
	local src=$1 out=$2 config=$RIG/config/$rig.config defconfig line name

	case $rig in
	s390x) defconfig=zfcpdump_defconfig ;;
	um) defconfig=x86_64_defconfig ;;
	esac
	# shellcheck disable=SC2046 # two words on purpose
	set -- make -C "$src" O="$out" $(kernel_arch "$rig")
	"$@" "$defconfig"
	"$src/scripts/kconfig/merge_config.sh" -m -O "$out" "$out/.config" "$config"
	"$@" olddefconfig
	# Kconfig drops what it cannot satisfy without a word: say so instead
	while read -r line; do
		name=${line%%=*}
		case $line in
		CONFIG_*=*)
			grep -qxF "$line" "$out/.config" ||
				die "$config asks for $line, the kernel has '$(grep -w "$name" "$out/.config")'"
			;;
		esac
	done <"$config"
}

compile()
{
	local src=$1 out=$2

	# shellcheck disable=SC2046
	set -- make -C "$src" O="$out" $(kernel_arch "$rig") -j"$JOBS"
	case $rig in
	s390x) "$@" bzImage modules ;;
	um) "$@" linux modules ;;
	esac
}

# A tree of their own: in the kernel's they would replace um's generated files
headers()
{
	# shellcheck disable=SC2046
	make -C "$1" O="$2" $(kernel_arch "$rig") -j"$JOBS" headers
}

# kernel_dir <source>: the cached build directory of the target
kernel_dir()
{
	echo "$CACHE/kernel/$rig-$(make -s -C "$1" kernelversion)-$(
		sha256sum <"$RIG/config/$rig.config" | cut -c 1-12)"
}

mkdir -p "$CACHE/src" "$CACHE/kernel" "$logs"

# Without the lock first: a finished kernel need not wait for another's build
src=$(unpacked)
if [ -n "$src" ]; then
	out=$(kernel_dir "$src")
	if [ -e "$out/done" ] && [ -e "$out-headers/done" ]; then
		echo "$out"
		exit
	fi
fi

# One build at a time for a cache, or two callers would build the same thing
exec 9>"$CACHE/lock"
flock 9

src=$(unpacked)
if [ -z "$src" ]; then
	step "fetch and unpack Linux $series" "$logs/source-$series.log" fetch_source
	src=$(unpacked)
fi

version=$(make -s -C "$src" kernelversion)
out=$(kernel_dir "$src")

if [ ! -e "$out/done" ]; then
	rm -rf "$out"
	mkdir -p "$out"
	step "configure Linux $version for $rig" "$logs/config-$target.log" configure "$src" "$out"
	step "build Linux $version for $rig, 4 to 8 minutes on 2 cores" \
		"$logs/kernel-$target.log" compile "$src" "$out"
	touch "$out/done"
fi
if [ ! -e "$out-headers/done" ]; then
	step "headers of Linux $version for $rig" "$logs/headers-$target.log" \
		headers "$src" "$out-headers"
	touch "$out-headers/done"
fi
echo "$out"
