// SPDX-License-Identifier: GPL-2.0-only
/*
 * Condition code 2: tried again for a bounded time, told how often
 */
#include <linux/ktime.h>
#include <linux/sched/signal.h>

#include "fake.h"

struct busy_fixture {
	struct zpcifd_fake *fake;
	struct zpcifd_ring *ring;
};

static struct busy_fixture busy_fixture(struct kunit *test)
{
	struct busy_fixture f = { .fake = zpcifd_fake_create(test) };

	f.ring = zpcifd_fake_ring(test, f.fake, 16, 16, 4096);
	f.fake->priv = f.ring;
	return f;
}

#define BUSY { 0, 2, 12 }

static const struct busy_case {
	const char *name;
	struct zpcifd_fake_answer answers[6];
	u32 retries;
	int res;
	u16 flags;
} busy_cases[] = {
	{ "not busy", { {} }, 0, 0, ZPCIFD_CQE_ISSUED },
	{ "busy once", { BUSY, {} }, 1, 0, ZPCIFD_CQE_ISSUED },
	{ "busy five times", { BUSY, BUSY, BUSY, BUSY, BUSY, {} }, 5, 0, ZPCIFD_CQE_ISSUED },
	{ "cc 1 at once", { { 0, 1, 16 } }, 0, -EIO, ZPCIFD_CQE_ISSUED },
	{ "busy, then cc 1", { BUSY, { 0, 1, 16 } }, 1, -EIO, ZPCIFD_CQE_ISSUED },
	{ "busy, then cc 3", { BUSY, BUSY, { 0, 3, 0 } }, 2, -ENODEV, ZPCIFD_CQE_ISSUED },
	{ "busy, then a program check", { BUSY, BUSY, BUSY, { -ENXIO } }, 3, -ENXIO,
	  ZPCIFD_CQE_ISSUED | ZPCIFD_CQE_PGM_CHECK },
};

static const struct zpcifd_sqe busy_sqes[] = {
	{ .opcode = ZPCIFD_OP_PCILG, .len = 8, .offset = 0x10 },
	{ .opcode = ZPCIFD_OP_PCISTG, .len = 4, .offset = 0x20, .data = 0x1234 },
	{ .opcode = ZPCIFD_OP_PCISTB, .len = 32, .offset = 0x40, .payload = 0x80 },
};

/*
 * Runs one descriptor. The first retry always comes; there is time for more
 * unless the host takes the machine away for as long, and then the run is
 * worth nothing and is done again.
 */
static struct zpcifd_cqe busy_run(struct kunit *test, struct busy_fixture *f,
				  const struct zpcifd_sqe *sqe)
{
	struct zpcifd_cqe cqe = {};
	unsigned int i;
	u64 start;

	for (i = 0; i < 1000; i++) {
		f->fake->issued = 0;
		zpcifd_fake_submit(f->ring, sqe);
		start = ktime_get_ns();
		KUNIT_ASSERT_EQ(test, zpcifd_fake_enter(f->ring, 1), 1);
		KUNIT_ASSERT_TRUE(test, zpcifd_fake_reap(f->ring, &cqe));
		if (ktime_get_ns() - start < ZPCIFD_BUSY_NSEC)
			return cqe;
	}
	KUNIT_FAIL(test, "no run was short enough to be judged");
	return cqe;
}

static void busy_check(struct kunit *test, struct busy_fixture *f,
		       const struct busy_case *row, const struct zpcifd_sqe *sqe)
{
	const struct zpcifd_insn *insn = f->fake->log;
	struct zpcifd_cqe cqe;
	u32 i;

	f->fake->answers = row->answers;
	f->fake->nr_answers = row->retries + 1;
	cqe = busy_run(test, f, sqe);
	KUNIT_EXPECT_EQ_MSG(test, cqe.res, row->res, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, cqe.retries, row->retries, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, cqe.flags, row->flags, "%s", row->name);
	if (row->res || sqe->opcode != ZPCIFD_OP_PCILG)
		KUNIT_EXPECT_EQ_MSG(test, cqe.data, 0, "%s", row->name);
	if (!(cqe.flags & ZPCIFD_CQE_PGM_CHECK)) {
		KUNIT_EXPECT_EQ_MSG(test, cqe.cc, row->answers[row->retries].cc, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, cqe.status, row->answers[row->retries].status,
				    "%s", row->name);
	}

	/* The same instruction each time, never one more */
	KUNIT_ASSERT_EQ_MSG(test, f->fake->issued, row->retries + 1, "%s", row->name);
	for (i = 0; i <= row->retries; i++) {
		KUNIT_EXPECT_EQ(test, insn[i].opcode, sqe->opcode);
		KUNIT_EXPECT_EQ(test, insn[i].as, sqe->as);
		KUNIT_EXPECT_EQ(test, insn[i].len, sqe->len);
		KUNIT_EXPECT_EQ(test, insn[i].offset, sqe->offset);
		if (sqe->opcode == ZPCIFD_OP_PCISTG)
			KUNIT_EXPECT_EQ(test, insn[i].data, sqe->data);
		if (sqe->opcode == ZPCIFD_OP_PCISTB)
			KUNIT_EXPECT_PTR_EQ(test, insn[i].block, f->ring->data + sqe->payload);
	}
}

static void a_busy_instruction_is_issued_again_until_it_answers(struct kunit *test)
{
	struct busy_fixture f = busy_fixture(test);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(busy_cases); i++)
		for (j = 0; j < ARRAY_SIZE(busy_sqes); j++)
			busy_check(test, &f, &busy_cases[i], &busy_sqes[j]);
}

static void a_retried_load_returns_what_the_last_one_loaded(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = {
		{ 0, 2, 0, 0x1111 }, { 0, 2, 0, 0x2222 }, { 0, 0, 0, 0x3333 },
	};
	struct busy_fixture f = busy_fixture(test);

	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	KUNIT_EXPECT_EQ(test, busy_run(test, &f, &busy_sqes[0]).data, 0x3333);
}

static void an_instruction_that_stays_busy_is_given_up_in_time(struct kunit *test)
{
	struct busy_fixture f = busy_fixture(test);
	struct zpcifd_cqe cqe;
	unsigned int i;
	u64 start, nsec;

	/* So that the number of retries is bounded on the slowest machine */
	f.fake->nsec = ZPCIFD_BUSY_NSEC / 10;
	f.fake->rest = (struct zpcifd_fake_answer)BUSY;
	f.fake->rest.data = 0xbad;

	/* A host that is busy itself may hide that it takes longer, but not always */
	for (i = 0; i < 50; i++) {
		f.fake->issued = 0;
		zpcifd_fake_submit(f.ring, &busy_sqes[0]);
		start = ktime_get_ns();
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
		nsec = ktime_get_ns() - start;

		cqe = zpcifd_fake_expect(test, f.ring, 0, -EBUSY);
		KUNIT_EXPECT_EQ(test, cqe.flags, ZPCIFD_CQE_ISSUED);
		KUNIT_EXPECT_EQ(test, cqe.cc, 2);
		KUNIT_EXPECT_EQ(test, cqe.status, 12);
		KUNIT_EXPECT_EQ(test, cqe.data, 0);
		KUNIT_EXPECT_GE(test, cqe.retries, 1);
		KUNIT_EXPECT_LE(test, cqe.retries, 10);
		KUNIT_EXPECT_EQ(test, f.fake->issued, cqe.retries + 1);
		KUNIT_EXPECT_GE(test, nsec, ZPCIFD_BUSY_NSEC);
	}
}

static void busy_return_tells_condition_code_2_at_once(struct kunit *test)
{
	struct busy_fixture f = busy_fixture(test);
	struct zpcifd_cqe cqe;
	unsigned int i;

	f.fake->rest = (struct zpcifd_fake_answer)BUSY;
	for (i = 0; i < ARRAY_SIZE(busy_sqes); i++) {
		struct zpcifd_sqe sqe = busy_sqes[i];

		sqe.flags = ZPCIFD_SQE_BUSY_RETURN;
		zpcifd_fake_submit(f.ring, &sqe);
		KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
		cqe = zpcifd_fake_expect(test, f.ring, 0, -EBUSY);
		KUNIT_EXPECT_EQ(test, cqe.cc, 2);
		KUNIT_EXPECT_EQ(test, cqe.status, 12);
		KUNIT_EXPECT_EQ(test, cqe.retries, 0);
		KUNIT_EXPECT_EQ(test, f.fake->issued, i + 1);
	}
}

static void each_descriptor_counts_its_own_retries(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = {
		BUSY, {}, {}, BUSY, {}, BUSY, { 0, 1, 8 }, {},
	};
	static const u32 retries[] = { 1, 0, 1, 1, 0 };
	static const int res[] = { 0, 0, 0, -EIO, 0 };
	struct busy_fixture f = busy_fixture(test);
	unsigned int i;

	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	zpcifd_fake_submit_loads(f.ring, 0, ARRAY_SIZE(retries), 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), ARRAY_SIZE(retries));
	for (i = 0; i < ARRAY_SIZE(retries); i++)
		KUNIT_EXPECT_EQ(test, zpcifd_fake_expect(test, f.ring, i, res[i]).retries,
				retries[i]);
	KUNIT_EXPECT_EQ(test, f.fake->issued, ARRAY_SIZE(answers));
}

static void retries_that_worked_are_skipped_with_skip_success(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = { BUSY, {} };
	struct busy_fixture f = busy_fixture(test);

	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	zpcifd_fake_submit_loads(f.ring, 0, 1, ZPCIFD_SQE_SKIP_SUCCESS);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 2);
	zpcifd_fake_expect_none(test, f.ring);

	f.fake->rest = (struct zpcifd_fake_answer)BUSY;
	zpcifd_fake_submit_loads(f.ring, 1, 1, ZPCIFD_SQE_SKIP_SUCCESS);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
	zpcifd_fake_expect(test, f.ring, 1, -EBUSY);
}

static void busy_stop(struct zpcifd_fake *fake, unsigned int n)
{
	struct zpcifd_ring *ring = fake->priv;

	if (n == 3)
		set_bit(ZPCIFD_RING_STOPS, &ring->state);
}

static void a_ring_that_ends_waits_for_no_retries(struct kunit *test)
{
	struct busy_fixture f = busy_fixture(test);
	struct zpcifd_cqe cqe;

	f.fake->rest = (struct zpcifd_fake_answer)BUSY;
	f.fake->on_issue = busy_stop;
	zpcifd_fake_submit_loads(f.ring, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
	cqe = zpcifd_fake_expect(test, f.ring, 0, -EBUSY);

	/* The time may be over earlier on a busy machine */
	KUNIT_EXPECT_LE(test, cqe.retries, 3);
	KUNIT_EXPECT_EQ(test, f.fake->issued, cqe.retries + 1);
}

static void busy_kill(struct zpcifd_fake *fake, unsigned int n)
{
	if (n == 3) {
		sigaddset(&current->pending.signal, SIGKILL);
		set_tsk_thread_flag(current, TIF_SIGPENDING);
	}
}

static void a_fatal_signal_ends_the_retries(struct kunit *test)
{
	struct busy_fixture f = busy_fixture(test);
	struct zpcifd_cqe cqe;
	int taken;

	f.fake->rest = (struct zpcifd_fake_answer)BUSY;
	f.fake->on_issue = busy_kill;
	zpcifd_fake_submit_loads(f.ring, 0, 1, 0);
	taken = zpcifd_fake_enter(f.ring, 1);
	flush_signals(current);
	KUNIT_EXPECT_EQ(test, taken, 1);
	cqe = zpcifd_fake_expect(test, f.ring, 0, -EBUSY);
	KUNIT_EXPECT_LE(test, cqe.retries, 3);
	KUNIT_EXPECT_EQ(test, f.fake->issued, cqe.retries + 1);
}

static struct kunit_case busy_kunit_cases[] = {
	KUNIT_CASE(a_busy_instruction_is_issued_again_until_it_answers),
	KUNIT_CASE(a_retried_load_returns_what_the_last_one_loaded),
	KUNIT_CASE(an_instruction_that_stays_busy_is_given_up_in_time),
	KUNIT_CASE(busy_return_tells_condition_code_2_at_once),
	KUNIT_CASE(each_descriptor_counts_its_own_retries),
	KUNIT_CASE(retries_that_worked_are_skipped_with_skip_success),
	KUNIT_CASE(a_ring_that_ends_waits_for_no_retries),
	KUNIT_CASE(a_fatal_signal_ends_the_retries),
	{}
};

static struct kunit_suite busy_suite = {
	.name = "zpcifd_busy",
	.test_cases = busy_kunit_cases,
};

kunit_test_suite(busy_suite);
