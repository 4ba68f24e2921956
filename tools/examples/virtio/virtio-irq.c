// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of a virtio function: MSI-X vector 0 for changes of its
 * configuration, vector n + 1 for its queue n, an eventfd for each of them
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include "virtio.h"

/*
 * Wires a vector to a new eventfd first, so that nothing that the function
 * raises is lost, then tells the function by the register at @offset
 */
static int wire(struct virtio_function *vf, unsigned int vector,
		unsigned int offset, int *irqfd)
{
	const unsigned int common = VIRTIO_PCI_CAP_COMMON_CFG;
	uint64_t have;
	int ret;

	*irqfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (*irqfd < 0) {
		ret = -errno;
		return virtio_fail(vf, ret, "%s: eventfd: %s",
				   zpcifd_name(vf->zf), strerror(-ret));
	}
	ret = zpcifd_irq_set(vf->zf, ZPCIFD_IRQ_MSIX, vector, 1, irqfd);
	if (ret)
		return virtio_fail(vf, ret, "%s", zpcifd_strerror(vf->zf));

	virtio_store(vf, common, offset, 2, vector);
	virtio_load(vf, common, offset, 2, &have);
	ret = virtio_run(vf, "set interrupt vector");
	if (!ret && have != vector)
		ret = virtio_fail(vf, -EIO,
				  "%s: interrupt vector %u was stored, 0x%x is there",
				  zpcifd_name(vf->zf), vector,
				  (unsigned int)have);
	return ret;
}

/**
 * virtio_use_irqs - Be told of used buffers by interrupts, not by polling
 * @vf: The function, features negotiated and no queue set up yet
 */
int virtio_use_irqs(struct virtio_function *vf)
{
	vf->use_irqs = true;
	return wire(vf, 0, VIRTIO_PCI_COMMON_MSIX, &vf->config_irqfd);
}

/**
 * virtqueue_wire - Give the selected queue its interrupt
 * @vq: The queue of a function with virtio_use_irqs(), not enabled yet
 */
int virtqueue_wire(struct virtqueue *vq)
{
	return wire(vq->vf, vq->index + 1, VIRTIO_PCI_COMMON_Q_MSIX, &vq->irqfd);
}

/* The interrupts that an eventfd has counted since it was last asked */
static uint64_t take_irqs(int irqfd)
{
	uint64_t num;

	return read(irqfd, &num, sizeof(num)) == sizeof(num) ? num : 0;
}

/**
 * virtqueue_sleep - Wait for an interrupt of a queue
 * @vq: The queue of a function with virtio_use_irqs()
 * @timeout_ms: For how long
 *
 * Return: 0, also when the time is over or only the function's configuration
 * has changed; or a negative errno.
 */
int virtqueue_sleep(struct virtqueue *vq, unsigned int timeout_ms)
{
	struct virtio_function *vf = vq->vf;
	struct pollfd fds[] = {
		{ .fd = vq->irqfd, .events = POLLIN },
		{ .fd = vf->config_irqfd, .events = POLLIN },
	};
	int ret;

	ret = poll(fds, 2, timeout_ms);
	if (ret < 0 && errno != EINTR) {
		ret = -errno;
		return virtio_fail(vf, ret, "%s: wait for an interrupt: %s",
				   zpcifd_name(vf->zf), strerror(-ret));
	}
	if (ret <= 0)
		return 0;

	if (fds[0].revents) {
		vf->stats.interrupts += take_irqs(vq->irqfd);
		vq->awake = true;
	}
	if (fds[1].revents)
		vf->stats.config_interrupts += take_irqs(vf->config_irqfd);
	return 0;
}
