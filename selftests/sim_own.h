/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated functions of a test's own, beside the one under test: their
 * directories in configfs and their files
 */
#ifndef SIM_OWN_H
#define SIM_OWN_H

#include <sys/stat.h>

#include "sim_log.h"

static inline int sim_set(const char *dir, const char *attr, const char *value)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, attr);
	return file_write(path, value);
}

static inline int sim_get(const char *dir, const char *attr, char *value, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, attr);
	return file_read(path, value, size);
}

/* Opens the file of a function that lives */
static inline int sim_open(const char *dir)
{
	char name[32], path[64];
	int fd;

	if (sim_get(dir, "name", name, sizeof(name)))
		return -ENOENT;
	snprintf(path, sizeof(path), "/dev/zpci/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Opens a function that lives, with an iommufd and an IOAS, without binding it */
static inline int sim_open_function(const char *dir, struct function *f)
{
	int ret;

	*f = (struct function){ .path = dir, .iommufd = -1 };
	f->fd = sim_open(dir);
	if (f->fd < 0)
		return f->fd;
	f->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (f->iommufd < 0)
		return -errno;
	ret = ioas_alloc(f->iommufd, &f->ioas);
	return ret ?: function_info(f->fd, &f->info);
}

#endif /* SIM_OWN_H */
