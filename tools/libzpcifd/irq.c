// SPDX-License-Identifier: MIT
/*
 * Interrupts: vectors of the function, wired to eventfds
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "lib.h"

static int irq_set(struct zpcifd *f, const char *op, struct zpcifd_irq_set *cmd)
{
	int err;

	cmd->size = sizeof(*cmd);
	if (!ioctl(f->fd, ZPCIFD_IRQ_SET, cmd))
		return 0;
	err = -errno;
	switch (err) {
	case -ENOTCONN:
		return __zpcifd_fail(f, f->name, op, err,
				     "bind the function first");
	case -ENODEV:
		return __zpcifd_fail(f, f->name, op, err,
				     "the function is gone");
	case -EINVAL:
		return __zpcifd_fail(f, f->name, op, err,
				     "%u vectors from %u on: the function has %u of MSI and %u of MSI-X, one kind is used at a time, and each takes an eventfd",
				     cmd->count, cmd->first,
				     f->info.out_msi_vectors,
				     f->info.out_msix_vectors);
	case -ENOSPC:
		return __zpcifd_fail(f, f->name, op, err,
				     "the platform has not that many vectors left");
	case -EBADF:
		return __zpcifd_fail(f, f->name, op, err,
				     "a file descriptor is not open");
	case -EOPNOTSUPP:
		return __zpcifd_fail(f, f->name, op, err,
				     "this kernel has no such interrupts for this function");
	default:
		return __zpcifd_fail(f, f->name, op, err, NULL);
	}
}

int zpcifd_irq_set(struct zpcifd *f, enum zpcifd_irq_type type, uint32_t first,
		   uint32_t count, const int *fds)
{
	struct zpcifd_irq_set cmd = {
		.type = type,
		.first = first,
		.count = count,
		.eventfds = (uintptr_t)fds,
	};

	return irq_set(f, "set interrupts", &cmd);
}

int zpcifd_irq_trigger(struct zpcifd *f, enum zpcifd_irq_type type,
		       uint32_t first, uint32_t count)
{
	struct zpcifd_irq_set cmd = {
		.flags = ZPCIFD_IRQ_TRIGGER,
		.type = type,
		.first = first,
		.count = count,
	};

	return irq_set(f, "trigger interrupts", &cmd);
}
