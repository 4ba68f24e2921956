// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of this system, as sysfs shows them
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zpctl.h"

static const char *sysfs_root(void)
{
	const char *root = getenv("ZPCTL_SYSFS");

	return root ? root : "/sys";
}

/* Reads an attribute of an entry of a directory, without its newline */
static int read_attr(int dir, const char *entry, const char *attr, char *buf,
		     size_t len)
{
	char path[NAME_MAX + 32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", entry, attr);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

/* The kernel prints some IDs with 0x and some without; all are hexadecimal */
static int read_hex(int dir, const char *entry, const char *attr,
		    uint32_t *value)
{
	char line[32], *end;
	int err;

	err = read_attr(dir, entry, attr, line, sizeof(line));
	if (err)
		return err;
	errno = 0;
	*value = strtoul(line, &end, 16);
	return errno || end == line || *end ? -EINVAL : 0;
}

/* Last component of what a link points to, "" if there is no link */
static void read_link(int dir, const char *entry, const char *link, char *buf,
		      size_t len)
{
	char path[NAME_MAX + 32], target[PATH_MAX];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", entry, link);
	n = readlinkat(dir, path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	base = strrchr(target, '/');
	snprintf(buf, len, "%.*s", (int)len - 1, base ? base + 1 : target);
}

static struct function *add(struct functions *fs)
{
	struct function *list;

	list = realloc(fs->list, (fs->nr + 1) * sizeof(*list));
	if (!list)
		return NULL;
	fs->list = list;
	list += fs->nr++;
	*list = (struct function) { .pft = -1 };
	return list;
}

static int add_pci(struct functions *fs, int dir, const char *entry)
{
	uint32_t fid, vendor, device, pft;
	struct function *f;

	/* Only zPCI functions have one */
	if (read_hex(dir, entry, "function_id", &fid))
		return 0;
	f = add(fs);
	if (!f)
		return -ENOMEM;
	f->fid = fid;
	snprintf(f->address, sizeof(f->address), "%.*s",
		 (int)sizeof(f->address) - 1, entry);
	read_hex(dir, entry, "uid", &f->uid);
	if (!read_hex(dir, entry, "pft", &pft))
		f->pft = pft;
	if (!read_hex(dir, entry, "vendor", &vendor) &&
	    !read_hex(dir, entry, "device", &device))
		snprintf(f->ids, sizeof(f->ids), "%04x:%04x", vendor & 0xffff,
			 device & 0xffff);
	read_link(dir, entry, "driver", f->driver, sizeof(f->driver));
	return 0;
}

static int add_zpcifd(struct functions *fs, int dir, const char *entry)
{
	char parent[NAME_MAX];
	struct function *f = NULL;
	size_t i;

	read_link(dir, entry, "device", parent, sizeof(parent));
	for (i = 0; i < fs->nr; i++)
		if (*parent && !strcmp(fs->list[i].address, parent))
			f = &fs->list[i];
	if (!f) {
		f = add(fs);
		if (!f)
			return -ENOMEM;
		read_hex(dir, entry, "fid", &f->fid);
		read_hex(dir, entry, "uid", &f->uid);
	}
	snprintf(f->name, sizeof(f->name), "%.*s", (int)sizeof(f->name) - 1,
		 entry);
	return 0;
}

static int for_each(struct functions *fs, const char *path,
		    int (*fn)(struct functions *fs, int dir, const char *entry))
{
	char full[PATH_MAX];
	struct dirent *e;
	int err = 0;
	DIR *dir;

	snprintf(full, sizeof(full), "%s/%s", sysfs_root(), path);
	dir = opendir(full);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			err = fn(fs, dirfd(dir), e->d_name);
	closedir(dir);
	return err;
}

/* PCI addresses first, then by name */
static int compare(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (!*x->address != !*y->address)
		return !*x->address - !*y->address;
	return *x->address ? strcmp(x->address, y->address) :
			     strverscmp(x->name, y->name);
}

/**
 * sysfs_scan - List the functions of this system
 * @fs: Out: the functions; see sysfs_free()
 *
 * Return: an exit code; the failure was reported
 */
int sysfs_scan(struct functions *fs)
{
	int err;

	*fs = (struct functions) { 0 };
	err = for_each(fs, "bus/pci/devices", add_pci);
	if (!err)
		err = for_each(fs, "class/zpcifd", add_zpcifd);
	if (err) {
		sysfs_free(fs);
		errno = -err;
		return fail("list functions: %m: sysfs must be readable at %s",
			    sysfs_root());
	}
	if (fs->nr)
		qsort(fs->list, fs->nr, sizeof(*fs->list), compare);
	return ZPCTL_OK;
}

void sysfs_free(struct functions *fs)
{
	free(fs->list);
	*fs = (struct functions) { 0 };
}

static bool matches(const struct function *f, const char *name)
{
	uint64_t id;

	if (!strncmp(name, "fid:", 4))
		return !parse_u64(name + 4, &id) && f->fid == id;
	if (!strncmp(name, "uid:", 4))
		return !parse_u64(name + 4, &id) && id && f->uid == id;
	if (!strncmp(name, "/dev/zpci/", 10))
		name += 10;
	return *name && (!strcmp(f->address, name) || !strcmp(f->name, name));
}

/**
 * sysfs_find - Find the function that is meant
 * @fs: All functions
 * @name: Its PCI address, fid:, uid:, zpciN or /dev/zpci/zpciN
 * @found: Out: the function
 *
 * Return: an exit code; the failure was reported
 */
int sysfs_find(const struct functions *fs, const char *name,
	       const struct function **found)
{
	size_t i;

	*found = NULL;
	for (i = 0; i < fs->nr; i++) {
		if (!matches(&fs->list[i], name))
			continue;
		if (*found)
			return fail("%s: several functions have it; see 'zpctl list'",
				    name);
		*found = &fs->list[i];
	}
	if (!*found)
		return fail("%s: there is no such function; 'zpctl list' shows all",
			    name);
	return ZPCTL_OK;
}

bool sysfs_exists(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", sysfs_root(), path);
	return !access(full, F_OK);
}

/** sysfs_write - Write to an attribute; returns 0 or a negative errno */
int sysfs_write(const char *value, const char *fmt, ...)
{
	char full[PATH_MAX];
	int n, fd, err = 0;
	va_list ap;

	n = snprintf(full, sizeof(full), "%s/", sysfs_root());
	va_start(ap, fmt);
	vsnprintf(full + n, sizeof(full) - n, fmt, ap);
	va_end(ap);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}
