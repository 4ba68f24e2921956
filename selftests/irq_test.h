/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupts of a function, for tests that wire its vectors to eventfds and
 * raise them by ZPCIFD_IRQ_TRIGGER
 */
#ifndef IRQ_TEST_H
#define IRQ_TEST_H

#include <sys/eventfd.h>

#include "sim_own.h"

#define MAX_VECTORS 64

/**
 * struct irq - The interrupts of a function
 * @f: The function, bound
 * @type: Their kind
 * @num: How many vectors are tested
 * @fds: An eventfd for each of them, not wired yet
 */
struct irq {
	struct function f;
	__u32 type;
	__u32 num;
	int fds[MAX_VECTORS];
};

static inline int irq_call(const struct function *f, struct zpcifd_irq_set cmd)
{
	cmd.size = sizeof(cmd);
	return call(f->fd, ZPCIFD_IRQ_SET, &cmd);
}

/* Wires vectors to @fds; NULL parts @count vectors */
static inline int wire(struct irq *irq, __u32 first, __u32 count, const int *fds)
{
	int none[MAX_VECTORS];

	memset(none, 0xff, sizeof(none));
	return irq_call(&irq->f, (struct zpcifd_irq_set){
		.type = irq->type, .first = first, .count = count,
		.eventfds = (uintptr_t)(fds ?: none),
	});
}

static inline int trigger(struct irq *irq, __u32 first, __u32 count)
{
	return irq_call(&irq->f, (struct zpcifd_irq_set){
		.flags = ZPCIFD_IRQ_TRIGGER, .type = irq->type, .first = first, .count = count,
	});
}

static inline int new_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* What an eventfd has counted since it was last asked */
static inline __u64 take(int fd)
{
	__u64 count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Vectors are wired as they were: each of them counts one in its own eventfd */
static inline void expect_wired(struct __test_metadata *_metadata, struct irq *irq, __u32 count)
{
	__u32 i;

	for (i = 0; i < irq->num; i++)
		EXPECT_EQ(0, take(irq->fds[i]));
	EXPECT_EQ(0, trigger(irq, 0, irq->num));
	for (i = 0; i < irq->num; i++) {
		ASSERT_EQ(i < count, take(irq->fds[i])) {
			TH_LOG("vector %u", i);
		}
	}
}

/* Interrupts that the PCI device has allocated: none when they are off */
static inline unsigned int count_allocated(const struct function *f)
{
	char path[256];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/zpcifd/%s/device/msi_irqs", function_name(f));
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

FIXTURE(irq)
{
	struct irq irq;
};

FIXTURE_SETUP(irq)
{
	__u32 i;

	function_open_bound(_metadata, &self->irq.f);
	self->irq.type = self->irq.f.info.out_msix_vectors ? ZPCIFD_IRQ_MSIX : ZPCIFD_IRQ_MSI;
	self->irq.num = self->irq.f.info.out_msix_vectors ?: self->irq.f.info.out_msi_vectors;
	if (!self->irq.num)
		SKIP(return, "%s has no interrupts", self->irq.f.path);
	if (trigger(&self->irq, 0, 0) == -EOPNOTSUPP)
		SKIP(return, "the provider of %s does not offer interrupts", self->irq.f.path);
	if (self->irq.num > MAX_VECTORS)
		self->irq.num = MAX_VECTORS;
	for (i = 0; i < self->irq.num; i++) {
		self->irq.fds[i] = new_eventfd();
		ASSERT_LE(0, self->irq.fds[i]);
	}
}

FIXTURE_TEARDOWN(irq)
{
	expect_works(_metadata, self->irq.f.fd);
	function_close(&self->irq.f);
}

#endif /* IRQ_TEST_H */
