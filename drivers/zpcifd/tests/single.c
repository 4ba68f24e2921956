// SPDX-License-Identifier: GPL-2.0-only
/*
 * A submission of one descriptor takes a way of its own, without a loop. It must
 * end as the same descriptor does in a batch.
 */
#include "fake.h"

#define SINGLE_DATA_LEN 8192
#define SINGLE_ENTRIES 128

static const struct zpcifd_sqe single_sqes[] = {
	{ ZPCIFD_OP_PCILG, 0, 0, 0, 8, 0x1000, { 7 }, 1 },
	{ ZPCIFD_OP_PCISTG, 0, 0, 0, 4, 0xfffc, { 0x123456789abcdef0 }, 2 },
	{ ZPCIFD_OP_PCISTB, 0, 0, 0, 128, 0x2000, { 0x1f80 }, 3 },
	{ ZPCIFD_OP_PCISTB, 0, 0, 0, 24, 0x2008, { 0x1008 }, 4 },
	{ ZPCIFD_OP_PCILG, ZPCIFD_SQE_SKIP_SUCCESS, 0, 0, 8, 0x1000, { 0 }, 5 },
	{ ZPCIFD_OP_PCILG, ZPCIFD_SQE_BUSY_RETURN, 0, 0, 8, 0x1000, { 0 }, 6 },
	{ ZPCIFD_OP_PCISTB, ZPCIFD_SQE_BUSY_RETURN, 0, 0, 16, 0, { 0 }, 7 },
	/* The long way */
	{ ZPCIFD_OP_PCILG, ZPCIFD_SQE_LINK, 0, 0, 8, 0x1000, { 0 }, 8 },
	{ ZPCIFD_OP_PCILG, 0, ZPCIFD_AS_CONFIG, 0, 4, 0, { 0 }, 9 },
	/* Refused */
	{ 0, 0, 0, 0, 8, 0x1000, { 0 }, 10 },
	{ ZPCIFD_OP_PCILG, 0, 0, 0, 8, 0x1004, { 0 }, 11 },
	{ ZPCIFD_OP_PCILG, 0, 1, 0, 8, 0x1000, { 0 }, 12 },
	{ ZPCIFD_OP_PCISTG, 0, 0, 0, 8, 0x10000, { 0 }, 13 },
	{ ZPCIFD_OP_PCISTB, 0, 0, 0, 128, 0x2000, { SINGLE_DATA_LEN }, 14 },
	{ ZPCIFD_OP_PCISTB, 0, 0, 0, 256, 0x2000, { 0 }, 15 },
};

static const struct zpcifd_fake_answer single_answers[] = {
	{ 0, 0, 0x5a, 0x1122334455667788 },
	{ 0, 1, 0x20, 0x1122334455667788 },
	{ 0, 2, 0, 0x1122334455667788 },
	{ 0, 3, 0, 0x1122334455667788 },
	{ -ENXIO },
};

static struct zpcifd_ring *single_ring(struct kunit *test)
{
	return zpcifd_fake_ring(test, zpcifd_fake_create(test), SINGLE_ENTRIES,
				SINGLE_ENTRIES, SINGLE_DATA_LEN);
}

/**
 * struct single_end - How a descriptor ended
 * @ret: What the submission returned
 * @sq_head: The ring's counter
 * @cq_tail: The ring's counter
 * @issued: Instructions that arrived
 * @cqe: The completion, zeros if there is none
 * @stats: What the ring counted
 * @insn: What arrived, zeros if nothing did
 */
struct single_end {
	u64 ret;
	u32 sq_head;
	u32 cq_tail;
	u64 issued;
	struct zpcifd_cqe cqe;
	struct zpcifd_stats stats;
	struct zpcifd_insn insn;
};

/* Runs one descriptor whose instruction answers @answer, then that it worked */
static void single_run(struct kunit *test, const struct zpcifd_sqe *sqe,
		       const struct zpcifd_fake_answer *answer, u32 count,
		       struct single_end *end)
{
	struct zpcifd_ring *ring = single_ring(test);
	struct zpcifd_fake *fake = container_of(ring->zd, struct zpcifd_fake, zd);

	memset(end, 0, sizeof(*end));
	fake->answers = answer;
	fake->nr_answers = 1;
	zpcifd_fake_submit(ring, sqe);
	end->ret = zpcifd_fake_enter(ring, count);
	end->sq_head = ring->header->sq_head;
	end->cq_tail = ring->header->cq_tail;
	end->issued = fake->issued;
	zpcifd_fake_reap(ring, &end->cqe);
	end->stats = ring->stats;
	if (fake->issued)
		end->insn = fake->log[0];
	/* Each ring has its own */
	if (sqe->opcode == ZPCIFD_OP_PCISTB && fake->issued)
		end->insn.data = end->insn.block - ring->data;
}

static void a_single_descriptor_ends_as_in_a_batch(struct kunit *test)
{
	struct single_end *one = kunit_kmalloc_array(test, 2, sizeof(*one), GFP_KERNEL);
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, one);
	for (i = 0; i < ARRAY_SIZE(single_sqes); i++) {
		for (j = 0; j < ARRAY_SIZE(single_answers); j++) {
			single_run(test, &single_sqes[i], &single_answers[j], 1, &one[0]);
			single_run(test, &single_sqes[i], &single_answers[j], 2, &one[1]);
			KUNIT_EXPECT_EQ(test, one[0].ret, 1);
			KUNIT_EXPECT_EQ(test, one[0].sq_head, 1);
			KUNIT_EXPECT_MEMEQ_MSG(test, &one[0], &one[1], sizeof(*one),
					       "descriptor %llu, answer %u",
					       single_sqes[i].user_data, j);
		}
	}
}

static void a_single_descriptor_waits_for_room(struct kunit *test)
{
	struct zpcifd_ring *ring = single_ring(test);

	zpcifd_fake_submit_loads(ring, 0, SINGLE_ENTRIES, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), SINGLE_ENTRIES);
	zpcifd_fake_submit_loads(ring, SINGLE_ENTRIES, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, 1), 0);
	zpcifd_fake_expect(test, ring, 0, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, 1), 1);
}

static void no_descriptor_finds_a_payload_without_a_data_area(struct kunit *test)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_ring *ring = zpcifd_fake_ring(test, fake, 8, 8, 0);
	struct zpcifd_sqe sqe = { .opcode = ZPCIFD_OP_PCISTB };
	u32 count;

	for (count = 1; count <= 2; count++) {
		for (sqe.len = 0; sqe.len <= 2 * ZPCIFD_FAKE_MAXSTBL; sqe.len += 8) {
			zpcifd_fake_submit(ring, &sqe);
			KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, count), 1);
			zpcifd_fake_expect(test, ring, 0,
					   sqe.len > 8 && sqe.len <= ZPCIFD_FAKE_MAXSTBL ?
					   -EFAULT : -EINVAL);
		}
	}
	KUNIT_EXPECT_EQ(test, fake->issued, 0);
}

static void a_single_descriptor_of_a_refused_chain_is_canceled(struct kunit *test)
{
	struct zpcifd_ring *ring = single_ring(test);
	unsigned int i;

	/* Longer than a chain may be, and going on */
	zpcifd_fake_submit_loads(ring, 0, ZPCIFD_MAX_CHAIN + 1, ZPCIFD_SQE_LINK);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), ZPCIFD_MAX_CHAIN + 1);
	zpcifd_fake_expect(test, ring, 0, -E2BIG);
	for (i = 1; i <= ZPCIFD_MAX_CHAIN; i++)
		zpcifd_fake_expect(test, ring, i, -ECANCELED);

	/* Its last descriptor, and one behind it */
	zpcifd_fake_submit_loads(ring, i, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, 1), 1);
	zpcifd_fake_expect(test, ring, i, -ECANCELED);
	zpcifd_fake_submit_loads(ring, i + 1, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, 1), 1);
	zpcifd_fake_expect(test, ring, i + 1, 0);
}

static void a_single_descriptor_is_not_taken_when_the_ring_ends(struct kunit *test)
{
	struct zpcifd_ring *ring = single_ring(test);
	struct zpcifd_fake *fake = container_of(ring->zd, struct zpcifd_fake, zd);

	zpcifd_fake_submit_loads(ring, 0, 1, 0);
	set_bit(ZPCIFD_RING_STOPS, &ring->state);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, 1), -ENODEV);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake->issued, 0);
	zpcifd_fake_expect_none(test, ring);
}

static struct kunit_case single_cases[] = {
	KUNIT_CASE(a_single_descriptor_ends_as_in_a_batch),
	KUNIT_CASE(a_single_descriptor_waits_for_room),
	KUNIT_CASE(no_descriptor_finds_a_payload_without_a_data_area),
	KUNIT_CASE(a_single_descriptor_of_a_refused_chain_is_canceled),
	KUNIT_CASE(a_single_descriptor_is_not_taken_when_the_ring_ends),
	{}
};

static struct kunit_suite single_suite = {
	.name = "zpcifd_single",
	.test_cases = single_cases,
};

kunit_test_suite(single_suite);
