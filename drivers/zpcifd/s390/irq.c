// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a physical function. All its vectors are allocated with the
 * first one that is wired, as the platform cannot add to them later; each is
 * requested and freed by itself.
 */
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "s390.h"

static irqreturn_t zpcifd_s390_handle_irq(int irq, void *data)
{
	struct zpcifd_s390_vector *v = data;

	zpcifd_irq_signal(v->zd, v - v->first);
	return IRQ_HANDLED;
}

/**
 * zpcifd_s390_irq_enable - Allocate the vectors of a kind of interrupt
 * @zd: The function, enabled
 * @type: enum zpcifd_irq_type
 *
 * Return: how many vectors there are, or a negative errno
 */
int zpcifd_s390_irq_enable(struct zpcifd_device *zd, u32 type)
{
	struct zpcifd_s390 *zf = container_of(zd, struct zpcifd_s390, zd);
	bool msix = type == ZPCIFD_IRQ_MSIX;
	int max = msix ? zd->info.out_msix_vectors : zd->info.out_msi_vectors;
	int i, nr, ret;

	struct zpcifd_s390_vector *vectors __free(kfree) =
		kcalloc(max, sizeof(*vectors), GFP_KERNEL);
	if (!vectors)
		return -ENOMEM;
	ret = zpcifd_s390_lock(zf);
	if (ret)
		return ret;
	nr = pci_alloc_irq_vectors(zf->pdev, 1, max,
				   msix ? PCI_IRQ_MSIX : PCI_IRQ_MSI);
	zpcifd_s390_unlock(zf);
	if (nr < 0)
		return nr;
	for (i = 0; i < nr; i++) {
		vectors[i].zd = zd;
		vectors[i].first = vectors;
	}
	zf->vectors = no_free_ptr(vectors);
	return nr;
}

/**
 * zpcifd_s390_irq_disable - Undo zpcifd_s390_irq_enable()
 * @zd: The function
 */
void zpcifd_s390_irq_disable(struct zpcifd_device *zd)
{
	struct zpcifd_s390 *zf = container_of(zd, struct zpcifd_s390, zd);
	int ret = zpcifd_s390_lock(zf);

	pci_free_irq_vectors(zf->pdev);
	if (!ret)
		zpcifd_s390_unlock(zf);
	kfree(zf->vectors);
	zf->vectors = NULL;
}

/**
 * zpcifd_s390_irq_request - Let a vector's interrupts through
 * @zd: The function
 * @vector: The vector
 *
 * Return: 0, or a negative errno
 */
int zpcifd_s390_irq_request(struct zpcifd_device *zd, u32 vector)
{
	struct zpcifd_s390 *zf = container_of(zd, struct zpcifd_s390, zd);
	int irq = pci_irq_vector(zf->pdev, vector);
	int ret;

	/*
	 * Enabled when the handler is in place: an interrupt that was pending
	 * may fire on another CPU at once.
	 */
	ret = request_irq(irq, zpcifd_s390_handle_irq, IRQF_NO_AUTOEN,
			  dev_name(&zd->dev), &zf->vectors[vector]);
	if (!ret)
		enable_irq(irq);
	return ret;
}

/**
 * zpcifd_s390_irq_free - Undo zpcifd_s390_irq_request()
 * @zd: The function
 * @vector: The vector
 */
void zpcifd_s390_irq_free(struct zpcifd_device *zd, u32 vector)
{
	struct zpcifd_s390 *zf = container_of(zd, struct zpcifd_s390, zd);

	free_irq(pci_irq_vector(zf->pdev, vector), &zf->vectors[vector]);
}
