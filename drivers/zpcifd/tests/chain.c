// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of linked descriptors: all of them or the first that failed, never
 * cut short and never mixed
 */
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "fake.h"

#define CHAIN_ENTRIES 128

struct chain_fixture {
	struct zpcifd_fake *fake;
	struct zpcifd_ring *ring;
};

static struct chain_fixture chain_fixture(struct kunit *test)
{
	struct chain_fixture f = { .fake = zpcifd_fake_create(test) };

	f.ring = zpcifd_fake_ring(test, f.fake, CHAIN_ENTRIES, CHAIN_ENTRIES, 0);
	f.fake->priv = f.ring;
	return f;
}

/* A chain of @n loads; returns the user_data after the last one's */
static u64 chain_submit(struct zpcifd_ring *ring, u64 user_data, unsigned int n)
{
	zpcifd_fake_submit_loads(ring, user_data, n - 1, ZPCIFD_SQE_LINK);
	zpcifd_fake_submit_loads(ring, user_data + n - 1, 1, 0);
	return user_data + n;
}

static void chain_expect(struct kunit *test, struct zpcifd_ring *ring,
			 u64 user_data, unsigned int n, int res)
{
	struct zpcifd_cqe cqe;

	for (; n; n--) {
		cqe = zpcifd_fake_expect(test, ring, user_data++, res);
		KUNIT_EXPECT_EQ(test, cqe.flags, res == -ECANCELED ? 0 : ZPCIFD_CQE_ISSUED);
	}
}

static void a_chain_of_every_length_runs_in_order(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);
	unsigned int n, i, issued;

	for (n = 1; n <= ZPCIFD_MAX_CHAIN; n++) {
		issued = f.fake->issued;
		chain_submit(f.ring, 0, n);
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), n);
		chain_expect(test, f.ring, 0, n, 0);
		zpcifd_fake_expect_none(test, f.ring);
		KUNIT_ASSERT_EQ(test, f.fake->issued, issued + n);
		for (i = 0; i < n && issued + i < ZPCIFD_FAKE_LOG; i++)
			KUNIT_EXPECT_EQ(test, f.fake->log[issued + i].offset, 8 * i);
	}
}

static void a_chain_runs_across_the_wrap(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i <= 6; i++) {
		struct chain_fixture f = { .fake = zpcifd_fake_create(test) };

		f.ring = zpcifd_fake_ring(test, f.fake, 8, 8, 0);
		zpcifd_fake_set_counters(f.ring, 0 - i, 8 - i);
		chain_submit(f.ring, 10, 6);
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 6);
		chain_expect(test, f.ring, 10, 6, 0);
		KUNIT_EXPECT_EQ(test, f.fake->issued, 6);
		KUNIT_EXPECT_EQ(test, f.fake->log[5].offset, 8 * 15);
	}
}

/* How the descriptor of a chain fails */
static const struct chain_failure {
	const char *name;
	struct zpcifd_fake_answer answer;
	u8 flags;
	u8 reserved;
	int res;
} chain_failures[] = {
	{ "cc 1", { 0, 1, 8 }, 0, 0, -EIO },
	{ "cc 2, reported at once", { 0, 2, 0 }, ZPCIFD_SQE_BUSY_RETURN, 0, -EBUSY },
	{ "cc 3", { 0, 3, 0 }, 0, 0, -ENODEV },
	{ "program check", { -ENXIO, 0, 0 }, 0, 0, -ENXIO },
	{ "program check, success skipped", { -ENXIO, 0, 0 }, ZPCIFD_SQE_SKIP_SUCCESS, 0, -ENXIO },
	{ "refused", {}, 0, 1, -EINVAL },
	{ "refused for its flags", {}, 0x80, 0, -EINVAL },
};

/* A chain of 5 whose descriptor @at fails, and one descriptor after it */
static void chain_check_failure(struct kunit *test, const struct chain_failure *row,
				unsigned int at)
{
	struct chain_fixture f = chain_fixture(test);
	struct zpcifd_fake_answer answers[5] = {};
	struct zpcifd_sqe *sqe = &f.ring->sqes[at];
	unsigned int i, issued = at + (row->res != -EINVAL);

	answers[at] = row->answer;
	f.fake->answers = answers;
	f.fake->nr_answers = at + 1;
	chain_submit(f.ring, 0, 5);
	zpcifd_fake_submit_loads(f.ring, 5, 1, 0);
	sqe->flags |= row->flags;
	sqe->__reserved = row->reserved;

	KUNIT_EXPECT_EQ_MSG(test, zpcifd_fake_enter(f.ring, INT_MAX), 6, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, f.fake->issued, issued + 1, "%s, %u", row->name, at);
	for (i = 0; i < at; i++)
		zpcifd_fake_expect(test, f.ring, i, 0);
	zpcifd_fake_expect(test, f.ring, at, row->res);
	chain_expect(test, f.ring, at + 1, 4 - at, -ECANCELED);
	chain_expect(test, f.ring, 5, 1, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

static void a_failure_cancels_the_rest_of_its_chain_alone(struct kunit *test)
{
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(chain_failures); i++)
		for (at = 0; at < 5; at++)
			chain_check_failure(test, &chain_failures[i], at);
}

static void canceled_descriptors_complete_in_spite_of_skip_success(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = { {}, { 0, 1, 8 } };
	struct chain_fixture f = chain_fixture(test);

	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	zpcifd_fake_submit_loads(f.ring, 0, 4, ZPCIFD_SQE_LINK | ZPCIFD_SQE_SKIP_SUCCESS);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 4);
	zpcifd_fake_expect(test, f.ring, 1, -EIO);
	chain_expect(test, f.ring, 2, 2, -ECANCELED);
	zpcifd_fake_expect_none(test, f.ring);
}

static void busy_in_a_chain_is_tried_again(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = { {}, { 0, 2 }, {} };
	struct chain_fixture f = chain_fixture(test);

	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	chain_submit(f.ring, 0, 3);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 3);
	zpcifd_fake_expect(test, f.ring, 0, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_expect(test, f.ring, 1, 0).retries, 1);
	zpcifd_fake_expect(test, f.ring, 2, 0);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 4);
}

static void a_chain_ends_with_its_submission(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = { { 0, 1, 8 } };
	struct chain_fixture f = chain_fixture(test);

	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	zpcifd_fake_submit_loads(f.ring, 0, 3, ZPCIFD_SQE_LINK);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 3);
	zpcifd_fake_expect(test, f.ring, 0, -EIO);
	chain_expect(test, f.ring, 1, 2, -ECANCELED);
	zpcifd_fake_submit_loads(f.ring, 3, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 1);
	chain_expect(test, f.ring, 3, 1, 0);

	/* Also when more was there than asked for */
	f.fake->issued = 0;
	chain_submit(f.ring, 0, 4);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 2), 2);
	zpcifd_fake_expect(test, f.ring, 0, -EIO);
	chain_expect(test, f.ring, 1, 1, -ECANCELED);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 2), 2);
	chain_expect(test, f.ring, 2, 2, 0);
}

static void a_chain_waits_until_there_is_room_for_all_of_it(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);
	u64 user_data = 0, completed = 0;
	unsigned int i;

	/* Room for 3 */
	zpcifd_fake_submit_loads(f.ring, user_data, CHAIN_ENTRIES - 3, 0);
	user_data += CHAIN_ENTRIES - 3;
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), CHAIN_ENTRIES - 3);

	/* One alone is taken, the chain of 5 behind it needs 3 more */
	zpcifd_fake_submit_loads(f.ring, user_data++, 1, 0);
	user_data = chain_submit(f.ring, user_data, 5);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 1);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 0);
		KUNIT_EXPECT_EQ(test, f.fake->issued, CHAIN_ENTRIES - 2);
		zpcifd_fake_expect(test, f.ring, completed++, 0);
	}
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 5);
	KUNIT_EXPECT_EQ(test, f.fake->issued, CHAIN_ENTRIES + 3);
	while (completed < user_data)
		zpcifd_fake_expect(test, f.ring, completed++, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

static void a_chain_that_skips_success_waits_for_room_as_well(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);

	zpcifd_fake_submit_loads(f.ring, 0, CHAIN_ENTRIES - 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), CHAIN_ENTRIES - 1);
	zpcifd_fake_submit_loads(f.ring, 0, 2, ZPCIFD_SQE_LINK | ZPCIFD_SQE_SKIP_SUCCESS);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 0);
	KUNIT_EXPECT_EQ(test, f.fake->issued, CHAIN_ENTRIES - 1);
	zpcifd_fake_expect(test, f.ring, 0, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 2);
}

static void a_chain_that_is_too_long_is_refused_as_a_whole(struct kunit *test)
{
	static const unsigned int lens[] = {
		ZPCIFD_MAX_CHAIN + 1, ZPCIFD_MAX_CHAIN + 2, 100, CHAIN_ENTRIES - 1,
	};
	struct chain_fixture f = chain_fixture(test);
	struct zpcifd_cqe cqe;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		chain_submit(f.ring, 0, lens[i]);
		zpcifd_fake_submit_loads(f.ring, 1000, 1, 0);
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), lens[i] + 1);
		KUNIT_EXPECT_EQ(test, f.fake->issued, i + 1);
		cqe = zpcifd_fake_expect(test, f.ring, 0, -E2BIG);
		KUNIT_EXPECT_EQ(test, cqe.flags, 0);
		chain_expect(test, f.ring, 1, lens[i] - 1, -ECANCELED);
		chain_expect(test, f.ring, 1000, 1, 0);
		zpcifd_fake_expect_none(test, f.ring);
	}
}

/*
 * Nothing of a refused chain may run, not even when the completion queue was
 * full in between
 */
static void a_refused_chain_stays_canceled_across_a_full_queue(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);
	unsigned int i;

	zpcifd_fake_submit_loads(f.ring, 0, 30, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 30);
	chain_submit(f.ring, 30, 100);
	zpcifd_fake_submit_loads(f.ring, 130, 1, 0);

	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), CHAIN_ENTRIES - 30);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 0);
	for (i = 0; i < 30; i++)
		zpcifd_fake_expect(test, f.ring, i, 0);
	zpcifd_fake_expect(test, f.ring, 30, -E2BIG);
	chain_expect(test, f.ring, 31, 97, -ECANCELED);
	zpcifd_fake_expect_none(test, f.ring);

	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 3);
	chain_expect(test, f.ring, 128, 2, -ECANCELED);
	chain_expect(test, f.ring, 130, 1, 0);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 31);
}

static void a_refused_chain_stays_canceled_across_submissions(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);

	chain_submit(f.ring, 0, 70);
	zpcifd_fake_submit_loads(f.ring, 70, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 66), 66);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 4);
	zpcifd_fake_expect(test, f.ring, 0, -E2BIG);
	chain_expect(test, f.ring, 1, 69, -ECANCELED);
	chain_expect(test, f.ring, 70, 1, 0);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 1);
}

/* User space rewrites the rest of the chain while its first descriptor runs */
static void chain_rewrite(struct zpcifd_fake *fake, unsigned int n)
{
	struct zpcifd_ring *ring = fake->priv;
	unsigned int i;

	for (i = 0; i < 4; i++)
		ring->sqes[i] = (struct zpcifd_sqe){ .user_data = 0xbad };
}

static void a_chain_that_runs_cannot_be_changed(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);
	unsigned int i;

	f.fake->on_issue = chain_rewrite;
	chain_submit(f.ring, 0, 4);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 4);
	chain_expect(test, f.ring, 0, 4, 0);
	KUNIT_ASSERT_EQ(test, f.fake->issued, 4);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, f.fake->log[i].offset, 8 * i);
}

static void chain_stop(struct zpcifd_fake *fake, unsigned int n)
{
	struct zpcifd_ring *ring = fake->priv;

	if (n == 1)
		set_bit(ZPCIFD_RING_STOPS, &ring->state);
}

static void a_ring_that_ends_cuts_no_chain(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);

	f.fake->on_issue = chain_stop;
	chain_submit(f.ring, 0, 20);
	chain_submit(f.ring, 20, 20);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 20);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 20);
	chain_expect(test, f.ring, 0, 20, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

/* Another ring of the same function */
struct chain_other {
	struct work_struct work;
	struct zpcifd_ring *ring;
	int taken;
};

static void chain_run_other(struct work_struct *work)
{
	struct chain_other *other = container_of(work, struct chain_other, work);

	other->taken = zpcifd_fake_enter(other->ring, INT_MAX);
}

/*
 * The first descriptor of the first ring's chain lets the second ring start
 * its own, and gives it much time to do so
 */
static void chain_start_other(struct zpcifd_fake *fake, unsigned int n)
{
	struct chain_other *other = fake->priv;

	if (n)
		return;
	schedule_work(&other->work);
	fsleep(50000);
}

static void chains_of_two_rings_do_not_mix(struct kunit *test)
{
	struct chain_fixture f = chain_fixture(test);
	struct chain_other other = {
		.ring = zpcifd_fake_ring(test, f.fake, 16, 16, 0),
	};
	unsigned int i;

	INIT_WORK_ONSTACK(&other.work, chain_run_other);
	f.fake->priv = &other;
	f.fake->on_issue = chain_start_other;
	chain_submit(f.ring, 0, 8);
	chain_submit(other.ring, 100, 8);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 8);
	flush_work(&other.work);
	destroy_work_on_stack(&other.work);

	KUNIT_EXPECT_EQ(test, other.taken, 8);
	KUNIT_ASSERT_EQ(test, f.fake->issued, 16);
	for (i = 0; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, f.fake->log[i].offset, 8 * i);
		KUNIT_EXPECT_EQ(test, f.fake->log[8 + i].offset, 8 * (100 + i));
	}
	chain_expect(test, f.ring, 0, 8, 0);
	chain_expect(test, other.ring, 100, 8, 0);
}

static struct kunit_case chain_cases[] = {
	KUNIT_CASE(a_chain_of_every_length_runs_in_order),
	KUNIT_CASE(a_chain_runs_across_the_wrap),
	KUNIT_CASE(a_failure_cancels_the_rest_of_its_chain_alone),
	KUNIT_CASE(canceled_descriptors_complete_in_spite_of_skip_success),
	KUNIT_CASE(busy_in_a_chain_is_tried_again),
	KUNIT_CASE(a_chain_ends_with_its_submission),
	KUNIT_CASE(a_chain_waits_until_there_is_room_for_all_of_it),
	KUNIT_CASE(a_chain_that_skips_success_waits_for_room_as_well),
	KUNIT_CASE(a_chain_that_is_too_long_is_refused_as_a_whole),
	KUNIT_CASE(a_refused_chain_stays_canceled_across_a_full_queue),
	KUNIT_CASE(a_refused_chain_stays_canceled_across_submissions),
	KUNIT_CASE(a_chain_that_runs_cannot_be_changed),
	KUNIT_CASE(a_ring_that_ends_cuts_no_chain),
	KUNIT_CASE(chains_of_two_rings_do_not_mix),
	{}
};

static struct kunit_suite chain_suite = {
	.name = "zpcifd_chain",
	.test_cases = chain_cases,
};

kunit_test_suite(chain_suite);
