/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk: a virtio-blk function with one queue in use
 */
#ifndef EXAMPLES_VIRTIO_BLK_DISK_H
#define EXAMPLES_VIRTIO_BLK_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include "../virtio/virtio.h"

#define SECTOR 512
#define MAX_DEPTH 64
#define MAX_REQUEST_BYTES (1024 * 1024)

/**
 * struct disk_options - How a disk is used
 * @irq: Wait for interrupts instead of polling
 * @depth: Most requests in flight, up to MAX_DEPTH
 * @request_bytes: Most bytes of one request, whole sectors
 */
struct disk_options {
	bool irq;
	unsigned int depth;
	uint32_t request_bytes;
};

/**
 * struct disk - A disk that this process drives
 * @vf: Its function
 * @vq: The queue
 * @options: How it is used; @request_bytes may be less than was asked for
 * @control: Memory of @request
 * @data: Memory of the data of all requests in flight
 * @request: What the function reads and writes beside the data, for each
 *	request in flight
 * @len: Bytes of data of each of them
 * @sectors: Its length
 * @flush: It may hold back what was written until it is told to flush
 * @ns: Time that requests were in flight
 */
struct disk {
	struct virtio_function vf;
	struct virtqueue vq;
	struct disk_options options;
	struct virtio_dma control;
	struct virtio_dma data;
	struct disk_request *request;
	uint32_t len[MAX_DEPTH];
	uint64_t sectors;
	bool flush;
	unsigned long long ns;
};

int disk_open(struct disk *disk, const char *name,
	      const struct disk_options *options);
void disk_close(struct disk *disk);

/*
 * disk_read() fills the start of disk->data, disk_write() takes it from there:
 * up to @max bytes, whole sectors, as many as the queue holds at once, with one
 * notification. @done is how many that were.
 */
int disk_read(struct disk *disk, uint64_t sector, uint64_t max, uint64_t *done);
int disk_write(struct disk *disk, uint64_t sector, uint64_t max,
	       uint64_t *done);
int disk_flush(struct disk *disk);

#endif /* EXAMPLES_VIRTIO_BLK_DISK_H */
