// SPDX-License-Identifier: GPL-2.0
/*
 * What the ring is compared with: system calls that do nothing, vfio-pci's
 * regions and s390's MMIO system calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define OPS 4096ul

void bench_syscalls(void)
{
	static const unsigned int batches[] = { 1, 16, 256 };
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	uint64_t start;
	unsigned long i;
	unsigned int b, k, head, seen;

	start = bench_now();
	for (i = 0; i < OPS; i++)
		syscall(SYS_getppid);
	bench_report("getppid", 1, bench_now() - start, OPS);

	errno = -io_uring_queue_init_params(256, &ring, &params);
	if (errno)
		bench_die("io_uring");
	for (b = 0; b < 3; b++) {
		unsigned long ops = OPS / batches[b] * batches[b];

		start = bench_now();
		for (i = 0; i < ops; i += batches[b]) {
			for (k = 0; k < batches[b]; k++)
				io_uring_prep_nop(io_uring_get_sqe(&ring));
			io_uring_submit_and_wait(&ring, batches[b]);
			seen = 0;
			io_uring_for_each_cqe(&ring, head, cqe)
				seen++;
			if (seen != batches[b])
				bench_die("io_uring completions are missing");
			io_uring_cq_advance(&ring, seen);
		}
		bench_report("uring-nop", batches[b], bench_now() - start, ops);
	}
	io_uring_queue_exit(&ring);
}

static int vfio_open(const char *pci)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	char path[256];
	int i, fd;

	/* A character device for each function; the benchmark has one */
	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path),
			 "/sys/bus/pci/devices/%s/vfio-dev/vfio%d", pci, i);
		if (!access(path, F_OK))
			break;
	}
	snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%d", i);
	fd = open(path, O_RDWR);
	if (fd < 0)
		bench_die(path);
	bind.iommufd = open("/dev/iommu", O_RDWR);
	if (bind.iommufd < 0 || ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		bench_die("bind to vfio");
	return fd;
}

void bench_vfio(const char *pci)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = BENCH_BAR };
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	static char buf[4096];
	uint16_t command;
	uint64_t start;
	unsigned long i;
	int fd = vfio_open(pci);

	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &config))
		bench_die("vfio region");
	/* Config space is little-endian */
	command = __builtin_bswap16(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (pwrite(fd, &command, 2, config.offset + PCI_COMMAND) != 2)
		bench_die("enable memory");

	start = bench_now();
	for (i = 0; i < OPS; i++)
		if (pread(fd, buf, 4, bar.offset) != 4)
			bench_die("vfio pread");
	bench_report("vfio-load4", 1, bench_now() - start, OPS);

	start = bench_now();
	for (i = 0; i < OPS / 8; i++)
		if (pwrite(fd, buf, 128, bar.offset + BENCH_STORE_OFFSET) != 128)
			bench_die("vfio pwrite");
	bench_report("vfio-block128", 1, bench_now() - start, OPS / 8);

	start = bench_now();
	for (i = 0; i < OPS / 64; i++)
		if (pwrite(fd, buf, 4096, bar.offset + BENCH_STORE_OFFSET) != 4096)
			bench_die("vfio pwrite");
	bench_report("vfio-block4096", 1, bench_now() - start, OPS / 64);
	close(fd);
}

void bench_mmio(const char *pci)
{
	static char buf[128];
	char path[256];
	uint64_t start;
	unsigned long i;
	char *bar;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", pci);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		bench_die(path);
	close(fd);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d", pci, BENCH_BAR);
	fd = open(path, O_RDWR);
	if (fd < 0)
		bench_die(path);
	bar = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar == MAP_FAILED)
		bench_die("map the BAR");

#ifdef SYS_s390_pci_mmio_read
	start = bench_now();
	for (i = 0; i < OPS; i++)
		if (syscall(SYS_s390_pci_mmio_read, bar, buf, 4))
			bench_die("s390_pci_mmio_read");
	bench_report("mmio-load4", 1, bench_now() - start, OPS);

	start = bench_now();
	for (i = 0; i < OPS; i++)
		if (syscall(SYS_s390_pci_mmio_write, bar + BENCH_STORE_OFFSET, buf, 128))
			bench_die("s390_pci_mmio_write");
	bench_report("mmio-block128", 1, bench_now() - start, OPS);
#else
	(void)start, (void)i, (void)buf;
	errno = EOPNOTSUPP;
	bench_die("s390_pci_mmio_read");
#endif
}
