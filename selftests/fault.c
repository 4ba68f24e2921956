// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that do not work, as the simulator's fault attributes make them:
 * every condition code, and what becomes of it in the completion
 */
#include <time.h>

#include "sim_log.h"
#include "submit.h"

FIXTURE(fault)
{
	struct function f;
	struct ring r;
	char dir[256];
	__u64 log;
};

SUBMISSION_VARIANTS(fault);

static int set_fault(const struct _test_data_fault *self, const char *attr, const char *value)
{
	char path[512];

	snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/fault_%s", self->dir, attr);
	return file_write(path, value);
}

FIXTURE_SETUP(fault)
{
	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	ring_open(_metadata, self->f.fd, &self->r, 16, 16, TEST_PAGE);
	if (!is_simulated(&self->f))
		SKIP(return, "a physical function does not fail on demand");
	ASSERT_EQ(0, sim_directory(&self->f, self->dir, sizeof(self->dir)));
	self->log = sim_log_next(_metadata, &self->f);
}

FIXTURE_TEARDOWN(fault)
{
	set_fault(self, "busy", "0");
	set_fault(self, "answer", "0 0 0");
	set_fault(self, "state", "enabled");
	ring_close(&self->r);
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

static void expect_cqe(struct __test_metadata *_metadata, struct zpcifd_cqe cqe, int res,
		       unsigned int cc, unsigned int status)
{
	EXPECT_EQ(res, cqe.res);
	EXPECT_EQ(cc, cqe.cc);
	EXPECT_EQ(status, cqe.status);
	EXPECT_EQ(ZPCIFD_CQE_ISSUED, cqe.flags);
	if (res)
		EXPECT_EQ(0, cqe.data);
}

/* How many instructions the function has received */
static __u64 received(struct __test_metadata *_metadata, const struct _test_data_fault *self)
{
	return sim_log_next(_metadata, &self->f) - self->log;
}

TEST_F(fault, condition_code_and_status_are_reported_as_they_are)
{
	const unsigned int statuses[] = { 4, 8, 12, 16, 20, 24, 28, 36, 40, 44, 1, 255 };
	char answer[32];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		snprintf(answer, sizeof(answer), "1 1 %u", statuses[i]);
		ASSERT_EQ(0, set_fault(self, "answer", answer));
		expect_cqe(_metadata, ring_run(_metadata, &self->r, sqe_id()), -EIO, 1,
			   statuses[i]);
		expect_cqe(_metadata, ring_run(_metadata, &self->r, sqe_id()), 0, 0, 0);
	}
	ASSERT_EQ(0, set_fault(self, "answer", "1 3 0"));
	expect_cqe(_metadata, ring_run(_metadata, &self->r, sqe_id()), -ENODEV, 3, 0);
	EXPECT_EQ(2 * ARRAY_LEN(statuses) + 1, received(_metadata, self));
}

TEST_F(fault, SKIP_SUCCESS_does_not_suppress_a_failed_instruction)
{
	struct zpcifd_sqe sqe = sqe_flags(sqe_id(), ZPCIFD_SQE_SKIP_SUCCESS);

	ASSERT_EQ(0, set_fault(self, "answer", "1 1 8"));
	expect_cqe(_metadata, ring_run(_metadata, &self->r, sqe), -EIO, 1, 8);
}

TEST_F(fault, an_instruction_that_fails_cancels_the_rest_of_its_chain)
{
	struct zpcifd_cqe cqe;
	unsigned int i;

	ASSERT_EQ(0, set_fault(self, "answer", "2 1 12"));
	for (i = 0; i < 5; i++)
		ring_push(&self->r, sqe_user(sqe_flags(sqe_id(), i < 3 ? ZPCIFD_SQE_LINK : 0), i));
	EXPECT_EQ(5, ring_enter(&self->r, INT_MAX));
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(i == 1 ? -EIO : i == 2 || i == 3 ? -ECANCELED : 0, cqe.res);
		EXPECT_EQ(i == 2 || i == 3 ? 0 : ZPCIFD_CQE_ISSUED, cqe.flags);
	}
	EXPECT_EQ(3, received(_metadata, self));
}

TEST_F(fault, a_busy_instruction_is_issued_again_until_it_works)
{
	struct zpcifd_cqe cqe;

	ASSERT_EQ(0, set_fault(self, "busy", "3"));
	cqe = ring_run(_metadata, &self->r, sqe_id());
	expect_cqe(_metadata, cqe, 0, 0, 0);
	EXPECT_NE(0, cqe.data);
	EXPECT_EQ(3, cqe.retries);
	EXPECT_EQ(4, received(_metadata, self));
}

TEST_F(fault, BUSY_RETURN_reports_condition_code_2_at_once)
{
	struct zpcifd_cqe cqe;

	ASSERT_EQ(0, set_fault(self, "busy", "1"));
	cqe = ring_run(_metadata, &self->r, sqe_flags(sqe_id(), ZPCIFD_SQE_BUSY_RETURN));
	expect_cqe(_metadata, cqe, -EBUSY, 2, 0);
	EXPECT_EQ(0, cqe.retries);
	EXPECT_EQ(1, received(_metadata, self));
	cqe = ring_run(_metadata, &self->r, sqe_flags(sqe_id(), ZPCIFD_SQE_BUSY_RETURN));
	expect_cqe(_metadata, cqe, 0, 0, 0);
}

TEST_F(fault, an_instruction_that_stays_busy_is_given_up_after_a_bounded_time)
{
	struct timespec start, end;
	struct zpcifd_cqe cqe;
	unsigned int i;

	ASSERT_EQ(0, set_fault(self, "busy", "forever"));
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < 16; i++)
		ring_push(&self->r, sqe_id());
	EXPECT_EQ(16, ring_enter(&self->r, INT_MAX));
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* A millisecond each: generous, as a test machine may be slow */
	EXPECT_GT(5, end.tv_sec - start.tv_sec);
	for (i = 0; i < 16; i++) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		expect_cqe(_metadata, cqe, -EBUSY, 2, 0);
		EXPECT_LT(0, cqe.retries);
	}
}

TEST_F(fault, a_chain_that_stays_busy_is_canceled)
{
	struct zpcifd_cqe cqe;

	ASSERT_EQ(0, set_fault(self, "busy", "forever"));
	ring_push(&self->r, sqe_flags(sqe_id(), ZPCIFD_SQE_LINK));
	ring_push(&self->r, sqe_id());
	EXPECT_EQ(2, ring_enter(&self->r, 2));
	ASSERT_TRUE(ring_pop(&self->r, &cqe));
	expect_cqe(_metadata, cqe, -EBUSY, 2, 0);
	ASSERT_TRUE(ring_pop(&self->r, &cqe));
	EXPECT_EQ(-ECANCELED, cqe.res);
}

TEST_F(fault, the_owner_can_be_closed_while_the_function_stays_busy)
{
	ASSERT_EQ(0, set_fault(self, "busy", "forever"));
	ring_push(&self->r, sqe_id());
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	close(self->f.fd);
	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 1));
	ASSERT_EQ(0, set_fault(self, "busy", "0"));
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

TEST_F(fault, a_function_in_error_answers_blocked_until_it_is_reset)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	struct zpcifd_cqe cqe;

	ASSERT_EQ(0, set_fault(self, "state", "error"));
	cqe = ring_run(_metadata, &self->r, sqe_id());
	expect_cqe(_metadata, cqe, -EIO, 1, 12);
	ASSERT_EQ(0, set_fault(self, "state", "disabled"));
	cqe = ring_run(_metadata, &self->r, sqe_id());
	expect_cqe(_metadata, cqe, -ENODEV, 3, 0);
	EXPECT_EQ(0, call(self->f.fd, ZPCIFD_RESET, &reset));
	cqe = ring_run(_metadata, &self->r, sqe_id());
	expect_cqe(_metadata, cqe, 0, 0, 0);
}

TEST_F(fault, a_function_that_the_platform_has_recovered_works_without_a_reset)
{
	ASSERT_EQ(0, set_fault(self, "state", "error"));
	expect_cqe(_metadata, ring_run(_metadata, &self->r, sqe_id()), -EIO, 1, 12);
	ASSERT_EQ(0, set_fault(self, "state", "enabled"));
	EXPECT_EQ(0, ring_run(_metadata, &self->r, sqe_id()).res);
}

TEST_HARNESS_MAIN
