// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: who asks is told about one function or about all.
 * Documentation/netlink/specs/zpcifd.yaml specifies it. event.c tells what
 * nobody asked for.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/xarray.h>

#include "netlink_gen.h"
#include "zpcifd_private.h"

/*
 * The registered functions by their number. Each entry stands for the
 * registration, not for a reference: whoever finds one takes a reference under
 * the array's lock.
 */
static DEFINE_XARRAY(zpcifd_netlink_functions);

/* First function from number @id up to @max; updates @id */
static struct zpcifd_device *zpcifd_netlink_find(unsigned long *id, unsigned long max)
{
	struct zpcifd_device *zd;

	xa_lock(&zpcifd_netlink_functions);
	zd = xa_find(&zpcifd_netlink_functions, id, max, XA_PRESENT);
	if (zd)
		zpcifd_get(zd);
	xa_unlock(&zpcifd_netlink_functions);
	return zd;
}

static struct zpcifd_device *zpcifd_netlink_find_name(const char *name)
{
	unsigned long id;

	if (sscanf(name, "zpci%lu", &id) != 1)
		return NULL;
	struct zpcifd_device *zd __free(zpcifd) = zpcifd_netlink_find(&id, id);
	/* Not every spelling of a number is a name */
	if (!zd || strcmp(dev_name(&zd->dev), name))
		return NULL;
	return no_free_ptr(zd);
}

/*
 * The process that bound the function, as the calling process numbers it. 0 if
 * there is none or the sender of @request may not know: only the user whose
 * process it is may, and the administrator.
 */
static pid_t zpcifd_netlink_owner_pid(struct zpcifd_device *zd, struct sk_buff *request)
{
	lockdep_assert_held(&zd->lock);

	if (!zd->owner)
		return 0;
	if (!uid_eq(NETLINK_CREDS(request)->uid, zd->owner_uid) &&
	    !netlink_capable(request, CAP_SYS_ADMIN))
		return 0;
	guard(rcu)();
	/* The number of a process that is gone may be another's by now */
	return pid_has_task(zd->owner_pid, PIDTYPE_TGID) ? pid_vnr(zd->owner_pid) : 0;
}

static int zpcifd_netlink_put_owner(struct sk_buff *skb, struct zpcifd_device *zd,
				    struct sk_buff *request)
{
	pid_t pid;

	guard(mutex)(&zd->lock);
	if (zpcifd_event_put(skb, zd) ||
	    nla_put_u32(skb, ZPCIFD_A_DEV_RINGS, list_count_nodes(&zd->rings)))
		return -EMSGSIZE;
	pid = zpcifd_netlink_owner_pid(zd, request);
	return pid ? nla_put_u32(skb, ZPCIFD_A_DEV_OWNER_PID, pid) : 0;
}

static int zpcifd_netlink_put_stats(struct sk_buff *skb, struct zpcifd_device *zd)
{
	struct zpcifd_stats stats;
	struct nlattr *nest;
	u64 interrupts = 0;
	u32 i;

	zpcifd_device_get_stats(zd, &stats);
	for (i = 0; i < zpcifd_irq_max_vectors(&zd->info); i++)
		interrupts += atomic64_read(&zd->vectors[i].count);

	nest = nla_nest_start(skb, ZPCIFD_A_DEV_STATS);
	if (!nest ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_PCILG, stats.insns[ZPCIFD_OP_PCILG]) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_PCISTG, stats.insns[ZPCIFD_OP_PCISTG]) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_PCISTB, stats.insns[ZPCIFD_OP_PCISTB]) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_BYTES, stats.bytes) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_ERRORS, stats.cc[1]) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_BUSY, stats.cc[2]) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_INVALID_HANDLE, stats.cc[3]) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_PROGRAM_CHECKS, stats.pgm_checks) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_RETRIES, stats.retries) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_RETRIED, stats.cc[0]) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_REFUSED, stats.refused) ||
	    nla_put_uint(skb, ZPCIFD_A_STATS_INTERRUPTS, interrupts))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Adds a message about one function, or nothing if there is no room */
static int zpcifd_netlink_put(struct sk_buff *skb, struct zpcifd_device *zd,
			      const struct genl_info *info, int flags,
			      struct sk_buff *request)
{
	void *header = __genlmsg_iput(skb, info, flags);

	if (!header)
		return -EMSGSIZE;
	if (zpcifd_netlink_put_owner(skb, zd, request) ||
	    zpcifd_netlink_put_stats(skb, zd)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/**
 * zpcifd_nl_dev_get_doit - Answer about one function
 * @skb: The request
 * @info: What it says
 *
 * Context: process context
 *
 * Return: 0, or a negative errno: EINVAL when the request names no function or
 * names it twice, ENODEV when there is no such function, ENOMEM
 */
int zpcifd_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id_attr = info->attrs[ZPCIFD_A_DEV_ID];
	struct nlattr *name_attr = info->attrs[ZPCIFD_A_DEV_NAME];
	struct zpcifd_device *zd __free(zpcifd) = NULL;
	struct sk_buff *reply;
	unsigned long id;
	int ret;

	if (id_attr && name_attr) {
		NL_SET_ERR_MSG_ATTR(info->extack, name_attr, "id and name: give one of them");
		return -EINVAL;
	}
	if (name_attr) {
		zd = zpcifd_netlink_find_name(nla_data(name_attr));
	} else {
		if (GENL_REQ_ATTR_CHECK(info, ZPCIFD_A_DEV_ID))
			return -EINVAL;
		id = nla_get_u32(id_attr);
		zd = zpcifd_netlink_find(&id, id);
	}
	if (!zd) {
		NL_SET_BAD_ATTR(info->extack, id_attr ?: name_attr);
		return -ENODEV;
	}

	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	ret = zpcifd_netlink_put(reply, zd, info, 0, skb);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	return genlmsg_reply(reply, info);
}

/**
 * zpcifd_nl_dev_get_start - Start to tell about all functions
 * @cb: The request
 *
 * Return: 0, or -EINVAL when the request has an attribute. The kernel's own
 * code sees to that in 7.2, but not yet in 6.12.
 */
int zpcifd_nl_dev_get_start(struct netlink_callback *cb)
{
	if (!nlmsg_attrlen(cb->nlh, GENL_HDRLEN))
		return 0;
	NL_SET_ERR_MSG(cb->extack, "a dump is of all functions: give no attribute");
	return -EINVAL;
}

/**
 * zpcifd_nl_dev_get_dumpit - Tell about all functions, part by part
 * @skb: The part to fill
 * @cb: The request, and where the next part starts
 *
 * Functions come in the order of their numbers. One that is added or removed
 * meanwhile is there or not; every other one is there exactly once.
 *
 * Context: process context
 *
 * Return: 0 when all were told, -EMSGSIZE when the next part goes on
 */
int zpcifd_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	unsigned long *next = (unsigned long *)cb->ctx;
	int ret;

	for (;; ++*next) {
		struct zpcifd_device *zd __free(zpcifd) =
			zpcifd_netlink_find(next, ULONG_MAX);

		if (!zd)
			return 0;
		ret = zpcifd_netlink_put(skb, zd, info, NLM_F_MULTI, cb->skb);
		if (ret)
			return ret;
	}
}

/**
 * zpcifd_netlink_add - Let a function be asked for
 * @zd: The function
 *
 * Return: 0, or -ENOMEM
 */
int zpcifd_netlink_add(struct zpcifd_device *zd)
{
	return xa_insert(&zpcifd_netlink_functions, MINOR(zd->dev.devt), zd, GFP_KERNEL);
}

/**
 * zpcifd_netlink_del - Undo zpcifd_netlink_add()
 * @zd: The function
 */
void zpcifd_netlink_del(struct zpcifd_device *zd)
{
	xa_erase(&zpcifd_netlink_functions, MINOR(zd->dev.devt));
}

int __init zpcifd_netlink_init(void)
{
	/* The generator takes every family for one of all network namespaces */
	zpcifd_nl_family.netnsok = false;
	return genl_register_family(&zpcifd_nl_family);
}

void zpcifd_netlink_exit(void)
{
	genl_unregister_family(&zpcifd_nl_family);
}
