// SPDX-License-Identifier: GPL-2.0
/*
 * What a program spends that leaves its descriptors to the ring's thread:
 * submitting and reaping, without the thread and without waiting for it. A
 * tracer counts the system calls that the program makes meanwhile.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ENTRIES 4096u
/* Queues filled and emptied: more than 100,000 operations */
#define ROUNDS 25

/* Shared by the program that is measured and its tracer */
struct shared {
	int counting;
	unsigned long syscalls;
	double per_op[3];
	unsigned long syscalls_of_batch[3];
};

static const unsigned int batches[] = { 1, 16, 256 };

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * The thread has the one CPU while it works, so that what a round costs is known
 * where the program was not interrupted: the median is such a round.
 */
static __always_inline double measure(struct zpcifd_ring *r, unsigned int batch)
{
	uint64_t cost[ROUNDS], start;
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		start = bench_now();
		for (i = 0; i < ENTRIES; i += batch) {
			if (batch == 1) {
				bench_submit_one(r, bench_fill_load4, NULL);
				continue;
			}
			bench_submit(r, batch, bench_fill_load4, NULL);
			if (zpcifd_ring_submit(r) != (int)batch)
				bench_die("descriptors were not taken");
		}
		cost[round] = bench_now() - start;

		while (__atomic_load_n(&r->hdr->cq_tail, __ATOMIC_ACQUIRE) !=
		       r->sq_tail)
			;

		start = bench_now();
		for (i = 0; i < ENTRIES; i += batch)
			if (batch == 1)
				bench_reap_one(r);
			else
				bench_reap(r, batch);
		cost[round] += bench_now() - start;
	}
	qsort(cost, ROUNDS, sizeof(cost[0]), compare);
	return (double)cost[ROUNDS / 2] / ENTRIES;
}

static void program(struct zpcifd_ring *r, struct shared *shared)
{
	unsigned int i;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
		bench_die("be traced");
	/* Not counted: the first touch of pages */
	measure(r, 256);

	/* The tracer does count: one system call */
	shared->counting = 1;
	syscall(SYS_getppid);
	shared->counting = 0;
	if (shared->syscalls != 1)
		bench_die("the tracer does not count system calls");

	for (i = 0; i < 3; i++) {
		shared->syscalls = 0;
		shared->counting = 1;
		shared->per_op[i] = i == 0 ? measure(r, 1) :
				    i == 1 ? measure(r, 16) : measure(r, 256);
		shared->counting = 0;
		shared->syscalls_of_batch[i] = shared->syscalls;
	}
	_exit(0);
}

/* Returns the program's wait status */
static int trace(pid_t pid, struct shared *shared)
{
	int status, entry = 1, sig = 0;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		bench_die("trace");
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, sig) ||
		    waitpid(pid, &status, 0) != pid)
			bench_die("trace");
		if (!WIFSTOPPED(status))
			return status;
		sig = WSTOPSIG(status);
		if (sig != (SIGTRAP | 0x80))
			continue;
		/* Every system call stops twice */
		shared->syscalls += entry && shared->counting;
		entry = !entry;
		sig = 0;
	}
}

static struct zpcifd *create(const char *function, struct zpcifd_ring *r)
{
	struct zpcifd *f = bench_open(function);
	struct zpcifd_ring_create want = {
		.flags = ZPCIFD_RING_SQPOLL,
		.sq_entries = ENTRIES,
		.sq_thread_idle = 1000,
	};

	bench_check(zpcifd_ring_setup(f, r, &want), f);
	return f;
}

void bench_sqpoll(const char *function)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct zpcifd_ring r;
	struct zpcifd *f;
	unsigned int i;
	int status;
	pid_t pid;

	if (shared == MAP_FAILED)
		bench_die("mmap");
	f = create(function, &r);
	pid = fork();
	if (pid < 0)
		bench_die("fork");
	if (!pid)
		program(&r, shared);
	status = trace(pid, shared);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		errno = ECHILD;
		bench_die("the measured program failed");
	}
	for (i = 0; i < 3; i++) {
		bench_report("ring-load4-sqpoll", batches[i], shared->per_op[i], 1);
		bench_report("sqpoll-syscalls", batches[i],
			     shared->syscalls_of_batch[i], 1);
	}
	zpcifd_ring_destroy(&r);
	zpcifd_close(f);
}
