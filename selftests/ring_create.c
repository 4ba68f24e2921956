// SPDX-License-Identifier: GPL-2.0
/*
 * What RING_CREATE takes beside sizes: windows, an eventfd, and how the ring's
 * thread works. Whatever is wrong with it, no ring is made and nothing is left.
 */
#include <sched.h>
#include <sys/eventfd.h>

#include "zpcifd_test.h"

/* Opcodes of a window */
enum {
	LG = 1 << ZPCIFD_OP_PCILG,
	STG = 1 << ZPCIFD_OP_PCISTG,
	STB = 1 << ZPCIFD_OP_PCISTB,
};

FIXTURE(ring_create)
{
	struct function f;
	int eventfd;
	unsigned int fds;
};

FIXTURE_SETUP(ring_create)
{
	function_open_bound(_metadata, &self->f);
	self->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->eventfd);
	self->fds = count_fds();
}

FIXTURE_TEARDOWN(ring_create)
{
	EXPECT_EQ(self->fds, count_fds());
	close(self->eventfd);
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

/* The smallest ring, which a test adds to */
static struct zpcifd_ring_create smallest(__u32 flags)
{
	return (struct zpcifd_ring_create){
		.size = sizeof(struct zpcifd_ring_create),
		.flags = flags,
		.sq_entries = 1,
		.out_fd = -1,
	};
}

/* Makes a ring and closes it; returns why it could not be made */
static int try(const struct function *f, struct zpcifd_ring_create create)
{
	int ret = call(f->fd, ZPCIFD_RING_CREATE, &create);

	if (!ret)
		close(create.out_fd);
	else if (create.out_fd != -1)
		ret = -EPROTO;
	return ret;
}

static void make(struct __test_metadata *_metadata, const struct function *f, struct ring *r,
		 struct zpcifd_ring_create create)
{
	ASSERT_EQ(0, call(f->fd, ZPCIFD_RING_CREATE, &create));
	r->layout = create;
	r->fd = create.out_fd;
	ASSERT_EQ(0, ring_map(r));
}

static int try_windows(const struct function *f, __u32 nr,
		       const struct zpcifd_ring_window *windows)
{
	struct zpcifd_ring_create create = smallest(0);

	create.nr_windows = nr;
	create.windows = (uintptr_t)windows;
	return try(f, create);
}

static struct zpcifd_ring_window window(__u8 as, __u64 offset, __u64 len, __u32 opcodes)
{
	return (struct zpcifd_ring_window){
		.offset = offset, .len = len, .opcodes = opcodes, .as = as,
	};
}

TEST_F(ring_create, a_bad_window_gives_EINVAL_and_no_ring)
{
	const struct zpcifd_ring_window good = window(self->f.bar, TEST_SCRATCH, 8,
						     LG | STG | STB);
	const __u64 size = self->f.info.out_bar_size[self->f.bar];
	struct zpcifd_ring_window w[2], bad[128];
	unsigned int n = 0, i, as;

#define BAD(_member, _value) do { bad[n] = good; bad[n++]._member = (_value); } while (0)
	BAD(len, 0);
	BAD(len, ~0ULL);
	BAD(len, -(__u64)TEST_SCRATCH);
	BAD(len, size - TEST_SCRATCH + 1);
	BAD(offset, size);
	BAD(offset, size - 7);
	BAD(offset, -8ULL);
	BAD(offset, ~0ULL);
	BAD(opcodes, 0);
	for (i = 0; i < 32; i++)
		if (!(good.opcodes & 1U << i))
			BAD(opcodes, LG | 1U << i);
	for (i = 0; i < sizeof(good.__reserved); i++)
		BAD(__reserved[i], 1);
	for (as = 0; as < 256; as += as < 16 ? 1 : 48) {
		bool bar = as < ZPCIFD_NR_BARS && self->f.info.out_bar_size[as] > TEST_SCRATCH;

		if (!bar && as != ZPCIFD_AS_CONFIG)
			BAD(as, as);
	}
	BAD(as, 255);
	/* Config space has 4096 bytes */
	BAD(as, ZPCIFD_AS_CONFIG);
#undef BAD
	ASSERT_GE(ARRAY_LEN(bad), n);

	for (i = 0; i < n; i++) {
		EXPECT_EQ(-EINVAL, try_windows(&self->f, 1, &bad[i])) {
			TH_LOG("window %u", i);
		}
		/* One of two */
		w[0] = good;
		w[1] = bad[i];
		EXPECT_EQ(-EINVAL, try_windows(&self->f, 2, w)) {
			TH_LOG("window %u as second", i);
		}
	}
	EXPECT_EQ(0, try_windows(&self->f, 1, &good));
}

TEST_F(ring_create, a_bad_pointer_gives_EFAULT_and_a_number_that_does_not_fit_it_EINVAL)
{
	const struct zpcifd_ring_window good = window(self->f.bar, TEST_SCRATCH, 8, LG);
	const long page = sysconf(_SC_PAGESIZE);
	struct zpcifd_ring_window *edge;
	void *map;

	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + page, page));
	edge = map + page;
	edge[-1] = good;

	EXPECT_EQ(-EFAULT, try_windows(&self->f, 1, NULL));
	EXPECT_EQ(-EFAULT, try_windows(&self->f, 1, edge));
	EXPECT_EQ(-EFAULT, try_windows(&self->f, 2, edge - 1));
	EXPECT_EQ(-EFAULT, try_windows(&self->f, 1, (void *)-1L));
	EXPECT_EQ(-EFAULT, try_windows(&self->f, 1, (void *)-4096L));

	EXPECT_EQ(-EINVAL, try_windows(&self->f, 0, edge - 1));
	EXPECT_EQ(-EINVAL, try_windows(&self->f, 0, edge));
	EXPECT_EQ(-EINVAL, try_windows(&self->f, 0x80000000, edge - 1));
	EXPECT_EQ(-EINVAL, try_windows(&self->f, 0xffffffff, edge - 1));

	EXPECT_EQ(0, try_windows(&self->f, 1, edge - 1));
	munmap(map, page);
}

TEST_F(ring_create, as_many_windows_as_INFO_tells_all_count)
{
	const __u32 max = self->f.info.out_max_windows;
	struct zpcifd_ring_window *w = calloc(max + 1, sizeof(*w));
	struct zpcifd_ring_create create = smallest(0);
	struct zpcifd_cqe cqe;
	struct ring r;
	__u32 i;

	ASSERT_NE(NULL, w);
	ASSERT_GE(TEST_PAGE, 16 * (max + 1));
	for (i = 0; i <= max; i++)
		w[i] = window(self->f.bar, TEST_SCRATCH + 16 * i, 8, LG);
	EXPECT_EQ(-EINVAL, try_windows(&self->f, max + 1, w));

	create.nr_windows = max;
	create.windows = (uintptr_t)w;
	make(_metadata, &self->f, &r, create);
	for (i = 0; i <= max; i++) {
		cqe = ring_run(_metadata, &r,
			       sqe_load(self->f.bar, TEST_SCRATCH + 16 * i, 8));
		EXPECT_EQ(i < max ? 0 : -EACCES, cqe.res);
		cqe = ring_run(_metadata, &r,
			       sqe_load(self->f.bar, TEST_SCRATCH + 16 * i + 8, 8));
		EXPECT_EQ(-EACCES, cqe.res);
	}
	ring_close(&r);
	free(w);
}

TEST_F(ring_create, the_MSI_X_table_stays_shut_when_a_window_has_it)
{
	const struct zpcifd_info *info = &self->f.info;
	const __u64 table = info->out_msix_table_offset;
	struct zpcifd_ring_window w = window(info->out_msix_table_bar, 0,
					     info->out_bar_size[info->out_msix_table_bar],
					     LG | STG | STB);
	struct zpcifd_ring_create create = smallest(0);
	struct zpcifd_cqe cqe;
	struct ring r;

	if (!info->out_msix_vectors)
		SKIP(return, "the function has no MSI-X");
	create.nr_windows = 1;
	create.windows = (uintptr_t)&w;
	make(_metadata, &self->f, &r, create);
	cqe = ring_run(_metadata, &r, sqe_load(w.as, table, 4));
	EXPECT_EQ(-EACCES, cqe.res);
	EXPECT_EQ(ZPCIFD_CQE_MSIX, cqe.flags);
	cqe = ring_run(_metadata, &r, sqe_store(w.as, table + 8, 4, 0));
	EXPECT_EQ(-EACCES, cqe.res);
	EXPECT_EQ(ZPCIFD_CQE_MSIX, cqe.flags);
	ring_close(&r);
}

/* What an eventfd has counted since it was last asked */
static eventfd_t counted(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) ? 0 : count;
}

TEST_F(ring_create, an_eventfd_that_is_none_is_refused)
{
	struct zpcifd_ring_create create = smallest(ZPCIFD_RING_EVENTFD);
	int pipes[2];

	create.eventfd = -1;
	EXPECT_EQ(-EBADF, try(&self->f, create));
	create.eventfd = 0x7fffffff;
	EXPECT_EQ(-EBADF, try(&self->f, create));
	create.eventfd = dup(self->eventfd);
	close(create.eventfd);
	EXPECT_EQ(-EBADF, try(&self->f, create));

	ASSERT_EQ(0, pipe(pipes));
	create.eventfd = pipes[0];
	EXPECT_EQ(-EINVAL, try(&self->f, create));
	create.eventfd = self->f.fd;
	EXPECT_EQ(-EINVAL, try(&self->f, create));
	create.eventfd = self->f.iommufd;
	EXPECT_EQ(-EINVAL, try(&self->f, create));
	close(pipes[0]);
	close(pipes[1]);

	/* The field without its flag */
	create = smallest(0);
	create.eventfd = self->eventfd;
	EXPECT_EQ(-EINVAL, try(&self->f, create));
	create.eventfd = -1;
	EXPECT_EQ(-EINVAL, try(&self->f, create));

	EXPECT_EQ(0, counted(self->eventfd));
}

/* A CPU that is there but that this process may not use, or -1 */
static int forbid_cpu(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), cpu = sched_getcpu();
	cpu_set_t set;

	if (cpus < 2)
		return -1;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -1 : !cpu;
}

TEST_F(ring_create, a_thread_that_cannot_be_is_refused)
{
	const struct {
		__u32 flags, cpu, idle;
	} bad[] = {
		{ ZPCIFD_RING_SQPOLL, 0, 1001 },
		{ ZPCIFD_RING_SQPOLL, 0, 0xffffffff },
		{ ZPCIFD_RING_SQPOLL, 1, 0 },
		{ ZPCIFD_RING_SQ_AFF, 0, 0 },
		{ ZPCIFD_RING_SQ_AFF, 0, 1 },
		{ 0, 0, 1 },
		{ 0, 1, 0 },
		{ ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF, 0x7fffffff, 0 },
		{ ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF, 0x80000000, 0 },
		{ ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF, 0xffffffff, 0 },
		/* The one behind those that the machine may ever have */
		{ ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF, sysconf(_SC_NPROCESSORS_CONF), 0 },
	};
	struct zpcifd_ring_create create;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		/* An eventfd tells of what becomes of a ring, and there is none */
		create = smallest(bad[i].flags | ZPCIFD_RING_EVENTFD);
		create.sq_thread_cpu = bad[i].cpu;
		create.sq_thread_idle = bad[i].idle;
		create.eventfd = self->eventfd;
		EXPECT_EQ(-EINVAL, try(&self->f, create)) {
			TH_LOG("case %u", i);
		}
		EXPECT_EQ(0, counted(self->eventfd)) {
			TH_LOG("case %u", i);
		}
	}
	create = smallest(ZPCIFD_RING_SQPOLL);
	create.sq_thread_idle = 1000;
	EXPECT_EQ(0, try(&self->f, create));
}

TEST_F(ring_create, a_thread_runs_on_no_CPU_that_its_maker_may_not_use)
{
	struct zpcifd_ring_create create = smallest(ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF);
	int forbidden = forbid_cpu();

	if (forbidden < 0)
		SKIP(return, "the machine has one CPU");
	create.sq_thread_cpu = !forbidden;
	EXPECT_EQ(0, try(&self->f, create));
	create.sq_thread_cpu = forbidden;
	EXPECT_EQ(-EINVAL, try(&self->f, create));
}

TEST_HARNESS_MAIN
