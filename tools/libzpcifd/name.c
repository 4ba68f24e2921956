// SPDX-License-Identifier: MIT
/*
 * From the names that people give a function to its device node
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

#define DEV_DIR "/dev/zpci/"

static int parse_id(const char *s, uint32_t *id)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	value = strtoull(s, &end, s[0] == '0' && (s[1] | 0x20) == 'x' ? 16 : 10);
	if (errno || *end || value > UINT32_MAX)
		return -EINVAL;
	*id = value;
	return 0;
}

/* Domain, bus, slot and function, all hexadecimal: 0001:00:00.0 */
static int is_pci_address(const char *s)
{
	unsigned int domain, bus, slot, func;
	int end = -1;

	return strspn(s, "0123456789abcdef:.") == strlen(s) &&
	       sscanf(s, "%8x:%2x:%2x.%1x%n", &domain, &bus, &slot, &func,
		      &end) == 4 && end == (int)strlen(s);
}

static int has_id(int class, const char *entry, const char *attr, uint32_t id)
{
	char path[NAME_MAX + 16], line[32];
	uint32_t value;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", entry, attr);
	fd = openat(class, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	return !parse_id(line, &value) && value == id;
}

static int has_address(int class, const char *entry, const char *address)
{
	char path[NAME_MAX + 16], target[PATH_MAX];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/device", entry);
	n = readlinkat(class, path, target, sizeof(target) - 1);
	if (n <= 0)
		return 0;
	target[n] = 0;
	base = strrchr(target, '/');
	return !strcmp(base ? base + 1 : target, address);
}

/* Finds the one function in class zpcifd that has this ID or this address */
static int scan(const char *sysfs, const char *attr, uint32_t id,
		const char *address, char *node, size_t len)
{
	char class[PATH_MAX];
	struct dirent *e;
	int found = 0;
	DIR *dir;

	snprintf(class, sizeof(class), "%s/class/zpcifd", sysfs);
	dir = opendir(class);
	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (attr ? !has_id(dirfd(dir), e->d_name, attr, id) :
			   !has_address(dirfd(dir), e->d_name, address))
			continue;
		snprintf(node, len, DEV_DIR "%s", e->d_name);
		found++;
	}
	closedir(dir);
	if (found > 1)
		return -EBUSY;
	return found ? 0 : -ENOENT;
}

/**
 * __zpcifd_resolve - Find the device node of a function
 * @sysfs: Where sysfs is
 * @name: See zpcifd_open()
 * @node: Out: its path
 * @len: Length of @node
 *
 * Return: as zpcifd_open(). -ENOENT says as well that the class does not exist.
 */
int __zpcifd_resolve(const char *sysfs, const char *name, char *node,
		     size_t len)
{
	uint32_t id;

	if (strlen(name) >= len - sizeof(DEV_DIR))
		return -EINVAL;
	if (name[0] == '/') {
		snprintf(node, len, "%s", name);
		return 0;
	}
	if (!strncmp(name, "zpci", 4) && !parse_id(name + 4, &id)) {
		snprintf(node, len, DEV_DIR "%s", name);
		return 0;
	}
	if (!strncmp(name, "fid:", 4) && !parse_id(name + 4, &id))
		return scan(sysfs, "fid", id, NULL, node, len);
	/* A uid of 0 says that the function has none */
	if (!strncmp(name, "uid:", 4) && !parse_id(name + 4, &id) && id)
		return scan(sysfs, "uid", id, NULL, node, len);
	if (is_pci_address(name))
		return scan(sysfs, NULL, 0, name, node, len);
	return -EINVAL;
}
