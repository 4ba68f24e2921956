// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/zpcifd.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/zpcifd_netlink.h>

/* ZPCIFD_NL_CMD_DEV_GET - do */
static const struct nla_policy zpcifd_dev_get_nl_policy[ZPCIFD_A_DEV_NAME + 1] = {
	[ZPCIFD_A_DEV_ID] = { .type = NLA_U32, },
	[ZPCIFD_A_DEV_NAME] = { .type = NLA_NUL_STRING, .len = 31, },
};

/* Ops table for zpcifd */
static const struct genl_split_ops zpcifd_nl_ops[] = {
	{
		.cmd		= ZPCIFD_NL_CMD_DEV_GET,
		.doit		= zpcifd_nl_dev_get_doit,
		.policy		= zpcifd_dev_get_nl_policy,
		.maxattr	= ZPCIFD_A_DEV_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= ZPCIFD_NL_CMD_DEV_GET,
		.start	= zpcifd_nl_dev_get_start,
		.dumpit	= zpcifd_nl_dev_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group zpcifd_nl_mcgrps[] = {
	[ZPCIFD_NLGRP_EVENTS] = { "events", },
};

struct genl_family zpcifd_nl_family __ro_after_init = {
	.name		= ZPCIFD_FAMILY_NAME,
	.version	= ZPCIFD_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= zpcifd_nl_ops,
	.n_split_ops	= ARRAY_SIZE(zpcifd_nl_ops),
	.mcgrps		= zpcifd_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(zpcifd_nl_mcgrps),
};
