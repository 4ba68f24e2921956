/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio-blk function with interrupts, for tests of what a function itself
 * does. Requests are ones that it answers at once, without its disk: what is its
 * name? For each it raises one interrupt.
 */
#ifndef VIRTIO_DISK_H
#define VIRTIO_DISK_H

#include <endian.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "zpcifd_test.h"
#include "../tools/examples/virtio/virtio.h"

struct request {
	struct virtio_blk_outhdr hdr;
	char id[VIRTIO_BLK_ID_BYTES];
	__u8 status;
};

/**
 * struct disk - A function with one queue, whose vector is 1
 * @vf: The function
 * @vq: The queue; its vector is wired to virtqueue.irqfd
 * @memory: Memory of @req
 * @req: The only request
 */
struct disk {
	struct virtio_function vf;
	struct virtqueue vq;
	struct virtio_dma memory;
	struct request *req;
};

#define VECTOR 1

/* Sets a disk up that was reset */
static inline int disk_set_up(struct disk *disk)
{
	struct virtio_function *vf = &disk->vf;
	int ret = virtqueue_setup(&disk->vq, vf, 0, 4);

	if (!ret)
		ret = virtio_dma_alloc(vf, &disk->memory, sizeof(*disk->req));
	if (!ret)
		ret = virtio_driver_ok(vf);
	disk->req = disk->memory.addr;
	return ret;
}

/* -ENODEV: the function is no virtio-blk function */
static inline int disk_open(struct disk *disk, const char *name)
{
	int ret = virtio_open(&disk->vf, name, VIRTIO_ID_BLOCK);

	if (!ret)
		ret = virtio_negotiate(&disk->vf, 0);
	if (!ret)
		ret = virtio_use_irqs(&disk->vf);
	if (!ret)
		ret = disk_set_up(disk);
	return ret;
}

/* Frees the memory of a disk that was reset, or is gone */
static inline void disk_free(struct disk *disk)
{
	virtqueue_free(&disk->vq);
	virtio_dma_free(&disk->vf, &disk->memory);
}

/* Gives the function a request whose answer goes to @iova */
static inline int disk_request(struct disk *disk, __u64 iova)
{
	const struct virtio_buf buf[] = {
		{ .iova = disk->memory.iova, .len = sizeof(disk->req->hdr) },
		{ .iova = iova, .len = sizeof(disk->req->id) + 1, .writable = true },
	};

	disk->req->hdr.type = htole32(VIRTIO_BLK_T_GET_ID);
	disk->req->status = 0xff;
	return virtqueue_add(&disk->vq, buf, ARRAY_LEN(buf), disk) ?: virtqueue_kick(&disk->vq);
}

/* Gives the function a request, which it may be done with at once */
static inline int disk_ask(struct disk *disk)
{
	return disk_request(disk, disk->memory.iova + offsetof(struct request, id));
}

static inline bool disk_is_done(const struct disk *disk)
{
	return le16toh(__atomic_load_n(&disk->vq.used->idx, __ATOMIC_ACQUIRE)) !=
	       disk->vq.used_idx;
}

/* Takes the request back, which the function must be done with */
static inline int disk_finish(struct disk *disk)
{
	void *cookie;
	__u32 written;
	int ret;

	if (!disk_is_done(disk))
		return -EAGAIN;
	disk->vq.awake = true;
	ret = virtqueue_wait(&disk->vq, 0, &cookie, &written);
	return ret ?: disk->req->status;
}

#endif /* VIRTIO_DISK_H */
