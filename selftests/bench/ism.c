// SPDX-License-Identifier: GPL-2.0
/*
 * Stores of 4 KiB from one simulated ISM function into the memory of another.
 * Numbers in the command space are big-endian, as PCISTB stores bytes; what
 * PCILG loads is a number.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

#define AS_DATA 0
#define AS_COMMAND 2
#define LEN 4096u
#define BATCH 256u
#define ROUND_NSEC 100000000ull
#define ROUNDS 10

#define CMD_READ_GID 0x03
#define CMD_REG_DMB 0x0a

struct ism_header {
	uint32_t cmd;
	uint16_t pad;
	uint16_t len;
};

struct ism_reg_dmb {
	uint64_t dma;
	uint32_t len;
	uint32_t idx;
	uint32_t vlan_valid;
	uint32_t vlan_id;
	uint64_t rgid;
};

/* Runs a command with @len bytes of arguments, returns the number it answers */
static uint64_t command(struct zpcifd *f, uint32_t cmd, const void *args, uint32_t len)
{
	struct ism_header header = {
		.cmd = htobe32(cmd),
		.len = htobe16(sizeof(header) + len),
	};
	struct zpcifd_ring r;
	uint64_t answer, value;

	bench_check(zpcifd_ring_create(f, &r, 1, 0, 4096), f);
	if ((len && zpcifd_block(&r, AS_COMMAND, 8, args, len)) ||
	    zpcifd_block(&r, AS_COMMAND, 0, &header, sizeof(header)) ||
	    zpcifd_load(&r, AS_COMMAND, 0, 8, &answer) ||
	    zpcifd_load(&r, AS_COMMAND, 8, 8, &value))
		bench_die("ISM: an instruction failed");
	/* cmd, ret, len */
	errno = EPROTO;
	if (answer >> 16 & 0xffff)
		bench_die("ISM: the function refused");
	zpcifd_ring_destroy(&r);
	return value;
}

/* Memory of @f that @from may store to; returns the token */
static uint64_t register_dmb(struct zpcifd *f, struct zpcifd *from)
{
	struct ism_reg_dmb dmb = { .len = htobe32(LEN), .idx = htobe32(32) };
	void *memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t ioas, pt;
	uint64_t iova;

	if (memory == MAP_FAILED)
		bench_die("mmap");
	bench_check(zpcifd_ioas_alloc(f, &ioas), f);
	pt = ioas;
	bench_check(zpcifd_attach(f, &pt), f);
	bench_check(zpcifd_dma_map(f, ioas, memory, LEN,
				   ZPCIFD_DMA_READ | ZPCIFD_DMA_WRITE, &iova), f);
	dmb.dma = htobe64(iova);
	dmb.rgid = htobe64(command(from, CMD_READ_GID, NULL, 0));
	return command(f, CMD_REG_DMB, &dmb, sizeof(dmb));
}

/* @op->at is the token */
static void fill_data(struct zpcifd_sqe *sqe, struct bench_op *op)
{
	zpcifd_prep_block(sqe, AS_DATA, op->at, LEN, 0);
}

void bench_ism(const char *one, const char *two)
{
	struct zpcifd *f = bench_open(one), *peer = bench_open(two);
	struct bench_op op = { 0 };
	uint64_t start, now;
	double best = 0, per_sec;
	struct zpcifd_ring r;
	unsigned long ops;
	int round;

	if (zpcifd_info(f)->out_maxstbl < LEN)
		bench_die("maxstbl is not 4096");
	op.at = register_dmb(peer, f);
	bench_check(zpcifd_ring_create(f, &r, BATCH, 0, LEN), f);
	for (round = 0; round < ROUNDS; round++) {
		ops = 0;
		start = bench_now();
		do {
			bench_round(&r, BATCH, fill_data, &op);
			ops += BATCH;
			now = bench_now();
		} while (now - start < ROUND_NSEC);
		per_sec = ops * 1e9 / (now - start);
		if (per_sec > best)
			best = per_sec;
	}
	bench_report("ism-block4096", BATCH, best, 1);
	zpcifd_ring_destroy(&r);
	zpcifd_close(f);
	zpcifd_close(peer);
}
