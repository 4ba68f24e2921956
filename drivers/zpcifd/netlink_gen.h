/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/zpcifd.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _LINUX_ZPCIFD_GEN_H
#define _LINUX_ZPCIFD_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/zpcifd_netlink.h>

int zpcifd_nl_dev_get_start(struct netlink_callback *cb);

int zpcifd_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info);
int zpcifd_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

enum {
	ZPCIFD_NLGRP_EVENTS,
};

extern struct genl_family zpcifd_nl_family;

#endif /* _LINUX_ZPCIFD_GEN_H */
