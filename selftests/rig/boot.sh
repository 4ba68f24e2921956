#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh [options] <target> <job>: boots the target's kernel with what
# initramfs.sh packed, runs the shell script <job> in the guest and prints what
# it printed. The whole console is in build/log/<name>.log.
#
#	-t <seconds>	time limit for the guest, 120 by default
#	-d <image>	raw image of the disk that the PCI function reads; the guest
#			cannot change it. By default a file of random bytes.
#	-a <directory>	adds its files to the guest's root, in place of those of the
#			same name
#	-n <name>	name of the log, boot-<target> by default
#	-q		print nothing of the guest's output
#	-c		count instead of timing, s390x only: one CPU, whose clock advances
#			by 1 ns with every instruction, so that the guest's times are
#			numbers of instructions, whatever else this machine does
#
# An s390x guest has two PCI functions, blk and rng. Its job may have them pulled
# out and put back at run time, by a line of its output:
#
#	rig: unplug <function>	QEMU asks the guest for it, which may take its time
#	rig: plug <function>	with a disk that is the image again
#
# What QEMU's monitor said to that is in build/log/<name>.monitor.
#
# Exit code: the job's own, or
#	122	the kernel's log has a line that it must not have (see splats)
#	123	the guest ended without a verdict
#	124	the time limit was reached and the guest was stopped

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

usage="usage: boot.sh [-cq] [-t seconds] [-d image] [-a directory] [-n name] <target> <job>"
limit=120 disk='' add='' name='' quiet='' count=''
while getopts t:d:a:n:cq option; do
	case $option in
	t) limit=$OPTARG ;;
	d) disk=$OPTARG ;;
	a) add=$OPTARG ;;
	n) name=$OPTARG ;;
	q) quiet=1 ;;
	c) count=1 ;;
	*) die "$usage" ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 2 ] || die "$usage"
use_target "$1"
job=$2
log=$BUILD/log/${name:-boot-$target}.log
replies=${log%.log}.monitor
kernel=$("$RIG/kernel.sh" "$target")

# Lines that a kernel in good health does not print
splats='BUG:|WARNING:|KASAN|UBSAN|Oops|Kernel panic|Unable to handle'
splats+='|general protection|possible circular locking|possible recursive locking'
splats+='|inconsistent lock state|suspicious RCU usage|held lock freed|still has locks held'
splats+='|INFO: task .* blocked|INFO: rcu|soft lockup|unreferenced object'
splats+='|refcount_t:|sleeping function called|list_add corruption|list_del corruption'

if [ -z "$disk" ]; then
	disk=$BUILD/disk.img
	if [ ! -e "$disk" ]; then
		head -c 16M /dev/urandom >"$disk.$$"
		truncate -s 128M "$disk.$$"
		mv "$disk.$$" "$disk"
	fi
fi
[ -r "$disk" ] || die "cannot read the disk image $disk"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/zpcifd.XXXXXX")
guest=
# shellcheck disable=SC2317 # called by the trap
cleanup()
{
	if [ -n "$guest" ]; then
		kill -KILL -- "-$guest" 2>/dev/null || true
	fi
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mkdir -p "$tmp/add" "$BUILD/log"
[ -z "$add" ] || cp -r "$add/." "$tmp/add/"
cp "$job" "$tmp/add/job"
(
	cat "$out/base.cpio"
	cd "$tmp/add"
	find . | cpio --quiet -o -H newc -R 0:0
) >"$tmp/initramfs"

# The functions, each a virtio device and what makes it a zPCI function. Nothing
# in the drive's name needs a quote in QEMU's monitor.
drive="if=none,id=disk,file=${tmp//,/,,}/disk,format=raw,snapshot=on"
declare -A zpci=(
	[blk]="zpci,uid=0x10,fid=0x100,target=blk"
	[rng]="zpci,uid=0x11,fid=0x101,target=rng"
)
declare -A virtio=(
	[blk]="virtio-blk-pci,id=blk,drive=disk,iommu_platform=on,disable-legacy=on"
	[rng]="virtio-rng-pci,id=rng,iommu_platform=on,disable-legacy=on"
)

append="printk.time=1 printk.devkmsg=on panic=-1"
case $rig in
s390x)
	cpus=(-accel tcg -smp 2)
	[ -z "$count" ] ||
		cpus=(-accel "tcg,thread=single" -icount "shift=0,sleep=off,align=off" -smp 1)
	ln -s "$(realpath "$disk")" "$tmp/disk"
	mkfifo "$tmp/monitor.in"
	: >"$replies"
	ln -s "$replies" "$tmp/monitor.out"
	set -- qemu-system-s390x -M s390-ccw-virtio "${cpus[@]}" -cpu max -m 512 \
		-nographic -nodefaults -no-reboot -serial stdio \
		-chardev "pipe,id=monitor,path=${tmp//,/,,}/monitor" \
		-mon chardev=monitor,mode=control \
		-kernel "$kernel/arch/s390/boot/bzImage" -initrd "$tmp/initramfs" \
		-append "console=ttysclp0 $append" \
		-drive "$drive" \
		-device "${zpci[blk]}" -device "${virtio[blk]}" \
		-device "${zpci[rng]}" -device "${virtio[rng]}"
	;;
um)
	[ -z "$count" ] || die "$target cannot count instructions"
	# shellcheck disable=SC2086 # words
	set -- "$kernel/linux" mem=512M seccomp=on initrd="$tmp/initramfs" uml_dir="$tmp" con0=null,fd:1 \
		con=null $append
	;;
esac

# show: the job's own lines as they come, without the kernel's time stamps
show()
{
	if [ -n "$quiet" ]; then
		cat >/dev/null
	else
		sed -u -n -E -e 's/^\[ *[0-9]+\.[0-9]+\] //' \
			-e '/^rig: start$/,/^rig: verdict /{/^rig: (start|verdict .*)$/!p}'
	fi
}

# ask <command>: a command for QEMU's monitor as people type it
ask()
{
	local line=${1//\\/\\\\}

	printf '{"execute":"human-monitor-command","arguments":{"command-line":"%s"}}\n' \
		"${line//\"/\\\"}"
}

# monitor: does with the functions what the job asks for
monitor()
{
	local what function

	if [ "$rig" != s390x ]; then
		cat >/dev/null
		return
	fi
	# For reading too, or it would wait for a QEMU that does not start
	exec 5<>"$tmp/monitor.in"
	echo '{"execute":"qmp_capabilities"}' >&5
	sed -u -n -E 's/^\[ *[0-9]+\.[0-9]+\] rig: ((un)?plug (blk|rng))$/\1/p' |
		while read -r what function; do
			if [ "$what" = unplug ]; then
				ask "device_del $function"
				continue
			fi
			# A drive goes with its function
			[ "$function" != blk ] || ask "drive_add 0 \"$drive\""
			ask "device_add ${zpci[$function]}"
			ask "device_add ${virtio[$function]}"
		done >&5
}

mkfifo "$tmp/console"
sed -u 's/\r//g' <"$tmp/console" | tee "$log" >(monitor) | show &
printer=$!
# A process group of its own, so that nothing of it is left behind; it dies with
# this script, even if that is killed. KILL: told more kindly, user-mode Linux
# complains at length.
with_parent=(setpriv --pdeathsig KILL)
setsid "${with_parent[@]}" timeout -s KILL "$limit" "${with_parent[@]}" "$@" \
	</dev/null >"$tmp/console" 2>"$tmp/errors" &
guest=$!
start=$SECONDS
status=0
# The shell would tell that it was killed
{ wait "$guest" || status=$?; } 2>/dev/null
wait "$printer"
# What the emulator itself has to say would land in the middle of a line
cat "$tmp/errors" >>"$log"

verdict=$(sed -n -E 's/^.*rig: verdict ([0-9]+)$/\1/p' "$log" | tail -n 1)
if [ "$status" = 137 ] && [ $((SECONDS - start)) -ge "$limit" ]; then
	tail -n 15 "$log" >&2
	printf 'error: %s: stopped after %d s, the time limit; see %s\n' "$target" "$limit" "$log" >&2
	exit 124
fi
if grep -n -E "$splats" "$log" >&2; then
	printf 'error: %s: the kernel complained; see %s\n' "$target" "$log" >&2
	exit 122
fi
if [ -z "$verdict" ]; then
	tail -n 15 "$log" >&2
	printf 'error: %s: the guest ended without a verdict; see %s\n' "$target" "$log" >&2
	exit 123
fi
exit "$verdict"
