// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail when a ring is made, mapped and used: see fail_nth.h. An
 * instruction's allocations are those of the thread that issues it.
 */
#include "fail_nth.h"
#include "submit.h"

FIXTURE(fail_nth_ring)
{
	struct failing calls;
};

SUBMISSION_VARIANTS(fail_nth_ring);

FIXTURE_SETUP(fail_nth_ring)
{
	struct failing *calls = &self->calls;
	const char *skip;

	ring_submission = variant->submission;
	skip = failing_open(_metadata, calls);
	if (skip)
		SKIP(return, "%s", skip);
	ASSERT_EQ(0, function_bind(&calls->f));
	ASSERT_EQ(0, function_attach(&calls->f, calls->f.ioas));
	ring_open(_metadata, calls->f.fd, &calls->r, 8, 8, TEST_PAGE);
}

FIXTURE_TEARDOWN(fail_nth_ring)
{
	ring_close(&self->calls.r);
	failing_close(_metadata, &self->calls);
}

static int close_file(struct failing *calls)
{
	return close(calls->file) ? -errno : 0;
}

static int create(struct failing *calls, __u32 flags, bool windows)
{
	struct zpcifd_ring_window window = {
		.len = 0x1000, .opcodes = 1 << ZPCIFD_OP_PCILG, .as = 0,
	};
	struct zpcifd_ring_create layout = {
		.size = sizeof(layout),
		.flags = flags | (ring_submission ? ring_submission->flags : 0),
		.sq_entries = 8,
		.data_len = TEST_PAGE,
		.eventfd = flags & ZPCIFD_RING_EVENTFD ? calls->eventfd : 0,
		.nr_windows = windows,
		.windows = windows ? (uintptr_t)&window : 0,
	};
	int ret = call(calls->f.fd, ZPCIFD_RING_CREATE, &layout);

	calls->file = layout.out_fd;
	return ret;
}

static int run_ring(struct failing *calls)
{
	return create(calls, 0, false);
}

static int run_ring_windows(struct failing *calls)
{
	return create(calls, 0, true);
}

static int run_ring_eventfd(struct failing *calls)
{
	return create(calls, ZPCIFD_RING_EVENTFD, true);
}

static int run_mmap(struct failing *calls)
{
	calls->mapped = (struct ring){ .fd = calls->r.fd, .layout = calls->r.layout };
	return ring_map(&calls->mapped);
}

static int undo_mmap(struct failing *calls)
{
	return munmap(calls->mapped.map, calls->r.layout.out_mmap_len) ? -errno : 0;
}

/*
 * Runs one descriptor; ENOMEM is what the simulator means by status 16. An io_uring
 * that has no memory for its request takes none.
 */
static int enter(struct failing *calls, struct zpcifd_sqe sqe, __u64 *data)
{
	struct zpcifd_cqe cqe;
	int ret;

	ring_push(&calls->r, sqe);
	ret = ring_enter(&calls->r, 1);
	if (ret < 0) {
		calls->r.header->sq_tail--;
		return ret;
	}
	if (ret != 1 || !ring_pop(&calls->r, &cqe))
		return -EPROTO;
	*data = cqe.data;
	if (cqe.res == -EIO && cqe.cc == 1 && cqe.status == 16)
		return -ENOMEM;
	return cqe.res;
}

/* A page of a BAR that nothing was stored to yet */
static int run_store(struct failing *calls)
{
	__u64 data;

	return enter(calls, sqe_store(0, TEST_SCRATCH, 8, 1), &data);
}

static int undo_store(struct failing *calls)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };

	return call(calls->f.fd, ZPCIFD_RESET, &reset);
}

/* A command of the simulator's DMA; 5, not mapped, is what it makes of ENOMEM */
static int dma(struct failing *calls, __u32 command)
{
	const struct zpcifd_sqe sqes[] = {
		sqe_store(0, 0x10, 8, IOVA), sqe_store(0, 0x18, 8, IOVA + TEST_PAGE),
		sqe_store(0, 0x20, 4, TEST_PAGE), sqe_store(0, 0x24, 4, command),
		sqe_load(0, 0x28, 4),
	};
	__u64 status = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_LEN(sqes); i++) {
		ret = enter(calls, sqes[i], &status);
		if (ret)
			return ret;
	}
	return status == 1 ? 0 : status == 5 ? -ENOMEM : -EPROTO;
}

static int run_copy(struct failing *calls)
{
	return dma(calls, 1);
}

static int run_pin(struct failing *calls)
{
	return dma(calls, 2);
}

static int undo_pin(struct failing *calls)
{
	return dma(calls, 3);
}

TEST_F_TIMEOUT(fail_nth_ring, when_it_is_made_and_mapped, SLOW)
{
	static const struct op ops[] = {
		{ "RING_CREATE", run_ring, close_file, 0, false },
		{ "RING_CREATE with windows", run_ring_windows, close_file, 0, false },
		{ "RING_CREATE with windows and eventfd", run_ring_eventfd, close_file, 0, false },
		{ "mmap", run_mmap, undo_mmap, 0, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(ops); i++)
		fail_each(_metadata, &self->calls, self->calls.nth, &ops[i]);
}

TEST_F_TIMEOUT(fail_nth_ring, when_descriptors_run, SLOW)
{
	/* EAGAIN is what an io_uring says that has no memory for a request */
	const int other = variant->submission == &submit_uring ? -EAGAIN : 0;
	const struct op ops[] = {
		{ "a store", run_store, undo_store, other, false },
		{ "a copy by DMA", run_copy, NULL, other, true },
		{ "a pin", run_pin, undo_pin, other, false },
	};
	int nth = self->calls.nth;
	char path[64];
	unsigned int i;

	if (self->calls.r.thread) {
		snprintf(path, sizeof(path), "/proc/%d/fail-nth", self->calls.r.thread);
		nth = open(path, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, nth);
	}
	for (i = 0; i < ARRAY_LEN(ops); i++)
		fail_each(_metadata, &self->calls, nth, &ops[i]);
}

TEST_HARNESS_MAIN
