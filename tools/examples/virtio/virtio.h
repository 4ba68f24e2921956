/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio over PCI for userspace drivers: what the examples share
 *
 * A virtio function is found, set up and notified by descriptors in a ring of
 * libzpcifd (virtio-pci.c); its queues and buffers are memory of this process,
 * mapped for DMA (virtqueue.c); it interrupts by eventfds, or is polled
 * (virtio-irq.c). Only what virtio 1.x over PCI needs is here:
 * what a block or an entropy device is, its own driver knows.
 *
 * Functions that return int return 0 or a negative errno, and leave a sentence
 * on the first failure in virtio_function.why. One function is for one thread.
 */
#ifndef EXAMPLES_VIRTIO_H
#define EXAMPLES_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <zpcifd.h>

/* Descriptors in one batch, as many as config space has words */
#define VIRTIO_BATCH 64

/**
 * struct virtio_region - Where a structure of the function is
 * @len: Its length in bytes, 0 if the function does not have it
 * @offset: Its offset in @bar
 * @bar: Address space to reach it in
 */
struct virtio_region {
	uint32_t len;
	uint32_t offset;
	uint8_t bar;
};

/**
 * struct virtio_stats - What was done so far
 * @pcilg: Instructions issued, as the completions tell
 * @pcistg: Likewise
 * @pcistb: Likewise
 * @batches: Times that a batch was given to the kernel
 * @chains: Buffers that the function has used
 * @descriptors: Virtqueue descriptors in them
 * @dma_read: Bytes in them that were the function's to read
 * @dma_written: Bytes in them that the function says it wrote
 * @interrupts: Interrupts of the queues
 * @idle_interrupts: Times that they told of no buffer, because it was taken
 *	back before its interrupt came
 * @config_interrupts: Interrupts that told of a changed configuration
 */
struct virtio_stats {
	unsigned long long pcilg;
	unsigned long long pcistg;
	unsigned long long pcistb;
	unsigned long long batches;
	unsigned long long chains;
	unsigned long long descriptors;
	unsigned long long dma_read;
	unsigned long long dma_written;
	unsigned long long interrupts;
	unsigned long long idle_interrupts;
	unsigned long long config_interrupts;
};

/**
 * struct virtio_function - A virtio function that this process owns
 * @zf: The function
 * @ring: Its ring, used by virtio_run() alone
 * @ioas: The DMA address space that it is attached to
 * @region: Its structures, by VIRTIO_PCI_CAP_*_CFG
 * @notify_multiplier: Bytes between the notification addresses of two queues
 * @features: What was negotiated
 * @use_irqs: Queues have interrupts
 * @config_irqfd: Eventfd of changes of the configuration, -1 if there is none
 * @pending: Descriptors of the batch that is being made
 * @batch: The descriptors, and where their loaded values go
 * @stats: What was done so far
 * @why: The first failure, "" if there was none
 */
struct virtio_function {
	struct zpcifd *zf;
	struct zpcifd_ring ring;
	uint32_t ioas;
	struct virtio_region region[VIRTIO_PCI_CAP_PCI_CFG];
	uint32_t notify_multiplier;
	uint64_t features;
	bool use_irqs;
	int config_irqfd;
	unsigned int pending;
	struct {
		struct zpcifd_sqe sqe;
		uint64_t *value;
	} batch[VIRTIO_BATCH];
	struct virtio_stats stats;
	char why[320];
};

int virtio_open(struct virtio_function *vf, const char *name,
		unsigned int virtio_id);
void virtio_close(struct virtio_function *vf);
int virtio_reset(struct virtio_function *vf);
int virtio_negotiate(struct virtio_function *vf, uint64_t optional);
int virtio_use_irqs(struct virtio_function *vf);
int virtio_driver_ok(struct virtio_function *vf);
int virtio_read_config(struct virtio_function *vf, unsigned int offset,
		       void *buf, unsigned int len);
[[gnu::format(printf, 3, 4)]]
int virtio_fail(struct virtio_function *vf, int err, const char *fmt, ...);

/*
 * A batch: virtio_load(), virtio_store() and virtio_block() add descriptors to
 * it, virtio_run() runs them as one chain and fails if one of them does. Values
 * are those of little-endian registers and stand in *value after virtio_run().
 */
void virtio_load(struct virtio_function *vf, unsigned int type,
		 unsigned int offset, unsigned int len, uint64_t *value);
void virtio_store(struct virtio_function *vf, unsigned int type,
		  unsigned int offset, unsigned int len, uint64_t value);
void virtio_block(struct virtio_function *vf, unsigned int type,
		  unsigned int offset, const void *buf, unsigned int len);
int virtio_run(struct virtio_function *vf, const char *what);

/**
 * struct virtio_dma - Memory that the function reads and writes
 * @addr: Where this process sees it
 * @iova: Where the function sees it
 * @len: Its length, whole pages
 */
struct virtio_dma {
	void *addr;
	uint64_t iova;
	size_t len;
};

int virtio_dma_alloc(struct virtio_function *vf, struct virtio_dma *dma,
		     size_t len);
void virtio_dma_free(struct virtio_function *vf, struct virtio_dma *dma);

/* Queues longer than this are used up to here */
#define VIRTQUEUE_MAX 256

/**
 * struct virtqueue - A split virtqueue
 * @vf: Its function
 * @index: Its number
 * @size: Its length in descriptors, a power of two
 * @notify: Offset of its notification address in the notify structure
 * @dma: Memory of the three parts
 * @desc: Descriptor table
 * @avail: Ring of buffers for the function
 * @used: Ring of buffers back from the function
 * @next: Next descriptor of a list: of a buffer, or of those that are not in
 *	use. Here, where the function cannot write to it.
 * @free_head: First descriptor that is not in use
 * @num_free: How many are not in use
 * @avail_idx: Buffers made available, published by virtqueue_kick()
 * @used_idx: Buffers taken back
 * @irqfd: Eventfd of its interrupt, -1 if it is polled
 * @awake: Buffers may be taken back: it is polled, or an interrupt came since
 *	there was none
 * @chain: For the head of a buffer in flight: its descriptors, the bytes that
 *	the function reads, those that it may write, and the driver's cookie
 */
struct virtqueue {
	struct virtio_function *vf;
	uint16_t index;
	uint16_t size;
	uint32_t notify;
	struct virtio_dma dma;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next[VIRTQUEUE_MAX];
	uint16_t free_head;
	uint16_t num_free;
	uint16_t avail_idx;
	uint16_t used_idx;
	int irqfd;
	bool awake;
	struct {
		unsigned int num;
		uint32_t readable;
		uint32_t writable;
		void *cookie;
	} chain[VIRTQUEUE_MAX];
};

/**
 * struct virtio_buf - A piece of a buffer
 * @iova: Where the function sees it
 * @len: Its length in bytes
 * @writable: The function writes it; else it reads it. Pieces that it writes
 *	come last.
 */
struct virtio_buf {
	uint64_t iova;
	uint32_t len;
	bool writable;
};

int virtqueue_setup(struct virtqueue *vq, struct virtio_function *vf,
		    unsigned int index, unsigned int max_size);
void virtqueue_free(struct virtqueue *vq);
int virtqueue_add(struct virtqueue *vq, const struct virtio_buf *buf,
		  unsigned int num, void *cookie);
int virtqueue_kick(struct virtqueue *vq);
int virtqueue_wire(struct virtqueue *vq);
int virtqueue_sleep(struct virtqueue *vq, unsigned int timeout_ms);
int virtqueue_wait(struct virtqueue *vq, unsigned int timeout_ms,
		   void **cookie, uint32_t *written);

#endif /* EXAMPLES_VIRTIO_H */
