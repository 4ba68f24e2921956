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

/* Fills the @i-th descriptor of a batch */
typedef void (*bench_fill)(struct zpcifd_sqe *sqe, unsigned int i);

static inline void bench_fill_load4(struct zpcifd_sqe *sqe, unsigned int i)
{
	(void)i;
	zpcifd_prep_load(sqe, BENCH_BAR, 0, 4);
}

/* Looks at the @n oldest completions, which are there, and gives them back */
static __always_inline void bench_reap(struct zpcifd_ring *r, unsigned int n)
{
	unsigned int i;
	int bad = 0;

	for (i = 0; i < n; i++)
		bad |= zpcifd_ring_cqe(r, i)->res;
	if (__builtin_expect(bad, 0))
		bench_die("an instruction failed");
	zpcifd_ring_cq_advance(r, n);
}

/*
 * One batch from the first descriptor to the last completion. To be inlined for
 * each kind of descriptor, as in a program that has one kind.
 */
static __always_inline void bench_round(struct zpcifd_ring *r, unsigned int n,
					bench_fill fill)
{
	unsigned int i;

	if (zpcifd_ring_sq_room(r) < n)
		bench_die("the submission queue is full");
	for (i = 0; i < n; i++)
		fill(zpcifd_ring_sqe(r, i), i);
	zpcifd_ring_sq_advance(r, n);
	if (zpcifd_ring_submit(r) != (int)n)
		bench_die("descriptors were not taken");
	if (zpcifd_ring_cq_ready(r) != n)
		bench_die("completions are missing");
	bench_reap(r, n);
}

/* ring.c: the function is bound to zpcifd */
void bench_ring(const char *function);

/* peers.c: the function is bound to vfio-pci, or to no driver; or none */
void bench_vfio(const char *pci);
void bench_mmio(const char *pci);
void bench_syscalls(void);

#endif /* BENCH_H */
