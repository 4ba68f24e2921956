/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio-blk function that raises one interrupt after the other: it is asked
 * for its disk's name again and again, by DMA
 */
#ifndef STATES_IRQ_H
#define STATES_IRQ_H

#include <endian.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "states.h"

struct states_request {
	struct virtio_blk_outhdr hdr;
	char id[VIRTIO_BLK_ID_BYTES];
	__u8 status;
};

/**
 * struct states_disk - The function
 * @vf: It, with an iommufd of its own
 * @vq: Its queue
 * @memory: Memory of the request
 */
struct states_disk {
	struct virtio_function vf;
	struct virtqueue vq;
	struct virtio_dma memory;
};

/* One request, from its start until its interrupt came: 0, or a negative errno */
static int ask_for_name(struct states_disk *disk)
{
	struct states_request *req = disk->memory.addr;
	const __u64 iova = disk->memory.iova;
	const struct virtio_buf buf[] = {
		{ .iova = iova, .len = sizeof(req->hdr) },
		{ .iova = iova + offsetof(struct states_request, id),
		  .len = sizeof(req->id) + 1, .writable = true },
	};
	struct pollfd fds[] = {
		{ .fd = disk->vq.irqfd, .events = POLLIN },
		/* Hangs up when the function is taken away */
		{ .fd = disk->vf.ring.fd },
	};
	__u32 written;
	void *cookie;
	int ret;

	req->hdr.type = htole32(VIRTIO_BLK_T_GET_ID);
	req->status = 0xff;
	ret = virtqueue_add(&disk->vq, buf, 2, disk) ?: virtqueue_kick(&disk->vq);
	if (ret)
		return ret;
	if (poll(fds, 2, -1) < 0)
		return -errno;
	if (fds[1].revents & POLLHUP)
		return -ENODEV;
	ret = virtqueue_wait(&disk->vq, 10000, &cookie, &written);
	return ret ?: (req->status ? -EIO : 0);
}

static int request_all(struct worker *w)
{
	int ret;

	do {
		ret = ask_for_name(w->o->disk);
		__atomic_add_fetch(&w->rounds, 1, __ATOMIC_RELEASE);
	} while (!ret);
	return ret == -ENODEV ? 0 : owner_step(w->o, w->o->disk->vf.why, ret);
}

static int owner_interrupt(struct owner *o)
{
	struct states_disk *disk = calloc(1, sizeof(*disk));
	struct virtio_function *vf;
	int ret;

	if (!disk)
		return -ENOMEM;
	o->disk = disk;
	vf = &disk->vf;
	ret = virtio_open(vf, o->f.path, VIRTIO_ID_BLOCK);
	if (ret == -ENODEV)
		return owner_step(o, "the function is no virtio disk", -EOPNOTSUPP);
	if (!ret)
		ret = virtio_negotiate(vf, 0);
	if (!ret)
		ret = virtio_use_irqs(vf);
	if (!ret)
		ret = virtqueue_setup(&disk->vq, vf, 0, 4);
	if (!ret)
		ret = virtio_dma_alloc(vf, &disk->memory, sizeof(struct states_request));
	if (!ret)
		ret = virtio_driver_ok(vf);
	return owner_step(o, vf->why, ret) ?: owner_start(o, request_all) ?:
	       owner_await_rounds(o, 10);
}

/* The function's file alone: the ring, the iommufd and the eventfds stay open */
static void owner_close_disk(struct owner *o)
{
	close(zpcifd_fd(o->disk->vf.zf));
}

#endif /* STATES_IRQ_H */
