// SPDX-License-Identifier: GPL-2.0
/*
 * A function that answers condition code 2 for ever, and a batch that would take
 * more than four seconds because of it: it delays neither a fatal signal nor the
 * end of the ring by more than a tenth of a second, and leaves the CPU to others.
 * A simulated function of the test's own.
 *
 * What a delay is, is measured against the same thing done to a ring that does
 * nothing. The machine may be busy as well: one try of several must be in time,
 * where a driver that waits for its batch is late each time.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "sim_own.h"
#include "submit.h"

#define OWN SIM_CONFIGFS "/selftest-busy"

/* A millisecond each */
#define ENTRIES 4096
#define LIMIT 100000LL
#define TRIES 10
#define SLOW 180

struct state {
	struct function f;
	struct ring r;
};

/* Each way to submit */
FIXTURE(busy)
{
	struct state s;
};

SUBMISSION_VARIANTS(busy);

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static bool is_simulated_here(struct __test_metadata *_metadata)
{
	struct function f;
	bool simulated;

	function_open(_metadata, &f);
	simulated = is_simulated(&f);
	function_close(&f);
	return simulated;
}

static void make_own(struct __test_metadata *_metadata)
{
	/* A test that failed may have left it */
	rmdir(OWN);
	ASSERT_EQ(0, mkdir(OWN, 0755)) {
		TH_LOG(OWN ": %s", strerror(errno));
	}
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
}

FIXTURE_SETUP(busy)
{
	ring_submission = variant->submission;
	if (!is_simulated_here(_metadata))
		SKIP(return, "a physical function does not stay busy on demand");
	make_own(_metadata);
}

FIXTURE_TEARDOWN(busy)
{
	EXPECT_EQ(0, rmdir(OWN));
}

/* What a thread of the kernel alone can do wrong */
FIXTURE(busy_thread)
{
	struct state s;
};

FIXTURE_SETUP(busy_thread)
{
	ring_submission = &submit_sqpoll;
	if (!is_simulated_here(_metadata))
		SKIP(return, "a physical function does not stay busy on demand");
	make_own(_metadata);
}

FIXTURE_TEARDOWN(busy_thread)
{
	EXPECT_EQ(0, rmdir(OWN));
}

static void open_ring(struct __test_metadata *_metadata, struct state *self)
{
	ASSERT_EQ(0, sim_open_function(OWN, &self->f));
	ASSERT_EQ(0, function_bind(&self->f));
	ring_open(_metadata, self->f.fd, &self->r, ENTRIES, ENTRIES, 0);
}

static void fill(struct ring *r)
{
	int i;

	for (i = 0; i < ENTRIES; i++)
		ring_push(r, sqe_id());
}

/* The batch is under way, and all but all of it is still to come */
static void wait_until_it_runs(const struct ring *r)
{
	while (ring_ready(r) < 2)
		sched_yield();
}

static void *enter(void *data)
{
	struct ring *r = data;

	ring_enter(r, ENTRIES);
	return NULL;
}

/* Waits until the batch runs, then says so */
static void *watch(void *data)
{
	struct ring *r = data;

	wait_until_it_runs(r);
	return write(STDOUT_FILENO, "", 1) == 1 ? NULL : data;
}

/* A measurement: how long it takes, in microseconds, with a batch that runs or without */
typedef long long measure_fn(struct __test_metadata *_metadata, struct state *self,
			     bool busy);

static void expect_in_time(struct __test_metadata *_metadata, struct state *self,
			   measure_fn *measure)
{
	long long idle, busy, delay = 0;
	int i;

	for (i = 0; i < TRIES; i++) {
		idle = measure(_metadata, self, false);
		busy = measure(_metadata, self, true);
		delay = busy - idle;
		if (delay <= LIMIT)
			break;
		TH_LOG("%lld us without a batch, %lld us with one", idle, busy);
	}
	EXPECT_GE(LIMIT, delay);
}

/* Owns the function and runs the batch, or does nothing, until it is killed */
static void run_until_killed(struct __test_metadata *_metadata, struct state *self,
			     int ready, bool busy)
{
	pthread_t watcher;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_ring(_metadata, self);
	dup2(ready, STDOUT_FILENO);
	if (busy) {
		ASSERT_EQ(0, pthread_create(&watcher, NULL, watch, &self->r));
		fill(&self->r);
		ring_enter(&self->r, ENTRIES);
		/* Not before the batch is through */
		_exit(1);
	}
	if (write(ready, "", 1) == 1)
		pause();
}

static long long measure_kill(struct __test_metadata *_metadata, struct state *self,
			      bool busy)
{
	long long start, time;
	int status, pipes[2];
	char byte;
	pid_t child;

	ASSERT_EQ(0, sim_set(OWN, "fault_busy", "forever"));
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		run_until_killed(_metadata, self, pipes[1], busy);
		_exit(2);
	}
	close(pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	close(pipes[0]);

	start = now(CLOCK_MONOTONIC);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	time = now(CLOCK_MONOTONIC) - start;
	EXPECT_TRUE(WIFSIGNALED(status));
	/* Nothing of it is left */
	ASSERT_EQ(0, sim_open_function(OWN, &self->f));
	EXPECT_EQ(0, function_bind(&self->f));
	function_close(&self->f);
	return time;
}

TEST_F_TIMEOUT(busy, a_fatal_signal_does_not_wait_for_the_batch, SLOW)
{
	expect_in_time(_metadata, &self->s, measure_kill);
}

/* What was taken has completed, and it was not the whole batch */
static void expect_cut(struct __test_metadata *_metadata, struct ring *r)
{
	__u32 taken = r->header->sq_head, i;
	struct zpcifd_cqe cqe;

	EXPECT_GT(ENTRIES, taken);
	EXPECT_EQ(taken, ring_ready(r));
	for (i = 0; i < taken && ring_pop(r, &cqe); i++)
		EXPECT_TRUE(cqe.res == -EBUSY || cqe.res == -ENODEV);
}

/* Ends the ring in the middle of a batch that another thread submitted */
static long long measure_end(struct __test_metadata *_metadata, struct state *self,
			     bool busy, void (*end)(struct state *self))
{
	long long start, time;
	pthread_t thread;

	open_ring(_metadata, self);
	ASSERT_EQ(0, sim_set(OWN, "fault_busy", "forever"));
	if (busy) {
		fill(&self->r);
		ASSERT_EQ(0, pthread_create(&thread, NULL, enter, &self->r));
		wait_until_it_runs(&self->r);
	}
	start = now(CLOCK_MONOTONIC);
	end(self);
	if (busy)
		pthread_join(thread, NULL);
	time = now(CLOCK_MONOTONIC) - start;

	if (busy)
		expect_cut(_metadata, &self->r);
	ring_close(&self->r);
	function_close(&self->f);
	return time;
}

static void close_owner(struct state *self)
{
	close(self->f.fd);
	self->f.fd = -1;
}

static long long measure_close(struct __test_metadata *_metadata, struct state *self,
			       bool busy)
{
	return measure_end(_metadata, self, busy, close_owner);
}

TEST_F_TIMEOUT(busy, closing_the_owner_does_not_wait_for_the_batch, SLOW)
{
	expect_in_time(_metadata, &self->s, measure_close);
}

static void remove_function(struct state *self)
{
	(void)self;
	sim_set(OWN, "live", "0");
}

static long long measure_removal(struct __test_metadata *_metadata, struct state *self,
				 bool busy)
{
	long long time = measure_end(_metadata, self, busy, remove_function);

	EXPECT_EQ(0, sim_set(OWN, "live", "1"));
	return time;
}

TEST_F_TIMEOUT(busy, removing_the_function_does_not_wait_for_the_batch, SLOW)
{
	expect_in_time(_metadata, &self->s, measure_removal);
}

static long long measure_ring_close(struct __test_metadata *_metadata,
				    struct state *self, bool busy)
{
	long long start, time;

	open_ring(_metadata, self);
	ASSERT_EQ(0, sim_set(OWN, "fault_busy", "forever"));
	if (busy) {
		fill(&self->r);
		__atomic_store_n(&self->r.header->sq_tail, ENTRIES, __ATOMIC_RELEASE);
		ASSERT_EQ(0, call(self->r.fd, ZPCIFD_RING_ENTER, NULL));
		wait_until_it_runs(&self->r);
	}
	start = now(CLOCK_MONOTONIC);
	ring_close(&self->r);
	time = now(CLOCK_MONOTONIC) - start;
	function_close(&self->f);
	return time;
}

TEST_F_TIMEOUT(busy_thread, that_runs_a_batch_does_not_delay_the_end_of_its_ring, SLOW)
{
	expect_in_time(_metadata, &self->s, measure_ring_close);
}

#define RINGS 16

/* Many threads at once, which look for work for as long as they can */
static long long measure_many(struct __test_metadata *_metadata, struct state *self,
			      bool busy)
{
	struct ring rings[RINGS];
	long long start, time;
	unsigned int i;

	open_ring(_metadata, self);
	ASSERT_EQ(0, sim_set(OWN, "fault_busy", "forever"));
	for (i = 0; i < RINGS; i++) {
		struct ring *r = &rings[i];

		r->layout = (struct zpcifd_ring_create){
			.size = sizeof(r->layout),
			.flags = ZPCIFD_RING_SQPOLL,
			.sq_entries = ENTRIES,
			.sq_thread_idle = busy ? 1000 : 1,
		};
		ASSERT_EQ(0, call(self->f.fd, ZPCIFD_RING_CREATE, &r->layout));
		r->fd = r->layout.out_fd;
		ASSERT_EQ(0, ring_map(r));
		if (!busy)
			continue;
		fill(r);
		ASSERT_EQ(0, call(r->fd, ZPCIFD_RING_ENTER, NULL));
	}
	for (i = 0; i < RINGS && busy; i++)
		wait_until_it_runs(&rings[i]);
	for (i = 0; i < RINGS && !busy; i++)
		while (!(rings[i].header->flags & ZPCIFD_RING_NEED_WAKEUP))
			sched_yield();
	start = now(CLOCK_MONOTONIC);
	close_owner(self);
	time = now(CLOCK_MONOTONIC) - start;
	for (i = 0; i < RINGS; i++) {
		if (busy)
			expect_cut(_metadata, &rings[i]);
		ring_close(&rings[i]);
	}
	ring_close(&self->r);
	function_close(&self->f);
	return time;
}

TEST_F_TIMEOUT(busy_thread, among_many_does_not_delay_the_end_of_all_rings, SLOW)
{
	expect_in_time(_metadata, &self->s, measure_many);
}

/* State of a task as /proc tells it: R, S, D */
static char state_of(pid_t tid)
{
	char path[64], text[256], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (file_read(path, text, sizeof(text)))
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

/* The kernel's thread that a process's ring has, 0 if there is none */
static pid_t thread_of(const struct function *f, pid_t maker)
{
	char name[32], want[64], path[300], comm[64];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t pid = 0;

	sim_get(f->path, "name", name, sizeof(name));
	snprintf(want, sizeof(want), "%s-sq-%d", name, maker);
	while (dir && !pid && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (!file_read(path, comm, sizeof(comm)) && !strcmp(comm, want))
			pid = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return pid;
}

/*
 * The process that waits for its turn: has a ring of the function, whose owner
 * lives on, and submits a chain on it, or waits for nothing
 */
static void wait_for_turn(struct __test_metadata *_metadata, int owner, int ready, bool busy)
{
	struct ring r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ring_open(_metadata, owner, &r, 4, 4, 0);
	close(owner);
	ring_push(&r, sqe_flags(sqe_id(), ZPCIFD_SQE_LINK));
	ring_push(&r, sqe_id());
	if (write(ready, "", 1) != 1)
		_exit(1);
	if (busy)
		ring_enter(&r, 2);
	for (;;)
		pause();
}

/* How long a process lives that is killed while its chain waits for another ring's chain */
static long long measure_turn(struct __test_metadata *_metadata, struct state *self,
			      bool busy)
{
	const struct submission *submission = ring_submission;
	long long start, time;
	int status, pipes[2];
	pid_t child, waits;
	struct zpcifd_cqe cqe;
	pthread_t thread;
	unsigned int i;
	char byte;

	ring_submission = NULL;
	open_ring(_metadata, self);
	ring_submission = submission;
	/* Five seconds for a chain of 64 that works */
	ASSERT_EQ(0, sim_set(OWN, "fault_delay", "80"));
	for (i = 0; i < 64; i++)
		ring_push(&self->r, sqe_flags(sqe_id(), i < 63 ? ZPCIFD_SQE_LINK : 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, enter, &self->r));
	while (!ring_ready(&self->r))
		sched_yield();

	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		munmap(self->r.map, self->r.layout.out_mmap_len);
		close(self->r.fd);
		wait_for_turn(_metadata, self->f.fd, pipes[1], busy);
	}
	close(pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	close(pipes[0]);
	do {
		waits = submission == &submit_sqpoll ? thread_of(&self->f, child) : child;
		ASSERT_NE(0, waits);
		sched_yield();
	} while (busy && state_of(waits) != 'D');

	start = now(CLOCK_MONOTONIC);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	time = now(CLOCK_MONOTONIC) - start;

	/* The other chain was not cut by that */
	ASSERT_EQ(0, sim_set(OWN, "fault_delay", "0"));
	pthread_join(thread, NULL);
	for (i = 0; i < 64; i++) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(0, cqe.res);
	}
	ring_close(&self->r);
	function_close(&self->f);
	return time;
}

TEST_F_TIMEOUT(busy, a_fatal_signal_does_not_wait_for_the_chains_of_other_rings, SLOW)
{
	expect_in_time(_metadata, &self->s, measure_turn);
}

/* All that this process starts from now on runs on one CPU; so does the ring's worker */
static void pin(struct __test_metadata *_metadata, const struct ring *r)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	if (r && r->submission == &submit_uring)
		ASSERT_EQ(0, io_uring_register_iowq_aff(r->private, sizeof(set), &set));
}

/* Descriptors that the other one must see pass by */
#define SHARED 60

TEST_F_TIMEOUT(busy, a_batch_leaves_the_CPU_to_others, SLOW)
{
	struct ring *r = &self->s.r;
	long long start, mine, all;
	pthread_t thread;
	__u32 until;

	pin(_metadata, NULL);
	open_ring(_metadata, &self->s);
	pin(_metadata, r);
	ASSERT_EQ(0, sim_set(OWN, "fault_busy", "forever"));
	fill(r);
	ASSERT_EQ(0, pthread_create(&thread, NULL, enter, r));
	wait_until_it_runs(r);

	/* The fair share is a half */
	until = ring_ready(r) + SHARED;
	ASSERT_GT(ENTRIES, until) {
		TH_LOG("nobody else ran before descriptor %u of the batch", until - SHARED);
	}
	start = now(CLOCK_MONOTONIC);
	mine = now(CLOCK_THREAD_CPUTIME_ID);
	while (ring_ready(r) < until)
		;
	mine = now(CLOCK_THREAD_CPUTIME_ID) - mine;
	all = now(CLOCK_MONOTONIC) - start;
	EXPECT_LT(all / 10, mine) {
		TH_LOG("%lld us of %lld us", mine, all);
	}
	close_owner(&self->s);
	pthread_join(thread, NULL);
	ring_close(r);
	function_close(&self->s.f);
}

TEST_HARNESS_MAIN
