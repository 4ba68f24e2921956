# SPDX-License-Identifier: GPL-2.0
# Tests of the examples on the functions of an s390x guest, for check-job.sh
# (busybox sh, after guest.sh and with check-job.sh's suite and try).
# shellcheck shell=dash

# The digest of what write_disk wrote
written=

# passed <program with arguments...>: the program says that it passed
passed()
{
	local status

	"$@" >/tmp/example
	status=$?
	cat /tmp/example
	[ "$status" = 0 ] && [ "$(tail -n 1 /tmp/example)" = "demo: PASS" ]
}

write_disk()
{
	written=
	passed virtio-blk --write 64M "$@" || return
	written=$(sed -n 's/^demo: sha256 \([0-9a-f]*\) 67108864$/\1/p' /tmp/example)
	[ -n "$written" ]
}

kernel_reads_written()
{
	[ -n "$written" ] &&
		[ "$(dd if=/dev/vda bs=64k count=1024 2>/dev/null | sha256sum)" = "$written  -" ]
}

# One interrupt for each of 10,000 reads
read_one_by_one()
{
	passed virtio-blk --irq --depth 1 --request 512 --bytes 5000K "$1" &&
		grep -qx 'demo: interrupts queue=10000 idle=0 config=0' /tmp/example
}

# Random bytes do not get shorter
random_bytes()
{
	virtio-rng -n 100000 "$@" >/tmp/random || return
	[ "$(wc -c </tmp/random)" = 100000 ] && [ "$(gzip -c /tmp/random | wc -c)" -gt 99000 ]
}

# give_back <function>: the kernel's driver has it again, and its disk
give_back()
{
	set_driver "$1" '' && sleep 1
}

# examples <virtio-blk function> <virtio-rng function>
examples()
{
	local mode

	for mode in --irq ''; do
		suite example try "zpcifd takes the disk" set_driver "$1" zpcifd
		suite example try "64 MiB are written and read back ${mode:---poll}" \
			write_disk ${mode:+"$mode"} "$1"
		suite example try "the kernel's driver takes the disk again" give_back "$1"
		suite example try "the kernel's driver reads what was written" kernel_reads_written
	done
	suite example try "zpcifd takes the disk" set_driver "$1" zpcifd
	suite example try "each read has its interrupt" read_one_by_one "$1"
	suite example try "the kernel's driver takes the disk again" give_back "$1"
	suite example try "zpcifd takes the entropy device" set_driver "$2" zpcifd
	suite example try "random bytes come by interrupts" random_bytes "$2"
	suite example try "random bytes come by polling" random_bytes -p "$2"
	suite example try "the kernel's driver takes the entropy device again" give_back "$2"
}
