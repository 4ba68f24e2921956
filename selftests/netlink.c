// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family's answers: bad requests, one function and all,
 * counters, and who may see the owner
 */
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "netlink_test.h"
#include "sim_log.h"
#include "submit.h"

FIXTURE(netlink)
{
	struct netlink n;
};

FIXTURE_SETUP(netlink)
{
	netlink_open(_metadata, &self->n);
}

FIXTURE_TEARDOWN(netlink)
{
	netlink_close(&self->n);
}

TEST_F(netlink, by_number_and_by_name)
{
	struct netlink *n = &self->n;
	const char *name = function_name(&n->f);
	struct answer a = get(_metadata, n);

	expect_function(_metadata, n, &a);
	EXPECT_EQ(ZPCIFD_STATE_ONLINE, a.state);
	EXPECT_FALSE(a.owned);
	EXPECT_EQ(0, a.owner_pid);
	EXPECT_TRUE(a.has_rings);
	EXPECT_EQ(0, a.rings);
	EXPECT_TRUE(a.has_stats);

	EXPECT_EQ(0, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME, name, strlen(name) + 1));
	ASSERT_EQ(1, n->reply.count);
	EXPECT_EQ(0, memcmp(&a, &n->reply.list[0], sizeof(a)));
}

/* All of class zpcifd, each once, in the order of their numbers */
TEST_F(netlink, dump)
{
	struct netlink *n = &self->n;
	bool found = false;
	unsigned int i, count = 0;
	struct dirent *entry;
	DIR *dir;

	dir = opendir("/sys/class/zpcifd");
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);

	ask(_metadata, n, request(_metadata, n, NLM_F_DUMP, ZPCIFD_NL_CMD_DEV_GET));
	EXPECT_EQ(0, n->reply.error);
	EXPECT_EQ(count, n->reply.count);
	for (i = 0; i < n->reply.count; i++) {
		const struct answer *a = &n->reply.list[i];

		EXPECT_TRUE(!i || a[-1].id < a->id);
		EXPECT_TRUE(a->has_stats);
		if (a->id == n->id) {
			expect_function(_metadata, n, a);
			found = true;
		}
	}
	EXPECT_TRUE(found);
}

TEST_F_TIMEOUT(netlink, dump_in_parts, 300)
{
	struct netlink *n = &self->n;
	unsigned int i, made;
	char path[64];

	if (!is_simulated(&n->f))
		SKIP(return, "only the simulator makes functions");
	for (made = 0; made < 60; made++) {
		snprintf(path, sizeof(path), SIM_CONFIGFS "/dump%u", made);
		ASSERT_EQ(0, mkdir(path, 0755));
		strcat(path, "/live");
		ASSERT_EQ(0, file_write(path, "1"));
	}
	ask(_metadata, n, request(_metadata, n, NLM_F_DUMP, ZPCIFD_NL_CMD_DEV_GET));
	EXPECT_EQ(0, n->reply.error);
	EXPECT_LT(made, n->reply.count);
	EXPECT_LT(2 * PART, n->reply.len);
	for (i = 1; i < n->reply.count; i++)
		EXPECT_LT(n->reply.list[i - 1].id, n->reply.list[i].id);
	while (made--) {
		snprintf(path, sizeof(path), SIM_CONFIGFS "/dump%u", made);
		EXPECT_EQ(0, rmdir(path));
	}
}

TEST_F(netlink, no_such_function)
{
	struct netlink *n = &self->n;
	__u32 ids[] = { 4095, 4096, INT32_MAX, UINT32_MAX };
	char name[32];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(ids); i++)
		EXPECT_EQ(-ENODEV, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID, &ids[i], 4));

	/* One function has one name */
	for (i = 0; i < 5; i++) {
		static const char * const formats[] = {
			"zpci0%u", "zpci+%u", "zpci%u ", "%u", "zpci%ux",
		};

		snprintf(name, sizeof(name), formats[i], n->id);
		EXPECT_EQ(-ENODEV, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME, name,
					    strlen(name) + 1)) {
			TH_LOG("'%s'", name);
		}
	}
	EXPECT_EQ(-ENODEV, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME, "", 1));
	EXPECT_EQ(-ENODEV, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME,
				    "zpci4294967296000000000000", 27));
}

TEST_F(netlink, bad_attributes)
{
	struct netlink *n = &self->n;
	const char *name = function_name(&n->f);
	char bytes[64];
	int i, len;

	memset(bytes, 'z', sizeof(bytes));
	/* A number of the wrong length */
	for (len = 0; len <= 12; len++)
		if (len != 4)
			EXPECT_EQ(-EINVAL, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID, bytes,
						    len));
	/* A name without an end, and one that is too long */
	EXPECT_EQ(-EINVAL, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME, name, strlen(name)));
	EXPECT_EQ(-EINVAL, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME, bytes, 0));
	bytes[40] = 0;
	EXPECT_EQ(-EINVAL, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME, bytes, 41));
	bytes[10] = 0;
	EXPECT_EQ(-ERANGE, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_NAME, bytes, 40));
	/* No request has these */
	for (i = 0; i <= ZPCIFD_A_DEV_MAX + 3; i++) {
		if (i == ZPCIFD_A_DEV_ID || i == ZPCIFD_A_DEV_NAME)
			continue;
		EXPECT_EQ(-EINVAL, ask_with(_metadata, n, 0, i, &n->id, 4)) {
			TH_LOG("attribute %d", i);
		}
	}
	/* A dump is of all functions */
	for (i = 0; i <= ZPCIFD_A_DEV_MAX + 1; i++) {
		EXPECT_EQ(-EINVAL, ask_with(_metadata, n, NLM_F_DUMP, i, &n->id, 4)) {
			TH_LOG("attribute %d", i);
		}
	}
}

TEST_F(netlink, bad_requests)
{
	struct netlink *n = &self->n;
	struct nl_msg *msg;
	int cmd;

	/* Nothing asked for, and asked for twice */
	ask(_metadata, n, request(_metadata, n, 0, ZPCIFD_NL_CMD_DEV_GET));
	EXPECT_EQ(-EINVAL, n->reply.error);
	msg = request(_metadata, n, 0, ZPCIFD_NL_CMD_DEV_GET);
	nla_put_u32(msg, ZPCIFD_A_DEV_ID, n->id);
	nla_put_string(msg, ZPCIFD_A_DEV_NAME, function_name(&n->f));
	ask(_metadata, n, msg);
	EXPECT_EQ(-EINVAL, n->reply.error);

	/* Bytes that are no attribute */
	msg = request(_metadata, n, 0, ZPCIFD_NL_CMD_DEV_GET);
	nla_put_u32(msg, ZPCIFD_A_DEV_ID, n->id);
	ASSERT_EQ(0, nlmsg_append(msg, "\xff\xff\xff", 3, 1));
	ask(_metadata, n, msg);
	EXPECT_EQ(-EINVAL, n->reply.error);

	/* An attribute that says of itself that it holds others */
	EXPECT_EQ(-EINVAL, ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID | NLA_F_NESTED, &n->id, 4));

	/* The header's reserved field */
	msg = request(_metadata, n, 0, ZPCIFD_NL_CMD_DEV_GET);
	nla_put_u32(msg, ZPCIFD_A_DEV_ID, n->id);
	genlmsg_hdr(nlmsg_hdr(msg))->reserved = 1;
	ask(_metadata, n, msg);
	EXPECT_EQ(-EINVAL, n->reply.error);

	/* No commands, events among them */
	for (cmd = 0; cmd <= ZPCIFD_NL_CMD_MAX + 1; cmd++) {
		if (cmd == ZPCIFD_NL_CMD_DEV_GET)
			continue;
		ask(_metadata, n, request(_metadata, n, 0, cmd));
		EXPECT_EQ(-EOPNOTSUPP, n->reply.error);
		ask(_metadata, n, request(_metadata, n, NLM_F_DUMP, cmd));
		EXPECT_EQ(-EOPNOTSUPP, n->reply.error);
	}
	get(_metadata, n);
}

/* What is shorter than the header of generic netlink, or is no message at all */
TEST_F(netlink, short_requests)
{
	struct netlink *n = &self->n;
	static const char bytes[GENL_HDRLEN];
	struct nl_msg *msg;
	size_t len;

	for (len = 0; len < sizeof(bytes); len++) {
		msg = nlmsg_alloc_simple(n->family, 0);
		ASSERT_NE(NULL, msg);
		ASSERT_EQ(0, nlmsg_append(msg, (void *)bytes, len, 0));
		ask(_metadata, n, msg);
		EXPECT_EQ(-EINVAL, n->reply.error);
	}
	/* An attribute that is longer than the message */
	msg = request(_metadata, n, 0, ZPCIFD_NL_CMD_DEV_GET);
	nla_put_u32(msg, ZPCIFD_A_DEV_ID, n->id);
	((struct nlattr *)genlmsg_attrdata(genlmsg_hdr(nlmsg_hdr(msg)), 0))->nla_len = 0xffff;
	ask(_metadata, n, msg);
	EXPECT_EQ(-EINVAL, n->reply.error);
	get(_metadata, n);
}

/* The only group is that of the events */
TEST_F(netlink, bad_groups)
{
	static const int groups[] = { -1, 0, 0x7fffffff };
	struct netlink *n = &self->n;
	int group = genl_ctrl_resolve_grp(n->sk, ZPCIFD_FAMILY_NAME, "nothing");
	unsigned int i;

	EXPECT_EQ(-NLE_OBJ_NOTFOUND, group);
	for (i = 0; i < ARRAY_LEN(groups); i++) {
		EXPECT_EQ(-1, setsockopt(nl_socket_get_fd(n->sk), SOL_NETLINK,
					 NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])));
		EXPECT_EQ(EINVAL, errno);
	}
	get(_metadata, n);
}

FIXTURE(counters)
{
	struct netlink n;
};

SUBMISSION_VARIANTS(counters);

FIXTURE_SETUP(counters)
{
	ring_submission = variant->submission;
	netlink_open(_metadata, &self->n);
}

FIXTURE_TEARDOWN(counters)
{
	netlink_close(&self->n);
}

static void expect_difference(struct __test_metadata *_metadata, const struct answer *before,
			      const struct answer *after, const __u64 *difference)
{
	int i;

	for (i = 1; i <= ZPCIFD_A_STATS_MAX; i++) {
		EXPECT_EQ(difference[i], after->stats[i] - before->stats[i]) {
			TH_LOG("counter %d", i);
		}
	}
}

TEST_F(counters, of_what_ran_and_what_was_refused_stay_when_the_ring_and_its_owner_go)
{
	struct netlink *n = &self->n;
	const struct function *f = &n->f;
	struct answer before = get(_metadata, n), after;
	__u64 difference[ZPCIFD_A_STATS_MAX + 1] = {
		[ZPCIFD_A_STATS_PCILG] = 3,
		[ZPCIFD_A_STATS_PCISTG] = 1,
		[ZPCIFD_A_STATS_PCISTB] = 1,
		[ZPCIFD_A_STATS_BYTES] = 3 * 4 + 2 + 16,
		[ZPCIFD_A_STATS_REFUSED] = 3,
	};
	struct ring ring;
	int i;

	ASSERT_EQ(0, function_bind(&n->f));
	ring_open(_metadata, f->fd, &ring, 8, 8, TEST_PAGE);
	after = get(_metadata, n);
	EXPECT_EQ(1, after.rings);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, ring_run(_metadata, &ring, sqe_id()).res);
	EXPECT_EQ(0, ring_run(_metadata, &ring, sqe_store(f->bar, TEST_SCRATCH, 2, 0)).res);
	EXPECT_EQ(0, ring_run(_metadata, &ring, sqe_block(f->bar, TEST_SCRATCH, 16, 0)).res);
	EXPECT_EQ(-EINVAL, ring_run(_metadata, &ring, sqe_refused()).res);
	/* A chain: one refused, one canceled */
	ring_push(&ring, sqe_flags(sqe_refused(), ZPCIFD_SQE_LINK));
	ring_push(&ring, sqe_id());
	ASSERT_EQ(2, ring_enter(&ring, 2));
	after = get(_metadata, n);
	expect_difference(_metadata, &before, &after, difference);

	/* They stay when the ring goes, and when its owner does */
	ring_close(&ring);
	after = get(_metadata, n);
	EXPECT_EQ(0, after.rings);
	expect_difference(_metadata, &before, &after, difference);
	function_close(&n->f);
	after = get(_metadata, n);
	expect_difference(_metadata, &before, &after, difference);
}

/* Rings count as long as their file is open, even without an owner */
TEST_F(netlink, rings)
{
	struct netlink *n = &self->n;
	struct ring rings[5];
	unsigned int i;

	ASSERT_EQ(0, function_bind(&n->f));
	for (i = 0; i < ARRAY_LEN(rings); i++) {
		ring_open(_metadata, n->f.fd, &rings[i], 1, 1, 0);
		EXPECT_EQ(i + 1, get(_metadata, n).rings);
	}
	function_close(&n->f);
	while (i--) {
		EXPECT_EQ(i + 1, get(_metadata, n).rings);
		ring_close(&rings[i]);
	}
	EXPECT_EQ(0, get(_metadata, n).rings);
}

TEST_F(netlink, interrupts)
{
	struct netlink *n = &self->n;
	bool msix = n->f.info.out_msix_vectors;
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq),
		.type = msix ? ZPCIFD_IRQ_MSIX : ZPCIFD_IRQ_MSI,
		.count = 1,
	};
	__s32 fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	__u64 difference[ZPCIFD_A_STATS_MAX + 1] = { 0 };
	struct answer before, after;
	int i;

	if (!msix && !n->f.info.out_msi_vectors)
		SKIP(return, "the function has no interrupts");
	ASSERT_EQ(0, function_bind(&n->f));
	ASSERT_EQ(0, function_attach(&n->f, n->f.ioas));
	before = get(_metadata, n);

	/* Nobody is told of a vector that is not wired */
	irq.flags = ZPCIFD_IRQ_TRIGGER;
	EXPECT_EQ(0, call(n->f.fd, ZPCIFD_IRQ_SET, &irq));
	after = get(_metadata, n);
	expect_difference(_metadata, &before, &after, difference);

	irq.flags = 0;
	irq.eventfds = (uintptr_t)&fd;
	ASSERT_EQ(0, call(n->f.fd, ZPCIFD_IRQ_SET, &irq));
	irq.flags = ZPCIFD_IRQ_TRIGGER;
	irq.eventfds = 0;
	for (i = 0; i < 7; i++)
		EXPECT_EQ(0, call(n->f.fd, ZPCIFD_IRQ_SET, &irq));
	difference[ZPCIFD_A_STATS_INTERRUPTS] = 7;
	after = get(_metadata, n);
	expect_difference(_metadata, &before, &after, difference);
	close(fd);
}

typedef int (*child_fn)(struct __test_metadata *_metadata, struct netlink *n);

/* Runs @fn in a process of its own; returns its exit code, 0 when all is well */
static int run_child(struct __test_metadata *_metadata, struct netlink *n, child_fn fn)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		_exit(fn(_metadata, n) ?: _metadata->exit_code);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The owner's process as a socket of the calling process's own sees it; -1 if wrong */
static int see_owner(struct __test_metadata *_metadata, struct netlink *n)
{
	struct nl_sock *sk = n->sk;
	struct answer a;

	n->sk = socket_open(_metadata);
	a = get(_metadata, n);
	nl_socket_free(n->sk);
	n->sk = sk;
	return a.owned ? (int)a.owner_pid : -1;
}

static int another_process(struct __test_metadata *_metadata, struct netlink *n)
{
	return see_owner(_metadata, n) != getppid();
}

TEST_F(netlink, owner)
{
	struct netlink *n = &self->n;
	struct answer a;

	ASSERT_EQ(0, function_bind(&n->f));
	a = get(_metadata, n);
	EXPECT_TRUE(a.owned);
	EXPECT_EQ(getpid(), a.owner_pid);
	EXPECT_EQ(0, run_child(_metadata, n, another_process));
	function_close(&n->f);
	a = get(_metadata, n);
	EXPECT_FALSE(a.owned);
	EXPECT_EQ(0, a.owner_pid);
}

static int another_user(struct __test_metadata *_metadata, struct netlink *n)
{
	return be_nobody() || see_owner(_metadata, n);
}

static int another_user_with_root_socket(struct __test_metadata *_metadata, struct netlink *n)
{
	return be_nobody() || get(_metadata, n).owner_pid;
}

/* All functions, without a number of any process that is not nobody's */
static int another_user_dumps(struct __test_metadata *_metadata, struct netlink *n)
{
	bool owned = false;
	unsigned int i;

	if (be_nobody())
		return 1;
	n->sk = socket_open(_metadata);
	ask(_metadata, n, request(_metadata, n, NLM_F_DUMP, ZPCIFD_NL_CMD_DEV_GET));
	for (i = 0; i < n->reply.count; i++) {
		if (n->reply.list[i].owner_pid)
			return 2;
		owned |= n->reply.list[i].owned;
	}
	return !owned;
}

/* Another user may ask for all that, and do nothing else that root may not */
static int another_user_asks_badly(struct __test_metadata *_metadata, struct netlink *n)
{
	__u32 id = 4095;

	if (be_nobody())
		return 1;
	n->sk = socket_open(_metadata);
	if (ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID, &id, 4) != -ENODEV ||
	    ask_with(_metadata, n, 0, ZPCIFD_A_DEV_ID, &id, 3) != -EINVAL)
		return 2;
	ask(_metadata, n, request(_metadata, n, 0, ZPCIFD_NL_CMD_DEV_RESET));
	return n->reply.error != -EOPNOTSUPP;
}

/* Another user sees that there is an owner, not which process it is */
TEST_F(netlink, owner_of_another_user)
{
	ASSERT_EQ(0, function_bind(&self->n.f));
	EXPECT_EQ(0, run_child(_metadata, &self->n, another_user_dumps));
	EXPECT_EQ(0, run_child(_metadata, &self->n, another_user_asks_badly));
	EXPECT_EQ(0, run_child(_metadata, &self->n, another_user));
	EXPECT_EQ(0, run_child(_metadata, &self->n, another_user_with_root_socket));
}

/* The process that binds, as nobody, and lives until @until is closed */
static int nobody_binds(struct __test_metadata *_metadata, struct netlink *n, int tell,
			int until)
{
	char byte;

	if (be_nobody() || function_bind(&n->f) || see_owner(_metadata, n) != getpid())
		return 1;
	return write(tell, "", 1) != 1 || read(until, &byte, 1);
}

/* A user sees its own process; so does the administrator, until it is gone */
TEST_F(netlink, owner_is_another_user)
{
	int status, to_child[2], to_parent[2];
	struct netlink *n = &self->n;
	struct answer a;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe2(to_child, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(to_parent, O_CLOEXEC));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(to_child[1]);
		_exit(nobody_binds(_metadata, n, to_parent[1], to_child[0]));
	}
	close(to_parent[1]);
	EXPECT_EQ(1, read(to_parent[0], &byte, 1));
	a = get(_metadata, n);
	EXPECT_TRUE(a.owned);
	EXPECT_EQ(child, a.owner_pid);

	close(to_child[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	/* The file lives on here, so the function still has its owner */
	a = get(_metadata, n);
	EXPECT_TRUE(a.owned);
	EXPECT_EQ(0, a.owner_pid);
	close(to_child[0]);
	close(to_parent[0]);
}

static int see_no_process(struct __test_metadata *_metadata, struct netlink *n)
{
	return see_owner(_metadata, n);
}

static int in_pid_namespace(struct __test_metadata *_metadata, struct netlink *n)
{
	if (unshare(CLONE_NEWPID))
		return errno == EINVAL ? KSFT_SKIP : 1;
	return run_child(_metadata, n, see_no_process);
}

/* A PID namespace shows no process that is outside of it */
TEST_F(netlink, owner_in_pid_namespace)
{
	int ret;

	ASSERT_EQ(0, function_bind(&self->n.f));
	ret = run_child(_metadata, &self->n, in_pid_namespace);
	if (ret == KSFT_SKIP)
		SKIP(return, "the kernel has no PID namespaces (CONFIG_PID_NS)");
	EXPECT_EQ(0, ret);
}

static int in_net_namespace(struct __test_metadata *_metadata, struct netlink *n)
{
	if (unshare(CLONE_NEWNET))
		return errno == EINVAL ? KSFT_SKIP : 1;
	nl_socket_free(n->sk);
	n->sk = socket_open(_metadata);
	if (genl_ctrl_resolve(n->sk, ZPCIFD_FAMILY_NAME) != -NLE_OBJ_NOTFOUND)
		return 1;
	/* Who knows the number gets no further */
	ask(_metadata, n, request(_metadata, n, NLM_F_DUMP, ZPCIFD_NL_CMD_DEV_GET));
	return n->reply.error != -ENOENT;
}

/* The family is there in the initial network namespace only */
TEST_F(netlink, net_namespace)
{
	int ret = run_child(_metadata, &self->n, in_net_namespace);

	if (ret == KSFT_SKIP)
		SKIP(return, "the kernel has no network namespaces (CONFIG_NET_NS)");
	EXPECT_EQ(0, ret);
}

TEST_HARNESS_MAIN
