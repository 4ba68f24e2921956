/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the generic netlink family of zpcifd tells of functions
 */
#ifndef ZPCTL_NETLINK_H
#define ZPCTL_NETLINK_H

#include <stdbool.h>
#include <stdint.h>
#include <netlink/netlink.h>

#include <linux/zpcifd_netlink.h>

/**
 * struct netlink_function - What a message tells of a function
 * @name: Its name, zpciN
 * @id: Its number
 * @fid: Function ID
 * @uid: User-defined ID, 0 if there is none
 * @state: enum zpcifd_state
 * @rings: Open rings; answers only
 * @owner_pid: The process that bound it, 0 if there is none that the caller
 *	may know of; answers only
 * @owned: Some process bound it
 * @stats: Counters by attribute; answers only
 */
struct netlink_function {
	char name[32];
	uint32_t id;
	uint32_t fid;
	uint32_t uid;
	uint32_t state;
	uint32_t rings;
	uint32_t owner_pid;
	bool owned;
	uint64_t stats[ZPCIFD_A_STATS_MAX + 1];
};

const char *netlink_state(uint32_t state);
int netlink_open(struct nl_sock **sk, int *family);
int netlink_parse(struct nlmsghdr *header, struct netlink_function *f);
int netlink_ask(const char *name, nl_recvmsg_msg_cb_t fn, void *arg);

#endif /* ZPCTL_NETLINK_H */
