// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family's events
 */
#include <sys/stat.h>

#include "netlink_test.h"
#include "sim_log.h"

FIXTURE(events)
{
	struct netlink n;
};

FIXTURE_SETUP(events)
{
	netlink_open(_metadata, &self->n);
}

FIXTURE_TEARDOWN(events)
{
	netlink_close(&self->n);
}

static void expect_event(struct __test_metadata *_metadata, struct netlink *n,
			 __u8 cmd, bool owned)
{
	struct answer event;

	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(cmd, event.cmd);
	EXPECT_EQ(owned, event.owned);
	EXPECT_EQ(ZPCIFD_STATE_ONLINE, event.state);
	expect_function(_metadata, n, &event);
}

static void expect_no_event(struct __test_metadata *_metadata, struct netlink *n)
{
	struct answer event;

	EXPECT_EQ(-EAGAIN, next_event(_metadata, n, &event));
}

static int reset(struct netlink *n)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };

	return call(n->f.fd, ZPCIFD_RESET, &reset);
}

TEST_F(events, bind_reset_and_close)
{
	struct netlink *n = &self->n;
	struct function second = n->f;

	listen_to_events(_metadata, n);
	/* What fails or changes nothing is no event */
	EXPECT_EQ(-ENOTCONN, reset(n));
	get(_metadata, n);
	expect_no_event(_metadata, n);

	ASSERT_EQ(0, function_bind(&n->f));
	expect_event(_metadata, n, ZPCIFD_NL_CMD_DEV_OWNER, true);
	EXPECT_EQ(-EBUSY, function_bind(&second));
	expect_no_event(_metadata, n);
	EXPECT_EQ(0, reset(n));
	expect_event(_metadata, n, ZPCIFD_NL_CMD_DEV_RESET, true);
	function_close(&n->f);
	expect_event(_metadata, n, ZPCIFD_NL_CMD_DEV_OWNER, false);
	expect_no_event(_metadata, n);
}

/* Everybody may listen */
TEST_F(events, for_everybody)
{
	struct netlink *n = &self->n;

	ASSERT_EQ(0, function_bind(&n->f));
	ASSERT_EQ(0, be_nobody());
	listen_to_events(_metadata, n);
	function_close(&n->f);
	expect_event(_metadata, n, ZPCIFD_NL_CMD_DEV_OWNER, false);
}

/* Who does not listen is told that it missed something, then hears again */
TEST_F(events, lost)
{
	struct netlink *n = &self->n;
	struct answer event;
	unsigned int i;
	int ret = 0;

	listen_to_events(_metadata, n);
	ASSERT_EQ(0, nl_socket_set_buffer_size(n->events, 4096, 0));
	ASSERT_EQ(0, function_bind(&n->f));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, reset(n));
	for (i = 0; !ret; i++)
		ret = next_event(_metadata, n, &event);
	EXPECT_EQ(-ENOBUFS, ret);
	EXPECT_GT(100, i);
	while (!next_event(_metadata, n, &event))
		;
	EXPECT_EQ(0, reset(n));
	expect_event(_metadata, n, ZPCIFD_NL_CMD_DEV_RESET, true);
}

static void expect_state(struct __test_metadata *_metadata, struct netlink *n,
			 enum zpcifd_state state)
{
	struct answer event;

	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_STATE, event.cmd);
	EXPECT_EQ(state, event.state);
	expect_function(_metadata, n, &event);
	EXPECT_EQ(state, get(_metadata, n).state);
}

TEST_F(events, state)
{
	struct netlink *n = &self->n;
	char dir[256], path[512];

	if (!is_simulated(&n->f))
		SKIP(return, "only the simulator fails when it is told to");
	ASSERT_EQ(0, sim_directory(&n->f, dir, sizeof(dir)));
	snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/fault_state", dir);
	ASSERT_EQ(0, function_bind(&n->f));
	listen_to_events(_metadata, n);

	ASSERT_EQ(0, file_write(path, "error"));
	expect_state(_metadata, n, ZPCIFD_STATE_ERROR);
	/* It is in error already */
	ASSERT_EQ(0, file_write(path, "error"));
	expect_no_event(_metadata, n);
	ASSERT_EQ(0, file_write(path, "enabled"));
	expect_state(_metadata, n, ZPCIFD_STATE_ONLINE);
	expect_no_event(_metadata, n);
}

#define OWN SIM_CONFIGFS "/netlink"

/* A function of the simulator's own comes, and gets an owner */
static void add_own(struct __test_metadata *_metadata, struct netlink *n, char name[32])
{
	char path[64];
	struct answer event;

	ASSERT_EQ(0, mkdir(OWN, 0755));
	ASSERT_EQ(0, file_write(OWN "/live", "1"));
	ASSERT_EQ(0, file_read(OWN "/name", name, 32));
	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_ADDED, event.cmd);
	EXPECT_STREQ(name, event.name);
	EXPECT_FALSE(event.owned);

	snprintf(path, sizeof(path), "/dev/zpci/%s", name);
	close(n->f.fd);
	n->f.fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, n->f.fd);
	ASSERT_EQ(0, function_bind(&n->f));
	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_OWNER, event.cmd);
	EXPECT_TRUE(event.owned);
}

/* The owner is parted first, and nothing is heard of the function afterwards */
static void expect_removed(struct __test_metadata *_metadata, struct netlink *n,
			   const char *name)
{
	struct answer event;

	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_OWNER, event.cmd);
	EXPECT_FALSE(event.owned);
	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_REMOVED, event.cmd);
	EXPECT_STREQ(name, event.name);
	EXPECT_EQ(-ENODEV, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID, &event.id, 4));
	EXPECT_EQ(-ENODEV, reset(n));
	close(n->f.fd);
	n->f.fd = -1;
	expect_no_event(_metadata, n);
}

static void added_and_removed_sim(struct __test_metadata *_metadata,
				  struct netlink *n)
{
	char name[32];

	add_own(_metadata, n, name);
	ASSERT_EQ(0, rmdir(OWN));
	expect_removed(_metadata, n, name);
}

/* A physical function goes from its driver and comes back */
static void added_and_removed_pci(struct __test_metadata *_metadata,
				  struct netlink *n)
{
	char path[128], target[256];
	struct answer event;
	const char *address;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/class/zpcifd/%s/device", function_name(&n->f));
	len = readlink(path, target, sizeof(target) - 1);
	ASSERT_LT(0, len);
	target[len] = 0;
	address = basename(target);
	function_close(&n->f);

	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers/zpcifd/unbind", address));
	expect_event(_metadata, n, ZPCIFD_NL_CMD_DEV_REMOVED, false);
	EXPECT_EQ(-ENODEV, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID, &n->id, 4));
	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers_probe", address));
	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_ADDED, event.cmd);
	EXPECT_EQ(n->f.info.out_fid, event.fid);
	/* Its number is free again, and the other tests count on its name */
	EXPECT_STREQ(function_name(&n->f), event.name);
	expect_no_event(_metadata, n);
}

TEST_F(events, added_and_removed)
{
	struct netlink *n = &self->n;

	listen_to_events(_metadata, n);
	if (is_simulated(&n->f))
		added_and_removed_sim(_metadata, n);
	else
		added_and_removed_pci(_metadata, n);
}

/*
 * A function that is pulled out has failed for good: its state tells before it is
 * removed, and its instructions find no function
 */
TEST_F(events, a_function_that_is_pulled_out_has_failed_and_is_removed)
{
	struct netlink *n = &self->n;
	struct answer event;
	struct zpcifd_cqe cqe;
	struct ring ring;
	char name[32];

	if (!is_simulated(&n->f))
		SKIP(return, "a physical function cannot be pulled out at a given instruction");
	listen_to_events(_metadata, n);
	add_own(_metadata, n, name);
	ring_open(_metadata, n->f.fd, &ring, 1, 1, 0);
	ASSERT_EQ(0, file_write(OWN "/fault_remove", "1"));
	cqe = ring_run(_metadata, &ring, sqe_id());
	EXPECT_EQ(-ENODEV, cqe.res);
	EXPECT_EQ(3, cqe.cc);
	EXPECT_EQ(ZPCIFD_CQE_ISSUED, cqe.flags);
	ASSERT_EQ(0, next_event(_metadata, n, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_STATE, event.cmd);
	EXPECT_EQ(ZPCIFD_STATE_FAILED, event.state);
	EXPECT_STREQ(name, event.name);
	/* Removing it waits for the removal that goes on */
	ASSERT_EQ(0, rmdir(OWN));
	expect_removed(_metadata, n, name);
	ring_close(&ring);
}

TEST_HARNESS_MAIN
