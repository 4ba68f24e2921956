// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts that a function raises: those of a virtio-blk function, which
 * raises exactly one for each request that it is done with.
 *
 * Every request is alone in flight, so an interrupt too few or too many is seen
 * with the request that it belongs to. The environment variable
 * ZPCIFD_INTERRUPTS tells how many there are to be: in an emulated machine that
 * shares its host, 100,000 take minutes.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "virtio_disk.h"

/* Interrupts of the test that does nothing else, and of each other one */
#define DEFAULT_INTERRUPTS 20000
#define INTERRUPTS_THREADED 5000

/* Seconds that a test may take on a busy machine that emulates another one */
#define SLOW 600

/* How long an interrupt is waited for that should be there by then */
#define PATIENCE_MS 10000

/* The library is for one thread, this may be called by others meanwhile */
static int wire(const struct disk *disk, __u32 vector, int fd)
{
	struct zpcifd_irq_set cmd = {
		.size = sizeof(cmd), .type = ZPCIFD_IRQ_MSIX, .first = vector, .count = 1,
		.eventfds = (uintptr_t)&fd,
	};

	return call(zpcifd_fd(disk->vf.zf), ZPCIFD_IRQ_SET, &cmd);
}

/* What an eventfd has counted since it was last asked */
static __u64 take(int fd)
{
	__u64 count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/*
 * Interrupts that came to either of two eventfds, as soon as there are some, or
 * 0 if none came. Waits asleep or awake: a sleeper may be woken too late, who is
 * awake may look too early.
 */
static __u64 await(int fd, int other, bool asleep)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = other, .events = POLLIN },
	};
	const __u64 end = now_ms() + PATIENCE_MS;
	__u64 count;

	do {
		if (asleep)
			poll(fds, 2, PATIENCE_MS);
		else
			sched_yield();
		count = take(fd) + (other < 0 ? 0 : take(other));
	} while (!count && now_ms() < end);
	return count;
}

/**
 * struct tally - What went wrong
 * @lost: Requests without an interrupt
 * @spurious: Interrupts beyond one for a request, or before it was done
 * @failed: Requests that failed
 * @interrupts: All that came
 */
struct tally {
	__u32 lost;
	__u32 spurious;
	__u32 failed;
	__u64 interrupts;
};

/* One request after the other, awake in every eighth */
static void run(struct disk *disk, __u32 requests, int other, struct tally *t)
{
	__u32 i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < requests && !t->lost && !t->failed; i++) {
		__u64 count;

		t->failed += disk_ask(disk) != 0;
		count = await(disk->vq.irqfd, other, i % 8 != 0);
		t->interrupts += count;
		t->lost += !count;
		t->spurious += count > 1 || !disk_is_done(disk);
		t->failed += disk_finish(disk) != 0;
	}
	/* One that comes late would be one too many */
	usleep(50000);
	t->spurious += take(disk->vq.irqfd) + (other < 0 ? 0 : take(other));
}

FIXTURE(virtio)
{
	struct disk disk;
};

FIXTURE_SETUP(virtio)
{
	struct disk *disk = &self->disk;
	struct virtio_function *vf = &disk->vf;
	struct function f = { .fd = -1 };
	int ret;

	function_open(_metadata, &f);
	function_close(&f);
	if (is_simulated(&f))
		SKIP(return, "a simulated function has no virtio");
	ret = disk_open(disk, f.path);
	if (ret == -ENODEV)
		SKIP(return, "%s", vf->why);
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", vf->why);
	}
}

FIXTURE_TEARDOWN(virtio)
{
	struct virtio_function *vf = &self->disk.vf;

	EXPECT_EQ(0, virtio_reset(vf));
	disk_free(&self->disk);
	EXPECT_STREQ("", vf->why);
	virtio_close(vf);
}

TEST_F_TIMEOUT(virtio, each_request_has_exactly_one_interrupt, SLOW)
{
	const char *wanted = getenv("ZPCIFD_INTERRUPTS");
	const __u32 num = wanted ? strtoul(wanted, NULL, 0) : DEFAULT_INTERRUPTS;
	struct tally t;

	ASSERT_LT(0, num);
	run(&self->disk, num, -1, &t);
	TH_LOG("%llu interrupts", (unsigned long long)t.interrupts);
	EXPECT_EQ(0, t.failed);
	EXPECT_EQ(0, t.lost);
	EXPECT_EQ(0, t.spurious);
	EXPECT_EQ(num, t.interrupts);
	EXPECT_EQ(num, self->disk.vf.stats.chains);
}

/**
 * struct wirer - A thread that calls IRQ_SET again and again
 * @disk: The function
 * @vectors: Which vectors it wires
 * @num: How many these are
 * @fds: To what, by turns
 * @rounds: How often it did
 * @errors: Calls that failed
 * @stop: It shall end
 */
struct wirer {
	struct disk *disk;
	__u32 vectors[2];
	__u32 num;
	int fds[2];
	__u32 rounds;
	__u32 errors;
	bool stop;
	pthread_t thread;
};

static void *wire_all(void *data)
{
	struct wirer *w = data;
	__u32 i;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		w->rounds++;
		for (i = 0; i < w->num; i++)
			w->errors += wire(w->disk, w->vectors[i], w->fds[w->rounds % 2]) != 0;
	}
	return NULL;
}

static void run_with(struct __test_metadata *_metadata, struct wirer *w, int other)
{
	struct tally t;

	ASSERT_EQ(0, pthread_create(&w->thread, NULL, wire_all, w));
	run(w->disk, INTERRUPTS_THREADED, other, &t);
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	pthread_join(w->thread, NULL);
	TH_LOG("%u rounds", w->rounds);
	EXPECT_LT(2, w->rounds);
	EXPECT_EQ(0, w->errors);
	EXPECT_EQ(0, t.failed);
	EXPECT_EQ(0, t.lost);
	EXPECT_EQ(0, t.spurious);
	EXPECT_EQ(INTERRUPTS_THREADED, t.interrupts);
}

TEST_F_TIMEOUT(virtio, no_interrupt_is_lost_while_its_eventfd_is_replaced, SLOW)
{
	struct wirer w = {
		.disk = &self->disk, .vectors = { VECTOR }, .num = 1,
		.fds = { self->disk.vq.irqfd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) },
	};

	ASSERT_LE(0, w.fds[1]);
	run_with(_metadata, &w, w.fds[1]);
	close(w.fds[1]);
}

TEST_F_TIMEOUT(virtio, no_interrupt_is_lost_while_other_vectors_come_and_go, SLOW)
{
	struct wirer w = {
		.disk = &self->disk, .vectors = { 0, VECTOR + 1 }, .num = 2,
		.fds = { eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), -1 },
	};

	ASSERT_LE(0, w.fds[0]);
	ASSERT_LT(VECTOR + 1, zpcifd_info(self->disk.vf.zf)->out_msix_vectors);
	run_with(_metadata, &w, -1);
	EXPECT_EQ(0, take(w.fds[0]));
	close(w.fds[0]);
}

TEST_F_TIMEOUT(virtio, an_interrupt_of_a_parted_vector_arrives_when_it_is_wired_again, SLOW)
{
	struct disk *disk = &self->disk;
	struct pollfd irqfd = { .fd = disk->vq.irqfd, .events = POLLIN };
	struct tally t;
	__u32 i, ms;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, wire(disk, VECTOR, -1));
		ASSERT_EQ(0, disk_ask(disk));
		for (ms = 0; !disk_is_done(disk) && ms < PATIENCE_MS; ms++)
			usleep(1000);
		ASSERT_EQ(0, disk_finish(disk));
		ASSERT_EQ(0, take(disk->vq.irqfd));
		ASSERT_EQ(0, wire(disk, VECTOR, disk->vq.irqfd));
		ASSERT_EQ(1, poll(&irqfd, 1, PATIENCE_MS));
		ASSERT_EQ(1, take(disk->vq.irqfd));
		run(disk, 5, -1, &t);
		ASSERT_EQ(0, t.failed);
		ASSERT_EQ(0, t.lost);
		ASSERT_EQ(0, t.spurious);
	}
}

TEST_F(virtio, interrupts_work_after_all_were_off)
{
	struct disk *disk = &self->disk;
	struct tally t;
	__u32 i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, wire(disk, VECTOR, -1));
		ASSERT_EQ(0, wire(disk, 0, -1));
		ASSERT_EQ(0, wire(disk, VECTOR, disk->vq.irqfd));
		ASSERT_EQ(0, wire(disk, 0, disk->vf.config_irqfd));
		run(disk, 10, -1, &t);
		ASSERT_EQ(0, t.failed);
		ASSERT_EQ(0, t.spurious);
		ASSERT_EQ(10, t.interrupts);
	}
}

TEST_HARNESS_MAIN
