// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model registers: memory behind every BAR, and in BAR 0 these registers, all
 * of them big-endian. A store to any byte of a register acts; what it did not
 * store has the value of before. Stores to a register that is read only are
 * lost.
 *
 *   0x00  8  read only   "zPCIFSIM"
 *   0x08  4  DOORBELL    raises the vector whose number is stored
 *   0x0c  4  read only   RAISED: how often DOORBELL raised one
 *   0x10  8  DMA_SRC     DMA address
 *   0x18  8  DMA_DST     DMA address
 *   0x20  4  DMA_LEN     bytes, 1 to 1 MiB
 *   0x24  4  DMA_CMD     1: copy DMA_LEN bytes from DMA_SRC to DMA_DST
 *                        2: pin DMA_LEN bytes at DMA_DST, both whole pages,
 *                           instead of what is pinned
 *                        3: unpin
 *   0x28  4  read only   DMA_STATUS of the last command: 0 none yet, 1 done,
 *                        2 unknown command or bad length, 3 not a bus master,
 *                        4 outside the function's DMA range, 5 not mapped
 *   0x2c  4  read only   PINNED: bytes that are pinned now
 *
 * The command is done when the store is, and before DOORBELL in the same store
 * acts. The rest of BAR 0 is memory.
 */
#include <kunit/visibility.h>
#include <linux/align.h>
#include <linux/mm.h>
#include <linux/unaligned.h>

#include "sim.h"

enum {
	ZSIM_REG_ID = 0x00,
	ZSIM_REG_DOORBELL = 0x08,
	ZSIM_REG_RAISED = 0x0c,
	ZSIM_REG_DMA_SRC = 0x10,
	ZSIM_REG_DMA_DST = 0x18,
	ZSIM_REG_DMA_LEN = 0x20,
	ZSIM_REG_DMA_CMD = 0x24,
	ZSIM_REG_DMA_STATUS = 0x28,
	ZSIM_REG_PINNED = 0x2c,
	ZSIM_REG_END = 0x30,
};

enum {
	ZSIM_DMA_COPY = 1,
	ZSIM_DMA_PIN = 2,
	ZSIM_DMA_UNPIN = 3,
};

enum {
	ZSIM_DMA_DONE = 1,
	ZSIM_DMA_BAD_COMMAND = 2,
	ZSIM_DMA_NOT_MASTER = 3,
	ZSIM_DMA_OUT_OF_RANGE = 4,
	ZSIM_DMA_NOT_MAPPED = 5,
};

#define ZSIM_REGS_ID		0x7a5043494653494dULL	/* "zPCIFSIM" */
#define ZSIM_DMA_MAX_LEN	SZ_1M

static u32 zsim_regs_status(int ret)
{
	switch (ret) {
	case 0:
		return ZSIM_DMA_DONE;
	case -EACCES:
		return ZSIM_DMA_NOT_MASTER;
	case -ERANGE:
		return ZSIM_DMA_OUT_OF_RANGE;
	default:
		return ZSIM_DMA_NOT_MAPPED;
	}
}

static void zsim_regs_unpin(struct zsim_function *fn)
{
	if (fn->regs.pin)
		zsim_dma_unpin(fn, fn->regs.pin);
	fn->regs.pin = NULL;
}

static u32 zsim_regs_copy(struct zsim_function *fn, u64 src, u64 dst, u32 len)
{
	u32 done, part;
	int ret = 0;

	for (done = 0; done < len && !ret; done += part) {
		part = min(len - done, sizeof(fn->bounce));
		ret = zsim_dma_rw(fn, src + done, fn->bounce, part, false);
		if (!ret)
			ret = zsim_dma_rw(fn, dst + done, fn->bounce, part,
					  true);
	}
	return zsim_regs_status(ret);
}

static u32 zsim_regs_pin(struct zsim_function *fn, u64 iova, u32 len)
{
	struct zsim_pin *pin;

	if (!PAGE_ALIGNED(iova | len))
		return ZSIM_DMA_BAD_COMMAND;
	zsim_regs_unpin(fn);
	pin = zsim_dma_pin(fn, iova, len);
	if (!IS_ERR(pin))
		fn->regs.pin = pin;
	return zsim_regs_status(PTR_ERR_OR_ZERO(pin));
}

static u32 zsim_regs_command(struct zsim_function *fn, const u8 *regs)
{
	u64 src = get_unaligned_be64(regs + ZSIM_REG_DMA_SRC);
	u64 dst = get_unaligned_be64(regs + ZSIM_REG_DMA_DST);
	u32 len = get_unaligned_be32(regs + ZSIM_REG_DMA_LEN);
	u32 cmd = get_unaligned_be32(regs + ZSIM_REG_DMA_CMD);

	if (cmd == ZSIM_DMA_UNPIN) {
		zsim_regs_unpin(fn);
		return ZSIM_DMA_DONE;
	}
	if (!len || len > ZSIM_DMA_MAX_LEN)
		return ZSIM_DMA_BAD_COMMAND;
	if (cmd == ZSIM_DMA_COPY)
		return zsim_regs_copy(fn, src, dst, len);
	if (cmd == ZSIM_DMA_PIN)
		return zsim_regs_pin(fn, dst, len);
	return ZSIM_DMA_BAD_COMMAND;
}

static void zsim_regs_doorbell(struct zsim_function *fn, u32 vector)
{
	if (vector >= fn->nr_vectors)
		return;
	zsim_function_raise(fn, vector);
	fn->regs.raised++;
}

/* The registers as a load finds them: as stored, but for what is read only */
static void zsim_regs_image(struct zsim_function *fn, u8 *regs)
{
	const struct zsim_pin *pin = fn->regs.pin;

	zsim_mem_load(fn, 0, 0, ZSIM_REG_END, regs);
	put_unaligned_be64(ZSIM_REGS_ID, regs + ZSIM_REG_ID);
	put_unaligned_be32(fn->regs.raised, regs + ZSIM_REG_RAISED);
	put_unaligned_be32(fn->regs.status, regs + ZSIM_REG_DMA_STATUS);
	put_unaligned_be32(pin && zsim_dma_pinned(fn, pin) ? pin->len : 0,
			   regs + ZSIM_REG_PINNED);
}

static bool zsim_regs_hit(const struct zpcifd_insn *insn, u64 reg, u32 len)
{
	return insn->offset < reg + len && insn->offset + insn->len > reg;
}

static void zsim_regs_load(struct zsim_function *fn, struct zpcifd_insn *insn,
			   u8 *bytes)
{
	u8 regs[ZSIM_REG_END];

	lockdep_assert_held(&fn->lock);

	if (insn->as || insn->offset >= ZSIM_REG_END) {
		zsim_mem_load(fn, insn->as, insn->offset, insn->len, bytes);
		return;
	}
	zsim_regs_image(fn, regs);
	/* PCILG does not cross 8 bytes, so all of it is a register's */
	memcpy(bytes, regs + insn->offset, insn->len);
}

static void zsim_regs_store(struct zsim_function *fn, struct zpcifd_insn *insn,
			    const u8 *bytes)
{
	u8 regs[ZSIM_REG_END];

	lockdep_assert_held(&fn->lock);

	if (zsim_mem_store(fn, insn->as, insn->offset, insn->len, bytes)) {
		zsim_answer(insn, 1, ZSIM_ST_RESOURCES);
		return;
	}
	if (insn->as || insn->offset >= ZSIM_REG_END)
		return;

	zsim_regs_image(fn, regs);
	if (zsim_regs_hit(insn, ZSIM_REG_DMA_CMD, 4))
		fn->regs.status = zsim_regs_command(fn, regs);
	if (zsim_regs_hit(insn, ZSIM_REG_DOORBELL, 4))
		zsim_regs_doorbell(fn, get_unaligned_be32(regs +
							  ZSIM_REG_DOORBELL));
}

static void zsim_regs_reset(struct zsim_function *fn)
{
	lockdep_assert_held(&fn->lock);

	zsim_regs_unpin(fn);
	fn->regs.raised = 0;
	fn->regs.status = 0;
}

const struct zsim_model zsim_model_registers = {
	.name = "registers",
	.device_id = 0x7a50,
	.defaults = {
		.bar_size = { SZ_16K },
		.start_dma = SZ_4G,
		.end_dma = (1ULL << 40) - 1,
		.maxstbl = 128,
		.msix = 4,
	},
	.reset = zsim_regs_reset,
	.load = zsim_regs_load,
	.store = zsim_regs_store,
};
EXPORT_SYMBOL_IF_KUNIT(zsim_model_registers);
