// SPDX-License-Identifier: GPL-2.0
/*
 * bench: what one operation costs by each way to reach a PCI function. Prints
 * one line "bench: <case> <batch> <value>" for a result. The value is time in
 * nanoseconds for one operation; under QEMU's -icount shift=0 it is the number
 * of instructions that the guest executed, kernel and user space together.
 * Throughputs (rings, sqpoll-time, ism) are operations per second.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

#define MAX_RESULTS 64

static struct {
	const char *name;
	unsigned int batch;
	double value;
} results[MAX_RESULTS];

static unsigned int nr_results;

uint64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void bench_report(const char *name, unsigned int batch, double total,
		  unsigned long ops)
{
	if (nr_results == MAX_RESULTS) {
		errno = ENOSPC;
		bench_die("too many results");
	}
	results[nr_results].name = name;
	results[nr_results].batch = batch;
	results[nr_results++].value = total / ops;
}

_Noreturn void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

void bench_check(int ret, const struct zpcifd *f)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "bench: %s\n", zpcifd_strerror(f));
	exit(1);
}

struct zpcifd *bench_open(const char *name)
{
	struct zpcifd *f;

	bench_check(zpcifd_open(name, &f), NULL);
	bench_check(zpcifd_bind(f, -1), f);
	return f;
}

static int usage(void)
{
	fputs("Usage: bench syscalls\n"
	      "       bench ring|sqpoll <function of zpcifd>\n"
	      "       bench vfio|mmio <PCI address>\n"
	      "       bench latency|sqpoll-time <function of zpcifd>\n"
	      "       bench rings <function of zpcifd> [another one]\n"
	      "       bench ism <simulated ISM function> <another one>\n", stderr);
	return 2;
}

static int run(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 2 && !strcmp(what, "syscalls"))
		bench_syscalls();
	else if (argc == 3 && !strcmp(what, "ring"))
		bench_ring(argv[2]);
	else if (argc == 3 && !strcmp(what, "sqpoll"))
		bench_sqpoll(argv[2]);
	else if (argc == 3 && !strcmp(what, "vfio"))
		bench_vfio(argv[2]);
	else if (argc == 3 && !strcmp(what, "mmio"))
		bench_mmio(argv[2]);
	else if (argc == 3 && !strcmp(what, "latency"))
		bench_latency(argv[2]);
	else if (argc == 3 && !strcmp(what, "sqpoll-time"))
		bench_sqpoll_time(argv[2]);
	else if (argc >= 3 && argc <= 4 && !strcmp(what, "rings"))
		bench_rings(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(what, "ism"))
		bench_ism(argv[2], argv[3]);
	else
		return usage();
	return 0;
}

int main(int argc, char **argv)
{
	int ret = run(argc, argv);
	unsigned int i;

	for (i = 0; i < nr_results; i++)
		printf("bench: %s %u %.2f\n", results[i].name, results[i].batch,
		       results[i].value);
	return ret;
}
