// SPDX-License-Identifier: GPL-2.0
/*
 * A function that goes away while files and rings are open: ENODEV, and nothing
 * else. A simulated function is told to by configfs, a physical one loses its
 * driver. Every test brings it back.
 */
#include <glob.h>
#include <poll.h>
#include <pthread.h>

#include "sim_log.h"
#include "submit.h"

#define PCI_DRIVER "/sys/bus/pci/drivers/zpcifd"

FIXTURE(unplug)
{
	struct function f;
	struct ring r;
	bool simulated;
	/* Directory in configfs, or PCI address */
	char name[256];
	char path[512];
};

SUBMISSION_VARIANTS(unplug);

static int unplug(const struct _test_data_unplug *self)
{
	char path[512];

	if (!self->simulated)
		return file_write(PCI_DRIVER "/unbind", self->name);
	snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/live", self->name);
	return file_write(path, "0");
}

/* Brings the function back and finds what its device file is called now */
static int plug(struct _test_data_unplug *self)
{
	char path[512], text[256];
	glob_t found;
	int ret;

	if (!self->simulated) {
		ret = file_write(PCI_DRIVER "/bind", self->name);
		if (ret)
			return ret;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/zpcifd/zpci*", self->name);
		if (glob(path, 0, NULL, &found))
			return -ENOENT;
		snprintf(text, sizeof(text), "%s", strrchr(found.gl_pathv[0], '/') + 1);
		globfree(&found);
	} else {
		snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/live", self->name);
		ret = file_write(path, "1");
		if (ret)
			return ret;
		snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/name", self->name);
		ret = file_read(path, text, sizeof(text));
		if (ret)
			return ret;
	}
	snprintf(self->path, sizeof(self->path), "/dev/zpci/%.200s", text);
	return 0;
}

FIXTURE_SETUP(unplug)
{
	char path[512], link[256];
	ssize_t len;

	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	self->simulated = is_simulated(&self->f);
	if (self->simulated) {
		ASSERT_EQ(0, sim_directory(&self->f, self->name, sizeof(self->name)));
	} else {
		snprintf(path, sizeof(path), "/sys/class/zpcifd/%s/device",
			 function_name(&self->f));
		len = readlink(path, link, sizeof(link) - 1);
		ASSERT_LT(0, len);
		link[len] = 0;
		snprintf(self->name, sizeof(self->name), "%s", basename(link));
	}
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));
	ring_open(_metadata, self->f.fd, &self->r, 16, 16, TEST_PAGE);
}

/* With nothing open any more, the function is back under its name, and works */
FIXTURE_TEARDOWN(unplug)
{
	ring_close(&self->r);
	function_close(&self->f);
	unplug(self);
	EXPECT_EQ(0, plug(self));
	EXPECT_STREQ(self->f.path, self->path);
	function_open_bound(_metadata, &self->f);
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

static void expect_gone(struct __test_metadata *_metadata, const struct function *open)
{
	struct zpcifd_irq_set irq = { .size = sizeof(irq), .type = ZPCIFD_IRQ_MSIX };
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	struct zpcifd_ring_create layout;
	struct function f = *open;

	EXPECT_EQ(-ENODEV, function_info(f.fd, &f.info));
	EXPECT_EQ(-ENODEV, function_bind(&f));
	EXPECT_EQ(-ENODEV, function_attach(&f, f.ioas));
	EXPECT_EQ(-ENODEV, function_replace(&f, f.ioas));
	EXPECT_EQ(-ENODEV, function_detach(&f));
	EXPECT_EQ(-ENODEV, ring_create(f.fd, 1, 1, 0, &layout));
	EXPECT_EQ(-ENODEV, call(f.fd, ZPCIFD_IRQ_SET, &irq));
	EXPECT_EQ(-ENODEV, call(f.fd, ZPCIFD_RESET, &reset));
}

TEST_F(unplug, every_call_on_every_open_file_gives_ENODEV_and_DMA_is_given_back)
{
	struct pollfd pfd = { .fd = self->r.fd, .events = POLLIN | POLLOUT };
	struct function other = self->f;
	struct zpcifd_cqe cqe = {};

	other.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other.fd);
	ring_push(&self->r, sqe_user(sqe_id(), 1));
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	ring_push(&self->r, sqe_id());

	ASSERT_EQ(0, unplug(self));
	expect_gone(_metadata, &self->f);
	expect_gone(_metadata, &other);
	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 1));
	EXPECT_EQ(1, poll(&pfd, 1, -1));
	EXPECT_NE(0, pfd.revents & POLLHUP);
	/* The ring's memory is still there, and what had completed */
	memset(self->r.data, 0xff, TEST_PAGE);
	EXPECT_TRUE(ring_pop(&self->r, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	/* Nothing uses the address space, and nobody can open the function */
	EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, self->f.ioas));
	EXPECT_EQ(-1, open(self->f.path, O_RDWR | O_CLOEXEC));
	close(other.fd);
}

TEST_F(unplug, a_function_that_comes_back_does_not_bring_old_files_back)
{
	struct function again = self->f;

	ASSERT_EQ(0, unplug(self));
	ASSERT_EQ(0, plug(self));
	/* It has another name, as the old one is still open */
	EXPECT_STRNE(self->f.path, self->path);
	again.fd = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, again.fd);
	EXPECT_EQ(0, function_bind(&again));
	expect_works(_metadata, again.fd);
	expect_gone(_metadata, &self->f);
	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 1));
	close(again.fd);
}

struct user {
	struct _test_data_unplug *self;
	pid_t tid;
	long rounds;
	int ret;
};

static void wait_until_asleep(const struct user *u)
{
	char path[64], text[256], *state;
	pid_t tid;

	while (!(tid = __atomic_load_n(&u->tid, __ATOMIC_ACQUIRE)))
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	do {
		sched_yield();
		if (file_read(path, text, sizeof(text)))
			return;
		state = strrchr(text, ')');
	} while (state && state[2] != 'S');
}

static void wait_for_rounds(const struct user *u, long rounds)
{
	while (__atomic_load_n(&u->rounds, __ATOMIC_ACQUIRE) < rounds)
		sched_yield();
}

static void *wait_in_poll(void *data)
{
	struct user *u = data;
	struct pollfd pfd = { .fd = u->self->r.fd, .events = POLLIN };

	__atomic_store_n(&u->tid, gettid(), __ATOMIC_RELEASE);
	u->ret = poll(&pfd, 1, -1) == 1 ? pfd.revents : -1;
	return NULL;
}

TEST_F(unplug, a_waiter_wakes)
{
	struct user u = { .self = self };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_in_poll, &u));
	wait_until_asleep(&u);
	ASSERT_EQ(0, unplug(self));
	pthread_join(thread, NULL);
	EXPECT_NE(0, u.ret & POLLHUP);
}

/*
 * Submits until ENTER fails. While the function goes, an instruction may still
 * meet condition code 3.
 */
static void *submit(void *data)
{
	struct user *u = data;
	struct ring *r = &u->self->r;
	struct zpcifd_cqe cqe = {};

	do {
		__atomic_add_fetch(&u->rounds, 1, __ATOMIC_RELEASE);
		ring_push(r, sqe_id());
		u->ret = ring_enter(r, 1);
		while (ring_pop(r, &cqe))
			if (cqe.res && cqe.res != -ENODEV)
				return NULL;
	} while (u->ret == 1);
	return NULL;
}

TEST_F(unplug, a_submitter_meets_ENODEV)
{
	struct user u = { .self = self };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, submit, &u));
	wait_for_rounds(&u, 100);
	ASSERT_EQ(0, unplug(self));
	pthread_join(thread, NULL);
	EXPECT_EQ(-ENODEV, u.ret);
}

TEST_F(unplug, a_function_that_is_pulled_out_in_a_batch_completes_the_rest_with_ENODEV)
{
	struct pollfd pfd = { .fd = self->r.fd, .events = POLLPRI };
	struct zpcifd_cqe cqe = {};
	char path[512];
	int taken, i;

	if (!self->simulated)
		SKIP(return, "a physical function cannot be pulled out at a given instruction");
	snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/fault_remove", self->name);
	ASSERT_EQ(0, file_write(path, "5"));
	for (i = 0; i < 16; i++)
		ring_push(&self->r, sqe_user(sqe_id(), i));
	/* The batch may be cut short */
	taken = ring_enter(&self->r, INT_MAX);
	EXPECT_LE(5, taken);
	for (i = 0; i < taken; i++) {
		ASSERT_TRUE(ring_pop(&self->r, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(i < 4 ? 0 : -ENODEV, cqe.res);
		EXPECT_EQ(i < 4 ? 0 : 3, cqe.cc);
	}
	EXPECT_FALSE(ring_pop(&self->r, &cqe));
	/* Nobody but the function itself ended it */
	EXPECT_EQ(1, poll(&pfd, 1, -1));
	EXPECT_NE(0, pfd.revents & POLLHUP);
	/* The ring hangs up as it begins to part from the function */
	while (!(taken = ring_enter(&self->r, 0)))
		sched_yield();
	EXPECT_EQ(-ENODEV, taken);
}

/* Calls what the owner may call, until one of the calls finds the function gone */
static void *own(void *data)
{
	struct user *u = data;
	struct function f = u->self->f;
	struct zpcifd_ring_create layout;

	do {
		__atomic_add_fetch(&u->rounds, 1, __ATOMIC_RELEASE);
		u->ret = function_info(f.fd, &f.info);
		if (!u->ret)
			u->ret = function_detach(&f);
		if (!u->ret)
			u->ret = function_attach(&f, f.ioas);
		if (!u->ret)
			u->ret = ring_create(f.fd, 4, 4, TEST_PAGE, &layout);
		if (!u->ret)
			close(layout.out_fd);
	} while (!u->ret);
	return NULL;
}

TEST_F(unplug, an_owner_meets_ENODEV_whatever_it_is_doing)
{
	struct user owner = { .self = self }, submitter = { .self = self };
	pthread_t threads[2];

	ASSERT_EQ(0, pthread_create(&threads[0], NULL, own, &owner));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, submit, &submitter));
	wait_for_rounds(&owner, 5);
	wait_for_rounds(&submitter, 20);
	ASSERT_EQ(0, unplug(self));
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	EXPECT_EQ(-ENODEV, owner.ret);
	EXPECT_EQ(-ENODEV, submitter.ret);
}

TEST_HARNESS_MAIN
