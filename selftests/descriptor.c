// SPDX-License-Identifier: GPL-2.0
/*
 * What a descriptor may be: every field out of its range beside its legal
 * neighbours. Whatever is refused reaches no instruction, and what is legal is
 * exactly one, as the simulator's log tells. On a physical function the
 * completion alone tells.
 */
#include "sim_log.h"
#include "submit.h"

#define DATA_LEN (2 * TEST_PAGE)

FIXTURE(descriptor)
{
	struct function f;
	struct ring r;
	bool relaxed;
	__u32 maxstbl;
	/* All values by ENTER; where a thread has to wake for each, some of them */
	unsigned int step;
	/* What the log has to have */
	__u64 log;
	unsigned int issued;
	struct sim_insn expected[SIM_LOG_LEN];
};

SUBMISSION_VARIANTS(descriptor);

FIXTURE_SETUP(descriptor)
{
	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	ring_open(_metadata, self->f.fd, &self->r, 1, 1, DATA_LEN);
	self->relaxed = self->f.info.out_features & ZPCIFD_FEATURE_RELAXED;
	self->maxstbl = self->f.info.out_maxstbl;
	self->step = variant->submission ? 7 : 1;
	if (is_simulated(&self->f))
		self->log = sim_log_next(_metadata, &self->f);
}

static void expect_log(struct __test_metadata *_metadata, struct _test_data_descriptor *self)
{
	struct sim_insn *insns = calloc(SIM_LOG_LEN, sizeof(*insns));
	const struct sim_insn *want = self->expected;
	unsigned int i;

	ASSERT_NE(NULL, insns);
	ASSERT_EQ(self->issued, sim_log_read(&self->f, self->log, insns, SIM_LOG_LEN));
	for (i = 0; i < self->issued; i++, want++) {
		EXPECT_EQ(self->log + i, insns[i].seq);
		EXPECT_EQ(want->opcode, insns[i].opcode);
		EXPECT_EQ(want->as, insns[i].as);
		EXPECT_EQ(want->offset, insns[i].offset);
		EXPECT_EQ(want->len, insns[i].len);
		if (want->opcode == ZPCIFD_OP_PCISTG)
			EXPECT_EQ(want->data, insns[i].data);
		EXPECT_FALSE(insns[i].pgm_check);
		EXPECT_EQ(0, insns[i].cc);
	}
	free(insns);
}

FIXTURE_TEARDOWN(descriptor)
{
	if (is_simulated(&self->f))
		expect_log(_metadata, self);
	ring_close(&self->r);
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

static struct zpcifd_cqe run(struct __test_metadata *_metadata,
			     struct _test_data_descriptor *self, struct zpcifd_sqe sqe, int res)
{
	struct zpcifd_cqe cqe = ring_run(_metadata, &self->r, sqe);

	EXPECT_EQ(res, cqe.res) {
		TH_LOG("opcode %u flags %#x as %u len %#x offset %#llx data %#llx", sqe.opcode,
		       sqe.flags, sqe.as, sqe.len, (long long)sqe.offset,
		       (long long)sqe.data);
	}
	return cqe;
}

/* Is not issued, with @res and @flags */
static struct zpcifd_cqe refused(struct __test_metadata *_metadata,
				 struct _test_data_descriptor *self, struct zpcifd_sqe sqe,
				 int res, __u16 flags)
{
	struct zpcifd_cqe cqe = run(_metadata, self, sqe, res);

	EXPECT_EQ(flags, cqe.flags);
	EXPECT_EQ(0, cqe.data);
	EXPECT_EQ(0, cqe.retries);
	return cqe;
}

/*
 * Is issued. A simulated function executes all that is legal; QEMU's answers
 * with a program check what is not aligned to its length.
 */
static struct zpcifd_cqe legal(struct __test_metadata *_metadata,
			       struct _test_data_descriptor *self, struct zpcifd_sqe sqe)
{
	struct zpcifd_cqe cqe = ring_run(_metadata, &self->r, sqe);

	EXPECT_NE(0, cqe.flags & ZPCIFD_CQE_ISSUED) {
		TH_LOG("opcode %u as %u len %#x offset %#llx data %#llx: res %d flags %#x",
		       sqe.opcode, sqe.as, sqe.len, (long long)sqe.offset,
		       (long long)sqe.data, cqe.res, cqe.flags);
	}
	if (!is_simulated(&self->f))
		return cqe;

	EXPECT_EQ(0, cqe.res);
	EXPECT_EQ(0, cqe.cc);
	EXPECT_EQ(ZPCIFD_CQE_ISSUED, cqe.flags);
	ASSERT_GT(SIM_LOG_LEN, self->issued);
	self->expected[self->issued++] = (struct sim_insn){
		.opcode = sqe.opcode,
		.as = sqe.as,
		.offset = sqe.offset,
		.len = sqe.len,
		.data = sqe.data,
	};
	return cqe;
}

#define LEGAL(sqe) legal(_metadata, self, sqe)
#define REFUSED(sqe, res) refused(_metadata, self, sqe, res, 0)

static struct zpcifd_sqe sqe_with(struct zpcifd_sqe sqe, __u8 opcode)
{
	sqe.opcode = opcode;
	return sqe;
}

TEST_F(descriptor, every_unknown_opcode_gives_EINVAL)
{
	unsigned int opcode;

	REFUSED(sqe_with(sqe_id(), 0), -EINVAL);
	for (opcode = ZPCIFD_OP_PCISTB + 1; opcode < 256; opcode += self->step)
		REFUSED(sqe_with(sqe_id(), opcode), -EINVAL);
	LEGAL(sqe_with(sqe_id(), ZPCIFD_OP_PCILG));
}

TEST_F(descriptor, every_unknown_flag_gives_EINVAL)
{
	unsigned int bit;

	for (bit = 3; bit < 8; bit++) {
		REFUSED(sqe_flags(sqe_id(), 1 << bit), -EINVAL);
		REFUSED(sqe_flags(sqe_store(self->f.bar, TEST_SCRATCH, 4, 0), 1 << bit), -EINVAL);
		REFUSED(sqe_flags(sqe_block(self->f.bar, TEST_SCRATCH, 16, 0), 1 << bit), -EINVAL);
	}
	for (bit = 0; bit < 2; bit++)
		LEGAL(sqe_flags(sqe_id(), 1 << bit));
}

TEST_F(descriptor, a_reserved_field_that_is_not_zero_gives_EINVAL)
{
	struct zpcifd_sqe sqe = sqe_id();
	unsigned int bit;

	for (bit = 0; bit < 8; bit++) {
		sqe.__reserved = 1 << bit;
		REFUSED(sqe, -EINVAL);
	}
	sqe.__reserved = 0;
	LEGAL(sqe);
}

TEST_F(descriptor, every_unknown_address_space_gives_EINVAL)
{
	unsigned int as;

	for (as = ZPCIFD_NR_BARS; as < 256; as += self->step) {
		REFUSED(sqe_block(as, TEST_SCRATCH, 16, 0), -EINVAL);
		if (as == ZPCIFD_AS_CONFIG)
			continue;
		REFUSED(sqe_load(as, 0, 4), -EINVAL);
		REFUSED(sqe_store(as, 0, 4, 0), -EINVAL);
	}
	LEGAL(sqe_load(ZPCIFD_AS_CONFIG, 0, 4));
	LEGAL(sqe_load(self->f.bar, TEST_SCRATCH, 4));
}

TEST_F(descriptor, a_BAR_that_is_not_there_gives_ERANGE)
{
	__u8 bar;

	for (bar = 0; bar < ZPCIFD_NR_BARS; bar++) {
		if (self->f.info.out_bar_size[bar])
			continue;
		REFUSED(sqe_load(bar, 0, 1), -ERANGE);
		REFUSED(sqe_store(bar, 0, 8, 0), -ERANGE);
		REFUSED(sqe_block(bar, 0, 16, 0), -ERANGE);
	}
}

TEST_F(descriptor, loads_and_stores_are_1_to_8_bytes_that_do_not_cross_8)
{
	const __u32 huge[] = {
		9, 12, 15, 16, 64, 255, 256, 4096, 65535, 65536, 65537, 65540,
		0x00100004, 0x7fffffff, 0x80000000, 0x80000004, 0xfffffff8, 0xffffffff,
	};
	const __u8 bar = self->f.bar;
	__u32 off, len, i;

	for (off = 0; off < 8; off++) {
		REFUSED(sqe_load(bar, TEST_SCRATCH + off, 0), -EINVAL);
		REFUSED(sqe_store(bar, TEST_SCRATCH + off, 0, 0), -EINVAL);
		for (len = 1; len <= 8 - off; len++) {
			LEGAL(sqe_load(bar, TEST_SCRATCH + off, len));
			LEGAL(sqe_store(bar, TEST_SCRATCH + off, len, 0x1122334455667788));
		}
		for (; len <= 8; len++) {
			REFUSED(sqe_load(bar, TEST_SCRATCH + off, len), -EINVAL);
			REFUSED(sqe_store(bar, TEST_SCRATCH + off, len, 0), -EINVAL);
		}
		for (i = 0; i < ARRAY_LEN(huge); i += self->step) {
			REFUSED(sqe_load(bar, TEST_SCRATCH + off, huge[i]), -EINVAL);
			REFUSED(sqe_store(bar, TEST_SCRATCH + off, huge[i], 0), -EINVAL);
		}
	}
}

TEST_F(descriptor, past_the_end_of_a_BAR_gives_ERANGE)
{
	const __u8 bar = self->f.bar;
	const __u64 size = self->f.info.out_bar_size[bar];
	const __u64 past[] = {
		size, size + 8, size + TEST_PAGE, 2 * size, 1ULL << 32, (1ULL << 32) + TEST_SCRATCH,
		1ULL << 48, 1ULL << 63, -4096ULL, -16ULL, -8ULL,
	};
	unsigned int i;

	LEGAL(sqe_load(bar, size - 1, 1));
	LEGAL(sqe_load(bar, size - 8, 8));
	LEGAL(sqe_store(bar, size - 8, 8, 0));
	LEGAL(sqe_block(bar, size - 16, 16, 0));
	for (i = 0; i < ARRAY_LEN(past); i++) {
		REFUSED(sqe_load(bar, past[i], 1), -ERANGE);
		REFUSED(sqe_load(bar, past[i], 8), -ERANGE);
		REFUSED(sqe_store(bar, past[i], 8, 0), -ERANGE);
		if (past[i] != -8ULL)
			REFUSED(sqe_block(bar, past[i], 16, 0), -ERANGE);
	}
	REFUSED(sqe_load(bar, -1ULL, 1), -ERANGE);
	/* Over the end, and so over 8 bytes and over a page */
	REFUSED(sqe_load(bar, size - 1, 2), -EINVAL);
	REFUSED(sqe_load(bar, -1ULL, 2), -EINVAL);
	REFUSED(sqe_block(bar, size - 8, 16, 0), -EINVAL);
	REFUSED(sqe_block(bar, -8ULL, 16, 0), -EINVAL);
}

TEST_F(descriptor, PCISTB_takes_the_lengths_and_alignments_of_the_function)
{
	const __u32 huge[] = { 8192, 65536, 65552, 0x7ffffff8, 0x80000000, 0xfffffff8, 0xffffffff };
	const __u8 bar = self->f.bar;
	__u32 len, i;

	REFUSED(sqe_block(bar, TEST_SCRATCH, 0, 0), -EINVAL);
	/* Every length up to 64, then around the largest */
	for (len = 1; len <= self->maxstbl + 16; len++) {
		if (len > 64 && len < self->maxstbl - 16)
			continue;
		if (len <= self->maxstbl && (self->relaxed || (len > 8 && len % 8 == 0)))
			LEGAL(sqe_block(bar, TEST_SCRATCH, len, 0));
		else
			REFUSED(sqe_block(bar, TEST_SCRATCH, len, 0), -EINVAL);
	}
	for (i = 0; i < ARRAY_LEN(huge); i++)
		REFUSED(sqe_block(bar, TEST_SCRATCH, huge[i], 0), -EINVAL);
	for (i = 1; i < 8; i++) {
		if (self->relaxed) {
			LEGAL(sqe_block(bar, TEST_SCRATCH + i, 16, 0));
			LEGAL(sqe_block(bar, TEST_SCRATCH, 16, i));
			LEGAL(sqe_block(bar, TEST_SCRATCH + i, 8 + i, i));
		} else {
			REFUSED(sqe_block(bar, TEST_SCRATCH + i, 16, 0), -EINVAL);
			REFUSED(sqe_block(bar, TEST_SCRATCH, 16, i), -EINVAL);
			REFUSED(sqe_block(bar, TEST_SCRATCH + i, 8 + i, i), -EINVAL);
		}
	}
}

TEST_F(descriptor, PCISTB_stays_inside_a_page_of_the_address_space)
{
	const __u8 bar = self->f.bar;
	__u32 len;

	for (len = 16; len <= self->maxstbl; len = len < 128 ? len + 8 : len * 2) {
		LEGAL(sqe_block(bar, TEST_SCRATCH + TEST_PAGE - len, len, 0));
		if (len + 8 <= TEST_PAGE)
			REFUSED(sqe_block(bar, TEST_SCRATCH + TEST_PAGE - len + 8, len, 0),
				-EINVAL);
		REFUSED(sqe_block(bar, TEST_SCRATCH + TEST_PAGE - 8, len, 0), -EINVAL);
	}
	if (self->relaxed) {
		LEGAL(sqe_block(bar, TEST_SCRATCH + TEST_PAGE - 1, 1, 0));
		REFUSED(sqe_block(bar, TEST_SCRATCH + TEST_PAGE - 1, 2, 0), -EINVAL);
	}
}

TEST_F(descriptor, a_payload_outside_one_page_of_the_data_area_gives_EFAULT)
{
	const __u64 outside[] = {
		DATA_LEN, DATA_LEN - 8, DATA_LEN + 8, DATA_LEN + TEST_PAGE, 1ULL << 32,
		(1ULL << 32) + 8, 1ULL << 63, -4096ULL, -16ULL, -8ULL, TEST_PAGE - 8,
	};
	const __u8 bar = self->f.bar;
	struct zpcifd_cqe cqe;
	struct ring bare;
	unsigned int i;

	LEGAL(sqe_block(bar, TEST_SCRATCH, 16, TEST_PAGE - 16));
	LEGAL(sqe_block(bar, TEST_SCRATCH, 16, TEST_PAGE));
	LEGAL(sqe_block(bar, TEST_SCRATCH, 16, DATA_LEN - 16));
	for (i = 0; i < ARRAY_LEN(outside); i++)
		REFUSED(sqe_block(bar, TEST_SCRATCH, 16, outside[i]), -EFAULT);

	/* A ring without a data area has no payload at all */
	ring_open(_metadata, self->f.fd, &bare, 1, 1, 0);
	cqe = ring_run(_metadata, &bare, sqe_block(bar, TEST_SCRATCH, 16, 0));
	EXPECT_EQ(-EFAULT, cqe.res);
	EXPECT_EQ(0, cqe.flags);
	ring_close(&bare);
}

TEST_F(descriptor, config_space_takes_1_2_and_4_bytes_inside_a_word)
{
	const __u32 bad[] = { 0, 3, 5, 6, 7, 8, 16, 256, 65537, 65540, 0x80000004, 0xffffffff };
	const __u64 words[] = { 0, 0x3c, 0xfc, 0x100, 0xffc };
	const __u64 past[] = { 0x1000, 0x1004, 0x10000, 1ULL << 32, 1ULL << 63, -4ULL };
	unsigned int i, j, off;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		LEGAL(sqe_load(ZPCIFD_AS_CONFIG, words[i], 4));
		LEGAL(sqe_load(ZPCIFD_AS_CONFIG, words[i] + 2, 2));
		LEGAL(sqe_load(ZPCIFD_AS_CONFIG, words[i] + 1, 2));
		for (off = 0; off < 4; off++)
			LEGAL(sqe_load(ZPCIFD_AS_CONFIG, words[i] + off, 1));
		for (off = 1; off < 4; off++)
			REFUSED(sqe_load(ZPCIFD_AS_CONFIG, words[i] + off, 4), -EINVAL);
		REFUSED(sqe_load(ZPCIFD_AS_CONFIG, words[i] + 3, 2), -EINVAL);
		for (j = 0; j < ARRAY_LEN(bad); j++)
			REFUSED(sqe_load(ZPCIFD_AS_CONFIG, words[i], bad[j]), -EINVAL);
	}
	for (i = 0; i < ARRAY_LEN(past); i++) {
		REFUSED(sqe_load(ZPCIFD_AS_CONFIG, past[i], 4), -ERANGE);
		REFUSED(sqe_store(ZPCIFD_AS_CONFIG, past[i], 4, 0), -ERANGE);
	}
	REFUSED(sqe_load(ZPCIFD_AS_CONFIG, -1ULL, 1), -ERANGE);
}

/* Bytes of config space that are the user's: error bits, and bytes without effect */
static bool config_allows(unsigned int offset, unsigned int len)
{
	return (offset >= 0x06 && offset + len <= 0x08) ||
	       (offset >= 0x0c && offset + len <= 0x0e) || (offset == 0x3c && len == 1);
}

TEST_F(descriptor, a_store_to_config_space_needs_to_be_on_the_allow_list)
{
	unsigned int offset, len;

	for (offset = 0; offset < 0x100; offset += self->step) {
		for (len = 1; len <= 4; len *= 2) {
			if ((offset & 3) + len > 4)
				continue;
			if (config_allows(offset, len))
				LEGAL(sqe_store(ZPCIFD_AS_CONFIG, offset, len, 0));
			else
				REFUSED(sqe_store(ZPCIFD_AS_CONFIG, offset, len, ~0ULL), -EACCES);
		}
	}
	for (offset = 0x100; offset < 0x1000; offset += 0x3c)
		REFUSED(sqe_store(ZPCIFD_AS_CONFIG, offset, 4, 0), -EACCES);
}

/* Is not issued because of the MSI-X guard, which tells the entry */
static void guarded(struct __test_metadata *_metadata, struct _test_data_descriptor *self,
		    struct zpcifd_sqe sqe, __u32 entry)
{
	struct zpcifd_cqe cqe = refused(_metadata, self, sqe, -EACCES, ZPCIFD_CQE_MSIX);

	EXPECT_EQ(entry, cqe.msix_entry) {
		TH_LOG("opcode %u len %u offset %#llx", sqe.opcode, sqe.len,
		       (long long)sqe.offset);
	}
}

TEST_F(descriptor, the_MSIX_table_and_pending_bits_are_guarded_and_nothing_beside_them)
{
	const struct zpcifd_info *info = &self->f.info;
	const __u64 table = info->out_msix_table_offset;
	const __u64 pba = info->out_msix_pba_offset;
	const __u64 end = table + 16 * info->out_msix_vectors;
	const __u64 pba_end = pba + (info->out_msix_vectors + 63) / 64 * 8;
	const __u8 bar = info->out_msix_table_bar, pba_bar = info->out_msix_pba_bar;
	__u32 entry, off;

	if (!info->out_msix_vectors)
		SKIP(return, "the function has no MSI-X capability");

	for (entry = 0; entry < info->out_msix_vectors; entry++) {
		for (off = 0; off < 16; off += 4) {
			guarded(_metadata, self, sqe_load(bar, table + 16 * entry + off, 4), entry);
			guarded(_metadata, self, sqe_store(bar, table + 16 * entry + off, 4, 0),
				entry);
		}
		guarded(_metadata, self, sqe_load(bar, table + 16 * entry + 15, 1), entry);
		guarded(_metadata, self, sqe_block(bar, table + 16 * entry, 16, 0), entry);
		guarded(_metadata, self, sqe_block(bar, table + 16 * entry + 8, 16, 0), entry);
	}
	for (off = pba; off < pba_end; off++)
		guarded(_metadata, self, sqe_load(pba_bar, off, 1), ~0U);
	guarded(_metadata, self, sqe_store(pba_bar, pba, 8, 0), ~0U);
	guarded(_metadata, self, sqe_block(pba_bar, pba, 16, 0), ~0U);

	/* Beside them, as far as that is not the other one */
	if (end % TEST_PAGE && (bar != pba_bar || end != pba)) {
		LEGAL(sqe_load(bar, end, 1));
		LEGAL(sqe_store(bar, end, 8, 0));
		LEGAL(sqe_block(bar, end, 16, 0));
	}
	if (table % TEST_PAGE)
		LEGAL(sqe_block(bar, table - 16, 16, 0));
	else if (table)
		LEGAL(sqe_load(bar, table - 1, 1));
	LEGAL(sqe_load(pba_bar, pba_end, 1));
	LEGAL(sqe_store(pba_bar, pba_end, 8, 0));
	if (pba != end || bar != pba_bar)
		LEGAL(sqe_load(pba_bar, pba - 1, 1));

	/* The same place in another BAR is not guarded */
	if (self->f.bar != bar && end <= info->out_bar_size[self->f.bar])
		LEGAL(sqe_load(self->f.bar, table, 1));
}

TEST_F(descriptor, of_several_faults_the_first_in_the_documented_order_is_reported)
{
	const struct zpcifd_info *info = &self->f.info;
	const __u8 bar = self->f.bar;
	const __u64 size = info->out_bar_size[bar];

	REFUSED(sqe_load(bar, size, 9), -EINVAL);
	REFUSED(sqe_block(bar, size, self->maxstbl + 8, DATA_LEN), -EINVAL);
	REFUSED(sqe_block(bar, size, 16, DATA_LEN), -EFAULT);
	REFUSED(sqe_store(ZPCIFD_AS_CONFIG, 0x1000, 3, 0), -EINVAL);
	REFUSED(sqe_store(ZPCIFD_AS_CONFIG, 0x1000, 4, 0), -ERANGE);
	if (!info->out_msix_vectors)
		return;
	REFUSED(sqe_load(info->out_msix_table_bar, info->out_msix_table_offset, 9), -EINVAL);
	REFUSED(sqe_block(info->out_msix_table_bar, info->out_msix_table_offset, 16, DATA_LEN),
		-EFAULT);
}

TEST_F(descriptor, a_load_is_right_aligned_and_its_first_byte_the_most_significant)
{
	const __u8 bar = self->f.bar;
	const __u64 value = 0x0123456789abcdef;
	struct zpcifd_cqe cqe;
	__u32 off, len;

	if (!is_simulated(&self->f))
		SKIP(return, "needs a register of a known value: see differential");
	cqe = LEGAL(sqe_store(bar, TEST_SCRATCH, 8, value));
	EXPECT_EQ(0, cqe.data);
	for (off = 0; off < 8; off++) {
		for (len = 1; len <= 8 - off; len++) {
			cqe = LEGAL(sqe_load(bar, TEST_SCRATCH + off, len));
			EXPECT_EQ(value << 8 * off >> 8 * (8 - len), cqe.data);
		}
	}
	/* Of a shorter store, only the low bytes count */
	for (len = 1; len <= 8; len++) {
		LEGAL(sqe_store(bar, TEST_SCRATCH, 8, 0));
		LEGAL(sqe_store(bar, TEST_SCRATCH, len, value));
		cqe = LEGAL(sqe_load(bar, TEST_SCRATCH, 8));
		EXPECT_EQ(value << 8 * (8 - len), cqe.data);
	}
}

TEST_F(descriptor, PCISTB_stores_the_bytes_of_its_payload_in_their_order)
{
	const __u8 bar = self->f.bar;
	struct zpcifd_cqe cqe;
	__u64 expected;
	__u32 len, i, j;

	if (!is_simulated(&self->f))
		SKIP(return, "needs memory behind the BAR: see differential");
	for (i = 0; i < DATA_LEN; i++)
		self->r.data[i] = i * 7 + i / 256;
	for (len = 16; len <= self->maxstbl && len <= 512; len *= 2) {
		LEGAL(sqe_block(bar, TEST_SCRATCH, len, TEST_PAGE));
		for (i = 0; i < len; i += 8) {
			cqe = LEGAL(sqe_load(bar, TEST_SCRATCH + i, 8));
			for (expected = 0, j = 0; j < 8; j++)
				expected = expected << 8 | self->r.data[TEST_PAGE + i + j];
			EXPECT_EQ(expected, cqe.data);
		}
	}
}

TEST_HARNESS_MAIN
