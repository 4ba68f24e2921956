// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-rng: random bytes from a zPCI function that no kernel driver has
 *
 * The function writes them by DMA and interrupts for each buffer; they go to
 * standard output as they are, what was done for them to standard error.
 *
 * A complete driver in less than 200 lines: this file. What it shares with
 * virtio-blk (../virtio, virtio over PCI) and libzpcifd (zPCI functions) knows
 * nothing of entropy.
 *
 * QEMU: -device virtio-rng-pci,iommu_platform=on,disable-legacy=on
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/virtio_ids.h>
#include "../virtio/virtio.h"

#define TIMEOUT_MS 10000
#define MAX_BUFFER_BYTES (64 * 1024)

/**
 * struct rng - An entropy device
 * @vf: Its function
 * @vq: Its only queue
 * @buffer: What it fills with random bytes
 */
struct rng {
	struct virtio_function vf;
	struct virtqueue vq;
	struct virtio_dma buffer;
};

static int rng_open(struct rng *rng, const char *name, uint32_t bytes, bool irq)
{
	int ret;

	ret = virtio_open(&rng->vf, name, VIRTIO_ID_RNG);
	if (!ret)
		ret = virtio_negotiate(&rng->vf, 0);
	if (!ret && irq)
		ret = virtio_use_irqs(&rng->vf);
	if (!ret)
		ret = virtqueue_setup(&rng->vq, &rng->vf, 0, VIRTQUEUE_MAX);
	if (!ret)
		ret = virtio_dma_alloc(&rng->vf, &rng->buffer, bytes);
	if (!ret)
		ret = virtio_driver_ok(&rng->vf);
	return ret;
}

/* The function is reset first: then it uses the memory no more */
static void rng_close(struct rng *rng)
{
	if (rng->vf.region[VIRTIO_PCI_CAP_COMMON_CFG].len)
		virtio_reset(&rng->vf);
	virtqueue_free(&rng->vq);
	virtio_dma_free(&rng->vf, &rng->buffer);
	virtio_close(&rng->vf);
}

/* Fills the start of the buffer: @max bytes, or less if the function likes */
static int rng_fill(struct rng *rng, uint32_t max, uint32_t *done)
{
	const struct virtio_buf buf = {
		.iova = rng->buffer.iova, .len = max, .writable = true,
	};
	void *cookie;
	int ret;

	/* The one buffer came back before: there is room */
	virtqueue_add(&rng->vq, &buf, 1, rng);
	ret = virtqueue_kick(&rng->vq);
	if (!ret)
		ret = virtqueue_wait(&rng->vq, TIMEOUT_MS, &cookie, done);
	if (!ret && !*done)
		ret = virtio_fail(&rng->vf, -EIO, "%s: a buffer came back empty",
				  zpcifd_name(rng->vf.zf));
	return ret;
}

/* Writes random bytes to @out, @max of a buffer at a time */
static int rng_copy(struct rng *rng, unsigned long long bytes, uint32_t max,
		    FILE *out)
{
	uint32_t done;
	int ret;

	for (; bytes; bytes -= done) {
		ret = rng_fill(rng, bytes < max ? bytes : max, &done);
		if (ret)
			return ret;
		if (fwrite(rng->buffer.addr, 1, done, out) != done)
			return virtio_fail(&rng->vf, -errno,
					   "standard output: %s", strerror(errno));
	}
	if (fflush(out))
		return virtio_fail(&rng->vf, -errno, "standard output: %s",
				   strerror(errno));
	return 0;
}

/* One buffer is in flight at a time, so each has exactly one interrupt */
static int check_irqs(struct rng *rng)
{
	const struct virtio_stats *stats = &rng->vf.stats;

	if (stats->interrupts == stats->chains && !stats->idle_interrupts)
		return 0;
	return virtio_fail(&rng->vf, -EPROTO,
			   "%s: %llu interrupts, %llu of them without a buffer, for %llu buffers",
			   zpcifd_name(rng->vf.zf), stats->interrupts,
			   stats->idle_interrupts, stats->chains);
}

static void print_help(FILE *to)
{
	fputs("usage: virtio-rng [-p] [-n BYTES] [-b BYTES] FUNCTION\n"
	      "Writes random bytes of FUNCTION, a virtio-rng function named zpci0, fid:0x1,\n"
	      "uid:0x1 or 0001:00:00.0, to standard output.\n"
	      "  -n BYTES  how many, 64 if nothing is said\n"
	      "  -b BYTES  how many in a buffer, 1 to 65536, 4096 if nothing is said\n"
	      "  -p        poll instead of waiting for interrupts\n"
	      "  -h        print this\n", to);
}

static bool parse_bytes(const char *text, unsigned long long max,
			unsigned long long *bytes)
{
	char *end;

	errno = 0;
	*bytes = strtoull(text, &end, 0);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *bytes &&
	    *bytes <= max)
		return true;
	fprintf(stderr, "virtio-rng: '%s': give a number of bytes, 1 to %llu\n",
		text, max);
	return false;
}

int main(int argc, char **argv)
{
	unsigned long long bytes = 64, buffer = 4096;
	static struct rng rng;
	bool irq = true;
	int opt, ret;

	while ((opt = getopt(argc, argv, "hpn:b:")) != -1) {
		switch (opt) {
		case 'h':
			print_help(stdout);
			return 0;
		case 'p':
			irq = false;
			break;
		case 'n':
			if (!parse_bytes(optarg, INT64_MAX, &bytes))
				return 2;
			break;
		case 'b':
			if (!parse_bytes(optarg, MAX_BUFFER_BYTES, &buffer))
				return 2;
			break;
		default:
			print_help(stderr);
			return 2;
		}
	}
	if (argc - optind != 1) {
		print_help(stderr);
		return 2;
	}

	ret = rng_open(&rng, argv[optind], buffer, irq);
	if (!ret)
		ret = rng_copy(&rng, bytes, buffer, stdout);
	if (!ret && irq)
		check_irqs(&rng);
	rng_close(&rng);
	if (rng.vf.why[0]) {
		fprintf(stderr, "virtio-rng: %s\n", rng.vf.why);
		return 1;
	}
	fprintf(stderr, "virtio-rng: %llu bytes, %llu buffers, %llu interrupts\n",
		rng.vf.stats.dma_written, rng.vf.stats.chains,
		rng.vf.stats.interrupts);
	return 0;
}
