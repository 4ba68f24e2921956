// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring checks most descriptors in a short way of its own. It must decide as
 * the policy does, whose tables of rules are tested by themselves: here the two
 * are compared wherever something begins or ends.
 */
#include "fake.h"

#define FAST_DATA_LEN 8192

static const struct fast_layout {
	const char *name;
	bool relaxed;
	u16 maxstbl;
	u16 vectors;
	u32 table;
	u32 pba;
	u64 bar_len[ZPCIFD_NR_BARS];
	u32 nr_windows;
} fast_layouts[] = {
	{ "strict", false, 128, 0, 0, 0, { 0x4000, 0, 32 } },
	{ "relaxed", true, 128, 0, 0, 0, { 0x4000, 0, 32 } },
	{ "relaxed with the smallest maxstbl", true, 8, 0, 0, 0, { 0x4000, 0, 32 } },
	{ "strict with the largest maxstbl", false, 4096, 0, 0, 0, { 0x4000, 0, 32 } },
	{ "strict with MSI-X in the middle", false, 128, 4, 0x1000, 0x2000, { 0x4000, 0, 32 } },
	{ "relaxed with MSI-X at the start", true, 128, 4, 0, 0x40, { 0x4000, 0, 32 } },
	{ "relaxed with MSI-X at the end", true, 128, 4, 0x3fb8, 0x3ff8, { 0x4000, 0, 32 } },
	{ "relaxed with MSI-X all over", true, 128, 1024, 0, 0, { 0x4000, 0, 32 } },
	{ "relaxed with MSI-X at odd places", true, 128, 3, 0x1004, 0x2003, { 0x4000, 0, 32 } },
	{ "relaxed with BARs of odd lengths", true, 128, 0, 0, 0, { 0x3ffd, 0, 21 } },
	{ "relaxed with a BAR of 4 bytes", true, 128, 0, 0, 0, { 0x4000, 0, 4 } },
	{ "strict with a huge BAR", false, 128, 4, 0x1000, 0x2000, { BIT_ULL(48), 0, 32 } },
	{ "relaxed and narrowed", true, 128, 4, 0x1000, 0x2000, { 0x4000, 0, 32 }, 2 },
};

static const struct zpcifd_ring_window fast_windows[] = {
	{ 0xff8, 0x20, BIT(ZPCIFD_OP_PCILG) | BIT(ZPCIFD_OP_PCISTB), 0 },
	{ 3, 9, BIT(ZPCIFD_OP_PCISTG), 2 },
};

struct fast_fixture {
	const struct fast_layout *layout;
	struct zpcifd_fake *fake;
	struct zpcifd_ring *ring;
	bool wrong;
};

static struct fast_fixture fast_fixture(struct kunit *test, const struct fast_layout *layout)
{
	struct fast_fixture f = { .layout = layout, .fake = zpcifd_fake_create(test) };
	struct zpcifd_info *info = &f.fake->zd.info;
	struct zpcifd_ring_window *windows;

	info->out_features = layout->relaxed ? ZPCIFD_FEATURE_RELAXED : 0;
	info->out_maxstbl = layout->maxstbl;
	info->out_msix_vectors = layout->vectors;
	info->out_msix_table_offset = layout->table;
	info->out_msix_pba_offset = layout->pba;
	memcpy(info->out_bar_size, layout->bar_len, sizeof(layout->bar_len));
	zpcifd_policy_init(f.fake->zd.policy, info);
	f.ring = zpcifd_fake_ring(test, f.fake, 1, 1, FAST_DATA_LEN);
	if (layout->nr_windows) {
		windows = kvmemdup(fast_windows, sizeof(fast_windows), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, windows);
		zpcifd_ring_narrow(f.ring, windows, ARRAY_SIZE(fast_windows));
	}
	return f;
}

/* What the policy says, asked without a ring */
static int fast_expected(struct fast_fixture *f, const struct zpcifd_sqe *sqe)
{
	int res = zpcifd_policy_check(f->fake->zd.policy, sqe, FAST_DATA_LEN);

	if (!res && f->layout->nr_windows)
		res = zpcifd_policy_check_windows(fast_windows, ARRAY_SIZE(fast_windows), sqe);
	return res;
}

static bool fast_arrived(struct fast_fixture *f, const struct zpcifd_sqe *sqe)
{
	const struct zpcifd_insn *insn = f->fake->log;

	if (insn->opcode != sqe->opcode || insn->as != sqe->as ||
	    insn->len != sqe->len || insn->offset != sqe->offset)
		return false;
	switch (sqe->opcode) {
	case ZPCIFD_OP_PCISTG:
		return insn->data == sqe->data;
	case ZPCIFD_OP_PCISTB:
		return insn->block == f->ring->data + sqe->payload;
	default:
		return true;
	}
}

/* Tells the first that is wrong of a layout: there are many thousands */
static void fast_check_count(struct kunit *test, struct fast_fixture *f,
			     const struct zpcifd_sqe *sqe, u32 count)
{
	int expected = fast_expected(f, sqe), taken;
	struct zpcifd_cqe cqe = {};
	bool reaped;

	if (f->wrong)
		return;
	f->fake->issued = 0;
	zpcifd_fake_submit(f->ring, sqe);
	taken = zpcifd_fake_enter(f->ring, count);
	reaped = zpcifd_fake_reap(f->ring, &cqe);

	f->wrong = taken != 1 || !reaped || cqe.res != expected ||
		   cqe.user_data != sqe->user_data || f->fake->issued != !expected ||
		   (!expected && !fast_arrived(f, sqe));
	if (f->wrong)
		KUNIT_FAIL(test, "%s: op %u, AS %u, %u bytes at %llu, data %llu: %d not %d",
			   f->layout->name, sqe->opcode, sqe->as, sqe->len, sqe->offset,
			   sqe->data, cqe.res, expected);
}

/* A single descriptor and a batch take different ways */
static void fast_check(struct kunit *test, struct fast_fixture *f,
		       const struct zpcifd_sqe *sqe)
{
	fast_check_count(test, f, sqe, 1);
	fast_check_count(test, f, sqe, 2);
}

/* What matters of the lengths around a place */
static void fast_check_around(struct kunit *test, struct fast_fixture *f,
			      struct zpcifd_sqe *sqe, u64 place)
{
	static const int distances[] = {
		-17, -16, -9, -8, -7, -4, -1, 0, 1, 3, 4, 7, 8, 9, 16,
	};
	static const u32 register_lens[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 0x10000, 0x10008, U32_MAX - 7, U32_MAX,
	};
	static const u32 block_lens[] = {
		0, 1, 7, 8, 9, 15, 16, 17, 24, 127, 128, 129, 136, 4088, 4096, 4097,
		0x10000, 0x10010, U32_MAX - 7, U32_MAX,
	};
	bool block = sqe->opcode == ZPCIFD_OP_PCISTB;
	unsigned int nr = block ? ARRAY_SIZE(block_lens) : ARRAY_SIZE(register_lens);
	const u32 *lens = block ? block_lens : register_lens;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(distances); i++) {
		for (j = 0; j < nr; j++) {
			sqe->offset = place + distances[i];
			sqe->len = lens[j];
			sqe->user_data++;
			fast_check(test, f, sqe);
		}
	}
}

static void fast_check_places(struct kunit *test, struct fast_fixture *f,
			      struct zpcifd_sqe *sqe)
{
	const struct fast_layout *layout = f->layout;
	const u64 places[] = {
		0, layout->table, layout->table + 16 * layout->vectors, layout->pba,
		layout->pba + 8, 0x1000, 0x2000, 0x3000, layout->bar_len[0], layout->bar_len[2],
		BIT_ULL(31), BIT_ULL(32), BIT_ULL(63),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		fast_check_around(test, f, sqe, places[i]);
}

static void a_ring_lets_loads_and_stores_through_as_the_policy_does(struct kunit *test)
{
	static const u8 spaces[] = { 0, 2, ZPCIFD_AS_CONFIG };
	struct zpcifd_sqe sqe = { .data = 0x1122334455667788 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(fast_layouts); i++) {
		struct fast_fixture f = fast_fixture(test, &fast_layouts[i]);

		for (j = 0; j < ARRAY_SIZE(spaces); j++) {
			sqe.as = spaces[j];
			sqe.opcode = ZPCIFD_OP_PCILG;
			fast_check_places(test, &f, &sqe);
			sqe.opcode = ZPCIFD_OP_PCISTG;
			fast_check_places(test, &f, &sqe);
		}
	}
}

static void a_ring_lets_blocks_through_as_the_policy_does(struct kunit *test)
{
	static const u8 spaces[] = { 0, 2 };
	struct zpcifd_sqe sqe = { .opcode = ZPCIFD_OP_PCISTB };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(fast_layouts); i++) {
		struct fast_fixture f = fast_fixture(test, &fast_layouts[i]);

		for (j = 0; j < ARRAY_SIZE(spaces); j++) {
			sqe.as = spaces[j];
			fast_check_places(test, &f, &sqe);
		}
	}
}

static void a_ring_takes_payloads_as_the_policy_does(struct kunit *test)
{
	static const u64 payloads[] = {
		0, 1, 4, 8, 4096 - 128, 4096 - 16, 4096 - 8, 4096 - 1, 4096,
		8192 - 128, 8192 - 16, 8192 - 8, 8192 - 1, 8192, 8200, 12288,
		BIT_ULL(31), BIT_ULL(32), BIT_ULL(63), U64_MAX - 4095, U64_MAX - 7, U64_MAX,
	};
	struct zpcifd_sqe sqe = { .opcode = ZPCIFD_OP_PCISTB };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(fast_layouts); i++) {
		struct fast_fixture f = fast_fixture(test, &fast_layouts[i]);

		for (j = 0; j < ARRAY_SIZE(payloads); j++) {
			sqe.payload = payloads[j];
			fast_check_around(test, &f, &sqe, 0x800);
		}
	}
}

static void a_ring_refuses_fields_as_the_policy_does(struct kunit *test)
{
	struct zpcifd_sqe sqe = {};
	unsigned int i, value;

	for (i = 0; i < ARRAY_SIZE(fast_layouts); i++) {
		struct fast_fixture f = fast_fixture(test, &fast_layouts[i]);

		for (value = 0; value < 256; value++) {
			sqe = (struct zpcifd_sqe){ .opcode = value, .len = 8, .offset = 0x800 };
			fast_check(test, &f, &sqe);
			sqe.len = 16;
			fast_check(test, &f, &sqe);
			sqe.opcode = ZPCIFD_OP_PCILG;
			sqe.len = 8;
			sqe.as = value;
			fast_check(test, &f, &sqe);
			sqe.as = 0;
			sqe.__reserved = value;
			fast_check(test, &f, &sqe);
			sqe.__reserved = 0;
			sqe.flags = value;
			/* Success would leave no completion */
			if (!(value & ZPCIFD_SQE_SKIP_SUCCESS))
				fast_check(test, &f, &sqe);
		}
	}
}

/* The short way must be taken, or the comparison above compares nothing */
static void the_short_way_covers_the_most_pages_without_a_guard(struct kunit *test)
{
	static const struct {
		u32 table;
		u32 pba;
		u64 start;
		u64 len;
	} rows[] = {
		{ 0x1000, 0x1040, 0x2000, 0x2000 },
		{ 0x3000, 0x3040, 0x0000, 0x3000 },
		{ 0x1000, 0x3000, 0x0000, 0x1000 },
		{ 0x0004, 0x3004, 0x1000, 0x2000 },
	};
	struct zpcifd_fast_range fast[ZPCIFD_NR_AS];
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_info *info = &fake->zd.info;
	unsigned int i, as;

	info->out_bar_size[0] = 0x4000;
	info->out_msix_vectors = 4;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		info->out_msix_table_offset = rows[i].table;
		info->out_msix_pba_offset = rows[i].pba;
		zpcifd_policy_init(fake->zd.policy, info);
		memset(fast, 0, sizeof(fast));
		zpcifd_policy_get_fast(fake->zd.policy, fast);
		KUNIT_EXPECT_EQ(test, fast[0].start, rows[i].start);
		KUNIT_EXPECT_EQ(test, fast[0].len, rows[i].len);
		for (as = 1; as < ARRAY_SIZE(fast); as++)
			KUNIT_EXPECT_EQ(test, fast[as].len, 0);
	}
}

static struct kunit_case fast_cases[] = {
	KUNIT_CASE(a_ring_lets_loads_and_stores_through_as_the_policy_does),
	KUNIT_CASE(a_ring_lets_blocks_through_as_the_policy_does),
	KUNIT_CASE(a_ring_takes_payloads_as_the_policy_does),
	KUNIT_CASE(a_ring_refuses_fields_as_the_policy_does),
	KUNIT_CASE(the_short_way_covers_the_most_pages_without_a_guard),
	{}
};

static struct kunit_suite fast_suite = {
	.name = "zpcifd_fast",
	.test_cases = fast_cases,
};

kunit_test_suite(fast_suite);
