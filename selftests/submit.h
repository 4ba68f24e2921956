/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The three ways to submit, as a fixture's variants: a test pushes descriptors
 * and calls ring_enter(), whatever that is. A thread of a ring takes all that it
 * sees, so there descriptors are held back until ring_enter() says how many.
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include <liburing.h>
#include <sched.h>

#include "zpcifd_test.h"

/* Looks at a thread that sleeps, a millisecond apart, until it is said to be stuck */
#define SUBMIT_LOOKS 50

static int submit_sqpoll_enter(const struct ring *ring, unsigned long count)
{
	struct zpcifd_ring_header *header = ring->header;
	__u32 from = __atomic_load_n(&header->sq_head, __ATOMIC_ACQUIRE);
	__u32 target = from + (ring->tail - from < count ? ring->tail - from : count);
	unsigned int looks = 0;
	int ret;

	if ((__s32)(target - header->sq_tail) > 0)
		__atomic_store_n(&header->sq_tail, target, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (__atomic_load_n(&header->sq_head, __ATOMIC_ACQUIRE) != target) {
		if (!(__atomic_load_n(&header->flags, __ATOMIC_ACQUIRE) &
		      ZPCIFD_RING_NEED_WAKEUP)) {
			looks = 0;
			sched_yield();
			continue;
		}
		if (looks++ == SUBMIT_LOOKS)
			break;
		ret = call(ring->fd, ZPCIFD_RING_ENTER, NULL);
		if (ret)
			return ret;
		usleep(1000);
	}
	return __atomic_load_n(&header->sq_head, __ATOMIC_ACQUIRE) - from;
}

static const struct submission submit_sqpoll = {
	.flags = ZPCIFD_RING_SQPOLL,
	.hold = true,
	.enter = submit_sqpoll_enter,
};

static int submit_uring_open(struct ring *ring)
{
	struct io_uring *uring = malloc(sizeof(*uring));

	ring->private = uring;
	return uring ? io_uring_queue_init(1, uring, 0) : -ENOMEM;
}

static int submit_uring_enter(const struct ring *ring, unsigned long count)
{
	struct zpcifd_uring_enter enter = { .count = count };
	struct io_uring *uring = ring->private;
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);
	struct io_uring_cqe *cqe;
	int ret;

	if (!sqe)
		return -EPROTO;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = ring->fd;
	sqe->cmd_op = ZPCIFD_RING_ENTER;
	memcpy(sqe->cmd, &enter, sizeof(enter));
	ret = io_uring_submit_and_wait(uring, 1);
	if (ret != 1)
		return ret < 0 ? ret : -EPROTO;
	ret = io_uring_wait_cqe(uring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(uring, cqe);
	return ret;
}

static void submit_uring_close(struct ring *ring)
{
	io_uring_queue_exit(ring->private);
	free(ring->private);
}

static const struct submission submit_uring = {
	.open = submit_uring_open,
	.enter = submit_uring_enter,
	.close = submit_uring_close,
};

#endif /* SUBMIT_H */
