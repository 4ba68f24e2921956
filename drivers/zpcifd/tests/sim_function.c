// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simulated functions whose instructions a test issues itself
 */
#include <linux/cleanup.h>

#include "sim_function.h"

static void sim_function_destroy(void *data)
{
	struct zsim_function *fn = data;

	scoped_guard(mutex, &fn->lock) {
		zsim_function_set_state(fn, ZSIM_UNBOUND);
		fn->attrs.model->reset(fn);
	}
	zsim_function_destroy(fn);
}

/**
 * sim_function_create - Make a function for a test
 * @test: The test, at whose end it goes
 * @attrs: What it is; its model is set
 *
 * Return: the function, enabled, but without an owner and without DMA
 */
struct zsim_function *sim_function_create(struct kunit *test,
					  const struct zsim_attrs *attrs)
{
	struct zsim_function *fn;
	char name[32];

	snprintf(name, sizeof(name), "kunit-%u", attrs->fid);
	KUNIT_ASSERT_EQ(test, 0, zsim_attrs_check(attrs));
	fn = zsim_function_create(attrs, name, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fn);
	scoped_guard(mutex, &fn->lock) {
		zsim_function_set_state(fn, ZSIM_ENABLED);
		if (attrs->model->start)
			attrs->model->start(fn);
	}
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, sim_function_destroy, fn));
	return fn;
}

/**
 * sim_function_issue - Issue an instruction
 * @fn: The function
 * @insn: The instruction, its length below 64 KiB
 *
 * Return: 0, or -ENXIO for a program check
 */
int sim_function_issue(struct zsim_function *fn, struct zpcifd_insn *insn)
{
	const struct zpcifd_ops *ops = fn->zd.ops;
	u64 req = zpcifd_req(insn->as, insn->len);
	long ret;

	switch (insn->opcode) {
	case ZPCIFD_OP_PCILG:
		ret = ops->pcilg(&fn->zd, &insn->data, req, insn->offset);
		break;
	case ZPCIFD_OP_PCISTG:
		ret = ops->pcistg(&fn->zd, insn->data, req, insn->offset);
		break;
	default:
		ret = ops->pcistb(&fn->zd, insn->block, req, insn->offset);
		break;
	}
	if (ret < 0)
		return ret;
	insn->cc = zpcifd_result_cc(ret);
	insn->status = zpcifd_result_status(ret);
	return 0;
}

int sim_function_load(struct zsim_function *fn, u8 as, u64 offset, u32 len,
		      struct zpcifd_insn *insn)
{
	*insn = (struct zpcifd_insn){
		.opcode = ZPCIFD_OP_PCILG,
		.as = as,
		.offset = offset,
		.len = len,
		.data = ~0ULL,
	};
	return sim_function_issue(fn, insn);
}

int sim_function_store(struct zsim_function *fn, u8 as, u64 offset, u32 len,
		       u64 data, struct zpcifd_insn *insn)
{
	*insn = (struct zpcifd_insn){
		.opcode = ZPCIFD_OP_PCISTG,
		.as = as,
		.offset = offset,
		.len = len,
		.data = data,
	};
	return sim_function_issue(fn, insn);
}

int sim_function_block(struct zsim_function *fn, u8 as, u64 offset, u32 len,
		       const void *block, struct zpcifd_insn *insn)
{
	*insn = (struct zpcifd_insn){
		.opcode = ZPCIFD_OP_PCISTB,
		.as = as,
		.offset = offset,
		.len = len,
		.block = block,
	};
	return sim_function_issue(fn, insn);
}
