// SPDX-License-Identifier: GPL-2.0
/*
 * A function that is unplugged while a process owns it and uses all of it:
 * everybody finds out, nobody waits, and the function is gone although its files
 * are still open. It is not there any more when this program ends.
 *
 * QEMU takes the function out when a line of this program's output asks for it:
 * the environment variable ZPCIFD_UNPLUG has QEMU's name of the function. A
 * variant has the guest give it up by its slot's power instead.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "../netlink_test.h"
#include "../virtio_disk.h"

#define ENTRIES 32

/* What everybody has done before the function is unplugged */
#define ROUNDS 20

/* For how long something is waited for that must come, in seconds */
#define PATIENCE 60

FIXTURE(hotplug)
{
	struct netlink n;
	struct disk disk;
	/* A ring beside the one that the disk's driver uses, and its eventfd */
	struct ring ring;
	int completions;
};

FIXTURE_VARIANT(hotplug)
{
	__u32 ring_flags;
	bool power;
};

FIXTURE_VARIANT_ADD(hotplug, ENTER)
{
	.ring_flags = 0,
};

FIXTURE_VARIANT_ADD(hotplug, SQPOLL)
{
	.ring_flags = ZPCIFD_RING_SQPOLL,
};

FIXTURE_VARIANT_ADD(hotplug, power)
{
	.power = true,
};

FIXTURE_SETUP(hotplug)
{
	struct zpcifd_ring_create *layout = &self->ring.layout;
	int ret;

	netlink_open(_metadata, &self->n);
	ret = disk_open(&self->disk, self->n.f.path);
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", self->disk.vf.why);
	}
	self->completions = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->completions);
	*layout = (struct zpcifd_ring_create){
		.size = sizeof(*layout),
		.flags = ZPCIFD_RING_EVENTFD | variant->ring_flags,
		.sq_entries = ENTRIES,
		.cq_entries = ENTRIES,
		.data_len = TEST_PAGE,
		.eventfd = self->completions,
	};
	ASSERT_EQ(0, call(zpcifd_fd(self->disk.vf.zf), ZPCIFD_RING_CREATE, layout));
	self->ring.fd = layout->out_fd;
	ASSERT_EQ(0, ring_map(&self->ring));
	listen_to_events(_metadata, &self->n);
}

/* What belongs to a function that is gone can be given up like any other */
FIXTURE_TEARDOWN(hotplug)
{
	self->disk.vf.why[0] = 0;
	disk_free(&self->disk);
	EXPECT_STREQ("", self->disk.vf.why);
	virtio_close(&self->disk.vf);
	ring_close(&self->ring);
	close(self->completions);
	netlink_close(&self->n);
}

/* Who uses the function when it goes */
struct user {
	const char *what;
	/* Returns when the function is gone: 0, or a negative errno for a surprise */
	int (*use)(struct _test_data_hotplug *self, unsigned long *rounds);
	struct _test_data_hotplug *self;
	unsigned long rounds;
	int ret;
	pthread_t thread;
};

static void *use(void *data)
{
	struct user *u = data;

	u->ret = u->use(u->self, &u->rounds);
	return NULL;
}

static void count(unsigned long *rounds)
{
	__atomic_add_fetch(rounds, 1, __ATOMIC_RELAXED);
}

static bool hung_up(const struct ring *r)
{
	struct pollfd pfd = { .fd = r->fd };

	return poll(&pfd, 1, 0) == 1 && pfd.revents == (POLLERR | POLLHUP);
}

/* What an instruction to a function that goes may meet */
static bool is_gone(const struct zpcifd_cqe *cqe)
{
	return cqe->res == -ENODEV &&
	       (cqe->flags == ZPCIFD_CQE_ISSUED ? cqe->cc == 3 : !cqe->cc);
}

/* Batches; with ENTER they have completed when it returns, with SQPOLL later */
static int run_batches(struct _test_data_hotplug *self, unsigned long *rounds)
{
	struct ring *r = &self->ring;
	struct zpcifd_cqe cqe;
	int i, ret;

	do {
		for (i = 0; i < ENTRIES; i++)
			ring_push(r, sqe_id());
		do {
			ret = ring_enter(r, INT_MAX);
			while (ring_pop(r, &cqe))
				if (cqe.res && !is_gone(&cqe))
					return cqe.res;
		} while (ret >= 0 && __atomic_load_n(&r->header->sq_head, __ATOMIC_ACQUIRE) !=
				     r->header->sq_tail);
		count(rounds);
	} while (ret >= 0);
	return ret == -ENODEV ? 0 : ret;
}

static int await_interrupt(int irqfd)
{
	struct pollfd pfd = { .fd = irqfd, .events = POLLIN };
	eventfd_t interrupts;

	return poll(&pfd, 1, -1) == 1 && !eventfd_read(irqfd, &interrupts) ? 0 : -errno;
}

/* Requests with DMA, each with its interrupt */
static int use_disk(struct _test_data_hotplug *self, unsigned long *rounds)
{
	struct disk *disk = &self->disk;
	int ret;

	do {
		ret = disk_ask(disk);
		if (!ret)
			ret = await_interrupt(disk->vq.irqfd);
		if (!ret)
			ret = disk_finish(disk);
		count(rounds);
	} while (!ret);
	/* It was woken, but not for the request: why, the next one tells */
	if (ret == -EAGAIN)
		ret = disk_ask(disk);
	return ret == -ENODEV ? 0 : ret ?: -EPROTO;
}

/* The change of a disk's configuration, which does not come */
static int await_change(struct _test_data_hotplug *self, unsigned long *rounds)
{
	*rounds = ROUNDS;
	return await_interrupt(self->disk.vf.config_irqfd);
}

static int await_completions(struct _test_data_hotplug *self, unsigned long *rounds)
{
	eventfd_t batches;

	do {
		if (eventfd_read(self->completions, &batches))
			return -errno;
		count(rounds);
	} while (!hung_up(&self->ring));
	return 0;
}

static int await_hang_up(struct _test_data_hotplug *self, unsigned long *rounds)
{
	struct pollfd pfd = { .fd = self->ring.fd };

	*rounds = ROUNDS;
	if (poll(&pfd, 1, -1) != 1)
		return -errno;
	return pfd.revents == (POLLERR | POLLHUP) ? 0 : -EPROTO;
}

static void pull_out(struct __test_metadata *_metadata, const struct function *f, bool power)
{
	const char *name = getenv("ZPCIFD_UNPLUG");
	char path[64];

	if (power) {
		snprintf(path, sizeof(path), "/sys/bus/pci/slots/%08x/power", f->info.out_fid);
		ASSERT_EQ(0, file_write(path, "0"));
		return;
	}
	ASSERT_NE(NULL, name);
	printf("rig: unplug %s\n", name);
	fflush(stdout);
}

/* The platform has its function back: the slot is gone, or without power */
static bool is_unplugged(const struct function *f, bool power)
{
	char path[64], text[8] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/slots/%08x/power", f->info.out_fid);
	if (!power)
		return access(path, F_OK);
	return !file_read(path, text, sizeof(text)) && !strcmp(text, "0");
}

static void expect_gone(struct __test_metadata *_metadata, struct function *f)
{
	struct zpcifd_irq_set irq = { .size = sizeof(irq), .type = ZPCIFD_IRQ_MSIX };
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	struct zpcifd_ring_create layout;

	EXPECT_EQ(-ENODEV, function_info(f->fd, &f->info));
	EXPECT_EQ(-ENODEV, function_bind(f));
	EXPECT_EQ(-ENODEV, function_attach(f, 0));
	EXPECT_EQ(-ENODEV, function_replace(f, 0));
	EXPECT_EQ(-ENODEV, function_detach(f));
	EXPECT_EQ(-ENODEV, ring_create(f->fd, 1, 1, 0, &layout));
	EXPECT_EQ(-ENODEV, call(f->fd, ZPCIFD_IRQ_SET, &irq));
	EXPECT_EQ(-ENODEV, call(f->fd, ZPCIFD_RESET, &reset));
}

static void expect_events(struct __test_metadata *_metadata, struct netlink *n)
{
	struct answer event;

	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_OWNER, event.cmd);
	EXPECT_FALSE(event.owned);
	expect_function(_metadata, n, &event);
	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_REMOVED, event.cmd);
	expect_function(_metadata, n, &event);
	EXPECT_EQ(-EAGAIN, next_event(_metadata, n, &event));
}

TEST_F_TIMEOUT(hotplug, everybody_finds_out_and_the_function_goes_while_its_files_are_open,
	       3 * PATIENCE)
{
	struct user users[] = {
		{ .what = "batches", .use = run_batches },
		{ .what = "requests and their interrupts", .use = use_disk },
		{ .what = "another vector's eventfd", .use = await_change },
		{ .what = "the ring's eventfd", .use = await_completions },
		{ .what = "poll of the ring", .use = await_hang_up },
	};
	struct function owner = { .fd = zpcifd_fd(self->disk.vf.zf), .iommufd = -1 };
	struct timespec until;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(users); i++) {
		users[i].self = self;
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL, use, &users[i]));
	}
	for (i = 0; i < ARRAY_LEN(users); i++)
		while (__atomic_load_n(&users[i].rounds, __ATOMIC_RELAXED) < ROUNDS)
			sched_yield();

	pull_out(_metadata, &self->n.f, variant->power);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	for (i = 0; i < ARRAY_LEN(users); i++) {
		ASSERT_EQ(0, pthread_timedjoin_np(users[i].thread, NULL, &until)) {
			TH_LOG("%s: still waits after %d s", users[i].what, PATIENCE);
		}
		TH_LOG("%s: %lu times", users[i].what, users[i].rounds);
		EXPECT_EQ(0, users[i].ret) {
			TH_LOG("%s: %s", users[i].what, strerror(-users[i].ret));
		}
	}
	for (i = 0; i < PATIENCE * 100 && !is_unplugged(&self->n.f, variant->power); i++)
		usleep(10000);
	EXPECT_TRUE(is_unplugged(&self->n.f, variant->power));

	expect_gone(_metadata, &owner);
	EXPECT_EQ(-ENODEV, ring_enter(&self->ring, 1));
	EXPECT_TRUE(hung_up(&self->ring));
	/* What is mapped stays, and nobody can open the function */
	memset(self->ring.data, 0xff, TEST_PAGE);
	EXPECT_EQ(-1, open(self->n.f.path, O_RDWR | O_CLOEXEC));
	expect_events(_metadata, &self->n);
}

TEST_HARNESS_MAIN
