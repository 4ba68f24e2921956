// SPDX-License-Identifier: GPL-2.0
/*
 * A function that is removed while a process waits for it, submits, or lends it
 * memory: nobody waits for longer than a second, neither the one who uses the
 * function nor the one who removes it. A simulated function of the test's own.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "sim_own.h"
#include "submit.h"

#define OWN SIM_CONFIGFS "/selftest-removal"

/* What must not be exceeded, and when a thread is given up, in milliseconds */
#define LIMIT 1000
#define GIVE_UP 20000

#define IOVA 0x100000000ULL
#define PINNED (16 * TEST_PAGE)

#define ENTRIES 64

FIXTURE(removal)
{
	struct function f;
	struct ring r;
	/* Signalled by the ring and by a vector */
	int completions;
	int interrupts;
	void *memory;
};

/* How the function goes: its attribute live is cleared, or its directory removed */
SUBMISSION_VARIANTS(removal, bool rmdir;);

FIXTURE_VARIANT_ADD(removal, rmdir)
{
	.rmdir = true,
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

FIXTURE_SETUP(removal)
{
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq),
		.type = ZPCIFD_IRQ_MSIX,
		.count = 1,
		.eventfds = (uintptr_t)&self->interrupts,
	};

	ring_submission = variant->submission;
	function_open(_metadata, &self->f);
	if (!is_simulated(&self->f))
		SKIP(return, "a physical function neither stays busy nor pins memory on demand");
	function_close(&self->f);

	/* A test that failed may have left it */
	rmdir(OWN);
	ASSERT_EQ(0, mkdir(OWN, 0755)) {
		TH_LOG(OWN ": %s", strerror(errno));
	}
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	ASSERT_EQ(0, sim_open_function(OWN, &self->f));
	ASSERT_EQ(0, function_bind(&self->f));
	self->memory = mmap(NULL, PINNED, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	ASSERT_EQ(0, ioas_map(self->f.iommufd, self->f.ioas, self->memory, IOVA, PINNED,
			      IOAS_RW));
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));

	self->completions = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->completions);
	self->interrupts = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->interrupts);
	ASSERT_EQ(0, call(self->f.fd, ZPCIFD_IRQ_SET, &irq));
	self->r.layout = (struct zpcifd_ring_create){
		.flags = ZPCIFD_RING_EVENTFD,
		.sq_entries = ENTRIES,
		.cq_entries = ENTRIES,
		.data_len = TEST_PAGE,
		.eventfd = self->completions,
	};
	ASSERT_EQ(0, ring_make(self->f.fd, &self->r, variant->submission));
}

/* Nothing uses the address space any more, and a new function can be made */
FIXTURE_TEARDOWN(removal)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = self->f.ioas, .length = ~0ULL,
	};

	EXPECT_EQ(-ENODEV, function_info(self->f.fd, &self->f.info));
	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 1));
	EXPECT_EQ(0, call(self->f.iommufd, IOMMU_IOAS_UNMAP, &unmap));
	EXPECT_EQ(PINNED, unmap.length);
	EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, self->f.ioas));
	ring_close(&self->r);
	function_close(&self->f);

	if (variant->rmdir)
		ASSERT_EQ(0, mkdir(OWN, 0755));
	EXPECT_EQ(0, sim_set(OWN, "live", "1"));
	EXPECT_EQ(0, sim_open_function(OWN, &self->f));
	EXPECT_EQ(0, function_bind(&self->f));
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
	EXPECT_EQ(0, rmdir(OWN));
}

/* Who uses the function when it goes */
struct user {
	const char *what;
	/* Returns when the function is gone: 0, or a negative errno for a surprise */
	int (*use)(struct _test_data_removal *self);
	struct _test_data_removal *self;
	pid_t tid;
	long long done;
	int ret;
};

static void *use(void *data)
{
	struct user *u = data;

	__atomic_store_n(&u->tid, gettid(), __ATOMIC_RELEASE);
	u->ret = u->use(u->self);
	u->done = now();
	return NULL;
}

/* State of a thread as /proc tells it: R, S, D */
static char state_of(pid_t tid)
{
	char path[64], text[256], *end;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (file_read(path, text, sizeof(text)))
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

static void wait_until_asleep(const struct user *u)
{
	pid_t tid;

	while (!(tid = __atomic_load_n(&u->tid, __ATOMIC_ACQUIRE)))
		usleep(1000);
	while (state_of(tid) == 'R')
		usleep(1000);
}

/*
 * Removes the function and waits for its users. All within the limit, counted
 * from before the removal.
 */
static void remove_and_wait(struct __test_metadata *_metadata,
			    const struct _fixture_variant_removal *variant,
			    struct user *users, pthread_t *threads, unsigned int num)
{
	long long start = now(), removed;
	struct timespec until;
	unsigned int i;

	EXPECT_EQ(0, variant->rmdir ? rmdir(OWN) : sim_set(OWN, "live", "0"));
	removed = now() - start;
	TH_LOG("removed after %lld ms", removed);
	EXPECT_GT(LIMIT, removed);

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += GIVE_UP / 1000;
	for (i = 0; i < num; i++) {
		ASSERT_EQ(0, pthread_timedjoin_np(threads[i], NULL, &until)) {
			TH_LOG("%s: still waits after %d ms", users[i].what, GIVE_UP);
		}
		TH_LOG("%s: done after %lld ms", users[i].what, users[i].done - start);
		EXPECT_EQ(0, users[i].ret) {
			TH_LOG("%s: %s", users[i].what, strerror(-users[i].ret));
		}
		EXPECT_GT(LIMIT, users[i].done - start);
		EXPECT_LE(start, users[i].done);
	}
}

static int wait_in_poll(struct _test_data_removal *self)
{
	struct pollfd pfd = { .fd = self->r.fd, .events = POLLIN };

	if (poll(&pfd, 1, -1) != 1)
		return -errno;
	return pfd.revents & POLLHUP && pfd.revents & POLLERR ? 0 : -EPROTO;
}

static int wait_in_epoll(struct _test_data_removal *self)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = epoll_create1(EPOLL_CLOEXEC), ret = 0;

	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, self->r.fd, &event) ||
	    epoll_wait(fd, &event, 1, -1) != 1)
		ret = -errno;
	else if (!(event.events & EPOLLHUP))
		ret = -EPROTO;
	close(fd);
	return ret;
}

static int wait_for_completions(struct _test_data_removal *self)
{
	eventfd_t count;

	return eventfd_read(self->completions, &count) ? -errno : 0;
}

static int wait_for_interrupts(struct _test_data_removal *self)
{
	eventfd_t count;

	return eventfd_read(self->interrupts, &count) ? -errno : 0;
}

TEST_F_TIMEOUT(removal, whoever_waits_wakes_within_a_second, 120)
{
	struct user users[] = {
		{ .what = "poll", .use = wait_in_poll },
		{ .what = "epoll", .use = wait_in_epoll },
		{ .what = "read of the ring's eventfd", .use = wait_for_completions },
		{ .what = "read of a vector's eventfd", .use = wait_for_interrupts },
	};
	pthread_t threads[ARRAY_LEN(users)];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(users); i++) {
		users[i].self = self;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, use, &users[i]));
	}
	for (i = 0; i < ARRAY_LEN(users); i++)
		wait_until_asleep(&users[i]);
	remove_and_wait(_metadata, variant, users, threads, ARRAY_LEN(users));
}

/* Takes completions; each one must tell that it worked or why it could not */
static int take_completions(struct ring *r, int allowed)
{
	struct zpcifd_cqe cqe;

	while (ring_pop(r, &cqe))
		if (cqe.res && cqe.res != -ENODEV && cqe.res != allowed)
			return cqe.res;
	return 0;
}

static int submit_and_enter(struct _test_data_removal *self, int allowed)
{
	struct ring *r = &self->r;
	int i, ret;

	do {
		for (i = 0; i < ENTRIES / 2; i++)
			ring_push(r, sqe_id());
		do {
			ret = ring_enter(r, INT_MAX);
			if (take_completions(r, allowed))
				return -EPROTO;
		} while (ret >= 0 && __atomic_load_n(&r->header->sq_head, __ATOMIC_ACQUIRE) !=
				     ring_tail(r));
	} while (ret >= 0);
	return ret == -ENODEV ? 0 : ret;
}

static int submit(struct _test_data_removal *self)
{
	return submit_and_enter(self, 0);
}

static int submit_busy(struct _test_data_removal *self)
{
	return submit_and_enter(self, -EBUSY);
}

/* Waits for nothing that does not run in the caller, so that much is under way */
static int submit_ahead(struct _test_data_removal *self)
{
	struct ring *r = &self->r;
	int ret, finished;

	do {
		while (ring_tail(r) - __atomic_load_n(&r->header->sq_head, __ATOMIC_ACQUIRE) <
		       ENTRIES)
			ring_push(r, sqe_id());
		ret = ring_start(r, INT_MAX);
		if (take_completions(r, 0))
			return -EPROTO;
	} while (!ret);
	finished = ring_finish(r);
	if (ret != -ENODEV || take_completions(r, 0))
		return ret;
	return finished == -ENODEV ? 0 : finished;
}

/* One user who submits, with a fault of the function */
static void remove_under(struct __test_metadata *_metadata, struct _test_data_removal *self,
			 const struct _fixture_variant_removal *variant, struct user user)
{
	pthread_t thread;

	user.self = self;
	ASSERT_EQ(0, pthread_create(&thread, NULL, use, &user));
	while (!__atomic_load_n(&user.tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	/* In the middle of a batch by then */
	usleep(100000);
	remove_and_wait(_metadata, variant, &user, &thread, 1);
}

TEST_F_TIMEOUT(removal, whoever_submits_meets_ENODEV_within_a_second, 120)
{
	remove_under(_metadata, self, variant,
		     (struct user){ .what = "submission", .use = submit });
}

TEST_F_TIMEOUT(removal, whoever_submits_without_waiting_meets_ENODEV_within_a_second, 120)
{
	remove_under(_metadata, self, variant,
		     (struct user){ .what = "submission ahead", .use = submit_ahead });
}

TEST_F_TIMEOUT(removal, a_function_that_stays_busy_is_removed_within_a_second, 120)
{
	ASSERT_EQ(0, sim_set(OWN, "fault_busy", "forever"));
	remove_under(_metadata, self, variant,
		     (struct user){ .what = "busy", .use = submit_busy });
}

TEST_F_TIMEOUT(removal, a_function_that_takes_its_time_is_removed_within_a_second, 120)
{
	ASSERT_EQ(0, sim_set(OWN, "fault_delay", "10000"));
	remove_under(_metadata, self, variant,
		     (struct user){ .what = "slow", .use = submit });
}

/* The descriptor that pins, and PINNED to see that it did */
static int pin(struct _test_data_removal *self)
{
	const struct zpcifd_sqe sqes[] = {
		sqe_store(0, 0x18, 8, IOVA), sqe_store(0, 0x20, 4, PINNED),
		sqe_store(0, 0x24, 4, 2), sqe_load(0, 0x2c, 4),
	};
	struct ring *r = &self->r;
	struct zpcifd_cqe cqe = {};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_LEN(sqes); i++)
		ring_push(r, sqes[i]);
	for (i = 0; i < ARRAY_LEN(sqes); i++) {
		while (!ring_ready(r)) {
			ret = ring_enter(r, INT_MAX);
			if (ret < 0)
				return ret;
		}
		ring_pop(r, &cqe);
		if (cqe.res)
			return cqe.res;
	}
	return cqe.data == PINNED ? 0 : -EPROTO;
}

TEST_F_TIMEOUT(removal, memory_that_a_function_pins_is_given_back_within_a_second, 120)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = self->f.ioas, .length = ~0ULL,
	};
	struct user user = { .what = "poll", .use = wait_in_poll, .self = self };
	pthread_t thread;
	long long start;

	ASSERT_EQ(0, pin(self));
	ASSERT_EQ(0, pthread_create(&thread, NULL, use, &user));
	wait_until_asleep(&user);
	remove_and_wait(_metadata, variant, &user, &thread, 1);
	start = now();
	EXPECT_EQ(0, call(self->f.iommufd, IOMMU_IOAS_UNMAP, &unmap));
	EXPECT_GT(LIMIT, now() - start);
	/* As the end of the test finds it */
	EXPECT_EQ(0, ioas_map(self->f.iommufd, self->f.ioas, self->memory, IOVA, PINNED,
			      IOAS_RW));
}

/* Calls whatever the owner may, until one of the calls finds the function gone */
static int own(struct _test_data_removal *self)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq),
		.flags = ZPCIFD_IRQ_TRIGGER,
		.type = ZPCIFD_IRQ_MSIX,
		.count = 1,
	};
	struct zpcifd_ring_create layout;
	int ret;

	do {
		ret = call(self->f.fd, ZPCIFD_RESET, &reset);
		/* It is gone, but still has its owner */
		if (ret == -EIO)
			ret = 0;
		if (!ret)
			ret = call(self->f.fd, ZPCIFD_IRQ_SET, &irq);
		if (!ret)
			ret = function_replace(&self->f, self->f.ioas);
		if (!ret)
			ret = ring_create(self->f.fd, 4, 4, 0, &layout);
		if (!ret)
			close(layout.out_fd);
	} while (!ret);
	return ret == -ENODEV ? 0 : ret;
}

TEST_F_TIMEOUT(removal, an_owner_that_calls_and_submits_at_once_meets_ENODEV_within_a_second, 120)
{
	struct user users[] = {
		{ .what = "calls of the owner", .use = own, .self = self },
		{ .what = "submission", .use = submit, .self = self },
	};
	pthread_t threads[ARRAY_LEN(users)];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(users); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, use, &users[i]));
	usleep(100000);
	remove_and_wait(_metadata, variant, users, threads, ARRAY_LEN(users));
}

TEST_HARNESS_MAIN
