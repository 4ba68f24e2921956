// SPDX-License-Identifier: GPL-2.0-only
/*
 * One instruction, answered as the architecture does. Nothing here counts on
 * the checks of the framework.
 */
#include <linux/align.h>
#include <linux/cleanup.h>
#include <linux/unaligned.h>

#include "sim.h"

/* No public source tells of a BAR that is not there: an invalid one, here */
static bool zsim_insn_as_valid(struct zsim_function *fn,
			       const struct zpcifd_insn *insn)
{
	if (insn->as == ZPCIFD_AS_CONFIG)
		return insn->opcode != ZPCIFD_OP_PCISTB;
	return insn->as < ZPCIFD_NR_BARS && fn->attrs.bar_size[insn->as];
}

static bool zsim_insn_inside(const struct zpcifd_insn *insn, u64 size)
{
	return insn->offset < size && insn->len <= size - insn->offset;
}

static bool zsim_insn_config_legal(const struct zpcifd_insn *insn)
{
	if (insn->len != 1 && insn->len != 2 && insn->len != 4)
		return false;
	if ((insn->offset & 3) + insn->len > 4)
		return false;
	return zsim_insn_inside(insn, ZSIM_CONFIG_LEN);
}

static bool zsim_insn_block_legal(struct zsim_function *fn,
				  const struct zpcifd_insn *insn)
{
	if (!insn->len || insn->len > fn->attrs.maxstbl)
		return false;
	if (insn->offset % ZSIM_PAGE_SIZE + insn->len > ZSIM_PAGE_SIZE)
		return false;
	if (fn->attrs.relaxed)
		return true;
	return insn->len > 8 && IS_ALIGNED(insn->len, 8) &&
	       IS_ALIGNED(insn->offset, 8) &&
	       IS_ALIGNED((unsigned long)insn->block, 8);
}

/* False: a program check */
static bool zsim_insn_legal(struct zsim_function *fn,
			    const struct zpcifd_insn *insn)
{
	if (insn->as == ZPCIFD_AS_CONFIG)
		return zsim_insn_config_legal(insn);
	if (!zsim_insn_inside(insn, fn->attrs.bar_size[insn->as]))
		return false;
	if (insn->opcode == ZPCIFD_OP_PCISTB)
		return zsim_insn_block_legal(fn, insn);
	return insn->len && insn->len <= 8 - (insn->offset & 7);
}

static void zsim_insn_load(struct zsim_function *fn, struct zpcifd_insn *insn)
{
	u8 bytes[8] = {};

	if (insn->as == ZPCIFD_AS_CONFIG)
		zsim_config_load(fn, insn->offset, insn->len, bytes);
	else
		fn->attrs.model->load(fn, insn, bytes);
	if (!insn->cc)
		insn->data = get_unaligned_be64(bytes) >> (64 - 8 * insn->len);
}

static void zsim_insn_store(struct zsim_function *fn, struct zpcifd_insn *insn)
{
	u8 bytes[8];

	put_unaligned_be64(insn->data << (64 - 8 * insn->len), bytes);
	if (insn->as == ZPCIFD_AS_CONFIG)
		zsim_config_store(fn, insn->offset, insn->len, bytes);
	else
		fn->attrs.model->store(fn, insn, bytes);
}

static int zsim_insn_execute(struct zsim_function *fn, struct zpcifd_insn *insn)
{
	switch (atomic_read(&fn->state)) {
	case ZSIM_ENABLED:
		break;
	case ZSIM_ERROR:
		zsim_answer(insn, 1, ZSIM_ST_BLOCKED);
		return 0;
	default:
		zsim_answer(insn, 3, 0);
		return 0;
	}
	if (!zsim_insn_as_valid(fn, insn)) {
		zsim_answer(insn, 1, ZSIM_ST_INVALID_AS);
		return 0;
	}
	if (!zsim_insn_legal(fn, insn))
		return -ENXIO;

	switch (insn->opcode) {
	case ZPCIFD_OP_PCILG:
		zsim_insn_load(fn, insn);
		return 0;
	case ZPCIFD_OP_PCISTG:
		zsim_insn_store(fn, insn);
		return 0;
	case ZPCIFD_OP_PCISTB:
		/* User space may change the operand: take it once */
		memcpy(fn->bounce, insn->block, insn->len);
		fn->attrs.model->store(fn, insn, fn->bounce);
		return 0;
	default:
		return -ENXIO;
	}
}

/* zpcifd_ops::issue */
static long zsim_insn_issue(struct zpcifd_device *zd, struct zpcifd_insn *insn)
{
	struct zsim_function *fn = to_zsim(zd);
	int ret;

	zsim_fault_delay(fn);

	guard(mutex)(&fn->lock);
	zsim_answer(insn, 0, 0);
	if (insn->opcode == ZPCIFD_OP_PCILG)
		insn->data = 0;
	ret = zsim_fault_answer(fn, insn) ? 0 : zsim_insn_execute(fn, insn);
	zsim_debugfs_log(fn, insn, ret);
	return ret ?: zpcifd_result(insn->cc, insn->status);
}

long zsim_insn_pcilg(struct zpcifd_device *zd, u64 *data, u64 req,
		     u64 offset)
{
	struct zpcifd_insn insn = zpcifd_insn_init(ZPCIFD_OP_PCILG, req, offset);
	long ret = zsim_insn_issue(zd, &insn);

	*data = insn.data;
	return ret;
}

long zsim_insn_pcistg(struct zpcifd_device *zd, u64 data, u64 req,
		      u64 offset)
{
	struct zpcifd_insn insn = zpcifd_insn_init(ZPCIFD_OP_PCISTG, req, offset);

	insn.data = data;
	return zsim_insn_issue(zd, &insn);
}

long zsim_insn_pcistb(struct zpcifd_device *zd, const void *block, u64 req,
		      u64 offset)
{
	struct zpcifd_insn insn = zpcifd_insn_init(ZPCIFD_OP_PCISTB, req, offset);

	insn.block = block;
	return zsim_insn_issue(zd, &insn);
}
