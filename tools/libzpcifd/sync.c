// SPDX-License-Identifier: MIT
/*
 * One instruction at a time
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "lib.h"

/* The next completion, which the ring's thread may still have to write */
static struct zpcifd_cqe *wait_cqe(struct zpcifd_ring *r)
{
	struct pollfd poll_fd = { .fd = r->fd, .events = POLLIN };
	struct zpcifd_cqe *cqe = zpcifd_ring_peek_cqe(r);

	while (!cqe && r->layout.flags & ZPCIFD_RING_SQPOLL) {
		poll(&poll_fd, 1, -1);
		cqe = zpcifd_ring_peek_cqe(r);
		if (poll_fd.revents & (POLLERR | POLLHUP))
			break;
	}
	return cqe;
}

/* A descriptor that was not taken must not run with the next submission */
static int take_back(struct zpcifd_ring *r, int ret)
{
	r->sq_tail--;
	__atomic_store_n(&r->hdr->sq_tail, r->sq_tail, __ATOMIC_RELEASE);
	return ret ? ret : -EAGAIN;
}

static int run(struct zpcifd_ring *r, const struct zpcifd_sqe *sqe,
	       struct zpcifd_cqe *cqe)
{
	struct zpcifd_cqe *done;
	struct zpcifd_sqe *slot;
	int n;

	if (sqe->flags & (ZPCIFD_SQE_LINK | ZPCIFD_SQE_SKIP_SUCCESS))
		return -EINVAL;
	if (r->sq_tail != r->sq_head)
		r->sq_head = __atomic_load_n(&r->hdr->sq_head, __ATOMIC_ACQUIRE);
	if (r->sq_tail != r->sq_head || zpcifd_ring_peek_cqe(r))
		return -EAGAIN;
	slot = zpcifd_ring_get_sqe(r);
	*slot = *sqe;
	n = zpcifd_ring_submit(r);
	if (n <= 0)
		return take_back(r, n);
	done = wait_cqe(r);
	if (!done)
		return r->layout.flags & ZPCIFD_RING_SQPOLL ? -ENODEV : -EAGAIN;
	*cqe = *done;
	zpcifd_ring_cq_advance(r, 1);
	/* The ring's thread tells so a moment later */
	r->sq_head = r->sq_tail;
	return cqe->res;
}

int zpcifd_sync(struct zpcifd_ring *r, const struct zpcifd_sqe *sqe,
		struct zpcifd_cqe *cqe)
{
	memset(cqe, 0, sizeof(*cqe));
	cqe->res = run(r, sqe, cqe);
	return cqe->res;
}

/**
 * zpcifd_run_slow - Run one descriptor on a ring that may have a thread
 * @r: The ring
 * @opcode: enum zpcifd_opcode
 * @as: As of zpcifd_prep_load()
 * @offset: As of zpcifd_prep_load()
 * @len: As of zpcifd_prep_load()
 * @data: What PCISTG stores, or the offset of PCISTB's payload
 * @value: Out: what PCILG loaded, else 0
 *
 * Return: as zpcifd_sync()
 */
int zpcifd_run_slow(struct zpcifd_ring *r, uint8_t opcode, uint8_t as,
		    uint64_t offset, uint32_t len, uint64_t data, uint64_t *value)
{
	struct zpcifd_sqe sqe;
	struct zpcifd_cqe cqe;

	zpcifd_prep(&sqe, opcode, as, offset, len, data);
	zpcifd_sync(r, &sqe, &cqe);
	*value = cqe.data;
	return cqe.res;
}

/**
 * zpcifd_run_fail - A descriptor was not taken
 * @r: The ring
 * @ret: What zpcifd_ring_enter() returned
 * @value: Out: 0
 *
 * Return: as zpcifd_sync()
 */
int zpcifd_run_fail(struct zpcifd_ring *r, int ret, uint64_t *value)
{
	*value = 0;
	return take_back(r, ret);
}

/**
 * zpcifd_block_copy - PCISTB of bytes that may be outside of the data area
 * @r: The ring
 * @as: As of zpcifd_block()
 * @offset: As of zpcifd_block()
 * @buf: As of zpcifd_block()
 * @len: As of zpcifd_block()
 *
 * Return: as zpcifd_block()
 */
int zpcifd_block_copy(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
		      const void *buf, uint32_t len)
{
	uint32_t area = r->layout.data_len;
	uint64_t payload, none;

	if (!area || len > ZPCIFD_PAGE)
		return -EINVAL;
	payload = area - ZPCIFD_PAGE;
	memcpy((char *)r->data + payload, buf, len);
	return zpcifd_run_slow(r, ZPCIFD_OP_PCISTB, as, offset, len, payload, &none);
}
