// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the relay keeps from descriptors: the MSI-X table and the pending bit
 * array, wherever a function has them
 */
#include "fake.h"

#define GUARD_MAX_BAR_LEN 0x10000ULL

/* What a byte of a BAR belongs to */
enum {
	GUARD_TABLE = 1,
	GUARD_PBA = 2,
};

/* BAR 0 is always there; the second BAR is BAR 2 */
static const struct guard_layout {
	const char *name;
	u16 vectors;
	u8 table_bar;
	u32 table;
	u8 pba_bar;
	u32 pba;
	u64 bar_len;
	u64 bar2_len;
} guard_layouts[] = {
	{ "no MSI-X", 0, 0, 0, 0, 0, 0x1000, 0x1000 },
	{ "two BARs, both in the middle", 4, 0, 0x400, 2, 0x800, 0x1000, 0x1000 },
	{ "two BARs, both at the start", 4, 0, 0, 2, 0, 0x1000, 0x1000 },
	{ "two BARs, both at the end", 4, 0, 0xfc0, 2, 0xff8, 0x1000, 0x1000 },
	{ "two BARs, the table in the second", 4, 2, 0x40, 0, 0x40, 0x1000, 0x1000 },
	{ "one BAR, the table first", 4, 0, 0x400, 0, 0x800, 0x1000, 0 },
	{ "one BAR, the pending bits first", 4, 0, 0x800, 0, 0x400, 0x1000, 0 },
	{ "one BAR, table at the start, bits at the end", 4, 0, 0, 0, 0xff8, 0x1000, 0 },
	{ "one BAR, bits at the start, table at the end", 4, 0, 0xfc0, 0, 0, 0x1000, 0 },
	{ "the pending bits right after the table", 4, 0, 0x400, 0, 0x440, 0x1000, 0 },
	{ "the table right after the pending bits", 4, 0, 0x400, 0, 0x3f8, 0x1000, 0 },
	{ "adjacent at the start", 4, 0, 0, 0, 0x40, 0x1000, 0 },
	{ "adjacent at the end", 4, 0, 0xfb8, 0, 0xff8, 0x1000, 0 },
	{ "8 bytes between them", 4, 0, 0x400, 0, 0x448, 0x1000, 0 },
	{ "the table is the whole BAR", 256, 0, 0, 2, 0, 0x1000, 0x1000 },
	{ "both are a whole BAR", 256, 0, 0, 2, 0, 0x1000, 32 },
	{ "together they are the whole BAR", 8, 0, 0, 0, 0x80, 0x88, 0x1000 },
	{ "8 bytes before, between and after", 2, 0, 8, 0, 0x30, 0x40, 0 },
	{ "1 vector", 1, 0, 0x10, 0, 0x100, 0x200, 0 },
	{ "64 vectors", 64, 0, 0x800, 0, 0x400, 0x1000, 0 },
	{ "65 vectors", 65, 0, 0x800, 0, 0x400, 0x2000, 0 },
	{ "2048 vectors", 2048, 0, 0x4000, 0, 0xc000, 0x10000, 0x1000 },
	{ "the table goes on after the BAR", 8, 0, 0xfc0, 0, 0, 0x1000, 0 },
	{ "the pending bits lie in the table", 64, 0, 0x400, 0, 0x500, 0x1000, 0 },
	{ "the pending bits overlap the table's start", 128, 0, 0x408, 0, 0x400, 0x1000, 0 },
};

/**
 * struct guard_map - A layout byte by byte
 * @layout: The layout
 * @info: The function
 * @policy: What is tested
 * @wrong: Something of this layout was wrong
 * @bar: What each byte of each BAR belongs to
 */
struct guard_map {
	const struct guard_layout *layout;
	struct zpcifd_info info;
	struct zpcifd_policy policy;
	bool wrong;
	u8 bar[3][GUARD_MAX_BAR_LEN];
};

static void guard_mark(u8 *bar, u64 start, u64 len, u8 what)
{
	for (; len && start < GUARD_MAX_BAR_LEN; start++, len--)
		bar[start] |= what;
}

static void guard_lay_out(struct guard_map *map, const struct guard_layout *layout)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map->bar); i++)
		memset(map->bar[i], 0, sizeof(map->bar[i]));
	memset(&map->info, 0, sizeof(map->info));
	map->wrong = false;
	map->layout = layout;
	map->info.out_bar_size[0] = layout->bar_len;
	map->info.out_bar_size[2] = layout->bar2_len;
	map->info.out_maxstbl = 128;
	map->info.out_features = ZPCIFD_FEATURE_RELAXED;
	map->info.out_msix_vectors = layout->vectors;
	map->info.out_msix_table_bar = layout->table_bar;
	map->info.out_msix_table_offset = layout->table;
	map->info.out_msix_pba_bar = layout->pba_bar;
	map->info.out_msix_pba_offset = layout->pba;
	zpcifd_policy_init(&map->policy, &map->info);

	/* 16 bytes for a vector; 1 bit for a vector, in words of 64 bits */
	guard_mark(map->bar[layout->table_bar], layout->table,
		   16 * layout->vectors, GUARD_TABLE);
	guard_mark(map->bar[layout->pba_bar], layout->pba,
		   (layout->vectors + 63) / 64 * 8, GUARD_PBA);
}

/* What a descriptor of legal length must answer */
static int guard_expected(const struct guard_map *map, const struct zpcifd_sqe *sqe)
{
	u8 what = 0;
	u32 i;

	if (sqe->offset + sqe->len > map->info.out_bar_size[sqe->as])
		return -ERANGE;
	for (i = 0; i < sqe->len; i++)
		what |= map->bar[sqe->as][sqe->offset + i];
	return what ? -EACCES : 0;
}

/* The entry of a descriptor that is refused */
static u32 guard_expected_entry(const struct guard_map *map, const struct zpcifd_sqe *sqe)
{
	u32 i;

	for (i = 0; i < sqe->len; i++)
		if (map->bar[sqe->as][sqe->offset + i] & GUARD_TABLE)
			return (sqe->offset + i - map->layout->table) / 16;
	return ~0U;
}

/* Tells the first that is wrong of a layout: there are many thousands */
static void guard_check(struct kunit *test, struct guard_map *map,
			const struct zpcifd_sqe *sqe)
{
	int expected = guard_expected(map, sqe), res;
	u32 expected_entry = 0, entry = 0;
	bool msix = true;

	if (map->wrong)
		return;
	res = zpcifd_policy_check(&map->policy, sqe, 4096);
	if (res == -EACCES && expected == -EACCES) {
		expected_entry = guard_expected_entry(map, sqe);
		entry = ~expected_entry;
		msix = zpcifd_policy_guards_msix(&map->policy, sqe, &entry);
	}
	map->wrong = res != expected || !msix || entry != expected_entry;
	if (map->wrong)
		KUNIT_FAIL(test, "%s: op %u, BAR %u, %u bytes at %llu: %d not %d, entry %u not %u",
			   map->layout->name, sqe->opcode, sqe->as, sqe->len,
			   sqe->offset, res, expected, entry, expected_entry);
}

static struct guard_map *guard_map(struct kunit *test)
{
	struct guard_map *map = kunit_kzalloc(test, sizeof(*map), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, map);
	return map;
}

/* Every legal length at every offset, and a bit after the end */
static void guard_check_registers(struct kunit *test, u8 opcode)
{
	struct guard_map *map = guard_map(test);
	struct zpcifd_sqe sqe = { .opcode = opcode };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(guard_layouts); i++) {
		guard_lay_out(map, &guard_layouts[i]);
		for (sqe.as = 0; sqe.as <= 2; sqe.as++)
			for (sqe.offset = 0;
			     sqe.offset < map->info.out_bar_size[sqe.as] + 8;
			     sqe.offset++)
				for (sqe.len = 1; sqe.len <= 8 - sqe.offset % 8; sqe.len++)
					guard_check(test, map, &sqe);
	}
}

static void no_load_reaches_the_msix_table_or_pba(struct kunit *test)
{
	guard_check_registers(test, ZPCIFD_OP_PCILG);
}

static void no_store_reaches_the_msix_table_or_pba(struct kunit *test)
{
	guard_check_registers(test, ZPCIFD_OP_PCISTG);
}

static void guard_check_blocks(struct kunit *test, struct guard_map *map, u32 len)
{
	struct zpcifd_sqe sqe = { .opcode = ZPCIFD_OP_PCISTB, .len = len };

	for (sqe.as = 0; sqe.as <= 2; sqe.as++)
		for (sqe.offset = 0;
		     sqe.offset < map->info.out_bar_size[sqe.as] + 8;
		     sqe.offset++)
			if (sqe.offset % 4096 + len <= 4096)
				guard_check(test, map, &sqe);
}

static void no_block_reaches_the_msix_table_or_pba(struct kunit *test)
{
	static const u32 lens[] = { 1, 8, 33, 128 };
	struct guard_map *map = guard_map(test);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(guard_layouts); i++) {
		guard_lay_out(map, &guard_layouts[i]);
		for (j = 0; j < ARRAY_SIZE(lens); j++)
			guard_check_blocks(test, map, lens[j]);
	}
}

static void a_refused_config_store_is_no_msix_access(struct kunit *test)
{
	struct guard_map *map = guard_map(test);
	struct zpcifd_sqe sqe = {
		.opcode = ZPCIFD_OP_PCISTG,
		.as = ZPCIFD_AS_CONFIG,
		.len = 4,
	};
	unsigned int i;
	u32 entry;

	for (i = 0; i < ARRAY_SIZE(guard_layouts); i++) {
		guard_lay_out(map, &guard_layouts[i]);
		for (sqe.offset = 0; sqe.offset < 4096; sqe.offset += 4) {
			KUNIT_ASSERT_EQ(test, -EACCES,
					zpcifd_policy_check(&map->policy, &sqe, 0));
			KUNIT_ASSERT_FALSE(test,
					   zpcifd_policy_guards_msix(&map->policy, &sqe, &entry));
		}
	}
}

static struct kunit_case guard_cases[] = {
	KUNIT_CASE(no_load_reaches_the_msix_table_or_pba),
	KUNIT_CASE(no_store_reaches_the_msix_table_or_pba),
	KUNIT_CASE(no_block_reaches_the_msix_table_or_pba),
	KUNIT_CASE(a_refused_config_store_is_no_msix_access),
	{}
};

static struct kunit_suite guard_suite = {
	.name = "zpcifd_guard",
	.test_cases = guard_cases,
};

kunit_test_suite(guard_suite);
