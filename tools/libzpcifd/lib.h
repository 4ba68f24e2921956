/* SPDX-License-Identifier: MIT */
/*
 * Between the files of libzpcifd
 */
#ifndef ZPCIFD_LIB_H
#define ZPCIFD_LIB_H

#include "zpcifd.h"

#define ZPCIFD_TEXT_LEN 512
#define ZPCIFD_NAME_LEN 32

/* Where descriptors of one page end, whatever the page size of the kernel is */
#define ZPCIFD_PAGE 4096

struct zpcifd {
	int fd;
	int iommufd;
	int own_iommufd;	/* zpcifd_close() closes it */
	uint32_t devid;
	struct zpcifd_info info;
	char name[ZPCIFD_NAME_LEN];
	char text[ZPCIFD_TEXT_LEN];
};

[[gnu::format(printf, 5, 6)]]
int __zpcifd_fail(struct zpcifd *f, const char *name, const char *op, int err,
		  const char *hint, ...);

int __zpcifd_resolve(const char *sysfs, const char *name, char *node,
		     size_t len);

int __zpcifd_get_info(struct zpcifd *f);

int __zpcifd_check_layout(const struct zpcifd_ring_create *layout);

#endif /* ZPCIFD_LIB_H */
