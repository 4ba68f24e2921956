// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family of zpcifd: asking, listening, and taking messages
 * apart
 */
#include <stdio.h>
#include <string.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "netlink.h"
#include "zpctl.h"

static const char * const states[] = {
	[ZPCIFD_STATE_ONLINE] = "online",
	[ZPCIFD_STATE_ERROR] = "error",
	[ZPCIFD_STATE_FAILED] = "failed",
};

const char *netlink_state(uint32_t state)
{
	return state < ARRAY_SIZE(states) ? states[state] : "unknown";
}

/**
 * netlink_open - Connect to the family
 * @sk: Out: a socket, free it with nl_socket_free()
 * @family: Out: the family's number
 *
 * Return: an exit code; the failure was reported
 */
int netlink_open(struct nl_sock **sk, int *family)
{
	int err;

	*sk = nl_socket_alloc();
	if (!*sk)
		return fail("netlink: out of memory");
	err = genl_connect(*sk);
	if (err) {
		fail("netlink: connect: %s", nl_geterror(err));
	} else {
		*family = genl_ctrl_resolve(*sk, ZPCIFD_FAMILY_NAME);
		if (*family >= 0)
			return ZPCTL_OK;
		fail("netlink: family " ZPCIFD_FAMILY_NAME
		     ": %s: load the module zpcifd, and ask in the initial network namespace",
		     nl_geterror(*family));
	}
	nl_socket_free(*sk);
	*sk = NULL;
	return ZPCTL_FAILED;
}

/* The kernel stores a number in 4 or 8 bytes */
static uint64_t get_uint(const struct nlattr *attr)
{
	return nla_len(attr) == sizeof(uint64_t) ? nla_get_u64(attr) : nla_get_u32(attr);
}

static int parse_stats(struct nlattr *nest, uint64_t *stats)
{
	static struct nla_policy policy[ZPCIFD_A_STATS_MAX + 1];
	struct nlattr *attrs[ZPCIFD_A_STATS_MAX + 1];
	int err, i;

	for (i = 1; i <= ZPCIFD_A_STATS_MAX; i++)
		policy[i].minlen = sizeof(uint32_t);
	err = nla_parse_nested(attrs, ZPCIFD_A_STATS_MAX, nest, policy);
	for (i = 1; !err && i <= ZPCIFD_A_STATS_MAX; i++)
		stats[i] = attrs[i] ? get_uint(attrs[i]) : 0;
	return err;
}

/**
 * netlink_parse - Take a message about a function apart
 * @header: The message, an answer or an event
 * @f: Out: what it says
 *
 * Return: 0, or a negative error of libnl
 */
int netlink_parse(struct nlmsghdr *header, struct netlink_function *f)
{
	static struct nla_policy policy[ZPCIFD_A_DEV_MAX + 1] = {
		[ZPCIFD_A_DEV_ID] = { .type = NLA_U32 },
		[ZPCIFD_A_DEV_NAME] = { .type = NLA_STRING },
		[ZPCIFD_A_DEV_FID] = { .type = NLA_U32 },
		[ZPCIFD_A_DEV_UID] = { .type = NLA_U32 },
		[ZPCIFD_A_DEV_STATE] = { .type = NLA_U32 },
		[ZPCIFD_A_DEV_OWNED] = { .type = NLA_FLAG },
		[ZPCIFD_A_DEV_OWNER_PID] = { .type = NLA_U32 },
		[ZPCIFD_A_DEV_RINGS] = { .type = NLA_U32 },
		[ZPCIFD_A_DEV_STATS] = { .type = NLA_NESTED },
	};
	struct nlattr *attrs[ZPCIFD_A_DEV_MAX + 1];
	int err;

	*f = (struct netlink_function) { 0 };
	err = genlmsg_parse(header, 0, attrs, ZPCIFD_A_DEV_MAX, policy);
	if (err)
		return err;
	if (!attrs[ZPCIFD_A_DEV_ID] || !attrs[ZPCIFD_A_DEV_NAME] ||
	    !attrs[ZPCIFD_A_DEV_FID] || !attrs[ZPCIFD_A_DEV_STATE])
		return -NLE_MISSING_ATTR;
	f->id = nla_get_u32(attrs[ZPCIFD_A_DEV_ID]);
	nla_strlcpy(f->name, attrs[ZPCIFD_A_DEV_NAME], sizeof(f->name));
	f->fid = nla_get_u32(attrs[ZPCIFD_A_DEV_FID]);
	if (attrs[ZPCIFD_A_DEV_UID])
		f->uid = nla_get_u32(attrs[ZPCIFD_A_DEV_UID]);
	f->state = nla_get_u32(attrs[ZPCIFD_A_DEV_STATE]);
	f->owned = attrs[ZPCIFD_A_DEV_OWNED];
	if (attrs[ZPCIFD_A_DEV_OWNER_PID])
		f->owner_pid = nla_get_u32(attrs[ZPCIFD_A_DEV_OWNER_PID]);
	if (attrs[ZPCIFD_A_DEV_RINGS])
		f->rings = nla_get_u32(attrs[ZPCIFD_A_DEV_RINGS]);
	if (attrs[ZPCIFD_A_DEV_STATS])
		err = parse_stats(attrs[ZPCIFD_A_DEV_STATS], f->stats);
	return err;
}

/**
 * netlink_ask - Ask for one function or for all
 * @name: Its name, zpciN; NULL for all
 * @fn: Called with every message that comes back, as libnl calls
 * @arg: For @fn
 *
 * Return: an exit code; the failure was reported
 */
int netlink_ask(const char *name, nl_recvmsg_msg_cb_t fn, void *arg)
{
	const char *who = name ? name : "all functions";
	struct nl_msg *msg;
	struct nl_sock *sk;
	int family, err;

	if (netlink_open(&sk, &family))
		return ZPCTL_FAILED;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, fn, arg);
	msg = nlmsg_alloc();
	if (!msg ||
	    !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
			 name ? 0 : NLM_F_DUMP, ZPCIFD_NL_CMD_DEV_GET, ZPCIFD_FAMILY_VERSION) ||
	    (name && nla_put_string(msg, ZPCIFD_A_DEV_NAME, name)))
		err = -NLE_NOMEM;
	else
		err = nl_send_auto(sk, msg);
	/* For one function there is an answer, and then an acknowledgment */
	if (err >= 0)
		err = nl_recvmsgs_default(sk);
	if (err >= 0 && name)
		err = nl_wait_for_ack(sk);
	nlmsg_free(msg);
	nl_socket_free(sk);
	if (err == -NLE_NODEV)
		return fail("%s: ask for it: zpcifd does not have it any more; see 'zpctl list'",
			    who);
	if (err < 0)
		return fail("%s: ask for it: %s: run it again", who, nl_geterror(err));
	return ZPCTL_OK;
}
