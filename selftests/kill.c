// SPDX-License-Identifier: GPL-2.0
/*
 * Owners that go away without a word: killed in the middle of a batch, replaced
 * by exec, or outlived by a child. The function is free afterwards and nothing
 * of the last owner is left in it, nor does a thread of its rings run.
 */
#include <signal.h>
#include <sys/prctl.h>

#include "submit.h"

#define ENTRIES 256
#define ROUNDS 5

FIXTURE(killed)
{
	struct function f;
	int pipe[2];
};

SUBMISSION_VARIANTS(killed);

FIXTURE_SETUP(killed)
{
	ring_submission = variant->submission;
	function_open(_metadata, &self->f);
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(killed)
{
	EXPECT_EQ(0, function_bind(&self->f));
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

/* Fills the ring with descriptors that work, chains of 32 or none */
static void fill(struct ring *r, bool chains)
{
	const struct zpcifd_ring_header *header = r->header;

	while (ring_tail(r) - __atomic_load_n(&header->sq_head, __ATOMIC_ACQUIRE) < ENTRIES)
		ring_push(r, sqe_flags(sqe_id(), chains && ring_tail(r) % 32 != 31 ?
						 ZPCIFD_SQE_LINK : 0));
}

/*
 * Owns the function and runs batches until it is killed. What does not run in the
 * caller is never waited for, so that it is under way then.
 */
static void run_batches(struct __test_metadata *_metadata, int ready, bool chains)
{
	struct zpcifd_cqe cqe;
	struct function f;
	struct ring r;
	char byte = 0;
	long done = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	function_open_bound(_metadata, &f);
	ASSERT_EQ(0, function_attach(&f, f.ioas));
	ring_open(_metadata, f.fd, &r, ENTRIES, ENTRIES, TEST_PAGE);
	for (;;) {
		fill(&r, chains);
		if (ring_start(&r, INT_MAX))
			_exit(1);
		while (ring_pop(&r, &cqe))
			done++;
		/* The first batches are through: now it may come */
		if (ready >= 0 && done > 2 * ENTRIES) {
			if (write(ready, &byte, 1) != 1)
				_exit(2);
			close(ready);
			ready = -1;
		}
		sched_yield();
	}
}

/* No thread of the rings of a process is left, or the test's time runs out */
static void wait_for_threads(pid_t creator)
{
	while (submit_find_thread(creator))
		usleep(1000);
}

/*
 * A killed process's files are closed before it can be waited for. So nobody
 * waits for the function here.
 */
static void kill_owner(struct __test_metadata *_metadata, struct _test_data_killed *self,
		       bool chains)
{
	int status, i;
	char byte;
	pid_t child;

	for (i = 0; i < ROUNDS; i++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			close(self->f.fd);
			run_batches(_metadata, self->pipe[1], chains);
			_exit(3);
		}
		ASSERT_EQ(1, read(self->pipe[0], &byte, 1));
		EXPECT_EQ(-EBUSY, function_bind(&self->f));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
		ASSERT_EQ(SIGKILL, WTERMSIG(status));

		ASSERT_EQ(0, function_bind(&self->f));
		wait_for_threads(child);
		expect_works(_metadata, self->f.fd);
		/* Not attached any more */
		EXPECT_EQ(-EINVAL, function_detach(&self->f));
		close(self->f.fd);
		self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, self->f.fd);
	}
}

TEST_F_TIMEOUT(killed, a_function_is_free_when_its_owner_was_killed_in_a_batch, 120)
{
	kill_owner(_metadata, self, false);
}

TEST_F_TIMEOUT(killed, a_function_is_free_when_its_owner_was_killed_in_a_chain, 120)
{
	kill_owner(_metadata, self, true);
}

/* Runs a descriptor in a ring of the parent, which is gone */
static int use_inherited(struct ring *r)
{
	struct zpcifd_cqe cqe;

	/* An io_uring is its maker's */
	if (r->submission && r->submission->open(r))
		return 3;
	ring_push(r, sqe_id());
	if (ring_enter(r, 1) != 1 || !ring_pop(r, &cqe) || cqe.res)
		return 4;
	return 0;
}

TEST_F(killed, a_child_keeps_the_function_and_the_rings_of_a_parent_that_is_gone)
{
	pid_t parent, waiting;
	int status, hold[2];
	struct ring r;
	char byte = 0;

	/*
	 * The parent binds, forks and dies; its child, which becomes this
	 * process's, lives until told otherwise
	 */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, pipe(hold));
	parent = fork();
	ASSERT_LE(0, parent);
	if (!parent) {
		if (function_bind(&self->f))
			_exit(1);
		ring_open(_metadata, self->f.fd, &r, 1, 1, 0);
		waiting = fork();
		if (waiting < 0)
			_exit(2);
		if (waiting)
			_exit(0);
		close(hold[1]);
		/* Goes on when the test closes its side */
		_exit(read(hold[0], &byte, 1) < 0 ? 2 : use_inherited(&r));
	}
	close(hold[0]);
	/* This process has the same open file: it must not count */
	close(self->f.fd);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(parent, waitpid(parent, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(-EBUSY, function_bind(&self->f));

	close(hold[1]);
	ASSERT_LT(0, wait(&status));
	EXPECT_EQ(0, status);
	/* The teardown binds it */
}

TEST_F(killed, exec_closes_the_function_and_its_rings_with_a_batch_under_way)
{
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct function f;
		struct ring r;

		close(self->f.fd);
		function_open_bound(_metadata, &f);
		ring_open(_metadata, f.fd, &r, ENTRIES, ENTRIES, 0);
		fill(&r, false);
		if (ring_start(&r, INT_MAX))
			_exit(1);
		/* Has the owner's and the ring's descriptors if they were kept */
		execl("/proc/self/exe", "kill", "--exec-check", f.path, NULL);
		_exit(2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* After exec: is the function free for this process, and is nothing of a ring there? */
static int exec_check(const char *path)
{
	struct function f = { .path = path };
	char link[64], target[256];
	ssize_t len;
	int fd;

	for (fd = 3; fd < 64; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = 0;
		if (strstr(target, "zpci"))
			return 3;
	}
	wait_for_threads(getpid());
	f.fd = open(path, O_RDWR | O_CLOEXEC);
	f.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	return f.fd < 0 || f.iommufd < 0 || function_bind(&f) ? 4 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--exec-check"))
		return exec_check(argv[2]);
	return test_harness_run(argc, argv);
}
