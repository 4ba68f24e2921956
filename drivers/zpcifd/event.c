// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: what happens to functions, told by generic netlink to whoever
 * listens. Everybody may listen, in any PID namespace: an event has nothing
 * that only some may see.
 */
#include "netlink_gen.h"
#include "zpcifd_private.h"

/**
 * zpcifd_event_put - Tell what everybody may know of a function
 * @skb: The message
 * @zd: The function
 *
 * Return: 0, or -EMSGSIZE
 */
int zpcifd_event_put(struct sk_buff *skb, const struct zpcifd_device *zd)
{
	if (nla_put_u32(skb, ZPCIFD_A_DEV_ID, MINOR(zd->dev.devt)) ||
	    nla_put_string(skb, ZPCIFD_A_DEV_NAME, dev_name(&zd->dev)) ||
	    nla_put_u32(skb, ZPCIFD_A_DEV_FID, zd->info.out_fid) ||
	    (zd->info.out_uid &&
	     nla_put_u32(skb, ZPCIFD_A_DEV_UID, zd->info.out_uid)) ||
	    nla_put_u32(skb, ZPCIFD_A_DEV_STATE, READ_ONCE(zd->state)) ||
	    (READ_ONCE(zd->owner) && nla_put_flag(skb, ZPCIFD_A_DEV_OWNED)))
		return -EMSGSIZE;
	return 0;
}

static struct sk_buff *zpcifd_event_build(const struct zpcifd_device *zd, u8 cmd)
{
	struct genl_info info;
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return NULL;
	genl_info_init_ntf(&info, &zpcifd_nl_family, cmd);
	header = genlmsg_iput(skb, &info);
	if (!header || zpcifd_event_put(skb, zd)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, header);
	return skb;
}

/**
 * zpcifd_event - Tell what happened to a function
 * @zd: The function, registered
 * @cmd: ZPCIFD_NL_CMD_DEV_ADDED or one of its kin
 *
 * Costs nothing when nobody listens. Who cannot be told, for want of memory or
 * because it does not listen fast enough, is told that much: its next recv()
 * fails with ENOBUFS.
 *
 * Context: process context, any lock of the framework may be held
 */
void zpcifd_event(struct zpcifd_device *zd, u8 cmd)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&zpcifd_nl_family, &init_net, ZPCIFD_NLGRP_EVENTS))
		return;
	skb = zpcifd_event_build(zd, cmd);
	if (skb)
		genlmsg_multicast(&zpcifd_nl_family, skb, 0, ZPCIFD_NLGRP_EVENTS,
				  GFP_KERNEL);
	else
		genl_set_err(&zpcifd_nl_family, &init_net, 0, ZPCIFD_NLGRP_EVENTS,
			     -ENOBUFS);
}
