// SPDX-License-Identifier: GPL-2.0
/*
 * What ZPCIFD_IRQ_SET refuses, and that vectors stay as they were when it does
 */
#include "irq_test.h"

#define OWN SIM_CONFIGFS "/selftest-irq"

/* Every way to say that nothing is to be done */
TEST_F(irq, an_empty_range_changes_nothing)
{
	const __u32 max = self->irq.type == ZPCIFD_IRQ_MSIX ? self->irq.f.info.out_msix_vectors :
							  self->irq.f.info.out_msi_vectors;
	const __u64 pointers[] = { 0, 1, ~0ULL - 3, 1ULL << 63 };
	unsigned int i;

	EXPECT_EQ(0, wire(&self->irq, 0, 0, NULL));
	EXPECT_EQ(0, wire(&self->irq, max, 0, NULL));
	EXPECT_EQ(0, trigger(&self->irq, max, 0));
	EXPECT_EQ(-EINVAL, wire(&self->irq, max + 1, 0, NULL));
	/* Nothing is read at the pointer */
	for (i = 0; i < ARRAY_LEN(pointers); i++)
		EXPECT_EQ(0, irq_call(&self->irq.f, (struct zpcifd_irq_set){
				.type = self->irq.type, .eventfds = pointers[i],
			}));
	EXPECT_EQ(0, count_allocated(&self->irq.f));
	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	EXPECT_EQ(0, wire(&self->irq, 0, 0, NULL));
	expect_wired(_metadata, &self->irq, self->irq.num);
}

/* What the eventfds member of a bad call is */
enum pointer { FDS, NOTHING, UNMAPPED, HALF_MAPPED, TOP };

TEST_F(irq, bad_input_gives_an_error_and_changes_nothing)
{
	const __u32 max = self->irq.type == ZPCIFD_IRQ_MSIX ? self->irq.f.info.out_msix_vectors :
							  self->irq.f.info.out_msi_vectors;
	const __u32 type = self->irq.type, all = self->irq.num;
	const __u32 other_type = type == ZPCIFD_IRQ_MSIX ? ZPCIFD_IRQ_MSI : ZPCIFD_IRQ_MSIX;
	const struct {
		const char *name;
		__u32 flags, type, first, count, reserved;
		enum pointer fds;
		int error;
	} bad[] = {
		{ "type 2", 0, 2, 0, 1, 0, FDS, EOPNOTSUPP },
		{ "type ~0", 0, ~0U, 0, 1, 0, FDS, EOPNOTSUPP },
		{ "type 2, nothing", 0, 2, 0, 0, 0, FDS, EOPNOTSUPP },
		{ "flag 1", 2, type, 0, 1, 0, FDS, EOPNOTSUPP },
		{ "flag 31", 1U << 31, type, 0, 1, 0, FDS, EOPNOTSUPP },
		{ "all flags", ~0U, type, 0, 1, 0, NOTHING, EOPNOTSUPP },
		{ "flag 1, trigger", 3, type, 0, 1, 0, NOTHING, EOPNOTSUPP },
		{ "trigger, type 2", ZPCIFD_IRQ_TRIGGER, 2, 0, 1, 0, NOTHING, EOPNOTSUPP },
		{ "reserved", 0, type, 0, 1, 1, FDS, EOPNOTSUPP },
		{ "reserved, all bits", 0, type, 0, 1, ~0U, FDS, EOPNOTSUPP },
		{ "reserved, trigger", ZPCIFD_IRQ_TRIGGER, type, 0, 1, 1, NOTHING, EOPNOTSUPP },
		{ "other type", 0, other_type, 0, 1, 0, FDS, EINVAL },
		{ "other type, nothing", 0, other_type, 0, 0, 0, FDS, EINVAL },
		{ "trigger, other type", ZPCIFD_IRQ_TRIGGER, other_type, 0, 1, 0, NOTHING, EINVAL },
		{ "one too many", 0, type, 0, max + 1, 0, FDS, EINVAL },
		{ "one too far", 0, type, max, 1, 0, FDS, EINVAL },
		{ "one past", 0, type, 1, max, 0, FDS, EINVAL },
		{ "far", 0, type, 0x80000000, 1, 0, FDS, EINVAL },
		{ "first + count wraps", 0, type, ~0U, 1, 0, FDS, EINVAL },
		{ "first + count wraps to 1", 0, type, ~0U, 2, 0, FDS, EINVAL },
		{ "count ~0", 0, type, 0, ~0U, 0, FDS, EINVAL },
		{ "count whose bytes wrap", 0, type, 0, 0x40000001, 0, FDS, EINVAL },
		{ "first + count ~0 each", 0, type, ~0U, ~0U, 0, FDS, EINVAL },
		{ "trigger too many", ZPCIFD_IRQ_TRIGGER, type, 0, max + 1, 0, NOTHING, EINVAL },
		{ "trigger one too far", ZPCIFD_IRQ_TRIGGER, type, max, 1, 0, NOTHING, EINVAL },
		{ "trigger that wraps", ZPCIFD_IRQ_TRIGGER, type, ~0U, 2, 0, NOTHING, EINVAL },
		{ "trigger with eventfds", ZPCIFD_IRQ_TRIGGER, type, 0, 1, 0, FDS, EINVAL },
		{ "trigger, unmapped", ZPCIFD_IRQ_TRIGGER, type, 0, 1, 0, UNMAPPED, EINVAL },
		{ "trigger, not user space", ZPCIFD_IRQ_TRIGGER, type, 0, 0, 0, TOP, EINVAL },
		{ "null pointer", 0, type, 0, all, 0, NOTHING, EFAULT },
		{ "unmapped", 0, type, 0, all, 0, UNMAPPED, EFAULT },
		{ "half mapped", 0, type, 0, all, 0, HALF_MAPPED, EFAULT },
		{ "not user space", 0, type, 0, all, 0, TOP, EFAULT },
	};
	const long page = sysconf(_SC_PAGESIZE);
	void *hole = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	const __u64 pointers[] = {
		[FDS] = (uintptr_t)self->irq.fds,
		[UNMAPPED] = (uintptr_t)hole + page,
		[HALF_MAPPED] = (uintptr_t)hole + page - sizeof(int),
		[TOP] = ~0ULL - 3,
	};
	unsigned int i;

	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole + page, page));
	ASSERT_LT(1, self->irq.num);
	memcpy(hole + page - sizeof(int), &self->irq.fds[0], sizeof(int));
	/* The last one is free, so that a call that works would be seen */
	ASSERT_EQ(0, wire(&self->irq, 0, all - 1, self->irq.fds));

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(-bad[i].error, irq_call(&self->irq.f, (struct zpcifd_irq_set){
				.flags = bad[i].flags, .type = bad[i].type, .first = bad[i].first,
				.count = bad[i].count, .__reserved = bad[i].reserved,
				.eventfds = pointers[bad[i].fds],
			})) {
			TH_LOG("%s", bad[i].name);
		}
		expect_wired(_metadata, &self->irq, all - 1);
	}
	munmap(hole, page);
}

TEST_F(irq, a_file_that_is_not_the_owners_changes_nothing)
{
	struct irq other = self->irq;
	int fd = new_eventfd();

	ASSERT_LE(0, fd);
	other.f.fd = open(other.f.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other.f.fd);
	EXPECT_EQ(-ENOTCONN, wire(&other, 0, 1, &fd));
	ASSERT_EQ(0, wire(&self->irq, 0, self->irq.num - 1, self->irq.fds));
	EXPECT_EQ(-ENOTCONN, wire(&other, 0, 1, &fd));
	EXPECT_EQ(-ENOTCONN, wire(&other, 0, other.num, NULL));
	EXPECT_EQ(-ENOTCONN, wire(&other, 0, 0, NULL));
	EXPECT_EQ(-ENOTCONN, trigger(&other, 0, other.num));
	EXPECT_EQ(0, take(fd));
	expect_wired(_metadata, &self->irq, self->irq.num - 1);
	/* Nor does its end part anything */
	close(other.f.fd);
	expect_wired(_metadata, &self->irq, self->irq.num - 1);
	close(fd);
}

/* Makes a simulated function with that many vectors, and binds it */
static void own_open(struct __test_metadata *_metadata, struct irq *own, const char *msi,
		     const char *msix)
{
	rmdir(OWN);
	ASSERT_EQ(0, mkdir(OWN, 0755));
	ASSERT_EQ(0, sim_set(OWN, "msi", msi));
	ASSERT_EQ(0, sim_set(OWN, "msix", msix));
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	ASSERT_EQ(0, sim_open_function(OWN, &own->f));
	ASSERT_EQ(0, function_bind(&own->f));
}

static void own_close(struct __test_metadata *_metadata, struct irq *own)
{
	function_close(&own->f);
	EXPECT_EQ(0, rmdir(OWN));
}

TEST_F(irq, a_function_without_interrupts_has_no_vector_at_all)
{
	struct irq own = { .type = ZPCIFD_IRQ_MSI };

	if (!is_simulated(&self->irq.f))
		SKIP(return, "only the simulator makes a function without interrupts");
	own_open(_metadata, &own, "0", "0");
	for (; own.type <= ZPCIFD_IRQ_MSIX; own.type++) {
		EXPECT_EQ(-EINVAL, wire(&own, 0, 0, NULL));
		EXPECT_EQ(-EINVAL, wire(&own, 0, 1, self->irq.fds));
		EXPECT_EQ(-EINVAL, trigger(&own, 0, 0));
		EXPECT_EQ(-EINVAL, trigger(&own, 0, 1));
	}
	own_close(_metadata, &own);
}

TEST_F(irq, vectors_of_one_kind_at_a_time)
{
	struct irq own = { .num = 4 };
	unsigned int i;

	if (!is_simulated(&self->irq.f))
		SKIP(return, "only the simulator makes a function with MSI and MSI-X");
	memcpy(own.fds, self->irq.fds, sizeof(own.fds));
	own_open(_metadata, &own, "4", "4");
	for (i = 0; i < 4; i++) {
		const __u32 kind = i % 2, other = !kind;

		own.type = kind;
		ASSERT_EQ(0, wire(&own, 1, 1, &own.fds[1]));
		own.type = other;
		EXPECT_EQ(-EINVAL, wire(&own, 0, 1, own.fds));
		EXPECT_EQ(-EINVAL, wire(&own, 1, 1, NULL));
		EXPECT_EQ(-EINVAL, trigger(&own, 1, 1));
		EXPECT_EQ(0, take(own.fds[1]));
		own.type = kind;
		EXPECT_EQ(0, trigger(&own, 0, 4));
		EXPECT_EQ(1, take(own.fds[1]));
		EXPECT_EQ(0, wire(&own, 1, 1, NULL));
	}
	own_close(_metadata, &own);
}

TEST_F(irq, a_bad_file_descriptor_at_any_place_changes_nothing)
{
	const unsigned int fds_before = count_fds();
	const int closed = new_eventfd();
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int none = -1;
	const struct {
		const char *name;
		int fd;
		int error;
	} bad[] = {
		{ "closed", closed, EBADF },
		{ "-2", -2, EBADF },
		{ "the lowest number", 0x80000000, EBADF },
		{ "the highest number", 0x7fffffff, EBADF },
		{ "/dev/null", null, EINVAL },
		{ "the function", self->irq.f.fd, EINVAL },
		{ "iommufd", self->irq.f.iommufd, EINVAL },
	};
	int others[MAX_VECTORS], list[MAX_VECTORS];
	unsigned int i;
	__u32 pos, v;

	ASSERT_LE(0, null);
	for (v = 0; v < self->irq.num; v++) {
		others[v] = v % 2 ? none : new_eventfd();
		ASSERT_LE(v % 2 ? -1 : 0, others[v]);
	}
	/* Last, so that no other file has its number */
	close(closed);
	ASSERT_EQ(0, wire(&self->irq, 0, self->irq.num - 1, self->irq.fds));

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		for (pos = 0; pos < self->irq.num; pos++) {
			memcpy(list, others, sizeof(list));
			list[pos] = bad[i].fd;
			ASSERT_EQ(-bad[i].error, wire(&self->irq, 0, self->irq.num, list)) {
				TH_LOG("%s at %u", bad[i].name, pos);
			}
			expect_wired(_metadata, &self->irq, self->irq.num - 1);
		}
	}
	for (v = 0; v < self->irq.num; v++) {
		if (others[v] < 0)
			continue;
		EXPECT_EQ(0, take(others[v]));
		close(others[v]);
	}
	close(null);
	EXPECT_EQ(fds_before, count_fds());
}

TEST_HARNESS_MAIN
