// SPDX-License-Identifier: GPL-2.0
/*
 * ZPCIFD_IRQ_SET: bad input, and vectors that are wired, parted and moved to
 * other eventfds while they fire. Here the vectors fire by ZPCIFD_IRQ_TRIGGER;
 * irq_virtio.c has a function that raises interrupts.
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "zpcifd_test.h"

#define MAX_VECTORS 64

/* Triggers, of which each test with two threads has fewer */
#define MANY 100000
#define MANY_THREADED 20000

/* Seconds that a test may take on a busy machine that emulates another one */
#define SLOW 120

/**
 * struct irq - The interrupts of a function
 * @f: The function, bound
 * @type: Their kind
 * @num: How many vectors are tested
 * @fds: An eventfd for each of them, not wired yet
 */
struct irq {
	struct function f;
	__u32 type;
	__u32 num;
	int fds[MAX_VECTORS];
};

static int irq_call(const struct function *f, struct zpcifd_irq_set cmd)
{
	cmd.size = sizeof(cmd);
	return call(f->fd, ZPCIFD_IRQ_SET, &cmd);
}

/* Wires vectors to @fds; NULL parts @count vectors */
static int wire(struct irq *irq, __u32 first, __u32 count, const int *fds)
{
	int none[MAX_VECTORS];

	memset(none, 0xff, sizeof(none));
	return irq_call(&irq->f, (struct zpcifd_irq_set){
		.type = irq->type, .first = first, .count = count,
		.eventfds = (uintptr_t)(fds ?: none),
	});
}

static int trigger(struct irq *irq, __u32 first, __u32 count)
{
	return irq_call(&irq->f, (struct zpcifd_irq_set){
		.flags = ZPCIFD_IRQ_TRIGGER, .type = irq->type, .first = first, .count = count,
	});
}

static int new_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* What an eventfd has counted since it was last asked */
static __u64 take(int fd)
{
	__u64 count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Vectors are wired as they were: each of them counts one in its own eventfd */
static void expect_wired(struct __test_metadata *_metadata, struct irq *irq, __u32 count)
{
	__u32 i;

	for (i = 0; i < irq->num; i++)
		EXPECT_EQ(0, take(irq->fds[i]));
	EXPECT_EQ(0, trigger(irq, 0, irq->num));
	for (i = 0; i < irq->num; i++) {
		ASSERT_EQ(i < count, take(irq->fds[i])) {
			TH_LOG("vector %u", i);
		}
	}
}

/* Interrupts that the PCI device has allocated: none when they are off */
static unsigned int count_allocated(const struct function *f)
{
	char path[256];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/zpcifd/%s/device/msi_irqs", function_name(f));
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

FIXTURE(irq)
{
	struct irq irq;
};

FIXTURE_SETUP(irq)
{
	__u32 i;

	function_open_bound(_metadata, &self->irq.f);
	self->irq.type = self->irq.f.info.out_msix_vectors ? ZPCIFD_IRQ_MSIX : ZPCIFD_IRQ_MSI;
	self->irq.num = self->irq.f.info.out_msix_vectors ?: self->irq.f.info.out_msi_vectors;
	if (!self->irq.num)
		SKIP(return, "%s has no interrupts", self->irq.f.path);
	if (trigger(&self->irq, 0, 0) == -EOPNOTSUPP)
		SKIP(return, "the provider of %s does not offer interrupts", self->irq.f.path);
	if (self->irq.num > MAX_VECTORS)
		self->irq.num = MAX_VECTORS;
	for (i = 0; i < self->irq.num; i++) {
		self->irq.fds[i] = new_eventfd();
		ASSERT_LE(0, self->irq.fds[i]);
	}
}

FIXTURE_TEARDOWN(irq)
{
	expect_works(_metadata, self->irq.f.fd);
	function_close(&self->irq.f);
}

/* Every way to say that nothing is to be done */
TEST_F(irq, an_empty_range_changes_nothing)
{
	const __u32 max = self->irq.type == ZPCIFD_IRQ_MSIX ? self->irq.f.info.out_msix_vectors :
							  self->irq.f.info.out_msi_vectors;

	EXPECT_EQ(0, wire(&self->irq, 0, 0, NULL));
	EXPECT_EQ(0, wire(&self->irq, max, 0, NULL));
	EXPECT_EQ(0, trigger(&self->irq, max, 0));
	EXPECT_EQ(-EINVAL, wire(&self->irq, max + 1, 0, NULL));
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
		{ "reserved", 0, type, 0, 1, 1, FDS, EOPNOTSUPP },
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

TEST_F(irq, interrupts_are_on_while_a_vector_is_wired)
{
	__u32 v, round;

	if (is_simulated(&self->irq.f))
		SKIP(return, "a simulated function has no PCI device that tells");
	EXPECT_EQ(0, count_allocated(&self->irq.f));
	for (round = 0; round < 10; round++) {
		for (v = 0; v < self->irq.num; v++) {
			EXPECT_EQ(0, wire(&self->irq, v, 1, &self->irq.fds[v]));
			EXPECT_LE(self->irq.num, count_allocated(&self->irq.f));
		}
		for (v = 0; v < self->irq.num; v++) {
			EXPECT_LE(self->irq.num, count_allocated(&self->irq.f));
			EXPECT_EQ(0, wire(&self->irq, v, 1, NULL));
		}
		EXPECT_EQ(0, count_allocated(&self->irq.f));
		/* What is not wired can be parted all the same */
		EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, NULL));
		EXPECT_EQ(0, count_allocated(&self->irq.f));
	}
}

TEST_F(irq, a_trigger_reaches_only_the_vectors_it_names_that_are_wired)
{
	__u32 v, i;

	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	for (v = 0; v < self->irq.num; v++) {
		EXPECT_EQ(0, wire(&self->irq, v, 1, &self->irq.fds[v]));
		expect_wired(_metadata, &self->irq, v + 1);
	}
	for (v = 0; v < self->irq.num; v++) {
		EXPECT_EQ(0, trigger(&self->irq, v, 1));
		for (i = 0; i < self->irq.num; i++)
			EXPECT_EQ(i == v, take(self->irq.fds[i]));
	}
	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, NULL));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	for (v = 0; v < self->irq.num; v++)
		EXPECT_EQ(0, take(self->irq.fds[v]));
}

TEST_F(irq, vectors_may_share_an_eventfd)
{
	int same[MAX_VECTORS];
	__u32 v;

	for (v = 0; v < self->irq.num; v++)
		same[v] = self->irq.fds[0];
	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, same));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	EXPECT_EQ(self->irq.num, take(self->irq.fds[0]));
	/* One of them parts, the others still have it */
	EXPECT_EQ(0, wire(&self->irq, 0, 1, NULL));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	EXPECT_EQ(self->irq.num - 1, take(self->irq.fds[0]));
}

TEST_F(irq, a_wired_eventfd_may_be_closed)
{
	int fd = dup(self->irq.fds[0]);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, wire(&self->irq, 0, 1, &fd));
	close(fd);
	expect_wired(_metadata, &self->irq, 1);
	/* Now nobody but the kernel has it */
	close(self->irq.fds[0]);
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	self->irq.fds[0] = new_eventfd();
	EXPECT_EQ(0, wire(&self->irq, 0, 1, &self->irq.fds[0]));
	expect_wired(_metadata, &self->irq, 1);
}

TEST_F(irq, a_full_eventfd_does_no_harm)
{
	const __u64 most = 0xfffffffffffffffe;
	__u32 i;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	ASSERT_EQ(sizeof(most), write(self->irq.fds[0], &most, sizeof(most)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	EXPECT_LE(most, take(self->irq.fds[0]));
	for (i = 1; i < self->irq.num; i++)
		EXPECT_EQ(3, take(self->irq.fds[i]));
	expect_wired(_metadata, &self->irq, self->irq.num);
}

TEST_F(irq, a_reset_leaves_the_vectors_wired)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	int ret;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	ret = call(self->irq.f.fd, ZPCIFD_RESET, &reset);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "the provider of %s does not offer RESET", self->irq.f.path);
	EXPECT_EQ(0, ret);
	expect_wired(_metadata, &self->irq, self->irq.num);
}

TEST_F(irq, nothing_is_wired_after_the_owner_was_closed)
{
	__u32 v;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	close(self->irq.f.fd);
	self->irq.f.fd = open(self->irq.f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-ENOTCONN, trigger(&self->irq, 0, self->irq.num));
	EXPECT_EQ(-ENOTCONN, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	ASSERT_EQ(0, function_bind(&self->irq.f));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	for (v = 0; v < self->irq.num; v++)
		EXPECT_EQ(0, take(self->irq.fds[v]));
	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	expect_wired(_metadata, &self->irq, self->irq.num);
}

TEST_F_TIMEOUT(irq, a_hundred_thousand_triggers_are_all_counted, SLOW)
{
	__u32 i, v, errors = 0, wrong = 0;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	for (i = 1; i <= MANY / self->irq.num; i++) {
		errors += trigger(&self->irq, 0, self->irq.num) != 0;
		if (i % 100)
			continue;
		for (v = 0; v < self->irq.num; v++)
			wrong += take(self->irq.fds[v]) != 100;
	}
	EXPECT_EQ(0, errors);
	EXPECT_EQ(0, wrong);
	for (v = 0; v < self->irq.num; v++)
		EXPECT_EQ((i - 1) % 100, take(self->irq.fds[v]));
	expect_wired(_metadata, &self->irq, self->irq.num);
}

/**
 * struct shooter - A thread that triggers vector 0 again and again
 * @irq: The interrupts of the function
 * @count: How often
 * @errors: Calls that failed
 * @done: It is ready
 */
struct shooter {
	struct irq *irq;
	__u32 count;
	__u32 errors;
	bool done;
	pthread_t thread;
};

static void *shoot(void *data)
{
	struct shooter *s = data;
	__u32 i;

	for (i = 0; i < s->count; i++)
		s->errors += trigger(s->irq, 0, 1) != 0;
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_shooting(const struct shooter *s)
{
	return !__atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

TEST_F_TIMEOUT(irq, vectors_come_and_go_while_another_fires, SLOW)
{
	struct shooter s = { .irq = &self->irq, .count = MANY_THREADED };
	__u32 v, rounds = 0;

	ASSERT_LT(1, self->irq.num);
	ASSERT_EQ(0, wire(&self->irq, 0, 1, &self->irq.fds[0]));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, shoot, &s));
	while (is_shooting(&s)) {
		for (v = 1; v < self->irq.num; v++) {
			EXPECT_EQ(0, wire(&self->irq, v, 1, &self->irq.fds[v]));
			EXPECT_EQ(0, trigger(&self->irq, v, 1));
			EXPECT_EQ(1, take(self->irq.fds[v]));
		}
		for (v = 1; v < self->irq.num; v++) {
			EXPECT_EQ(0, wire(&self->irq, v, 1, NULL));
			EXPECT_EQ(0, trigger(&self->irq, v, 1));
			EXPECT_EQ(0, take(self->irq.fds[v]));
		}
		rounds++;
	}
	pthread_join(s.thread, NULL);
	TH_LOG("%u rounds", rounds);
	EXPECT_LT(0, rounds);
	EXPECT_EQ(0, s.errors);
	EXPECT_EQ(MANY_THREADED, take(self->irq.fds[0]));
}

TEST_F_TIMEOUT(irq, no_trigger_is_lost_while_the_eventfd_is_replaced, SLOW)
{
	struct shooter s = { .irq = &self->irq, .count = MANY_THREADED };
	const int fds[2] = { self->irq.fds[0], new_eventfd() };
	__u32 rounds = 0, used[2] = { 0 };
	__u64 sum = 0;

	ASSERT_LE(0, fds[1]);
	ASSERT_EQ(0, wire(&self->irq, 0, 1, &fds[0]));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, shoot, &s));
	while (is_shooting(&s)) {
		__u32 old = rounds % 2;
		__u64 count;

		EXPECT_EQ(0, wire(&self->irq, 0, 1, &fds[!old]));
		/* Nobody signals the old one any more once the call is done */
		count = take(fds[old]);
		EXPECT_EQ(0, take(fds[old]));
		used[old] += !!count;
		sum += count;
		rounds++;
	}
	pthread_join(s.thread, NULL);
	sum += take(fds[0]) + take(fds[1]);
	TH_LOG("%u rounds", rounds);
	EXPECT_LT(0, used[0]);
	EXPECT_LT(0, used[1]);
	EXPECT_EQ(0, s.errors);
	EXPECT_EQ(MANY_THREADED, sum);
	close(fds[1]);
}

/* A sleeper that a trigger does not wake would never wake up: alarm() ends it */
TEST_F_TIMEOUT(irq, every_trigger_wakes_who_sleeps, SLOW)
{
	struct shooter s = { .irq = &self->irq, .count = MANY_THREADED };
	const int fd = eventfd(0, EFD_CLOEXEC);
	__u64 count, sum = 0;
	__u32 wakes = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, wire(&self->irq, 0, 1, &fd));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, shoot, &s));
	while (sum < s.count) {
		ASSERT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
		sum += count;
		wakes++;
	}
	pthread_join(s.thread, NULL);
	TH_LOG("woke %u times", wakes);
	EXPECT_EQ(s.count, sum);
	EXPECT_EQ(0, s.errors);
	close(fd);
}

TEST_HARNESS_MAIN
