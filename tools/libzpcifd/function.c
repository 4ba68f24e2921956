// SPDX-License-Identifier: MIT
/*
 * A function: opened, asked, bound
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib.h"

static int fail_resolve(const char *name, int err)
{
	switch (err) {
	case -EINVAL:
		return __zpcifd_fail(NULL, name, "open", err,
				     "name a function as zpci0, fid:0x1a, uid:0x7, a PCI address (0001:00:00.0) or a path");
	case -EBUSY:
		return __zpcifd_fail(NULL, name, "open", err,
				     "several functions have it; name one of them as zpciN, which 'zpctl list' shows");
	case -ENOENT:
		return __zpcifd_fail(NULL, name, "open", err,
				     "zpcifd has no such function; 'zpctl list' shows all, 'zpctl bind' gives one to zpcifd");
	default:
		return __zpcifd_fail(NULL, name, "open", err,
				     "looking for the function in sysfs failed");
	}
}

static int fail_open(const char *name, const char *node, int err)
{
	switch (err) {
	case -ENOENT:
		return fail_resolve(name, err);
	case -EACCES:
	case -EPERM:
		return __zpcifd_fail(NULL, name, "open", err,
				     "be allowed to read and write %s", node);
	default:
		return __zpcifd_fail(NULL, name, "open", err, NULL);
	}
}

/* "zpci0", also when the node was reached through a link of udev's */
static void set_name(struct zpcifd *f, const char *node)
{
	char real[PATH_MAX];
	const char *base;

	if (!realpath(node, real))
		snprintf(real, sizeof(real), "%s", node);
	base = strrchr(real, '/');
	snprintf(f->name, sizeof(f->name), "%.*s", ZPCIFD_NAME_LEN - 1,
		 base ? base + 1 : real);
}

int __zpcifd_get_info(struct zpcifd *f)
{
	struct zpcifd_info info = { .size = sizeof(info) };

	if (ioctl(f->fd, ZPCIFD_INFO, &info))
		return -errno;
	f->info = info;
	return 0;
}

static int get_info(struct zpcifd *f, const char *name)
{
	int err = __zpcifd_get_info(f);

	if (!err)
		return 0;
	return __zpcifd_fail(NULL, name, "info", err,
			     err == -ENODEV ? "the function is gone" :
			     err == -ENOTTY ? "this is not a function of zpcifd" :
			     NULL);
}

int zpcifd_open(const char *name, struct zpcifd **out)
{
	char node[PATH_MAX];
	struct zpcifd *f;
	int err;

	*out = NULL;
	err = __zpcifd_resolve("/sys", name, node, sizeof(node));
	if (err)
		return fail_resolve(name, err);
	f = calloc(1, sizeof(*f));
	if (!f)
		return __zpcifd_fail(NULL, name, "open", -ENOMEM, NULL);
	f->iommufd = -1;
	f->fd = open(node, O_RDWR | O_CLOEXEC);
	if (f->fd < 0) {
		err = fail_open(name, node, -errno);
		free(f);
		return err;
	}
	set_name(f, node);
	err = get_info(f, name);
	if (err) {
		zpcifd_close(f);
		return err;
	}
	*out = f;
	return 0;
}

void zpcifd_close(struct zpcifd *f)
{
	if (!f)
		return;
	close(f->fd);
	if (f->own_iommufd)
		close(f->iommufd);
	free(f);
}

const char *zpcifd_name(const struct zpcifd *f)
{
	return f->name;
}

int zpcifd_fd(const struct zpcifd *f)
{
	return f->fd;
}

const struct zpcifd_info *zpcifd_info(const struct zpcifd *f)
{
	return &f->info;
}

int zpcifd_iommufd(const struct zpcifd *f)
{
	return f->iommufd;
}

uint32_t zpcifd_devid(const struct zpcifd *f)
{
	return f->devid;
}

static int fail_bind(struct zpcifd *f, int err)
{
	switch (err) {
	case -EBUSY:
		return __zpcifd_fail(f, f->name, "bind", err,
				     "another file owns this function; 'zpctl stat %s' shows whose",
				     f->name);
	case -EBADF:
	case -EBADFD:
		return __zpcifd_fail(f, f->name, "bind", err,
				     "the file descriptor given is not one of /dev/iommu");
	case -ENODEV:
		return __zpcifd_fail(f, f->name, "bind", err,
				     "the function is gone");
	default:
		return __zpcifd_fail(f, f->name, "bind", err,
				     "the kernel's log may say more");
	}
}

int zpcifd_bind(struct zpcifd *f, int iommufd)
{
	struct zpcifd_bind_iommufd bind = { .size = sizeof(bind) };
	int own = iommufd < 0;
	int err;

	if (f->iommufd >= 0)
		return __zpcifd_fail(f, f->name, "bind", -EBUSY,
				     "this program has bound it already");
	if (own) {
		iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
		if (iommufd < 0)
			return __zpcifd_fail(f, f->name, "open /dev/iommu", -errno,
					     "the kernel module iommufd must be loaded, and you be allowed to use it");
	}
	bind.iommufd = iommufd;
	if (ioctl(f->fd, ZPCIFD_BIND_IOMMUFD, &bind)) {
		err = fail_bind(f, -errno);
		if (own)
			close(iommufd);
		return err;
	}
	f->iommufd = iommufd;
	f->own_iommufd = own;
	f->devid = bind.out_devid;
	return 0;
}
