#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh [-k] <target>: builds the modules against the target's kernel and the
# programs for its guest, everything under build/<target>:
#
#	module/		copy of the sources, and the modules where they are built
#	bin/ lib/	programs and libraries, static
#	selftests/	the selftests' programs
#	base.cpio	what a guest boots with
#
# Only what changed is built again. With -k, for work in progress, programs that
# do not build are named, and not there or old. tools/build.mk says how the programs'
# Makefiles are called.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

keep=
if [ "${1:-}" = -k ]; then
	keep=1
	shift
fi
use_target "${1:?usage: build.sh [-k] <target>, one of: $ALL_TARGETS}"
kernel=$("$RIG/kernel.sh" "$target")
sysroot=$("$RIG/sysroot.sh" "$rig")
log=$BUILD/log/build-$target.log

# Copies what is newer and removes what is gone, so that make sees true times
copy_sources()
{
	local file

	mkdir -p "$out/module"
	(cd "$TOP" && cp -pru Kbuild include drivers "$out/module/")
	(
		cd "$out/module"
		find include drivers -type f ! -name '.*' ! -name '*.mod.c' \
			\( -name '*.[chS]' -o -name Kbuild -o -name Makefile \)
	) | while read -r file; do
		[ -e "$TOP/$file" ] || rm "$out/module/$file"
	done
}

build_modules()
{
	# shellcheck disable=SC2046 # two words on purpose
	make -C "$kernel/source" O="$kernel" $(kernel_arch "$rig") -j"$JOBS" \
		M="$out/module" modules
}

# make_programs <directory> <arguments...>: calls one Makefile as tools/build.mk
# says
make_programs()
{
	make -C "$@" CC="${cross}gcc" AR="${cross}ar" STATIC=-static OUT="$out" \
		KHDR="$kernel-headers/usr" SYSROOT="$sysroot"
}

build_programs()
{
	local dir file programs examples=("$TOP"/tools/examples/*/Makefile)

	programs=$out/programs
	: >"$programs"
	for dir in "$TOP"/tools/libzpcifd "$TOP"/tools/zpcictl "${examples[@]%/Makefile}" \
		"$TOP"/selftests "$TOP"/selftests/bench "$TOP"/selftests/hotplug; do
		make_programs "$dir" -j"$JOBS" || [ -n "$keep" ]
		make_programs "$dir" -s --no-print-directory list >>"$programs"
	done
	# Or a program that is gone would still be run
	for file in "$out"/bin/* "$out"/selftests/*; do
		grep -qxF "$file" "$programs" || rm -f "$file"
	done
}

build()
{
	copy_sources
	build_modules
	build_programs
	"$RIG/initramfs.sh" "$target"
}

mkdir -p "$out"
exec 9>"$out/lock"
flock 9
step "build for $target" "$log" build
[ -z "$keep" ] || grep -E 'error:|\*\*\*' "$log" >&2 || true
