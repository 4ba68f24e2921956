/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated functions whose instructions a test issues itself, without the
 * checks of the framework
 */
#ifndef __ZPCIFD_TESTS_SIM_FUNCTION_H
#define __ZPCIFD_TESTS_SIM_FUNCTION_H

#include <kunit/test.h>

#include "../sim/sim.h"

struct zsim_function *sim_function_create(struct kunit *test,
					  const struct zsim_attrs *attrs);
int sim_function_issue(struct zsim_function *fn, struct zpcifd_insn *insn);
int sim_function_load(struct zsim_function *fn, u8 as, u64 offset, u32 len,
		      struct zpcifd_insn *insn);
int sim_function_store(struct zsim_function *fn, u8 as, u64 offset, u32 len,
		       u64 data, struct zpcifd_insn *insn);
int sim_function_block(struct zsim_function *fn, u8 as, u64 offset, u32 len,
		       const void *block, struct zpcifd_insn *insn);

#endif /* __ZPCIFD_TESTS_SIM_FUNCTION_H */
