/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking at a function, at what is left of its owner, and at the kernel's own
 * driver of it, from outside
 */
#ifndef STATES_LOOK_H
#define STATES_LOOK_H

#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <linux/pci_regs.h>

#include "sim_log.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define PCI_DRIVER "/sys/bus/pci/drivers/zpcifd"

/* What of a disk is read by the kernel's driver */
#define DISK_BYTES (128 * 1024)

/**
 * struct looked - Which function is looked at
 * @path: Its device file
 * @sim: Its directory in configfs, "" for a physical one
 * @pci: Its PCI address, "" for a simulated one
 */
struct looked {
	const char *path;
	char sim[256];
	char pci[128];
};

/* A number in a file, -1 if there is none */
static long number_in(const char *path)
{
	char text[64];

	return file_read(path, text, sizeof(text)) ? -1 : strtol(text, NULL, 0);
}

/* Bytes of a process's memory that are pinned, 0 for no process */
static long pinned_of(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmPin: %ld", &kib);
	if (file)
		fclose(file);
	return kib * 1024;
}

static unsigned int count_threads(const char *function)
{
	char pattern[64], text[64];
	unsigned int n = 0;
	glob_t found;
	size_t i;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		return UINT_MAX;
	snprintf(pattern, sizeof(pattern), "%s-sq-", function);
	for (i = 0; i < found.gl_pathc; i++)
		n += !file_read(found.gl_pathv[i], text, sizeof(text)) &&
		     !strncmp(text, pattern, strlen(pattern));
	globfree(&found);
	return n;
}

/* Users of the framework: its providers, and every open file */
static long count_users(void)
{
	return number_in("/sys/module/zpcifd/refcnt");
}

static void sim_path(const struct looked *at, const char *attr, char *path, size_t size)
{
	snprintf(path, size, SIM_CONFIGFS "/%s/%s", at->sim, attr);
}

/* Config space, without being the owner; returns how much there is */
static ssize_t config_read(const struct looked *at, __u8 *config, size_t size)
{
	char path[512];
	ssize_t len;
	int fd;

	if (at->sim[0])
		snprintf(path, sizeof(path), SIM_DEBUGFS "/%s/config", at->sim);
	else
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", at->pci);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, config, size);
	close(fd);
	return len;
}

/**
 * struct looker - A thread that reads config space all the time
 * @at: Of this function
 * @thread: The thread
 * @rounds: How often it did
 * @stop: It shall end
 */
struct looker {
	const struct looked *at;
	pthread_t thread;
	long rounds;
	bool stop;
};

static void *looker_look(void *data)
{
	struct looker *looker = data;
	__u8 bytes[TEST_PAGE];

	/* Of this thread alone: nobody waits for it */
	nice(19);
	while (!__atomic_load_n(&looker->stop, __ATOMIC_RELAXED)) {
		config_read(looker->at, bytes, sizeof(bytes));
		__atomic_add_fetch(&looker->rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* When it returns 0, config space was read once */
static int looker_start(struct looker *looker, const struct looked *at)
{
	int ret;

	looker->at = at;
	ret = pthread_create(&looker->thread, NULL, looker_look, looker);
	while (!ret && !__atomic_load_n(&looker->rounds, __ATOMIC_ACQUIRE))
		sched_yield();
	return -ret;
}

static void looker_stop(struct looker *looker)
{
	__atomic_store_n(&looker->stop, true, __ATOMIC_RELAXED);
	pthread_join(looker->thread, NULL);
}

/* What of it is the kernel's: are bus mastering and interrupts on? */
struct config {
	bool master;
	bool irqs;
};

static struct config config_get(struct __test_metadata *_metadata, const struct looked *at)
{
	struct config c = {};
	__u8 bytes[256];
	unsigned int pos, n;

	ASSERT_EQ(sizeof(bytes), config_read(at, bytes, sizeof(bytes)));
	c.master = bytes[PCI_COMMAND] & PCI_COMMAND_MASTER;
	pos = bytes[PCI_STATUS] & PCI_STATUS_CAP_LIST ? bytes[PCI_CAPABILITY_LIST] : 0;
	for (n = 0; pos && pos < sizeof(bytes) - 4 && n < 64; n++) {
		if (bytes[pos] == PCI_CAP_ID_MSI)
			c.irqs |= bytes[pos + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE;
		if (bytes[pos] == PCI_CAP_ID_MSIX)
			c.irqs |= bytes[pos + PCI_MSIX_FLAGS + 1] & (PCI_MSIX_FLAGS_ENABLE >> 8);
		pos = bytes[pos + PCI_CAP_LIST_NEXT] & ~3U;
	}
	return c;
}

/* Vectors that something in the kernel still listens to */
static unsigned int count_vectors(const struct looked *at)
{
	char path[512], line[256];
	unsigned int n = 0, wired;
	const char *last;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/interrupts");
	if (at->sim[0])
		snprintf(path, sizeof(path), SIM_DEBUGFS "/%s/vectors", at->sim);
	file = fopen(path, "re");
	if (!file)
		return UINT_MAX;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		last = strrchr(line, ' ');
		if (at->sim[0])
			n += sscanf(line, "%*u %*u %u", &wired) != 1 || wired;
		else
			n += last && !strcmp(last + 1, basename(at->path));
	}
	fclose(file);
	return n;
}

static bool is_enabled(const struct looked *at)
{
	char path[512], text[64];

	if (!at->sim[0]) {
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/enable", at->pci);
		return number_in(path) != 0;
	}
	sim_path(at, "fault_state", path, sizeof(path));
	return file_read(path, text, sizeof(text)) || strcmp(text, "unbound");
}

static int pci_write(const char *pci, const char *attr, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", pci, attr);
	return file_write(path, text);
}

/* Gives a function to a driver, "\n" for the one that the kernel chooses */
static int pci_give(const char *pci, const char *driver)
{
	int ret = pci_write(pci, "driver/unbind", pci);

	/* It may have none */
	if (!ret || ret == -ENOENT)
		ret = pci_write(pci, "driver_override", driver);
	return ret ?: file_write("/sys/bus/pci/drivers_probe", pci);
}

/* Reads the disk, which the kernel's driver must have, or is 0 for no disk */
static ssize_t kernel_read(const char *pci, char *data)
{
	char path[512];
	ssize_t len = 0, ret;
	glob_t found;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/virtio*/block/*", pci);
	ret = glob(path, 0, NULL, &found);
	if (ret)
		return ret == GLOB_NOMATCH ? 0 : -EIO;
	snprintf(path, sizeof(path), "/dev/%.200s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		ret = read(fd, data + len, DISK_BYTES - len);
		len += ret > 0 ? ret : 0;
	} while (ret > 0 && len < DISK_BYTES);
	close(fd);
	return ret < 0 ? -EIO : len;
}

/* The PCI address of a physical function, from its path in /dev */
static int pci_of(const char *path, char *pci, size_t size)
{
	char link[256], target[256];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/class/zpcifd/%.200s/device",
		 strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = 0;
	snprintf(pci, size, "%.100s", basename(target));
	return 0;
}

static int look_at(struct looked *at, const struct function *f)
{
	*at = (struct looked){ .path = f->path };
	return is_simulated(f) ? sim_directory(f, at->sim, sizeof(at->sim)) :
				 pci_of(f->path, at->pci, sizeof(at->pci));
}

#endif /* STATES_LOOK_H */
