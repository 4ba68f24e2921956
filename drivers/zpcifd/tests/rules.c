// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which descriptors may be issued: the rules of the architecture as tables,
 * the legal beside the illegal
 */
#include "fake.h"

#define RULES_DATA_LEN 8192
#define RULES_HUGE_BAR BIT_ULL(48)

/* BAR 0: 64 KiB. BAR 2: 32 bytes. BAR 4: 256 TiB. BAR 5: 4 KiB. */
static struct zpcifd_policy *rules_policy(struct kunit *test, u16 maxstbl,
					  bool relaxed)
{
	struct zpcifd_policy *policy =
		kunit_kzalloc(test, sizeof(*policy), GFP_KERNEL);
	struct zpcifd_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, policy);
	KUNIT_ASSERT_NOT_NULL(test, info);
	info->out_bar_size[0] = 0x10000;
	info->out_bar_size[2] = 32;
	info->out_bar_size[4] = RULES_HUGE_BAR;
	info->out_bar_size[5] = 4096;
	info->out_maxstbl = maxstbl;
	if (relaxed)
		info->out_features = ZPCIFD_FEATURE_RELAXED;
	zpcifd_policy_init(policy, info);
	return policy;
}

/* PCILG and PCISTG in BARs */
static const struct rules_register {
	const char *name;
	u8 as;
	u64 offset;
	u32 len;
	int res;
} rules_registers[] = {
	{ "1 byte", 0, 0, 1, 0 },
	{ "2 bytes", 0, 0, 2, 0 },
	{ "3 bytes", 0, 0, 3, 0 },
	{ "4 bytes", 0, 0, 4, 0 },
	{ "5 bytes", 0, 0, 5, 0 },
	{ "6 bytes", 0, 0, 6, 0 },
	{ "7 bytes", 0, 0, 7, 0 },
	{ "8 bytes", 0, 0, 8, 0 },
	{ "0 bytes", 0, 0, 0, -EINVAL },
	{ "9 bytes", 0, 0, 9, -EINVAL },
	{ "16 bytes", 0, 0, 16, -EINVAL },
	{ "2^31 bytes", 0, 0, 1U << 31, -EINVAL },
	{ "2^32 - 1 bytes", 0, 0, U32_MAX, -EINVAL },
	{ "the last 7 bytes of a doubleword", 0, 0x11, 7, 0 },
	{ "8 bytes across a doubleword", 0, 0x11, 8, -EINVAL },
	{ "the last 5 bytes of a doubleword", 0, 0x13, 5, 0 },
	{ "6 bytes across a doubleword", 0, 0x13, 6, -EINVAL },
	{ "the last 4 bytes of a doubleword", 0, 0x14, 4, 0 },
	{ "5 bytes across a doubleword", 0, 0x14, 5, -EINVAL },
	{ "2 bytes in the middle of a word", 0, 0x15, 2, 0 },
	{ "the last byte of a doubleword", 0, 0x17, 1, 0 },
	{ "2 bytes across a doubleword", 0, 0x17, 2, -EINVAL },
	{ "4 bytes across a word", 0, 0x12, 4, 0 },
	{ "the BAR's last byte", 0, 0xffff, 1, 0 },
	{ "the BAR's last doubleword", 0, 0xfff8, 8, 0 },
	{ "the byte after the BAR", 0, 0x10000, 1, -ERANGE },
	{ "the doubleword after the BAR", 0, 0x10000, 8, -ERANGE },
	{ "offset 2^32, where the BAR would repeat", 0, 1ULL << 32, 8, -ERANGE },
	{ "offset 2^64 - 1", 0, U64_MAX, 1, -ERANGE },
	{ "offset 2^64 - 8", 0, U64_MAX - 7, 8, -ERANGE },
	{ "a BAR that is not there", 1, 0, 1, -ERANGE },
	{ "a small BAR's last doubleword", 2, 24, 8, 0 },
	{ "the doubleword after a small BAR", 2, 32, 8, -ERANGE },
	{ "a huge BAR's last doubleword", 4, RULES_HUGE_BAR - 8, 8, 0 },
	{ "the doubleword after a huge BAR", 4, RULES_HUGE_BAR, 8, -ERANGE },
	{ "BAR 5", 5, 0, 8, 0 },
	{ "address space 6", 6, 0, 4, -EINVAL },
	{ "address space 7", 7, 0, 4, -EINVAL },
	{ "address space 8", 8, 0, 4, -EINVAL },
	{ "address space 9", 9, 0, 4, -EINVAL },
	{ "address space 10", 10, 0, 4, -EINVAL },
	{ "address space 11", 11, 0, 4, -EINVAL },
	{ "address space 12", 12, 0, 4, -EINVAL },
	{ "address space 13", 13, 0, 4, -EINVAL },
	{ "address space 14", 14, 0, 4, -EINVAL },
	{ "address space 16", 16, 0, 4, -EINVAL },
	{ "address space 255", 255, 0, 4, -EINVAL },
	{ "a bad length past the end is a bad length", 0, 0x10000, 9, -EINVAL },
	{ "a bad address space past the end is a bad one", 6, U64_MAX, 1, -EINVAL },
};

static void rules_check_registers(struct kunit *test, u8 opcode, bool relaxed)
{
	struct zpcifd_policy *policy = rules_policy(test, 128, relaxed);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules_registers); i++) {
		const struct rules_register *rule = &rules_registers[i];
		struct zpcifd_sqe sqe = {
			.opcode = opcode,
			.as = rule->as,
			.offset = rule->offset,
			.len = rule->len,
		};

		KUNIT_EXPECT_EQ_MSG(test, zpcifd_policy_check(policy, &sqe, 0),
				    rule->res, "%s", rule->name);
	}
}

static void a_load_stays_in_one_doubleword_of_its_bar(struct kunit *test)
{
	rules_check_registers(test, ZPCIFD_OP_PCILG, false);
}

static void a_store_stays_in_one_doubleword_of_its_bar(struct kunit *test)
{
	rules_check_registers(test, ZPCIFD_OP_PCISTG, false);
}

static void relaxed_alignment_changes_no_rule_of_loads(struct kunit *test)
{
	rules_check_registers(test, ZPCIFD_OP_PCILG, true);
}

static void relaxed_alignment_changes_no_rule_of_stores(struct kunit *test)
{
	rules_check_registers(test, ZPCIFD_OP_PCISTG, true);
}

/* PCISTB: the result with strict and with relaxed alignment */
static const struct rules_block {
	const char *name;
	u8 as;
	u64 offset;
	u32 len;
	u64 payload;
	int strict;
	int relaxed;
	u16 maxstbl;
} rules_blocks[] = {
	{ "16 bytes", 0, 0, 16, 0, 0, 0 },
	{ "24 bytes", 0, 8, 24, 8, 0, 0 },
	{ "maxstbl", 0, 0, 128, 0, 0, 0 },
	{ "1 more than maxstbl", 0, 0, 129, 0, -EINVAL, -EINVAL },
	{ "8 more than maxstbl", 0, 0, 136, 0, -EINVAL, -EINVAL },
	{ "0 bytes", 0, 0, 0, 0, -EINVAL, -EINVAL },
	{ "1 byte", 0, 0, 1, 0, -EINVAL, 0 },
	{ "8 bytes", 0, 0, 8, 0, -EINVAL, 0 },
	{ "9 bytes", 0, 0, 9, 0, -EINVAL, 0 },
	{ "20 bytes", 0, 0, 20, 0, -EINVAL, 0 },
	{ "2^31 bytes", 0, 0, 1U << 31, 0, -EINVAL, -EINVAL },
	{ "2^32 - 8 bytes", 0, 0, U32_MAX - 7, 0, -EINVAL, -EINVAL },
	{ "2^32 - 1 bytes", 0, 0, U32_MAX, 0, -EINVAL, -EINVAL },
	{ "16 bytes at offset 1", 0, 1, 16, 0, -EINVAL, 0 },
	{ "16 bytes at offset 4", 0, 4, 16, 0, -EINVAL, 0 },
	{ "16 bytes at offset 8", 0, 8, 16, 0, 0, 0 },
	{ "payload at 1", 0, 0, 16, 1, -EINVAL, 0 },
	{ "payload at 4", 0, 0, 16, 4, -EINVAL, 0 },
	{ "up to the end of a 4 KiB page", 0, 4096 - 16, 16, 0, 0, 0 },
	{ "maxstbl to the end of a 4 KiB page", 0, 8192 - 128, 128, 0, 0, 0 },
	{ "across a 4 KiB page by 8 bytes", 0, 4096 - 8, 16, 0, -EINVAL, -EINVAL },
	{ "across a 4 KiB page by 1 byte", 0, 4095, 2, 0, -EINVAL, -EINVAL },
	{ "the last byte of a 4 KiB page", 0, 4095, 1, 0, -EINVAL, 0 },
	{ "a whole 4 KiB page", 0, 4096, 4096, 0, 0, 0, 4096 },
	{ "4 KiB across two pages", 0, 8, 4096, 0, -EINVAL, -EINVAL, 4096 },
	{ "8 bytes with maxstbl 8", 0, 0, 8, 0, -EINVAL, 0, 8 },
	{ "9 bytes with maxstbl 8", 0, 0, 9, 0, -EINVAL, -EINVAL, 8 },
	{ "16 bytes with maxstbl 8", 0, 0, 16, 0, -EINVAL, -EINVAL, 8 },
	{ "payload up to the end of its page", 0, 0, 16, 4096 - 16, 0, 0 },
	{ "payload across a page", 0, 0, 16, 4096 - 8, -EFAULT, -EFAULT },
	{ "payload across a page by 1 byte", 0, 0, 2, 4095, -EINVAL, -EFAULT },
	{ "payload to the end of the data area", 0, 0, 16, 8192 - 16, 0, 0 },
	{ "payload across the end of the data area", 0, 0, 16, 8192 - 8, -EFAULT, -EFAULT },
	{ "payload after the data area", 0, 0, 16, 8192, -EFAULT, -EFAULT },
	{ "payload at 2^32", 0, 0, 16, 1ULL << 32, -EFAULT, -EFAULT },
	{ "payload at 2^64 - 8", 0, 0, 16, U64_MAX - 7, -EFAULT, -EFAULT },
	{ "payload at 2^64 - 1", 0, 0, 16, U64_MAX, -EINVAL, -EFAULT },
	{ "the BAR's last 16 bytes", 0, 0xfff0, 16, 0, 0, 0 },
	{ "16 bytes after the BAR", 0, 0x10000, 16, 0, -ERANGE, -ERANGE },
	{ "offset 2^64 - 4096", 0, U64_MAX - 4095, 16, 0, -ERANGE, -ERANGE },
	{ "offset 2^64 - 8", 0, U64_MAX - 7, 16, 0, -EINVAL, -EINVAL },
	{ "a BAR that is not there", 1, 0, 16, 0, -ERANGE, -ERANGE },
	{ "all of a small BAR", 2, 0, 32, 0, 0, 0 },
	{ "across the end of a small BAR", 2, 24, 16, 0, -ERANGE, -ERANGE },
	{ "across the end of a small BAR by 1 byte", 2, 31, 2, 0, -EINVAL, -ERANGE },
	{ "a huge BAR's last 16 bytes", 4, RULES_HUGE_BAR - 16, 16, 0, 0, 0 },
	{ "16 bytes after a huge BAR", 4, RULES_HUGE_BAR, 16, 0, -ERANGE, -ERANGE },
	{ "address space 6", 6, 0, 16, 0, -EINVAL, -EINVAL },
	{ "address space 14", 14, 0, 16, 0, -EINVAL, -EINVAL },
	{ "config space", ZPCIFD_AS_CONFIG, 0, 16, 0, -EINVAL, -EINVAL },
	{ "config space by 4 bytes", ZPCIFD_AS_CONFIG, 0x3c, 4, 0, -EINVAL, -EINVAL },
	{ "address space 255", 255, 0, 16, 0, -EINVAL, -EINVAL },
	{ "a bad length comes before a bad payload", 0, 0, 0, 8192, -EINVAL, -EINVAL },
	{ "a bad payload comes before the end", 0, 0x10000, 16, 8192, -EFAULT, -EFAULT },
};

static int rules_check_block(struct kunit *test, const struct rules_block *rule,
			     bool relaxed, u32 data_len)
{
	struct zpcifd_policy *policy =
		rules_policy(test, rule->maxstbl ?: 128, relaxed);
	struct zpcifd_sqe sqe = {
		.opcode = ZPCIFD_OP_PCISTB,
		.as = rule->as,
		.offset = rule->offset,
		.len = rule->len,
		.payload = rule->payload,
	};

	return zpcifd_policy_check(policy, &sqe, data_len);
}

static void a_strict_block_is_aligned_in_one_page(struct kunit *test)
{
	const struct rules_block *rule = rules_blocks;

	for (; rule < rules_blocks + ARRAY_SIZE(rules_blocks); rule++)
		KUNIT_EXPECT_EQ_MSG(test, rule->strict,
				    rules_check_block(test, rule, false, RULES_DATA_LEN),
				    "%s", rule->name);
}

static void a_relaxed_block_is_in_one_page(struct kunit *test)
{
	const struct rules_block *rule = rules_blocks;

	for (; rule < rules_blocks + ARRAY_SIZE(rules_blocks); rule++)
		KUNIT_EXPECT_EQ_MSG(test, rule->relaxed,
				    rules_check_block(test, rule, true, RULES_DATA_LEN),
				    "%s", rule->name);
}

static void no_block_fits_into_no_data_area(struct kunit *test)
{
	const struct rules_block *rule = rules_blocks;

	for (; rule < rules_blocks + ARRAY_SIZE(rules_blocks); rule++) {
		KUNIT_EXPECT_EQ_MSG(test, rule->strict == -EINVAL ? -EINVAL : -EFAULT,
				    rules_check_block(test, rule, false, 0),
				    "%s", rule->name);
		KUNIT_EXPECT_EQ_MSG(test, rule->relaxed == -EINVAL ? -EINVAL : -EFAULT,
				    rules_check_block(test, rule, true, 0),
				    "%s", rule->name);
	}
}

static void a_payload_stays_in_a_data_area_of_any_length(struct kunit *test)
{
	struct zpcifd_policy *policy = rules_policy(test, 128, true);
	struct zpcifd_sqe sqe = { .opcode = ZPCIFD_OP_PCISTB };
	u32 data_len;
	int expected;

	for (data_len = 0; data_len < 40; data_len++) {
		for (sqe.payload = 0; sqe.payload < 48; sqe.payload++) {
			for (sqe.len = 1; sqe.len < 48; sqe.len++) {
				expected = sqe.payload + sqe.len > data_len ? -EFAULT : 0;
				if (zpcifd_policy_check(policy, &sqe, data_len) != expected)
					KUNIT_FAIL(test, "%u bytes at %llu of %u",
						   sqe.len, sqe.payload, data_len);
			}
		}
	}
}

/* What must hold of every descriptor, whatever it does */
static const struct rules_field {
	const char *name;
	u8 opcode;
	u8 flags;
	u8 reserved;
	int res;
} rules_fields[] = {
	{ "PCILG", ZPCIFD_OP_PCILG, 0, 0, 0 },
	{ "PCISTG", ZPCIFD_OP_PCISTG, 0, 0, 0 },
	{ "PCISTB", ZPCIFD_OP_PCISTB, 0, 0, 0 },
	{ "opcode 0", 0, 0, 0, -EINVAL },
	{ "opcode 4", 4, 0, 0, -EINVAL },
	{ "opcode 0xd0", 0xd0, 0, 0, -EINVAL },
	{ "opcode 255", 255, 0, 0, -EINVAL },
	{ "LINK", ZPCIFD_OP_PCILG, ZPCIFD_SQE_LINK, 0, 0 },
	{ "BUSY_RETURN", ZPCIFD_OP_PCISTB, ZPCIFD_SQE_BUSY_RETURN, 0, 0 },
	{ "SKIP_SUCCESS", ZPCIFD_OP_PCISTG, ZPCIFD_SQE_SKIP_SUCCESS, 0, 0 },
	{ "all flags", ZPCIFD_OP_PCISTB, 0x07, 0, 0 },
	{ "flag 0x08", ZPCIFD_OP_PCISTB, 0x08, 0, -EINVAL },
	{ "flag 0x80", ZPCIFD_OP_PCILG, 0x80, 0, -EINVAL },
	{ "a known and an unknown flag", ZPCIFD_OP_PCISTG, 0x11, 0, -EINVAL },
	{ "reserved 1 in PCILG", ZPCIFD_OP_PCILG, 0, 1, -EINVAL },
	{ "reserved 0x80 in PCISTG", ZPCIFD_OP_PCISTG, 0, 0x80, -EINVAL },
	{ "reserved 255 in PCISTB", ZPCIFD_OP_PCISTB, 0, 255, -EINVAL },
};

static void an_unknown_field_is_refused(struct kunit *test)
{
	struct zpcifd_policy *policy = rules_policy(test, 128, false);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules_fields); i++) {
		const struct rules_field *rule = &rules_fields[i];
		struct zpcifd_sqe sqe = {
			.opcode = rule->opcode,
			.flags = rule->flags,
			.__reserved = rule->reserved,
			.len = rule->opcode == ZPCIFD_OP_PCISTB ? 16 : 8,
		};

		KUNIT_EXPECT_EQ_MSG(test, rule->res,
				    zpcifd_policy_check(policy, &sqe, RULES_DATA_LEN),
				    "%s", rule->name);
	}
}

/* Config space, both for loads and for stores */
static const struct rules_config {
	const char *name;
	u64 offset;
	u32 len;
	int load;
	int store;
} rules_configs[] = {
	{ "vendor and device", 0x00, 4, 0, -EACCES },
	{ "command", 0x04, 2, 0, -EACCES },
	{ "command and status", 0x04, 4, 0, -EACCES },
	{ "status", 0x06, 2, 0, 0 },
	{ "status by bytes", 0x07, 1, 0, 0 },
	{ "cache line size", 0x0c, 1, 0, 0 },
	{ "latency timer", 0x0d, 1, 0, 0 },
	{ "cache line size and latency timer", 0x0c, 2, 0, 0 },
	{ "latency timer and header type", 0x0d, 2, 0, -EACCES },
	{ "up to BIST", 0x0c, 4, 0, -EACCES },
	{ "BIST", 0x0f, 1, 0, -EACCES },
	{ "BAR 0", 0x10, 4, 0, -EACCES },
	{ "capability pointer", 0x34, 1, 0, -EACCES },
	{ "interrupt line", 0x3c, 1, 0, 0 },
	{ "interrupt line and pin", 0x3c, 2, 0, -EACCES },
	{ "first capability", 0x40, 4, 0, -EACCES },
	{ "extended capability", 0x100, 4, 0, -EACCES },
	{ "the last byte", 4095, 1, 0, -EACCES },
	{ "the last word", 4092, 4, 0, -EACCES },
	{ "the byte after it", 4096, 1, -ERANGE, -ERANGE },
	{ "offset 2^32 + 6, where status would repeat", (1ULL << 32) + 6, 2, -ERANGE, -ERANGE },
	{ "offset 2^64 - 1", U64_MAX, 1, -ERANGE, -ERANGE },
	{ "0 bytes", 6, 0, -EINVAL, -EINVAL },
	{ "3 bytes", 4, 3, -EINVAL, -EINVAL },
	{ "8 bytes", 0, 8, -EINVAL, -EINVAL },
	{ "2^32 - 1 bytes", 0, U32_MAX, -EINVAL, -EINVAL },
	{ "2 bytes in the middle of a word", 5, 2, 0, -EACCES },
	{ "2 bytes across a word", 7, 2, -EINVAL, -EINVAL },
	{ "4 bytes across a word", 6, 4, -EINVAL, -EINVAL },
	{ "a bad length comes before the end", 4096, 8, -EINVAL, -EINVAL },
};

static void config_space_loads_pass_and_stores_go_by_list(struct kunit *test)
{
	struct zpcifd_policy *policy = rules_policy(test, 128, true);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules_configs); i++) {
		const struct rules_config *rule = &rules_configs[i];
		struct zpcifd_sqe sqe = {
			.opcode = ZPCIFD_OP_PCILG,
			.as = ZPCIFD_AS_CONFIG,
			.offset = rule->offset,
			.len = rule->len,
		};

		KUNIT_EXPECT_EQ_MSG(test, zpcifd_policy_check(policy, &sqe, 0),
				    rule->load, "load: %s", rule->name);
		sqe.opcode = ZPCIFD_OP_PCISTG;
		KUNIT_EXPECT_EQ_MSG(test, zpcifd_policy_check(policy, &sqe, 0),
				    rule->store, "store: %s", rule->name);
	}
}

/* All stores to config space that are allowed, by offset and length */
static bool rules_config_store_allowed(u64 offset, u32 len)
{
	switch (offset) {
	case 0x06:
	case 0x0c:
		return len == 1 || len == 2;
	case 0x07:
	case 0x0d:
	case 0x3c:
		return len == 1;
	default:
		return false;
	}
}

static void no_other_store_to_config_space_passes(struct kunit *test)
{
	struct zpcifd_policy *policy = rules_policy(test, 128, false);
	struct zpcifd_sqe sqe = {
		.opcode = ZPCIFD_OP_PCISTG,
		.as = ZPCIFD_AS_CONFIG,
	};

	for (sqe.offset = 0; sqe.offset < 4200; sqe.offset++)
		for (sqe.len = 0; sqe.len <= 9; sqe.len++)
			if (!zpcifd_policy_check(policy, &sqe, 0) !=
			    rules_config_store_allowed(sqe.offset, sqe.len))
				KUNIT_FAIL(test, "%u bytes at 0x%llx",
					   sqe.len, sqe.offset);
}

static struct kunit_case rules_cases[] = {
	KUNIT_CASE(a_load_stays_in_one_doubleword_of_its_bar),
	KUNIT_CASE(a_store_stays_in_one_doubleword_of_its_bar),
	KUNIT_CASE(relaxed_alignment_changes_no_rule_of_loads),
	KUNIT_CASE(relaxed_alignment_changes_no_rule_of_stores),
	KUNIT_CASE(a_strict_block_is_aligned_in_one_page),
	KUNIT_CASE(a_relaxed_block_is_in_one_page),
	KUNIT_CASE(no_block_fits_into_no_data_area),
	KUNIT_CASE(a_payload_stays_in_a_data_area_of_any_length),
	KUNIT_CASE(an_unknown_field_is_refused),
	KUNIT_CASE(config_space_loads_pass_and_stores_go_by_list),
	KUNIT_CASE(no_other_store_to_config_space_passes),
	{}
};

static struct kunit_suite rules_suite = {
	.name = "zpcifd_rules",
	.test_cases = rules_cases,
};

kunit_test_suite(rules_suite);
