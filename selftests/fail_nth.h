/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every allocation fails once: each call is made again and again, and the kernel
 * told to fail the first allocation of the first one, the second of the second
 * one and so on, until a call makes fewer than that. A call that failed tells
 * so, has changed nothing, and works the next time. What a failure forgets to
 * give back is found by kmemleak, by counts of files, and by the address space
 * that could not be destroyed.
 *
 * Needs a kernel with CONFIG_FAULT_INJECTION and CONFIG_FAILSLAB.
 */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include <sys/eventfd.h>

#include "sim_own.h"

#define OWN SIM_CONFIGFS "/selftest-fail-nth"
#define FAILSLAB "/sys/kernel/debug/failslab/"

/* No call makes as many allocations */
#define MANY 5000
#define SLOW 600

#define IOVA 0x100000000ULL

/**
 * struct failing - What calls are made with
 * @f: A simulated function of the test's own
 * @r: A ring of it
 * @mapped: The same, mapped once more
 * @other_ioas: Another address space of its iommufd
 * @nth: /proc/self/fail-nth
 * @eventfd: An eventfd
 * @file: A file that a call has opened
 * @memory: What is mapped at IOVA
 * @ask: A genetlink socket to ask
 * @listen: A genetlink socket to listen
 * @family: Number of the family
 * @name: Name of the function
 * @second: Directory of another one, to be made
 */
struct failing {
	struct function f;
	struct ring r;
	struct ring mapped;
	__u32 other_ioas;
	int nth;
	int eventfd;
	int file;
	void *memory;
	int ask;
	int listen;
	__u16 family;
	char name[32];
	const char *second;
};

/* Arms the next allocation but @nth - 1 of this thread; 0 disarms */
static inline void arm(struct __test_metadata *_metadata, int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	ASSERT_EQ(len, pwrite(fd, text, len, 0));
}

/* Returns whether an allocation failed since arm() */
static inline bool disarm(struct __test_metadata *_metadata, int fd)
{
	char text[16] = "";

	ASSERT_LT(0, pread(fd, text, sizeof(text) - 1, 0));
	arm(_metadata, fd, 0);
	return !strtoul(text, NULL, 0);
}

/* Returns why the test is to be skipped, or NULL */
static inline const char *failing_open(struct __test_metadata *_metadata, struct failing *t)
{
	const size_t len = 16 * TEST_PAGE;

	function_open(_metadata, &t->f);
	if (!is_simulated(&t->f))
		return "the kernels with physical functions do not inject faults";
	t->nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (t->nth < 0 || access(FAILSLAB, F_OK))
		return "this kernel has no CONFIG_FAULT_INJECTION, or no CONFIG_FAILSLAB";
	/* Allocations that may sleep too, and without a word about each */
	ASSERT_EQ(0, file_write(FAILSLAB "ignore-gfp-wait", "N"));
	ASSERT_EQ(0, file_write(FAILSLAB "verbose", "0"));

	function_close(&t->f);
	/* A test that failed may have left it */
	rmdir(OWN);
	rmdir(OWN "-2");
	ASSERT_EQ(0, mkdir(OWN, 0755)) {
		TH_LOG(OWN ": %s", strerror(errno));
	}
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	ASSERT_EQ(0, sim_open_function(OWN, &t->f));
	ASSERT_EQ(0, ioas_alloc(t->f.iommufd, &t->other_ioas));
	t->memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, t->memory);
	ASSERT_EQ(0, ioas_map(t->f.iommufd, t->f.ioas, t->memory, IOVA, len, IOAS_RW));
	t->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, t->eventfd);
	ASSERT_EQ(0, sim_get(OWN, "name", t->name, sizeof(t->name)));
	t->second = OWN "-2";
	return NULL;
}

static inline void failing_close(struct __test_metadata *_metadata, struct failing *t)
{
	/* Nothing uses the address spaces any more */
	close(t->f.fd);
	EXPECT_EQ(0, iommufd_destroy(t->f.iommufd, t->f.ioas));
	EXPECT_EQ(0, iommufd_destroy(t->f.iommufd, t->other_ioas));
	t->f.fd = sim_open(OWN);
	EXPECT_EQ(0, function_bind(&t->f));
	expect_works(_metadata, t->f.fd);
	function_close(&t->f);
	EXPECT_EQ(0, rmdir(OWN));
}

/**
 * struct op - A call that is made with each of its allocations failing once
 * @name: What it is
 * @run: Makes it; returns 0 or a negative errno
 * @undo: Takes it back when it worked, or NULL
 * @other: An errno beside ENOMEM that it may fail with, or 0
 * @spared: It needs no memory, and never fails
 */
struct op {
	const char *name;
	int (*run)(struct failing *t);
	int (*undo)(struct failing *t);
	int other;
	bool spared;
};

/* @nth_fd is the file fail-nth of the thread whose allocations are to fail */
static inline void fail_each(struct __test_metadata *_metadata, struct failing *t,
			     int nth_fd, const struct op *op)
{
	unsigned int fds, nth, failed = 0;
	bool injected = true;
	int ret;

	/* Memory of the program and of caches is there from then on */
	ret = op->run(t);
	ASSERT_EQ(0, ret) {
		TH_LOG("%s: %s", op->name, strerror(-ret));
	}
	ASSERT_EQ(0, op->undo ? op->undo(t) : 0);
	fds = count_fds();
	for (nth = 1; injected && nth < MANY; nth++) {
		arm(_metadata, nth_fd, nth);
		ret = op->run(t);
		injected = disarm(_metadata, nth_fd);
		if (ret && (ret != op->other || !op->other))
			EXPECT_EQ(-ENOMEM, ret) {
				TH_LOG("%s, allocation %u: %s", op->name, nth, strerror(-ret));
			}
		if (ret)
			EXPECT_TRUE(injected);
		failed += !!ret;
		if (!ret && op->undo)
			ASSERT_EQ(0, op->undo(t)) {
				TH_LOG("%s, allocation %u", op->name, nth);
			}
	}
	TH_LOG("%s: %u allocations failed, and %u calls with them", op->name, nth - 2, failed);
	EXPECT_GT(MANY, nth);
	/* Or nothing was injected */
	EXPECT_EQ(op->spared, !failed);
	EXPECT_EQ(fds, count_fds());
}

#endif /* FAIL_NTH_H */
