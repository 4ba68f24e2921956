// SPDX-License-Identifier: GPL-2.0
/*
 * What a simulated function does with DMA: it copies and pins memory where
 * iommufd has mapped it for it, and nowhere else, at any moment. The registers
 * are those of the model "registers".
 */
#include "sim_own.h"
#include "submit.h"

#define OWN SIM_CONFIGFS "/selftest-dma"

#define START_DMA 0x100000000ULL
#define END_DMA 0x1ffffffffULL

#define PAGES 512
#define LEN (PAGES * TEST_PAGE)
#define MAX_LEN 0x100000U

enum {
	DMA_SRC = 0x10, DMA_DST = 0x18, DMA_LEN = 0x20, DMA_CMD = 0x24, DMA_STATUS = 0x28,
	PINNED = 0x2c,
};

enum { COPY = 1, PIN, UNPIN };
enum { NONE, DONE, BAD_COMMAND, NOT_MASTER, OUT_OF_RANGE, NOT_MAPPED };

FIXTURE(dma)
{
	struct function f;
	struct ring r;
	__u32 other_ioas;
	__u8 *memory;
};

SUBMISSION_VARIANTS(dma);

static int map(const struct _test_data_dma *self, __u32 ioas, __u64 iova, size_t len,
	       __u32 flags)
{
	return ioas_map(self->f.iommufd, ioas, self->memory, iova, len, flags);
}

static int unmap(const struct _test_data_dma *self, __u32 ioas)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = ioas, .length = ~0ULL,
	};

	return call(self->f.iommufd, IOMMU_IOAS_UNMAP, &unmap);
}

FIXTURE_SETUP(dma)
{
	ring_submission = variant->submission;
	function_open(_metadata, &self->f);
	if (!is_simulated(&self->f))
		SKIP(return, "a physical function has registers of its own");
	function_close(&self->f);

	/* A test that failed may have left it */
	rmdir(OWN);
	ASSERT_EQ(0, mkdir(OWN, 0755)) {
		TH_LOG(OWN ": %s", strerror(errno));
	}
	ASSERT_EQ(0, sim_set(OWN, "start_dma", "0x100000000"));
	ASSERT_EQ(0, sim_set(OWN, "end_dma", "0x1ffffffff"));
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	ASSERT_EQ(0, sim_open_function(OWN, &self->f));
	ASSERT_EQ(0, ioas_alloc(self->f.iommufd, &self->other_ioas));
	self->memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	ASSERT_NE(MAP_FAILED, self->memory);
	ASSERT_EQ(0, map(self, self->f.ioas, START_DMA, LEN, IOAS_RW));
	ASSERT_EQ(0, function_bind(&self->f));
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));
	ASSERT_EQ(0, function_info(self->f.fd, &self->f.info));
	ring_open(_metadata, self->f.fd, &self->r, 8, 8, TEST_PAGE);
}

FIXTURE_TEARDOWN(dma)
{
	ring_close(&self->r);
	function_close(&self->f);
	EXPECT_EQ(0, rmdir(OWN));
}

static void store(struct __test_metadata *_metadata, struct _test_data_dma *self, __u64 reg,
		  __u32 len, __u64 value)
{
	struct zpcifd_cqe cqe = ring_run(_metadata, &self->r, sqe_store(0, reg, len, value));

	EXPECT_EQ(0, cqe.res);
}

static __u32 load(struct __test_metadata *_metadata, struct _test_data_dma *self, __u64 reg)
{
	struct zpcifd_cqe cqe = ring_run(_metadata, &self->r, sqe_load(0, reg, 4));

	EXPECT_EQ(0, cqe.res);
	return cqe.data;
}

/* Gives a command; returns its status */
static __u32 command(struct __test_metadata *_metadata, struct _test_data_dma *self, __u32 cmd,
		     __u64 src, __u64 dst, __u32 len)
{
	store(_metadata, self, DMA_SRC, 8, src);
	store(_metadata, self, DMA_DST, 8, dst);
	store(_metadata, self, DMA_LEN, 4, len);
	store(_metadata, self, DMA_CMD, 4, cmd);
	return load(_metadata, self, DMA_STATUS);
}

TEST_F(dma, a_copy_moves_the_bytes_and_touches_none_beside_them)
{
	static const struct {
		__u32 src, dst, len;
	} rows[] = {
		{ 0, TEST_PAGE, 1 }, { 1, 2 * TEST_PAGE + 5, 3 }, { 4000, 9001, 200 },
		{ 0, MAX_LEN, MAX_LEN }, { 7, MAX_LEN + 3, 2 * TEST_PAGE + 1 },
		{ 0, LEN - 16, 16 },
	};
	unsigned int i, j, wrong;

	EXPECT_EQ(NONE, load(_metadata, self, DMA_STATUS));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		for (j = 0; j < LEN; j++)
			self->memory[j] = j * 31 + j / 4096;
		memset(self->memory + rows[i].dst, 0, rows[i].len);
		EXPECT_EQ(DONE, command(_metadata, self, COPY, START_DMA + rows[i].src,
					START_DMA + rows[i].dst, rows[i].len));
		for (j = 0, wrong = 0; j < LEN; j++) {
			unsigned int from = j - rows[i].dst < rows[i].len ?
					    j - rows[i].dst + rows[i].src : j;

			wrong += self->memory[j] != (__u8)(from * 31 + from / 4096);
		}
		EXPECT_EQ(0, wrong) {
			TH_LOG("row %u", i);
		}
	}
}

TEST_F(dma, what_is_not_a_good_command_is_refused)
{
	const struct {
		__u32 cmd;
		__u64 src, dst;
		__u32 len;
		__u32 status;
	} rows[] = {
		{ 0, START_DMA, START_DMA, 8, BAD_COMMAND },
		{ 4, START_DMA, START_DMA, 8, BAD_COMMAND },
		{ COPY, START_DMA, START_DMA + TEST_PAGE, 0, BAD_COMMAND },
		{ COPY, START_DMA, START_DMA, MAX_LEN + 1, BAD_COMMAND },
		{ PIN, 0, START_DMA + 8, TEST_PAGE, BAD_COMMAND },
		{ PIN, 0, START_DMA, 8, BAD_COMMAND },
		{ PIN, 0, START_DMA, 0, BAD_COMMAND },
		{ COPY, START_DMA - 1, START_DMA, 8, OUT_OF_RANGE },
		{ COPY, START_DMA, START_DMA - 8, 8, OUT_OF_RANGE },
		{ COPY, START_DMA, END_DMA - 6, 8, OUT_OF_RANGE },
		{ COPY, END_DMA + 1, START_DMA, 1, OUT_OF_RANGE },
		{ COPY, ~0ULL, START_DMA, 8, OUT_OF_RANGE },
		{ PIN, 0, END_DMA + 1, TEST_PAGE, OUT_OF_RANGE },
		{ PIN, 0, 0, TEST_PAGE, OUT_OF_RANGE },
		{ COPY, START_DMA + LEN, START_DMA, 8, NOT_MAPPED },
		{ COPY, START_DMA, START_DMA + LEN - 4, 8, NOT_MAPPED },
		{ COPY, START_DMA, END_DMA - 7, 8, NOT_MAPPED },
		{ PIN, 0, START_DMA + LEN, TEST_PAGE, NOT_MAPPED },
		{ PIN, 0, START_DMA + LEN - TEST_PAGE, 2 * TEST_PAGE, NOT_MAPPED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT_EQ(rows[i].status, command(_metadata, self, rows[i].cmd, rows[i].src,
						  rows[i].dst, rows[i].len)) {
			TH_LOG("row %u", i);
		}
		EXPECT_EQ(0, load(_metadata, self, PINNED));
		EXPECT_EQ(DONE, command(_metadata, self, COPY, START_DMA, START_DMA + 8, 8));
	}
}

TEST_F(dma, a_function_that_is_not_attached_is_no_bus_master)
{
	ASSERT_EQ(0, function_detach(&self->f));
	EXPECT_EQ(NOT_MASTER, command(_metadata, self, COPY, START_DMA, START_DMA + 8, 8));
	EXPECT_EQ(NOT_MASTER, command(_metadata, self, PIN, 0, START_DMA, TEST_PAGE));
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));
	EXPECT_EQ(DONE, command(_metadata, self, COPY, START_DMA, START_DMA + 8, 8));
}

TEST_F(dma, a_page_of_the_smallest_size_is_reached_and_none_beside_it)
{
	const __u64 page = self->f.info.out_pgsize_bitmap & -self->f.info.out_pgsize_bitmap;
	const __u64 at = START_DMA + 3 * page;

	ASSERT_EQ(TEST_PAGE, page);
	ASSERT_EQ(0, map(self, self->other_ioas, at, page, IOAS_RW));
	ASSERT_EQ(0, function_replace(&self->f, self->other_ioas));
	memset(self->memory, 0x5a, 8);
	memset(self->memory + page - 8, 0, 8);
	EXPECT_EQ(DONE, command(_metadata, self, COPY, at, at + page - 8, 8));
	EXPECT_EQ(0, memcmp(self->memory, self->memory + page - 8, 8));
	EXPECT_EQ(NOT_MAPPED, command(_metadata, self, COPY, at - 1, at, 1));
	EXPECT_EQ(NOT_MAPPED, command(_metadata, self, COPY, at, at + page, 1));
}

TEST_F(dma, page_sizes_are_told_of_no_other_function)
{
	struct function other;

	function_open(_metadata, &other);
	EXPECT_NE(0, self->f.info.out_pgsize_bitmap);
	EXPECT_EQ(0, other.info.out_pgsize_bitmap);
	ASSERT_EQ(0, function_bind(&other));
	ASSERT_EQ(0, function_attach(&other, other.ioas));
	ASSERT_EQ(0, function_detach(&self->f));
	ASSERT_EQ(0, function_info(self->f.fd, &self->f.info));
	ASSERT_EQ(0, function_info(other.fd, &other.info));
	EXPECT_EQ(0, self->f.info.out_pgsize_bitmap);
	EXPECT_NE(0, other.info.out_pgsize_bitmap);
	function_close(&other);
}

TEST_F(dma, memory_that_is_mapped_read_only_is_not_written)
{
	ASSERT_EQ(0, map(self, self->other_ioas, START_DMA, LEN, IOMMU_IOAS_MAP_READABLE));
	ASSERT_EQ(0, function_replace(&self->f, self->other_ioas));
	memset(self->memory, 0x5a, 8);
	EXPECT_EQ(NOT_MAPPED, command(_metadata, self, COPY, START_DMA, START_DMA + 8, 8));
	EXPECT_EQ(NOT_MAPPED, command(_metadata, self, PIN, 0, START_DMA, TEST_PAGE));
	EXPECT_EQ(0, self->memory[8]);
}

TEST_F(dma, pinned_memory_is_given_back_when_it_is_unmapped_detached_or_reset)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };

	EXPECT_EQ(DONE, command(_metadata, self, PIN, 0, START_DMA, 2 * TEST_PAGE));
	EXPECT_EQ(2 * TEST_PAGE, load(_metadata, self, PINNED));
	/* The new one takes the place of the old one */
	EXPECT_EQ(DONE, command(_metadata, self, PIN, 0, START_DMA + TEST_PAGE, TEST_PAGE));
	EXPECT_EQ(TEST_PAGE, load(_metadata, self, PINNED));
	EXPECT_EQ(DONE, command(_metadata, self, UNPIN, 0, 0, 0));
	EXPECT_EQ(0, load(_metadata, self, PINNED));

	EXPECT_EQ(DONE, command(_metadata, self, PIN, 0, START_DMA, TEST_PAGE));
	ASSERT_EQ(0, unmap(self, self->f.ioas));
	EXPECT_EQ(0, load(_metadata, self, PINNED));
	EXPECT_EQ(NOT_MAPPED, command(_metadata, self, COPY, START_DMA, START_DMA + 8, 8));
	ASSERT_EQ(0, map(self, self->f.ioas, START_DMA, LEN, IOAS_RW));

	EXPECT_EQ(DONE, command(_metadata, self, PIN, 0, START_DMA, TEST_PAGE));
	ASSERT_EQ(0, function_detach(&self->f));
	EXPECT_EQ(0, load(_metadata, self, PINNED));
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));
	/* It is still there */
	EXPECT_EQ(TEST_PAGE, load(_metadata, self, PINNED));
	ASSERT_EQ(0, call(self->f.fd, ZPCIFD_RESET, &reset));
	EXPECT_EQ(0, load(_metadata, self, PINNED));
	EXPECT_EQ(NONE, load(_metadata, self, DMA_STATUS));
}

TEST_F(dma, a_replacement_moves_what_is_pinned)
{
	EXPECT_EQ(DONE, command(_metadata, self, PIN, 0, START_DMA, TEST_PAGE));
	/* There is nothing at that place */
	ASSERT_EQ(0, function_replace(&self->f, self->other_ioas));
	EXPECT_EQ(0, load(_metadata, self, PINNED));
	ASSERT_EQ(0, unmap(self, self->f.ioas));
	ASSERT_EQ(0, iommufd_destroy(self->f.iommufd, self->f.ioas));

	ASSERT_EQ(0, ioas_alloc(self->f.iommufd, &self->f.ioas));
	ASSERT_EQ(0, map(self, self->f.ioas, START_DMA, LEN, IOAS_RW));
	ASSERT_EQ(0, function_replace(&self->f, self->f.ioas));
	EXPECT_EQ(TEST_PAGE, load(_metadata, self, PINNED));
}

TEST_F(dma, a_BAR_holds_no_more_pages_than_the_simulator_gives)
{
	struct zpcifd_cqe cqe = {};
	unsigned int i;

	/* 256 pages in all BARs together */
	function_close(&self->f);
	ring_close(&self->r);
	ASSERT_EQ(0, sim_set(OWN, "live", "0"));
	ASSERT_EQ(0, sim_set(OWN, "bar2", "2097152"));
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	ASSERT_EQ(0, sim_open_function(OWN, &self->f));
	ASSERT_EQ(0, function_bind(&self->f));
	ring_open(_metadata, self->f.fd, &self->r, 8, 8, TEST_PAGE);
	for (i = 0; i < 256; i++) {
		cqe = ring_run(_metadata, &self->r, sqe_store(2, 0x20000 + i * TEST_PAGE, 8, i));
		ASSERT_EQ(0, cqe.res) {
			TH_LOG("page %u", i);
		}
	}
	cqe = ring_run(_metadata, &self->r, sqe_store(2, 0x20000 + i * TEST_PAGE, 8, i));
	EXPECT_EQ(-EIO, cqe.res);
	EXPECT_EQ(1, cqe.cc);
	EXPECT_EQ(16, cqe.status);
	cqe = ring_run(_metadata, &self->r, sqe_load(2, 0x20000 + 255 * TEST_PAGE, 8));
	EXPECT_EQ(255, cqe.data);
}

TEST_HARNESS_MAIN
