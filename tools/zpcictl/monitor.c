// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl monitor
 */
#include <stdio.h>
#include <time.h>
#include <json-c/json.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "netlink.h"
#include "zpctl.h"

static const char * const events[ZPCIFD_NL_CMD_MAX + 1] = {
	[ZPCIFD_NL_CMD_DEV_ADDED] = "added",
	[ZPCIFD_NL_CMD_DEV_REMOVED] = "removed",
	[ZPCIFD_NL_CMD_DEV_OWNER] = "owner",
	[ZPCIFD_NL_CMD_DEV_STATE] = "state",
	[ZPCIFD_NL_CMD_DEV_RESET] = "reset",
};

struct monitor {
	int family;
	bool json;
	bool gone;
};

/* Prints the line at once: who reads it waits for it */
static int print_json(struct json_object *line)
{
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(line);
	return fflush(stdout);
}

static struct json_object *json_line(const struct timespec *now, const char *event)
{
	struct json_object *line = json_object_new_object();
	char text[64], time[32];
	struct tm tm;

	strftime(time, sizeof(time), "%FT%T", gmtime_r(&now->tv_sec, &tm));
	snprintf(text, sizeof(text), "%s.%06ldZ", time, now->tv_nsec / 1000);
	json_object_object_add(line, "time", json_object_new_string(text));
	json_object_object_add(line, "event", json_object_new_string(event));
	return line;
}

static int print_text(const struct timespec *now, const char *who, const char *what)
{
	char time[32];
	struct tm tm;

	strftime(time, sizeof(time), "%F %T", localtime_r(&now->tv_sec, &tm));
	printf("%s.%06ld  %-8s  %s\n", time, now->tv_nsec / 1000, who, what);
	return fflush(stdout);
}

static int print_event(const struct monitor *m, uint8_t cmd,
		       const struct netlink_function *f)
{
	struct json_object *line;
	struct timespec now;
	char what[64];

	clock_gettime(CLOCK_REALTIME, &now);
	if (m->json) {
		line = json_line(&now, events[cmd]);
		json_object_object_add(line, "name", json_object_new_string(f->name));
		json_object_object_add(line, "id", json_object_new_uint64(f->id));
		json_object_object_add(line, "fid", json_object_new_uint64(f->fid));
		if (f->uid)
			json_object_object_add(line, "uid", json_object_new_uint64(f->uid));
		json_object_object_add(line, "state",
				       json_object_new_string(netlink_state(f->state)));
		json_object_object_add(line, "owned", json_object_new_boolean(f->owned));
		return print_json(line);
	}
	switch (cmd) {
	case ZPCIFD_NL_CMD_DEV_ADDED:
		snprintf(what, sizeof(what), "added, function ID 0x%08x", f->fid);
		break;
	case ZPCIFD_NL_CMD_DEV_OWNER:
		snprintf(what, sizeof(what), "%s", f->owned ? "has an owner" : "has no owner");
		break;
	case ZPCIFD_NL_CMD_DEV_STATE:
		snprintf(what, sizeof(what), "state %s", netlink_state(f->state));
		break;
	default:
		snprintf(what, sizeof(what), "%s", events[cmd]);
	}
	return print_text(&now, f->name, what);
}

static int print_lost(const struct monitor *m)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (m->json)
		return print_json(json_line(&now, "lost"));
	return print_text(&now, "-", "events were lost: 'zpctl stat' shows how it is now");
}

/* Does a message of the families' controller say that the family is gone? */
static bool is_gone(struct nlmsghdr *header, const struct monitor *m)
{
	struct nlattr *attrs[CTRL_ATTR_MAX + 1];

	return genlmsg_hdr(header)->cmd == CTRL_CMD_DELFAMILY &&
	       !genlmsg_parse(header, 0, attrs, CTRL_ATTR_MAX, NULL) &&
	       attrs[CTRL_ATTR_FAMILY_ID] &&
	       nla_get_u16(attrs[CTRL_ATTR_FAMILY_ID]) == m->family;
}

static int take(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct netlink_function f;
	struct monitor *m = arg;
	uint8_t cmd;
	int err;

	if (header->nlmsg_type == GENL_ID_CTRL) {
		m->gone |= is_gone(header, m);
		return NL_OK;
	}
	cmd = genlmsg_hdr(header)->cmd;
	/* A newer kernel may tell more */
	if (header->nlmsg_type != m->family || cmd > ZPCIFD_NL_CMD_MAX || !events[cmd])
		return NL_SKIP;
	err = netlink_parse(header, &f);
	if (err)
		return err;
	return print_event(m, cmd, &f) ? -NLE_FAILURE : NL_OK;
}

/* Groups are looked up before the first is joined: its events are no answers */
static int join(struct nl_sock *sk)
{
	int functions = genl_ctrl_resolve_grp(sk, ZPCIFD_FAMILY_NAME, ZPCIFD_MCGRP_EVENTS);
	int families = genl_ctrl_resolve_grp(sk, "nlctrl", "notify");
	int err;

	if (functions < 0)
		return functions;
	if (families < 0)
		return families;
	err = nl_socket_add_memberships(sk, functions, families, 0);
	if (!err)
		nl_socket_disable_seq_check(sk);
	return err;
}

static int listen_on(struct nl_sock *sk, struct monitor *m)
{
	int err = join(sk);

	if (err)
		return fail("monitor: listen to events: %s: is the module zpcifd loaded?",
			    nl_geterror(err));
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, take, m);
	while (!m->gone) {
		err = nl_recvmsgs_default(sk);
		/* This is what libnl makes of ENOBUFS */
		if (err == -NLE_NOMEM)
			err = print_lost(m);
		if (ferror(stdout))
			return ZPCTL_FAILED;
		if (err < 0)
			return fail("monitor: receive events: %s", nl_geterror(err));
	}
	return fail("monitor: the module zpcifd was unloaded");
}

int cmd_monitor(char **args, const struct options *opt)
{
	struct monitor m = { .json = opt->json };
	struct nl_sock *sk;
	int ret;

	(void)args;
	ret = netlink_open(&sk, &m.family);
	if (ret)
		return ret;
	ret = listen_on(sk, &m);
	nl_socket_free(sk);
	return ret;
}
