// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of virtio-blk
 */
#include <endian.h>
#include <errno.h>
#include <time.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include "disk.h"

#define TIMEOUT_MS 10000

struct disk_request {
	struct virtio_blk_outhdr hdr;
	uint8_t status;
};

static int read_geometry(struct disk *disk)
{
	struct virtio_blk_config config = { 0 };
	struct virtio_function *vf = &disk->vf;
	uint32_t *bytes = &disk->options.request_bytes;
	bool has_max = vf->features & 1ULL << VIRTIO_BLK_F_SIZE_MAX;
	int ret;

	ret = virtio_read_config(vf, 0, &config, has_max ?
				 offsetof(struct virtio_blk_config, seg_max) :
				 offsetof(struct virtio_blk_config, size_max));
	if (ret)
		return ret;
	disk->sectors = le64toh(config.capacity);
	if (has_max && le32toh(config.size_max) < *bytes)
		*bytes = le32toh(config.size_max) / SECTOR * SECTOR;
	if (!disk->sectors || !*bytes)
		return virtio_fail(vf, -EIO,
				   "%s: the disk has %llu sectors, in pieces of %u bytes: nothing to read",
				   zpcifd_name(vf->zf),
				   (unsigned long long)disk->sectors, *bytes);
	return 0;
}

/**
 * disk_open - Take a disk into use
 * @disk: Out: the disk
 * @name: Its function's name, as zpcifd_open() takes it
 * @options: How to use it
 *
 * disk_close() after a failure as well.
 */
int disk_open(struct disk *disk, const char *name,
	      const struct disk_options *options)
{
	struct virtio_function *vf = &disk->vf;
	int ret;

	disk->options = *options;
	ret = virtio_open(vf, name, VIRTIO_ID_BLOCK);
	if (!ret)
		ret = virtio_negotiate(vf, 1ULL << VIRTIO_BLK_F_SIZE_MAX |
					   1ULL << VIRTIO_BLK_F_RO |
					   1ULL << VIRTIO_BLK_F_FLUSH);
	if (!ret)
		ret = read_geometry(disk);
	if (!ret && options->irq)
		ret = virtio_use_irqs(vf);
	if (!ret)
		ret = virtqueue_setup(&disk->vq, vf, 0, VIRTQUEUE_MAX);
	if (!ret)
		ret = virtio_dma_alloc(vf, &disk->control, options->depth *
				       sizeof(struct disk_request));
	if (!ret)
		ret = virtio_dma_alloc(vf, &disk->data,
				       (size_t)options->depth *
				       disk->options.request_bytes);
	if (ret)
		return ret;
	disk->request = disk->control.addr;
	disk->flush = vf->features & 1ULL << VIRTIO_BLK_F_FLUSH;
	return virtio_driver_ok(vf);
}

/**
 * disk_close - Give the disk back
 * @disk: The disk
 *
 * The function is reset first: then it uses the memory no more.
 */
void disk_close(struct disk *disk)
{
	if (disk->vf.region[VIRTIO_PCI_CAP_COMMON_CFG].len)
		virtio_reset(&disk->vf);
	virtqueue_free(&disk->vq);
	virtio_dma_free(&disk->vf, &disk->data);
	virtio_dma_free(&disk->vf, &disk->control);
	virtio_close(&disk->vf);
}

/* Makes request @num available, with the data at @pos of disk->data */
static int add_request(struct disk *disk, unsigned int num, uint32_t type,
		       uint64_t sector, uint64_t pos, uint32_t len)
{
	struct disk_request *req = &disk->request[num];
	uint64_t iova = disk->control.iova + num * sizeof(*req);
	struct virtio_buf buf[3] = {
		{ .iova = iova, .len = sizeof(req->hdr) },
	};
	unsigned int n = 1;

	if (len)
		buf[n++] = (struct virtio_buf){
			.iova = disk->data.iova + pos, .len = len,
			.writable = type == VIRTIO_BLK_T_IN,
		};
	buf[n++] = (struct virtio_buf){
		.iova = iova + offsetof(struct disk_request, status),
		.len = sizeof(req->status), .writable = true,
	};

	req->hdr.type = htole32(type);
	req->hdr.ioprio = 0;
	req->hdr.sector = htole64(sector);
	req->status = 0xff;
	disk->len[num] = len;
	return virtqueue_add(&disk->vq, buf, n, req);
}

static int complete(struct disk *disk, uint32_t type)
{
	struct disk_request *req;
	uint32_t written, expected = sizeof(req->status);
	void *cookie;
	int ret;

	ret = virtqueue_wait(&disk->vq, TIMEOUT_MS, &cookie, &written);
	if (ret)
		return ret;
	req = cookie;
	if (type == VIRTIO_BLK_T_IN)
		expected += disk->len[req - disk->request];
	if (req->status != VIRTIO_BLK_S_OK || written != expected)
		return virtio_fail(&disk->vf, -EIO,
				   "%s: request of type %u, %u bytes at sector %llu: status %u, %u bytes written to memory",
				   zpcifd_name(disk->vf.zf), type,
				   disk->len[req - disk->request],
				   (unsigned long long)le64toh(req->hdr.sector),
				   req->status, written);
	return 0;
}

static unsigned long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Notifies the function of @num requests that were added, and waits for all */
static int run_requests(struct disk *disk, uint32_t type, unsigned int num)
{
	unsigned long long start = now_ns();
	int ret;

	ret = virtqueue_kick(&disk->vq);
	for (unsigned int i = 0; i < num && !ret; i++)
		ret = complete(disk, type);
	disk->ns += now_ns() - start;
	return ret;
}

static int transfer(struct disk *disk, uint32_t type, uint64_t sector,
		    uint64_t max, uint64_t *done)
{
	const uint32_t bytes = disk->options.request_bytes;
	unsigned int num = 0;
	uint64_t pos = 0;

	*done = 0;
	while (num < disk->options.depth && pos < max) {
		uint32_t len = max - pos < bytes ? max - pos : bytes;

		if (add_request(disk, num, type, sector + pos / SECTOR, pos,
				len))
			break;
		num++;
		pos += len;
	}
	if (!num)
		return virtio_fail(&disk->vf, -ENOSPC,
				   "%s: a queue of %u descriptors holds no request",
				   zpcifd_name(disk->vf.zf), disk->vq.size);
	*done = pos;
	return run_requests(disk, type, num);
}

int disk_read(struct disk *disk, uint64_t sector, uint64_t max, uint64_t *done)
{
	return transfer(disk, VIRTIO_BLK_T_IN, sector, max, done);
}

int disk_write(struct disk *disk, uint64_t sector, uint64_t max,
	       uint64_t *done)
{
	return transfer(disk, VIRTIO_BLK_T_OUT, sector, max, done);
}

/**
 * disk_flush - Let the disk keep what was written
 * @disk: The disk
 */
int disk_flush(struct disk *disk)
{
	/* Else it does so with every write */
	if (!disk->flush)
		return 0;
	/* The queue is empty: it has room */
	add_request(disk, 0, VIRTIO_BLK_T_FLUSH, 0, 0, 0);
	return run_requests(disk, VIRTIO_BLK_T_FLUSH, 1);
}
