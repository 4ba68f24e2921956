// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptor flags: chains, SKIP_SUCCESS, BUSY_RETURN
 */
#include <pthread.h>

#include "sim_log.h"
#include "submit.h"

#define SQ_ENTRIES 256
#define CQ_ENTRIES 256

#define LINK ZPCIFD_SQE_LINK
#define SKIP_SUCCESS ZPCIFD_SQE_SKIP_SUCCESS

FIXTURE(chain)
{
	struct function f;
	struct ring r;
	__u64 pushed;
	__u64 popped;
	__u64 log;
};

SUBMISSION_VARIANTS(chain);

FIXTURE_SETUP(chain)
{
	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	ring_open(_metadata, self->f.fd, &self->r, SQ_ENTRIES, CQ_ENTRIES, TEST_PAGE);
	if (is_simulated(&self->f))
		self->log = sim_log_next(_metadata, &self->f);
}

FIXTURE_TEARDOWN(chain)
{
	ring_close(&self->r);
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

/* Fills an entry; user_data counts */
static void push(struct _test_data_chain *self, struct zpcifd_sqe sqe, __u8 flags)
{
	sqe.flags = flags;
	ring_push(&self->r, sqe_user(sqe, self->pushed++));
}

/* The next completion is the next descriptor's, with this result */
static void expect_next(struct __test_metadata *_metadata, struct _test_data_chain *self, int res)
{
	struct zpcifd_cqe cqe;

	ASSERT_TRUE(ring_pop(&self->r, &cqe)) {
		TH_LOG("no completion for descriptor %llu", (long long)self->popped);
	}
	EXPECT_EQ(self->popped, cqe.user_data);
	EXPECT_EQ(res, cqe.res) {
		TH_LOG("descriptor %llu", (long long)self->popped);
	}
	EXPECT_EQ(res ? 0 : ZPCIFD_CQE_ISSUED, cqe.flags);
	self->popped++;
}

/* On a simulated function, exactly this many instructions were issued so far */
static void expect_issued(struct __test_metadata *_metadata, struct _test_data_chain *self,
			  unsigned int n)
{
	if (is_simulated(&self->f))
		EXPECT_EQ(self->log + n, sim_log_next(_metadata, &self->f));
}

TEST_F(chain, a_chain_that_works_completes_in_order)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		push(self, sqe_id(), i < 2 ? LINK : 0);
	EXPECT_EQ(3, ring_enter(&self->r, INT_MAX));
	for (i = 0; i < 3; i++)
		expect_next(_metadata, self, 0);
	expect_issued(_metadata, self, 3);
}

TEST_F(chain, a_failure_cancels_the_rest_of_its_chain_and_nothing_else)
{
	push(self, sqe_id(), 0);
	push(self, sqe_id(), LINK);
	push(self, sqe_refused(), LINK);
	push(self, sqe_id(), LINK);
	push(self, sqe_id(), 0);
	push(self, sqe_id(), LINK);
	push(self, sqe_id(), 0);
	push(self, sqe_refused(), LINK);
	push(self, sqe_refused(), 0);
	push(self, sqe_id(), 0);
	EXPECT_EQ(10, ring_enter(&self->r, INT_MAX));

	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, -EINVAL);
	expect_next(_metadata, self, -ECANCELED);
	expect_next(_metadata, self, -ECANCELED);
	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, -EINVAL);
	expect_next(_metadata, self, -ECANCELED);
	expect_next(_metadata, self, 0);
	expect_issued(_metadata, self, 5);
}

TEST_F(chain, a_failure_without_LINK_cancels_nothing)
{
	push(self, sqe_refused(), 0);
	push(self, sqe_id(), 0);
	push(self, sqe_id(), LINK);
	push(self, sqe_refused(), 0);
	push(self, sqe_id(), 0);
	EXPECT_EQ(5, ring_enter(&self->r, INT_MAX));

	expect_next(_metadata, self, -EINVAL);
	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, -EINVAL);
	expect_next(_metadata, self, 0);
}

TEST_F(chain, a_chain_ends_with_the_submission)
{
	/* By what ENTER is told to take */
	push(self, sqe_refused(), LINK);
	push(self, sqe_id(), LINK);
	push(self, sqe_id(), 0);
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	expect_next(_metadata, self, -EINVAL);
	EXPECT_EQ(2, ring_enter(&self->r, INT_MAX));
	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, 0);

	/* By what is there */
	push(self, sqe_id(), LINK);
	push(self, sqe_refused(), LINK);
	EXPECT_EQ(2, ring_enter(&self->r, INT_MAX));
	push(self, sqe_id(), 0);
	EXPECT_EQ(1, ring_enter(&self->r, INT_MAX));
	expect_next(_metadata, self, 0);
	expect_next(_metadata, self, -EINVAL);
	expect_next(_metadata, self, 0);
}

TEST_F(chain, the_longest_chain_works)
{
	const __u32 max = self->f.info.out_max_chain;
	__u32 i;

	ASSERT_GT(SQ_ENTRIES, max + 1);
	for (i = 0; i < max; i++)
		push(self, sqe_id(), i < max - 1 ? LINK : 0);
	push(self, sqe_id(), 0);
	EXPECT_EQ(max + 1, ring_enter(&self->r, INT_MAX));
	for (i = 0; i < max + 1; i++)
		expect_next(_metadata, self, 0);
	expect_issued(_metadata, self, max + 1);
}

TEST_F(chain, a_longer_chain_gives_E2BIG_then_ECANCELED_and_issues_nothing)
{
	const __u32 max = self->f.info.out_max_chain;
	__u32 extra, i;

	for (extra = 1; extra < 70; extra += 23) {
		ASSERT_GE(SQ_ENTRIES, max + extra + 1);
		for (i = 0; i < max + extra; i++)
			push(self, sqe_id(), i < max + extra - 1 ? LINK : 0);
		push(self, sqe_refused(), 0);
		EXPECT_EQ(max + extra + 1, ring_enter(&self->r, INT_MAX));
		expect_next(_metadata, self, -E2BIG);
		for (i = 1; i < max + extra; i++)
			expect_next(_metadata, self, -ECANCELED);
		expect_next(_metadata, self, -EINVAL);
	}
	expect_issued(_metadata, self, 0);
}

TEST_F(chain, a_chain_that_is_too_long_is_canceled_to_its_end_over_several_submissions)
{
	const __u32 max = self->f.info.out_max_chain;
	__u32 i;

	for (i = 0; i < max + 20; i++)
		push(self, sqe_id(), i < max + 19 ? LINK : 0);
	push(self, sqe_id(), 0);
	EXPECT_EQ(max + 5, ring_enter(&self->r, max + 5));
	EXPECT_EQ(3, ring_enter(&self->r, 3));
	EXPECT_EQ(13, ring_enter(&self->r, INT_MAX));
	expect_next(_metadata, self, -E2BIG);
	for (i = 1; i < max + 20; i++)
		expect_next(_metadata, self, -ECANCELED);
	expect_next(_metadata, self, 0);
	expect_issued(_metadata, self, 1);
}

TEST_F(chain, a_chain_waits_until_the_completion_queue_has_room_for_all_of_it)
{
	struct zpcifd_cqe cqe;
	struct ring r;
	__u64 i;

	ring_open(_metadata, self->f.fd, &r, 8, 8, 0);
	for (i = 0; i < 6; i++)
		ring_push(&r, sqe_user(sqe_id(), i));
	EXPECT_EQ(6, ring_enter(&r, INT_MAX));

	/* Room for two: one descriptor and not the chain of three */
	for (; i < 10; i++)
		ring_push(&r, sqe_user(sqe_flags(sqe_id(), i == 7 || i == 8 ? LINK : 0), i));
	EXPECT_EQ(1, ring_enter(&r, INT_MAX));
	EXPECT_EQ(0, ring_enter(&r, INT_MAX));
	ASSERT_TRUE(ring_pop(&r, &cqe));
	EXPECT_EQ(0, ring_enter(&r, INT_MAX));
	EXPECT_EQ(7, r.header->sq_head);
	expect_issued(_metadata, self, 7);
	ASSERT_TRUE(ring_pop(&r, &cqe));
	EXPECT_EQ(3, ring_enter(&r, INT_MAX));
	for (i = 2; i < 10; i++) {
		ASSERT_TRUE(ring_pop(&r, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(0, cqe.res);
	}
	ring_close(&r);
}

TEST_F(chain, a_chain_goes_over_the_end_of_the_queue)
{
	unsigned int round, i;

	for (round = 0; round < SQ_ENTRIES; round++) {
		for (i = 0; i < 5; i++)
			push(self, i == 3 ? sqe_refused() : sqe_id(), i < 4 ? LINK : 0);
		ASSERT_EQ(5, ring_enter(&self->r, 5));
		for (i = 0; i < 3; i++)
			expect_next(_metadata, self, 0);
		expect_next(_metadata, self, -EINVAL);
		expect_next(_metadata, self, -ECANCELED);
	}
}

TEST_F(chain, SKIP_SUCCESS_suppresses_the_completion_of_success_only)
{
	push(self, sqe_id(), SKIP_SUCCESS);
	push(self, sqe_refused(), SKIP_SUCCESS);
	push(self, sqe_id(), 0);
	push(self, sqe_id(), SKIP_SUCCESS);
	EXPECT_EQ(4, ring_enter(&self->r, INT_MAX));
	EXPECT_EQ(2, ring_ready(&self->r));
	self->popped = 1;
	expect_next(_metadata, self, -EINVAL);
	expect_next(_metadata, self, 0);
	expect_issued(_metadata, self, 3);
}

TEST_F(chain, SKIP_SUCCESS_in_a_chain_leaves_the_failure_and_what_it_cancels)
{
	push(self, sqe_id(), LINK | SKIP_SUCCESS);
	push(self, sqe_id(), LINK | SKIP_SUCCESS);
	push(self, sqe_refused(), LINK | SKIP_SUCCESS);
	push(self, sqe_id(), SKIP_SUCCESS);
	push(self, sqe_id(), SKIP_SUCCESS);
	EXPECT_EQ(5, ring_enter(&self->r, INT_MAX));
	EXPECT_EQ(2, ring_ready(&self->r));
	self->popped = 2;
	expect_next(_metadata, self, -EINVAL);
	expect_next(_metadata, self, -ECANCELED);
}

TEST_F(chain, BUSY_RETURN_does_not_matter_to_an_instruction_that_is_not_busy)
{
	struct zpcifd_cqe cqe;

	cqe = ring_run(_metadata, &self->r, sqe_flags(sqe_id(), ZPCIFD_SQE_BUSY_RETURN));
	EXPECT_EQ(0, cqe.res);
	EXPECT_EQ(0, cqe.retries);
}

#define CHAIN_LEN 8
#define CHAINS 40

struct chains {
	struct function *f;
	struct ring r;
	__u64 name;
	int failed;
};

/* Runs chains of stores that all carry the thread's name and the chain's number */
static void *run_chains(void *data)
{
	struct chains *c = data;
	struct zpcifd_cqe cqe;
	__u64 chain, i;

	for (chain = 0; chain < CHAINS; chain++) {
		for (i = 0; i < CHAIN_LEN; i++) {
			struct zpcifd_sqe sqe = sqe_store(c->f->bar, TEST_SCRATCH + 8 * i, 8,
							  c->name << 32 | chain);

			ring_push(&c->r, sqe_flags(sqe, i < CHAIN_LEN - 1 ? LINK : 0));
		}
		c->failed |= ring_enter(&c->r, CHAIN_LEN) != CHAIN_LEN;
		while (ring_pop(&c->r, &cqe))
			c->failed |= cqe.res;
	}
	return NULL;
}

TEST_F(chain, chains_of_one_function_do_not_interleave)
{
	struct sim_insn *insns = calloc(SIM_LOG_LEN, sizeof(*insns));
	struct chains chains[3];
	pthread_t threads[3];
	unsigned int t, i;
	int n;

	for (t = 0; t < ARRAY_LEN(chains); t++) {
		chains[t] = (struct chains){ .f = &self->f, .name = t + 1 };
		ring_open(_metadata, self->f.fd, &chains[t].r, CHAIN_LEN, CHAIN_LEN, 0);
	}
	for (t = 0; t < ARRAY_LEN(chains); t++)
		ASSERT_EQ(0, pthread_create(&threads[t], NULL, run_chains, &chains[t]));
	for (t = 0; t < ARRAY_LEN(chains); t++) {
		pthread_join(threads[t], NULL);
		EXPECT_EQ(0, chains[t].failed);
		ring_close(&chains[t].r);
	}

	if (!is_simulated(&self->f)) {
		free(insns);
		SKIP(return, "only a simulated function logs the order of instructions");
	}
	n = sim_log_read(&self->f, self->log, insns, SIM_LOG_LEN);
	ASSERT_EQ(ARRAY_LEN(chains) * CHAINS * CHAIN_LEN, n);
	for (i = 0; i < (unsigned int)n; i++) {
		ASSERT_EQ(ZPCIFD_OP_PCISTG, insns[i].opcode);
		ASSERT_EQ(TEST_SCRATCH + 8 * (i % CHAIN_LEN), insns[i].offset);
		ASSERT_EQ(insns[i - i % CHAIN_LEN].data, insns[i].data);
	}
	free(insns);
}

TEST_HARNESS_MAIN
