// SPDX-License-Identifier: MIT
/*
 * Config space: bytes and capabilities
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "lib.h"

/* The list starts behind the header and has a word for each capability */
#define CAP_FIRST 0x40
#define CAP_MAX ((256 - CAP_FIRST) / 4)

int zpcifd_config_read(struct zpcifd_ring *r, unsigned int offset, void *buf,
		       size_t len)
{
	unsigned char *p = buf;
	uint64_t value;
	int err;

	while (len) {
		unsigned int n = offset & 1 || len < 2 ? 1 :
				 offset & 2 || len < 4 ? 2 : 4;

		err = zpcifd_load(r, ZPCIFD_AS_CONFIG, offset, n, &value);
		if (err)
			return err;
		offset += n;
		len -= n;
		while (n--)
			*p++ = value >> (8 * n);
	}
	return 0;
}

int zpcifd_find_capability(struct zpcifd_ring *r, uint8_t id,
			   unsigned int after)
{
	unsigned char status[2], cap[2] = { 0 };
	int left, err;

	err = zpcifd_config_read(r, PCI_STATUS, status, sizeof(status));
	if (err)
		return err;
	if (!(status[0] & PCI_STATUS_CAP_LIST))
		return -ENOENT;
	err = zpcifd_config_read(r, after ? after + PCI_CAP_LIST_NEXT :
				 PCI_CAPABILITY_LIST, &cap[1], 1);
	for (left = CAP_MAX; !err && left; left--) {
		unsigned int pos = cap[1] & ~3U;

		if (pos < CAP_FIRST)
			return -ENOENT;
		err = zpcifd_config_read(r, pos, cap, sizeof(cap));
		if (!err && cap[0] == id)
			return pos;
	}
	return err ? err : -ELOOP;
}
