// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings that are narrower than their function: which windows are well formed,
 * and what they let through
 */
#include "fake.h"

#define WINDOWS_LG BIT(ZPCIFD_OP_PCILG)
#define WINDOWS_STG BIT(ZPCIFD_OP_PCISTG)
#define WINDOWS_STB BIT(ZPCIFD_OP_PCISTB)
#define WINDOWS_ALL (WINDOWS_LG | WINDOWS_STG | WINDOWS_STB)

/* For a function with 64 KiB in BAR 0 and 256 TiB in BAR 4 */
static const struct windows_form {
	const char *name;
	struct zpcifd_ring_window window;
	int res;
} windows_forms[] = {
	{ "1 byte", { 0, 1, WINDOWS_LG, 0 }, 0 },
	{ "all of the BAR", { 0, 0x10000, WINDOWS_ALL, 0 }, 0 },
	{ "the BAR and 1 byte", { 0, 0x10001, WINDOWS_ALL, 0 }, -EINVAL },
	{ "the BAR's last byte", { 0xffff, 1, WINDOWS_STG, 0 }, 0 },
	{ "the BAR's last byte and 1 more", { 0xffff, 2, WINDOWS_STG, 0 }, -EINVAL },
	{ "after the BAR", { 0x10000, 1, WINDOWS_STG, 0 }, -EINVAL },
	{ "end beyond 2^64", { 0x8000, U64_MAX, WINDOWS_LG, 0 }, -EINVAL },
	{ "offset 2^64 - 1", { U64_MAX, 1, WINDOWS_LG, 0 }, -EINVAL },
	{ "offset 2^64 - 1, end at 0", { U64_MAX, U64_MAX, WINDOWS_LG, 0 }, -EINVAL },
	{ "nothing", { 0, 0, WINDOWS_LG, 0 }, -EINVAL },
	{ "a huge BAR", { 0, BIT_ULL(48), WINDOWS_STB, 4 }, 0 },
	{ "a BAR that is not there", { 0, 1, WINDOWS_LG, 1 }, -EINVAL },
	{ "config space", { 0, 4096, WINDOWS_LG, ZPCIFD_AS_CONFIG }, 0 },
	{ "more than config space", { 0, 4097, WINDOWS_LG, ZPCIFD_AS_CONFIG }, -EINVAL },
	{ "address space 6", { 0, 1, WINDOWS_LG, 6 }, -EINVAL },
	{ "address space 14", { 0, 1, WINDOWS_LG, 14 }, -EINVAL },
	{ "address space 16", { 0, 1, WINDOWS_LG, 16 }, -EINVAL },
	{ "address space 255", { 0, 1, WINDOWS_LG, 255 }, -EINVAL },
	{ "no opcode", { 0, 8, 0, 0 }, -EINVAL },
	{ "opcode 0", { 0, 8, BIT(0), 0 }, -EINVAL },
	{ "opcode 4", { 0, 8, WINDOWS_ALL | BIT(4), 0 }, -EINVAL },
	{ "opcode 31", { 0, 8, WINDOWS_LG | BIT(31), 0 }, -EINVAL },
	{ "reserved field", { 0, 8, WINDOWS_LG, 0, { 0, 0, 1 } }, -EINVAL },
};

static void a_window_lies_in_its_address_space(struct kunit *test)
{
	struct zpcifd_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, info);
	info->out_bar_size[0] = 0x10000;
	info->out_bar_size[4] = BIT_ULL(48);
	for (i = 0; i < ARRAY_SIZE(windows_forms); i++) {
		const struct windows_form *row = &windows_forms[i];

		KUNIT_EXPECT_EQ_MSG(test, row->res,
				    zpcifd_policy_validate_windows(info, &row->window, 1),
				    "%s", row->name);
	}
}

static void one_bad_window_spoils_all_of_them(struct kunit *test)
{
	struct zpcifd_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);
	struct zpcifd_ring_window windows[5];
	unsigned int i, bad;

	KUNIT_ASSERT_NOT_NULL(test, info);
	info->out_bar_size[0] = 0x10000;
	for (bad = 0; bad <= ARRAY_SIZE(windows); bad++) {
		for (i = 0; i < ARRAY_SIZE(windows); i++)
			windows[i] = (struct zpcifd_ring_window){
				.offset = 8 * i,
				.len = i == bad ? 0 : 8,
				.opcodes = WINDOWS_ALL,
			};
		KUNIT_EXPECT_EQ(test, bad < ARRAY_SIZE(windows) ? -EINVAL : 0,
				zpcifd_policy_validate_windows(info, windows,
							       ARRAY_SIZE(windows)));
	}
}

static const struct zpcifd_ring_window windows_table[] = {
	{ 0x100, 0x20, WINDOWS_LG, 0 },
	{ 0x118, 0x10, WINDOWS_STG, 0 },
	{ 0x1000, 0x80, WINDOWS_STB, 0 },
	{ 0x1080, 0x80, WINDOWS_STB, 0 },
	{ 0x2001, 0x3, WINDOWS_ALL, 2 },
	{ 0x3c, 1, WINDOWS_LG | WINDOWS_STG, ZPCIFD_AS_CONFIG },
	{ 0, 8, WINDOWS_LG, 4 },
};

static const struct windows_access {
	const char *name;
	u8 opcode;
	u8 as;
	u64 offset;
	u32 len;
	int res;
} windows_accesses[] = {
	{ "the window's start", ZPCIFD_OP_PCILG, 0, 0x100, 8, 0 },
	{ "1 byte before the window", ZPCIFD_OP_PCILG, 0, 0xff, 1, -EACCES },
	{ "across the window's start", ZPCIFD_OP_PCILG, 0, 0xfc, 8, -EACCES },
	{ "the window's last byte", ZPCIFD_OP_PCILG, 0, 0x11f, 1, 0 },
	{ "1 byte after the window", ZPCIFD_OP_PCILG, 0, 0x120, 1, -EACCES },
	{ "across the window's end", ZPCIFD_OP_PCILG, 0, 0x11c, 8, -EACCES },
	{ "another opcode", ZPCIFD_OP_PCISTG, 0, 0x100, 8, -EACCES },
	{ "another window's opcode", ZPCIFD_OP_PCISTG, 0, 0x120, 8, 0 },
	{ "where two windows overlap", ZPCIFD_OP_PCISTG, 0, 0x118, 8, 0 },
	{ "another window's opcode before it", ZPCIFD_OP_PCISTG, 0, 0x110, 8, -EACCES },
	{ "all of a window", ZPCIFD_OP_PCISTB, 0, 0x1000, 0x80, 0 },
	{ "across two adjacent windows", ZPCIFD_OP_PCISTB, 0, 0x1040, 0x80, -EACCES },
	{ "longer than the window", ZPCIFD_OP_PCISTB, 0, 0x1080, 0x81, -EACCES },
	{ "an odd window", ZPCIFD_OP_PCILG, 2, 0x2001, 3, 0 },
	{ "an odd window and 1 byte", ZPCIFD_OP_PCILG, 2, 0x2001, 4, -EACCES },
	{ "an odd window of another BAR", ZPCIFD_OP_PCILG, 0, 0x2001, 3, -EACCES },
	{ "config space", ZPCIFD_OP_PCISTG, ZPCIFD_AS_CONFIG, 0x3c, 1, 0 },
	{ "more of config space", ZPCIFD_OP_PCILG, ZPCIFD_AS_CONFIG, 0x3c, 2, -EACCES },
	{ "a BAR without a window", ZPCIFD_OP_PCILG, 1, 0x100, 8, -EACCES },
	{ "offset 2^64 - 8", ZPCIFD_OP_PCILG, 4, U64_MAX - 7, 8, -EACCES },
};

static void windows_let_through_what_lies_in_one_of_them(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(windows_accesses); i++) {
		const struct windows_access *row = &windows_accesses[i];
		struct zpcifd_sqe sqe = {
			.opcode = row->opcode,
			.as = row->as,
			.offset = row->offset,
			.len = row->len,
		};

		KUNIT_EXPECT_EQ_MSG(test, row->res,
				    zpcifd_policy_check_windows(windows_table,
								ARRAY_SIZE(windows_table), &sqe),
				    "%s", row->name);
	}
}

static void a_narrowed_ring_issues_only_what_its_windows_allow(struct kunit *test)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_ring *ring = zpcifd_fake_ring(test, fake, 16, 16, 0);
	struct zpcifd_ring_window *window;
	struct zpcifd_cqe cqe;
	u64 i;

	/* The ring owns its windows: loads 2 to 4 of 8 bytes */
	window = kvzalloc_obj(*window);
	KUNIT_ASSERT_NOT_NULL(test, window);
	*window = (struct zpcifd_ring_window){ 16, 24, WINDOWS_LG, 0 };
	zpcifd_ring_narrow(ring, window, 1);

	zpcifd_fake_submit_loads(ring, 0, 8, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), 8);
	for (i = 0; i < 8; i++) {
		bool inside = i >= 2 && i <= 4;

		cqe = zpcifd_fake_expect(test, ring, i, inside ? 0 : -EACCES);
		KUNIT_EXPECT_EQ(test, cqe.flags, inside ? ZPCIFD_CQE_ISSUED : 0);
	}
	KUNIT_ASSERT_EQ(test, fake->issued, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, fake->log[i].offset, 16 + 8 * i);
}

static void a_window_opens_no_msix_table(struct kunit *test)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	struct zpcifd_ring *ring = zpcifd_fake_ring(test, fake, 16, 16, 0);
	struct zpcifd_ring_window *window;
	struct zpcifd_cqe cqe;

	fake->zd.info.out_msix_vectors = 2;
	fake->zd.info.out_msix_pba_offset = 0x1000;
	zpcifd_policy_init(fake->zd.policy, &fake->zd.info);
	window = kvzalloc_obj(*window);
	KUNIT_ASSERT_NOT_NULL(test, window);
	*window = (struct zpcifd_ring_window){ 0, 0x2000, WINDOWS_ALL, 0 };
	zpcifd_ring_narrow(ring, window, 1);

	zpcifd_fake_submit_loads(ring, 3, 2, 0);
	KUNIT_EXPECT_EQ(test, zpcifd_fake_enter(ring, INT_MAX), 2);
	cqe = zpcifd_fake_expect(test, ring, 3, -EACCES);
	KUNIT_EXPECT_EQ(test, cqe.flags, ZPCIFD_CQE_MSIX);
	KUNIT_EXPECT_EQ(test, cqe.msix_entry, 1);
	zpcifd_fake_expect(test, ring, 4, 0);
	KUNIT_EXPECT_EQ(test, fake->issued, 1);
}

static struct kunit_case windows_cases[] = {
	KUNIT_CASE(a_window_lies_in_its_address_space),
	KUNIT_CASE(one_bad_window_spoils_all_of_them),
	KUNIT_CASE(windows_let_through_what_lies_in_one_of_them),
	KUNIT_CASE(a_narrowed_ring_issues_only_what_its_windows_allow),
	KUNIT_CASE(a_window_opens_no_msix_table),
	{}
};

static struct kunit_suite windows_suite = {
	.name = "zpcifd_windows",
	.test_cases = windows_cases,
};

kunit_test_suite(windows_suite);
