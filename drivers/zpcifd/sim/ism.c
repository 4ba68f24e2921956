// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model ism: the two address spaces.
 *
 * A sequence in the command space is a PCISTB of the request's payload at 8 (or
 * none), a PCISTB of the 8-byte header at 0, which executes the command, and
 * PCILGs until all of the response is read, or only its header if that tells of
 * a failure. What begins another sequence before is an overlap, and puts the
 * function into error.
 *
 * The data space takes PCISTB alone. The answers to what it refuses, and to
 * stores that no sequence has, are choices: condition code 1, and status 20 for
 * an instruction that the address space does not take, 40 for a place that is
 * not there for the caller.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "sim.h"

#define ZSIM_ISM_HDR_LEN	8

/* Status 12 is what a function in error answers */
static void zsim_ism_overlap(struct zsim_function *fn, struct zpcifd_insn *insn)
{
	zsim_function_move(fn, ZSIM_ERROR);
	zsim_answer(insn, 1, ZSIM_ST_BLOCKED);
}

static void zsim_ism_execute(struct zsim_function *fn)
{
	struct zsim_ism *ism = &fn->ism;
	u8 *hdr = ism->command;
	u32 cmd = get_unaligned_be32(hdr);
	u16 len = get_unaligned_be16(hdr + 6);
	u16 ret, response_len = ZSIM_ISM_HDR_LEN;

	ret = zsim_ism_command(fn, cmd, len, &response_len);
	if (ret)
		response_len = ZSIM_ISM_HDR_LEN;
	put_unaligned_be16(ret, hdr + 4);
	put_unaligned_be16(response_len, hdr + 6);
	ism->args_len = 0;
	ism->unread = GENMASK(response_len / 8 - 1, 0);
}

static void zsim_ism_store_args(struct zsim_function *fn,
				struct zpcifd_insn *insn, const u8 *bytes)
{
	struct zsim_ism *ism = &fn->ism;
	u64 next = ZSIM_ISM_HDR_LEN + ism->args_len;

	if (insn->offset != next && ism->args_len) {
		zsim_ism_overlap(fn, insn);
		return;
	}
	if (insn->offset != next ||
	    insn->len > ZSIM_ISM_COMMAND_LEN - insn->offset) {
		zsim_answer(insn, 1, ZSIM_ST_NOT_AVAILABLE);
		return;
	}
	memcpy(ism->command + insn->offset, bytes, insn->len);
	ism->args_len += insn->len;
}

static void zsim_ism_store_hdr(struct zsim_function *fn,
			       struct zpcifd_insn *insn, const u8 *bytes)
{
	struct zsim_ism *ism = &fn->ism;

	if (insn->len != ZSIM_ISM_HDR_LEN) {
		zsim_answer(insn, 1, ZSIM_ST_NOT_AVAILABLE);
		return;
	}
	/* More payload than the header tells: it is another sequence's */
	if (ism->args_len &&
	    ism->args_len + ZSIM_ISM_HDR_LEN > get_unaligned_be16(bytes + 6)) {
		zsim_ism_overlap(fn, insn);
		return;
	}
	memcpy(ism->command, bytes, ZSIM_ISM_HDR_LEN);
	zsim_ism_execute(fn);
}

static void zsim_ism_store_data(struct zsim_function *fn,
				struct zpcifd_insn *insn, const u8 *bytes)
{
	if (!zsim_fabric_store(fn, insn->offset, insn->len, bytes))
		zsim_answer(insn, 1, ZSIM_ST_NOT_AVAILABLE);
}

static void zsim_ism_store(struct zsim_function *fn, struct zpcifd_insn *insn,
			   const u8 *bytes)
{
	lockdep_assert_held(&fn->lock);

	if (insn->opcode != ZPCIFD_OP_PCISTB)
		zsim_answer(insn, 1, ZSIM_ST_INVALID_AS);
	else if (insn->as == ZSIM_ISM_AS_DATA)
		zsim_ism_store_data(fn, insn, bytes);
	else if (fn->ism.unread)
		zsim_ism_overlap(fn, insn);
	else if (insn->offset)
		zsim_ism_store_args(fn, insn, bytes);
	else
		zsim_ism_store_hdr(fn, insn, bytes);
}

/* PCILG does not cross the words that are counted */
static void zsim_ism_load(struct zsim_function *fn, struct zpcifd_insn *insn,
			  u8 *bytes)
{
	struct zsim_ism *ism = &fn->ism;

	lockdep_assert_held(&fn->lock);

	if (insn->as == ZSIM_ISM_AS_DATA) {
		zsim_answer(insn, 1, ZSIM_ST_INVALID_AS);
		return;
	}
	if (insn->offset >= ZSIM_ISM_COMMAND_LEN) {
		memset(bytes, 0, insn->len);
		return;
	}
	memcpy(bytes, ism->command + insn->offset, insn->len);
	ism->unread &= ~BIT(insn->offset / 8);
}

static void zsim_ism_start(struct zsim_function *fn)
{
	lockdep_assert_held(&fn->lock);

	memset(&fn->ism, 0, sizeof(fn->ism));
	xa_init(&fn->ism.dmbs);
	/* A choice: unique among all functions that live, and never 0 */
	fn->ism.gid = (u64)fn->attrs.pchid << 48 | BIT_ULL(32) | fn->attrs.fid;
	zsim_fabric_join(fn);
}

static void zsim_ism_reset(struct zsim_function *fn)
{
	struct zsim_ism *ism = &fn->ism;
	struct zsim_dmb *dmb;
	unsigned long idx;

	lockdep_assert_held(&fn->lock);

	/* From then on no other function looks at what is this one's */
	zsim_fabric_leave(fn);
	xa_for_each(&ism->dmbs, idx, dmb) {
		zsim_dma_unpin(fn, dmb->pin);
		kfree(dmb);
	}
	xa_destroy(&ism->dmbs);
	if (ism->sba)
		zsim_dma_unpin(fn, ism->sba);
	if (ism->ieq)
		zsim_dma_unpin(fn, ism->ieq);
}

static int zsim_ism_check(const struct zsim_attrs *attrs)
{
	unsigned int i;

	for (i = 0; i < ZPCIFD_NR_BARS; i++)
		if (attrs->bar_size[i] != zsim_model_ism.defaults.bar_size[i])
			return -EINVAL;
	if (attrs->msi != 1 || attrs->msix || !attrs->relaxed)
		return -EINVAL;
	return 0;
}

const struct zsim_model zsim_model_ism = {
	.name = "ism",
	.device_id = ZSIM_ISM_DEVICE_ID,
	.defaults = {
		.bar_size = {
			[ZSIM_ISM_AS_DATA] = ZSIM_ISM_DATA_SIZE,
			[ZSIM_ISM_AS_COMMAND] = ZSIM_ISM_COMMAND_SIZE,
		},
		.start_dma = SZ_4G,
		.end_dma = (1ULL << 40) - 1,
		.maxstbl = ZSIM_MAX_STBL,
		.msi = 1,
		.pft = 5,
		.relaxed = true,
	},
	.check = zsim_ism_check,
	.start = zsim_ism_start,
	.reset = zsim_ism_reset,
	.failed = zsim_fabric_fail,
	.load = zsim_ism_load,
	.store = zsim_ism_store,
};
EXPORT_SYMBOL_IF_KUNIT(zsim_model_ism);
