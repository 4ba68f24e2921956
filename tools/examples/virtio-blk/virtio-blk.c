// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-blk: read and write a disk through a zPCI function that no kernel
 * driver has
 *
 * Reads the start of the disk by DMA and prints its SHA-256, then in numbers
 * what was done for it, then "demo: PASS" or "demo: FAIL <why>". With --write it
 * writes a pattern first and compares what it reads with it. The exit code is 0,
 * 1 for FAIL, or 2 for options that are not understood.
 *
 * The function has to be zpcifd's ("zpctl bind" gives it), and needs virtio 1.x
 * behind an IOMMU: -device virtio-blk-pci,iommu_platform=on,disable-legacy=on in
 * QEMU. What is general to virtio functions is in ../virtio.
 */
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <linux/virtio_blk.h>
#include <sha2.h>
#include "disk.h"

/**
 * struct options - What to do
 * @name: The function
 * @bytes: How much to read
 * @write: Write it before
 * @disk: How the disk is used
 */
struct options {
	const char *name;
	uint64_t bytes;
	bool write;
	struct disk_options disk;
};

/*
 * Word @n of the pattern. Every word of a pattern is another one, as each step is
 * reversible, so that no block can be taken for another; and every run has a
 * @seed of its own, so that the pattern is none that was on the disk before.
 */
static uint64_t pattern_word(uint64_t seed, uint64_t n)
{
	uint64_t x = seed + n * 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return htole64(x ^ x >> 31);
}

static int write_pattern(struct disk *disk, uint64_t seed, uint64_t bytes)
{
	uint64_t *data = disk->data.addr;
	uint64_t pos, done;
	int ret;

	for (pos = 0; pos < bytes; pos += done) {
		uint64_t len = bytes - pos < disk->data.len ? bytes - pos :
							      disk->data.len;

		for (uint64_t i = 0; i < len / 8; i++)
			data[i] = pattern_word(seed, pos / 8 + i);
		ret = disk_write(disk, pos / SECTOR, len, &done);
		if (ret)
			return ret;
	}
	return disk_flush(disk);
}

static int compare(struct disk *disk, uint64_t seed, uint64_t pos, uint64_t len)
{
	const uint64_t *data = disk->data.addr;

	for (uint64_t i = 0; i < len / 8; i++) {
		if (data[i] == pattern_word(seed, pos / 8 + i))
			continue;
		return virtio_fail(&disk->vf, -EIO,
				   "%s: byte %llu of the disk is not what was written",
				   zpcifd_name(disk->vf.zf),
				   (unsigned long long)(pos + 8 * i));
	}
	return 0;
}

/* Hashes the first @bytes of the disk, and compares them if they were written */
static int hash_disk(struct disk *disk, uint64_t bytes, const uint64_t *seed,
		     char hex[SHA256_DIGEST_STRING_LENGTH])
{
	uint64_t pos = 0, done, end;
	SHA2_CTX ctx;
	int ret;

	end = (bytes + SECTOR - 1) / SECTOR * SECTOR;
	SHA256Init(&ctx);
	while (pos < end) {
		/* What is read must not be what was there before */
		memset(disk->data.addr, 0, disk->data.len);
		ret = disk_read(disk, pos / SECTOR, end - pos, &done);
		if (!ret && seed)
			ret = compare(disk, *seed, pos, done);
		if (ret)
			return ret;
		SHA256Update(&ctx, disk->data.addr,
			     done < bytes - pos ? done : bytes - pos);
		pos += done;
	}
	SHA256End(&ctx, hex);
	return 0;
}

static void print_time(struct disk *disk, const char *what, uint64_t bytes)
{
	printf("demo: %s %llu bytes in %llu ms by %s, %u requests of %u bytes in flight\n",
	       what, (unsigned long long)bytes, disk->ns / 1000000,
	       disk->options.irq ? "interrupts" : "polling",
	       disk->options.depth, disk->options.request_bytes);
	disk->ns = 0;
}

static int write_disk(struct disk *disk, uint64_t seed, uint64_t bytes)
{
	struct virtio_function *vf = &disk->vf;
	int ret;

	if (vf->features & 1ULL << VIRTIO_BLK_F_RO)
		return virtio_fail(vf, -EROFS, "%s: the disk is read-only",
				   zpcifd_name(vf->zf));
	if (bytes > disk->sectors * SECTOR)
		return virtio_fail(vf, -ENOSPC,
				   "%s: the disk has %llu bytes: write less",
				   zpcifd_name(vf->zf),
				   (unsigned long long)disk->sectors * SECTOR);
	ret = write_pattern(disk, seed, bytes);
	if (!ret)
		print_time(disk, "wrote", bytes);
	return ret;
}

/*
 * A function with one request in flight interrupts exactly once for each of
 * them, and never more often than it has used buffers
 */
static int check_irqs(struct disk *disk)
{
	const struct virtio_stats *stats = &disk->vf.stats;
	bool one = disk->options.depth == 1;

	if (!disk->options.irq ||
	    (one && stats->interrupts == stats->chains && !stats->idle_interrupts) ||
	    (!one && stats->interrupts && stats->interrupts <= stats->chains))
		return 0;
	return virtio_fail(&disk->vf, -EPROTO,
			   "%s: %llu interrupts, %llu of them without a buffer, for %llu buffers, %u in flight",
			   zpcifd_name(disk->vf.zf), stats->interrupts,
			   stats->idle_interrupts, stats->chains,
			   disk->options.depth);
}

static int use_disk(struct disk *disk, const struct options *options)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	uint64_t bytes = options->bytes;
	uint64_t seed = 0;
	int ret;

	ret = disk_open(disk, options->name, &options->disk);
	if (!ret && options->write &&
	    getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		ret = virtio_fail(&disk->vf, -EIO, "no random number");
	if (!ret && options->write)
		ret = write_disk(disk, seed, bytes);
	if (ret)
		return ret;

	if (bytes > disk->sectors * SECTOR)
		bytes = disk->sectors * SECTOR;
	ret = hash_disk(disk, bytes, options->write ? &seed : NULL, hex);
	if (!ret)
		ret = check_irqs(disk);
	if (ret)
		return ret;
	print_time(disk, "read", bytes);
	printf("demo: sha256 %s %llu\n", hex, (unsigned long long)bytes);
	return 0;
}

static void print_stats(const struct virtio_stats *stats)
{
	printf("demo: instructions pcilg=%llu pcistg=%llu pcistb=%llu\n",
	       stats->pcilg, stats->pcistg, stats->pcistb);
	printf("demo: batches %llu\n", stats->batches);
	printf("demo: dma bytes written=%llu read=%llu\n", stats->dma_written,
	       stats->dma_read);
	printf("demo: queue requests=%llu descriptors=%llu\n", stats->chains,
	       stats->descriptors);
	printf("demo: interrupts queue=%llu idle=%llu config=%llu\n",
	       stats->interrupts, stats->idle_interrupts,
	       stats->config_interrupts);
}

static void print_help(FILE *to)
{
	fputs("usage: virtio-blk [OPTION]... FUNCTION\n"
	      "Reads the first bytes of the disk behind FUNCTION, a virtio-blk function named\n"
	      "zpci0, fid:0x1, uid:0x1 or 0001:00:00.0, by DMA and prints their SHA-256 and how\n"
	      "it was done.\n"
	      "  -n, --bytes SIZE    how much to read, 1M if nothing is said\n"
	      "  -w, --write SIZE    write so much first, a pattern, then read and compare it;\n"
	      "                      what the disk had there is lost\n"
	      "  -i, --irq           wait for interrupts instead of polling\n"
	      "  -d, --depth N       requests in flight, 1 to 64, 16 if nothing is said\n"
	      "  -r, --request SIZE  bytes of one request, 512 to 1M, 64K if nothing is said\n"
	      "  -h, --help          print this\n"
	      "SIZE is a number of bytes, or of KiB with K, MiB with M, GiB with G after it.\n",
	      to);
}

static bool parse_size(const char *text, uint64_t *size)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	const char *unit;
	char *end;

	errno = 0;
	*size = strtoull(text, &end, 0);
	if (*end) {
		unit = strchr(units, *end++);
		if (!unit)
			return false;
		shift = 10 * (unit - units + 1);
	}
	if (*text < '0' || *text > '9' || *end || errno ||
	    !*size || *size > UINT64_MAX >> shift)
		return false;
	*size <<= shift;
	return true;
}

/* Whole sectors, up to @max */
static bool parse_sectors(const char *text, uint64_t max, uint64_t *size)
{
	return parse_size(text, size) && *size % SECTOR == 0 && *size <= max;
}

static bool parse_option(struct options *options, int opt)
{
	uint64_t size;

	switch (opt) {
	case 'n':
		return !options->write && parse_size(optarg, &options->bytes);
	case 'w':
		options->write = true;
		return parse_sectors(optarg, INT64_MAX, &options->bytes);
	case 'i':
		options->disk.irq = true;
		return true;
	case 'd':
		if (!parse_size(optarg, &size) || size > MAX_DEPTH)
			return false;
		options->disk.depth = size;
		return true;
	case 'r':
		if (!parse_sectors(optarg, MAX_REQUEST_BYTES, &size))
			return false;
		options->disk.request_bytes = size;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "bytes", required_argument, NULL, 'n' },
		{ "write", required_argument, NULL, 'w' },
		{ "irq", no_argument, NULL, 'i' },
		{ "depth", required_argument, NULL, 'd' },
		{ "request", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct options options = {
		.bytes = 1024 * 1024,
		.disk = { .depth = 16, .request_bytes = 64 * 1024 },
	};
	static struct disk disk;
	int opt;

	while ((opt = getopt_long(argc, argv, "hn:w:id:r:", long_options,
				  NULL)) != -1) {
		if (opt == 'h') {
			print_help(stdout);
			return 0;
		}
		if (!parse_option(&options, opt)) {
			if (opt != '?')
				fprintf(stderr, "virtio-blk: option -%c does not take '%s' here\n",
					opt, optarg);
			print_help(stderr);
			return 2;
		}
	}
	if (argc - optind != 1) {
		print_help(stderr);
		return 2;
	}
	options.name = argv[optind];

	use_disk(&disk, &options);
	disk_close(&disk);
	print_stats(&disk.vf.stats);
	if (disk.vf.why[0]) {
		printf("demo: FAIL %s\n", disk.vf.why);
		return 1;
	}
	puts("demo: PASS");
	return 0;
}
