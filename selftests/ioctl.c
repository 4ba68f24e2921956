// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of a function's file: sizes, flags, bad pointers, bad numbers,
 * and every operation at the wrong time or with the wrong object
 */
#include <sys/resource.h>

#include "zpcifd_test.h"

/* Room for every struct of the interface, at its start its size */
union command_buffer {
	__u32 size;
	struct zpcifd_info info;
	struct zpcifd_bind_iommufd bind;
	struct zpcifd_attach attach;
	struct zpcifd_detach detach;
	struct zpcifd_ring_create ring_create;
	struct zpcifd_irq_set irq_set;
	struct zpcifd_reset reset;
	__u8 bytes[2 * 65536];
};

/*
 * All ioctls of the interface, in an order in which each of them works when it
 * is called with what command_fill() gives. All have flags after size. A
 * struct may be as short as the first programs' was: these sizes are for good.
 * A provider may do without the optional ones.
 */
static const struct {
	const char *name;
	unsigned long nr;
	size_t min_size;
	size_t size;
	__u32 known_flags;
	bool before_bind;
	bool optional;
} commands[] = {
	{ .name = "INFO", .nr = ZPCIFD_INFO, .min_size = 224,
	  .size = sizeof(struct zpcifd_info), .before_bind = true },
	{ .name = "BIND_IOMMUFD", .nr = ZPCIFD_BIND_IOMMUFD, .min_size = 16,
	  .size = sizeof(struct zpcifd_bind_iommufd), .before_bind = true },
	{ .name = "ATTACH", .nr = ZPCIFD_ATTACH, .min_size = 12,
	  .size = sizeof(struct zpcifd_attach) },
	{ .name = "REPLACE", .nr = ZPCIFD_REPLACE, .min_size = 12,
	  .size = sizeof(struct zpcifd_attach) },
	{ .name = "DETACH", .nr = ZPCIFD_DETACH, .min_size = 8,
	  .size = sizeof(struct zpcifd_detach) },
	{ .name = "RING_CREATE", .nr = ZPCIFD_RING_CREATE, .min_size = 40,
	  .size = sizeof(struct zpcifd_ring_create),
	  .known_flags = ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF | ZPCIFD_RING_EVENTFD },
	{ .name = "IRQ_SET", .nr = ZPCIFD_IRQ_SET, .min_size = 32,
	  .size = sizeof(struct zpcifd_irq_set),
	  .known_flags = ZPCIFD_IRQ_TRIGGER, .optional = true },
	{ .name = "RESET", .nr = ZPCIFD_RESET, .min_size = 8,
	  .size = sizeof(struct zpcifd_reset), .optional = true },
};

static void command_fill(const struct function *f, unsigned int i,
			 union command_buffer *buf)
{
	memset(buf, 0, sizeof(*buf));
	buf->size = commands[i].size;
	switch (commands[i].nr) {
	case ZPCIFD_BIND_IOMMUFD:
		buf->bind.iommufd = f->iommufd;
		break;
	case ZPCIFD_ATTACH:
	case ZPCIFD_REPLACE:
		buf->attach.pt_id = f->ioas;
		break;
	case ZPCIFD_RING_CREATE:
		buf->ring_create.sq_entries = 1;
		buf->ring_create.out_fd = -1;
		break;
	case ZPCIFD_IRQ_SET:
		/* No vector at all, of the type that the function has */
		buf->irq_set.type = f->info.out_msix_vectors ? ZPCIFD_IRQ_MSIX : ZPCIFD_IRQ_MSI;
		break;
	}
}

/* What command_fill() gives works */
static bool command_works(unsigned int i, int ret)
{
	return !ret || (commands[i].optional && ret == -EOPNOTSUPP);
}

static long page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static void close_ring_of(unsigned int i, const union command_buffer *buf)
{
	if (commands[i].nr == ZPCIFD_RING_CREATE)
		close(buf->ring_create.out_fd);
}

/* Before BIND */
FIXTURE(unbound)
{
	struct function f;
	union command_buffer *buf;
	unsigned int fds;
};

FIXTURE_SETUP(unbound)
{
	function_open(_metadata, &self->f);
	self->buf = malloc(sizeof(*self->buf));
	ASSERT_NE(NULL, self->buf);
	self->fds = count_fds();
}

/* Whatever a test did, the function can be bound, works, and nothing is left */
FIXTURE_TEARDOWN(unbound)
{
	EXPECT_EQ(self->fds, count_fds());
	EXPECT_EQ(0, function_bind(&self->f));
	expect_works(_metadata, self->f.fd);
	free(self->buf);
	function_close(&self->f);
}

/* After BIND */
FIXTURE(bound)
{
	struct function f;
	union command_buffer *buf;
	unsigned int fds;
};

FIXTURE_SETUP(bound)
{
	function_open_bound(_metadata, &self->f);
	self->buf = malloc(sizeof(*self->buf));
	ASSERT_NE(NULL, self->buf);
	self->fds = count_fds();
}

FIXTURE_TEARDOWN(bound)
{
	EXPECT_EQ(self->fds, count_fds());
	expect_works(_metadata, self->f.fd);
	free(self->buf);
	function_close(&self->f);
}

TEST_F(unbound, every_struct_has_one_length_on_all_architectures)
{
	static const size_t lengths[] = { 240, 16, 12, 12, 8, 64, 32, 8 };
	unsigned int i;

	ASSERT_EQ(ARRAY_LEN(lengths), ARRAY_LEN(commands));
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		EXPECT_EQ(lengths[i], commands[i].size) {
			TH_LOG("%s", commands[i].name);
		}
	}
	EXPECT_EQ(232, offsetof(struct zpcifd_info, out_pgsize_bitmap));
}

TEST_F(unbound, every_struct_that_is_too_short_gives_EINVAL)
{
	size_t size;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		for (size = 0; size < commands[i].min_size; size++) {
			command_fill(&self->f, i, self->buf);
			self->buf->size = size;
			EXPECT_EQ(-EINVAL, call(self->f.fd, commands[i].nr, self->buf)) {
				TH_LOG("%s with size %zu", commands[i].name, size);
			}
		}
	}
}

TEST_F(unbound, every_struct_works_at_its_length)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		command_fill(&self->f, i, self->buf);
		ret = call(self->f.fd, commands[i].nr, self->buf);
		EXPECT_TRUE(command_works(i, ret)) {
			TH_LOG("%s: %d", commands[i].name, ret);
		}
		close_ring_of(i, self->buf);
	}
	close(self->f.fd);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
}

TEST_F(bound, every_struct_of_an_older_program_works_and_nothing_is_written_behind_it)
{
	unsigned int i, j;
	size_t size;
	int ret;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		for (size = commands[i].min_size; size < commands[i].size; size++) {
			command_fill(&self->f, i, self->buf);
			self->buf->size = size;
			memset(self->buf->bytes + size, 0xa5, 64);
			ret = call(self->f.fd, commands[i].nr, self->buf);
			EXPECT_EQ(0, ret) {
				TH_LOG("%s with size %zu", commands[i].name, size);
			}
			for (j = 0; j < 64; j++)
				EXPECT_EQ(0xa5, self->buf->bytes[size + j]);
			close_ring_of(i, self->buf);
		}
	}
}

TEST_F(unbound, every_struct_that_is_longer_with_zeros_works)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		command_fill(&self->f, i, self->buf);
		self->buf->size = i % 2 ? commands[i].size + 1 : (size_t)page_size();
		ret = call(self->f.fd, commands[i].nr, self->buf);
		EXPECT_TRUE(command_works(i, ret)) {
			TH_LOG("%s: %d", commands[i].name, ret);
		}
		close_ring_of(i, self->buf);
	}
	close(self->f.fd);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
}

TEST_F(unbound, every_struct_that_is_longer_with_junk_gives_E2BIG)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		command_fill(&self->f, i, self->buf);
		self->buf->size = commands[i].size + 1;
		self->buf->bytes[commands[i].size] = 0xff;
		EXPECT_EQ(-E2BIG, call(self->f.fd, commands[i].nr, self->buf)) {
			TH_LOG("%s", commands[i].name);
		}
		command_fill(&self->f, i, self->buf);
		self->buf->size = page_size();
		self->buf->bytes[page_size() - 1] = 1;
		EXPECT_EQ(-E2BIG, call(self->f.fd, commands[i].nr, self->buf)) {
			TH_LOG("%s with a page", commands[i].name);
		}
	}
}

TEST_F(unbound, every_size_above_one_page_gives_E2BIG)
{
	const __u32 sizes[] = { page_size() + 1, 2 * page_size(), 0x80000000, 0xffffffff };
	unsigned int i, j;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		for (j = 0; j < ARRAY_LEN(sizes); j++) {
			command_fill(&self->f, i, self->buf);
			self->buf->size = sizes[j];
			EXPECT_EQ(-E2BIG, call(self->f.fd, commands[i].nr, self->buf)) {
				TH_LOG("%s with size %u", commands[i].name, sizes[j]);
			}
		}
	}
}

TEST_F(unbound, every_unknown_flag_gives_EOPNOTSUPP)
{
	unsigned int i, bit;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		for (bit = 0; bit < 32; bit++) {
			if (commands[i].known_flags & 1U << bit)
				continue;
			command_fill(&self->f, i, self->buf);
			/* All have it at the same place */
			self->buf->info.flags = 1U << bit;
			EXPECT_EQ(-EOPNOTSUPP, call(self->f.fd, commands[i].nr, self->buf)) {
				TH_LOG("%s with bit %u", commands[i].name, bit);
			}
		}
	}
}

TEST_F(unbound, every_bad_pointer_gives_EFAULT)
{
	void *const bad[] = { NULL, (void *)1, (void *)-8L, (void *)-4096L };
	unsigned int i, j;
	void *map, *edge;

	map = mmap(NULL, 2 * page_size(), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	edge = map + page_size();
	ASSERT_EQ(0, munmap(edge, page_size()));

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		for (j = 0; j < ARRAY_LEN(bad); j++) {
			EXPECT_EQ(-EFAULT, call(self->f.fd, commands[i].nr, bad[j])) {
				TH_LOG("%s at %p", commands[i].name, bad[j]);
			}
		}
		/* The size is there, what follows is not */
		*(__u32 *)(edge - 4) = commands[i].size;
		EXPECT_EQ(-EFAULT, call(self->f.fd, commands[i].nr, edge - 4)) {
			TH_LOG("%s at the end of memory", commands[i].name);
		}
	}
	munmap(map, page_size());
}

TEST_F(unbound, an_answer_that_cannot_be_stored_gives_EFAULT_and_changes_nothing)
{
	union command_buffer *buf;
	unsigned int i;

	buf = mmap(NULL, sizeof(*buf), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)buf);

	/* The others have no answer, but for REPLACE: as in iommufd, it is done */
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		switch (commands[i].nr) {
		case ZPCIFD_INFO:
		case ZPCIFD_BIND_IOMMUFD:
		case ZPCIFD_ATTACH:
		case ZPCIFD_RING_CREATE:
			break;
		default:
			continue;
		}
		command_fill(&self->f, i, buf);
		ASSERT_EQ(0, mprotect(buf, sizeof(*buf), PROT_READ));
		EXPECT_EQ(-EFAULT, call(self->f.fd, commands[i].nr, buf)) {
			TH_LOG("%s", commands[i].name);
		}
		ASSERT_EQ(0, mprotect(buf, sizeof(*buf), PROT_READ | PROT_WRITE));
		switch (commands[i].nr) {
		case ZPCIFD_BIND_IOMMUFD:
			/* Not bound: the same call works */
			EXPECT_EQ(0, function_bind(&self->f));
			break;
		case ZPCIFD_ATTACH:
			EXPECT_EQ(-EINVAL, function_detach(&self->f));
			EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, self->f.ioas));
			EXPECT_EQ(0, ioas_alloc(self->f.iommufd, &self->f.ioas));
			break;
		}
	}
	munmap(buf, sizeof(*buf));
	close(self->f.fd);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
}

TEST_F(unbound, every_unknown_ioctl_number_gives_ENOTTY)
{
	unsigned int nr, i;

	memset(self->buf, 0, sizeof(*self->buf));
	self->buf->size = 16;
	for (nr = ARRAY_LEN(commands); nr < 256; nr++) {
		EXPECT_EQ(-ENOTTY, call(self->f.fd, _IO(ZPCIFD_TYPE, nr), self->buf)) {
			TH_LOG("number 0x%02x", nr);
		}
	}
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		command_fill(&self->f, i, self->buf);
		nr = _IOC_NR(commands[i].nr);
		EXPECT_EQ(-ENOTTY, call(self->f.fd, _IO(ZPCIFD_TYPE + 1, nr), self->buf));
		EXPECT_EQ(-ENOTTY, call(self->f.fd, _IOR(ZPCIFD_TYPE, nr, __u32), self->buf));
		EXPECT_EQ(-ENOTTY, call(self->f.fd, _IOW(ZPCIFD_TYPE, nr, __u64), self->buf));
	}
}

TEST_F(unbound, INFO_works_and_everything_else_gives_ENOTCONN_before_BIND)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (commands[i].nr == ZPCIFD_BIND_IOMMUFD)
			continue;
		command_fill(&self->f, i, self->buf);
		EXPECT_EQ(commands[i].before_bind ? 0 : -ENOTCONN,
			  call(self->f.fd, commands[i].nr, self->buf)) {
			TH_LOG("%s", commands[i].name);
		}
	}
	/* Not even whether an ID exists is told */
	EXPECT_EQ(-ENOTCONN, function_attach(&self->f, 0xdeadbeef));
}

TEST_F(unbound, BIND_with_no_open_file_gives_EBADF)
{
	struct function other = self->f;

	other.iommufd = -1;
	EXPECT_EQ(-EBADF, function_bind(&other));
	other.iommufd = dup(self->f.iommufd);
	close(other.iommufd);
	EXPECT_EQ(-EBADF, function_bind(&other));
	other.iommufd = 0x7fffffff;
	EXPECT_EQ(-EBADF, function_bind(&other));
}

TEST_F(unbound, BIND_with_a_file_that_is_not_iommufd_gives_EBADFD)
{
	struct function other = self->f;

	other.iommufd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other.iommufd);
	EXPECT_EQ(-EBADFD, function_bind(&other));
	close(other.iommufd);
	/* Its own file */
	other.iommufd = self->f.fd;
	EXPECT_EQ(-EBADFD, function_bind(&other));
}

TEST_F(bound, a_second_BIND_gives_EBUSY_from_the_same_and_from_another_file)
{
	struct function other = self->f;
	__u32 pt_id = self->f.ioas;

	EXPECT_EQ(-EBUSY, function_bind(&self->f));
	other.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other.fd);
	EXPECT_EQ(-EBUSY, function_bind(&other));
	/* Neither is it for another iommufd */
	other.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-EBUSY, function_bind(&other));
	close(other.iommufd);

	/* Who is not the owner gets no further, and cannot end the ownership */
	EXPECT_EQ(-ENOTCONN, function_attach(&other, pt_id));
	EXPECT_EQ(-ENOTCONN, ring_create(other.fd, 1, 1, 0, &self->buf->ring_create));
	close(other.fd);
	expect_works(_metadata, self->f.fd);
}

TEST_F(bound, every_ioctl_but_INFO_is_the_owners)
{
	const int fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	unsigned int i;
	int expected;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		expected = commands[i].nr == ZPCIFD_INFO ? 0 :
			   commands[i].nr == ZPCIFD_BIND_IOMMUFD ? -EBUSY : -ENOTCONN;
		command_fill(&self->f, i, self->buf);
		EXPECT_EQ(expected, call(fd, commands[i].nr, self->buf)) {
			TH_LOG("%s", commands[i].name);
		}
	}
	/* Still attached */
	EXPECT_EQ(-EINVAL, function_attach(&self->f, self->f.ioas));
	close(fd);
}

TEST_F(bound, the_function_can_be_bound_again_after_its_owner_was_closed)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		close(self->f.fd);
		self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
		ASSERT_EQ(0, function_bind(&self->f));
	}
}

TEST_F(bound, a_duplicate_of_the_owner_file_keeps_the_ownership)
{
	int fd = dup(self->f.fd);

	close(self->f.fd);
	self->f.fd = fd;
	EXPECT_EQ(-EBUSY, function_bind(&self->f));
}

TEST_F(bound, ATTACH_to_an_unknown_id_gives_ENOENT)
{
	EXPECT_EQ(-ENOENT, function_attach(&self->f, 0));
	EXPECT_EQ(-ENOENT, function_attach(&self->f, 0xdeadbeef));
	EXPECT_EQ(-ENOENT, function_attach(&self->f, 0xffffffff));
	EXPECT_EQ(-EINVAL, function_detach(&self->f));
}

TEST_F(bound, ATTACH_to_an_object_of_another_type_fails)
{
	/*
	 * EINVAL, but iommufd looks for nothing but an IOAS on behalf of a
	 * function without hardware
	 */
	int expected = is_simulated(&self->f) ? -ENOENT : -EINVAL;

	EXPECT_EQ(expected, function_attach(&self->f, self->f.devid));
	EXPECT_EQ(0, function_attach(&self->f, self->f.ioas));
	EXPECT_EQ(expected, function_replace(&self->f, self->f.devid));
	EXPECT_EQ(0, function_detach(&self->f));
}

TEST_F(bound, ATTACH_twice_gives_EINVAL)
{
	EXPECT_EQ(0, function_attach(&self->f, self->f.ioas));
	EXPECT_EQ(-EINVAL, function_attach(&self->f, self->f.ioas));
	EXPECT_EQ(0, function_detach(&self->f));
	EXPECT_EQ(0, function_attach(&self->f, self->f.ioas));
}

TEST_F(bound, REPLACE_and_DETACH_give_EINVAL_when_not_attached)
{
	EXPECT_EQ(-EINVAL, function_replace(&self->f, self->f.ioas));
	EXPECT_EQ(-EINVAL, function_detach(&self->f));
	EXPECT_EQ(0, function_attach(&self->f, self->f.ioas));
	EXPECT_EQ(0, function_detach(&self->f));
	EXPECT_EQ(-EINVAL, function_replace(&self->f, self->f.ioas));
	EXPECT_EQ(-EINVAL, function_detach(&self->f));
}

TEST_F(bound, an_address_space_is_in_use_from_ATTACH_or_REPLACE_to_DETACH)
{
	__u32 first = self->f.ioas, second;

	ASSERT_EQ(0, ioas_alloc(self->f.iommufd, &second));
	EXPECT_EQ(0, function_attach(&self->f, first));
	EXPECT_EQ(-EBUSY, iommufd_destroy(self->f.iommufd, first));

	EXPECT_EQ(-ENOENT, function_replace(&self->f, 0xdeadbeef));
	EXPECT_EQ(-EBUSY, iommufd_destroy(self->f.iommufd, first));

	EXPECT_EQ(0, function_replace(&self->f, second));
	EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, first));
	EXPECT_EQ(-EBUSY, iommufd_destroy(self->f.iommufd, second));

	EXPECT_EQ(0, function_detach(&self->f));
	EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, second));
}

TEST_F(bound, closing_the_owner_gives_its_address_space_back)
{
	EXPECT_EQ(0, function_attach(&self->f, self->f.ioas));
	close(self->f.fd);
	EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, self->f.ioas));
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

TEST_F(bound, the_function_stays_bound_when_the_iommufd_file_is_closed)
{
	EXPECT_EQ(0, function_attach(&self->f, self->f.ioas));
	close(self->f.iommufd);
	expect_works(_metadata, self->f.fd);
	EXPECT_EQ(0, function_detach(&self->f));
	self->f.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
}

TEST_F(bound, RING_CREATE_with_bad_sizes_gives_EINVAL)
{
	const struct zpcifd_info *info = &self->f.info;
	const struct {
		__u32 sq, cq, data;
	} bad[] = {
		{ 0, 0, 0 },
		{ 0, 1, 0 },
		{ 3, 0, 0 },
		{ 3, 4, 0 },
		{ 4, 3, 0 },
		{ 4, 5, 0 },
		{ 4, 2, 0 },
		{ 4, 1, 0 },
		{ info->out_max_sq_entries * 2, 0, 0 },
		{ info->out_max_sq_entries * 2, info->out_max_cq_entries, 0 },
		{ 1, info->out_max_cq_entries * 2, 0 },
		{ 0x80000000, 0, 0 },
		{ 0x80000000, 0x80000000, 0 },
		{ 1, 0x80000000, 0 },
		{ 0xffffffff, 0, 0 },
		{ 0xffffffff, 0xffffffff, 0xffffffff },
		{ 1, 1, 1 },
		{ 1, 1, TEST_PAGE - 1 },
		{ 1, 1, TEST_PAGE + 8 },
		{ 1, 1, info->out_max_data_len + 1 },
		{ 1, 1, info->out_max_data_len + TEST_PAGE },
		{ 1, 1, 0x80000000 },
		{ 1, 1, 0xfffff000 },
		{ 1, 1, 0xffffffff },
	};
	struct zpcifd_ring_create layout;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(-EINVAL, ring_create(self->f.fd, bad[i].sq, bad[i].cq, bad[i].data,
					       &layout)) {
			TH_LOG("sq %u cq %u data %u", bad[i].sq, bad[i].cq, bad[i].data);
		}
		EXPECT_EQ(-1, layout.out_fd);
		expect_works(_metadata, self->f.fd);
	}
}

TEST_F(bound, a_ring_file_is_close_on_exec)
{
	struct zpcifd_ring_create layout;

	ASSERT_EQ(0, ring_create(self->f.fd, 1, 1, 0, &layout));
	EXPECT_EQ(FD_CLOEXEC, fcntl(layout.out_fd, F_GETFD));
	close(layout.out_fd);
}

TEST_F(bound, RING_CREATE_without_a_free_descriptor_gives_EMFILE)
{
	struct zpcifd_ring_create layout;
	struct rlimit old, none;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	none = old;
	none.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, ring_create(self->f.fd, 1, 1, 0, &layout));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
}

TEST_F(bound, a_ring_file_knows_no_ioctl_but_RING_ENTER)
{
	struct ring ring;
	unsigned int nr;

	ring_open(_metadata, self->f.fd, &ring, 1, 1, 0);
	memset(self->buf, 0, sizeof(*self->buf));
	self->buf->size = 16;
	for (nr = 0; nr < 256; nr++) {
		if (nr == ZPCIFD_CMD_RING_ENTER)
			continue;
		EXPECT_EQ(-ENOTTY, call(ring.fd, _IO(ZPCIFD_TYPE, nr), self->buf)) {
			TH_LOG("number 0x%02x", nr);
		}
	}
	nr = ZPCIFD_CMD_RING_ENTER;
	EXPECT_EQ(-ENOTTY, call(ring.fd, _IO(ZPCIFD_TYPE + 1, nr), NULL));
	EXPECT_EQ(-ENOTTY, call(ring.fd, _IOW(ZPCIFD_TYPE, nr, __u32), NULL));
	EXPECT_EQ(0, ring_enter(&ring, 0));
	ring_close(&ring);
}

TEST_HARNESS_MAIN
