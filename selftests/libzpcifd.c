// SPDX-License-Identifier: GPL-2.0
/*
 * libzpcifd on one function
 */
#include <linux/pci_regs.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include <kselftest_harness.h>

#include "zpcifd_vmm.h"

#define ENTRIES 8
#define DATA_LEN 8192
#define MAP_LEN 65536

static const char *function_path(void)
{
	const char *path = getenv("ZPCIFD_FUNCTION");

	return path ? path : "set ZPCIFD_FUNCTION";
}

/* A page of a BAR that stores do no harm to, as in zpcifd_test.h */
static uint8_t pick_bar(const struct zpcifd_info *info)
{
	uint8_t bar, found = ZPCIFD_NR_BARS;

	for (bar = 0; bar < ZPCIFD_NR_BARS; bar++) {
		if (!info->out_bar_size[bar])
			continue;
		if (!info->out_msix_vectors || bar != info->out_msix_table_bar)
			return bar;
		found = bar;
	}
	return found;
}

TEST(a_number_and_a_little_endian_register_convert_both_ways)
{
	EXPECT_EQ(0x12, zpcifd_le(0x12, 1));
	EXPECT_EQ(0x1af4, zpcifd_le(0xf41a, 2));
	EXPECT_EQ(0x030201, zpcifd_le(0x010203, 3));
	EXPECT_EQ(0x04030201, zpcifd_le(0x01020304, 4));
	EXPECT_EQ(0x0807060504030201, zpcifd_le(0x0102030405060708, 8));
}

TEST(a_completion_says_in_words_what_happened)
{
	const struct {
		struct zpcifd_cqe cqe;
		const char *text;
	} cases[] = {
		{ { .flags = ZPCIFD_CQE_ISSUED }, "condition code 0: done" },
		{ { .flags = ZPCIFD_CQE_ISSUED, .cc = 1, .status = 20, .res = -EIO },
		  "condition code 1, status 20: invalid address space" },
		{ { .flags = ZPCIFD_CQE_ISSUED, .cc = 2, .retries = 7, .res = -EBUSY },
		  "condition code 2: busy after 7 retries" },
		{ { .flags = ZPCIFD_CQE_ISSUED, .cc = 3, .res = -ENODEV },
		  "condition code 3: function handle not valid" },
		{ { .flags = ZPCIFD_CQE_ISSUED | ZPCIFD_CQE_PGM_CHECK, .res = -ENXIO },
		  "program check" },
		{ { .flags = ZPCIFD_CQE_MSIX, .msix_entry = 3, .res = -EACCES },
		  "refused: the kernel owns the MSI-X table, here entry 3" },
		{ { .flags = ZPCIFD_CQE_MSIX, .msix_entry = ~0U, .res = -EACCES },
		  "refused: the kernel owns the MSI-X pending bit array" },
		{ { .res = -ECANCELED },
		  "canceled: an earlier descriptor of the chain failed" },
		{ { .res = -ERANGE }, "refused: past the end of the address space" },
		{ { .res = -ENOMEM }, "not issued: Cannot allocate memory" },
	};
	char text[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_STREQ(cases[i].text,
			     zpcifd_cqe_str(&cases[i].cqe, text, sizeof(text)));
}

TEST(every_kind_of_function_has_its_path_and_a_reason)
{
	enum { NO = ZPCIFD_PATH_NOT_POSSIBLE, STD = ZPCIFD_PATH_STANDARD,
	       MAY = ZPCIFD_PATH_RELAY_POSSIBLE, MUST = ZPCIFD_PATH_RELAY_REQUIRED };
	static const int features[] = {
		ZPCIFD_FEATURE_MIO, ZPCIFD_FEATURE_MSIX, ZPCIFD_FEATURE_RELAXED,
	};
	/* By MIO, MSI-X and relaxed alignment, the last one changing fastest */
	static const int expected[2][2][8] = {
		/* All instructions relayed: other functions, ISM */
		{ { MAY, MUST, MAY, MUST, MAY, MAY, MAY, MAY },
		  { NO, MUST, NO, MUST, NO, MUST, NO, MUST } },
		/* Not all */
		{ { STD, NO, STD, NO, STD, STD, STD, STD },
		  { NO, NO, NO, NO, NO, NO, NO, NO } },
	};
	const __u32 all = 1U << ZPCIFD_OP_PCILG | 1U << ZPCIFD_OP_PCISTG |
			  1U << ZPCIFD_OP_PCISTB;
	unsigned int some, ism, combination, i;
	struct zpcifd_info info;
	const char *reason;

	for (some = 0; some < 2; some++)
		for (ism = 0; ism < 2; ism++)
			for (combination = 0; combination < 8; combination++) {
				info = (struct zpcifd_info){
					.out_pft = ism ? 5 : 0x0b,
					.out_opcodes = some ? all & ~(1U << ZPCIFD_OP_PCISTB) : all,
				};
				for (i = 0; i < 3; i++)
					if (combination & 4 >> i)
						info.out_features |= features[i];
				reason = NULL;
				EXPECT_EQ(expected[some][ism][combination],
					  (int)zpcifd_route(&info, &reason)) {
					TH_LOG("%s, %s, combination %u", ism ? "ISM" : "other",
					       some ? "some relayed" : "all relayed", combination);
				}
				ASSERT_NE(NULL, reason);
				EXPECT_LT(10, strlen(reason));
				EXPECT_EQ(zpcifd_route(&info, &reason), zpcifd_route(&info, NULL));
			}
	EXPECT_STREQ("not possible", zpcifd_path_str(ZPCIFD_PATH_NOT_POSSIBLE));
	EXPECT_STREQ("standard path", zpcifd_path_str(ZPCIFD_PATH_STANDARD));
	EXPECT_STREQ("relay possible", zpcifd_path_str(ZPCIFD_PATH_RELAY_POSSIBLE));
	EXPECT_STREQ("relay required", zpcifd_path_str(ZPCIFD_PATH_RELAY_REQUIRED));
}

TEST(a_name_that_is_none_is_refused_with_the_reason)
{
	static const struct {
		const char *name;
		int err;
	} cases[] = {
		{ "", -EINVAL }, { "zpci", -EINVAL }, { "zpci-1", -EINVAL },
		{ "fid:", -EINVAL }, { "fid:0x", -EINVAL }, { "fid:-1", -EINVAL },
		{ "fid:0x100000000", -EINVAL }, { "uid:0", -EINVAL },
		{ "0000:00:00", -EINVAL }, { "../zpci0", -EINVAL },
		{ "zpci4095", -ENOENT }, { "fid:0xfffffffe", -ENOENT },
		{ "ffff:ff:1f.7", -ENOENT }, { "/dev/null", -ENOTTY },
	};
	struct zpcifd *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err, zpcifd_open(cases[i].name, &f)) {
			TH_LOG("'%s'", cases[i].name);
		}
		EXPECT_EQ(NULL, f);
		EXPECT_EQ(0, strncmp(zpcifd_strerror(NULL), cases[i].name,
				     strlen(cases[i].name)));
	}
}

FIXTURE(unbound) {
	struct zpcifd *f;
};

FIXTURE_SETUP(unbound)
{
	ASSERT_EQ(0, zpcifd_open(function_path(), &self->f)) {
		TH_LOG("%s", zpcifd_strerror(NULL));
	}
}

FIXTURE_TEARDOWN(unbound)
{
	zpcifd_close(self->f);
}

static void expect_opens(struct __test_metadata *_metadata, const char *name,
			 const char *expected)
{
	struct zpcifd *f;

	EXPECT_EQ(0, zpcifd_open(name, &f)) {
		TH_LOG("%s", zpcifd_strerror(NULL));
		return;
	}
	EXPECT_STREQ(expected, zpcifd_name(f));
	zpcifd_close(f);
}

TEST_F(unbound, every_name_of_a_function_opens_it)
{
	const struct zpcifd_info *info = zpcifd_info(self->f);
	const char *name = zpcifd_name(self->f);
	char text[128], target[PATH_MAX];
	ssize_t n;

	expect_opens(_metadata, name, name);
	snprintf(text, sizeof(text), "fid:%u", info->out_fid);
	expect_opens(_metadata, text, name);
	snprintf(text, sizeof(text), "fid:0x%x", info->out_fid);
	expect_opens(_metadata, text, name);
	if (info->out_uid) {
		snprintf(text, sizeof(text), "uid:0x%x", info->out_uid);
		expect_opens(_metadata, text, name);
	}
	if (info->out_features & ZPCIFD_FEATURE_SIM)
		return;
	snprintf(text, sizeof(text), "/sys/class/zpcifd/%s/device", name);
	n = readlink(text, target, sizeof(target) - 1);
	ASSERT_LT(0, n);
	target[n] = 0;
	expect_opens(_metadata, strrchr(target, '/') + 1, name);
}

TEST_F(unbound, what_needs_an_owner_says_so)
{
	struct zpcifd_ring r;
	uint64_t iova = 0;
	uint32_t id = 0;

	EXPECT_EQ(-ENOTCONN, zpcifd_ring_create(self->f, &r, 1, 0, 0));
	EXPECT_NE(NULL, strstr(zpcifd_strerror(self->f), "bind the function first"));
	zpcifd_ring_destroy(&r);
	EXPECT_EQ(-ENOTCONN, zpcifd_ioas_alloc(self->f, &id));
	EXPECT_NE(NULL, strstr(zpcifd_strerror(self->f), "bind the function first"));
	EXPECT_EQ(-ENOTCONN, zpcifd_attach(self->f, &id));
	EXPECT_EQ(-ENOTCONN, zpcifd_replace(self->f, &id));
	EXPECT_EQ(-ENOTCONN, zpcifd_detach(self->f));
	EXPECT_EQ(-ENOTCONN, zpcifd_dma_map(self->f, 0, &r, 4096, 0, &iova));
	EXPECT_EQ(-ENOTCONN, zpcifd_dma_unmap(self->f, 0, 0, 4096));
	EXPECT_EQ(-1, zpcifd_iommufd(self->f));
}

TEST_F(unbound, an_iommufd_of_the_caller_stays_open)
{
	int iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, iommufd);
	EXPECT_EQ(-EBADFD, zpcifd_bind(self->f, zpcifd_fd(self->f)));
	EXPECT_EQ(0, zpcifd_bind(self->f, iommufd));
	EXPECT_EQ(iommufd, zpcifd_iommufd(self->f));
	zpcifd_close(self->f);
	self->f = NULL;
	EXPECT_EQ(0, close(iommufd));
}

FIXTURE(bound) {
	struct zpcifd *f;
	struct zpcifd_ring r;
	uint8_t bar;
};

/*
 * How its ring's descriptors run. The library has no io_uring of its own: who has
 * one makes requests on the ring's file descriptor, as submit.h does.
 */
FIXTURE_VARIANT(bound) {
	uint32_t ring_flags;
};

FIXTURE_VARIANT_ADD(bound, ENTER) { .ring_flags = 0 };
FIXTURE_VARIANT_ADD(bound, SQPOLL) { .ring_flags = ZPCIFD_RING_SQPOLL };

FIXTURE_SETUP(bound)
{
	const struct zpcifd_ring_create want = {
		.flags = variant->ring_flags,
		.sq_entries = ENTRIES,
		.data_len = DATA_LEN,
	};

	ASSERT_EQ(0, zpcifd_open(function_path(), &self->f)) {
		TH_LOG("%s", zpcifd_strerror(NULL));
	}
	ASSERT_EQ(0, zpcifd_bind(self->f, -1)) {
		TH_LOG("%s", zpcifd_strerror(self->f));
	}
	ASSERT_EQ(0, zpcifd_ring_setup(self->f, &self->r, &want));
	self->bar = pick_bar(zpcifd_info(self->f));
	ASSERT_GT(ZPCIFD_NR_BARS, self->bar);
}

FIXTURE_TEARDOWN(bound)
{
	zpcifd_ring_destroy(&self->r);
	zpcifd_ring_destroy(&self->r);
	zpcifd_close(self->f);
}

TEST_F(bound, a_second_owner_is_told_how_to_find_the_first)
{
	char hint[64];
	struct zpcifd *f;

	ASSERT_EQ(0, zpcifd_open(zpcifd_name(self->f), &f));
	EXPECT_EQ(-EBUSY, zpcifd_bind(f, -1));
	snprintf(hint, sizeof(hint), "zpctl stat %s", zpcifd_name(f));
	EXPECT_NE(NULL, strstr(zpcifd_strerror(f), hint));
	zpcifd_close(f);
	EXPECT_EQ(-EBUSY, zpcifd_bind(self->f, -1));
	EXPECT_NE(NULL, strstr(zpcifd_strerror(self->f), "this program"));
}

TEST_F(bound, chosen_dma_addresses_are_in_the_range_of_the_function)
{
	const struct zpcifd_info *info = zpcifd_info(self->f);
	uint32_t ioas, pt_id;
	uint64_t iova = 0;
	void *memory;

	memory = mmap(NULL, MAP_LEN, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, zpcifd_ioas_alloc(self->f, &ioas));
	EXPECT_EQ(0, zpcifd_dma_map(self->f, ioas, memory, MAP_LEN,
				    ZPCIFD_DMA_READ | ZPCIFD_DMA_WRITE, &iova));
	EXPECT_LE(info->out_start_dma, iova);
	EXPECT_GE(info->out_end_dma, iova + MAP_LEN - 1);
	pt_id = ioas;
	EXPECT_EQ(0, info->out_pgsize_bitmap);
	EXPECT_EQ(0, zpcifd_attach(self->f, &pt_id)) {
		TH_LOG("%s", zpcifd_strerror(self->f));
	}
	EXPECT_NE(0, info->out_pgsize_bitmap & 4096);
	pt_id = ioas;
	EXPECT_EQ(0, zpcifd_replace(self->f, &pt_id));
	EXPECT_NE(0, info->out_pgsize_bitmap & 4096);
	EXPECT_EQ(0, zpcifd_detach(self->f));
	EXPECT_EQ(0, info->out_pgsize_bitmap);
	EXPECT_EQ(-EINVAL, zpcifd_detach(self->f));
	EXPECT_EQ(-EEXIST, zpcifd_dma_map(self->f, ioas, memory, MAP_LEN,
					  ZPCIFD_DMA_READ | ZPCIFD_DMA_FIXED, &iova));
	EXPECT_EQ(0, zpcifd_dma_unmap(self->f, ioas, iova, MAP_LEN));
	EXPECT_EQ(-ENOENT, zpcifd_dma_unmap(self->f, ioas, iova, MAP_LEN));
	munmap(memory, MAP_LEN);
}

/* The last completion of a ring's thread comes before the count of descriptors */
static void wait_for_count(const struct zpcifd_ring *r)
{
	while (__atomic_load_n(&r->hdr->sq_head, __ATOMIC_ACQUIRE) !=
	       __atomic_load_n(&r->hdr->cq_tail, __ATOMIC_ACQUIRE))
		usleep(100);
}

/*
 * Submits; returns what ENTER would, once the ring's thread has taken all or as
 * much as there is room for. @from have been taken before.
 */
static int submit(struct zpcifd_ring *r, uint32_t from)
{
	int ret = zpcifd_ring_submit(r);

	if (!(r->layout.flags & ZPCIFD_RING_SQPOLL))
		return ret;
	while (ret >= 0 && __atomic_load_n(&r->hdr->cq_tail, __ATOMIC_ACQUIRE) != r->sq_tail &&
	       __atomic_load_n(&r->hdr->cq_tail, __ATOMIC_ACQUIRE) - r->cq_head !=
	       r->cq_entries) {
		usleep(100);
		ret = zpcifd_ring_submit(r);
	}
	wait_for_count(r);
	return ret < 0 ? ret : (int)(r->hdr->sq_head - from);
}

TEST_F(bound, a_single_instruction_wants_an_idle_ring)
{
	struct zpcifd_sqe sqe, *queued;
	struct zpcifd_cqe cqe;
	uint64_t value = 1;

	queued = zpcifd_ring_get_sqe(&self->r);
	zpcifd_prep_load(queued, ZPCIFD_AS_CONFIG, 0, 4);
	EXPECT_EQ(-EAGAIN, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, 0, 4, &value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(1, submit(&self->r, 0));
	EXPECT_EQ(-EAGAIN, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, 0, 4, &value));
	ASSERT_NE(NULL, zpcifd_ring_peek_cqe(&self->r));
	zpcifd_ring_cq_advance(&self->r, 1);
	EXPECT_EQ(0, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, 0, 4, &value));
	EXPECT_NE(0, value);

	zpcifd_prep_load(&sqe, ZPCIFD_AS_CONFIG, 0, 4);
	sqe.flags = ZPCIFD_SQE_SKIP_SUCCESS;
	EXPECT_EQ(-EINVAL, zpcifd_sync(&self->r, &sqe, &cqe));
	sqe.flags = ZPCIFD_SQE_LINK;
	EXPECT_EQ(-EINVAL, zpcifd_sync(&self->r, &sqe, &cqe));
	EXPECT_EQ(-EINVAL, cqe.res);
	EXPECT_EQ(0, zpcifd_ring_submit(&self->r));
}

TEST_F(bound, an_instruction_that_was_not_taken_leaves_the_queue)
{
	uint32_t tail = self->r.hdr->sq_tail;
	uint64_t value;

	zpcifd_close(self->f);
	self->f = NULL;
	EXPECT_EQ(-ENODEV, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, 0, 4, &value));
	EXPECT_EQ(-ENODEV, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, 0, 4, &value));
	EXPECT_EQ(tail, self->r.hdr->sq_tail);
}

static unsigned int fill(struct zpcifd_ring *r, uint64_t user_data)
{
	struct zpcifd_sqe *sqe;
	unsigned int n = 0;

	while ((sqe = zpcifd_ring_get_sqe(r))) {
		zpcifd_prep_load(sqe, ZPCIFD_AS_CONFIG, 0, 4);
		zpcifd_sqe_set_data(sqe, user_data + n++);
	}
	return n;
}

TEST_F(bound, a_single_instruction_is_run_by_the_thread_of_a_ring)
{
	struct zpcifd_ring_create want = {
		.flags = ZPCIFD_RING_SQPOLL,
		.sq_entries = ENTRIES,
		.data_len = DATA_LEN,
	};
	uint64_t expected = 0, value = ~expected;
	struct zpcifd_ring r;
	int i;

	ASSERT_EQ(0, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, 0, 4, &expected));
	ASSERT_EQ(0, zpcifd_ring_setup(self->f, &r, &want));
	for (i = 0; i < 3 * ENTRIES; i++) {
		value = ~expected;
		ASSERT_EQ(0, zpcifd_load(&r, ZPCIFD_AS_CONFIG, 0, 4, &value));
		ASSERT_EQ(expected, value);
		ASSERT_EQ(-EINVAL, zpcifd_load(&r, ZPCIFD_AS_CONFIG, 0, 3, &value));
		ASSERT_EQ(0, value);
		ASSERT_EQ(0, zpcifd_block(&r, self->bar, 0x1000, zpcifd_ring_data(&r), 16));
	}
	zpcifd_ring_destroy(&r);
}

TEST_F(bound, a_full_completion_queue_stops_submission_and_loses_nothing)
{
	struct zpcifd_cqe *cqe;
	uint64_t next = 0;
	unsigned int i;
	uint32_t n;

	ASSERT_EQ(ENTRIES, fill(&self->r, 0));
	ASSERT_EQ(ENTRIES, submit(&self->r, 0));
	ASSERT_EQ(ENTRIES, fill(&self->r, ENTRIES));
	EXPECT_EQ(0, submit(&self->r, ENTRIES));
	n = ENTRIES + 1;
	cqe = zpcifd_ring_cq_span(&self->r, &n);
	ASSERT_EQ(ENTRIES, n);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(next++, cqe[i].user_data);
	zpcifd_ring_cq_advance(&self->r, 3);
	EXPECT_EQ(3, submit(&self->r, ENTRIES));
	/* Up to the end of the queue's memory, then from its start */
	n = ENTRIES;
	zpcifd_ring_cq_span(&self->r, &n);
	EXPECT_EQ(ENTRIES - 3, n);
	while ((cqe = zpcifd_ring_peek_cqe(&self->r))) {
		EXPECT_EQ(next++, cqe->user_data);
		EXPECT_EQ(0, cqe->res);
		zpcifd_ring_cq_advance(&self->r, 1);
		if (next == ENTRIES)
			EXPECT_EQ(ENTRIES - 3, submit(&self->r, ENTRIES + 3));
	}
	EXPECT_EQ(2 * ENTRIES, next);
}

TEST_F(bound, a_block_is_stored_from_the_data_area_or_copied_there)
{
	unsigned char *data = zpcifd_ring_data(&self->r);
	unsigned char last[16], buf[DATA_LEN];
	struct zpcifd_ring none;

	memset(buf, 0x11, sizeof(buf));
	memset(data, 0x22, DATA_LEN);
	EXPECT_EQ(0, zpcifd_block(&self->r, self->bar, 0x1000, data + 64, 16));
	memset(last, 0x22, sizeof(last));
	EXPECT_EQ(0, memcmp(last, data + DATA_LEN - 4096, 16));
	EXPECT_EQ(0, zpcifd_block(&self->r, self->bar, 0x1000, buf, 16));
	EXPECT_EQ(0, memcmp(buf, data + DATA_LEN - 4096, 16));
	EXPECT_EQ(0x22, data[64]);
	EXPECT_EQ(-EINVAL, zpcifd_block(&self->r, self->bar, 0x1000, buf, 4097));
	ASSERT_EQ(0, zpcifd_ring_create(self->f, &none, 1, 0, 0));
	EXPECT_EQ(NULL, zpcifd_ring_data(&none));
	EXPECT_EQ(-EINVAL, zpcifd_block(&none, self->bar, 0x1000, buf, 16));
	zpcifd_ring_destroy(&none);
}

TEST_F(bound, a_ring_can_be_taken_over_in_the_middle_of_its_life)
{
	struct zpcifd_ring_create layout = self->r.layout;
	struct zpcifd_ring taken;
	uint64_t a = 0, b = 1;
	int fd;

	ASSERT_EQ(0, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, 0, 4, &a));
	wait_for_count(&self->r);
	fd = dup(self->r.fd);
	ASSERT_LE(0, fd);
	layout.out_cq_offset = layout.out_mmap_len - 32;
	EXPECT_EQ(-EINVAL, zpcifd_ring_from_fd(&taken, fd, &layout));
	ASSERT_EQ(0, zpcifd_ring_from_fd(&taken, fd, &self->r.layout));
	EXPECT_EQ(0, zpcifd_load(&taken, ZPCIFD_AS_CONFIG, 0, 4, &b));
	EXPECT_EQ(a, b);
	zpcifd_ring_destroy(&taken);
}

/* What loads one word after another, which the tests above do in both ways */
FIXTURE(config) {
	struct zpcifd *f;
	struct zpcifd_ring r;
};

FIXTURE_SETUP(config)
{
	ASSERT_EQ(0, zpcifd_open(function_path(), &self->f)) {
		TH_LOG("%s", zpcifd_strerror(NULL));
	}
	ASSERT_EQ(0, zpcifd_bind(self->f, -1)) {
		TH_LOG("%s", zpcifd_strerror(self->f));
	}
	ASSERT_EQ(0, zpcifd_ring_create(self->f, &self->r, 1, 0, 0));
}

FIXTURE_TEARDOWN(config)
{
	zpcifd_ring_destroy(&self->r);
	zpcifd_close(self->f);
}

TEST_F(config, config_space_reads_alike_at_every_offset_and_length)
{
	unsigned char all[64], some[64];
	unsigned int offset, len;
	uint64_t word;

	ASSERT_EQ(0, zpcifd_config_read(&self->r, 0, all, sizeof(all)));
	for (offset = 0; offset < 64; offset += 4) {
		ASSERT_EQ(0, zpcifd_load(&self->r, ZPCIFD_AS_CONFIG, offset, 4, &word));
		EXPECT_EQ(word, (uint32_t)all[offset] << 24 | all[offset + 1] << 16 |
				all[offset + 2] << 8 | all[offset + 3]);
	}
	for (offset = 0; offset < 8; offset++) {
		for (len = 0; len < 16; len++) {
			memset(some, 0xa5, sizeof(some));
			ASSERT_EQ(0, zpcifd_config_read(&self->r, offset, some, len));
			EXPECT_EQ(0, memcmp(all + offset, some, len));
			EXPECT_EQ(0xa5, some[len]);
		}
	}
}

TEST_F(config, every_capability_is_found_and_no_other)
{
	bool listed[256] = { false };
	unsigned char c[256];
	unsigned int pos, id;
	int found;

	ASSERT_EQ(0, zpcifd_config_read(&self->r, 0, c, sizeof(c)));
	ASSERT_NE(0, c[PCI_STATUS] & PCI_STATUS_CAP_LIST);
	for (pos = c[PCI_CAPABILITY_LIST]; pos; pos = c[pos + 1])
		listed[pos] = true;
	for (id = 0; id < 256; id++) {
		for (found = 0; (found = zpcifd_find_capability(&self->r, id, found)) > 0;) {
			EXPECT_EQ(id, c[found]);
			EXPECT_TRUE(listed[found]);
			listed[found] = false;
		}
		EXPECT_EQ(-ENOENT, found);
	}
	for (pos = 0; pos < 256; pos++)
		EXPECT_FALSE(listed[pos]);
}

TEST_HARNESS_MAIN
