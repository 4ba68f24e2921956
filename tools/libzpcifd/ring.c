// SPDX-License-Identifier: MIT
/*
 * Rings: created, mapped, submitted
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib.h"

static_assert(sizeof(struct zpcifd_ring_header) == 512, "ABI");
static_assert(offsetof(struct zpcifd_ring_header, sq_tail) == 256, "ABI");
static_assert(sizeof(struct zpcifd_sqe) == 32, "ABI");
static_assert(sizeof(struct zpcifd_cqe) == 32, "ABI");

static int is_power_of_2(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Does [offset, offset + len) lie in the mapping, behind the header? */
static int is_inside(const struct zpcifd_ring_create *l, uint32_t offset,
		     uint64_t len)
{
	return offset >= sizeof(struct zpcifd_ring_header) &&
	       offset + len <= l->out_mmap_len;
}

/**
 * __zpcifd_check_layout - Is a ring's layout possible?
 * @l: The layout, maybe another process's
 *
 * Return: 0 or -EINVAL
 */
int __zpcifd_check_layout(const struct zpcifd_ring_create *l)
{
	if (!is_power_of_2(l->sq_entries) || !is_power_of_2(l->cq_entries) ||
	    l->out_sq_offset % sizeof(struct zpcifd_sqe) ||
	    l->out_cq_offset % sizeof(struct zpcifd_cqe) ||
	    !is_inside(l, l->out_sq_offset,
		       (uint64_t)l->sq_entries * sizeof(struct zpcifd_sqe)) ||
	    !is_inside(l, l->out_cq_offset,
		       (uint64_t)l->cq_entries * sizeof(struct zpcifd_cqe)))
		return -EINVAL;
	if (l->data_len && (l->out_data_offset % ZPCIFD_PAGE ||
			    l->data_len % ZPCIFD_PAGE ||
			    !is_inside(l, l->out_data_offset, l->data_len)))
		return -EINVAL;
	return 0;
}

static void set_none(struct zpcifd_ring *r)
{
	*r = (struct zpcifd_ring) { .fd = -1 };
}

int zpcifd_ring_from_fd(struct zpcifd_ring *r, int fd,
			const struct zpcifd_ring_create *layout)
{
	struct zpcifd_ring_create l = *layout;
	char *map;

	set_none(r);
	if (__zpcifd_check_layout(&l))
		return __zpcifd_fail(NULL, "ring", "use", -EINVAL,
				     "the layout is not that of a ring");
	map = mmap(NULL, l.out_mmap_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (map == MAP_FAILED)
		return __zpcifd_fail(NULL, "ring", "map", -errno, NULL);
	r->hdr = (void *)map;
	r->sqes = (void *)(map + l.out_sq_offset);
	r->cqes = (void *)(map + l.out_cq_offset);
	r->data = l.data_len ? map + l.out_data_offset : NULL;
	r->sq_entries = l.sq_entries;
	r->cq_entries = l.cq_entries;
	r->sq_mask = l.sq_entries - 1;
	r->cq_mask = l.cq_entries - 1;
	r->fd = fd;
	r->layout = l;
	r->sq_tail = r->hdr->sq_tail;
	r->cq_head = r->hdr->cq_head;
	r->sq_head = __atomic_load_n(&r->hdr->sq_head, __ATOMIC_ACQUIRE);
	r->cq_tail = __atomic_load_n(&r->hdr->cq_tail, __ATOMIC_ACQUIRE);
	return 0;
}

static int fail_create(struct zpcifd *f, int err)
{
	const struct zpcifd_info *i = &f->info;

	switch (err) {
	case -EINVAL:
		return __zpcifd_fail(f, f->name, "create a ring", err,
				     "queues are powers of two up to %u and %u entries, the completion queue not the shorter one; the data area is whole 4 KiB pages up to %u bytes",
				     i->out_max_sq_entries, i->out_max_cq_entries,
				     i->out_max_data_len);
	case -ENOTCONN:
		return __zpcifd_fail(f, f->name, "create a ring", err,
				     "bind the function first");
	case -ENODEV:
		return __zpcifd_fail(f, f->name, "create a ring", err,
				     "the function is gone");
	default:
		return __zpcifd_fail(f, f->name, "create a ring", err, NULL);
	}
}

int zpcifd_ring_setup(struct zpcifd *f, struct zpcifd_ring *r,
		      const struct zpcifd_ring_create *want)
{
	struct zpcifd_ring_create create = *want;
	int err;

	create.size = sizeof(create);
	if (!create.cq_entries)
		create.cq_entries = create.sq_entries;
	set_none(r);
	if (ioctl(f->fd, ZPCIFD_RING_CREATE, &create))
		return fail_create(f, -errno);
	err = zpcifd_ring_from_fd(r, create.out_fd, &create);
	if (err) {
		close(create.out_fd);
		return __zpcifd_fail(f, f->name, "map a ring", err, NULL);
	}
	return 0;
}

int zpcifd_ring_create(struct zpcifd *f, struct zpcifd_ring *r,
		       uint32_t sq_entries, uint32_t cq_entries,
		       uint32_t data_len)
{
	struct zpcifd_ring_create want = {
		.sq_entries = sq_entries,
		.cq_entries = cq_entries,
		.data_len = data_len,
	};

	return zpcifd_ring_setup(f, r, &want);
}

void zpcifd_ring_destroy(struct zpcifd_ring *r)
{
	if (r->fd < 0)
		return;
	munmap(r->hdr, r->layout.out_mmap_len);
	close(r->fd);
	set_none(r);
}

int zpcifd_ring_enter(const struct zpcifd_ring *r, uint32_t count)
{
	int n = ioctl(r->fd, ZPCIFD_RING_ENTER, (unsigned long)count);

	return n < 0 ? -errno : n;
}

/* Hands descriptors to the ring's thread */
static int submit_sqpoll(struct zpcifd_ring *r)
{
	uint32_t start = r->hdr->sq_tail;
	int n;

	__atomic_store_n(&r->hdr->sq_tail, r->sq_tail, __ATOMIC_RELEASE);
	/* The thread looks for descriptors after it has set the flag */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->hdr->flags, __ATOMIC_RELAXED) & ZPCIFD_RING_NEED_WAKEUP) {
		n = __zpcifd_ring_enter(r, 0);
		if (n < 0)
			return n;
	}
	return r->sq_tail - start;
}

/*
 * The kernel took fewer than asked for, or none: goes on until it says why.
 * @n is what it returned.
 */
static int submit_rest(struct zpcifd_ring *r, int n)
{
	uint32_t start = r->sq_head;

	while (n > 0) {
		r->sq_head += n;
		if (r->sq_head == r->sq_tail)
			break;
		n = __zpcifd_ring_enter(r, r->sq_tail - r->sq_head);
	}
	return r->sq_head != start ? (int)(r->sq_head - start) : n;
}

int zpcifd_ring_submit(struct zpcifd_ring *r)
{
	uint32_t tail = r->sq_tail, pending = tail - r->sq_head;
	int n;

	if (r->layout.flags & ZPCIFD_RING_SQPOLL)
		return submit_sqpoll(r);

	__atomic_store_n(&r->hdr->sq_tail, tail, __ATOMIC_RELEASE);
	if (!pending)
		return 0;
	n = __zpcifd_ring_enter(r, pending);
	if ((uint32_t)n != pending)
		return submit_rest(r, n);
	r->sq_head = tail;
	return n;
}
