/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the benchmark share
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <sys/cdefs.h>
#include <zpcifd.h>

/*
 * The modern virtio functions of QEMU: their registers are in this BAR, the
 * common configuration first; stores from here on have no effect
 */
#define BENCH_BAR 4
#define BENCH_STORE_OFFSET 0x1000

/* Nanoseconds; under -icount shift=0 that is the guest's instructions */
uint64_t bench_now(void);

/*
 * Keeps one result: @total for @ops operations in batches of @batch. All are
 * printed when the program ends, as printing costs instructions as well.
 */
void bench_report(const char *name, unsigned int batch, double total,
		  unsigned long ops);

/* Ends the program with a message */
_Noreturn void bench_die(const char *what);

/* Ends the program with the library's message if @ret is negative */
void bench_check(int ret, const struct zpcifd *f);

/* Opens a function and becomes its owner */
struct zpcifd *bench_open(const char *name);

/**
 * struct bench_op - What the program knows of its next descriptor
 * @as: Address space
 * @len: Length in bytes
 * @at: Where, of what is stored in parts
 *
 * Fill functions take what they do not know anyway.
 */
struct bench_op {
	uint8_t as;
	uint32_t len;
	uint64_t at;
};

typedef void (*bench_fill)(struct zpcifd_sqe *sqe, struct bench_op *op);

static inline void bench_fill_load4(struct zpcifd_sqe *sqe, struct bench_op *op)
{
	(void)op;
	zpcifd_prep_load(sqe, BENCH_BAR, 0, 4);
}

/* Fills @n descriptors, for which there is room */
static __always_inline void bench_submit(struct zpcifd_ring *r, uint32_t n,
					 bench_fill fill, struct bench_op *op)
{
	struct zpcifd_sqe *sqe;
	uint32_t done, i, k;

	for (done = 0; done < n; done += k) {
		k = n - done;
		sqe = zpcifd_ring_sq_span(r, &k);
		if (!k)
			bench_die("the submission queue is full");
		for (i = 0; i < k; i++)
			fill(sqe + i, op);
		zpcifd_ring_sq_advance(r, k);
	}
}

/* Looks at the @n oldest completions, which are there, and gives them back */
static __always_inline void bench_reap(struct zpcifd_ring *r, uint32_t n)
{
	struct zpcifd_cqe *cqe;
	uint32_t done, i, k;
	int bad = 0;

	for (done = 0; done < n; done += k) {
		k = n - done;
		cqe = zpcifd_ring_cq_span(r, &k);
		if (!k)
			bench_die("completions are missing");
		for (i = 0; i < k; i++)
			bad |= cqe[i].res;
		zpcifd_ring_cq_advance(r, k);
	}
	if (__builtin_expect(bad, 0))
		bench_die("an instruction failed");
}

/*
 * One batch from the first descriptor to the last completion. To be inlined for
 * each kind of descriptor, as in a program that has one kind.
 */
static __always_inline void bench_round(struct zpcifd_ring *r, uint32_t n,
					bench_fill fill, struct bench_op *op)
{
	bench_submit(r, n, fill, op);
	if (zpcifd_ring_submit(r) != (int)n)
		bench_die("descriptors were not taken");
	bench_reap(r, n);
}

/* The same for one descriptor, in two halves */
static __always_inline void bench_submit_one(struct zpcifd_ring *r,
					     bench_fill fill, struct bench_op *op)
{
	struct zpcifd_sqe *sqe = zpcifd_ring_get_sqe(r);

	if (!sqe)
		bench_die("the submission queue is full");
	fill(sqe, op);
	if (zpcifd_ring_submit(r) != 1)
		bench_die("the descriptor was not taken");
}

static __always_inline void bench_reap_one(struct zpcifd_ring *r)
{
	struct zpcifd_cqe *cqe = zpcifd_ring_peek_cqe(r);

	if (!cqe || cqe->res)
		bench_die("an instruction failed");
	zpcifd_ring_cq_advance(r, 1);
}

/* ring.c: the function is bound to zpcifd */
void bench_ring(const char *function);

/* sqpoll.c: the same */
void bench_sqpoll(const char *function);

/* peers.c: the function is bound to vfio-pci, or to no driver; or none */
void bench_vfio(const char *pci);
void bench_mmio(const char *pci);
void bench_syscalls(void);

/* times.c: functions of zpcifd; @two may be NULL for a second ring on @one */
void bench_latency(const char *function);
void bench_rings(const char *one, const char *two);
void bench_sqpoll_time(const char *function);

/* ism.c: two simulated ISM functions of one fabric */
void bench_ism(const char *one, const char *two);

#endif /* BENCH_H */
