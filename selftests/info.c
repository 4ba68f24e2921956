// SPDX-License-Identifier: GPL-2.0
/*
 * What ZPCIFD_INFO tells of a function: the same to everybody, as sysfs has it, and
 * the page sizes of the DMA address space while there is one
 */
#include "zpcifd_test.h"

/* Of the struct that the first programs knew */
#define FIRST_LEN 224

FIXTURE(info)
{
	struct function f;
};

FIXTURE_SETUP(info)
{
	function_open(_metadata, &self->f);
}

FIXTURE_TEARDOWN(info)
{
	function_close(&self->f);
}

TEST_F(info, is_the_same_for_every_file_and_has_zeros_where_it_is_reserved)
{
	const struct zpcifd_info *info = &self->f.info;
	struct zpcifd_info again;
	int fd = open(self->f.path, O_RDWR | O_CLOEXEC);

	/* What user space passed in comes back as the kernel's */
	memset(&again, 0xff, sizeof(again));
	again.size = sizeof(again);
	again.flags = 0;
	ASSERT_EQ(0, call(fd, ZPCIFD_INFO, &again));
	EXPECT_EQ(0, memcmp(info, &again, sizeof(again)));
	close(fd);

	EXPECT_EQ(sizeof(*info), info->size);
	EXPECT_EQ(0, info->flags);
	EXPECT_EQ(0, info->__reserved[0] | info->__reserved[1]);
	EXPECT_EQ(0, info->__reserved2[0] | info->__reserved2[1]);
	EXPECT_EQ(1 << ZPCIFD_OP_PCILG | 1 << ZPCIFD_OP_PCISTG | 1 << ZPCIFD_OP_PCISTB,
		  info->out_opcodes);
	EXPECT_LE(8, info->out_maxstbl);
	EXPECT_GE(4096, info->out_maxstbl);
	EXPECT_LT(info->out_start_dma, info->out_end_dma);
	EXPECT_LE(1, info->out_max_sq_entries);
	EXPECT_LE(info->out_max_sq_entries, info->out_max_cq_entries);
	EXPECT_LE(2, info->out_max_chain);
	EXPECT_EQ(!!info->out_msix_vectors, !!(info->out_features & ZPCIFD_FEATURE_MSIX));
	EXPECT_EQ(!!info->out_msi_vectors, !!(info->out_features & ZPCIFD_FEATURE_MSI));
}

TEST_F(info, is_the_same_for_older_and_newer_programs)
{
	union {
		struct zpcifd_info info;
		__u8 bytes[sizeof(struct zpcifd_info) + 128];
	} buf;
	struct zpcifd_info info;
	size_t size, known, i;

	/* So that the last member of today's struct is not 0 */
	ASSERT_EQ(0, function_bind(&self->f));
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));
	ASSERT_EQ(0, function_info(self->f.fd, &info));
	EXPECT_NE(0, info.out_pgsize_bitmap);
	for (size = FIRST_LEN; size <= sizeof(info) + 64; size++) {
		memset(&buf, 0, sizeof(buf));
		buf.info.size = size;
		memset(buf.bytes + size, 0xa5, sizeof(buf) - size);
		EXPECT_EQ(0, call(self->f.fd, ZPCIFD_INFO, &buf));
		known = size < sizeof(info) ? size : sizeof(info);
		EXPECT_EQ(0, memcmp(&info, &buf, known)) {
			TH_LOG("size %zu", size);
		}
		for (i = known; i < sizeof(buf); i++)
			EXPECT_EQ(i < size ? 0 : 0xa5, buf.bytes[i]);
	}
}

/* What another file, which is not the owner's, is told */
static __u64 page_sizes(struct __test_metadata *_metadata, int fd)
{
	struct zpcifd_info info;

	EXPECT_EQ(0, function_info(fd, &info));
	return info.out_pgsize_bitmap;
}

static int map_at(const struct function *f, __u32 ioas, void *memory, __u64 iova, size_t len)
{
	return ioas_map(f->iommufd, ioas, memory, iova, len, IOAS_RW);
}

TEST_F(info, has_the_page_sizes_while_the_function_is_attached)
{
	struct function *f = &self->f;
	const int fd = open(f->path, O_RDWR | O_CLOEXEC);
	__u64 sizes, smallest;
	__u32 other;
	void *memory;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, function_bind(f));
	ASSERT_EQ(0, ioas_alloc(f->iommufd, &other));
	EXPECT_EQ(0, page_sizes(_metadata, fd));
	EXPECT_EQ(-ENOENT, function_attach(f, 0xdeadbeef));
	EXPECT_EQ(0, page_sizes(_metadata, fd));

	ASSERT_EQ(0, function_attach(f, f->ioas));
	sizes = page_sizes(_metadata, fd);
	EXPECT_NE(0, sizes & 4096);
	EXPECT_EQ(sizes, page_sizes(_metadata, f->fd));
	EXPECT_EQ(-EINVAL, function_attach(f, f->ioas));
	EXPECT_EQ(-ENOENT, function_replace(f, 0xdeadbeef));
	EXPECT_EQ(sizes, page_sizes(_metadata, fd));
	EXPECT_EQ(0, function_replace(f, other));
	EXPECT_EQ(sizes, page_sizes(_metadata, fd));

	/* One page, at the next multiple of its length; and nothing smaller */
	smallest = sizes & -sizes;
	memory = mmap(NULL, 2 * smallest, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	EXPECT_EQ(0, map_at(f, other, memory, f->info.out_start_dma + smallest, smallest));
	EXPECT_EQ(-EINVAL, map_at(f, other, memory, f->info.out_start_dma + 4 * smallest,
				  smallest / 2));
	EXPECT_EQ(-EINVAL, map_at(f, other, memory,
				  f->info.out_start_dma + 4 * smallest + smallest / 2, smallest));
	munmap(memory, 2 * smallest);

	ASSERT_EQ(0, function_detach(f));
	EXPECT_EQ(0, page_sizes(_metadata, fd));
	EXPECT_EQ(-EINVAL, function_replace(f, other));
	EXPECT_EQ(0, page_sizes(_metadata, fd));

	ASSERT_EQ(0, function_attach(f, f->ioas));
	EXPECT_EQ(sizes, page_sizes(_metadata, fd));
	close(f->fd);
	EXPECT_EQ(0, page_sizes(_metadata, fd));
	f->fd = fd;
	EXPECT_EQ(0, function_bind(f));
	EXPECT_EQ(0, page_sizes(_metadata, fd));
}

/* Reads a number in sysfs, -1 if it is not there */
static long long sysfs_number(const struct function *f, const char *attr)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), "/sys/class/zpcifd/%s/%s", function_name(f), attr);
	if (file_read(path, text, sizeof(text)))
		return -1;
	return strtoll(text, NULL, 0);
}

TEST_F(info, is_what_sysfs_tells)
{
	const struct zpcifd_info *info = &self->f.info;
	const struct {
		const char *name;
		long long value;
	} attrs[] = {
		{ "device/uid", info->out_uid },
		{ "device/pchid", info->out_pchid },
		{ "device/pfgid", info->out_pfgid },
		{ "device/vfn", info->out_vfn },
		{ "device/pft", info->out_pft },
		{ "device/port", info->out_port },
		{ "device/fidparm", info->out_fidparm },
		{ "device/mio_enabled", !!(info->out_features & ZPCIFD_FEATURE_MIO) },
	};
	long long value;
	unsigned int i;

	EXPECT_EQ(info->out_fid, sysfs_number(&self->f, "fid"));
	EXPECT_EQ(info->out_uid, sysfs_number(&self->f, "uid"));
	if (is_simulated(&self->f))
		return;
	/*
	 * A physical function has a PCI device that tells the same; an older
	 * kernel's does not tell everything
	 */
	EXPECT_EQ(info->out_fid, sysfs_number(&self->f, "device/function_id"));
	for (i = 0; i < ARRAY_LEN(attrs); i++) {
		value = sysfs_number(&self->f, attrs[i].name);
		if (value < 0)
			continue;
		EXPECT_EQ(attrs[i].value, value) {
			TH_LOG("%s", attrs[i].name);
		}
	}
}

TEST_HARNESS_MAIN
