// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl bind and unbind: which kernel driver has a PCI function
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zpctl.h"

#define DRIVER "zpcifd"

/* How often, every 10 ms, udev's work is waited for */
#define NODE_TRIES 500

static int fail_write(const char *address, const char *op, int err)
{
	errno = -err;
	if (err == -EACCES || err == -EPERM)
		return fail("%s: %s: %m: run zpctl as root", address, op);
	return fail("%s: %s: %m: the kernel's log may say more", address, op);
}

/* Without an override the kernel chooses the driver by its own tables */
static int set_override(const char *address, const char *driver)
{
	return sysfs_write(driver ? driver : "\n",
			   "bus/pci/devices/%s/driver_override", address);
}

static int leave_driver(const char *address)
{
	int err;

	err = sysfs_write(address, "bus/pci/devices/%s/driver/unbind", address);
	return err == -ENOENT ? 0 : err;
}

static int probe(const char *address)
{
	return sysfs_write(address, "bus/pci/drivers_probe");
}

/* Looks at the function again: the kernel may have changed what is with it */
static int look_again(const char *address, struct function *f)
{
	const struct function *found;
	struct functions fs;
	int ret;

	ret = sysfs_scan(&fs);
	if (ret)
		return ret;
	ret = sysfs_find(&fs, address, &found);
	if (!ret)
		*f = *found;
	sysfs_free(&fs);
	return ret;
}

static int find(const char *name, struct function *f)
{
	int ret = look_again(name, f);

	if (!ret && !*f->address)
		return fail("%s: it is simulated: it is made and removed in configfs",
			    name);
	return ret;
}

static int wait_for_node(const struct function *f)
{
	const struct timespec delay = { .tv_nsec = 10000000 };
	int tries = NODE_TRIES;
	char node[64];

	snprintf(node, sizeof(node), "/dev/zpci/%s", f->name);
	while (access(node, F_OK)) {
		if (!tries--)
			return fail("%s: %s has not appeared: devtmpfs or udev must make it",
				    f->address, node);
		nanosleep(&delay, NULL);
	}
	printf("%s is %s\n", f->address, f->name);
	return ZPCTL_OK;
}

/* Gives a function back to the driver that the kernel chooses */
static int give_back(const char *address)
{
	int err;

	err = set_override(address, NULL);
	if (!err)
		err = leave_driver(address);
	if (!err)
		err = probe(address);
	return err;
}

static int take(struct function *f)
{
	const char *address = f->address;
	int err, ret;

	err = set_override(address, DRIVER);
	if (err)
		return fail_write(address, "set driver_override", err);
	err = leave_driver(address);
	if (err) {
		set_override(address, NULL);
		return fail_write(address, "unbind from its driver", err);
	}
	err = probe(address);
	ret = look_again(address, f);
	if (!err && !ret && !strcmp(f->driver, DRIVER) && *f->name)
		return ZPCTL_OK;

	if (err)
		fail_write(address, "probe", err);
	else if (!ret)
		fail("%s: driver " DRIVER " did not take it: see the kernel's log",
		     address);
	give_back(address);
	return ZPCTL_FAILED;
}

int cmd_bind(char **args, const struct options *opt)
{
	struct function f;
	int ret;

	(void)opt;
	ret = find(args[0], &f);
	if (ret)
		return ret;
	if (!strcmp(f.driver, DRIVER) && *f.name)
		return wait_for_node(&f);
	if (!sysfs_exists("bus/pci/drivers/" DRIVER))
		return fail("%s: bind: driver " DRIVER " is not there: 'modprobe zpcifd_s390'",
			    f.address);
	ret = take(&f);
	return ret ? ret : wait_for_node(&f);
}

int cmd_unbind(char **args, const struct options *opt)
{
	struct function f;
	int ret, err;

	(void)opt;
	ret = find(args[0], &f);
	if (ret)
		return ret;
	if (strcmp(f.driver, DRIVER))
		return fail("%s: unbind: driver " DRIVER " does not have it, %s%s has",
			    f.address, *f.driver ? "driver " : "no driver",
			    f.driver);
	err = give_back(f.address);
	if (err)
		return fail_write(f.address, "unbind", err);
	ret = look_again(f.address, &f);
	if (ret)
		return ret;
	if (*f.driver)
		printf("%s is with driver %s\n", f.address, f.driver);
	else
		printf("%s has no driver\n", f.address);
	return ZPCTL_OK;
}
