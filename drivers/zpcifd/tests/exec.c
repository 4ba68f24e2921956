// SPDX-License-Identifier: GPL-2.0-only
/*
 * One descriptor, one instruction: what arrives, and what the completion tells
 */
#include <linux/sched/signal.h>

#include "fake.h"

#define EXEC_DATA_LEN 8192

struct exec_fixture {
	struct zpcifd_fake *fake;
	struct zpcifd_ring *ring;
};

static struct exec_fixture exec_fixture(struct kunit *test)
{
	struct exec_fixture f = { .fake = zpcifd_fake_create(test) };

	f.ring = zpcifd_fake_ring(test, f.fake, 64, 64, EXEC_DATA_LEN);
	f.fake->priv = f.ring;
	return f;
}

/* Runs one descriptor alone */
static struct zpcifd_cqe exec_one(struct kunit *test, struct exec_fixture *f,
				  const struct zpcifd_sqe *sqe, int res)
{
	struct zpcifd_cqe cqe;

	zpcifd_fake_submit(f->ring, sqe);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f->ring, 1), 1);
	cqe = zpcifd_fake_expect(test, f->ring, sqe->user_data, res);
	zpcifd_fake_expect_none(test, f->ring);
	return cqe;
}

static const struct zpcifd_sqe exec_instructions[] = {
	{
		.opcode = ZPCIFD_OP_PCILG,
		.len = 8,
		.offset = 0x1230,
		.user_data = 1,
	}, {
		.opcode = ZPCIFD_OP_PCILG,
		.as = ZPCIFD_AS_CONFIG,
		.len = 2,
		.offset = 0x0e,
		.user_data = U64_MAX,
	}, {
		.opcode = ZPCIFD_OP_PCISTG,
		.len = 3,
		.offset = 0xfffd,
		.data = 0x8877665544332211,
		.user_data = 0xfedcba9876543210,
	}, {
		.opcode = ZPCIFD_OP_PCISTG,
		.as = ZPCIFD_AS_CONFIG,
		.len = 1,
		.offset = 0x3c,
		.data = 0xff,
	}, {
		.opcode = ZPCIFD_OP_PCISTB,
		.len = 128,
		.offset = 0x2f80,
		.payload = 0,
		.user_data = 5,
	}, {
		.opcode = ZPCIFD_OP_PCISTB,
		.len = 16,
		.offset = 0x40,
		.payload = EXEC_DATA_LEN - 16,
		.user_data = 6,
	},
};

static void an_instruction_arrives_exactly_as_described(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(exec_instructions); i++) {
		const struct zpcifd_sqe *sqe = &exec_instructions[i];
		const struct zpcifd_insn *insn = &f.fake->log[i];

		exec_one(test, &f, sqe, 0);
		KUNIT_ASSERT_EQ(test, f.fake->issued, i + 1);
		KUNIT_EXPECT_EQ(test, insn->opcode, sqe->opcode);
		KUNIT_EXPECT_EQ(test, insn->as, sqe->as);
		KUNIT_EXPECT_EQ(test, insn->len, sqe->len);
		KUNIT_EXPECT_EQ(test, insn->offset, sqe->offset);
		if (sqe->opcode == ZPCIFD_OP_PCISTG)
			KUNIT_EXPECT_EQ(test, insn->data, sqe->data);
		if (sqe->opcode == ZPCIFD_OP_PCISTB)
			KUNIT_EXPECT_PTR_EQ(test, insn->block, f.ring->data + sqe->payload);
	}
}

/* What each kind of answer becomes */
static const struct exec_answer {
	const char *name;
	struct zpcifd_fake_answer answer;
	int res;
	u16 flags;
} exec_answers[] = {
	{ "cc 0", { 0, 0, 0 }, 0, ZPCIFD_CQE_ISSUED },
	{ "cc 0, status 20", { 0, 0, 20 }, 0, ZPCIFD_CQE_ISSUED },
	{ "cc 1, status 4", { 0, 1, 4 }, -EIO, ZPCIFD_CQE_ISSUED },
	{ "cc 1, status 16", { 0, 1, 16 }, -EIO, ZPCIFD_CQE_ISSUED },
	{ "cc 1, status 255", { 0, 1, 255 }, -EIO, ZPCIFD_CQE_ISSUED },
	{ "cc 1, status 0", { 0, 1, 0 }, -EIO, ZPCIFD_CQE_ISSUED },
	{ "cc 2, status 7", { 0, 2, 7 }, -EBUSY, ZPCIFD_CQE_ISSUED },
	{ "cc 3", { 0, 3, 0 }, -ENODEV, ZPCIFD_CQE_ISSUED },
	{ "cc 3, status 40", { 0, 3, 40 }, -ENODEV, ZPCIFD_CQE_ISSUED },
	{ "program check", { -ENXIO, 0, 0 }, -ENXIO, ZPCIFD_CQE_ISSUED | ZPCIFD_CQE_PGM_CHECK },
	{ "program check with junk in cc", { -ENXIO, 2, 1 }, -ENXIO,
	  ZPCIFD_CQE_ISSUED | ZPCIFD_CQE_PGM_CHECK },
};

static void exec_check_answer(struct kunit *test, struct exec_fixture *f,
			      const struct exec_answer *row, struct zpcifd_sqe sqe,
			      u8 flags)
{
	bool loaded = sqe.opcode == ZPCIFD_OP_PCILG && !row->res;
	struct zpcifd_cqe cqe;

	/* The busy policy has its own suite */
	sqe.flags = flags | ZPCIFD_SQE_BUSY_RETURN;
	f->fake->issued = 0;
	f->fake->rest = row->answer;
	f->fake->rest.data = 0xa1b2c3d4e5f60718;
	cqe = exec_one(test, f, &sqe, row->res);

	KUNIT_EXPECT_EQ_MSG(test, f->fake->issued, 1, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, cqe.flags, row->flags, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, cqe.data, loaded ? f->fake->rest.data : 0, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, cqe.retries, 0, "%s", row->name);
	if (cqe.flags & ZPCIFD_CQE_PGM_CHECK)
		return;
	KUNIT_EXPECT_EQ_MSG(test, cqe.cc, row->answer.cc, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, cqe.status, row->answer.status, "%s", row->name);
}

static void every_answer_is_told_with_cc_and_status(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(exec_answers); i++)
		for (j = 0; j < ARRAY_SIZE(exec_instructions); j++)
			exec_check_answer(test, &f, &exec_answers[i],
					  exec_instructions[j], 0);
}

static void a_failure_is_told_in_spite_of_skip_success(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(exec_answers); i++)
		for (j = 0; j < ARRAY_SIZE(exec_instructions); j++)
			if (exec_answers[i].res)
				exec_check_answer(test, &f, &exec_answers[i],
						  exec_instructions[j],
						  ZPCIFD_SQE_SKIP_SUCCESS);
}

static void skip_success_leaves_no_completion(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);
	struct zpcifd_sqe sqe;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(exec_instructions); i++) {
		sqe = exec_instructions[i];
		sqe.flags = ZPCIFD_SQE_SKIP_SUCCESS;
		zpcifd_fake_submit(f.ring, &sqe);
	}
	zpcifd_fake_submit_loads(f.ring, 100, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), i + 1);
	KUNIT_EXPECT_EQ(test, f.fake->issued, i + 1);
	zpcifd_fake_expect(test, f.ring, 100, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

/* Skipping frees nothing: whether a descriptor fails is known afterwards only */
static void skip_success_waits_for_room_as_well(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);

	zpcifd_fake_submit_loads(f.ring, 0, 64, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 64);
	zpcifd_fake_submit_loads(f.ring, 64, 3, ZPCIFD_SQE_SKIP_SUCCESS);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 0);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 64);
	zpcifd_fake_expect(test, f.ring, 0, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 3);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 67);
}

/* One of each kind that the policy refuses; the table of rules has the rest */
static const struct exec_refusal {
	const char *name;
	struct zpcifd_sqe sqe;
	int res;
	u16 flags;
	u32 msix_entry;
} exec_refusals[] = {
	{ "opcode 0", { 0, 0, 0, 0, 8 }, -EINVAL },
	{ "unknown flag", { ZPCIFD_OP_PCILG, 0x40, 0, 0, 8 }, -EINVAL },
	{ "reserved field", { ZPCIFD_OP_PCISTG, 0, 0, 1, 8 }, -EINVAL },
	{ "address space 9", { ZPCIFD_OP_PCILG, 0, 9, 0, 8 }, -EINVAL },
	{ "length 0", { ZPCIFD_OP_PCISTG, 0, 0, 0, 0 }, -EINVAL },
	{ "SKIP_SUCCESS", { ZPCIFD_OP_PCISTG, ZPCIFD_SQE_SKIP_SUCCESS, 0, 0, 9 }, -EINVAL },
	{ "payload", { ZPCIFD_OP_PCISTB, 0, 0, 0, 16, 0, { EXEC_DATA_LEN } }, -EFAULT },
	{ "end of the BAR", { ZPCIFD_OP_PCILG, 0, 0, 0, 8, ZPCIFD_FAKE_BAR_LEN }, -ERANGE },
	{ "command register", { ZPCIFD_OP_PCISTG, 0, ZPCIFD_AS_CONFIG, 0, 2, 4 }, -EACCES },
	{ "MSI-X entry 0", { ZPCIFD_OP_PCISTG, 0, 0, 0, 4, 0x8000 }, -EACCES,
	  ZPCIFD_CQE_MSIX, 0 },
	{ "MSI-X entry 3", { ZPCIFD_OP_PCILG, 0, 0, 0, 1, 0x803f }, -EACCES,
	  ZPCIFD_CQE_MSIX, 3 },
	{ "MSI-X entries 1 and 2", { ZPCIFD_OP_PCISTB, 0, 0, 0, 16, 0x8018 }, -EACCES,
	  ZPCIFD_CQE_MSIX, 1 },
	{ "MSI-X pending bits", { ZPCIFD_OP_PCILG, 0, 0, 0, 8, 0x9000 }, -EACCES,
	  ZPCIFD_CQE_MSIX, ~0U },
};

static void a_refused_descriptor_reaches_no_instruction(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);
	struct zpcifd_info *info = &f.fake->zd.info;
	unsigned int i;

	info->out_msix_vectors = 4;
	info->out_msix_table_offset = 0x8000;
	info->out_msix_pba_offset = 0x9000;
	zpcifd_policy_init(f.fake->zd.policy, info);
	memset(f.ring->fast, 0, sizeof(f.ring->fast));
	zpcifd_policy_get_fast(f.fake->zd.policy, f.ring->fast);
	for (i = 0; i < ARRAY_SIZE(exec_refusals); i++) {
		const struct exec_refusal *row = &exec_refusals[i];
		struct zpcifd_sqe sqe = row->sqe;
		struct zpcifd_cqe cqe;

		sqe.user_data = i;
		cqe = exec_one(test, &f, &sqe, row->res);
		KUNIT_EXPECT_EQ_MSG(test, f.fake->issued, 0, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, cqe.flags, row->flags, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, cqe.data, 0, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, cqe.retries, 0, "%s", row->name);
		if (row->flags & ZPCIFD_CQE_MSIX)
			KUNIT_EXPECT_EQ_MSG(test, cqe.msix_entry, row->msix_entry,
					    "%s", row->name);
	}
}

static void a_failure_stops_no_other_descriptor(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = {
		{ 0, 1, 8 }, {}, { 0, 3, 0 }, {}, { -ENXIO, 0, 0 }, {},
	};
	static const int res[] = { -EIO, 0, -ENODEV, 0, -ENXIO, 0, -EINVAL, 0 };
	struct exec_fixture f = exec_fixture(test);
	struct zpcifd_sqe refused = { .user_data = 6 };
	unsigned int i;

	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	zpcifd_fake_submit_loads(f.ring, 0, 6, 0);
	zpcifd_fake_submit(f.ring, &refused);
	zpcifd_fake_submit_loads(f.ring, 7, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 8);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 7);
	for (i = 0; i < 8; i++)
		zpcifd_fake_expect(test, f.ring, i, res[i]);
}

/* User space turns the descriptor that runs into another one */
static void exec_rewrite(struct zpcifd_fake *fake, unsigned int n)
{
	struct zpcifd_ring *ring = fake->priv;

	ring->sqes[n] = (struct zpcifd_sqe){
		.opcode = ZPCIFD_OP_PCISTB,
		.flags = ZPCIFD_SQE_SKIP_SUCCESS | ZPCIFD_SQE_LINK,
		.as = ZPCIFD_AS_CONFIG,
		.len = 4096,
		.offset = U64_MAX,
		.payload = U64_MAX,
		.user_data = 0xbad,
	};
}

static void a_descriptor_that_runs_cannot_be_changed(struct kunit *test)
{
	static const struct zpcifd_fake_answer busy[] = { { 0, 2, 0, 0 } };
	struct exec_fixture f = exec_fixture(test);
	struct zpcifd_cqe cqe;

	f.fake->on_issue = exec_rewrite;
	f.fake->rest.data = 0x55;
	f.fake->answers = busy;
	f.fake->nr_answers = 1;
	zpcifd_fake_submit_loads(f.ring, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, 1), 1);
	cqe = zpcifd_fake_expect(test, f.ring, 0, 0);
	KUNIT_EXPECT_EQ(test, cqe.data, 0x55);

	/* Nor what is issued again after condition code 2 */
	KUNIT_EXPECT_EQ(test, f.fake->issued, 2);
	KUNIT_EXPECT_EQ(test, f.fake->log[1].opcode, ZPCIFD_OP_PCILG);
	KUNIT_EXPECT_EQ(test, f.fake->log[1].as, 0);
	KUNIT_EXPECT_EQ(test, f.fake->log[1].len, 8);
	KUNIT_EXPECT_EQ(test, f.fake->log[1].offset, 0);
}

static void exec_stop(struct zpcifd_fake *fake, unsigned int n)
{
	struct zpcifd_ring *ring = fake->priv;

	if (n == 3)
		set_bit(ZPCIFD_RING_STOPS, &ring->state);
}

static void a_ring_that_ends_stops_between_two_descriptors(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);
	unsigned int i;
	int taken;

	f.fake->on_issue = exec_stop;
	zpcifd_fake_submit_loads(f.ring, 0, 64, 0);
	taken = zpcifd_fake_enter(f.ring, INT_MAX);
	KUNIT_EXPECT_GE(test, taken, 4);
	KUNIT_EXPECT_LE(test, taken, ZPCIFD_PAUSE);
	KUNIT_EXPECT_EQ(test, f.fake->issued, taken);
	for (i = 0; i < f.fake->issued; i++)
		zpcifd_fake_expect(test, f.ring, i, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

static void exec_kill(struct zpcifd_fake *fake, unsigned int n)
{
	sigaddset(&current->pending.signal, SIGKILL);
	set_tsk_thread_flag(current, TIF_SIGPENDING);
}

static void a_fatal_signal_stops_between_two_descriptors(struct kunit *test)
{
	struct exec_fixture f = exec_fixture(test);
	int taken, nothing;

	f.fake->on_issue = exec_kill;
	zpcifd_fake_submit_loads(f.ring, 0, 64, 0);
	mutex_lock(&f.ring->lock);
	taken = zpcifd_submit_locked(f.ring, INT_MAX);
	nothing = zpcifd_submit_locked(f.ring, 0);
	flush_signals(current);
	mutex_unlock(&f.ring->lock);

	KUNIT_EXPECT_GE(test, taken, 1);
	KUNIT_EXPECT_LE(test, taken, ZPCIFD_PAUSE);
	KUNIT_EXPECT_EQ(test, f.fake->issued, taken);
	KUNIT_EXPECT_EQ(test, nothing, -EINTR);

	f.fake->on_issue = NULL;
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 64 - taken);
}

static void everything_is_counted_once(struct kunit *test)
{
	static const struct zpcifd_fake_answer answers[] = {
		{}, { 0, 1, 8 }, { 0, 2 }, {}, { 0, 3 }, { -ENXIO },
	};
	struct exec_fixture f = exec_fixture(test);
	const struct zpcifd_stats *stats = &f.ring->stats;
	struct zpcifd_sqe store = { .opcode = ZPCIFD_OP_PCISTG, .len = 3 };
	struct zpcifd_sqe block = { .opcode = ZPCIFD_OP_PCISTB, .len = 128 };
	struct zpcifd_sqe refused = { .opcode = ZPCIFD_OP_PCILG };

	/* Works, fails, works at the second time, fails, and a program check */
	f.fake->answers = answers;
	f.fake->nr_answers = ARRAY_SIZE(answers);
	zpcifd_fake_submit_loads(f.ring, 0, 5, 0);
	zpcifd_fake_submit(f.ring, &store);
	zpcifd_fake_submit(f.ring, &block);
	zpcifd_fake_submit(f.ring, &refused);
	store.flags = ZPCIFD_SQE_SKIP_SUCCESS;
	zpcifd_fake_submit(f.ring, &store);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(f.ring, INT_MAX), 9);

	KUNIT_EXPECT_EQ(test, stats->insns[ZPCIFD_OP_PCILG], 5);
	KUNIT_EXPECT_EQ(test, stats->insns[ZPCIFD_OP_PCISTG], 2);
	KUNIT_EXPECT_EQ(test, stats->insns[ZPCIFD_OP_PCISTB], 1);
	KUNIT_EXPECT_EQ(test, stats->bytes, 8 + 8 + 3 + 128 + 3);
	KUNIT_EXPECT_EQ(test, stats->cc[0], 1);
	KUNIT_EXPECT_EQ(test, stats->cc[1], 1);
	KUNIT_EXPECT_EQ(test, stats->cc[2], 0);
	KUNIT_EXPECT_EQ(test, stats->cc[3], 1);
	KUNIT_EXPECT_EQ(test, stats->pgm_checks, 1);
	KUNIT_EXPECT_EQ(test, stats->retries, 1);
	KUNIT_EXPECT_EQ(test, stats->refused, 1);
}

static struct kunit_case exec_cases[] = {
	KUNIT_CASE(an_instruction_arrives_exactly_as_described),
	KUNIT_CASE(every_answer_is_told_with_cc_and_status),
	KUNIT_CASE(a_failure_is_told_in_spite_of_skip_success),
	KUNIT_CASE(skip_success_leaves_no_completion),
	KUNIT_CASE(skip_success_waits_for_room_as_well),
	KUNIT_CASE(a_refused_descriptor_reaches_no_instruction),
	KUNIT_CASE(a_failure_stops_no_other_descriptor),
	KUNIT_CASE(a_descriptor_that_runs_cannot_be_changed),
	KUNIT_CASE(a_ring_that_ends_stops_between_two_descriptors),
	KUNIT_CASE(a_fatal_signal_stops_between_two_descriptors),
	KUNIT_CASE(everything_is_counted_once),
	{}
};

static struct kunit_suite exec_suite = {
	.name = "zpcifd_exec",
	.test_cases = exec_cases,
};

kunit_test_suite(exec_suite);
