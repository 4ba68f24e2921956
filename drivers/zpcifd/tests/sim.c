// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simulated functions answer instructions as the architecture does, without
 * the framework's checks before them
 */
#include <linux/unaligned.h>

#include "fake.h"
#include "sim_function.h"

#define SIM_CFG ZPCIFD_AS_CONFIG

/* What an instruction may answer */
enum sim_answer {
	SIM_DONE,
	SIM_PGM,	/* program check */
	SIM_BAD_AS,	/* cc 1, status 20: address space not valid */
	SIM_BLOCKED,	/* cc 1, status 12 */
	SIM_BAD_HANDLE,	/* cc 3 */
	SIM_OTHER,
};

static const char * const sim_answers[] = {
	"done", "program check", "cc 1 status 20", "cc 1 status 12", "cc 3", "another answer",
};

/* Frees the memory behind the BARs, as the end of an ownership does */
static void sim_reset(void *data)
{
	struct zsim_function *fn = data;

	fn->zd.ops->reset(&fn->zd);
}

/* An enabled function with 16 KiB in BAR 0 and 8 KiB in BAR 2 */
static struct zsim_function *sim_create(struct kunit *test, bool relaxed, u16 maxstbl)
{
	struct zsim_attrs attrs = zsim_model_registers.defaults;
	struct zsim_function *fn;

	attrs.model = &zsim_model_registers;
	attrs.bar_size[0] = SZ_16K;
	attrs.bar_size[2] = SZ_8K;
	attrs.relaxed = relaxed;
	attrs.maxstbl = maxstbl;
	fn = sim_function_create(test, &attrs);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, sim_reset, fn));
	return fn;
}

static enum sim_answer sim_issue(struct zsim_function *fn, struct zpcifd_insn *insn)
{
	int ret = sim_function_issue(fn, insn);

	if (ret)
		return ret == -ENXIO ? SIM_PGM : SIM_OTHER;
	if (!insn->cc)
		return SIM_DONE;
	if (insn->cc == 1 && insn->status == 20)
		return SIM_BAD_AS;
	if (insn->cc == 1 && insn->status == 12)
		return SIM_BLOCKED;
	return insn->cc == 3 ? SIM_BAD_HANDLE : SIM_OTHER;
}

static u64 sim_load(struct kunit *test, struct zsim_function *fn, u8 as, u64 offset, u32 len)
{
	struct zpcifd_insn insn = {
		.opcode = ZPCIFD_OP_PCILG,
		.as = as,
		.offset = offset,
		.len = len,
	};

	KUNIT_EXPECT_EQ(test, sim_issue(fn, &insn), SIM_DONE);
	return insn.data;
}

static void sim_store(struct kunit *test, struct zsim_function *fn, u8 as,
		      u64 offset, u32 len, u64 data)
{
	struct zpcifd_insn insn = {
		.opcode = ZPCIFD_OP_PCISTG,
		.as = as,
		.offset = offset,
		.len = len,
		.data = data,
	};

	KUNIT_EXPECT_EQ(test, sim_issue(fn, &insn), SIM_DONE);
}

/* Operands of PCISTB, of which one can be aligned or not */
static u8 sim_operand[SZ_4K + 8] __aligned(8);

/* Answers with strict and with relaxed alignment; maxstbl is 128 */
static const struct sim_rule {
	const char *name;
	u8 opcode;
	u8 as;
	u64 offset;
	u32 len;
	u8 operand;
	enum sim_answer strict;
	enum sim_answer relaxed;
} sim_rules[] = {
	{ "PCILG of 1", ZPCIFD_OP_PCILG, 0, 7, 1, 0, SIM_DONE, SIM_DONE },
	{ "PCILG of 3", ZPCIFD_OP_PCILG, 0, 5, 3, 0, SIM_DONE, SIM_DONE },
	{ "PCILG of 5", ZPCIFD_OP_PCILG, 0, 3, 5, 0, SIM_DONE, SIM_DONE },
	{ "PCILG of 8", ZPCIFD_OP_PCILG, 0, 8, 8, 0, SIM_DONE, SIM_DONE },
	{ "PCILG of 0", ZPCIFD_OP_PCILG, 0, 8, 0, 0, SIM_PGM, SIM_PGM },
	{ "PCILG of 9", ZPCIFD_OP_PCILG, 0, 8, 9, 0, SIM_PGM, SIM_PGM },
	{ "PCILG across 8 bytes", ZPCIFD_OP_PCILG, 0, 5, 4, 0, SIM_PGM, SIM_PGM },
	{ "PCILG after the BAR", ZPCIFD_OP_PCILG, 0, SZ_16K, 1, 0, SIM_PGM, SIM_PGM },
	{ "PCILG in AS 1", ZPCIFD_OP_PCILG, 1, 0, 8, 0, SIM_BAD_AS, SIM_BAD_AS },
	{ "PCILG in AS 6", ZPCIFD_OP_PCILG, 6, 0, 8, 0, SIM_BAD_AS, SIM_BAD_AS },
	{ "PCILG in AS 14", ZPCIFD_OP_PCILG, 14, 0, 8, 0, SIM_BAD_AS, SIM_BAD_AS },
	{ "PCISTG of 7", ZPCIFD_OP_PCISTG, 2, 0x101, 7, 0, SIM_DONE, SIM_DONE },
	{ "PCISTG of 8", ZPCIFD_OP_PCISTG, 2, 0x1ff8, 8, 0, SIM_DONE, SIM_DONE },
	{ "PCISTG of 0", ZPCIFD_OP_PCISTG, 2, 0, 0, 0, SIM_PGM, SIM_PGM },
	{ "PCISTG of 9", ZPCIFD_OP_PCISTG, 2, 0, 9, 0, SIM_PGM, SIM_PGM },
	{ "PCISTG across 8 bytes", ZPCIFD_OP_PCISTG, 2, 0x101, 8, 0, SIM_PGM, SIM_PGM },
	{ "PCISTG after the BAR", ZPCIFD_OP_PCISTG, 2, SZ_8K, 8, 0, SIM_PGM, SIM_PGM },
	{ "PCISTG in AS 9", ZPCIFD_OP_PCISTG, 9, 0, 8, 0, SIM_BAD_AS, SIM_BAD_AS },
	{ "PCISTB of 16", ZPCIFD_OP_PCISTB, 2, 0x40, 16, 0, SIM_DONE, SIM_DONE },
	{ "PCISTB of maxstbl", ZPCIFD_OP_PCISTB, 2, 0x80, 128, 0, SIM_DONE, SIM_DONE },
	{ "PCISTB of more", ZPCIFD_OP_PCISTB, 2, 0x80, 136, 0, SIM_PGM, SIM_PGM },
	{ "PCISTB of 0", ZPCIFD_OP_PCISTB, 2, 0x80, 0, 0, SIM_PGM, SIM_PGM },
	{ "PCISTB of 1", ZPCIFD_OP_PCISTB, 2, 0x80, 1, 0, SIM_PGM, SIM_DONE },
	{ "PCISTB of 8", ZPCIFD_OP_PCISTB, 2, 0x80, 8, 0, SIM_PGM, SIM_DONE },
	{ "PCISTB of 20", ZPCIFD_OP_PCISTB, 2, 0x80, 20, 0, SIM_PGM, SIM_DONE },
	{ "PCISTB at 4", ZPCIFD_OP_PCISTB, 2, 4, 16, 0, SIM_PGM, SIM_DONE },
	{ "PCISTB of an unaligned operand", ZPCIFD_OP_PCISTB, 2, 0, 16, 4, SIM_PGM, SIM_DONE },
	{ "PCISTB to the page's end", ZPCIFD_OP_PCISTB, 2, 0xf80, 128, 0, SIM_DONE, SIM_DONE },
	{ "PCISTB across a page", ZPCIFD_OP_PCISTB, 2, 0xff8, 16, 0, SIM_PGM, SIM_PGM },
	{ "PCISTB after the BAR", ZPCIFD_OP_PCISTB, 2, SZ_8K, 16, 0, SIM_PGM, SIM_PGM },
	{ "PCISTB in AS 3", ZPCIFD_OP_PCISTB, 3, 0, 16, 0, SIM_BAD_AS, SIM_BAD_AS },
	{ "PCISTB in AS 7", ZPCIFD_OP_PCISTB, 7, 0, 16, 0, SIM_BAD_AS, SIM_BAD_AS },
	{ "config PCISTB", ZPCIFD_OP_PCISTB, SIM_CFG, 0, 16, 0, SIM_BAD_AS, SIM_BAD_AS },
	{ "config PCILG of 1", ZPCIFD_OP_PCILG, SIM_CFG, 3, 1, 0, SIM_DONE, SIM_DONE },
	{ "config PCILG of 2", ZPCIFD_OP_PCILG, SIM_CFG, 2, 2, 0, SIM_DONE, SIM_DONE },
	{ "config PCILG of 4", ZPCIFD_OP_PCILG, SIM_CFG, 0xffc, 4, 0, SIM_DONE, SIM_DONE },
	{ "config PCILG of 3", ZPCIFD_OP_PCILG, SIM_CFG, 0, 3, 0, SIM_PGM, SIM_PGM },
	{ "config PCILG of 8", ZPCIFD_OP_PCILG, SIM_CFG, 0, 8, 0, SIM_PGM, SIM_PGM },
	{ "config PCILG across a word", ZPCIFD_OP_PCILG, SIM_CFG, 3, 2, 0, SIM_PGM, SIM_PGM },
	{ "config PCILG after the end", ZPCIFD_OP_PCILG, SIM_CFG, 4096, 4, 0, SIM_PGM, SIM_PGM },
	{ "config PCISTG of 4", ZPCIFD_OP_PCISTG, SIM_CFG, 4, 4, 0, SIM_DONE, SIM_DONE },
	{ "config PCISTG of 0", ZPCIFD_OP_PCISTG, SIM_CFG, 4, 0, 0, SIM_PGM, SIM_PGM },
};

static void sim_check_rules(struct kunit *test, bool relaxed)
{
	struct zsim_function *fn = sim_create(test, relaxed, 128);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sim_rules); i++) {
		const struct sim_rule *rule = &sim_rules[i];
		enum sim_answer expected = relaxed ? rule->relaxed : rule->strict;
		struct zpcifd_insn insn = {
			.opcode = rule->opcode,
			.as = rule->as,
			.offset = rule->offset,
			.len = rule->len,
		};
		enum sim_answer answer;

		if (rule->opcode == ZPCIFD_OP_PCISTB)
			insn.block = sim_operand + rule->operand;
		answer = sim_issue(fn, &insn);
		KUNIT_EXPECT_EQ_MSG(test, answer, expected, "%s: %s instead of %s", rule->name,
				    sim_answers[answer], sim_answers[expected]);
	}
}

static void a_strict_function_takes_what_the_architecture_takes(struct kunit *test)
{
	sim_check_rules(test, false);
}

static void a_relaxed_function_waives_alignment_and_minimum(struct kunit *test)
{
	sim_check_rules(test, true);
}

/*
 * The framework and the simulator wrote the same rules down apart: what the
 * framework lets through is done, what it refuses for its form is not
 */
static void sim_compare(struct kunit *test, struct zsim_function *fn, struct zpcifd_sqe *sqe)
{
	int res = zpcifd_policy_check(fn->zd.policy, sqe, sizeof(sim_operand));
	struct zpcifd_insn insn = {
		.opcode = sqe->opcode,
		.as = sqe->as,
		.offset = sqe->offset,
		.len = sqe->len,
	};
	enum sim_answer answer;
	bool allowed, done;

	if (sqe->opcode == ZPCIFD_OP_PCISTB)
		insn.block = sim_operand;
	answer = sim_issue(fn, &insn);
	/* -EACCES is the relay's own rule */
	allowed = !res || res == -EACCES;
	done = answer == SIM_DONE;
	if (done != allowed || answer == SIM_OTHER)
		KUNIT_FAIL(test, "opcode %u, AS %u, %u bytes at 0x%llx: %s, but %d",
			   sqe->opcode, sqe->as, sqe->len, sqe->offset,
			   sim_answers[answer], res);
}

static void sim_compare_all(struct kunit *test, bool relaxed)
{
	/* The start, in a page's end, and the end of BAR 2 and of config space */
	static const u64 offsets[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 4096 - 16, 4096 - 8, 4096 - 4, 4096 - 1,
		4096, 8192 - 16, 8192 - 8, 8192 - 1, 8192, U64_MAX - 7, U64_MAX,
	};
	static const u32 lens[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 24, 127, 128, 129, 136, 4096, 4097, U16_MAX,
	};
	struct zsim_function *fn = sim_create(test, relaxed, 128);
	struct zpcifd_sqe sqe = {};
	unsigned int i, j;

	for (sqe.opcode = ZPCIFD_OP_PCILG; sqe.opcode <= ZPCIFD_OP_PCISTB; sqe.opcode++) {
		/* BAR 0 has registers, and a guard that is tested elsewhere */
		for (sqe.as = 1; sqe.as <= 17; sqe.as++) {
			for (i = 0; i < ARRAY_SIZE(offsets); i++) {
				for (j = 0; j < ARRAY_SIZE(lens); j++) {
					sqe.offset = offsets[i];
					sqe.len = lens[j];
					sim_compare(test, fn, &sqe);
				}
			}
		}
	}
}

static void the_framework_and_a_strict_function_agree(struct kunit *test)
{
	sim_compare_all(test, false);
}

static void the_framework_and_a_relaxed_function_agree(struct kunit *test)
{
	sim_compare_all(test, true);
}

static const struct sim_state {
	const char *name;
	enum zsim_state state;
	enum sim_answer answer;
} sim_states[] = {
	{ "unbound", ZSIM_UNBOUND, SIM_BAD_HANDLE },
	{ "enabled", ZSIM_ENABLED, SIM_DONE },
	{ "in error", ZSIM_ERROR, SIM_BLOCKED },
	{ "disabled", ZSIM_DISABLED, SIM_BAD_HANDLE },
	{ "enabled again", ZSIM_ENABLED, SIM_DONE },
	{ "gone", ZSIM_GONE, SIM_BAD_HANDLE },
	{ "gone for good", ZSIM_ENABLED, SIM_BAD_HANDLE },
};

static void a_function_answers_by_its_state(struct kunit *test)
{
	struct zsim_function *fn = sim_create(test, false, 128);
	unsigned int i;
	u8 opcode, as;

	for (i = 0; i < ARRAY_SIZE(sim_states); i++) {
		/* Nothing resets it later */
		if (sim_states[i].state == ZSIM_GONE)
			sim_reset(fn);
		zsim_function_set_state(fn, sim_states[i].state);
		for (opcode = ZPCIFD_OP_PCILG; opcode <= ZPCIFD_OP_PCISTB; opcode++) {
			for (as = 2; as <= 15; as += 13) {
				struct zpcifd_insn insn = { .opcode = opcode, .as = as, .len = 4 };

				if (opcode == ZPCIFD_OP_PCISTB) {
					insn.as = 2;
					insn.len = 16;
					insn.block = sim_operand;
				}
				KUNIT_EXPECT_EQ_MSG(test, sim_issue(fn, &insn),
						    sim_states[i].answer, "%s, opcode %u",
						    sim_states[i].name, opcode);
			}
		}
	}
}

static void what_is_refused_changes_nothing(struct kunit *test)
{
	struct zsim_function *fn = sim_create(test, false, 128);
	struct zpcifd_insn store = {
		.opcode = ZPCIFD_OP_PCISTG, .as = 2, .offset = 0x104, .len = 8, .data = 1,
	};
	struct zpcifd_insn block = {
		.opcode = ZPCIFD_OP_PCISTB, .as = 2, .offset = 0x100, .len = 136,
		.block = sim_operand,
	};

	sim_store(test, fn, 2, 0x100, 8, 0x0123456789abcdef);
	KUNIT_EXPECT_EQ(test, sim_issue(fn, &store), SIM_PGM);
	KUNIT_EXPECT_EQ(test, sim_issue(fn, &block), SIM_PGM);
	zsim_function_set_state(fn, ZSIM_ERROR);
	store.offset = 0x100;
	block.len = 16;
	KUNIT_EXPECT_EQ(test, sim_issue(fn, &store), SIM_BLOCKED);
	KUNIT_EXPECT_EQ(test, sim_issue(fn, &block), SIM_BLOCKED);
	zsim_function_set_state(fn, ZSIM_ENABLED);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 2, 0x100, 8), 0x0123456789abcdef);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 2, 0x108, 8), 0);
}

static void the_first_byte_is_the_most_significant(struct kunit *test)
{
	const u64 value = 0x0123456789abcdef;
	struct zsim_function *fn = sim_create(test, true, 128);
	struct zpcifd_insn block = {
		.opcode = ZPCIFD_OP_PCISTB, .as = 2, .offset = 0x203, .len = 8,
	};
	u32 offset, len;
	u8 bytes[8];

	sim_store(test, fn, 2, 0x200, 8, value);
	for (offset = 0; offset < 8; offset++)
		for (len = 1; len <= 8 - offset; len++)
			KUNIT_EXPECT_EQ(test, sim_load(test, fn, 2, 0x200 + offset, len),
					value << 8 * offset >> (64 - 8 * len));

	/* The value is right-aligned, what is above it does not count */
	sim_store(test, fn, 2, 0x203, 2, 0xffffffffffff1234);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 2, 0x200, 8), 0x0123451234abcdef);

	/* A block is bytes in their order */
	put_unaligned_be64(value, bytes);
	block.block = bytes;
	KUNIT_EXPECT_EQ(test, sim_issue(fn, &block), SIM_DONE);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 2, 0x203, 5), value >> 24);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 2, 0x208, 3), value & 0xffffff);
}

static void config_space_is_little_endian(struct kunit *test)
{
	struct zsim_function *fn = sim_create(test, false, 128);

	/* 1014 is IBM */
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, SIM_CFG, 0, 2), 0x1410);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, SIM_CFG, 0, 1), 0x14);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, SIM_CFG, 1, 1), 0x10);

	/* Memory and bus mastering on */
	sim_store(test, fn, SIM_CFG, 4, 2, 0x0600);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, SIM_CFG, 4, 2), 0x0600);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, SIM_CFG, 4, 1), 0x06);
	sim_store(test, fn, SIM_CFG, 0, 4, 0);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, SIM_CFG, 0, 2), 0x1410);
}

static void the_log_tells_each_instruction_as_it_came(struct kunit *test)
{
	struct zsim_function *fn = sim_create(test, false, 128);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sim_rules); i++) {
		const struct sim_rule *rule = &sim_rules[i];
		const struct zsim_log_entry *entry = &fn->log[i];
		struct zpcifd_insn insn = {
			.opcode = rule->opcode,
			.as = rule->as,
			.offset = rule->offset,
			.len = rule->len,
		};

		if (rule->opcode == ZPCIFD_OP_PCISTB)
			insn.block = sim_operand + rule->operand;
		sim_issue(fn, &insn);
		KUNIT_ASSERT_EQ(test, fn->log_seq, i + 1);
		KUNIT_EXPECT_EQ_MSG(test, entry->opcode, rule->opcode, "%s", rule->name);
		KUNIT_EXPECT_EQ_MSG(test, entry->as, rule->as, "%s", rule->name);
		KUNIT_EXPECT_EQ_MSG(test, entry->offset, rule->offset, "%s", rule->name);
		KUNIT_EXPECT_EQ_MSG(test, entry->len, rule->len, "%s", rule->name);
		KUNIT_EXPECT_EQ_MSG(test, entry->pgm_check, rule->strict == SIM_PGM,
				    "%s", rule->name);
		if (rule->strict == SIM_BAD_AS)
			KUNIT_EXPECT_EQ_MSG(test, entry->status, 20, "%s", rule->name);
	}
}

static void the_doorbell_raises_the_vector_that_is_stored(struct kunit *test)
{
	struct zsim_function *fn = sim_create(test, false, 128);
	u8 *block = kunit_kzalloc(test, 16, GFP_KERNEL);
	struct zpcifd_insn insn = { .opcode = ZPCIFD_OP_PCISTB, .len = 16, .block = block };

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_EQ(test, fn->nr_vectors, 4);
	sim_store(test, fn, 0, 0x08, 4, 2);
	sim_store(test, fn, 0, 0x08, 4, 3);
	sim_store(test, fn, 0, 0x08, 4, 2);
	/* No such vector */
	sim_store(test, fn, 0, 0x08, 4, 4);
	sim_store(test, fn, 0, 0x08, 4, U32_MAX);
	/* Not the doorbell */
	sim_store(test, fn, 0, 0x0c, 4, 1);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 0, 0x0c, 4), 3);

	/* The ID before it is read only, vector 1 is stored */
	put_unaligned_be32(1, block + 8);
	KUNIT_EXPECT_EQ(test, sim_issue(fn, &insn), SIM_DONE);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 0, 0x00, 8), 0x7a5043494653494d);
	KUNIT_EXPECT_EQ(test, sim_load(test, fn, 0, 0x0c, 4), 4);
	KUNIT_EXPECT_EQ(test, atomic64_read(&fn->vectors[0]), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&fn->vectors[1]), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&fn->vectors[2]), 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&fn->vectors[3]), 1);
}

static struct kunit_case sim_cases[] = {
	KUNIT_CASE(a_strict_function_takes_what_the_architecture_takes),
	KUNIT_CASE(a_relaxed_function_waives_alignment_and_minimum),
	KUNIT_CASE(the_framework_and_a_strict_function_agree),
	KUNIT_CASE(the_framework_and_a_relaxed_function_agree),
	KUNIT_CASE(a_function_answers_by_its_state),
	KUNIT_CASE(what_is_refused_changes_nothing),
	KUNIT_CASE(the_first_byte_is_the_most_significant),
	KUNIT_CASE(config_space_is_little_endian),
	KUNIT_CASE(the_log_tells_each_instruction_as_it_came),
	KUNIT_CASE(the_doorbell_raises_the_vector_that_is_stored),
	{}
};

static struct kunit_suite sim_suite = {
	.name = "zpcifd_sim",
	.test_cases = sim_cases,
};

kunit_test_suite(sim_suite);
