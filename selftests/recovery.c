// SPDX-License-Identifier: GPL-2.0
/*
 * A function that goes into error, and that the platform recovers: a virtio-blk
 * function that is told to write where no memory is mapped for DMA. What the
 * simulator does on demand, with a real error event.
 *
 * The platform recovers a function as fast as it can, so a test that wants to
 * see it in error may have to try more than once.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "netlink_test.h"
#include "virtio_disk.h"

/* Statuses of condition code 1: the function is in error, or blocked for it */
#define STATUS_ERROR 8
#define STATUS_BLOCKED 12

/* How often an error is caused before it must have been seen by instructions */
#define TRIES 20

/* For how long something is waited for that must come */
#define PATIENCE_MS 20000

/* Seconds that a test may take on a busy machine that emulates another one */
#define SLOW 300

#define ENTRIES 16

FIXTURE(recovery)
{
	struct netlink n;
	struct disk disk;
};

static void listen_to_events(struct __test_metadata *_metadata, struct netlink *n)
{
	int group;

	n->events = socket_open(_metadata);
	group = genl_ctrl_resolve_grp(n->events, ZPCIFD_FAMILY_NAME, ZPCIFD_MCGRP_EVENTS);
	ASSERT_LT(0, group);
	ASSERT_EQ(0, nl_socket_add_membership(n->events, group));
}

static void expect_state(struct __test_metadata *_metadata, struct netlink *n,
			 enum zpcifd_state state)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(n->events), .events = POLLIN };
	char buf[1024];
	struct nlmsghdr *header = (struct nlmsghdr *)buf;
	struct answer event;
	ssize_t len;

	ASSERT_EQ(1, poll(&pfd, 1, PATIENCE_MS)) {
		TH_LOG("no event in %u ms", PATIENCE_MS);
	}
	len = recv(pfd.fd, buf, sizeof(buf), 0);
	ASSERT_LT(0, len);
	ASSERT_TRUE(nlmsg_ok(header, len));
	ASSERT_EQ(0, parse(header, &event));
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_STATE, event.cmd);
	EXPECT_EQ(n->id, event.id);
	ASSERT_EQ(state, event.state);
}

FIXTURE_SETUP(recovery)
{
	int ret;

	netlink_open(_metadata, &self->n);
	function_close(&self->n.f);
	if (is_simulated(&self->n.f))
		SKIP(return, "a simulated function goes into error when it is told to");
	ret = disk_open(&self->disk, self->n.f.path);
	if (ret == -ENODEV)
		SKIP(return, "%s", self->disk.vf.why);
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", self->disk.vf.why);
	}
	listen_to_events(_metadata, &self->n);
}

FIXTURE_TEARDOWN(recovery)
{
	disk_free(&self->disk);
	virtio_close(&self->disk.vf);
	netlink_close(&self->n);
}

/* The disk takes nothing more before it is reset */
static void cause_error(struct __test_metadata *_metadata, struct disk *disk)
{
	ASSERT_EQ(0, disk_request(disk, self_unmapped(disk)));
}

TEST_HARNESS_MAIN
