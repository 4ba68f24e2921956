// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail in all calls but those of rings: see fail_nth.h, and
 * fail_nth_ring.c
 */
#include <linux/genetlink.h>
#include <sys/socket.h>

#include <linux/zpcifd_netlink.h>

#include "fail_nth.h"

FIXTURE(fail_nth)
{
	struct failing calls;
};

/* Aligned as netlink wants it */
static __u32 message_words[16384];
static char *const message = (char *)message_words;

/* Asks the kernel; returns a negative errno, or the length of what it answered */
static int genl_ask(int fd, __u16 type, __u8 cmd, __u16 flags, __u16 attr, const void *data,
		    __u16 len)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)message;
	struct genlmsghdr *genl = NLMSG_DATA(nlh);
	struct nlattr *nla = (void *)genl + GENL_HDRLEN;
	int ret;

	/* What a call that failed left unread */
	while (recv(fd, message, sizeof(message_words), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
	memset(message, 0, 256);
	*nlh = (struct nlmsghdr){
		.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	genl->cmd = cmd;
	genl->version = ZPCIFD_FAMILY_VERSION;
	if (data) {
		nla->nla_type = attr;
		nla->nla_len = NLA_HDRLEN + len;
		memcpy((void *)nla + NLA_HDRLEN, data, len);
		nlh->nlmsg_len += NLA_ALIGN(nla->nla_len);
	}
	if (send(fd, message, nlh->nlmsg_len, 0) < 0)
		return -errno;
	ret = recv(fd, message, sizeof(message_words), MSG_DONTWAIT);
	if (ret < 0)
		return -errno;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
	return ret;
}

static const struct nlattr *find_attr(const void *attrs, int len, __u16 type)
{
	const struct nlattr *nla;

	for (nla = attrs; len >= (int)NLA_HDRLEN; nla = attrs) {
		if ((nla->nla_type & NLA_TYPE_MASK) == type)
			return nla;
		attrs += NLA_ALIGN(nla->nla_len);
		len -= NLA_ALIGN(nla->nla_len);
	}
	return NULL;
}

static __u32 attr_u32(const struct nlattr *nla)
{
	return *(__u32 *)((void *)nla + NLA_HDRLEN);
}

/* Finds the number of the family and joins its one group */
static void genl_open(struct __test_metadata *_metadata, struct failing *calls)
{
	const void *attrs = message + NLMSG_LENGTH(GENL_HDRLEN);
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const struct nlattr *nla;
	__u32 group;
	int len;

	calls->ask = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	calls->listen = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			       NETLINK_GENERIC);
	ASSERT_LE(0, calls->ask);
	ASSERT_LE(0, calls->listen);
	len = genl_ask(calls->ask, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_NAME,
		       ZPCIFD_FAMILY_NAME, sizeof(ZPCIFD_FAMILY_NAME));
	ASSERT_LT(0, len);
	len -= NLMSG_LENGTH(GENL_HDRLEN);
	nla = find_attr(attrs, len, CTRL_ATTR_FAMILY_ID);
	ASSERT_NE(NULL, nla);
	calls->family = attr_u32(nla);
	nla = find_attr(attrs, len, CTRL_ATTR_MCAST_GROUPS);
	ASSERT_NE(NULL, nla);
	/* A list with one group */
	nla = find_attr((void *)nla + 2 * NLA_HDRLEN, nla->nla_len - 2 * NLA_HDRLEN,
			CTRL_ATTR_MCAST_GRP_ID);
	ASSERT_NE(NULL, nla);
	group = attr_u32(nla);
	/* A socket without an address is told of nothing */
	ASSERT_EQ(0, bind(calls->listen, (struct sockaddr *)&any, sizeof(any)));
	ASSERT_EQ(0, setsockopt(calls->listen, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
				sizeof(group)));
}

FIXTURE_SETUP(fail_nth)
{
	const char *skip = failing_open(_metadata, &self->calls);

	if (skip)
		SKIP(return, "%s", skip);
	genl_open(_metadata, &self->calls);
}

FIXTURE_TEARDOWN(fail_nth)
{
	failing_close(_metadata, &self->calls);
}

static int run_open(struct failing *calls)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", calls->f.fd);
	calls->file = open(path, O_RDWR | O_CLOEXEC);
	return calls->file < 0 ? -errno : 0;
}

static int close_file(struct failing *calls)
{
	return close(calls->file) ? -errno : 0;
}

static int run_bind(struct failing *calls)
{
	return function_bind(&calls->f);
}

/* Ends the ownership, which nothing but a close does */
static int undo_bind(struct failing *calls)
{
	close(calls->f.fd);
	calls->f.fd = sim_open(OWN);
	return calls->f.fd < 0 ? calls->f.fd : 0;
}

static int run_attach(struct failing *calls)
{
	return function_attach(&calls->f, calls->f.ioas);
}

static int undo_attach(struct failing *calls)
{
	return function_detach(&calls->f);
}

static int run_replace(struct failing *calls)
{
	return function_replace(&calls->f, calls->other_ioas);
}

static int undo_replace(struct failing *calls)
{
	return function_replace(&calls->f, calls->f.ioas);
}

TEST_F_TIMEOUT(fail_nth, ownership, SLOW)
{
	static const struct op ops[] = {
		{ "open", run_open, close_file, 0, false },
		{ "BIND_IOMMUFD", run_bind, undo_bind, 0, false },
		{ "ATTACH", run_attach, undo_attach, 0, true },
		{ "REPLACE", run_replace, undo_replace, 0, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(ops); i++) {
		fail_each(_metadata, &self->calls, self->calls.nth, &ops[i]);
		/* What comes next needs it */
		if (ops[i].run != run_open)
			ASSERT_EQ(0, ops[i].run(&self->calls));
	}
}

static int set_irq(struct failing *calls, __u32 flags, __s32 eventfd)
{
	__s32 fds[4] = { eventfd, eventfd, eventfd, eventfd };
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq),
		.flags = flags,
		.type = ZPCIFD_IRQ_MSIX,
		.count = ARRAY_LEN(fds),
		.eventfds = flags ? 0 : (uintptr_t)fds,
	};

	return call(calls->f.fd, ZPCIFD_IRQ_SET, &irq);
}

static int run_wire(struct failing *calls)
{
	return set_irq(calls, 0, calls->eventfd);
}

/* All four vectors were wired; none is afterwards */
static int undo_wire(struct failing *calls)
{
	eventfd_t count;
	int ret = set_irq(calls, ZPCIFD_IRQ_TRIGGER, 0);

	if (ret)
		return ret;
	if (eventfd_read(calls->eventfd, &count) || count != 4)
		return -EPROTO;
	return set_irq(calls, 0, -1);
}

TEST_F_TIMEOUT(fail_nth, interrupts, SLOW)
{
	static const struct op wire = { "IRQ_SET", run_wire, undo_wire, 0, false };
	eventfd_t count;

	ASSERT_EQ(0, function_bind(&self->calls.f));
	fail_each(_metadata, &self->calls, self->calls.nth, &wire);
	/* No vector was left wired by a call that failed */
	EXPECT_EQ(0, set_irq(&self->calls, ZPCIFD_IRQ_TRIGGER, 0));
	EXPECT_EQ(-1, eventfd_read(self->calls.eventfd, &count));
}

static int run_get(struct failing *calls)
{
	int ret = genl_ask(calls->ask, calls->family, ZPCIFD_NL_CMD_DEV_GET, 0, ZPCIFD_A_DEV_NAME,
			   calls->name, strlen(calls->name) + 1);

	return ret > 0 ? 0 : ret ?: -EPROTO;
}

static bool dump_is_done(int len)
{
	const struct nlmsghdr *nlh;

	for (nlh = (struct nlmsghdr *)message; NLMSG_OK(nlh, (unsigned int)len);
	     nlh = NLMSG_NEXT(nlh, len))
		if (nlh->nlmsg_type == NLMSG_DONE)
			return true;
	return false;
}

/* All parts, up to the one that says that there is no more */
static int run_dump(struct failing *calls)
{
	int ret = genl_ask(calls->ask, calls->family, ZPCIFD_NL_CMD_DEV_GET, NLM_F_DUMP, 0, NULL,
			   0);

	while (ret > 0 && !dump_is_done(ret)) {
		ret = recv(calls->ask, message, sizeof(message_words), MSG_DONTWAIT);
		if (ret < 0)
			ret = -errno;
	}
	return ret > 0 ? 0 : ret ?: -EPROTO;
}

/* The listener is told of a reset, or that it was not told of something */
static int run_event(struct failing *calls)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	int ret = call(calls->f.fd, ZPCIFD_RESET, &reset);
	char event[4096];

	if (ret)
		return -EPROTO;
	return recv(calls->listen, event, sizeof(event), 0) < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(fail_nth, netlink, SLOW)
{
	/* ENOBUFS is what a socket says when the answer itself was lost */
	static const struct op ops[] = {
		{ "DEV_GET", run_get, NULL, -ENOBUFS, false },
		{ "DEV_GET of all", run_dump, NULL, -ENOBUFS, false },
		{ "an event", run_event, NULL, -ENOBUFS, false },
	};
	char event[4096];
	unsigned int i;

	ASSERT_EQ(0, function_bind(&self->calls.f));
	EXPECT_LT(0, recv(self->calls.listen, event, sizeof(event), 0));
	for (i = 0; i < ARRAY_LEN(ops); i++)
		fail_each(_metadata, &self->calls, self->calls.nth, &ops[i]);
}

static int run_mkdir(struct failing *calls)
{
	return mkdir(calls->second, 0755) ? -errno : 0;
}

static int undo_mkdir(struct failing *calls)
{
	return rmdir(calls->second) ? -errno : 0;
}

static int run_live(struct failing *calls)
{
	return sim_set(calls->second, "live", "1");
}

static int undo_live(struct failing *calls)
{
	return sim_set(calls->second, "live", "0");
}

TEST_F_TIMEOUT(fail_nth, simulated_functions, SLOW)
{
	static const struct op make = { "mkdir", run_mkdir, undo_mkdir, 0, false };
	static const struct op live = { "live", run_live, undo_live, 0, false };
	char value[16];

	fail_each(_metadata, &self->calls, self->calls.nth, &make);
	ASSERT_EQ(0, mkdir(self->calls.second, 0755));
	fail_each(_metadata, &self->calls, self->calls.nth, &live);
	/* Nothing half made */
	EXPECT_EQ(0, sim_get(self->calls.second, "live", value, sizeof(value)));
	EXPECT_STREQ("0", value);
	EXPECT_EQ(0, rmdir(self->calls.second));
}

TEST_HARNESS_MAIN
