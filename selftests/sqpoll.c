// SPDX-License-Identifier: GPL-2.0
/*
 * The thread of a ring with SQPOLL: takes descriptors without a system call,
 * sleeps when there are none, runs where it is told to, and lives as long as the
 * ring does, no longer
 */
#include <ctype.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>

#include "sim_own.h"

#define ENTRIES 64
#define OWN SIM_CONFIGFS "/selftest-sqpoll"
#define ALLOW "/sys/module/zpcifd/parameters/sqpoll"

FIXTURE(sqpoll)
{
	struct function f;
};

FIXTURE_SETUP(sqpoll)
{
	function_open_bound(_metadata, &self->f);
}

FIXTURE_TEARDOWN(sqpoll)
{
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

static int create(const struct function *f, struct ring *r, __u32 flags, __u32 cpu, __u32 idle)
{
	int ret;

	r->layout = (struct zpcifd_ring_create){
		.size = sizeof(r->layout),
		.flags = ZPCIFD_RING_SQPOLL | flags,
		.sq_entries = ENTRIES,
		.sq_thread_cpu = cpu,
		.sq_thread_idle = idle,
	};
	ret = call(f->fd, ZPCIFD_RING_CREATE, &r->layout);
	if (ret)
		return ret;
	r->fd = r->layout.out_fd;
	return ring_map(r);
}

static bool sleeps(const struct ring *r)
{
	return __atomic_load_n(&r->header->flags, __ATOMIC_ACQUIRE) & ZPCIFD_RING_NEED_WAKEUP;
}

static void wait_until_it_sleeps(const struct ring *r)
{
	while (!sleeps(r))
		sched_yield();
}

/* Wakes the thread if need be */
static int wake(struct ring *r)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return sleeps(r) ? ring_enter(r, 0) : 0;
}

/* Runs a few descriptors; fails when the thread does not, by never returning */
static void expect_runs(struct __test_metadata *_metadata, struct ring *r)
{
	struct pollfd pfd = { .fd = r->fd, .events = POLLIN };
	struct zpcifd_cqe cqe;
	int i;

	for (i = 0; i < ENTRIES; i++)
		ring_push(r, sqe_user(sqe_id(), i));
	ASSERT_EQ(0, wake(r));
	for (i = 0; i < ENTRIES; i++) {
		while (!ring_pop(r, &cqe))
			ASSERT_EQ(1, poll(&pfd, 1, -1));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(0, cqe.res);
	}
}

/*
 * The threads of rings that a thread of this process or another one made for a
 * function. Returns how many there are, @pids are the first @max.
 */
static int find_threads(const struct function *f, pid_t maker, pid_t *pids, int max)
{
	char want[64], path[300], name[64];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	snprintf(want, sizeof(want), "%s-sq-%d", function_name(f), maker);
	while (dir && (entry = readdir(dir))) {
		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (file_read(path, name, sizeof(name)) || strcmp(name, want))
			continue;
		if (n < max)
			pids[n] = atoi(entry->d_name);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static pid_t find_thread(struct __test_metadata *_metadata, const struct function *f)
{
	pid_t pid = 0;

	ASSERT_EQ(1, find_threads(f, gettid(), &pid, 1)) {
		TH_LOG("the kernel thread's name is not %s-sq-%d", function_name(f), gettid());
	}
	return pid;
}

/* A thread that was stopped may be seen for a moment */
static void wait_until_threads_are(const struct function *f, pid_t maker, int n)
{
	while (find_threads(f, maker, NULL, 0) != n)
		sched_yield();
}

/* What a thread has done, as far as it can be told: times that it ran */
static unsigned long long times_it_ran(struct __test_metadata *_metadata, pid_t pid)
{
	unsigned long long sum = 0, n;
	char path[64], line[256];
	int found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "voluntary_ctxt_switches: %llu", &n) != 1 &&
		    sscanf(line, "nonvoluntary_ctxt_switches: %llu", &n) != 1)
			continue;
		sum += n;
		found++;
	}
	fclose(file);
	ASSERT_EQ(2, found);
	return sum;
}

/* Signals that a thread has got, or that wait for one of its group */
static unsigned long long signals_of(pid_t pid)
{
	unsigned long long all = 0, mask;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return ~0ULL;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "SigPnd: %llx", &mask) == 1 ||
		    sscanf(line, "ShdPnd: %llx", &mask) == 1)
			all |= mask;
	fclose(file);
	return all;
}

/* Other work for the function and the CPUs, bounded */
static void work(struct __test_metadata *_metadata, const struct function *f)
{
	int i;

	for (i = 0; i < 50; i++)
		expect_works(_metadata, f->fd);
}

TEST_F(sqpoll, a_thread_that_has_nothing_to_do_sleeps_until_ENTER)
{
	unsigned long long before;
	struct zpcifd_cqe cqe;
	struct ring r;
	pid_t pid;

	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 0));
	pid = find_thread(_metadata, &self->f);
	wait_until_it_sleeps(&r);
	expect_runs(_metadata, &r);
	wait_until_it_sleeps(&r);

	/* It has set the flag and may not quite be asleep: once more, at most */
	before = times_it_ran(_metadata, pid);
	work(_metadata, &self->f);
	EXPECT_GE(before + 1, times_it_ran(_metadata, pid));
	before = times_it_ran(_metadata, pid);
	work(_metadata, &self->f);
	EXPECT_EQ(before, times_it_ran(_metadata, pid));

	/* Nor does it look for descriptors in its sleep */
	ring_push(&r, sqe_id());
	work(_metadata, &self->f);
	EXPECT_EQ(before, times_it_ran(_metadata, pid));
	EXPECT_EQ(0, ring_ready(&r));
	EXPECT_TRUE(sleeps(&r));
	EXPECT_EQ(0, ring_enter(&r, 0));
	while (!ring_pop(&r, &cqe))
		sched_yield();
	EXPECT_EQ(0, cqe.res);
	ring_close(&r);
}

TEST_F(sqpoll, a_thread_that_can_do_nothing_sleeps_as_well)
{
	struct zpcifd_cqe cqe;
	unsigned int i;
	struct ring r;

	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 0));
	/* A counter that makes no sense */
	r.header->sq_tail = ENTRIES + 1;
	ASSERT_EQ(0, wake(&r));
	wait_until_it_sleeps(&r);
	EXPECT_EQ(0, r.header->sq_head);
	r.header->sq_tail = 0;
	expect_runs(_metadata, &r);

	/* No room for completions */
	for (i = 0; i < ENTRIES; i++)
		ring_push(&r, sqe_id());
	ASSERT_EQ(0, wake(&r));
	while (ring_ready(&r) < ENTRIES)
		sched_yield();
	ring_push(&r, sqe_user(sqe_id(), 0x1234));
	ASSERT_EQ(0, wake(&r));
	wait_until_it_sleeps(&r);
	EXPECT_EQ(ENTRIES, ring_ready(&r));
	ASSERT_TRUE(ring_pop(&r, &cqe));
	ASSERT_EQ(0, wake(&r));
	while (ring_ready(&r) < ENTRIES)
		sched_yield();
	while (ring_pop(&r, &cqe))
		;
	EXPECT_EQ(0x1234, cqe.user_data);
	ring_close(&r);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

TEST_F(sqpoll, a_thread_looks_for_work_as_long_as_it_was_told_to)
{
	const __u32 idle[] = { 0, 1, 20, 200 };
	long long start;
	unsigned int i;
	struct ring r;

	for (i = 0; i < ARRAY_LEN(idle); i++) {
		ASSERT_EQ(0, create(&self->f, &r, 0, 0, idle[i]));
		wait_until_it_sleeps(&r);
		start = now();
		expect_runs(_metadata, &r);
		wait_until_it_sleeps(&r);
		EXPECT_LE((idle[i] ?: 1) * 1000LL, now() - start) {
			TH_LOG("%u ms", idle[i]);
		}
		ring_close(&r);
	}
}

/* A process that is traced uses the ring; any system call on its way is told */
static void use_without_syscalls(struct ring *r)
{
	unsigned int round, i;
	struct zpcifd_cqe cqe;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
		_exit(1);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < ENTRIES; i++)
			ring_push(r, sqe_user(sqe_id(), i));
		/* It has a second, or the thread sleeps: then this fails, as it should */
		for (i = 0; i < ENTRIES; i++) {
			while (!ring_pop(r, &cqe))
				if (sleeps(r))
					_exit(2);
			if (cqe.res || cqe.user_data != i)
				_exit(3);
		}
	}
	_exit(0);
}

TEST_F(sqpoll, submitting_and_reaping_takes_no_system_call)
{
	int status, stops = 0;
	struct ring r;
	pid_t child;

	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 1000));
	ring_push(&r, sqe_id());
	ASSERT_EQ(0, wake(&r));
	while (!ring_ready(&r))
		sched_yield();
	r.header->cq_head = r.header->cq_tail;
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		use_without_syscalls(&r);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, child, NULL,
			    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	do {
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, child, NULL, NULL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		stops += WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
	} while (WIFSTOPPED(status));
	EXPECT_EQ(0, status) {
		TH_LOG("the process ended with %d", WEXITSTATUS(status));
	}
	/* The end of raise(), which was under way, and the beginning of exit() */
	EXPECT_GE(2, stops);
	EXPECT_LE(1, stops);
	ring_close(&r);
}

static void get_affinity(struct __test_metadata *_metadata, pid_t pid, cpu_set_t *set)
{
	CPU_ZERO(set);
	ASSERT_EQ(0, sched_getaffinity(pid, sizeof(*set), set));
}

TEST_F(sqpoll, a_thread_runs_where_it_is_told_to_and_else_where_its_maker_may)
{
	cpu_set_t mine, its, one;
	struct ring r;
	pid_t pid;
	int cpu;

	get_affinity(_metadata, 0, &mine);
	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 0));
	get_affinity(_metadata, find_thread(_metadata, &self->f), &its);
	EXPECT_TRUE(CPU_EQUAL(&mine, &its));
	ring_close(&r);
	wait_until_threads_are(&self->f, gettid(), 0);

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &mine))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		ASSERT_EQ(0, create(&self->f, &r, ZPCIFD_RING_SQ_AFF, cpu, 0));
		pid = find_thread(_metadata, &self->f);
		get_affinity(_metadata, pid, &its);
		EXPECT_TRUE(CPU_EQUAL(&one, &its));
		/* Nobody moves it */
		EXPECT_EQ(-1, sched_setaffinity(pid, sizeof(mine), &mine));
		expect_runs(_metadata, &r);
		ring_close(&r);
		wait_until_threads_are(&self->f, gettid(), 0);

		/* A maker that may use this one only */
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
		ASSERT_EQ(0, create(&self->f, &r, 0, 0, 0));
		get_affinity(_metadata, find_thread(_metadata, &self->f), &its);
		EXPECT_TRUE(CPU_EQUAL(&one, &its));
		ring_close(&r);
		wait_until_threads_are(&self->f, gettid(), 0);
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(mine), &mine));
	}
}

TEST_F(sqpoll, an_administrator_can_forbid_it_and_rings_that_are_there_go_on)
{
	const __u32 flags = ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF;
	struct zpcifd_info info;
	struct ring r, none;

	ASSERT_EQ(flags, self->f.info.out_ring_flags & flags);
	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 0));
	ASSERT_EQ(0, file_write(ALLOW, "0"));
	EXPECT_EQ(-EPERM, create(&self->f, &none, 0, 0, 0));
	EXPECT_EQ(-EPERM, create(&self->f, &none, ZPCIFD_RING_SQ_AFF, sched_getcpu(), 1));
	EXPECT_EQ(0, function_info(self->f.fd, &info));
	EXPECT_EQ(ZPCIFD_RING_EVENTFD, info.out_ring_flags);
	/* Others may be made */
	expect_works(_metadata, self->f.fd);
	expect_runs(_metadata, &r);
	wait_until_it_sleeps(&r);
	expect_runs(_metadata, &r);
	ring_close(&r);
	wait_until_threads_are(&self->f, gettid(), 0);

	ASSERT_EQ(0, file_write(ALLOW, "1"));
	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 0));
	ring_close(&r);
}

TEST_F(sqpoll, a_thread_ends_with_its_ring_and_with_the_owner_and_tells_of_it)
{
	struct ring r;
	int fd;

	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 0));
	fd = dup(r.fd);
	ring_close(&r);
	find_thread(_metadata, &self->f);
	close(fd);
	wait_until_threads_are(&self->f, gettid(), 0);

	/* Whatever it is doing, sleeping or looking for work */
	ASSERT_EQ(0, create(&self->f, &r, 0, 0, 1000));
	find_thread(_metadata, &self->f);
	close(self->f.fd);
	wait_until_threads_are(&self->f, gettid(), 0);
	/* Who looks at the memory alone is told to call, and finds out */
	EXPECT_TRUE(sleeps(&r));
	EXPECT_EQ(-ENODEV, ring_enter(&r, 0));
	ring_close(&r);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

/* A process that makes a ring and tells so; then it is replaced, or waits */
static pid_t start_maker(struct __test_metadata *_metadata, const struct function *f,
			 const char *exec_argument)
{
	int pipes[2];
	pid_t child;
	char byte = 0;

	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct function own = { .path = f->path };
		struct ring r;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		own.fd = open(f->path, O_RDWR | O_CLOEXEC);
		own.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
		if (function_bind(&own) || create(&own, &r, 0, 0, 1000) ||
		    find_threads(f, gettid(), NULL, 0) != 1)
			_exit(1);
		if (exec_argument) {
			dup2(pipes[1], STDIN_FILENO);
			execl("/proc/self/exe", "sqpoll", exec_argument, NULL);
			_exit(2);
		}
		while (write(pipes[1], &byte, 1) == 1)
			pause();
		_exit(3);
	}
	close(pipes[1]);
	EXPECT_EQ(1, read(pipes[0], &byte, 1));
	close(pipes[0]);
	return child;
}

static void expect_freed(struct __test_metadata *_metadata, struct _test_data_sqpoll *self)
{
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

TEST_F(sqpoll, a_thread_ends_when_its_process_is_killed)
{
	pid_t child;
	int status;

	close(self->f.fd);
	child = start_maker(_metadata, &self->f, NULL);
	EXPECT_EQ(1, find_threads(&self->f, child, NULL, 0));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	wait_until_threads_are(&self->f, child, 0);
	expect_freed(_metadata, self);
}

TEST_F(sqpoll, a_thread_ends_when_its_process_calls_exec)
{
	pid_t child;
	int status;

	close(self->f.fd);
	child = start_maker(_metadata, &self->f, "--wait");
	/* The new program has said so, and lives */
	wait_until_threads_are(&self->f, child, 0);
	expect_freed(_metadata, self);
	EXPECT_EQ(0, waitpid(child, &status, WNOHANG));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
}

TEST_F(sqpoll, a_thread_ends_when_the_function_is_removed)
{
	struct function f;
	struct ring r;

	if (!is_simulated(&self->f))
		SKIP(return, "a physical function loses its driver, and unplug does that");
	/* A test that failed may have left it */
	rmdir(OWN);
	ASSERT_EQ(0, mkdir(OWN, 0755));
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	ASSERT_EQ(0, sim_open_function(OWN, &f));
	ASSERT_EQ(0, function_bind(&f));
	f.path = self->f.path;
	ASSERT_EQ(0, create(&f, &r, 0, 0, 1000));
	ASSERT_EQ(0, rmdir(OWN));
	EXPECT_TRUE(sleeps(&r));
	EXPECT_EQ(-ENODEV, ring_enter(&r, 0));
	ring_close(&r);
	function_close(&f);
}

TEST_F(sqpoll, a_thread_is_not_touched_by_signals_nor_by_the_end_of_another_ring)
{
	struct ring mine, other;
	pid_t pids[2], child;
	int status, i;

	ASSERT_EQ(0, create(&self->f, &mine, 0, 0, 0));
	ASSERT_EQ(0, create(&self->f, &other, 0, 0, 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		function_close(&self->f);
		ring_close(&mine);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	ring_close(&other);
	ASSERT_EQ(2, find_threads(&self->f, gettid(), pids, 2));
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		kill(pids[i], SIGTERM);
		/* To the thread, not to its group */
		syscall(SYS_tgkill, pids[i], pids[i], SIGKILL);
		EXPECT_EQ(0, signals_of(pids[i]));
	}
	expect_runs(_metadata, &mine);
	EXPECT_EQ(2, find_threads(&self->f, gettid(), pids, 2));

	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	wait_until_threads_are(&self->f, gettid(), 1);
	expect_runs(_metadata, &mine);
	ring_close(&mine);
}

int main(int argc, char **argv)
{
	char allow[8] = "Y";
	int ret;

	if (argc == 2 && !strcmp(argv[1], "--wait")) {
		ret = write(STDIN_FILENO, "", 1);
		for (;;)
			pause();
	}
	/* However a test ends, even by the time limit */
	file_read(ALLOW, allow, sizeof(allow));
	ret = test_harness_run(argc, argv);
	file_write(ALLOW, allow);
	return ret;
}
