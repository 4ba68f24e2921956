/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the s390 provider share
 */
#ifndef __ZPCIFD_S390_H
#define __ZPCIFD_S390_H

#include <linux/pci.h>
#include <linux/zpcifd.h>

struct iommufd_device;
struct task_struct;
struct zpci_dev;

/**
 * struct zpcifd_s390_vector - What an interrupt handler is given
 * @zd: The function
 * @first: Vector 0, which this one's number is counted from
 */
struct zpcifd_s390_vector {
	struct zpcifd_device *zd;
	struct zpcifd_s390_vector *first;
};

/**
 * struct zpcifd_s390 - A physical function
 * @zd: What the framework knows of it
 * @zdev: The architecture's view; the PCI device holds it
 * @pdev: The PCI device, there until remove has returned
 * @idev: The function in its owner's iommufd, from bind to unbind
 * @saved: Config space to go back to after a reset: memory decoded, bus
 *	mastering off
 * @vectors: While interrupts are enabled
 * @remover: The task that runs remove, and so holds the PCI device's lock
 * @needs_reset: Unbind could not reset the function. Only bind, unbind and,
 *	after them, remove look at it.
 * @master: The function is attached, so it may master the bus; under the PCI
 *	device's lock
 */
struct zpcifd_s390 {
	struct zpcifd_device zd;
	struct zpci_dev *zdev;
	struct pci_dev *pdev;
	struct iommufd_device *idev;
	struct pci_saved_state *saved;
	struct zpcifd_s390_vector *vectors;
	struct task_struct *remover;
	bool needs_reset;
	bool master;
};

/* main.c */
int zpcifd_s390_lock(struct zpcifd_s390 *zf);
void zpcifd_s390_unlock(struct zpcifd_s390 *zf);

/* insn.c */
long zpcifd_s390_pcilg(struct zpcifd_device *zd, u64 *data, u64 req, u64 offset);
long zpcifd_s390_pcistg(struct zpcifd_device *zd, u64 data, u64 req, u64 offset);
long zpcifd_s390_pcistb(struct zpcifd_device *zd, const void *block, u64 req,
			u64 offset);

/* irq.c */
int zpcifd_s390_irq_enable(struct zpcifd_device *zd, u32 type);
void zpcifd_s390_irq_disable(struct zpcifd_device *zd);
int zpcifd_s390_irq_request(struct zpcifd_device *zd, u32 vector);
void zpcifd_s390_irq_free(struct zpcifd_device *zd, u32 vector);

/* clp.c */
int zpcifd_s390_query(u32 fh, struct zpcifd_info *info);

#endif /* __ZPCIFD_S390_H */
