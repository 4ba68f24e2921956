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

static int run(struct zpcifd_ring *r, const struct zpcifd_sqe *sqe,
	       struct zpcifd_cqe *cqe)
{
	struct zpcifd_cqe *done;
	struct zpcifd_sqe *slot;
	int n;

	if (sqe->flags & (ZPCIFD_SQE_LINK | ZPCIFD_SQE_SKIP_SUCCESS))
		return -EINVAL;
	r->sq_head = __atomic_load_n(&r->hdr->sq_head, __ATOMIC_ACQUIRE);
	if (r->sq_tail != r->sq_head || zpcifd_ring_peek_cqe(r))
		return -EAGAIN;
	slot = zpcifd_ring_get_sqe(r);
	*slot = *sqe;
	n = zpcifd_ring_submit(r);
	if (n <= 0) {
		/* Not taken: it must not run with the next submission */
		r->sq_tail--;
		__atomic_store_n(&r->hdr->sq_tail, r->sq_tail, __ATOMIC_RELEASE);
		return n ? n : -EAGAIN;
	}
	done = wait_cqe(r);
	if (!done)
		return r->layout.flags & ZPCIFD_RING_SQPOLL ? -ENODEV : -EAGAIN;
	*cqe = *done;
	zpcifd_ring_cq_advance(r, 1);
	return cqe->res;
}

int zpcifd_sync(struct zpcifd_ring *r, const struct zpcifd_sqe *sqe,
		struct zpcifd_cqe *cqe)
{
	memset(cqe, 0, sizeof(*cqe));
	cqe->res = run(r, sqe, cqe);
	return cqe->res;
}

int zpcifd_load(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
		uint32_t len, uint64_t *value)
{
	struct zpcifd_sqe sqe;
	struct zpcifd_cqe cqe;

	zpcifd_prep_load(&sqe, as, offset, len);
	zpcifd_sync(r, &sqe, &cqe);
	*value = cqe.data;
	return cqe.res;
}

int zpcifd_store(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
		 uint32_t len, uint64_t value)
{
	struct zpcifd_sqe sqe;
	struct zpcifd_cqe cqe;

	zpcifd_prep_store(&sqe, as, offset, len, value);
	return zpcifd_sync(r, &sqe, &cqe);
}

/* Where in the data area the bytes are, after copying them there if need be */
static int place(struct zpcifd_ring *r, const void *buf, uint32_t len,
		 uint64_t *payload)
{
	uintptr_t start = (uintptr_t)r->data;
	uintptr_t addr = (uintptr_t)buf;
	uint32_t area = r->layout.data_len;

	if (!area)
		return -EINVAL;
	if (addr >= start && addr - start < area && len <= area - (addr - start)) {
		*payload = addr - start;
		return 0;
	}
	if (len > ZPCIFD_PAGE)
		return -EINVAL;
	*payload = area - ZPCIFD_PAGE;
	memcpy((char *)r->data + *payload, buf, len);
	return 0;
}

int zpcifd_block(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
		 const void *buf, uint32_t len)
{
	struct zpcifd_sqe sqe;
	struct zpcifd_cqe cqe;
	uint64_t payload;
	int err;

	err = place(r, buf, len, &payload);
	if (err)
		return err;
	zpcifd_prep_block(&sqe, as, offset, len, payload);
	return zpcifd_sync(r, &sqe, &cqe);
}
