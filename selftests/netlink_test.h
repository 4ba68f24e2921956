/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asking the generic netlink family about the function under test
 */
#ifndef NETLINK_TEST_H
#define NETLINK_TEST_H

#include <grp.h>
#include <sys/wait.h>

#include <linux/zpcifd_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "zpcifd_test.h"

/* A user without any rights */
#define NOBODY 65534

/* Length of one part of a dump, the least that the kernel sends */
#define PART 4096

/* Functions that a test may see in a dump */
#define MAX_FUNCTIONS 256

/* What the kernel says of a function */
struct answer {
	__u8 cmd;
	char name[32];
	__u32 id;
	__u32 fid;
	__u32 uid;
	__u32 state;
	__u32 owner_pid;
	__u32 rings;
	bool owned;
	bool has_rings;
	bool has_stats;
	__u64 stats[ZPCIFD_A_STATS_MAX + 1];
};

/* What came back for one request: messages, or an errno */
struct reply {
	unsigned int count;
	/* Length of all the messages */
	size_t len;
	/* Messages that were not as the specification says */
	unsigned int broken;
	int error;
	struct answer list[MAX_FUNCTIONS];
};

/**
 * struct netlink - The function under test and a way to ask about it
 * @f: The function
 * @id: Its number
 * @sk: Socket for requests
 * @family: The family's number
 * @reply: What came back last
 * @events: Socket that hears events, NULL without
 */
struct netlink {
	struct function f;
	__u32 id;
	struct nl_sock *sk;
	int family;
	struct reply reply;
	struct nl_sock *events;
};

static inline __u64 get_uint(struct nlattr *attr)
{
	return nla_len(attr) == 8 ? nla_get_u64(attr) : nla_get_u32(attr);
}

/* Every counter must be there */
static inline int parse_stats(struct nlattr *nest, struct answer *a)
{
	struct nlattr *attrs[ZPCIFD_A_STATS_MAX + 1];
	int i, err = nla_parse_nested(attrs, ZPCIFD_A_STATS_MAX, nest, NULL);

	for (i = 1; !err && i <= ZPCIFD_A_STATS_MAX; i++) {
		if (!attrs[i] || (nla_len(attrs[i]) != 4 && nla_len(attrs[i]) != 8))
			return -EPROTO;
		a->stats[i] = get_uint(attrs[i]);
	}
	a->has_stats = true;
	return err;
}

static inline bool is_u32(const struct nlattr *attr)
{
	return nla_len(attr) == sizeof(__u32);
}

static inline int parse(struct nlmsghdr *header, struct answer *a)
{
	struct nlattr *attrs[ZPCIFD_A_DEV_MAX + 1];
	static const struct {
		int attr;
		size_t offset;
		bool required;
	} numbers[] = {
		{ ZPCIFD_A_DEV_ID, offsetof(struct answer, id), true },
		{ ZPCIFD_A_DEV_FID, offsetof(struct answer, fid), true },
		{ ZPCIFD_A_DEV_UID, offsetof(struct answer, uid), false },
		{ ZPCIFD_A_DEV_STATE, offsetof(struct answer, state), true },
		{ ZPCIFD_A_DEV_OWNER_PID, offsetof(struct answer, owner_pid), false },
		{ ZPCIFD_A_DEV_RINGS, offsetof(struct answer, rings), false },
	};
	unsigned int i;

	memset(a, 0, sizeof(*a));
	a->cmd = genlmsg_hdr(header)->cmd;
	if (genlmsg_parse(header, 0, attrs, ZPCIFD_A_DEV_MAX, NULL))
		return -EPROTO;
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		struct nlattr *attr = attrs[numbers[i].attr];

		if (attr ? !is_u32(attr) : numbers[i].required)
			return -EPROTO;
		if (attr)
			*(__u32 *)((char *)a + numbers[i].offset) = nla_get_u32(attr);
	}
	if (!attrs[ZPCIFD_A_DEV_NAME] ||
	    nla_strlcpy(a->name, attrs[ZPCIFD_A_DEV_NAME], sizeof(a->name)) >= sizeof(a->name))
		return -EPROTO;
	a->owned = attrs[ZPCIFD_A_DEV_OWNED];
	a->has_rings = attrs[ZPCIFD_A_DEV_RINGS];
	return attrs[ZPCIFD_A_DEV_STATS] ? parse_stats(attrs[ZPCIFD_A_DEV_STATS], a) : 0;
}

static inline int on_valid(struct nl_msg *msg, void *arg)
{
	struct reply *reply = arg;

	reply->len += nlmsg_hdr(msg)->nlmsg_len;
	if (reply->count == MAX_FUNCTIONS || parse(nlmsg_hdr(msg), &reply->list[reply->count]))
		reply->broken++;
	else
		reply->count++;
	return NL_OK;
}

static inline int on_error(struct sockaddr_nl *who, struct nlmsgerr *err, void *arg)
{
	struct reply *reply = arg;

	(void)who;
	reply->error = err->error;
	return NL_SKIP;
}

static inline int on_done(struct nl_msg *msg, void *arg)
{
	(void)msg;
	*(bool *)arg = true;
	return NL_STOP;
}

/* Sends a request, frees it, and takes all that comes back */
static inline void ask(struct __test_metadata *_metadata, struct netlink *n,
		       struct nl_msg *msg)
{
	bool done = false;
	struct nl_cb *cb;

	n->reply.count = 0;
	n->reply.len = 0;
	n->reply.broken = 0;
	n->reply.error = 0;
	cb = nl_cb_alloc(NL_CB_DEFAULT);
	ASSERT_NE(NULL, cb);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, &n->reply);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_done, &done);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_done, &done);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &n->reply);
	ASSERT_LE(0, nl_send_auto(n->sk, msg));
	nlmsg_free(msg);
	while (!done && !n->reply.error)
		ASSERT_LE(0, nl_recvmsgs(n->sk, cb));
	nl_cb_put(cb);
	EXPECT_EQ(0, n->reply.broken);
}

static inline struct nl_msg *request(struct __test_metadata *_metadata,
				     struct netlink *n, int flags, __u8 cmd)
{
	struct nl_msg *msg = nlmsg_alloc();

	ASSERT_NE(NULL, msg);
	ASSERT_NE(NULL, genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, n->family, 0,
				    flags, cmd, ZPCIFD_FAMILY_VERSION));
	return msg;
}

static inline int ask_with(struct __test_metadata *_metadata, struct netlink *n,
			   int flags, int attr, const void *data, int len)
{
	struct nl_msg *msg = request(_metadata, n, flags, ZPCIFD_NL_CMD_DEV_GET);

	ASSERT_EQ(0, nla_put(msg, attr, len, data));
	ask(_metadata, n, msg);
	EXPECT_EQ(!n->reply.error && !flags, n->reply.count);
	return n->reply.error;
}

/* What dev-get says of the function under test */
static inline struct answer get(struct __test_metadata *_metadata, struct netlink *n)
{
	EXPECT_EQ(0, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID, &n->id, sizeof(n->id)));
	ASSERT_EQ(1, n->reply.count);
	EXPECT_EQ(ZPCIFD_NL_CMD_DEV_GET, n->reply.list[0].cmd);
	EXPECT_EQ(n->id, n->reply.list[0].id);
	return n->reply.list[0];
}

static inline void expect_function(struct __test_metadata *_metadata, struct netlink *n,
				   const struct answer *a)
{
	EXPECT_EQ(n->id, a->id);
	EXPECT_STREQ(function_name(&n->f), a->name);
	EXPECT_EQ(n->f.info.out_fid, a->fid);
	EXPECT_EQ(n->f.info.out_uid, a->uid);
}

static inline struct nl_sock *socket_open(struct __test_metadata *_metadata)
{
	struct nl_sock *sk = nl_socket_alloc();

	ASSERT_NE(NULL, sk);
	ASSERT_EQ(0, nl_socket_set_msg_buf_size(sk, PART));
	ASSERT_EQ(0, genl_connect(sk));
	return sk;
}

static inline void netlink_open(struct __test_metadata *_metadata, struct netlink *n)
{
	function_open(_metadata, &n->f);
	n->id = strtoul(function_name(&n->f) + strlen("zpci"), NULL, 10);
	n->sk = socket_open(_metadata);
	n->family = genl_ctrl_resolve(n->sk, ZPCIFD_FAMILY_NAME);
	ASSERT_LE(0, n->family);
}

static inline void netlink_close(struct netlink *n)
{
	nl_socket_free(n->sk);
	if (n->events)
		nl_socket_free(n->events);
	function_close(&n->f);
}

static inline void listen_to_events(struct __test_metadata *_metadata,
				    struct netlink *n)
{
	int group;

	n->events = socket_open(_metadata);
	group = genl_ctrl_resolve_grp(n->events, ZPCIFD_FAMILY_NAME, ZPCIFD_MCGRP_EVENTS);
	ASSERT_LT(0, group);
	ASSERT_EQ(0, nl_socket_add_membership(n->events, group));
	ASSERT_EQ(0, nl_socket_set_nonblocking(n->events));
}

/*
 * The next event: 0, -EAGAIN if there is none, or what recv() failed with. An
 * event is sent before the call that causes it returns.
 */
static inline int next_event(struct __test_metadata *_metadata, struct netlink *n,
			     struct answer *event)
{
	char buf[1024];
	struct nlmsghdr *header = (struct nlmsghdr *)buf;
	ssize_t len = recv(nl_socket_get_fd(n->events), buf, sizeof(buf), 0);

	if (len < 0)
		return -errno;
	EXPECT_TRUE(nlmsg_ok(header, len));
	EXPECT_EQ(n->family, header->nlmsg_type);
	EXPECT_EQ(0, header->nlmsg_seq);
	EXPECT_EQ(0, parse(header, event));
	/* Nothing that only some may see */
	EXPECT_EQ(0, event->owner_pid);
	EXPECT_FALSE(event->has_rings);
	EXPECT_FALSE(event->has_stats);
	return 0;
}

static inline int be_nobody(void)
{
	return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	       setresuid(NOBODY, NOBODY, NOBODY);
}

#endif /* NETLINK_TEST_H */
