// SPDX-License-Identifier: GPL-2.0
/*
 * Split virtqueues in memory of this process that is mapped for DMA
 *
 * The function is not trusted: what it writes into the used ring is checked
 * before it is used.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "virtio.h"

/* Registers of the three parts' addresses: consecutive, from a multiple of 8 */
#define ADDRESS_BYTES 24
static_assert(VIRTIO_PCI_COMMON_Q_DESCLO % 8 == 0 &&
	      VIRTIO_PCI_COMMON_Q_USEDLO ==
	      VIRTIO_PCI_COMMON_Q_DESCLO + ADDRESS_BYTES - 8,
	      "the addresses of a queue are no block");

/* Offsets of the three parts in a queue's memory */
static size_t avail_offset(unsigned int size)
{
	return size * sizeof(struct vring_desc);
}

static size_t used_offset(unsigned int size)
{
	size_t end = avail_offset(size) + sizeof(struct vring_avail) +
		     (size + 1) * sizeof(uint16_t);

	return (end + VRING_USED_ALIGN_SIZE - 1) / VRING_USED_ALIGN_SIZE *
	       VRING_USED_ALIGN_SIZE;
}

static size_t queue_bytes(unsigned int size)
{
	return used_offset(size) + sizeof(struct vring_used) +
	       size * sizeof(struct vring_used_elem) + sizeof(uint16_t);
}

/*
 * How the addresses get there. PCISTB stores a stream of bytes, but QEMU on a
 * little-endian host (7.2 and others) stores those of each doubleword in reverse
 * order. And a function may take no block of this length. So what has arrived is
 * loaded in the same batch, and the next way is tried if it is not the addresses:
 * the queue is not enabled yet, so that the function does nothing with them.
 */
enum address_way { BLOCK, BLOCK_REVERSED, REGISTERS, NR_ADDRESS_WAYS };

static int store_addresses(struct virtqueue *vq, enum address_way way,
			   const uint64_t want[3], uint64_t have[3])
{
	const unsigned int common = VIRTIO_PCI_CAP_COMMON_CFG;
	const unsigned int first = VIRTIO_PCI_COMMON_Q_DESCLO;
	struct virtio_function *vf = vq->vf;
	uint64_t block[3], half[6];
	int ret;

	if (way == REGISTERS) {
		for (unsigned int i = 0; i < 3; i++) {
			virtio_store(vf, common, first + 8 * i, 4,
				     want[i] & 0xffffffff);
			virtio_store(vf, common, first + 8 * i + 4, 4,
				     want[i] >> 32);
		}
	} else {
		for (unsigned int i = 0; i < 3; i++)
			block[i] = way == BLOCK ? htole64(want[i]) :
						  htobe64(want[i]);
		virtio_block(vf, common, first, block, sizeof(block));
	}
	for (unsigned int i = 0; i < 6; i++)
		virtio_load(vf, common, first + 4 * i, 4, &half[i]);
	ret = virtio_run(vf, "store queue addresses");
	if (ret)
		return ret;
	for (unsigned int i = 0; i < 3; i++)
		have[i] = half[2 * i + 1] << 32 | half[2 * i];
	return 0;
}

static int set_addresses(struct virtqueue *vq)
{
	const uint64_t want[3] = {
		vq->dma.iova,
		vq->dma.iova + avail_offset(vq->size),
		vq->dma.iova + used_offset(vq->size),
	};
	enum address_way way = BLOCK;
	uint64_t have[3];
	int ret;

	if (zpcifd_info(vq->vf->zf)->out_maxstbl < ADDRESS_BYTES)
		way = REGISTERS;
	for (; way < NR_ADDRESS_WAYS; way++) {
		ret = store_addresses(vq, way, want, have);
		if (ret)
			return ret;
		if (!memcmp(want, have, sizeof(want)))
			return 0;
	}
	return virtio_fail(vq->vf, -EIO,
			   "%s: queue %u: address 0x%llx was stored, 0x%llx is there",
			   zpcifd_name(vq->vf->zf), vq->index,
			   (unsigned long long)want[0],
			   (unsigned long long)have[0]);
}

static int setup(struct virtqueue *vq, unsigned int max_size)
{
	const unsigned int common = VIRTIO_PCI_CAP_COMMON_CFG;
	struct virtio_function *vf = vq->vf;
	uint64_t size, notify, enabled;
	int ret;

	virtio_store(vf, common, VIRTIO_PCI_COMMON_Q_SELECT, 2, vq->index);
	virtio_load(vf, common, VIRTIO_PCI_COMMON_Q_SIZE, 2, &size);
	virtio_load(vf, common, VIRTIO_PCI_COMMON_Q_NOFF, 2, &notify);
	ret = virtio_run(vf, "select queue");
	if (ret)
		return ret;

	if (!size || (size & (size - 1)))
		return virtio_fail(vf, -ENOENT,
				   "%s: queue %u: a size of %u is none",
				   zpcifd_name(vf->zf), vq->index,
				   (unsigned int)size);
	while (size > max_size || size > VIRTQUEUE_MAX)
		size /= 2;
	vq->size = size;
	notify *= vf->notify_multiplier;
	if (notify + 2 > vf->region[VIRTIO_PCI_CAP_NOTIFY_CFG].len)
		return virtio_fail(vf, -EPROTO,
				   "%s: queue %u: notification address 0x%llx is past its structure",
				   zpcifd_name(vf->zf), vq->index,
				   (unsigned long long)notify);
	vq->notify = notify;

	ret = virtio_dma_alloc(vf, &vq->dma, queue_bytes(size));
	if (ret)
		return ret;
	vq->desc = vq->dma.addr;
	vq->avail = vq->dma.addr + avail_offset(size);
	vq->used = vq->dma.addr + used_offset(size);
	for (unsigned int i = 0; i < size; i++)
		vq->next[i] = i + 1;
	vq->num_free = size;

	virtio_store(vf, common, VIRTIO_PCI_COMMON_Q_SIZE, 2, size);
	ret = set_addresses(vq);
	if (ret)
		return ret;
	if (vf->use_irqs)
		ret = virtqueue_wire(vq);
	else
		vq->avail->flags = htole16(VRING_AVAIL_F_NO_INTERRUPT);
	if (ret)
		return ret;

	virtio_store(vf, common, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	virtio_load(vf, common, VIRTIO_PCI_COMMON_Q_ENABLE, 2, &enabled);
	ret = virtio_run(vf, "enable queue");
	if (!ret && enabled != 1)
		ret = virtio_fail(vf, -EIO, "%s: queue %u is not enabled",
				  zpcifd_name(vf->zf), vq->index);
	return ret;
}

/**
 * virtqueue_setup - Set up and enable a queue
 * @vq: Out: the queue
 * @vf: Its function, features negotiated and DRIVER_OK not set yet
 * @index: Its number
 * @max_size: Longest length of use
 *
 * virtqueue_free() after a failure as well.
 */
int virtqueue_setup(struct virtqueue *vq, struct virtio_function *vf,
		    unsigned int index, unsigned int max_size)
{
	memset(vq, 0, sizeof(*vq));
	vq->vf = vf;
	vq->index = index;
	vq->irqfd = -1;
	vq->awake = !vf->use_irqs;
	return setup(vq, max_size);
}

/**
 * virtqueue_free - Free a queue's memory
 * @vq: The queue of a function that was reset
 */
void virtqueue_free(struct virtqueue *vq)
{
	if (!vq->vf)
		return;
	virtio_dma_free(vq->vf, &vq->dma);
	if (vq->irqfd >= 0)
		close(vq->irqfd);
	vq->irqfd = -1;
}

/**
 * virtqueue_add - Make a buffer available, not yet visible to the function
 * @vq: The queue
 * @buf: Pieces of the buffer
 * @num: How many
 * @cookie: What virtqueue_wait() returns for it
 *
 * Return: 0, or -ENOSPC when not enough descriptors are free, which is no
 * failure that virtio_function.why tells.
 */
int virtqueue_add(struct virtqueue *vq, const struct virtio_buf *buf,
		  unsigned int num, void *cookie)
{
	uint16_t head = vq->free_head, i = head;

	if (!num || num > vq->num_free)
		return -ENOSPC;

	vq->chain[head].num = num;
	vq->chain[head].readable = 0;
	vq->chain[head].writable = 0;
	vq->chain[head].cookie = cookie;
	for (unsigned int n = 0; n < num; n++) {
		uint16_t flags = n + 1 < num ? VRING_DESC_F_NEXT : 0;

		if (buf[n].writable) {
			flags |= VRING_DESC_F_WRITE;
			vq->chain[head].writable += buf[n].len;
		} else {
			vq->chain[head].readable += buf[n].len;
		}
		vq->desc[i].addr = htole64(buf[n].iova);
		vq->desc[i].len = htole32(buf[n].len);
		vq->desc[i].flags = htole16(flags);
		vq->desc[i].next = htole16(vq->next[i]);
		i = vq->next[i];
	}
	vq->free_head = i;
	vq->num_free -= num;
	vq->avail->ring[vq->avail_idx++ & (vq->size - 1)] = htole16(head);
	return 0;
}

/**
 * virtqueue_kick - Publish the buffers that were added and notify the function
 * @vq: The queue
 */
int virtqueue_kick(struct virtqueue *vq)
{
	/* The function sees the descriptors before the index */
	__atomic_store_n(&vq->avail->idx, htole16(vq->avail_idx),
			 __ATOMIC_RELEASE);
	/* and this process the flags as they are after it */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (le16toh(__atomic_load_n(&vq->used->flags, __ATOMIC_RELAXED)) &
	    VRING_USED_F_NO_NOTIFY)
		return 0;

	virtio_store(vq->vf, VIRTIO_PCI_CAP_NOTIFY_CFG, vq->notify, 2,
		     vq->index);
	return virtio_run(vq->vf, "notify");
}

/* Gives the descriptors of a used buffer back */
static void put_chain(struct virtqueue *vq, uint16_t head)
{
	uint16_t last = head;

	for (unsigned int n = 1; n < vq->chain[head].num; n++)
		last = vq->next[last];
	vq->next[last] = vq->free_head;
	vq->free_head = head;
	vq->num_free += vq->chain[head].num;
	vq->chain[head].num = 0;
}

static int take_used(struct virtqueue *vq, void **cookie, uint32_t *written)
{
	const struct vring_used_elem *elem =
		&vq->used->ring[vq->used_idx & (vq->size - 1)];
	struct virtio_stats *stats = &vq->vf->stats;
	uint32_t head = le32toh(__atomic_load_n(&elem->id, __ATOMIC_RELAXED));
	uint32_t len = le32toh(__atomic_load_n(&elem->len, __ATOMIC_RELAXED));

	if (head >= vq->size || !vq->chain[head].num)
		return virtio_fail(vq->vf, -EPROTO,
				   "%s: queue %u: buffer %u came back, which is not in flight",
				   zpcifd_name(vq->vf->zf), vq->index, head);
	if (len > vq->chain[head].writable)
		return virtio_fail(vq->vf, -EPROTO,
				   "%s: queue %u: %u bytes written to a buffer of %u",
				   zpcifd_name(vq->vf->zf), vq->index, len,
				   vq->chain[head].writable);

	vq->used_idx++;
	stats->chains++;
	stats->descriptors += vq->chain[head].num;
	stats->dma_read += vq->chain[head].readable;
	stats->dma_written += len;
	*cookie = vq->chain[head].cookie;
	*written = len;
	put_chain(vq, head);
	return 0;
}

/* What the function wrote is seen after its index */
static bool has_used(const struct virtqueue *vq)
{
	return le16toh(__atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE)) !=
	       vq->used_idx;
}

static int timed_out(struct virtqueue *vq, unsigned int timeout_ms)
{
	uint64_t status;
	int ret;

	virtio_load(vq->vf, VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_COMMON_STATUS,
		    1, &status);
	ret = virtio_run(vq->vf, "load status");
	if (ret)
		return ret;
	if (has_used(vq))
		return virtio_fail(vq->vf, -ETIMEDOUT,
				   "%s: queue %u: a buffer came back, but no interrupt in %u ms",
				   zpcifd_name(vq->vf->zf), vq->index,
				   timeout_ms);
	return virtio_fail(vq->vf, -ETIMEDOUT,
			   "%s: queue %u: no buffer came back in %u ms, the function's status is 0x%02x%s",
			   zpcifd_name(vq->vf->zf), vq->index, timeout_ms,
			   (unsigned int)status,
			   status & VIRTIO_CONFIG_S_NEEDS_RESET ?
			   ": it needs a reset" : "");
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/**
 * virtqueue_wait - Wait until the function has used a buffer
 * @vq: The queue
 * @timeout_ms: For how long
 * @cookie: Out: what virtqueue_add() was given for the buffer
 * @written: Out: bytes that the function says it wrote
 *
 * With interrupts, a buffer is taken only after one of them, then all that are
 * there: with one buffer in flight at a time, each has an interrupt of its own,
 * and one that is lost makes this call fail.
 */
int virtqueue_wait(struct virtqueue *vq, unsigned int timeout_ms,
		   void **cookie, uint32_t *written)
{
	uint64_t now, end = now_ms() + timeout_ms;
	int ret;

	while (!vq->awake || !has_used(vq)) {
		now = now_ms();
		if (now >= end)
			return timed_out(vq, timeout_ms);
		if (vq->irqfd < 0) {
			sched_yield();
			continue;
		}
		ret = virtqueue_sleep(vq, end - now);
		if (ret)
			return ret;
		if (vq->awake && !has_used(vq)) {
			vq->vf->stats.idle_interrupts++;
			vq->awake = false;
		}
	}
	ret = take_used(vq, cookie, written);
	if (vq->irqfd >= 0 && !has_used(vq))
		vq->awake = false;
	return ret;
}
