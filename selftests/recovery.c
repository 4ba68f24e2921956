// SPDX-License-Identifier: GPL-2.0
/*
 * A function that goes into error, and that the platform recovers: a virtio-blk
 * function that is told to write where no memory is mapped for DMA. What the
 * simulator does on demand, with a real error event.
 *
 * The platform recovers a function as fast as it can: a test that wants to meet
 * it in error may have to cause more than one.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>

#include "netlink_test.h"
#include "submit.h"
#include "virtio_disk.h"

/* Status of condition code 1: in error, and so blocked */
#define STATUS_BLOCKED 12

/* How many errors are caused before an instruction must have met one */
#define TRIES 20

/* How often an owner resets a function in error, or leaves it */
#define ROUNDS 5

/* After so many resets, what is waited for should have happened */
#define MANY 1000

/* Resets that somebody else does, at least, and how much is to happen meanwhile */
#define SYSFS_RESETS 50
#define REWIRINGS 10

/* For how long something is waited for that must come */
#define PATIENCE_MS 20000

/* Seconds that a test may take on a busy machine that emulates another one */
#define SLOW 300

#define ENTRIES 16

/* Of config space */
#define HEADER_WORDS 16
#define COMMAND_WORD 1

/* Of a guest; a thread for one that is not there runs on any */
#define CPUS 2

FIXTURE(recovery)
{
	struct netlink n;
	struct disk disk;
};

SUBMISSION_VARIANTS(recovery);

FIXTURE_SETUP(recovery)
{
	struct disk *disk = &self->disk;
	int ret;

	ring_submission = variant->submission;
	netlink_open(_metadata, &self->n);
	function_close(&self->n.f);
	if (is_simulated(&self->n.f))
		SKIP(return, "a simulated function goes into error when it is told to");
	ret = disk_open(disk, self->n.f.path);
	if (ret == -ENODEV)
		SKIP(return, "%s", disk->vf.why);
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", disk->vf.why);
	}
	listen_to_events(_metadata, &self->n);
}

static __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* The function answers a request, and raises the interrupt */
static int use_disk(struct disk *disk, unsigned int patience_ms)
{
	struct pollfd irq = { .fd = disk->vq.irqfd, .events = POLLIN };
	int ret = disk_ask(disk);

	if (!ret && poll(&irq, 1, patience_ms) != 1)
		ret = -ETIMEDOUT;
	return ret ?: disk_finish(disk);
}

/*
 * Brings a disk back to work that was in error. Its interrupts are those that it
 * had. Its memory is mapped anew: QEMU's functions forget with a reset what was
 * mapped for them before.
 */
static int try_revive(struct disk *disk)
{
	int ret = virtio_negotiate(&disk->vf, 0);

	disk_free(disk);
	if (!ret)
		ret = disk_set_up(disk);
	return ret ?: use_disk(disk, 1000);
}

/* Until no recovery comes in between: not everybody waits for its end */
static void revive(struct __test_metadata *_metadata, struct disk *disk)
{
	const __u64 end = now_ms() + PATIENCE_MS;
	int ret;

	for (;;) {
		disk->vf.why[0] = 0;
		ret = try_revive(disk);
		if (!ret || now_ms() > end)
			break;
		usleep(10000);
	}
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", disk->vf.why);
	}
}

FIXTURE_TEARDOWN(recovery)
{
	revive(_metadata, &self->disk);
	EXPECT_EQ(0, virtio_reset(&self->disk.vf));
	disk_free(&self->disk);
	EXPECT_STREQ("", self->disk.vf.why);
	virtio_close(&self->disk.vf);
	netlink_close(&self->n);
}

/* Lets the function write to the last page that it could be given, and was not */
static void cause_error(struct __test_metadata *_metadata, struct disk *disk)
{
	const __u64 iova = zpcifd_info(disk->vf.zf)->out_end_dma & -(__u64)TEST_PAGE;

	ASSERT_EQ(0, disk_request(disk, iova)) {
		TH_LOG("%s", disk->vf.why);
	}
}

/* The next change of state; what else happens to the function does not count */
static void expect_state(struct __test_metadata *_metadata, struct netlink *n,
			 enum zpcifd_state state)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(n->events), .events = POLLIN };
	struct answer event;

	do {
		ASSERT_EQ(1, poll(&pfd, 1, PATIENCE_MS)) {
			TH_LOG("no event in %u ms", PATIENCE_MS);
		}
		ASSERT_EQ(0, next_event(_metadata, n, &event));
	} while (event.cmd != ZPCIFD_NL_CMD_DEV_STATE);
	ASSERT_EQ(state, event.state);
	expect_function(_metadata, n, &event);
}

/**
 * struct loader - A thread that loads from a function all the time
 * @ring: Its ring
 * @cpu: Where it runs
 * @stop: It shall end
 * @worked: Loads that worked
 * @blocked: Loads that met the function in error
 * @disabled: Loads that met it disabled, as it is in the middle of a reset
 * @odd: The first completion that was none of these
 * @num_odd: How many there were
 * @ret: What entering failed with
 */
struct loader {
	struct ring ring;
	int cpu;
	bool stop;
	unsigned long worked;
	unsigned long blocked;
	unsigned long disabled;
	struct zpcifd_cqe odd;
	unsigned long num_odd;
	int ret;
	pthread_t thread;
};

static void count(struct loader *l, const struct zpcifd_cqe *cqe)
{
	bool clean = cqe->flags == ZPCIFD_CQE_ISSUED && !cqe->retries;

	if (clean && !cqe->res && !cqe->cc && !cqe->status && cqe->data) {
		l->worked++;
	} else if (clean && cqe->res == -EIO && cqe->cc == 1 &&
		   cqe->status == STATUS_BLOCKED && !cqe->data) {
		__atomic_add_fetch(&l->blocked, 1, __ATOMIC_RELAXED);
	} else if (clean && cqe->res == -ENODEV && cqe->cc == 3 && !cqe->data) {
		l->disabled++;
	} else if (!l->num_odd++) {
		l->odd = *cqe;
	}
}

static void *load(void *data)
{
	struct loader *l = data;
	struct zpcifd_cqe cqe;
	unsigned int i;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(l->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED) && l->ret >= 0) {
		for (i = 0; i < ENTRIES; i++)
			ring_push(&l->ring, sqe_id());
		l->ret = ring_enter(&l->ring, INT_MAX);
		while (ring_pop(&l->ring, &cqe))
			count(l, &cqe);
	}
	return NULL;
}

static unsigned long blocked(const struct loader *l)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		sum += __atomic_load_n(&l[cpu].blocked, __ATOMIC_RELAXED);
	return sum;
}

static void start_loads(struct __test_metadata *_metadata, struct loader *l, int fd)
{
	ring_open(_metadata, fd, &l->ring, ENTRIES, ENTRIES, 0);
	ASSERT_EQ(0, pthread_create(&l->thread, NULL, load, l));
}

static void stop_loads(struct __test_metadata *_metadata, struct loader *l)
{
	__atomic_store_n(&l->stop, true, __ATOMIC_RELAXED);
	pthread_join(l->thread, NULL);
	ring_close(&l->ring);
	TH_LOG("loads: %lu worked, %lu blocked, %lu disabled", l->worked, l->blocked,
	       l->disabled);
	EXPECT_LE(0, l->ret);
	EXPECT_EQ(0, l->num_odd) {
		TH_LOG("res %d, cc %u, status %u, flags %u", l->odd.res, l->odd.cc,
		       l->odd.status, l->odd.flags);
	}
}

/* On each CPU, as the platform recovers the function on one of them */
TEST_F_TIMEOUT(recovery, instructions_meet_the_error_until_the_platform_has_recovered_the_function,
	       SLOW)
{
	struct disk *disk = &self->disk;
	struct loader l[CPUS] = {};
	unsigned long worked = 0;
	unsigned int i, cpu;

	for (cpu = 0; cpu < CPUS; cpu++) {
		l[cpu].cpu = cpu;
		start_loads(_metadata, &l[cpu], zpcifd_fd(disk->vf.zf));
	}
	for (i = 0; i < TRIES && !blocked(l); i++) {
		if (i)
			revive(_metadata, disk);
		cause_error(_metadata, disk);
		expect_state(_metadata, &self->n, ZPCIFD_STATE_ERROR);
		expect_state(_metadata, &self->n, ZPCIFD_STATE_ONLINE);
		EXPECT_EQ(ZPCIFD_STATE_ONLINE, get(_metadata, &self->n).state);
	}
	for (cpu = 0; cpu < CPUS; cpu++) {
		stop_loads(_metadata, &l[cpu]);
		worked += l[cpu].worked;
	}
	EXPECT_LT(0, worked);
	EXPECT_LT(0, blocked(l));
}

/* With interrupts wired and memory mapped */
TEST_F_TIMEOUT(recovery, an_owner_may_close_in_error_and_the_next_one_finds_a_function_that_works,
	       SLOW)
{
	struct disk *disk = &self->disk;
	unsigned int i;
	int ret;

	for (i = 0; i < ROUNDS; i++) {
		cause_error(_metadata, disk);
		expect_state(_metadata, &self->n, ZPCIFD_STATE_ERROR);
		virtio_close(&disk->vf);
		close(disk->vq.irqfd);
		munmap(disk->vq.dma.addr, disk->vq.dma.len);
		munmap(disk->memory.addr, disk->memory.len);
		ret = disk_open(disk, self->n.f.path);
		ASSERT_EQ(0, ret) {
			TH_LOG("%s", disk->vf.why);
		}
		expect_state(_metadata, &self->n, ZPCIFD_STATE_ONLINE);
		EXPECT_EQ(0, use_disk(disk, PATIENCE_MS)) {
			TH_LOG("%s", disk->vf.why);
		}
	}
}

/**
 * struct rewirer - A thread that wires vectors and parts them
 * @fd: The function
 * @eventfd: What it wires them to
 * @stop: It shall end
 * @rounds: How often it did
 * @ret: What the kernel failed with
 */
struct rewirer {
	int fd;
	int eventfd;
	bool stop;
	unsigned int rounds;
	int ret;
	pthread_t thread;
};

/* Wires and parts all vectors that there are, again and again */
static void *rewire(void *data)
{
	struct rewirer *w = data;
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq), .type = ZPCIFD_IRQ_MSIX, .count = 2,
	};
	__s32 fds[2];

	irq.eventfds = (uintptr_t)fds;
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED) && !w->ret) {
		fds[0] = w->rounds % 2 ? w->eventfd : -1;
		fds[1] = fds[0];
		w->ret = call(w->fd, ZPCIFD_IRQ_SET, &irq);
		__atomic_add_fetch(&w->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* By the administrator, which the framework does not see */
TEST_F_TIMEOUT(recovery, interrupts_come_and_go_while_somebody_else_resets_the_function, SLOW)
{
	struct rewirer w = {
		.fd = zpcifd_fd(self->disk.vf.zf), .eventfd = self->disk.vq.irqfd,
	};
	char path[128];
	unsigned int i;

	snprintf(path, sizeof(path), "/sys/class/zpcifd/%s/device/reset",
		 function_name(&self->n.f));
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, rewire, &w));
	for (i = 0; i < SYSFS_RESETS ||
	     (i < MANY && __atomic_load_n(&w.rounds, __ATOMIC_RELAXED) < REWIRINGS); i++) {
		EXPECT_EQ(0, file_write(path, "1"));
		/* Or it is hardly ever not being reset */
		usleep(2000);
	}
	__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	pthread_join(w.thread, NULL);
	TH_LOG("%u rounds, %u resets", w.rounds, i);
	EXPECT_LE(REWIRINGS, w.rounds);
	EXPECT_EQ(0, w.ret);
}

/* What config space starts with: all that a reset may lose. False in an error. */
static bool load_header(struct __test_metadata *_metadata, struct ring *ring, __u32 *words)
{
	struct zpcifd_cqe cqe;
	unsigned int i;

	for (i = 0; i < HEADER_WORDS; i++) {
		cqe = ring_run(_metadata, ring, sqe_load(ZPCIFD_AS_CONFIG, 4 * i, 4));
		words[i] = cqe.data;
		if (cqe.res)
			return false;
	}
	return true;
}

/* Looks until an instruction meets the error, or it is over already */
static void await_error(struct __test_metadata *_metadata, struct netlink *n, struct ring *ring)
{
	struct pollfd event = { .fd = nl_socket_get_fd(n->events), .events = POLLIN };
	const __u64 end = now_ms() + PATIENCE_MS;

	while (!ring_run(_metadata, ring, sqe_id()).res && !poll(&event, 1, 0))
		ASSERT_GT(end, now_ms());
}

static void forget_events(struct __test_metadata *_metadata, struct netlink *n)
{
	struct answer event;

	while (!next_event(_metadata, n, &event))
		;
}

/*
 * Each RESET works, or says that the platform is busy with the function. The
 * platform does not recover what was reset before it had a look.
 */
TEST_F_TIMEOUT(recovery, a_RESET_of_a_function_in_error_makes_it_work_again, SLOW)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	__u32 before[HEADER_WORDS], after[HEADER_WORDS];
	struct disk *disk = &self->disk;
	const int fd = zpcifd_fd(disk->vf.zf);
	unsigned int round, i, worked;
	struct ring ring;
	int ret;

	ring_open(_metadata, fd, &ring, 1, 1, 0);
	ASSERT_TRUE(load_header(_metadata, &ring, before));
	for (round = 0; round < ROUNDS; round++) {
		forget_events(_metadata, &self->n);
		cause_error(_metadata, disk);
		await_error(_metadata, &self->n, &ring);
		for (i = 0, worked = 0; !worked && i < MANY; i++) {
			ret = call(fd, ZPCIFD_RESET, &reset);
			worked += !ret;
			EXPECT_TRUE(!ret || ret == -EBUSY || ret == -EIO) {
				TH_LOG("%s", strerror(-ret));
			}
		}
		EXPECT_EQ(1, worked);
		/* The recovery that may come now masters the bus a moment later */
		if (load_header(_metadata, &ring, after)) {
			after[COMMAND_WORD] = before[COMMAND_WORD];
			EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
		}
		revive(_metadata, disk);
		EXPECT_EQ(ZPCIFD_STATE_ONLINE, get(_metadata, &self->n).state);
		EXPECT_TRUE(load_header(_metadata, &ring, after));
		EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	}
	ring_close(&ring);
}

TEST_HARNESS_MAIN
