// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of a ring: every wrap, full queues, and junk from user space
 */
#include "fake.h"

static const struct index_start {
	const char *name;
	u32 sq_entries;
	u32 cq_entries;
	u32 sq;
	u32 cq;
} index_starts[] = {
	{ "from 0", 8, 8, 0, 0 },
	{ "one entry, from 0", 1, 1, 0, 0 },
	{ "one entry, across 2^32", 1, 1, U32_MAX, U32_MAX },
	{ "one entry submitted, two completed", 1, 2, U32_MAX - 1, U32_MAX },
	{ "from the last entry", 8, 8, 7, 7 },
	{ "both queues across 2^32 in step", 8, 8, U32_MAX - 3, U32_MAX - 3 },
	{ "both queues across 2^32, not in step", 4, 16, U32_MAX - 1, U32_MAX - 12 },
	{ "the submission queue across 2^32", 8, 16, U32_MAX - 4, 5 },
	{ "the completion queue across 2^32", 8, 16, 3, U32_MAX - 9 },
	{ "both queues across 2^31", 4, 8, S32_MAX - 1, S32_MAX - 2 },
};

KUNIT_ARRAY_PARAM_DESC(index_starts, index_starts, name);

struct index_fixture {
	const struct index_start *start;
	struct zpcifd_fake *fake;
	struct zpcifd_ring *ring;
};

static struct index_fixture index_fixture(struct kunit *test)
{
	struct index_fixture f = { .start = test->param_value };

	f.fake = zpcifd_fake_create(test);
	f.ring = zpcifd_fake_ring(test, f.fake, f.start->sq_entries,
				  f.start->cq_entries, 0);
	zpcifd_fake_set_counters(f.ring, f.start->sq, f.start->cq);
	return f;
}

static void every_batch_runs_in_ring_order(struct kunit *test)
{
	struct index_fixture f = index_fixture(test);
	u32 batch, round, i, submitted = 0, completed = 0;

	for (batch = 1; batch <= f.start->sq_entries; batch++) {
		for (round = 0; round <= 2 * f.start->cq_entries / batch; round++) {
			zpcifd_fake_submit_loads(f.ring, submitted, batch, 0);
			submitted += batch;
			KUNIT_ASSERT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), batch);
			for (i = 0; i < batch; i++)
				zpcifd_fake_expect(test, f.ring, completed++, 0);
			zpcifd_fake_expect_none(test, f.ring);
		}
	}
	KUNIT_EXPECT_EQ(test, f.fake->issued, submitted);
	for (i = 0; i < min_t(u32, submitted, ZPCIFD_FAKE_LOG); i++)
		KUNIT_EXPECT_EQ(test, f.fake->log[i].offset, 8 * i);
}

static void a_completion_goes_into_its_slot_and_nowhere_else(struct kunit *test)
{
	struct index_fixture f = index_fixture(test);
	struct zpcifd_ring_header *expected =
		kunit_kzalloc(test, f.ring->mmap_len, GFP_KERNEL);
	struct zpcifd_cqe *cqes;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, expected);
	cqes = (void *)expected + ((void *)f.ring->cqes - (void *)f.ring->header);
	for (i = 0; i < 3 * f.start->cq_entries; i++) {
		f.fake->rest.data = 0x1122334455667788 + i;
		zpcifd_fake_submit_loads(f.ring, i, 1, 0);
		memcpy(expected, f.ring->header, f.ring->mmap_len);
		expected->sq_head++;
		cqes[expected->cq_tail++ % f.start->cq_entries] = (struct zpcifd_cqe){
			.user_data = i,
			.data = f.fake->rest.data,
			.flags = ZPCIFD_CQE_ISSUED,
		};

		KUNIT_ASSERT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
		KUNIT_ASSERT_MEMEQ(test, expected, f.ring->header, f.ring->mmap_len);
		zpcifd_fake_expect(test, f.ring, i, 0);
	}
}

static void a_full_completion_queue_stops_and_loses_nothing(struct kunit *test)
{
	struct index_fixture f = index_fixture(test);
	u32 submitted, completed = 0;

	for (submitted = 0; submitted < f.start->cq_entries; submitted++) {
		zpcifd_fake_submit_loads(f.ring, submitted, 1, 0);
		KUNIT_ASSERT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
	}

	zpcifd_fake_submit_loads(f.ring, submitted, f.start->sq_entries, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 0);
	KUNIT_EXPECT_EQ(test, f.fake->issued, submitted);

	/* One slot free, one descriptor taken */
	for (; submitted < f.start->cq_entries + f.start->sq_entries; submitted++) {
		zpcifd_fake_expect(test, f.ring, completed++, 0);
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 1);
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 0);
		KUNIT_EXPECT_EQ(test, f.fake->issued, submitted + 1);
	}
	while (completed < submitted)
		zpcifd_fake_expect(test, f.ring, completed++, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

static void enter_takes_no_more_than_asked_for_or_there(struct kunit *test)
{
	struct index_fixture f = index_fixture(test);
	u32 entries = f.start->sq_entries, completed = 0;

	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 0);
	zpcifd_fake_submit_loads(f.ring, 0, entries, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 0), 0);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, entries - 1), entries - 1);
	KUNIT_EXPECT_EQ(test, f.fake->issued, entries - 1);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, entries), 1);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 0);
	while (completed < entries)
		zpcifd_fake_expect(test, f.ring, completed++, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

/* Junk in the counters of user space, for queues of 8 and 16 entries */
static const struct index_junk {
	const char *name;
	u32 sq_ahead;
	u32 cq_behind;
	int taken;
} index_junk[] = {
	{ "nothing submitted", 0, 0, 0 },
	{ "the submission queue is full", 8, 0, 8 },
	{ "one more than the submission queue", 9, 0, -EINVAL },
	{ "sq_tail goes back by one", -1U, 0, -EINVAL },
	{ "sq_tail 2^31 ahead", 1U << 31, 0, -EINVAL },
	{ "one descriptor", 1, 0, 1 },
	{ "one completion waits", 8, 1, 8 },
	{ "room for one completion", 8, 15, 1 },
	{ "the completion queue is full", 8, 16, 0 },
	{ "one more than the completion queue", 8, 17, -EINVAL },
	{ "one descriptor, room for one completion", 1, 15, 1 },
	{ "one descriptor, the completion queue is full", 1, 16, 0 },
	{ "one descriptor, one more than the completion queue", 1, 17, -EINVAL },
	{ "one descriptor, cq_head before cq_tail by one", 1, -1U, -EINVAL },
	{ "cq_head before cq_tail by one", 8, -1U, -EINVAL },
	{ "cq_head 2^31 behind", 8, 1U << 31, -EINVAL },
	{ "both are junk", 0x12345678, 0x87654321, -EINVAL },
	{ "cq_head is junk, nothing submitted", 0, 17, -EINVAL },
};

/* Enters for @count descriptors at most */
static void index_check_junk(struct kunit *test, const struct index_junk *row,
			     int count, u32 sq, u32 cq)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_ring *ring = zpcifd_fake_ring(test, fake, 8, 16, 0);
	int taken = min(row->taken, count);
	u32 issued = max(taken, 0);

	zpcifd_fake_set_counters(ring, sq, cq);
	zpcifd_fake_submit_loads(ring, 0, 8, 0);
	ring->header->sq_tail = sq + row->sq_ahead;
	ring->header->cq_head = cq - row->cq_behind;

	KUNIT_EXPECT_EQ_MSG(test, zpcifd_fake_enter(ring, count), taken, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, fake->issued, issued, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, ring->header->sq_head, sq + issued, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, ring->header->cq_tail, cq + issued, "%s", row->name);

	/* Put right, the ring works on */
	ring->header->sq_tail = sq + 8;
	ring->header->cq_head = cq;
	KUNIT_EXPECT_EQ_MSG(test, zpcifd_fake_enter(ring, INT_MAX), 8 - issued, "%s", row->name);
	for (issued = 0; issued < 8; issued++)
		zpcifd_fake_expect(test, ring, issued, 0);
}

static void junk_in_the_counters_is_refused_with_nothing_taken(struct kunit *test)
{
	static const u32 starts[] = { 0, 5, S32_MAX, U32_MAX - 3 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(index_junk); i++) {
		for (j = 0; j < ARRAY_SIZE(starts); j++) {
			u32 cq = starts[ARRAY_SIZE(starts) - 1 - j];

			index_check_junk(test, &index_junk[i], 1, starts[j], cq);
			index_check_junk(test, &index_junk[i], INT_MAX, starts[j], cq);
		}
	}
}

static void junk_in_the_counters_of_the_kernel_is_not_believed(struct kunit *test)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_ring *ring = zpcifd_fake_ring(test, fake, 8, 8, 0);
	u32 i;

	for (i = 0; i < 20; i++) {
		zpcifd_fake_submit_loads(ring, i, 1, 0);
		ring->header->sq_head = i * 0x01234567 - 1;
		ring->header->cq_tail = i * 0x89abcdef + 9;
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, 1), 1);
		KUNIT_EXPECT_EQ(test, ring->header->sq_head, i + 1);
		KUNIT_EXPECT_EQ(test, ring->header->cq_tail, i + 1);
		zpcifd_fake_expect(test, ring, i, 0);
	}
}

static void index_move_tail(struct zpcifd_fake *fake, unsigned int n)
{
	struct zpcifd_ring *ring = fake->priv;

	ring->header->sq_tail = ring->sq_head + 8;
}

static void sq_tail_is_read_once_for_a_submission(struct kunit *test)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_ring *ring = zpcifd_fake_ring(test, fake, 8, 8, 0);

	zpcifd_fake_submit_loads(ring, 0, 8, 0);
	ring->header->sq_tail = 3;
	fake->priv = ring;
	fake->on_issue = index_move_tail;
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), 3);
	KUNIT_EXPECT_EQ(test, fake->issued, 3);
}

static void index_move_head(struct zpcifd_fake *fake, unsigned int n)
{
	struct zpcifd_ring *ring = fake->priv;

	ring->header->cq_head = ring->cq_tail;
}

static void cq_head_is_read_once_for_a_submission(struct kunit *test)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_ring *ring = zpcifd_fake_ring(test, fake, 8, 8, 0);

	zpcifd_fake_submit_loads(ring, 0, 6, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), 6);
	zpcifd_fake_submit_loads(ring, 6, 8, 0);
	fake->priv = ring;
	fake->on_issue = index_move_head;
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), 2);
	KUNIT_EXPECT_EQ(test, fake->issued, 8);
}

static struct kunit_case index_cases[] = {
	KUNIT_CASE_PARAM(every_batch_runs_in_ring_order, index_starts_gen_params),
	KUNIT_CASE_PARAM(a_completion_goes_into_its_slot_and_nowhere_else,
			 index_starts_gen_params),
	KUNIT_CASE_PARAM(a_full_completion_queue_stops_and_loses_nothing,
			 index_starts_gen_params),
	KUNIT_CASE_PARAM(enter_takes_no_more_than_asked_for_or_there, index_starts_gen_params),
	KUNIT_CASE(junk_in_the_counters_is_refused_with_nothing_taken),
	KUNIT_CASE(junk_in_the_counters_of_the_kernel_is_not_believed),
	KUNIT_CASE(sq_tail_is_read_once_for_a_submission),
	KUNIT_CASE(cq_head_is_read_once_for_a_submission),
	{}
};

static struct kunit_suite index_suite = {
	.name = "zpcifd_index",
	.test_cases = index_cases,
};

kunit_test_suite(index_suite);
