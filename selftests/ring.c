// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: their memory, mmap, poll, submission, and everything that user space
 * may do to the counters. What descriptors do is in descriptor.c and chain.c.
 */
#include <poll.h>

#include "submit.h"

#define ENTRIES 8
#define JUNK 0xdeadbeefU

FIXTURE(ring)
{
	struct function f;
	struct ring r;
};

SUBMISSION_VARIANTS(ring);

FIXTURE_SETUP(ring)
{
	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	ring_open(_metadata, self->f.fd, &self->r, ENTRIES, ENTRIES, TEST_PAGE);
}

FIXTURE_TEARDOWN(ring)
{
	ring_close(&self->r);
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

/* What does not depend on how descriptors are submitted */
FIXTURE(plain)
{
	struct function f;
	struct ring r;
};

FIXTURE_SETUP(plain)
{
	function_open_bound(_metadata, &self->f);
	ring_open(_metadata, self->f.fd, &self->r, ENTRIES, ENTRIES, TEST_PAGE);
}

FIXTURE_TEARDOWN(plain)
{
	ring_close(&self->r);
	function_close(&self->f);
}

static short ring_events(const struct ring *r)
{
	struct pollfd pfd = { .fd = r->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

TEST_F(plain, the_layout_is_the_same_everywhere_and_its_parts_do_not_overlap)
{
	const __u32 sizes[][3] = {
		{ 1, 1, 0 }, { 1, 8, TEST_PAGE }, { 64, 64, TEST_PAGE }, { 256, 512, 65536 },
	};
	struct zpcifd_ring_create layout;
	unsigned int i;

	EXPECT_EQ(512, sizeof(struct zpcifd_ring_header));
	EXPECT_EQ(0, offsetof(struct zpcifd_ring_header, sq_head));
	EXPECT_EQ(4, offsetof(struct zpcifd_ring_header, cq_tail));
	EXPECT_EQ(256, offsetof(struct zpcifd_ring_header, sq_tail));
	EXPECT_EQ(260, offsetof(struct zpcifd_ring_header, cq_head));
	EXPECT_EQ(32, sizeof(struct zpcifd_sqe));
	EXPECT_EQ(32, sizeof(struct zpcifd_cqe));

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		ASSERT_EQ(0, ring_create(self->f.fd, sizes[i][0], sizes[i][1], sizes[i][2],
					 &layout));
		EXPECT_EQ(sizeof(struct zpcifd_ring_header), layout.out_sq_offset);
		EXPECT_EQ(layout.out_sq_offset + sizes[i][0] * sizeof(struct zpcifd_sqe),
			  layout.out_cq_offset);
		EXPECT_LE(layout.out_cq_offset + sizes[i][1] * sizeof(struct zpcifd_cqe),
			  layout.out_data_offset);
		EXPECT_EQ(0, layout.out_data_offset % TEST_PAGE);
		EXPECT_LE(layout.out_data_offset + sizes[i][2], layout.out_mmap_len);
		EXPECT_EQ(0, layout.out_mmap_len % sysconf(_SC_PAGESIZE));
		close(layout.out_fd);
	}
}

TEST_F(ring, a_new_ring_is_all_zeros)
{
	const __u8 *byte = self->r.map;
	__u32 i, flags;

	/* A thread may sleep already */
	flags = self->r.header->flags;
	EXPECT_TRUE(!flags || (ring_holds(&self->r) && flags == ZPCIFD_RING_NEED_WAKEUP));
	for (i = 0; i < self->r.layout.out_mmap_len; i++)
		if (i / sizeof(flags) !=
		    offsetof(struct zpcifd_ring_header, flags) / sizeof(flags))
			ASSERT_EQ(0, byte[i]);
}

TEST_F(plain, mmap_takes_the_whole_ring_shared_and_nothing_else)
{
	const struct zpcifd_ring_create *layout = &self->r.layout;
	const long page = sysconf(_SC_PAGESIZE);
	const struct {
		size_t len;
		int prot;
		int flags;
		off_t offset;
		int error;
	} bad[] = {
		{ layout->out_mmap_len, PROT_READ | PROT_WRITE, MAP_SHARED, page, EINVAL },
		{ layout->out_mmap_len - page, PROT_READ | PROT_WRITE, MAP_SHARED, page, EINVAL },
		{ layout->out_mmap_len - page, PROT_READ | PROT_WRITE, MAP_SHARED, 0, EINVAL },
		{ layout->out_mmap_len + page, PROT_READ | PROT_WRITE, MAP_SHARED, 0, EINVAL },
		{ layout->out_mmap_len, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, EINVAL },
		{ layout->out_mmap_len, PROT_READ, MAP_PRIVATE, 0, EINVAL },
		{ layout->out_mmap_len, PROT_READ | PROT_EXEC, MAP_SHARED, 0, EPERM },
		{ layout->out_mmap_len, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, 0, EPERM },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		errno = 0;
		EXPECT_EQ(MAP_FAILED, mmap(NULL, bad[i].len, bad[i].prot, bad[i].flags,
					   self->r.fd, bad[i].offset));
		EXPECT_EQ(bad[i].error, errno) {
			TH_LOG("case %u", i);
		}
	}
}

TEST_F(plain, a_mapping_can_be_made_neither_executable_nor_larger)
{
	const size_t len = self->r.layout.out_mmap_len;

	EXPECT_EQ(-1, mprotect(self->r.map, len, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mremap(self->r.map, len, len + sysconf(_SC_PAGESIZE),
				     MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(ring, rings_work_from_the_smallest_to_the_largest_one)
{
	const struct zpcifd_info *info = &self->f.info;
	const struct {
		__u32 sq, cq, data;
	} good[] = {
		{ 1, 0, 0 },
		{ 1, 1, 0 },
		{ 1, info->out_max_cq_entries, TEST_PAGE },
		{ info->out_max_sq_entries, 0, 0 },
		{ info->out_max_sq_entries, info->out_max_cq_entries,
		  info->out_max_data_len },
	};
	struct zpcifd_cqe cqe;
	struct ring ring;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(good); i++) {
		ring_open(_metadata, self->f.fd, &ring, good[i].sq, good[i].cq, good[i].data);
		EXPECT_EQ(good[i].cq ?: good[i].sq, ring.layout.cq_entries);
		cqe = ring_run(_metadata, &ring, sqe_id());
		EXPECT_EQ(0, cqe.res);
		ring_close(&ring);
	}
}

TEST_F(ring, a_mapping_outlives_the_ring_and_its_function)
{
	struct ring r;

	ring_open(_metadata, self->f.fd, &r, 4, 4, TEST_PAGE);
	if (r.submission)
		r.submission->close(&r);
	close(r.fd);
	memset(r.map, 0xff, r.layout.out_mmap_len);
	close(self->f.fd);
	memset(r.map, 0xaa, r.layout.out_mmap_len);
	munmap(r.map, r.layout.out_mmap_len);

	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

TEST_F(ring, a_submission_takes_no_more_than_it_is_told_and_no_more_than_there_is)
{
	struct zpcifd_cqe cqe;
	unsigned int i;

	EXPECT_EQ(0, ring_enter(&self->r, 0));
	EXPECT_EQ(0, ring_enter(&self->r, 1));
	EXPECT_EQ(0, ring_enter(&self->r, INT_MAX));
	for (i = 0; i < 6; i++)
		ring_push(&self->r, sqe_user(sqe_id(), i));
	EXPECT_EQ(0, ring_enter(&self->r, 0));
	EXPECT_EQ(0, ring_ready(&self->r));
	EXPECT_EQ(2, ring_enter(&self->r, 2));
	EXPECT_EQ(2, ring_ready(&self->r));
	EXPECT_EQ(2, self->r.header->sq_head);
	EXPECT_EQ(4, ring_enter(&self->r, INT_MAX));
	for (i = 0; i < 6; i++) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(0, cqe.res);
	}
	EXPECT_FALSE(ring_pop(&self->r, &cqe));
}

/* Of a ring with a thread as well, though its descriptors are none of the caller's */
TEST_F(ring, a_count_above_INT_MAX_gives_EINVAL_and_takes_nothing)
{
	const unsigned long counts[] = { 0x80000000UL, 0xffffffffUL, 1UL << 32, ~0UL };
	unsigned int i;

	ring_push(&self->r, sqe_id());
	for (i = 0; i < ARRAY_LEN(counts); i++)
		EXPECT_EQ(-EINVAL, call(self->r.fd, ZPCIFD_RING_ENTER, (void *)counts[i]));
	/* A request's count has 32 bits */
	for (i = 0; i < 2 && variant->submission == &submit_uring; i++)
		EXPECT_EQ(-EINVAL, ring_enter(&self->r, counts[i]));
	EXPECT_EQ(0, self->r.header->sq_head);
	EXPECT_EQ(1, ring_enter(&self->r, 1));
}

TEST_F(plain, an_io_uring_request_that_is_not_known_fails_and_takes_nothing)
{
	const struct {
		__u32 cmd_op;
		struct zpcifd_uring_enter enter;
		int error;
	} bad[] = {
		{ ZPCIFD_RING_ENTER, { .count = 1, .__reserved = 1 }, EINVAL },
		{ ZPCIFD_RING_ENTER, { .count = 1, .__reserved = 0x80000000 }, EINVAL },
		{ ZPCIFD_RING_CREATE, { .count = 1 }, ENOTTY },
		{ ZPCIFD_INFO, { .count = 1 }, ENOTTY },
		{ 0, { .count = 1 }, ENOTTY },
		{ ~0U, { .count = 1 }, ENOTTY },
	};
	unsigned int i;
	struct ring r;

	ring_submission = &submit_uring;
	ring_open(_metadata, self->f.fd, &r, 1, 1, 0);
	ring_push(&r, sqe_id());
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		ASSERT_EQ(0, submit_uring_request(&r, bad[i].cmd_op, bad[i].enter));
		EXPECT_EQ(-bad[i].error, submit_uring_take(r.private)) {
			TH_LOG("request %u", i);
		}
	}
	EXPECT_EQ(0, r.header->sq_head);
	EXPECT_EQ(1, ring_enter(&r, 1));
	ring_close(&r);
}

/*
 * What submission gives when a counter makes no sense: a thread has nobody to tell,
 * and sleeps
 */
static int junk_result(const struct ring *r)
{
	return ring_holds(r) ? 0 : -EINVAL;
}

TEST_F(ring, junk_in_sq_tail_takes_nothing_until_it_is_mended)
{
	struct zpcifd_ring_header *header = self->r.header;
	struct zpcifd_cqe cqe;
	__u32 head, i, j;

	/* Wherever the counters are */
	for (i = 0; i < ENTRIES + 2; i++) {
		const __u32 junk[] = {
			header->sq_head - 1, header->sq_head + ENTRIES + 1,
			header->sq_head + 0x80000000, header->sq_head - ENTRIES, JUNK,
		};

		head = header->sq_head;
		for (j = 0; j < ARRAY_LEN(junk); j++) {
			header->sq_tail = junk[j];
			EXPECT_EQ(junk_result(&self->r), ring_enter(&self->r, ENTRIES));
			EXPECT_EQ(head, header->sq_head);
			EXPECT_EQ(0, ring_ready(&self->r));
		}
		header->sq_tail = head;
		cqe = ring_run(_metadata, &self->r, sqe_id());
		EXPECT_EQ(0, cqe.res);
	}
}

TEST_F(ring, junk_in_cq_head_takes_nothing_until_it_is_mended)
{
	struct zpcifd_ring_header *header = self->r.header;
	struct zpcifd_cqe cqe;
	__u32 tail, i, j;

	for (i = 0; i < ENTRIES + 2; i++) {
		const __u32 junk[] = {
			header->cq_tail + 1, header->cq_tail - ENTRIES - 1,
			header->cq_tail + 0x80000000, JUNK,
		};

		tail = header->cq_tail;
		ring_push(&self->r, sqe_user(sqe_id(), i));
		for (j = 0; j < ARRAY_LEN(junk); j++) {
			header->cq_head = junk[j];
			EXPECT_EQ(junk_result(&self->r), ring_enter(&self->r, 1));
			EXPECT_EQ(tail, header->cq_tail);
			EXPECT_EQ(i, header->sq_head);
		}
		header->cq_head = tail;
		EXPECT_EQ(1, ring_enter(&self->r, 1));
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(i, cqe.user_data);
	}
}

/* The same value again, with nothing else that has changed */
TEST_F(ring, a_tail_that_was_junk_once_is_taken_when_it_is_right)
{
	struct zpcifd_ring_header *header = self->r.header;
	unsigned int i;

	header->sq_tail = ENTRIES + 1;
	EXPECT_EQ(junk_result(&self->r), ring_enter(&self->r, ENTRIES));
	header->sq_tail = 0;
	for (i = 0; i < ENTRIES; i++)
		ring_push(&self->r, sqe_flags(sqe_id(), ZPCIFD_SQE_SKIP_SUCCESS));
	EXPECT_EQ(ENTRIES, ring_enter(&self->r, ENTRIES));
	ring_push(&self->r, sqe_id());
	EXPECT_EQ(ENTRIES + 1, ring_tail(&self->r));
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	EXPECT_EQ(1, ring_ready(&self->r));
}

TEST_F(ring, what_user_space_writes_to_the_kernel_counters_does_not_matter)
{
	struct zpcifd_ring_header *header = self->r.header;
	struct zpcifd_cqe cqe;
	__u32 i;

	for (i = 0; i < ENTRIES + 2; i++) {
		memset(header, 0xa5, offsetof(struct zpcifd_ring_header, sq_tail));
		memset(header->__reserved2, 0x5a, sizeof(header->__reserved2));
		ring_push(&self->r, sqe_user(sqe_id(), i));
		EXPECT_EQ(1, ring_enter(&self->r, 1));
		EXPECT_EQ(i + 1, header->sq_head);
		EXPECT_EQ(i + 1, header->cq_tail);
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(0, cqe.res);
	}
}

TEST_F(ring, a_full_completion_queue_stops_submission_and_loses_nothing)
{
	struct zpcifd_cqe cqe;
	__u64 pushed, popped = 0;

	for (pushed = 0; pushed < ENTRIES; pushed++)
		ring_push(&self->r, sqe_user(sqe_id(), pushed));
	EXPECT_EQ(ENTRIES, ring_enter(&self->r, INT_MAX));
	for (; pushed < 2 * ENTRIES; pushed++)
		ring_push(&self->r, sqe_user(sqe_id(), pushed));
	EXPECT_EQ(0, ring_enter(&self->r, INT_MAX));
	EXPECT_EQ(0, ring_enter(&self->r, 1));

	while (popped < 3) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(popped++, cqe.user_data);
	}
	EXPECT_EQ(3, ring_enter(&self->r, INT_MAX));
	EXPECT_EQ(ENTRIES, ring_ready(&self->r));
	while (ring_pop(&self->r, &cqe))
		EXPECT_EQ(popped++, cqe.user_data);
	EXPECT_EQ(ENTRIES - 3, ring_enter(&self->r, INT_MAX));
	while (ring_pop(&self->r, &cqe))
		EXPECT_EQ(popped++, cqe.user_data);
	EXPECT_EQ(pushed, popped);
}

TEST_F(ring, descriptors_complete_in_order_through_many_wraps)
{
	const __u32 sizes[][2] = { { 1, 1 }, { 1, 4 }, { 2, 2 }, { 4, 16 }, { 64, 128 } };
	struct zpcifd_cqe cqe;
	__u32 i, room, batch;
	struct ring r;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		__u64 pushed = 0, popped = 0;

		ring_open(_metadata, self->f.fd, &r, sizes[i][0], sizes[i][1], 0);
		while (popped < 8 * sizes[i][1]) {
			/* Batches of every length, queues from empty to full */
			room = sizes[i][0] - (__u32)(pushed - r.header->sq_head);
			for (batch = pushed % 5 + 1; batch && room; batch--, room--) {
				ring_push(&r, sqe_user(sqe_id(), pushed));
				pushed++;
			}
			ASSERT_EQ(0, ring_start(&r, pushed % 7 + 1));
			for (batch = popped % 3 + 1; batch && ring_pop(&r, &cqe); batch--) {
				ASSERT_EQ(popped, cqe.user_data);
				ASSERT_EQ(0, cqe.res);
				popped++;
			}
			sched_yield();
		}
		EXPECT_EQ(0, ring_finish(&r));
		ring_close(&r);
	}
}

TEST_F(ring, user_data_comes_back_as_it_was)
{
	const __u64 values[] = { 0, 1, 0x8000000000000000, 0xffffffffffffffff, 0x0102030405060708 };
	struct zpcifd_cqe cqe;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		ring_push(&self->r, sqe_user(sqe_id(), values[i]));
		ring_push(&self->r, sqe_user(sqe_refused(), values[i]));
		EXPECT_EQ(2, ring_enter(&self->r, 2));
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(values[i], cqe.user_data);
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(values[i], cqe.user_data);
	}
}

TEST_F(ring, poll_tells_of_completions_and_of_room)
{
	struct zpcifd_cqe cqe;
	unsigned int i;

	EXPECT_EQ(POLLOUT, ring_events(&self->r));
	for (i = 0; i < ENTRIES; i++)
		ring_push(&self->r, sqe_id());
	/* A thread is shown them later */
	EXPECT_EQ(ring_holds(&self->r) ? POLLOUT : 0, ring_events(&self->r));
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	EXPECT_EQ(POLLIN | POLLOUT, ring_events(&self->r));
	ASSERT_TRUE(ring_pop(&self->r, &cqe));
	EXPECT_EQ(POLLOUT, ring_events(&self->r));
	EXPECT_EQ(ENTRIES - 1, ring_enter(&self->r, INT_MAX));
	/* Both queues full, and full of what waits for room */
	ring_push(&self->r, sqe_id());
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	for (i = 0; i < ENTRIES; i++)
		ring_push(&self->r, sqe_id());
	EXPECT_EQ(0, ring_enter(&self->r, INT_MAX));
	EXPECT_EQ(POLLIN, ring_events(&self->r));
	ASSERT_TRUE(ring_pop(&self->r, &cqe));
	EXPECT_EQ(1, ring_enter(&self->r, INT_MAX));
	EXPECT_EQ(POLLIN | POLLOUT, ring_events(&self->r));
	while (ring_pop(&self->r, &cqe))
		;
	EXPECT_EQ(ENTRIES - 1, ring_enter(&self->r, INT_MAX));
	while (ring_pop(&self->r, &cqe))
		;
	EXPECT_EQ(POLLOUT, ring_events(&self->r));
}

TEST_F(ring, two_rings_of_a_function_do_not_disturb_each_other)
{
	struct zpcifd_cqe cqe;
	struct ring other;
	unsigned int i;

	ring_open(_metadata, self->f.fd, &other, 2, 2, 0);
	/* One full, one with junk */
	for (i = 0; i < ENTRIES; i++)
		ring_push(&self->r, sqe_user(sqe_id(), i));
	EXPECT_EQ(ENTRIES, ring_enter(&self->r, INT_MAX));
	self->r.header->sq_tail = JUNK;
	for (i = 0; i < 10; i++) {
		cqe = ring_run(_metadata, &other, sqe_id());
		EXPECT_EQ(0, cqe.res);
	}
	EXPECT_EQ(junk_result(&self->r), ring_enter(&self->r, 1));
	for (i = 0; i < ENTRIES; i++) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(i, cqe.user_data);
	}
	ring_close(&other);
}

TEST_F(ring, a_ring_gives_ENODEV_and_hangs_up_after_its_owner_was_closed)
{
	struct zpcifd_cqe cqe;

	ring_push(&self->r, sqe_user(sqe_id(), 7));
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	ring_push(&self->r, sqe_id());
	close(self->f.fd);

	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 1));
	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 0));
	EXPECT_NE(0, ring_events(&self->r) & POLLHUP);
	/* What completed before can still be read */
	ASSERT_TRUE(ring_pop(&self->r, &cqe));
	EXPECT_EQ(7, cqe.user_data);
	EXPECT_FALSE(ring_pop(&self->r, &cqe));

	/* The next owner does not bring it back */
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 1));
	EXPECT_NE(0, ring_events(&self->r) & POLLHUP);
}

TEST_HARNESS_MAIN
