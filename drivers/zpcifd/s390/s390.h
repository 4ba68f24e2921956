/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the s390 provider share
 */
#ifndef __ZPCIFD_S390_H
#define __ZPCIFD_S390_H

#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/zpcifd.h>

struct iommufd_device;
struct task_struct;
struct zpci_dev;

/**
 * struct zpcifd_s390 - A physical function
 * @zd: What the framework knows of it
 * @zdev: The architecture's view; the PCI device holds it
 * @pdev: The PCI device, there until remove has returned
 * @idev: The function in its owner's iommufd, from bind to unbind
 * @saved: Config space to go back to after a reset: memory decoded, bus
 *	mastering off
 * @needs_reset: Unbind could not reset the function, as remove was under way.
 *	Only bind, unbind and, after them, remove look at it.
 * @remover: The task that runs remove, and so holds the PCI device's lock
 * @lock: Protects @master, and keeps it in step with the function's bus master
 *	bit when recovery restores config space
 * @master: The function is attached, so it may master the bus
 */
struct zpcifd_s390 {
	struct zpcifd_device zd;
	struct zpci_dev *zdev;
	struct pci_dev *pdev;
	struct iommufd_device *idev;
	struct pci_saved_state *saved;
	bool needs_reset;
	struct task_struct *remover;
	struct mutex lock;	/* Protects master */
	bool master;
};

/* insn.c */
int zpcifd_s390_issue(struct zpcifd_device *zd, struct zpcifd_insn *insn);

/* clp.c */
int zpcifd_s390_query(u32 fh, struct zpcifd_info *info);

#endif /* __ZPCIFD_S390_H */
