// SPDX-License-Identifier: GPL-2.0
/*
 * What is stored to the simulator's attributes in configfs: bad input gives the
 * errno that the documentation tells and changes nothing, and a good function
 * can be made afterwards. Functions of the test's own, beside the one under
 * test.
 */
#include "sim_own.h"

#define OWN SIM_CONFIGFS "/selftest-configfs"
#define OTHER SIM_CONFIGFS "/selftest-configfs-other"

/* Tests go through many functions, and a test machine may be slow */
#define SLOW 300

struct setting {
	const char *attr;
	const char *value;
};

FIXTURE(configfs)
{
	struct function f;
	struct function own;
};

static void expect_value(struct __test_metadata *_metadata, const char *attr,
			 const char *expected)
{
	char value[64] = "";

	EXPECT_EQ(0, sim_get(OWN, attr, value, sizeof(value)));
	EXPECT_STREQ(expected, value) {
		TH_LOG("%s", attr);
	}
}

static void open_own(struct __test_metadata *_metadata, struct _test_data_configfs *self)
{
	int ret = sim_open_function(OWN, &self->own);

	ASSERT_EQ(0, ret) {
		TH_LOG(OWN ": %s", strerror(-ret));
	}
}

/* The function can be brought to life, used and taken away */
static void expect_good(struct __test_metadata *_metadata, struct _test_data_configfs *self)
{
	expect_value(_metadata, "live", "0");
	expect_value(_metadata, "name", "");
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	expect_value(_metadata, "live", "1");
	open_own(_metadata, self);
	EXPECT_EQ(0, function_bind(&self->own));
	expect_works(_metadata, self->own.fd);
	function_close(&self->own);
	EXPECT_EQ(0, sim_set(OWN, "live", "0"));
}

FIXTURE_SETUP(configfs)
{
	function_open(_metadata, &self->f);
	if (!is_simulated(&self->f)) {
		function_close(&self->f);
		SKIP(return, "a physical function is not made in configfs");
	}
	/* A test that failed may have left it */
	rmdir(OWN);
	rmdir(OTHER);
	ASSERT_EQ(0, mkdir(OWN, 0755)) {
		TH_LOG(OWN ": %s", strerror(errno));
	}
}

FIXTURE_TEARDOWN(configfs)
{
	if (self->f.fd < 0)
		return;
	expect_good(_metadata, self);
	EXPECT_EQ(0, rmdir(OWN));
	function_close(&self->f);
}

/* Values that no number is, and one that no u64 holds */
static const struct {
	const char *value;
	int error;
} bad_numbers[] = {
	{ "-1", -EINVAL }, { "junk", -EINVAL }, { "1x", -EINVAL }, { "1 2", -EINVAL },
	{ "0x", -EINVAL }, { "\n", -EINVAL }, { "1\n\n", -EINVAL }, { "1.0", -EINVAL },
	{ "18446744073709551616", -ERANGE }, { "0x10000000000000000", -ERANGE },
};

/* Each number's limits, and what is right beyond none and wrong inside them */
static const struct {
	const char *attr;
	const char *good[2];
	const char *bad;
	int error;
} numbers[] = {
	{ "fid", { "0xfffffffe", "0xffffffff" }, "0x100000000", -ERANGE },
	{ "uid", { "0", "0xffffffff" }, "0x100000000", -ERANGE },
	{ "fabric", { "0", "0xffff" }, "0x10000", -ERANGE },
	{ "pft", { "0", "255" }, "256", -ERANGE },
	{ "maxstbl", { "8", "4096" }, "4104", -ERANGE },
	{ "maxstbl", { "16", "128" }, "0", -ERANGE },
	{ "maxstbl", { "24", "4088" }, "7", -ERANGE },
	{ "maxstbl", { "8", "128" }, "12", -EINVAL },
	{ "relaxed", { "0", "1" }, "2", -ERANGE },
	{ "mio", { "0", "1" }, "2", -ERANGE },
	{ "bar1", { "0", "4096" }, "1", -ERANGE },
	{ "bar1", { "8192", "0" }, "2048", -ERANGE },
	{ "bar2", { "4096", "65536" }, "4097", -EINVAL },
	{ "bar3", { "4096", "0" }, "12288", -EINVAL },
	{ "bar4", { "2147483648", "281474976710656" }, "562949953421312", -ERANGE },
	{ "msi", { "0", "32" }, "33", -ERANGE },
	{ "msi", { "1", "16" }, "3", -EINVAL },
	{ "msix", { "1", "4" }, "2049", -ERANGE },
	{ "start_dma", { "0", "0x1000" }, "0x10000000000000000", -ERANGE },
	{ "end_dma", { "0x100000fff", "0xffffffffffffffff" }, "0x10000000000000000", -ERANGE },
};

TEST_F_TIMEOUT(configfs, every_number_is_taken_up_to_its_limits_and_none_beyond, SLOW)
{
	unsigned int i, j;
	char before[64];

	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		for (j = 0; j < ARRAY_LEN(numbers[i].good); j++) {
			EXPECT_EQ(0, sim_set(OWN, numbers[i].attr, numbers[i].good[j])) {
				TH_LOG("%s = %s", numbers[i].attr, numbers[i].good[j]);
			}
			EXPECT_EQ(0, sim_get(OWN, numbers[i].attr, before, sizeof(before)));
			EXPECT_EQ(strtoull(numbers[i].good[j], NULL, 0),
				  strtoull(before, NULL, 0)) {
				TH_LOG("%s = %s", numbers[i].attr, before);
			}
		}
		EXPECT_EQ(numbers[i].error, sim_set(OWN, numbers[i].attr, numbers[i].bad)) {
			TH_LOG("%s = %s", numbers[i].attr, numbers[i].bad);
		}
		expect_value(_metadata, numbers[i].attr, before);
		expect_good(_metadata, self);
	}
}

static const char *const names[] = {
	"fid", "uid", "fabric", "pft", "maxstbl", "relaxed", "mio", "bar0", "bar1", "bar2",
	"bar3", "bar4", "bar5", "msi", "msix", "start_dma", "end_dma",
};

TEST_F_TIMEOUT(configfs, what_is_no_number_changes_nothing, SLOW)
{
	char before[64], digits[8192];
	unsigned int i, j;

	memset(digits, '7', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = 0;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		ASSERT_EQ(0, sim_get(OWN, names[i], before, sizeof(before)));
		for (j = 0; j < ARRAY_LEN(bad_numbers); j++) {
			EXPECT_EQ(bad_numbers[j].error,
				  sim_set(OWN, names[i], bad_numbers[j].value)) {
				TH_LOG("%s = %s", names[i], bad_numbers[j].value);
			}
		}
		EXPECT_EQ(-ERANGE, sim_set(OWN, names[i], digits));
		expect_value(_metadata, names[i], before);
		expect_good(_metadata, self);
	}
}

TEST_F(configfs, a_model_that_is_not_known_and_a_live_that_is_no_boolean_change_nothing)
{
	static const char *const models[] = { "ismm", "is", "REGISTERS", "\n", "registers ism" };
	unsigned int i;

	ASSERT_EQ(0, sim_set(OWN, "maxstbl", "512"));
	for (i = 0; i < ARRAY_LEN(models); i++) {
		EXPECT_EQ(-EINVAL, sim_set(OWN, "model", models[i]));
		expect_value(_metadata, "model", "registers");
		expect_value(_metadata, "maxstbl", "512");
	}
	EXPECT_EQ(-EINVAL, sim_set(OWN, "live", "2"));
	EXPECT_EQ(-EINVAL, sim_set(OWN, "live", "junk"));
	EXPECT_EQ(-EINVAL, sim_set(OWN, "live", "-1"));
	EXPECT_EQ(-ENODEV, sim_set(OWN, "live", "0"));
	EXPECT_EQ(-EACCES, sim_set(OWN, "name", "zpci7"));
	expect_good(_metadata, self);
}

TEST_F(configfs, a_model_sets_all_but_the_identifiers)
{
	ASSERT_EQ(0, sim_set(OWN, "fid", "0x4711"));
	ASSERT_EQ(0, sim_set(OWN, "uid", "0x12"));
	ASSERT_EQ(0, sim_set(OWN, "fabric", "0x34"));
	EXPECT_EQ(0, sim_set(OWN, "model", "ism\n"));
	expect_value(_metadata, "model", "ism");
	expect_value(_metadata, "relaxed", "1");
	expect_value(_metadata, "msi", "1");
	expect_value(_metadata, "msix", "0");
	expect_value(_metadata, "bar0", "281474976710656");
	expect_good(_metadata, self);
	EXPECT_EQ(0, sim_set(OWN, "model", "registers"));
	expect_value(_metadata, "relaxed", "0");
	expect_value(_metadata, "bar0", "16384");
	expect_value(_metadata, "fid", "0x4711");
	expect_value(_metadata, "uid", "0x12");
	expect_value(_metadata, "fabric", "0x34");
}

TEST_F_TIMEOUT(configfs, a_function_that_lives_takes_no_attribute_but_faults, SLOW)
{
	char value[64];
	unsigned int i, j;

	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		ASSERT_EQ(0, sim_get(OWN, numbers[i].attr, value, sizeof(value)));
		for (j = 0; j < ARRAY_LEN(numbers[i].good); j++) {
			EXPECT_EQ(-EBUSY, sim_set(OWN, numbers[i].attr, numbers[i].good[j])) {
				TH_LOG("%s = %s", numbers[i].attr, numbers[i].good[j]);
			}
			expect_value(_metadata, numbers[i].attr, value);
		}
		EXPECT_EQ(numbers[i].error, sim_set(OWN, numbers[i].attr, numbers[i].bad));
	}
	EXPECT_EQ(-EBUSY, sim_set(OWN, "model", "ism"));
	EXPECT_EQ(-EBUSY, sim_set(OWN, "live", "1"));
	expect_value(_metadata, "model", "registers");
	expect_value(_metadata, "live", "1");
	EXPECT_EQ(0, sim_set(OWN, "fault_busy", "1"));
	EXPECT_EQ(0, sim_set(OWN, "live", "0"));
}

TEST_F_TIMEOUT(configfs, attributes_that_do_not_fit_together_make_no_function, SLOW)
{
	/* What is wrong, then what makes it right again */
	static const struct {
		struct setting wrong[3];
		struct setting right;
	} rows[] = {
		{ { { "start_dma", "0x200000000" }, { "end_dma", "0x1ffffffff" } },
		  { "start_dma", "0x100000000" } },
		{ { { "start_dma", "0x100000800" } }, { "start_dma", "0x100001000" } },
		{ { { "end_dma", "0xfffffffffe" } }, { "end_dma", "0xffffffffff" } },
		{ { { "bar5", "4294967296" } }, { "bar5", "2147483648" } },
		{ { { "bar2", "4294967296" }, { "bar3", "4096" } }, { "bar3", "0" } },
		{ { { "msix", "257" } }, { "msix", "256" } },
		{ { { "bar1", "4096" }, { "msix", "65" } }, { "msix", "64" } },
		{ { { "bar0", "0" } }, { "msix", "0" } },
		{ { { "model", "ism" }, { "relaxed", "0" } }, { "relaxed", "1" } },
		{ { { "model", "ism" }, { "bar0", "16384" } }, { "bar0", "281474976710656" } },
		{ { { "model", "ism" }, { "bar2", "8192" } }, { "bar2", "4096" } },
		{ { { "model", "ism" }, { "bar4", "4096" } }, { "bar4", "0" } },
		{ { { "model", "ism" }, { "msi", "2" } }, { "msi", "1" } },
		{ { { "model", "ism" }, { "msi", "1" }, { "msix", "1" } }, { "msix", "0" } },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ASSERT_EQ(0, sim_set(OWN, "model", "registers"));
		for (j = 0; j < ARRAY_LEN(rows[i].wrong) && rows[i].wrong[j].attr; j++)
			ASSERT_EQ(0, sim_set(OWN, rows[i].wrong[j].attr, rows[i].wrong[j].value));
		EXPECT_EQ(-EINVAL, sim_set(OWN, "live", "1")) {
			TH_LOG("row %u: %s", i, rows[i].wrong[j - 1].attr);
		}
		ASSERT_EQ(0, sim_set(OWN, rows[i].right.attr, rows[i].right.value));
		expect_good(_metadata, self);
	}
}

TEST_F(configfs, no_two_functions_live_with_one_fid)
{
	ASSERT_EQ(0, mkdir(OTHER, 0755));
	ASSERT_EQ(0, sim_set(OTHER, "fid", "0x4712"));
	ASSERT_EQ(0, sim_set(OWN, "fid", "0x4712"));
	ASSERT_EQ(0, sim_set(OTHER, "live", "1"));
	EXPECT_EQ(-EEXIST, sim_set(OWN, "live", "1"));
	expect_value(_metadata, "live", "0");
	expect_value(_metadata, "name", "");
	EXPECT_EQ(0, sim_set(OTHER, "live", "0"));
	EXPECT_EQ(0, sim_set(OWN, "live", "1"));
	EXPECT_EQ(-EEXIST, sim_set(OTHER, "live", "1"));
	EXPECT_EQ(0, sim_set(OWN, "live", "0"));
	EXPECT_EQ(0, rmdir(OTHER));
}

TEST_F(configfs, faults_take_what_is_documented_and_nothing_else)
{
	static const struct {
		const char *attr;
		const char *value;
		int error;
	} rows[] = {
		{ "fault_busy", "-1", -EINVAL }, { "fault_busy", "never", -EINVAL },
		{ "fault_busy", "4294967295", -ERANGE }, { "fault_busy", "4294967296", -ERANGE },
		{ "fault_answer", "1", -EINVAL }, { "fault_answer", "1 1", -EINVAL },
		{ "fault_answer", "1 1 8 1", -EINVAL }, { "fault_answer", "1 1 8x", -EINVAL },
		{ "fault_answer", "x 1 8", -EINVAL }, { "fault_answer", "1 0 0", -EINVAL },
		{ "fault_answer", "1 2 8", -EINVAL }, { "fault_answer", "1 3 8", -EINVAL },
		{ "fault_answer", "1 4 0", -ERANGE }, { "fault_answer", "1 1 256", -ERANGE },
		{ "fault_state", "unbound", -EINVAL }, { "fault_state", "gone", -EINVAL },
		/* Nobody owns it */
		{ "fault_state", "error", -ENOTCONN }, { "fault_state", "enabled", -ENOTCONN },
		{ "fault_delay", "-1", -EINVAL }, { "fault_delay", "long", -EINVAL },
		{ "fault_delay", "10001", -ERANGE }, { "fault_delay", "4294967296", -ERANGE },
		{ "fault_remove", "-1", -EINVAL }, { "fault_remove", "4294967296", -ERANGE },
	};
	static const struct setting values[] = {
		{ "fault_busy", "7" }, { "fault_answer", "9 1 40" }, { "fault_delay", "0" },
		{ "fault_remove", "1000000" },
	};
	char before[64];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT_EQ(-ENODEV, sim_set(OWN, rows[i].attr, rows[i].value));
		EXPECT_EQ(-ENODEV, sim_set(OWN, rows[i].attr, "1"));
	}
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	for (i = 0; i < ARRAY_LEN(values); i++) {
		EXPECT_EQ(0, sim_set(OWN, values[i].attr, values[i].value));
		expect_value(_metadata, values[i].attr, values[i].value);
	}
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ASSERT_EQ(0, sim_get(OWN, rows[i].attr, before, sizeof(before)));
		EXPECT_EQ(rows[i].error, sim_set(OWN, rows[i].attr, rows[i].value)) {
			TH_LOG("%s = %s", rows[i].attr, rows[i].value);
		}
		expect_value(_metadata, rows[i].attr, before);
	}
	EXPECT_EQ(0, sim_set(OWN, "fault_busy", "forever"));
	expect_value(_metadata, "fault_busy", "forever");
	expect_value(_metadata, "fault_state", "unbound");
	EXPECT_EQ(0, sim_set(OWN, "live", "0"));
}

TEST_F(configfs, only_directories_are_made_and_each_name_once)
{
	char name[NAME_MAX + 64] = SIM_CONFIGFS "/";
	size_t start = strlen(name);

	EXPECT_EQ(-1, mkdir(OWN, 0755));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(-1, mkdir(OWN "/below", 0755));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, symlink(OWN, OWN "/link"));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, unlink(OWN "/fid"));
	EXPECT_EQ(-1, open(OWN "/file", O_CREAT | O_RDWR, 0644));
	EXPECT_EQ(-1, rmdir(OTHER));
	EXPECT_EQ(ENOENT, errno);

	/* As long as a name may be, with spaces and what a shell would not like */
	memset(name + start, 'a', NAME_MAX + 1);
	EXPECT_EQ(-1, mkdir(name, 0755));
	EXPECT_EQ(ENAMETOOLONG, errno);
	memcpy(name + start, " *%s\n\"", 6);
	name[start + NAME_MAX] = 0;
	EXPECT_EQ(0, mkdir(name, 0755));
	EXPECT_EQ(0, sim_set(name, "live", "1"));
	EXPECT_EQ(0, rmdir(name));
}

TEST_F(configfs, a_function_that_is_in_use_can_be_taken_away_in_either_way)
{
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	open_own(_metadata, self);
	ASSERT_EQ(0, function_bind(&self->own));
	EXPECT_EQ(0, sim_set(OWN, "live", "0"));
	EXPECT_EQ(-ENODEV, function_info(self->own.fd, &self->own.info));
	function_close(&self->own);

	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	open_own(_metadata, self);
	ASSERT_EQ(0, function_bind(&self->own));
	EXPECT_EQ(0, rmdir(OWN));
	EXPECT_EQ(-ENODEV, function_info(self->own.fd, &self->own.info));
	function_close(&self->own);
	ASSERT_EQ(0, mkdir(OWN, 0755));
}

TEST_HARNESS_MAIN
