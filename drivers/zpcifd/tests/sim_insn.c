// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of the architecture as a simulated function applies them, which
 * counts on no check of the framework: the legal beside the illegal
 */
#include <linux/align.h>

#include "sim_function.h"

#define SIM_INSN_BAR_LEN SZ_16K

/* BAR 0 and BAR 3: 16 KiB, the others are not there */
static struct zsim_function *sim_insn_function(struct kunit *test, u16 maxstbl,
					       bool relaxed)
{
	struct zsim_attrs attrs = zsim_model_registers.defaults;

	attrs.model = &zsim_model_registers;
	attrs.fid = ~0U;
	attrs.bar_size[3] = SIM_INSN_BAR_LEN;
	attrs.maxstbl = maxstbl;
	attrs.relaxed = relaxed;
	return sim_function_create(test, &attrs);
}

static void *sim_insn_block(struct kunit *test)
{
	u8 *block = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	block = PTR_ALIGN(block, PAGE_SIZE);
	for (i = 0; i < PAGE_SIZE; i++)
		block[i] = i ^ i >> 8;
	return block;
}

/* Is this what loads and stores of a BAR may have? */
static bool sim_insn_register_legal(u64 offset, u32 len)
{
	return len && len <= 8 && offset % 8 + len <= 8 &&
	       offset < SIM_INSN_BAR_LEN && len <= SIM_INSN_BAR_LEN - offset;
}

static void a_bar_takes_legal_lengths_and_program_checks_others(struct kunit *test)
{
	static const u64 starts[] = {
		0x100, SIM_INSN_BAR_LEN - 16, SIM_INSN_BAR_LEN - 8,
		SIM_INSN_BAR_LEN, 1ULL << 40, ~0ULL - 7,
	};
	struct zsim_function *fn = sim_insn_function(test, 128, false);
	struct zpcifd_insn insn;
	unsigned int i;
	u64 offset;
	u32 len;
	int ret;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		for (offset = starts[i]; offset - starts[i] < 8; offset++)
			for (len = 0; len <= 17; len++) {
				ret = sim_insn_register_legal(offset, len) ?
				      0 : -ENXIO;
				KUNIT_EXPECT_EQ(test, ret,
						sim_function_load(fn, 3, offset, len, &insn));
				KUNIT_EXPECT_EQ(test, ret,
						sim_function_store(fn, 3, offset, len, 1, &insn));
				KUNIT_EXPECT_EQ(test, 0, insn.cc);
			}
}

static void config_space_takes_1_2_and_4_bytes_inside_a_word(struct kunit *test)
{
	struct zsim_function *fn = sim_insn_function(test, 128, false);
	struct zpcifd_insn insn;
	u64 offset;
	bool legal;
	u32 len;

	for (offset = 0; offset < 8; offset++)
		for (len = 0; len <= 9; len++) {
			legal = (len == 1 || len == 2 || len == 4) &&
				offset % 4 + len <= 4;
			KUNIT_EXPECT_EQ(test, legal ? 0 : -ENXIO,
					sim_function_load(fn, 15, offset, len, &insn));
		}
	KUNIT_EXPECT_EQ(test, 0, sim_function_load(fn, 15, 4092, 4, &insn));
	KUNIT_EXPECT_EQ(test, -ENXIO, sim_function_load(fn, 15, 4096, 1, &insn));
}

static void other_address_spaces_are_invalid(struct kunit *test)
{
	struct zsim_function *fn = sim_insn_function(test, 128, true);
	void *block = sim_insn_block(test);
	struct zpcifd_insn insn;
	unsigned int as;

	for (as = 0; as < 256; as++) {
		if (as == 0 || as == 3)
			continue;
		KUNIT_EXPECT_EQ(test, 0,
				sim_function_block(fn, as, 0, 16, block, &insn));
		KUNIT_EXPECT_EQ(test, 1, insn.cc);
		KUNIT_EXPECT_EQ(test, 20, insn.status);
		if (as == 15)
			continue;
		KUNIT_EXPECT_EQ(test, 0, sim_function_load(fn, as, 0, 4, &insn));
		KUNIT_EXPECT_EQ(test, 1, insn.cc);
		KUNIT_EXPECT_EQ(test, 20, insn.status);
		KUNIT_EXPECT_EQ(test, 0ULL, insn.data);
		KUNIT_EXPECT_EQ(test, 0,
				sim_function_store(fn, as, 0, 4, 0, &insn));
		KUNIT_EXPECT_EQ(test, 20, insn.status);
	}
}

/* Blocks: strict and relaxed functions beside each other */
static const struct sim_insn_block {
	const char *name;
	u64 offset;
	u32 len;
	u32 align;
	bool strict;
	bool relaxed;
} sim_insn_blocks[] = {
	{ "16 bytes", 0x100, 16, 0, true, true },
	{ "0 bytes", 0x100, 0, 0, false, false },
	{ "1 byte", 0x100, 1, 0, false, true },
	{ "8 bytes", 0x100, 8, 0, false, true },
	{ "17 bytes", 0x100, 17, 0, false, true },
	{ "at an odd offset", 0x101, 16, 0, false, true },
	{ "at 4 bytes after a doubleword", 0x104, 16, 0, false, true },
	{ "from an odd address", 0x100, 16, 1, false, true },
	{ "as long as the function takes", 0x100, 256, 0, true, true },
	{ "longer by a byte", 0x100, 257, 0, false, false },
	{ "longer by 8 bytes", 0x100, 264, 0, false, false },
	{ "to the end of a page", 0xf80, 128, 0, true, true },
	{ "across a page", 0xf80, 136, 0, false, false },
	{ "across a page by a byte", 0xfff, 2, 0, false, false },
	{ "to the end of the BAR", SIM_INSN_BAR_LEN - 16, 16, 0, true, true },
	{ "past the end of the BAR", SIM_INSN_BAR_LEN - 8, 16, 0, false, false },
	{ "behind the BAR", SIM_INSN_BAR_LEN, 16, 0, false, false },
	{ "at the end of all", ~0ULL - 15, 16, 0, false, false },
};

static void sim_insn_check_blocks(struct kunit *test, bool relaxed)
{
	struct zsim_function *fn = sim_insn_function(test, 256, relaxed);
	u8 *block = sim_insn_block(test);
	struct zpcifd_insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sim_insn_blocks); i++) {
		const struct sim_insn_block *b = &sim_insn_blocks[i];
		bool legal = relaxed ? b->relaxed : b->strict;

		KUNIT_EXPECT_EQ_MSG(test, legal ? 0 : -ENXIO,
				    sim_function_block(fn, 3, b->offset, b->len,
						       block + b->align, &insn),
				    "%s", b->name);
		KUNIT_EXPECT_EQ_MSG(test, 0, insn.cc, "%s", b->name);
	}
}

static void a_strict_function_takes_aligned_blocks(struct kunit *test)
{
	sim_insn_check_blocks(test, false);
}

static void a_relaxed_function_takes_any_block_inside_a_page(struct kunit *test)
{
	sim_insn_check_blocks(test, true);
}

static void the_byte_at_the_lowest_offset_is_the_most_significant(struct kunit *test)
{
	struct zsim_function *fn = sim_insn_function(test, 128, false);
	u8 *block = sim_insn_block(test);
	struct zpcifd_insn insn;
	u64 value = 0;
	u32 i, len;

	KUNIT_ASSERT_EQ(test, 0, sim_function_block(fn, 3, 0x200, 16, block, &insn));
	for (len = 1; len <= 8; len++) {
		value = value << 8 | block[len - 1];
		KUNIT_ASSERT_EQ(test, 0,
				sim_function_load(fn, 3, 0x200, len, &insn));
		KUNIT_EXPECT_EQ(test, value, insn.data);
		/* The rest of the register is not stored */
		KUNIT_ASSERT_EQ(test, 0,
				sim_function_store(fn, 3, 0x300, len,
						   ~0ULL << 4 << (8 * len - 4) | value,
						   &insn));
		for (i = 0; i < len; i++) {
			sim_function_load(fn, 3, 0x300 + i, 1, &insn);
			KUNIT_EXPECT_EQ(test, (u64)block[i], insn.data);
		}
	}
}

static void config_space_is_little_endian_inside(struct kunit *test)
{
	struct zsim_function *fn = sim_insn_function(test, 128, false);
	struct zpcifd_insn insn;

	sim_function_load(fn, 15, 0, 4, &insn);
	KUNIT_EXPECT_EQ(test, 0x1410507aULL, insn.data);
	sim_function_store(fn, 15, 4, 2, 0x0600, &insn);
	sim_function_load(fn, 15, 4, 1, &insn);
	KUNIT_EXPECT_EQ(test, 6ULL, insn.data);
	/* The size of BAR 0 as PCI tells it; BAR 1 is not there */
	sim_function_store(fn, 15, 0x10, 4, 0xffffffff, &insn);
	sim_function_load(fn, 15, 0x10, 4, &insn);
	KUNIT_EXPECT_EQ(test, 0x00c0ffffULL, insn.data);
	sim_function_store(fn, 15, 0x14, 4, 0xffffffff, &insn);
	sim_function_load(fn, 15, 0x14, 4, &insn);
	KUNIT_EXPECT_EQ(test, 0ULL, insn.data);
}

static void the_state_of_the_function_comes_before_all_rules(struct kunit *test)
{
	static const struct {
		enum zsim_state state;
		u8 cc;
		u8 status;
	} states[] = {
		{ ZSIM_ERROR, 1, 12 },
		{ ZSIM_DISABLED, 3, 0 },
		{ ZSIM_UNBOUND, 3, 0 },
		{ ZSIM_GONE, 3, 0 },
		/* Nothing enables it again */
		{ ZSIM_ENABLED, 3, 0 },
	};
	struct zsim_function *fn = sim_insn_function(test, 128, false);
	struct zpcifd_insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		zsim_function_set_state(fn, states[i].state);
		KUNIT_EXPECT_EQ(test, 0, sim_function_load(fn, 77, 1, 99, &insn));
		KUNIT_EXPECT_EQ(test, states[i].cc, insn.cc);
		KUNIT_EXPECT_EQ(test, states[i].status, insn.status);
	}
}

static void an_unknown_opcode_is_a_program_check(struct kunit *test)
{
	struct zsim_function *fn = sim_insn_function(test, 128, false);
	struct zpcifd_insn insn = { .opcode = 4, .offset = 0x100, .len = 4 };

	KUNIT_EXPECT_EQ(test, -ENXIO, fn->zd.ops->issue(&fn->zd, &insn));
	insn.opcode = 0;
	KUNIT_EXPECT_EQ(test, -ENXIO, fn->zd.ops->issue(&fn->zd, &insn));
}

static struct kunit_case sim_insn_cases[] = {
	KUNIT_CASE(a_bar_takes_legal_lengths_and_program_checks_others),
	KUNIT_CASE(config_space_takes_1_2_and_4_bytes_inside_a_word),
	KUNIT_CASE(other_address_spaces_are_invalid),
	KUNIT_CASE(a_strict_function_takes_aligned_blocks),
	KUNIT_CASE(a_relaxed_function_takes_any_block_inside_a_page),
	KUNIT_CASE(the_byte_at_the_lowest_offset_is_the_most_significant),
	KUNIT_CASE(config_space_is_little_endian_inside),
	KUNIT_CASE(the_state_of_the_function_comes_before_all_rules),
	KUNIT_CASE(an_unknown_opcode_is_a_program_check),
	{}
};

static struct kunit_suite sim_insn_suite = {
	.name = "zpcifd_sim_insn",
	.test_cases = sim_insn_cases,
};

kunit_test_suite(sim_insn_suite);
