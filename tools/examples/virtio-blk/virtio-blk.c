// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-blk: read a disk through a zPCI function that no kernel driver has
 *
 * Reads the start of the disk by DMA and prints its SHA-256, then in numbers
 * what was done for it, then "demo: PASS" or "demo: FAIL <why>". The exit code
 * is 0, 1 for FAIL, or 2 for options that are not understood.
 *
 * The function has to be zpcifd's ("zpctl bind" gives it), and needs virtio 1.x
 * behind an IOMMU: -device virtio-blk-pci,iommu_platform=on,disable-legacy=on in
 * QEMU. What is general to virtio functions is in ../virtio.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <sha2.h>
#include "../virtio/virtio.h"

#define DEFAULT_BYTES (1024 * 1024)
#define SECTOR 512
#define NR_REQUESTS 16
#define REQUEST_BYTES (64 * 1024)
#define TIMEOUT_MS 10000

/* What the function reads and writes beside the data */
struct request {
	struct virtio_blk_outhdr hdr;
	uint8_t status;
};

/**
 * struct disk - A block device
 * @vf: Its function
 * @vq: Its only queue
 * @control: Memory of @request
 * @data: Memory of REQUEST_BYTES for each request
 * @request: NR_REQUESTS of them
 * @len: Bytes that each request reads
 * @sectors: Its length
 * @max_len: Longest piece of memory that it takes
 */
struct disk {
	struct virtio_function vf;
	struct virtqueue vq;
	struct virtio_dma control;
	struct virtio_dma data;
	struct request *request;
	uint32_t len[NR_REQUESTS];
	uint64_t sectors;
	uint32_t max_len;
};

static int disk_open(struct disk *disk, const char *name)
{
	struct virtio_blk_config config = { 0 };
	struct virtio_function *vf = &disk->vf;
	bool has_max;
	int ret;

	ret = virtio_open(vf, name, VIRTIO_ID_BLOCK);
	if (!ret)
		ret = virtio_negotiate(vf, 1ULL << VIRTIO_BLK_F_SIZE_MAX);
	if (ret)
		return ret;

	has_max = vf->features & 1ULL << VIRTIO_BLK_F_SIZE_MAX;
	ret = virtio_read_config(vf, 0, &config, has_max ?
				 offsetof(struct virtio_blk_config, seg_max) :
				 offsetof(struct virtio_blk_config, size_max));
	if (ret)
		return ret;
	disk->sectors = le64toh(config.capacity);
	disk->max_len = REQUEST_BYTES;
	if (has_max && le32toh(config.size_max) < REQUEST_BYTES)
		disk->max_len = le32toh(config.size_max) / SECTOR * SECTOR;
	if (!disk->sectors || !disk->max_len)
		return virtio_fail(vf, -EIO,
				   "%s: the disk has %llu sectors, in pieces of %u bytes: nothing to read",
				   zpcifd_name(vf->zf), (unsigned long long)disk->sectors,
				   disk->max_len);

	ret = virtqueue_setup(&disk->vq, vf, 0, VIRTQUEUE_MAX);
	if (!ret)
		ret = virtio_dma_alloc(vf, &disk->control,
				       NR_REQUESTS * sizeof(struct request));
	if (!ret)
		ret = virtio_dma_alloc(vf, &disk->data,
				       NR_REQUESTS * REQUEST_BYTES);
	if (ret)
		return ret;
	disk->request = disk->control.addr;
	return virtio_driver_ok(vf);
}

/* The function is reset first: then it uses the memory no more */
static void disk_close(struct disk *disk)
{
	if (disk->vf.region[VIRTIO_PCI_CAP_COMMON_CFG].len)
		virtio_reset(&disk->vf);
	virtqueue_free(&disk->vq);
	virtio_dma_free(&disk->vf, &disk->data);
	virtio_dma_free(&disk->vf, &disk->control);
	virtio_close(&disk->vf);
}

static int complete(struct disk *disk)
{
	struct request *req;
	uint32_t written;
	void *cookie;
	int ret;

	ret = virtqueue_wait(&disk->vq, TIMEOUT_MS, &cookie, &written);
	if (ret)
		return ret;
	req = cookie;
	if (req->status != VIRTIO_BLK_S_OK ||
	    written != disk->len[req - disk->request] + sizeof(req->status))
		return virtio_fail(&disk->vf, -EIO,
				   "%s: read of %u bytes at sector %llu: status %u, %u bytes written",
				   zpcifd_name(disk->vf.zf),
				   disk->len[req - disk->request],
				   (unsigned long long)le64toh(req->hdr.sector),
				   req->status, written);
	return 0;
}

/*
 * Reads up to @max bytes from @sector on to the start of disk->data: as much as
 * the queue holds at once, with one notification. @done is how much that was.
 */
static int disk_read(struct disk *disk, uint64_t sector, uint64_t max,
		     uint64_t *done)
{
	unsigned int num = 0;
	uint64_t pos = 0;
	int ret;

	*done = 0;
	while (num < NR_REQUESTS && pos < max) {
		struct request *req = &disk->request[num];
		uint64_t req_iova = disk->control.iova + num * sizeof(*req);
		uint32_t len = max - pos < disk->max_len ? max - pos :
							   disk->max_len;
		const struct virtio_buf buf[] = {
			{ .iova = req_iova, .len = sizeof(req->hdr) },
			{ .iova = disk->data.iova + pos, .len = len,
			  .writable = true },
			{ .iova = req_iova + offsetof(struct request, status),
			  .len = sizeof(req->status), .writable = true },
		};

		req->hdr.type = htole32(VIRTIO_BLK_T_IN);
		req->hdr.ioprio = 0;
		req->hdr.sector = htole64(sector + pos / SECTOR);
		req->status = 0xff;
		disk->len[num] = len;
		if (virtqueue_add(&disk->vq, buf, 3, req))
			break;
		num++;
		pos += len;
	}
	if (!num)
		return virtio_fail(&disk->vf, -ENOSPC,
				   "%s: a queue of %u descriptors holds no request",
				   zpcifd_name(disk->vf.zf), disk->vq.size);

	ret = virtqueue_kick(&disk->vq);
	for (unsigned int i = 0; i < num && !ret; i++)
		ret = complete(disk);
	*done = pos;
	return ret;
}

/* Hashes the first @bytes of the disk, which is at least that long */
static int hash_disk(struct disk *disk, uint64_t bytes,
		     char hex[SHA256_DIGEST_STRING_LENGTH])
{
	uint64_t pos = 0, done, end;
	SHA2_CTX ctx;
	int ret;

	end = (bytes + SECTOR - 1) / SECTOR * SECTOR;
	SHA256Init(&ctx);
	while (pos < end) {
		ret = disk_read(disk, pos / SECTOR, end - pos, &done);
		if (ret)
			return ret;
		SHA256Update(&ctx, disk->data.addr,
			     done < bytes - pos ? done : bytes - pos);
		pos += done;
	}
	SHA256End(&ctx, hex);
	return 0;
}

static int read_disk(struct disk *disk, const char *name, uint64_t bytes)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	int ret;

	ret = disk_open(disk, name);
	if (ret)
		return ret;
	if (bytes > disk->sectors * SECTOR)
		bytes = disk->sectors * SECTOR;
	ret = hash_disk(disk, bytes, hex);
	if (!ret)
		printf("demo: sha256 %s %llu\n", hex,
		       (unsigned long long)bytes);
	return ret;
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
}

static void print_help(FILE *to)
{
	fputs("usage: virtio-blk [-n bytes] FUNCTION\n"
	      "Reads the first bytes (1 MiB unless -n tells) of the disk behind FUNCTION,\n"
	      "a virtio-blk function named zpci0, fid:0x1, uid:0x1 or 0001:00:00.0, by DMA\n"
	      "and prints their SHA-256 and how it was done.\n", to);
}

static bool parse_bytes(const char *text, uint64_t *bytes)
{
	char *end;

	errno = 0;
	*bytes = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *bytes;
}

int main(int argc, char **argv)
{
	static struct disk disk;
	uint64_t bytes = DEFAULT_BYTES;
	int opt;

	while ((opt = getopt(argc, argv, "hn:")) != -1) {
		switch (opt) {
		case 'h':
			print_help(stdout);
			return 0;
		case 'n':
			if (parse_bytes(optarg, &bytes))
				break;
			fprintf(stderr, "virtio-blk: -n %s: give a number of bytes above 0\n",
				optarg);
			return 2;
		default:
			print_help(stderr);
			return 2;
		}
	}
	if (argc - optind != 1) {
		print_help(stderr);
		return 2;
	}

	read_disk(&disk, argv[optind], bytes);
	disk_close(&disk);
	print_stats(&disk.vf.stats);
	if (disk.vf.why[0]) {
		printf("demo: FAIL %s\n", disk.vf.why);
		return 1;
	}
	puts("demo: PASS");
	return 0;
}
