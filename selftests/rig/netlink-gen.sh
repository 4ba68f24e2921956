#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# netlink-gen.sh [--check]: generates the code of the generic netlink family from
# Documentation/netlink/specs/zpcifd.yaml, with the generator in the newest
# kernel's sources. With --check, prints how the generated files in the
# repository differ from that, and fails if they do.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

check=
case ${1:-} in
'') ;;
--check) check=1 ;;
*) die "usage: netlink-gen.sh [--check]" ;;
esac

spec=Documentation/netlink/specs/zpcifd.yaml
source=$("$RIG/kernel.sh" s390x-7)/source
tmp=$(mktemp -d "${TMPDIR:-/tmp}/zpcifd-netlink.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# The generator looks for the specification's schema beside it, and for
# MAINTAINERS to learn what the kernel calls it
mkdir -p "$tmp/$(dirname "$spec")"
cp "$source/Documentation/netlink/genetlink.yaml" "$tmp/Documentation/netlink/"
cp "$TOP/$spec" "$tmp/$spec"
touch "$tmp/MAINTAINERS"

status=0

# generate <file> <arguments of the generator...>
generate()
{
	local file=$1
	shift
	mkdir -p "$tmp/$(dirname "$file")"
	/usr/bin/python3 -B "$source/tools/net/ynl/pyynl/ynl_gen_c.py" --spec "$tmp/$spec" "$@" \
		-o "$tmp/$file"
	if [ -z "$check" ]; then
		cp "$tmp/$file" "$TOP/$file"
	elif ! diff -u "$TOP/$file" "$tmp/$file"; then
		status=1
	fi
}

generate include/uapi/linux/zpcifd_netlink.h --mode uapi --header
generate drivers/zpcifd/netlink_gen.h --mode kernel --header
generate drivers/zpcifd/netlink_gen.c --mode kernel --source
[ "$status" = 0 ] || echo "not as generated from $spec: run selftests/rig/netlink-gen.sh"
exit "$status"
