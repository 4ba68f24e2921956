# SPDX-License-Identifier: GPL-2.0
# Shared by the rig's scripts: where things are, how progress is shown, and
# how apt is asked for packages of another suite or architecture.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for the scripts that read this

set -euo pipefail

RIG=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$RIG/../.." && pwd)
BUILD=$TOP/build
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/zpcifd
JOBS=$(nproc)

# A target is <rig>-<version>: which machine, and which kernel it runs. The one
# whose tests take longest is first, as kernels are built one after the other.
ALL_TARGETS="s390x-7 s390x-6.12 um-7"

say()
{
	printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2
}

die()
{
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# step <what> <log> <command...>: one line when it starts, one when it ends;
# the command's own output goes to the log and is shown only if it fails.
# On a terminal a running step shows its time and the log's last line.
step()
{
	local what=$1 log=$2 start=$SECONDS pid last
	shift 2
	mkdir -p "$(dirname "$log")"
	say "$what ..."
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	if [ -t 2 ]; then
		while kill -0 "$pid" 2>/dev/null; do
			last=$(tail -c 300 "$log" | tail -n 1 | cut -c 1-60)
			printf '\r\033[K  %4d s  %s' $((SECONDS - start)) "$last" >&2
			sleep 1
		done
		printf '\r\033[K' >&2
	fi
	if ! wait "$pid"; then
		tail -n 30 "$log" >&2
		die "$what failed after $((SECONDS - start)) s; the whole log is $log"
	fi
	say "$what: done in $((SECONDS - start)) s"
}

# use_target <target>: sets target, rig, series, out (its build directory) and
# cross (the prefix of its compiler)
use_target()
{
	case " $ALL_TARGETS " in
	*" $1 "*) ;;
	*) die "unknown target '$1': use one of $ALL_TARGETS" ;;
	esac
	target=$1
	rig=${target%-*}
	series=${target#*-}
	out=$BUILD/$target
	cross=
	if [ "$rig" = s390x ]; then
		cross=s390x-linux-gnu-
	elif [ "$(uname -m)" != x86_64 ]; then
		die "user-mode Linux needs an x86_64 host, this one is $(uname -m)"
	fi
}

# kernel_arch <rig>: how the kernel's makefiles name the rig
kernel_arch()
{
	case $1 in
	s390x) echo "ARCH=s390 CROSS_COMPILE=s390x-linux-gnu-" ;;
	um) echo "ARCH=um" ;;
	*) die "unknown rig '$1': use s390x or um" ;;
	esac
}

# apt_lists: fetches apt's lists if the system has none
apt_lists()
{
	# shellcheck disable=SC2016 # apt expands it
	if ! apt-get indextargets --format '$(CREATED_BY)' | grep -q Packages; then
		[ "$(id -u)" = 0 ] || die "apt has no lists; as root: apt-get update"
		apt-get update >&2
	fi
}

mirror()
{
	apt_lists
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(SITE)' |
		grep -m 1 '/debian/*$' ||
		die "apt knows no Debian mirror: add one to its sources"
}

# What apt_private fetches lists of: "deb", "deb-src" or both
apt_kinds=deb

# apt_private <suite> <architecture> <command...>: runs an apt command with a
# suite or an architecture that the system's own sources do not have, leaving
# those alone
apt_private()
{
	local suite=$1 arch=$2 dir=$CACHE/apt/$1-$2 site kind

	shift 2
	site=$(mirror)
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	for kind in $apt_kinds; do
		echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main"
	done >"$dir/sources.list"
	: >"$dir/status"
	# Debian's _apt user cannot write into a home directory
	cat >"$dir/apt.conf" <<-CONF
	APT::Architecture "$arch";
	APT::Architectures { "$arch"; };
	APT::Sandbox::User "root";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "-";
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir/cache";
	CONF
	APT_CONFIG=$dir/apt.conf "$@"
}
