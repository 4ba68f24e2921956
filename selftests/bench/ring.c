// SPDX-License-Identifier: GPL-2.0
/*
 * The ring's side of the benchmark: as a program that uses libzpcifd would do
 * it, filling descriptors and looking at every completion included.
 */
#include <stdio.h>

#include "bench.h"

#define OPS 16384ul
#define MAX_BATCH 4096u

static const unsigned int batches[] = { 1, 16, 256, 4096 };

/* device_feature_select of virtio's common configuration takes any value */
static void fill_store4(struct zpcifd_sqe *sqe, struct bench_op *op)
{
	zpcifd_prep_store(sqe, BENCH_BAR, 0, 4, op->at++ & 1);
}

static void fill_block128(struct zpcifd_sqe *sqe, struct bench_op *op)
{
	(void)op;
	zpcifd_prep_block(sqe, BENCH_BAR, BENCH_STORE_OFFSET, 128, 0);
}

/* The parts of 4 KiB, one after the other */
static void fill_block(struct zpcifd_sqe *sqe, struct bench_op *op)
{
	zpcifd_prep_block(sqe, BENCH_BAR, BENCH_STORE_OFFSET + op->at, op->len,
			  op->at);
	op->at = (op->at + op->len) % 4096;
}

/* One instruction by itself. Returns its result */
typedef int (*bench_single)(struct zpcifd_ring *r, struct bench_op *op);

static int load4(struct zpcifd_ring *r, struct bench_op *op)
{
	uint64_t value;

	(void)op;
	return zpcifd_load(r, BENCH_BAR, 0, 4, &value);
}

static int store4(struct zpcifd_ring *r, struct bench_op *op)
{
	return zpcifd_store(r, BENCH_BAR, 0, 4, op->at++ & 1);
}

static int block128(struct zpcifd_ring *r, struct bench_op *op)
{
	(void)op;
	return zpcifd_block(r, BENCH_BAR, BENCH_STORE_OFFSET, zpcifd_ring_data(r), 128);
}

/*
 * @per_op descriptors are one operation. A batch that is longer than the
 * submission queue takes several submissions; a single descriptor goes by the
 * library's call for one.
 */
static __always_inline void run(struct zpcifd_ring *r, const char *name,
				unsigned int batch, unsigned int per_op,
				bench_fill fill, bench_single single, uint32_t len)
{
	struct bench_op op = { .len = len };
	unsigned int n = batch * per_op < MAX_BATCH ? batch * per_op : MAX_BATCH;
	unsigned long done;
	uint64_t start;

	/* Not counted: the first touch of pages */
	bench_round(r, n, fill, &op);
	start = bench_now();
	if (n == 1)
		for (done = 0; done < OPS; done++) {
			if (single(r, &op))
				bench_die("an instruction failed");
		}
	else
		for (done = 0; done < OPS; done += n)
			bench_round(r, n, fill, &op);
	bench_report(name, batch, bench_now() - start, OPS / per_op);
}

void bench_ring(const char *function)
{
	struct zpcifd *f = bench_open(function);
	unsigned int i, maxstbl = zpcifd_info(f)->out_maxstbl;
	struct zpcifd_ring r;

	bench_check(zpcifd_ring_create(f, &r, MAX_BATCH, 0, 4096), f);
	for (i = 0; i < 4; i++)
		run(&r, "ring-load4", batches[i], 1, bench_fill_load4, load4, 4);
	for (i = 0; i < 4; i++)
		run(&r, "ring-store4", batches[i], 1, fill_store4, store4, 4);
	for (i = 0; i < 4; i++)
		run(&r, "ring-block128", batches[i], 1, fill_block128,
		    block128, 128);
	/* 4 KiB in as few stores as the function takes */
	if (4096 % maxstbl)
		bench_die("maxstbl is no divisor of 4096");
	for (i = 0; i < 3; i++)
		/* A program knows its function's maxstbl, mostly 128 */
		if (maxstbl == 128)
			run(&r, "ring-block4096", batches[i], 32, fill_block, NULL, 128);
		else
			run(&r, "ring-block4096", batches[i], 4096 / maxstbl,
			    fill_block, NULL, maxstbl);
	zpcifd_ring_destroy(&r);
	zpcifd_close(f);
}
