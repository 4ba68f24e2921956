// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl stat
 */
#include <stdio.h>
#include <netlink/msg.h>

#include "netlink.h"
#include "out.h"
#include "zpctl.h"

static const struct {
	const char *key;
	const char *label;
} counters[ZPCIFD_A_STATS_MAX + 1] = {
	[ZPCIFD_A_STATS_PCILG] = { "pcilg", "PCILG" },
	[ZPCIFD_A_STATS_PCISTG] = { "pcistg", "PCISTG" },
	[ZPCIFD_A_STATS_PCISTB] = { "pcistb", "PCISTB" },
	[ZPCIFD_A_STATS_BYTES] = { "bytes", "Bytes" },
	[ZPCIFD_A_STATS_ERRORS] = { "errors", "Errors (cc 1)" },
	[ZPCIFD_A_STATS_BUSY] = { "busy", "Busy to the end (cc 2)" },
	[ZPCIFD_A_STATS_INVALID_HANDLE] = { "invalid-handle", "Invalid handle (cc 3)" },
	[ZPCIFD_A_STATS_PROGRAM_CHECKS] = { "program-checks", "Program checks" },
	[ZPCIFD_A_STATS_RETRIES] = { "retries", "Retries after busy" },
	[ZPCIFD_A_STATS_RETRIED] = { "retried", "Done after retries" },
	[ZPCIFD_A_STATS_REFUSED] = { "refused", "Descriptors refused" },
	[ZPCIFD_A_STATS_INTERRUPTS] = { "interrupts", "Interrupts" },
};

struct stat {
	struct out out;
	bool one;
	unsigned int count;
};

static void print_owner(struct out *o, const struct netlink_function *f)
{
	char owner[32] = "nobody";

	if (o->json) {
		out_bool(o, "owned", NULL, f->owned);
		if (f->owner_pid)
			out_number(o, "owner-pid", NULL, f->owner_pid);
		return;
	}
	if (f->owner_pid)
		snprintf(owner, sizeof(owner), "process %u", f->owner_pid);
	else if (f->owned)
		snprintf(owner, sizeof(owner), "somebody");
	out_string(o, NULL, "Owner", owner);
}

static void print_function(struct out *o, const struct netlink_function *f)
{
	int i;

	if (o->json) {
		out_string(o, "name", NULL, f->name);
		out_number(o, "id", NULL, f->id);
	}
	out_hex(o, "fid", "Function ID", f->fid, 8);
	if (f->uid)
		out_hex(o, "uid", "User-defined ID", f->uid, 1);
	out_string(o, "state", "State", netlink_state(f->state));
	print_owner(o, f);
	out_number(o, "rings", "Rings", f->rings);
	if (o->json)
		out_group(o, "stats", NULL);
	for (i = 1; i <= ZPCIFD_A_STATS_MAX; i++)
		out_number(o, counters[i].key, counters[i].label, f->stats[i]);
	if (o->json)
		out_close(o);
}

static int take(struct nl_msg *msg, void *arg)
{
	struct netlink_function f;
	struct stat *s = arg;
	int err;

	err = netlink_parse(nlmsg_hdr(msg), &f);
	if (err)
		return err;
	s->count++;
	/* One function in JSON is the whole output, not a group of it */
	if (s->one && s->out.json) {
		print_function(&s->out, &f);
		return NL_OK;
	}
	out_group(&s->out, NULL, "%s", f.name);
	print_function(&s->out, &f);
	out_close(&s->out);
	return NL_OK;
}

int cmd_stat(char **args, const struct options *opt)
{
	struct stat s = { .one = args[0] };
	const struct function *f;
	char name[sizeof(f->name)];
	struct functions fs;
	int ret;

	if (s.one) {
		ret = sysfs_scan(&fs);
		if (ret)
			return ret;
		ret = sysfs_find(&fs, args[0], &f);
		if (!ret)
			snprintf(name, sizeof(name), "%s", f->name);
		sysfs_free(&fs);
		if (ret)
			return ret;
		if (!*name)
			return fail("%s: zpcifd does not have it: run 'zpctl bind %s' first",
				    args[0], args[0]);
	}
	out_begin(&s.out, opt->json, !s.one);
	ret = netlink_ask(s.one ? name : NULL, take, &s);
	if (ret)
		return ret;
	out_end(&s.out);
	if (!s.count && !opt->json)
		fprintf(stderr, "zpctl: zpcifd has no function\n");
	return ZPCTL_OK;
}
