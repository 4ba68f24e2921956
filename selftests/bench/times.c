// SPDX-License-Identifier: GPL-2.0
/*
 * Times, for a guest with two CPUs: what one instruction takes, and how many a
 * second go through one ring and through two at once, each driven by a thread on
 * a CPU of its own. The machine may do other things as well: the best of several
 * rounds is the one that it disturbed least, and rounds of one and of two rings
 * alternate.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "bench.h"

#define BATCH 256u
#define ROUND_NSEC 100000000ull
#define ROUNDS 10
#define LATENCY_OPS 1000ul

struct worker {
	struct zpcifd_ring ring;
	uint8_t bar;
	int cpu;
	pthread_barrier_t *start;
	double per_sec;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("sched_setaffinity");
}

/* Simulated functions have BAR 0, which QEMU's have not */
static uint8_t pick_bar(const struct zpcifd *f)
{
	return zpcifd_info(f)->out_bar_size[0] ? 0 : BENCH_BAR;
}

static void fill_load(struct zpcifd_sqe *sqe, struct bench_op *op)
{
	zpcifd_prep_load(sqe, op->as, 0, 4);
}

static double throughput(struct zpcifd_ring *r, uint8_t bar)
{
	struct bench_op op = { .as = bar };
	uint64_t start = bench_now(), now;
	unsigned long ops = 0;

	do {
		bench_round(r, BATCH, fill_load, &op);
		ops += BATCH;
		now = bench_now();
	} while (now - start < ROUND_NSEC);
	return ops * 1e9 / (now - start);
}

static void *work(void *data)
{
	struct worker *w = data;

	pin(w->cpu);
	pthread_barrier_wait(w->start);
	w->per_sec = throughput(&w->ring, w->bar);
	return NULL;
}

/* Returns what @n workers do together in a second */
static double run(struct worker *w, unsigned int n)
{
	pthread_barrier_t start;
	pthread_t threads[2];
	double sum = 0;
	unsigned int i;

	pthread_barrier_init(&start, NULL, n);
	for (i = 0; i < n; i++) {
		w[i].start = &start;
		errno = pthread_create(&threads[i], NULL, work, &w[i]);
		if (errno)
			bench_die("pthread_create");
	}
	for (i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		sum += w[i].per_sec;
	}
	pthread_barrier_destroy(&start);
	return sum;
}

void bench_rings(const char *one, const char *two)
{
	struct zpcifd *f = bench_open(one), *g = two ? bench_open(two) : NULL;
	struct worker w[2] = {
		{ .bar = pick_bar(f), .cpu = 0 },
		{ .bar = pick_bar(g ? g : f), .cpu = 1 },
	};
	double best[2] = { 0 }, now;
	unsigned int i;

	bench_check(zpcifd_ring_create(f, &w[0].ring, BATCH, 0, 0), f);
	bench_check(zpcifd_ring_create(g ? g : f, &w[1].ring, BATCH, 0, 0), f);
	for (i = 0; i < 2 * ROUNDS; i++) {
		now = run(w, 1 + i % 2);
		if (now > best[i % 2])
			best[i % 2] = now;
	}
	bench_report("rings", 1, best[0], 1);
	bench_report("rings", 2, best[1], 1);
	zpcifd_ring_destroy(&w[0].ring);
	zpcifd_ring_destroy(&w[1].ring);
	zpcifd_close(f);
	zpcifd_close(g);
}

void bench_latency(const char *function)
{
	struct zpcifd *f = bench_open(function);
	uint8_t bar = pick_bar(f);
	uint64_t start, spent, best = UINT64_MAX, value;
	struct zpcifd_ring r;
	unsigned long i;
	int round;

	bench_check(zpcifd_ring_create(f, &r, 1, 0, 0), f);
	for (round = 0; round < ROUNDS; round++) {
		start = bench_now();
		for (i = 0; i < LATENCY_OPS; i++)
			if (zpcifd_load(&r, bar, 0, 4, &value))
				bench_die("an instruction failed");
		spent = bench_now() - start;
		if (spent < best)
			best = spent;
	}
	bench_report("latency", 1, best, LATENCY_OPS);
	zpcifd_ring_destroy(&r);
	zpcifd_close(f);
}

/* The program on CPU 0 keeps the queue filled, the ring's thread is on CPU 1 */
void bench_sqpoll_time(const char *function)
{
	struct zpcifd *f = bench_open(function);
	struct zpcifd_ring_create want = {
		.flags = ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF,
		.sq_entries = 2 * BATCH,
		.sq_thread_cpu = 1,
		.sq_thread_idle = 100,
	};
	struct bench_op op = { .as = pick_bar(f) };
	double now, best = 0;
	struct zpcifd_ring r;
	uint64_t start, end;
	uint32_t n;
	unsigned long ops;
	int round;

	bench_check(zpcifd_ring_setup(f, &r, &want), f);
	pin(0);
	for (round = 0; round < ROUNDS; round++) {
		bench_submit(&r, BATCH, fill_load, &op);
		zpcifd_ring_submit(&r);
		ops = 0;
		start = bench_now();
		do {
			bench_submit(&r, BATCH, fill_load, &op);
			if (zpcifd_ring_submit(&r) != BATCH)
				bench_die("descriptors were not taken");
			do {
				n = BATCH;
				zpcifd_ring_cq_span(&r, &n);
			} while (n < BATCH);
			bench_reap(&r, BATCH);
			while (__atomic_load_n(&r.hdr->sq_head, __ATOMIC_ACQUIRE) ==
			       r.sq_tail - 2 * BATCH)
				;
			ops += BATCH;
			end = bench_now();
		} while (end - start < ROUND_NSEC);
		do {
			n = BATCH;
			zpcifd_ring_cq_span(&r, &n);
		} while (n < BATCH);
		bench_reap(&r, BATCH);
		now = ops * 1e9 / (end - start);
		if (now > best)
			best = now;
	}
	bench_report("sqpoll", BATCH, best, 1);
	zpcifd_ring_destroy(&r);
	zpcifd_close(f);
}
